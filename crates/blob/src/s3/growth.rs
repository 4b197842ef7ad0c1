//! Uploads that grow in a bucket: the parts of a multipart upload, and behind them, between the pieces, an object
//! of its own with what is too small to be a part.
//!
//! Nodes share nothing but the states that their callers keep, so two may take up the same one. Each puts its tail
//! and its first part under a key that nobody else has. Where both send parts of one upload, the store keeps the
//! later one, or both; in the end each puts together what it sent itself, or is told that it is not there.

use std::sync::Arc;

use bytes::Bytes;
use keyway_base::ContentDigest;
use keyway_crypto::digest::{RunningDigest, md5};

use super::bucket::Bucket;
use super::outgoing::{Multipart, Outgoing, Plan, Sent, SentPart};
use super::parts::lost;
use crate::error::Trouble;
use crate::growth_state::{InBucket, LONGEST_ID, Place};
use crate::{BlobError, BlobKey, GrowthState, InParts};

/// An upload that is written. Dropping it leaves what its state says, and aborts what nobody knows of.
#[derive(Debug)]
pub(crate) struct ObjectGrowth {
    bucket: Arc<Bucket>,
    outgoing: Outgoing<RunningDigest>,
    /// The key of the upload.
    key: BlobKey,
    size: u64,
    /// What it was taken up from.
    held: InBucket,
}

/// A complete upload that is not yet an object.
#[derive(Debug)]
pub(crate) struct GrownObject {
    bucket: Arc<Bucket>,
    key: BlobKey,
    digest: ContentDigest,
    content: Content,
    /// What the upload was taken up from.
    held: InBucket,
}

#[derive(Debug)]
enum Content {
    Small(Bytes),
    Parts {
        multipart: Multipart,
        /// Those that came after what the upload was taken up from.
        parts: Vec<SentPart>,
        size: u64,
    },
}

impl Bucket {
    /// Ends an upload and frees what came of it.
    pub(crate) async fn abandon_growth(&self, state: GrowthState) -> Result<(), BlobError> {
        let Place::Bucket(held) = state.place else { return Ok(()) };
        if let Some((object, id)) = &held.multipart {
            self.abort(&self.object_key(object), id).await?;
        }
        self.remove_tails(held.tail.into_iter().chain(held.replaced)).await
    }

    async fn remove_tails(&self, tails: impl IntoIterator<Item = BlobKey>) -> Result<(), BlobError> {
        for tail in tails {
            self.remove(&self.tail_key(&tail), "removing the end of an upload").await?;
        }
        Ok(())
    }

    /// Removes the end of an upload that nobody needs any more.
    async fn forget_tails(&self, tails: impl IntoIterator<Item = BlobKey>) {
        if let Err(error) = self.remove_tails(tails).await {
            tracing::warn!(%error, "the end of an upload could not be removed; the sweep takes care of it");
        }
    }
}

impl ObjectGrowth {
    pub(crate) async fn resume(bucket: Arc<Bucket>, state: GrowthState) -> Result<Self, BlobError> {
        let GrowthState { key, size, hash, place } = state;
        let mut held = match place {
            Place::Nowhere => InBucket::default(),
            Place::Disk => return Err(BlobError::NoUpload(key)),
            Place::Bucket(held) => *held,
        };
        let multipart = held.multipart.clone();
        let multipart = multipart.map(|(object, id)| Multipart::kept(Arc::clone(&bucket), object, id));
        let object = key.kin();
        let outgoing = Outgoing::start(Arc::clone(&bucket), object, Plan::Growing, Box::new(hash));
        let outgoing = outgoing.after(held.seal.count(), multipart);
        let replaced = held.replaced.take();
        let mut growth = Self { bucket: Arc::clone(&bucket), outgoing, key, size, held };
        // The state that knew of the tail before has been replaced.
        let (taken_up, ()) = tokio::join!(growth.take_up_tail(), bucket.forget_tails(replaced));
        taken_up.map(|()| growth)
    }

