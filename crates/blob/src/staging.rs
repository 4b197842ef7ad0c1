//! Bytes on their way in, whatever the backend: counted, limited, hashed in one pass, and gone again unless
//! they are committed.

use std::fs::File;

use bytes::Bytes;
use keyway_crypto::digest::Digests;

use crate::disk::StagedPath;
use crate::disk_upload::DiskUpload;
#[cfg(feature = "s3")]
use crate::s3::{ObjectUpload, StagedObject};
use crate::store::blocking;
use crate::{BlobError, BlobFile, BlobKey};

/// An upload in progress. Dropping it removes what was written.
#[derive(Debug)]
pub struct Staging {
    upload: Upload,
    size: u64,
    limit: u64,
}

/// A complete upload: hashed and safe, not yet a blob. Dropping it removes the bytes.
#[derive(Debug)]
pub struct Staged {
    pub(crate) held: Held,
    key: BlobKey,
    size: u64,
    digests: Digests,
}

#[derive(Debug)]
pub(crate) enum Upload {
    Disk(DiskUpload),
    #[cfg(feature = "s3")]
    Object(Box<ObjectUpload>),
}

/// Where the bytes wait.
#[derive(Debug)]
pub(crate) enum Held {
    Disk(StagedPath),
    #[cfg(feature = "s3")]
    Object(Box<StagedObject>),
}

impl Staging {
    pub(crate) const fn new(upload: Upload, limit: u64) -> Self {
        Self { upload, size: 0, limit }
    }

    /// Takes the next bytes. Waits only when those before are still on their way.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Full`], or a failing store. The upload is lost then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        match &mut self.upload {
            Upload::Disk(upload) => upload.write(bytes).await,
            #[cfg(feature = "s3")]
            Upload::Object(upload) => upload.write(bytes).await,
        }
    }

    /// How many bytes were taken.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Writes what is pending, makes it safe and completes the digests.
    ///
    /// # Errors
    /// [`BlobError::Full`], or a failing store.
    pub async fn finish(self) -> Result<Staged, BlobError> {
        let (held, key, digests) = match self.upload {
            Upload::Disk(upload) => {
                let (path, key, digests) = upload.finish().await?;
                (Held::Disk(path), key, digests)
            }
            #[cfg(feature = "s3")]
            Upload::Object(upload) => {
                let (object, digests) = Box::pin(upload.finish()).await?;
                let key = object.key();
                (Held::Object(Box::new(object)), key, digests)
            }
        };
        Ok(Staged { held, key, size: self.size, digests })
    }
}

impl Staged {
    /// The key that it will have as a blob.
    pub const fn key(&self) -> BlobKey {
        self.key
    }
    /// The size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// What the bytes hash to.
    pub const fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Opens the bytes for a worker that reads them before they are a blob.
    ///
    /// # Errors
    /// A failing store.
    pub async fn open_file(&mut self) -> Result<BlobFile, BlobError> {
        match &mut self.held {
            Held::Disk(staged) => {
                let (path, len) = (staged.path().to_owned(), self.size);
                let file = blocking(move || File::open(path).map_err(BlobError::io("opening a staged file")));
                Ok(BlobFile::of_file(file.await?, len))
            }
            #[cfg(feature = "s3")]
            Held::Object(object) => Box::pin(object.open_file()).await,
        }
    }
}
