//! Uploads that grow in pieces with breaks between them, which may be taken up again on another node or after a
//! restart: what `docker push` needs. They are hashed with the one digest that is asked for, as they come.
//!
//! What a [`GrowthState`] says is safe stays so whatever becomes of the pieces after it: a piece that breaks off is
//! dropped when the state is taken up again. Callers keep the state of each [`Growing::pause`] in place of the one
//! before. Where two requests take up the same state at once, a disk turns the later one away
//! ([`BlobError::UploadBusy`]); in a bucket both go on, and in the end one is turned away
//! ([`BlobError::PartsChanged`], [`BlobError::NoUpload`]). Who cannot keep a state that was given out ends the upload
//! ([`BlobStore::abandon_growth`]): no older one is taken up. Never does a blob get other bytes than those that were
//! hashed.

#[cfg(feature = "s3")]
use std::sync::Arc;

use bytes::Bytes;
use keyway_base::{AccountId, ContentAlgorithm, ContentDigest};

use crate::disk_growth::{DiskGrowth, GrownFile};
#[cfg(feature = "s3")]
use crate::s3::{GrownObject, ObjectGrowth};
use crate::store::{Backend, blocking};
use crate::{BlobError, BlobKey, BlobStore, GrowthState};

/// An upload that is written. Dropping it leaves the state that it was taken up from as it was.
#[derive(Debug)]
pub struct Growing {
    growth: Growth,
    size: u64,
    limit: u64,
}

#[derive(Debug)]
enum Growth {
    Disk(DiskGrowth),
    #[cfg(feature = "s3")]
    Object(Box<ObjectGrowth>),
}

/// A complete upload, not yet a blob. Dropping it leaves the state that it was taken up from as it was.
#[derive(Debug)]
pub struct Grown {
    held: Held,
    key: BlobKey,
    size: u64,
    digest: ContentDigest,
}

#[derive(Debug)]
enum Held {
    Disk(GrownFile),
    #[cfg(feature = "s3")]
    Object(Box<GrownObject>),
}

impl BlobStore {
    /// Begins an upload that grows in pieces. The store is not asked for anything yet.
    pub fn grow(&self, account: AccountId, algorithm: ContentAlgorithm) -> GrowthState {
        GrowthState::new(account, algorithm)
    }

    /// Takes an upload up where it was left; it may come to at most `limit` bytes. What came after the state, and
    /// was not made safe, is dropped.
    ///
    /// # Errors
    /// [`BlobError::NoUpload`] when it was ended or was begun in another store, [`BlobError::UploadBusy`] when
    /// somebody else writes to it or took it further, [`BlobError::TooLarge`], or a failing store.
    pub async fn resume(&self, state: GrowthState, limit: u64) -> Result<Growing, BlobError> {
        self.fault.check_call()?;
        let size = state.size;
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        let growth = match &self.backend {
            Backend::Disk(disk) => Growth::Disk(DiskGrowth::resume(disk, state).await?),
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => {
                let growth = Box::pin(ObjectGrowth::resume(Arc::clone(bucket), state)).await?;
                Growth::Object(Box::new(growth))
            }
        };
        Ok(Growing { growth, size, limit })
    }

    /// Ends an upload and removes what came of it; one that is gone already is fine.
    ///
    /// # Errors
    /// [`BlobError::UploadBusy`] while somebody writes to it, or a failing store.
    pub async fn abandon_growth(&self, state: GrowthState) -> Result<(), BlobError> {
        self.fault.check_call()?;
        match &self.backend {
            Backend::Disk(disk) => disk.abandon_growth(state.key).await,
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.abandon_growth(state)).await,
        }
    }

    /// Makes a complete upload a blob without a copy of its bytes, and ends it. When this returns, the blob outlives
    /// a crash; on disk, bytes the account already had take no more room if they are named by SHA-256.
    ///
    /// # Errors
    /// [`BlobError::PartsChanged`] when somebody else wrote to it, [`BlobError::NoUpload`] when somebody else ended
    /// it, or a failing store.
    pub async fn commit_grown(&self, grown: Grown) -> Result<BlobKey, BlobError> {
        self.fault.check_call()?;
        let key = grown.key;
        match grown.held {
            Held::Disk(file) => blocking(move || file.commit(&key)).await?,
            #[cfg(feature = "s3")]
            Held::Object(object) => Box::pin(object.commit()).await?,
        }
        Ok(key)
    }
}

impl Growing {
    /// Takes the next bytes. Waits only when those before are still on their way.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Full`], or a failing store. This piece is lost then; the state that it
    /// was taken up from is not.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        match &mut self.growth {
            Growth::Disk(growth) => growth.write(bytes).await,
            #[cfg(feature = "s3")]
            Growth::Object(growth) => growth.write(bytes).await,
        }
    }

    /// How many bytes it has, with all that came before.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Makes what came safe. The state that is returned replaces the one before.
    ///
    /// # Errors
    /// [`BlobError::Full`], or a failing store.
    pub async fn pause(self) -> Result<GrowthState, BlobError> {
        match self.growth {
            Growth::Disk(growth) => growth.pause().await,
            #[cfg(feature = "s3")]
            Growth::Object(growth) => Box::pin(growth.pause()).await,
        }
    }

    /// Makes what came safe, and completes the digest.
    ///
    /// # Errors
    /// As for [`Growing::pause`].
    pub async fn finish(self) -> Result<Grown, BlobError> {
        let size = self.size;
        let (key, digest, held) = match self.growth {
            Growth::Disk(growth) => {
                let file = growth.finish().await?;
                (file.key(), *file.digest(), Held::Disk(file))
            }
            #[cfg(feature = "s3")]
            Growth::Object(growth) => {
                let object = Box::pin(growth.finish()).await?;
                (object.key(), *object.digest(), Held::Object(Box::new(object)))
            }
        };
        Ok(Grown { held, key, size, digest })
    }
}

impl Grown {
    /// The size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// What the bytes hash to.
    pub const fn digest(&self) -> &ContentDigest {
        &self.digest
    }
    /// The key that it will have as a blob.
    pub const fn key(&self) -> BlobKey {
        self.key
    }
}
