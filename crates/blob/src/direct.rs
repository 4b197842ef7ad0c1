//! Clients that exchange bytes with the object store themselves: the URLs they are given, and what is done with
//! what they send. A store on disk, and one that everything passes through, gives out none.

use std::time::Duration;

use keyway_base::{AccountId, ArtifactId, Timestamp};

use crate::store::Backend;
use crate::{BlobError, BlobKey, BlobStore, Head};

/// What a client has sent for an artifact, as it is now. A URL that is good for another hour may change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Size and time.
    pub head: Head,
    /// Tells these bytes from others.
    pub(crate) tag: String,
}

/// A download that a URL is to allow.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// The blob.
    pub key: &'a BlobKey,
    /// The name to save it under; `None` leaves that to the URL.
    pub save_as: Option<&'a str>,
    /// The media type that it answers with.
    pub media_type: &'a str,
}

#[cfg_attr(
    not(feature = "s3"),
    expect(unused_variables, clippy::unused_async, reason = "disks give out none")
)]
impl BlobStore {
    /// Whether clients are sent to the store itself.
    pub const fn gives_out_urls(&self) -> bool {
        match &self.backend {
            Backend::Disk(_) => false,
            #[cfg(feature = "s3")]
            Backend::S3 { links, .. } => *links,
        }
    }

    /// The URL at the store that a file is read from; `None` where it passes through us.
    pub fn download_url(&self, what: &Download<'_>, now: Timestamp, time: Duration) -> Option<String> {
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, links: true } => {
                let disposition = what.save_as.map(crate::disposition);
                let mut query =
                    vec![("response-cache-control", "no-store"), ("response-content-type", what.media_type)];
                query.extend(disposition.iter().map(|text| ("response-content-disposition", text.as_str())));
                Some(bucket.presigner.url("GET", &bucket.object_key(what.key), &query, now, time))
            }
            _ => None,
        }
    }

    /// The URL at the store that an artifact's bytes are put to; `None` where they pass through us.
    pub fn upload_url(
        &self,
        account: AccountId,
        artifact: ArtifactId,
        now: Timestamp,
        time: Duration,
    ) -> Option<String> {
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, links: true } => Some(bucket.put_url(account, artifact, now, time)),
            _ => None,
        }
    }

    /// What has arrived for an artifact at its URL.
    ///
    /// # Errors
    /// A failing store.
    pub async fn arrived(
        &self,
        account: AccountId,
        artifact: ArtifactId,
    ) -> Result<Option<Arrived>, BlobError> {
        self.fault.check_call()?;
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => {
                let found = Box::pin(bucket.incoming(account, artifact)).await?;
                Ok(found.map(|found| Arrived { head: found.head, tag: found.tag }))
            }
            Backend::Disk(_) => Ok(None),
        }
    }

    /// Makes what has arrived a blob of this key, which no URL leads to; `false` when other bytes have arrived
    /// since it was looked at.
    ///
    /// # Errors
    /// A failing store.
    pub async fn take_in(
        &self,
        artifact: ArtifactId,
        arrived: &Arrived,
        key: &BlobKey,
    ) -> Result<bool, BlobError> {
        self.fault.check_call()?;
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.take_in(artifact, arrived, key)).await,
            Backend::Disk(_) => Ok(false),
        }
    }

    /// Removes what has arrived for an artifact.
    ///
    /// # Errors
    /// A failing store.
    pub async fn discard_arrived(&self, account: AccountId, artifact: ArtifactId) -> Result<(), BlobError> {
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => {
                Box::pin(bucket.remove(&bucket.incoming_key(account, artifact), "deleting an upload")).await
            }
            Backend::Disk(_) => Ok(()),
        }
    }
}
