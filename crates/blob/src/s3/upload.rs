//! Bytes on their way through us to the bucket: a multipart upload, one part on its way while the next one
//! fills, hashed in the same pass. What is small is kept in memory and sent at once when it is committed.

use std::sync::Arc;

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use keyway_crypto::digest::{Digests, Hasher};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

use super::bucket::Bucket;
use super::part_buffers::Ahead;
use super::trouble::failed;
use crate::error::Trouble;
use crate::{BlobError, BlobFile, BlobKey};

const MIB: u64 = 1 << 20;
/// The smallest part that S3 takes, except for the last.
const SMALLEST_PART: u64 = 5 * MIB;
/// What an upload gathers before a whole part is set aside for it.
const SMALL_UPLOAD: usize = 256 * 1024;
/// The largest part that we hold in memory.
const LARGEST_PART: u64 = 64 * MIB;
/// The most parts that an upload may have.
const PARTS: u64 = 10_000;

/// How large the parts of an upload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// All of one size, where the whole is known: what some stores insist on.
    Even(u64),
    /// Growing, so that small uploads take little memory and large ones fit.
    Growing,
}

/// An upload to the bucket. Dropping it aborts what was begun.
#[derive(Debug)]
pub(crate) struct ObjectUpload {
    bucket: Arc<Bucket>,
    key: BlobKey,
    plan: Plan,
    filling: Vec<u8>,
    /// Leave to fill while a part is on its way.
    ahead: Option<Ahead>,
    size: u64,
    /// `None` while a part is on its way, and after a failure.
    hasher: Option<Box<Hasher>>,
    on_its_way: Option<Sending>,
    multipart: Option<Multipart>,
    parts: Vec<CompletedPart>,
}

type Sending = JoinHandle<Result<(Box<Hasher>, CompletedPart), BlobError>>;

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

/// A begun multipart upload; it is aborted when this is dropped before it was completed.
#[derive(Debug)]
struct Multipart {
    bucket: Arc<Bucket>,
    object: String,
    id: String,
    is_complete: bool,
}

impl Plan {
    fn of(expected: Option<u64>) -> Result<Self, BlobError> {
        let Some(expected) = expected else { return Ok(Self::Growing) };
        let size = expected.div_ceil(PARTS).next_multiple_of(MIB).max(SMALLEST_PART);
        if size > LARGEST_PART {
            Err(BlobError::TooLarge { limit: LARGEST_PART * PARTS })
        } else {
            Ok(Self::Even(size))
        }
    }

    /// The size of the part after so many.
    fn part(self, before: usize) -> u64 {
        match self {
            Self::Even(size) => size,
            Self::Growing => {
                let doublings = u32::try_from(before / 1000).unwrap_or(u32::MAX).min(4);
                (SMALLEST_PART << doublings).min(LARGEST_PART)
            }
        }
    }
}

impl ObjectUpload {
    pub(crate) fn start(bucket: Arc<Bucket>, key: BlobKey, expected: Option<u64>) -> Result<Self, BlobError> {
        Ok(Self {
            bucket,
            key,
            plan: Plan::of(expected)?,
            filling: Vec::new(),
            ahead: None,
            size: 0,
            hasher: Some(Box::new(Hasher::new())),
            on_its_way: None,
            multipart: None,
            parts: Vec::new(),
        })
    }

