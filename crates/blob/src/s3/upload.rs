//! Uploads through us to the bucket, in one go. What is small is kept in memory and sent at once when it is
//! committed.

use std::sync::Arc;

use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use keyway_crypto::digest::{Digests, Hasher};

use super::bucket::Bucket;
use super::outgoing::{Multipart, Outgoing, Plan, SentPart, later};
use crate::error::Trouble;
use crate::{BlobError, BlobFile, BlobKey};

/// An upload to the bucket. Dropping it aborts what was begun.
#[derive(Debug)]
pub(crate) struct ObjectUpload {
    outgoing: Outgoing<Hasher>,
    bucket: Arc<Bucket>,
    key: BlobKey,
    size: u64,
}

/// A complete upload that is not yet an object. Dropping it aborts the upload.
#[derive(Debug)]
pub(crate) struct StagedObject {
    bucket: Arc<Bucket>,
    key: BlobKey,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Small(Bytes),
    Parts {
        multipart: Multipart,
        parts: Vec<CompletedPart>,
        size: u64,
    },
    /// An object already, which nothing refers to.
    Whole,
    /// Committed.
    Nothing,
}

impl ObjectUpload {
    pub(crate) fn start(bucket: Arc<Bucket>, key: BlobKey, expected: Option<u64>) -> Result<Self, BlobError> {
        let plan = Plan::of(expected)?;
        let outgoing = Outgoing::start(Arc::clone(&bucket), key, plan, Box::new(Hasher::new()));
        Ok(Self { outgoing, bucket, key, size: 0 })
    }

    /// Takes the next bytes. Waits when a part is full and the one before is still on its way.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        self.outgoing.write(bytes).await
    }

    /// Sends the rest and completes the digests.
    pub(crate) async fn finish(self) -> Result<(StagedObject, Digests), BlobError> {
        let Self { outgoing, bucket, key, size } = self;
        let mut sent = Box::pin(outgoing.finish()).await?;
        let (content, hasher) = match sent.multipart.take() {
            Some(multipart) => {
                let parts = sent.parts.into_iter().map(SentPart::completed).collect();
                (Content::Parts { multipart, parts, size }, sent.hasher)
            }
            None => {
                let (small, hasher) = sent.hash_rest().await?;
                (Content::Small(small), hasher)
            }
        };
        Ok((StagedObject { bucket, key, content }, hasher.finish()))
    }
}

impl StagedObject {
    pub(crate) const fn key(&self) -> BlobKey {
        self.key
    }

    /// Makes the upload an object.
    pub(crate) async fn commit(mut self) -> Result<(), BlobError> {
        self.complete().await?;
        // It stays from now on.
        match std::mem::replace(&mut self.content, Content::Nothing) {
            Content::Small(bytes) => {
                self.bucket.put(&self.bucket.object_key(&self.key), bytes, "writing a blob").await
            }
            _ => Ok(()),
        }
    }

    /// Opens the bytes before they are committed. Those of a multipart upload can be read only when it is
    /// complete: until it is committed, the object is removed with this value.
    pub(crate) async fn open_file(&mut self) -> Result<BlobFile, BlobError> {
        self.complete().await?;
        if let Content::Small(bytes) = &self.content {
            return Ok(BlobFile::of_bytes(bytes.clone()));
        }
        self.bucket.open_file(&self.key).await
    }

    async fn complete(&mut self) -> Result<(), BlobError> {
        let Content::Parts { multipart, parts, size } = &mut self.content else { return Ok(()) };
        let object = self.bucket.object_key(&self.key);
        match self.bucket.complete_multipart(&object, &multipart.id, std::mem::take(parts)).await {
            // Said again after an answer that was lost.
            Err(BlobError::Remote { trouble: Trouble::Gone, .. })
                if self.bucket.head(&self.key).await.is_ok_and(|head| head.len == *size) => {}
            completed => completed?,
        }
        multipart.keep();
        self.content = Content::Whole;
        Ok(())
    }
}

impl Drop for StagedObject {
    fn drop(&mut self) {
        if let Content::Whole = self.content {
            let (bucket, object) = (Arc::clone(&self.bucket), self.bucket.object_key(&self.key));
            later(async move { bucket.remove(&object, "removing an upload").await });
        }
    }
}
