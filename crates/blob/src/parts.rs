//! Uploads in parts: files too large for one request, sent in any order and from anywhere, and put together in
//! the end without a copy.
//!
//! What was acknowledged of a part outlives a crash. Which parts there are is asked of the store; nobody else
//! keeps count.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use keyway_base::Timestamp;

use crate::disk_parts::DiskPart;
#[cfg(feature = "s3")]
use crate::s3::{ObjectPart, begun_here};
use crate::store::{Backend, blocking};
use crate::{BlobError, BlobKey, BlobStore};

/// An upload in parts, as the one who began it has to remember it. All parts are of one size, but for the last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InParts {
    /// The key that the whole will have.
    pub key: BlobKey,
    /// What the store calls it.
    pub id: String,
    /// The size of the whole.
    pub size: u64,
    /// The size of a part.
    pub part_size: u64,
}

/// A part that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Its number, from 1.
    pub number: u32,
    /// Its size in bytes.
    pub size: u64,
    /// Tells its bytes from others: what was answered as `ETag`, without quotes.
    pub tag: String,
}

/// A part on its way through us. Dropping it leaves the part missing.
#[derive(Debug)]
pub struct PartStaging {
    arriving: Arriving,
    number: u32,
    size: u64,
    expected: u64,
}

#[derive(Debug)]
enum Arriving {
    Disk(DiskPart),
    #[cfg(feature = "s3")]
    Object(ObjectPart),
}

impl InParts {
    /// How many parts it has.
    pub fn count(&self) -> u32 {
        u32::try_from(self.size.div_ceil(self.part_size.max(1))).unwrap_or(u32::MAX)
    }
    /// Where a part begins.
    pub fn offset(&self, number: u32) -> u64 {
        u64::from(number.saturating_sub(1)).saturating_mul(self.part_size)
    }
    /// The size of a part; `None` where there is none of this number.
    pub fn part_len(&self, number: u32) -> Option<u64> {
        let is_part = (1..=self.count()).contains(&number);
        is_part.then(|| self.part_size.min(self.size - self.offset(number)))
    }
}

