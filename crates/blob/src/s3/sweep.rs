//! What nobody asked to keep: uploads that were begun and left, and what clients sent for nothing.

use std::collections::HashSet;

use keyway_base::Timestamp;

use super::bucket::Bucket;
use super::trouble::failed;
use crate::key::Family;
use crate::sweep::{Found, Page};
use crate::{BlobError, BlobKey};

impl Bucket {
    /// Some blobs, and where to go on.
    pub(crate) async fn page(&self, after: Option<String>) -> Result<Page, BlobError> {
        let prefix = self.blobs_prefix();
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(&prefix);
        let answer = call.set_continuation_token(after).send().await.map_err(failed("listing blobs"))?;
        let found = answer.contents().iter().filter_map(|object| {
            let key = self.blob_key(object.key()?)?;
            Some(Found { key, modified: time(object.last_modified()) })
        });
        Ok(Page { found: found.collect(), next: answer.next_continuation_token.clone() })
    }

    /// Aborts uploads in parts that were begun before a moment and nobody has a claim on, and removes what
    /// arrived before it, and what is left of uploads that grew; how many.
    pub(crate) async fn tidy(&self, before: Timestamp, alive: &HashSet<BlobKey>) -> Result<usize, BlobError> {
        let alive: HashSet<Family> = alive.iter().filter_map(BlobKey::family).collect();
        let mut tidied = self.abort_begun(before, &alive).await?;
        for prefix in [self.incoming_prefix(), format!("{}probe/", self.prefix()), self.growing_prefix()] {
            tidied += self.remove_older(&prefix, before, &alive).await?;
        }
        Ok(tidied)
    }

    async fn abort_begun(&self, before: Timestamp, alive: &HashSet<Family>) -> Result<usize, BlobError> {
        const DOING: &str = "listing uploads in parts";
        let call = self.client.list_multipart_uploads().bucket(&self.name).prefix(self.prefix());
        let mut aborted = 0;
        let (mut key, mut id) = (None, None);
        loop {
            let page = call.clone().set_key_marker(key).set_upload_id_marker(id).send().await;
            let page = page.map_err(failed(DOING))?;
            for upload in page.uploads() {
                if let (Some(key), Some(id)) = (upload.key(), upload.upload_id())
                    && time(upload.initiated()) < before
                    && !is_of(alive, key, &self.blobs_prefix())
                {
                    self.abort(key, id).await?;
                    aborted += 1;
                }
            }
            if page.is_truncated() != Some(true) {
                return Ok(aborted);
            }
            (key, id) = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// The blob that an object holds.
    fn blob_key(&self, object: &str) -> Option<BlobKey> {
        key_of(object, &self.blobs_prefix())
    }

    async fn remove_older(
        &self,
        prefix: &str,
        before: Timestamp,
        alive: &HashSet<Family>,
    ) -> Result<usize, BlobError> {
        let call = self.client.list_objects_v2().bucket(&self.name).prefix(prefix);
        let mut pages = call.into_paginator().send();
        let mut removed = 0;
        while let Some(page) = pages.next().await {
            let page = page.map_err(failed("listing uploads"))?;
            for object in page.contents().iter().filter(|object| time(object.last_modified()) < before) {
                if let Some(key) = object.key().filter(|key| !is_of(alive, key, prefix)) {
                    self.remove(key, "removing an old upload").await?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// The blob that an object below a prefix has the name of.
fn key_of(object: &str, prefix: &str) -> Option<BlobKey> {
    object.strip_prefix(prefix)?.parse().ok()
}

/// Whether an object below a prefix belongs to somebody's upload.
fn is_of(alive: &HashSet<Family>, object: &str, prefix: &str) -> bool {
    key_of(object, prefix).and_then(|key| key.family()).is_some_and(|family| alive.contains(&family))
}

/// A time of the store; one that is missing is now, so that nothing goes for the lack of it.
fn time(at: Option<&aws_sdk_s3::primitives::DateTime>) -> Timestamp {
    let seconds = at.map(aws_sdk_s3::primitives::DateTime::secs).and_then(Timestamp::from_seconds);
    seconds.unwrap_or(Timestamp::from_micros(i64::MAX))
}
