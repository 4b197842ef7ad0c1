//! Puts the blobs of an archive of images into the store while the archive is read.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use keyway_archive::oci::Sink;
use keyway_base::{AccountId, ContentAlgorithm, ContentDigest};
use keyway_blob::{BlobKey, Growing, Grown};
use keyway_domain::content::KEPT_UNREFERENCED;
use keyway_store::{Changes, NewJob, retrying};
use tokio::runtime::Handle;

use crate::JobError;
use crate::kind::delete_blob;
use crate::runner::Parts;

/// Where the blobs of one archive go. It is used where blocking is allowed.
pub(crate) struct Shelf {
    parts: Parts,
    account: AccountId,
    runtime: Handle,
    growing: Option<Growing>,
    keys: HashMap<ContentDigest, BlobKey>,
}

impl Shelf {
    /// An empty one. It must be made on the runtime.
    pub(crate) fn new(parts: &Parts, account: AccountId) -> Self {
        let (parts, runtime) = (parts.clone(), Handle::current());
        Self { parts, account, runtime, growing: None, keys: HashMap::new() }
    }

    /// Where each blob is.
    pub(crate) fn keys(self) -> HashMap<ContentDigest, BlobKey> {
        self.keys
    }

    /// Makes a blob of what came. Unless something refers to it in time, it goes again: the whole archive is to be read
    /// by then.
    async fn keep(&self, grown: Grown) -> Result<BlobKey, JobError> {
        let now = self.parts.clock.wall();
        let promise = delete_blob(self.account, &grown.key().to_string(), now);
        let promise = NewJob { run_at: now.plus(KEPT_UNREFERENCED), ..promise };
        retrying(|| async {
            let mut write = self.parts.db.begin().await?;
            write.enqueue(&promise).await?;
            write.commit(Changes::none()).await
        })
        .await?;
        Ok(self.parts.blobs.commit_grown(grown).await?)
    }
}

impl Sink for Shelf {
    fn begin(&mut self, algorithm: ContentAlgorithm, size: u64) -> io::Result<()> {
        let state = self.parts.blobs.grow(self.account, algorithm);
        let growing = self.runtime.block_on(self.parts.blobs.resume(state, size));
        self.growing = Some(growing.map_err(io::Error::other)?);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let growing = self.growing.as_mut().ok_or_else(out_of_order)?;
        let bytes = Bytes::copy_from_slice(bytes);
        self.runtime.block_on(growing.write(bytes)).map_err(io::Error::other)
    }

    fn end(&mut self, digest: &ContentDigest) -> io::Result<()> {
        let growing = self.growing.take().ok_or_else(out_of_order)?;
        let grown = self.runtime.block_on(growing.finish()).map_err(io::Error::other)?;
        if grown.digest() != digest {
            return Err(io::Error::other("a blob was read and kept with different digests"));
        }
        let key = self.runtime.block_on(self.keep(grown)).map_err(io::Error::other)?;
        // Of a blob that comes twice the first stays.
        self.keys.entry(*digest).or_insert(key);
        Ok(())
    }
}

fn out_of_order() -> io::Error {
    io::Error::other("bytes of no blob")
}