impl BlobStore {
    /// Begins an upload in parts for a key that nothing has; says what the store calls it.
    ///
    /// # Errors
    /// [`BlobError::Full`] when it is clear that the whole does not fit, or a failing store.
    pub async fn begin_parts(&self, key: BlobKey, size: u64) -> Result<String, BlobError> {
        self.fault.check_call()?;
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = std::sync::Arc::clone(disk);
                blocking(move || disk.begin_parts(&key, size)).await.map(|()| String::new())
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.begin_multipart(&bucket.object_key(&key))).await,
        }
    }

    /// The URL at the store that a part is put to; `None` where it passes through us.
    #[cfg_attr(not(feature = "s3"), expect(unused_variables, reason = "disks give out none"))]
    pub fn part_url(&self, upload: &InParts, number: u32, now: Timestamp, time: Duration) -> Option<String> {
        match &self.backend {
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, links: true } => Some(bucket.part_url(upload, number, now, time)),
            _ => None,
        }
    }

    /// Starts a part that passes through us. Until it is complete, one of the same number that was there before
    /// is missing.
    ///
    /// # Errors
    /// [`BlobError::NoPart`] for a number that the upload does not have, [`BlobError::NoUpload`],
    /// [`BlobError::PartBusy`] while another one sends it, or a failing store.
    pub async fn stage_part(&self, upload: &InParts, number: u32) -> Result<PartStaging, BlobError> {
        self.fault.check_call()?;
        let none = BlobError::NoPart { number, count: upload.count() };
        let expected = upload.part_len(number).ok_or(none)?;
        let arriving = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key, at) = (std::sync::Arc::clone(disk), upload.key, upload.offset(number));
                Arriving::Disk(blocking(move || DiskPart::start(disk, key, number, at)).await?)
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => {
                begun_here(upload)?;
                Arriving::Object(ObjectPart::start(std::sync::Arc::clone(bucket), upload, number, expected))
            }
        };
        Ok(PartStaging { arriving, number, size: 0, expected })
    }

    /// The parts that are there, by number.
    ///
    /// # Errors
    /// [`BlobError::NoUpload`], or a failing store.
    pub async fn parts(
        &self,
        upload: &InParts,
        numbers: RangeInclusive<u32>,
    ) -> Result<Vec<Part>, BlobError> {
        self.fault.check_call()?;
        match &self.backend {
            Backend::Disk(disk) => {
                let (disk, upload) = (std::sync::Arc::clone(disk), upload.clone());
                blocking(move || disk.parts(&upload, &numbers)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.parts(upload, &numbers)).await,
        }
    }

    /// Makes the parts, which are all there are, one blob. When this returns, the blob outlives a crash, and no
    /// URL of a part leads to it.
    ///
    /// # Errors
    /// [`BlobError::PartsChanged`] when other parts are there, [`BlobError::PartBusy`] while one is on its way,
    /// [`BlobError::NoUpload`], or a failing store.
    pub async fn join_parts(&self, upload: &InParts, parts: Vec<Part>) -> Result<(), BlobError> {
        self.fault.check_call()?;
        let joined = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, upload) = (std::sync::Arc::clone(disk), upload.clone());
                blocking(move || disk.join(&upload, &parts)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.join(upload, parts)).await,
        };
        match joined {
            // Said again after an answer that was lost.
            Err(BlobError::NoUpload(_)) if self.is_whole(upload).await? => Ok(()),
            joined => joined,
        }
    }

    /// Whether the upload was put together already.
    ///
    /// # Errors
    /// A failing store.
    pub async fn is_whole(&self, upload: &InParts) -> Result<bool, BlobError> {
        match self.head(&upload.key).await {
            Ok(head) => Ok(head.len == upload.size),
            Err(BlobError::Absent(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Ends an upload and frees what came; one that is gone already is fine.
    ///
    /// # Errors
    /// A failing store.
    #[cfg_attr(not(feature = "s3"), expect(unused_variables, reason = "disks know it by its key"))]
    pub async fn abandon_parts(&self, key: BlobKey, id: &str) -> Result<(), BlobError> {
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = std::sync::Arc::clone(disk);
                blocking(move || disk.abandon(&key)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { .. } if id.is_empty() => Ok(()),
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.abort(&bucket.object_key(&key), id)).await,
        }
    }
}

impl PartStaging {
    /// Takes the next bytes. Waits only when those before are still on their way.
    ///
    /// # Errors
    /// [`BlobError::PartLength`] when there are too many, [`BlobError::Full`], or a failing store.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.expected {
            return Err(self.wrong_length());
        }
        match &mut self.arriving {
            Arriving::Disk(part) => part.write(bytes).await,
            #[cfg(feature = "s3")]
            Arriving::Object(part) => part.write(bytes).await,
        }
    }

    /// Makes the part safe.
    ///
    /// # Errors
    /// [`BlobError::PartLength`] when bytes are missing, [`BlobError::Full`], or a failing store.
    pub async fn finish(self) -> Result<Part, BlobError> {
        if self.size != self.expected {
            return Err(self.wrong_length());
        }
        let tag = match self.arriving {
            Arriving::Disk(part) => part.finish().await?,
            #[cfg(feature = "s3")]
            Arriving::Object(part) => part.finish().await?,
        };
        Ok(Part { number: self.number, size: self.size, tag })
    }

    const fn wrong_length(&self) -> BlobError {
        BlobError::PartLength { number: self.number, expected: self.expected, got: self.size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upload(size: u64, part_size: u64) -> InParts {
        let key = BlobKey::random("0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap());
        InParts { key, id: String::new(), size, part_size }
    }

    #[test]
    fn parts_are_of_one_size_but_for_the_last() {
        for (size, part_size, lengths) in
            [(10, 4, vec![4, 4, 2]), (8, 4, vec![4, 4]), (3, 4, vec![3]), (4, 4, vec![4])]
        {
            let upload = upload(size, part_size);
            let found: Vec<u64> =
                (0..=upload.count() + 1).filter_map(|number| upload.part_len(number)).collect();
            assert_eq!(found, lengths, "{size} in parts of {part_size}");
            assert_eq!(upload.offset(upload.count()) + found.last().unwrap(), size);
        }
    }
}
