//! Bytes on their way through us to the bucket, cut into the parts of a multipart upload: one part is on its way
//! while the next one fills, and is hashed in the same pass. What is small stays in memory.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::CompletedPart;
use bytes::Bytes;
use keyway_crypto::digest::{Hasher, RunningDigest};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

use super::bucket::{ANSWER_TIME, Bucket};
use super::part_buffers::{Ahead, KEPT};
use super::trouble::failed;
use crate::{BlobError, BlobKey};

pub(super) const MIB: u64 = 1 << 20;
/// The smallest part that S3 takes, except for the last.
pub(super) const SMALLEST_PART: u64 = KEPT as u64;
/// What an upload gathers before a whole part is set aside for it.
const SMALL_UPLOAD: usize = 256 * 1024;
/// The largest part of an upload whose size is known.
const LARGEST_EVEN: u64 = 64 * MIB;
/// The most parts that an upload may have.
const PARTS: u64 = 10_000;
/// How many parts of one size there are where they grow, and how often their size doubles: so that 10,000 of them
/// are more than 5 TiB, the largest object, while an upload of a few GiB never needs more than the smallest ones.
const STEP: u64 = 800;
const DOUBLINGS: u64 = 8;

/// How large the parts of an upload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plan {
    /// All of one size, where the whole is known: what some stores insist on.
    Even(u64),
    /// Growing, so that small uploads take little memory and large ones fit.
    Growing,
}

/// What computes digests.
pub(super) trait Hash: Send + 'static {
    fn update(&mut self, bytes: &[u8]);
}

/// Bytes on their way. Dropping this aborts what it began.
#[derive(Debug)]
pub(super) struct Outgoing<H> {
    bucket: Arc<Bucket>,
    key: BlobKey,
    plan: Plan,
    filling: Vec<u8>,
    /// Leave to fill while a part is on its way.
    ahead: Option<Ahead>,
    /// `None` while a part is on its way, and after a failure.
    hasher: Option<Box<H>>,
    on_its_way: Option<Sending<H>>,
    multipart: Option<Multipart>,
    /// How many parts were sent before this began.
    before: u32,
    parts: Vec<SentPart>,
}

type Sending<H> = JoinHandle<Result<(Box<H>, SentPart), BlobError>>;

/// A part that the bucket has.
#[derive(Debug, Clone)]
pub(super) struct SentPart {
    pub(super) number: u32,
    pub(super) size: u64,
    /// With its quotes.
    pub(super) tag: String,
}

/// What was sent, and what was not.
#[derive(Debug)]
pub(super) struct Sent<H> {
    /// The upload that the parts belong to; `None` while there are none.
    pub(super) multipart: Option<Multipart>,
    /// The parts that were sent since this began.
    pub(super) parts: Vec<SentPart>,
    /// What comes behind them.
    pub(super) rest: Bytes,
    /// What the parts hash to.
    pub(super) hasher: Box<H>,
}

/// A multipart upload; it is aborted when this is dropped, unless somebody keeps it.
#[derive(Debug)]
pub(super) struct Multipart {
    bucket: Arc<Bucket>,
    pub(super) key: BlobKey,
    pub(super) id: String,
    is_kept: bool,
}

impl Hash for Hasher {
    fn update(&mut self, bytes: &[u8]) {
        Self::update(self, bytes);
    }
}

impl Hash for RunningDigest {
    fn update(&mut self, bytes: &[u8]) {
        Self::update(self, bytes);
    }
}

impl Plan {
    pub(super) fn of(expected: Option<u64>) -> Result<Self, BlobError> {
        let Some(expected) = expected else { return Ok(Self::Growing) };
        let size = expected.div_ceil(PARTS).next_multiple_of(MIB).max(SMALLEST_PART);
        if size > LARGEST_EVEN {
            Err(BlobError::TooLarge { limit: LARGEST_EVEN * PARTS })
        } else {
            Ok(Self::Even(size))
        }
    }

    /// The size of the part after so many.
    fn part(self, before: u64) -> u64 {
        match self {
            Self::Even(size) => size,
            Self::Growing => SMALLEST_PART << (before / STEP).min(DOUBLINGS),
        }
    }