    /// Takes the next bytes. Waits when a part is full and the one before is still on its way.
    pub(crate) async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            let room = self.part_size().saturating_sub(self.filling.len());
            let taken = bytes.split_to(room.min(bytes.len()));
            if self.filling.len() + taken.len() > SMALL_UPLOAD && self.filling.capacity() < self.part_size() {
                self.make_room().await?;
            }
            self.filling.extend_from_slice(&taken);
            if self.filling.len() >= self.part_size() {
                Box::pin(self.send()).await?;
            }
        }
        Ok(())
    }

    /// Sets a whole part aside: at once, since buffers that double are held twice over; and only after the part
    /// before was sent, where many do so.
    async fn make_room(&mut self) -> Result<(), BlobError> {
        if self.on_its_way.is_some() {
            self.ahead = self.bucket.buffers.ahead();
            if self.ahead.is_none() {
                self.hasher = Some(self.settle().await?);
            }
        }
        self.filling = self.bucket.buffers.room(self.part_size(), &self.filling);
        Ok(())
    }

    fn part_size(&self) -> usize {
        let before = self.parts.len() + usize::from(self.on_its_way.is_some());
        usize::try_from(self.plan.part(before)).unwrap_or(usize::MAX)
    }

    /// Sends the part that is full.
    async fn send(&mut self) -> Result<(), BlobError> {
        let mut hasher = self.settle().await?;
        self.ahead = None;
        let number = self.parts.len() as u64 + 1;
        if number > PARTS {
            return Err(BlobError::TooLarge { limit: LARGEST_PART * PARTS });
        }
        if self.multipart.is_none() {
            let object = self.bucket.object_key(&self.key);
            self.multipart = Some(Multipart::begin(&self.bucket, object).await?);
        }
        let Some(multipart) = &self.multipart else { return Err(BlobError::Stopping) };
        let part = self.bucket.buffers.lend(std::mem::take(&mut self.filling));
        let number = i32::try_from(number).unwrap_or(i32::MAX);
        let call = multipart.part(number).body(ByteStream::from(part.clone()));
        self.on_its_way = Some(tokio::spawn(async move {
            let hashing = spawn_blocking(move || {
                hasher.update(&part);
                hasher
            });
            let sent = call.send().await.map_err(failed("sending a part of an upload"))?;
            let hasher = hashing.await.map_err(|_| BlobError::Stopping)?;
            let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).build();
            Ok((hasher, part))
        }));
        Ok(())
    }

    /// Waits for the part that is on its way.
    async fn settle(&mut self) -> Result<Box<Hasher>, BlobError> {
        if let Some(sending) = &mut self.on_its_way {
            let sent = sending.await.map_err(|_| BlobError::Stopping)?;
            self.on_its_way = None;
            let (hasher, part) = sent?;
            self.parts.push(part);
            return Ok(hasher);
        }
        self.hasher.take().ok_or(BlobError::Stopping)
    }

    /// Sends the rest and completes the digests.
    pub(crate) async fn finish(mut self) -> Result<(StagedObject, Digests), BlobError> {
        if self.multipart.is_some() && !self.filling.is_empty() {
            self.send().await?;
        }
        let mut hasher = self.settle().await?;
        let (bucket, key) = (Arc::clone(&self.bucket), self.key);
        if let Some(multipart) = self.multipart.take() {
            let parts = std::mem::take(&mut self.parts);
            let content = Content::Parts { multipart, parts, size: self.size };
            return Ok((StagedObject { bucket, key, content }, hasher.finish()));
        }
        let small = self.bucket.buffers.lend(std::mem::take(&mut self.filling));
        let bytes = small.clone();
        let hashing = spawn_blocking(move || {
            hasher.update(&bytes);
            hasher.finish()
        });
        let digests = hashing.await.map_err(|_| BlobError::Stopping)?;
        Ok((StagedObject { bucket, key, content: Content::Small(small) }, digests))
    }
}

impl Drop for ObjectUpload {
    fn drop(&mut self) {
        if let Some(sending) = self.on_its_way.take() {
            sending.abort();
        }
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
        let Multipart { object, id, .. } = &*multipart;
        match self.bucket.complete_multipart(object, id, std::mem::take(parts)).await {
            // Said again after an answer that was lost.
            Err(BlobError::Remote { trouble: Trouble::Gone, .. })
                if self.bucket.head(&self.key).await.is_ok_and(|head| head.len == *size) => {}
            completed => completed?,
        }
        multipart.is_complete = true;
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

impl Multipart {
    async fn begin(bucket: &Arc<Bucket>, object: String) -> Result<Self, BlobError> {
        let id = bucket.begin_multipart(&object).await?;
        Ok(Self { bucket: Arc::clone(bucket), object, id, is_complete: false })
    }

    fn part(&self, number: i32) -> aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder {
        let call = self.bucket.client.upload_part().bucket(&self.bucket.name).key(&self.object);
        call.upload_id(&self.id).part_number(number)
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        if self.is_complete {
            return;
        }
        let (object, id) = (std::mem::take(&mut self.object), std::mem::take(&mut self.id));
        let bucket = Arc::clone(&self.bucket);
        later(async move { bucket.abort(&object, &id).await });
    }
}

/// Clears away what was dropped.
fn later(work: impl Future<Output = Result<(), BlobError>> + Send + 'static) {
    let work = async move {
        if let Err(error) = work.await {
            tracing::warn!(%error, "an upload could not be cleared away; the sweep takes care of it");
        }
    };
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(work));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_even_where_the_size_is_known() {
        for (expected, size) in [(0, 5), (1, 5), (50_000 * MIB, 5), (50_001 * MIB, 6), (640_000 * MIB, 64)] {
            assert_eq!(Plan::of(Some(expected)).unwrap(), Plan::Even(size * MIB), "{expected}");
        }
        assert!(matches!(Plan::of(Some(640_001 * MIB)), Err(BlobError::TooLarge { .. })));
    }

    #[test]
    fn parts_grow_and_stay_small_enough_to_hold() {
        let sizes = [0, 999, 1000, 2000, 3000, 4000, 9999].map(|before| Plan::Growing.part(before) / MIB);
        assert_eq!(sizes, [5, 5, 10, 20, 40, 64, 64]);
        let most: u64 = (0..10_000).map(|before| Plan::Growing.part(before)).sum();
        assert!(most > 440 << 30, "{most}");
    }
}