    /// Reads again what was too small to be a part.
    async fn take_up_tail(&mut self) -> Result<(), BlobError> {
        const DOING: &str = "reading the end of an upload";
        let expected = self.size.saturating_sub(self.held.sent);
        let Some(tail) = &self.held.tail else { return Ok(()) };
        let mut bytes = self.bucket.tail(tail).await?.ok_or(BlobError::NoUpload(self.key))?;
        let mut read = 0;
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(|_| BlobError::remote(DOING, Trouble::Unreachable))?;
            read += piece.len() as u64;
            self.outgoing.write(piece).await?;
        }
        if read == expected { Ok(()) } else { Err(BlobError::remote(DOING, Trouble::Failed)) }
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size += bytes.len() as u64;
        self.outgoing.write(bytes).await.map_err(lost(self.key))
    }

    /// Makes what came safe.
    pub(crate) async fn pause(self) -> Result<GrowthState, BlobError> {
        let Self { bucket, outgoing, key, size, held } = self;
        let Sent { multipart, parts, rest, hasher } = outgoing.pause().await.map_err(lost(key))?;
        let tail = (!rest.is_empty()).then(|| key.kin());
        if let Some(tail) = &tail {
            bucket.put(&bucket.tail_key(tail), rest, "writing the end of an upload").await?;
        }
        if multipart.as_ref().is_some_and(|multipart| multipart.id.len() > LONGEST_ID) {
            return Err(BlobError::remote("keeping the name of an upload in parts", Trouble::Failed));
        }
        let multipart = multipart.map(|mut multipart| {
            multipart.keep();
            (multipart.key, multipart.id.clone())
        });
        let sent = held.sent + parts.iter().map(|part| part.size).sum::<u64>();
        let mut seal = held.seal;
        parts.iter().for_each(|part| seal.add(part.bare_tag()));
        let held = InBucket { multipart, sent, seal, tail, replaced: held.tail };
        let place = Place::Bucket(Box::new(held));
        Ok(GrowthState { key, size, hash: *hasher, place })
    }

    /// Sends the rest, and completes the digest.
    pub(crate) async fn finish(self) -> Result<GrownObject, BlobError> {
        let Self { bucket, outgoing, key, size, held } = self;
        let mut sent = outgoing.finish().await.map_err(lost(key))?;
        let (key, content, hasher) = match sent.multipart.take() {
            Some(multipart) => {
                (multipart.key, Content::Parts { multipart, parts: sent.parts, size }, sent.hasher)
            }
            None => {
                let (small, hasher) = sent.hash_rest().await?;
                (key.kin(), Content::Small(small), hasher)
            }
        };
        Ok(GrownObject { bucket, key, digest: hasher.finish(), content, held })
    }
}

impl GrownObject {
    pub(crate) const fn digest(&self) -> &ContentDigest {
        &self.digest
    }
    /// The key of the blob.
    pub(crate) const fn key(&self) -> BlobKey {
        self.key
    }

    /// Makes the upload an object.
    pub(crate) async fn commit(self) -> Result<(), BlobError> {
        let Self { bucket, key, content, held, .. } = self;
        match content {
            Content::Small(bytes) => bucket.put(&bucket.object_key(&key), bytes, "writing a blob").await?,
            Content::Parts { mut multipart, parts, size } => {
                let upload = InParts { key, id: multipart.id.clone(), size, part_size: size };
                let mut all = bucket.sealed_parts(&upload, &held).await?;
                all.extend(parts);
                bucket.complete(&upload, all).await?;
                multipart.keep();
            }
        }
        bucket.forget_tails(held.tail).await;
        Ok(())
    }
}

impl Bucket {
    /// The parts that a state vouches for, if they are those still.
    async fn sealed_parts(&self, upload: &InParts, held: &InBucket) -> Result<Vec<SentPart>, BlobError> {
        if held.seal.count() == 0 {
            return Ok(Vec::new());
        }
        let parts = self.parts(upload, &(1..=held.seal.count())).await?;
        let parts = held.seal.find(parts, |part| (part.number, &part.tag)).ok_or(BlobError::PartsChanged)?;
        let sent = parts.into_iter().map(|part| {
            // Tags have their quotes where the store is told of them.
            SentPart { number: part.number, size: part.size, tag: format!("\"{}\"", part.tag) }
        });
        Ok(sent.collect())
    }

    /// Makes the parts an object.
    async fn complete(&self, upload: &InParts, parts: Vec<SentPart>) -> Result<(), BlobError> {
        let object = self.object_key(&upload.key);
        let tag = whole_tag(&parts);
        let parts = parts.into_iter().map(SentPart::completed).collect();
        match self.complete_multipart(&object, &upload.id, parts).await.map_err(lost(upload.key)) {
            // Said again after an answer that was lost, or somebody else put other parts together.
            Err(BlobError::NoUpload(key)) => match self.head_of(&object).await? {
                Some(head) if tag.is_some_and(|tag| head.tag.trim_matches('"') == tag) => Ok(()),
                _ => Err(BlobError::NoUpload(key)),
            },
            completed => completed,
        }
    }
}

/// The tag of the object that these parts become, in stores whose tags of parts are MD5s.
fn whole_tag(parts: &[SentPart]) -> Option<String> {
    let digests = parts.iter().map(|part| part.bare_tag().parse().ok());
    let digests: Vec<keyway_crypto::digest::Md5> = digests.collect::<Option<_>>()?;
    let all: Vec<u8> = digests.iter().flat_map(|digest| *digest.as_bytes()).collect();
    Some(format!("{}-{}", md5(&all), parts.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32, tag: &str) -> SentPart {
        SentPart { number, size: 1, tag: tag.to_owned() }
    }

    /// The tag that `md5sum` finds over the two digests, and what it is not for.
    #[test]
    fn the_tag_of_the_whole_is_made_of_those_of_its_parts() {
        let empty = "\"d41d8cd98f00b204e9800998ecf8427e\"";
        let expected = "59adb24ef3cdbe0297f05b395827453f-1";
        assert_eq!(whole_tag(&[part(1, empty)]).as_deref(), Some(expected));
        assert_ne!(whole_tag(&[part(1, empty), part(2, empty)]).as_deref(), Some(expected));
        assert_eq!(whole_tag(&[part(1, empty), part(2, "\"opaque\"")]), None);
    }
}