    /// The most bytes that can be sent.
    fn limit(self) -> u64 {
        (0..PARTS).map(|before| self.part(before)).sum()
    }
}

impl<H: Hash> Outgoing<H> {
    /// Bytes that are to become a blob of this key.
    pub(super) fn start(bucket: Arc<Bucket>, key: BlobKey, plan: Plan, hasher: Box<H>) -> Self {
        Self {
            bucket,
            key,
            plan,
            filling: Vec::new(),
            ahead: None,
            hasher: Some(hasher),
            on_its_way: None,
            multipart: None,
            before: 0,
            parts: Vec::new(),
        }
    }

    /// Bytes that come after the parts of an upload.
    pub(super) fn after(mut self, before: u32, multipart: Option<Multipart>) -> Self {
        self.before = before;
        self.multipart = multipart;
        self
    }

    /// Takes the next bytes. Waits when a part is full and the one before is still on its way.
    pub(super) async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
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
    /// before was sent, where many do so or it is a large one.
    async fn make_room(&mut self) -> Result<(), BlobError> {
        if self.on_its_way.is_some() {
            let is_large = self.part_size() as u64 > LARGEST_EVEN;
            self.ahead = if is_large { None } else { self.bucket.buffers.ahead() };
            if self.ahead.is_none() {
                self.hasher = Some(self.settle().await?);
            }
        }
        self.filling = self.bucket.buffers.room(self.part_size(), &self.filling);
        Ok(())
    }

    /// How many parts were sent or are on their way.
    fn count(&self) -> u64 {
        u64::from(self.before) + self.parts.len() as u64 + u64::from(self.on_its_way.is_some())
    }

    fn part_size(&self) -> usize {
        usize::try_from(self.plan.part(self.count())).unwrap_or(usize::MAX)
    }

    /// Sends what has gathered as a part.
    async fn send(&mut self) -> Result<(), BlobError> {
        let mut hasher = self.settle().await?;
        self.ahead = None;
        let number = self.count() + 1;
        if number > PARTS {
            return Err(BlobError::TooLarge { limit: self.plan.limit() });
        }
        let number = u32::try_from(number).unwrap_or(u32::MAX);
        if self.multipart.is_none() {
            self.multipart = Some(Multipart::begin(&self.bucket, self.key).await?);
        }
        let Some(multipart) = &self.multipart else { return Err(BlobError::Stopping) };
        let part = self.bucket.buffers.lend(std::mem::take(&mut self.filling));
        let size = part.len() as u64;
        let call = multipart.part(number).body(ByteStream::from(part.clone()));
        let patient = aws_sdk_s3::config::Builder::new().timeout_config(time_for(size));
        self.on_its_way = Some(tokio::spawn(async move {
            let hashing = spawn_blocking(move || {
                hasher.update(&part);
                hasher
            });
            // Hashing the part once more to sign it would take as long again.
            let call = call.customize().disable_payload_signing().config_override(patient);
            let sent = call.send().await.map_err(failed("sending a part of an upload"))?;
            let hasher = hashing.await.map_err(|_| BlobError::Stopping)?;
            Ok((hasher, SentPart { number, size, tag: sent.e_tag.unwrap_or_default() }))
        }));
        Ok(())
    }

    /// Waits for the part that is on its way.
    async fn settle(&mut self) -> Result<Box<H>, BlobError> {
        if let Some(sending) = &mut self.on_its_way {
            let sent = sending.await.map_err(|_| BlobError::Stopping)?;
            self.on_its_way = None;
            let (hasher, part) = sent?;
            self.parts.push(part);
            return Ok(hasher);
        }
        self.hasher.take().ok_or(BlobError::Stopping)
    }

    /// Waits for what is on its way; what is too small to be a part stays behind.
    pub(super) async fn pause(mut self) -> Result<Sent<H>, BlobError> {
        // Half a part is enough, so that uploads in many pieces do not run out of parts.
        let enough = (self.part_size() as u64 / 2).max(SMALLEST_PART);
        if self.filling.len() as u64 >= enough {
            self.send().await?;
        }
        self.settled().await
    }

    /// Sends the rest; what is small and has no parts stays behind.
    pub(super) async fn finish(mut self) -> Result<Sent<H>, BlobError> {
        if self.multipart.is_some() && !self.filling.is_empty() {
            self.send().await?;
        }
        self.settled().await
    }

    async fn settled(mut self) -> Result<Sent<H>, BlobError> {
        let hasher = self.settle().await?;
        let rest = self.bucket.buffers.lend(std::mem::take(&mut self.filling));
        Ok(Sent { multipart: self.multipart.take(), parts: std::mem::take(&mut self.parts), rest, hasher })
    }
}

impl<H> Drop for Outgoing<H> {
    fn drop(&mut self) {
        if let Some(sending) = self.on_its_way.take() {
            sending.abort();
        }
    }
}

impl<H: Hash> Sent<H> {
    /// The digests of everything, of which there are no parts.
    pub(super) async fn hash_rest(mut self) -> Result<(Bytes, Box<H>), BlobError> {
        let bytes = self.rest.clone();
        let hashing = spawn_blocking(move || {
            self.hasher.update(&bytes);
            self.hasher
        });
        Ok((self.rest, hashing.await.map_err(|_| BlobError::Stopping)?))
    }
}

impl SentPart {
    /// Its tag without quotes.
    pub(super) fn bare_tag(&self) -> &str {
        self.tag.trim_matches('"')
    }

    /// As the store is told of it.
    pub(super) fn completed(self) -> CompletedPart {
        let number = i32::try_from(self.number).unwrap_or(i32::MAX);
        CompletedPart::builder().part_number(number).e_tag(self.tag).build()
    }
}

impl Multipart {
    async fn begin(bucket: &Arc<Bucket>, key: BlobKey) -> Result<Self, BlobError> {
        let id = bucket.begin_multipart(&bucket.object_key(&key)).await?;
        Ok(Self { bucket: Arc::clone(bucket), key, id, is_kept: false })
    }

    /// One that somebody else keeps.
    pub(super) const fn kept(bucket: Arc<Bucket>, key: BlobKey, id: String) -> Self {
        Self { bucket, key, id, is_kept: true }
    }

    /// Leaves it when this is dropped.
    pub(super) const fn keep(&mut self) {
        self.is_kept = true;
    }

    fn part(&self, number: u32) -> aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder {
        let object = self.bucket.object_key(&self.key);
        let call = self.bucket.client.upload_part().bucket(&self.bucket.name).key(object);
        call.upload_id(&self.id).part_number(i32::try_from(number).unwrap_or(i32::MAX))
    }
}

impl Drop for Multipart {
    fn drop(&mut self) {
        if !self.is_kept {
            let (bucket, key, id) = (Arc::clone(&self.bucket), self.key, std::mem::take(&mut self.id));
            later(async move { bucket.abort(&bucket.object_key(&key), &id).await });
        }
    }
}

/// How long a part may take to be sent.
fn time_for(size: u64) -> TimeoutConfig {
    let times = u32::try_from(size.div_ceil(LARGEST_EVEN)).unwrap_or(u32::MAX);
    let time: Duration = ANSWER_TIME.saturating_mul(times);
    TimeoutConfig::builder().read_timeout(time).operation_attempt_timeout(time).build()
}

/// Clears away what was dropped.
pub(super) fn later(work: impl Future<Output = Result<(), BlobError>> + Send + 'static) {
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
        assert_eq!(Plan::Even(5 * MIB).limit(), 50_000 * MIB);
    }

    #[test]
    fn parts_grow_so_that_the_largest_object_fits() {
        let sizes =
            [0, 799, 800, 1600, 2400, 5600, 6400, 9999].map(|before| Plan::Growing.part(before) / MIB);
        assert_eq!(sizes, [5, 5, 10, 20, 40, 640, 1280, 1280]);
        assert!(Plan::Growing.limit() > 5 << 40, "{}", Plan::Growing.limit());
        // What of it is in memory is never more than a four hundredth of what was sent, or 5 MiB.
        let mut sent = 0;
        for part in (0..PARTS).map(|before| Plan::Growing.part(before)) {
            assert!(part <= (sent / 400).max(SMALLEST_PART), "{part} after {sent}");
            sent += part;
        }
    }
}
