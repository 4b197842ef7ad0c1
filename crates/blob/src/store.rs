//! The store as the rest of the house sees it.

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use keyway_base::{AccountId, Timestamp};
use tokio::task::spawn_blocking;

use crate::blob::OpenFile;
use crate::block::Buffers;
use crate::disk::Disk;
use crate::disk_upload::{DiskUpload, Naming};
use crate::fault::Fault;
#[cfg(feature = "s3")]
use crate::s3::{Bucket, ObjectUpload};
use crate::small::{SMALL, SmallBlobs};
use crate::staging::{Held, Upload};
use crate::{Blob, BlobError, BlobFile, BlobKey, Staged, Staging};

/// How the disk backend is set up.
#[derive(Debug, Clone)]
pub struct DiskOptions {
    /// The directory that holds blobs and staged files; made when it is not there.
    pub root: PathBuf,
    /// Bytes that uploads leave free on the disk, for the database beside them.
    pub reserve: u64,
    /// Bytes of memory for small blobs.
    pub memory: u64,
}

impl DiskOptions {
    /// The usual set-up below a directory: 256 MiB in reserve, 32 MiB of memory.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), reserve: 256 << 20, memory: 32 << 20 }
    }
}

/// Stores blobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct BlobStore {
    pub(crate) backend: Backend,
    small: SmallBlobs,
    buffers: Buffers,
    pub(crate) fault: Fault,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Backend {
    Disk(Arc<Disk>),
    #[cfg(feature = "s3")]
    S3 {
        bucket: Arc<Bucket>,
        /// Whether clients are sent to the bucket, or everything passes through us.
        links: bool,
    },
}

/// Size and age of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The size in bytes.
    pub len: u64,
    /// When it was last committed.
    pub modified: Timestamp,
}

/// How much room uploads have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// So many bytes are free.
    Free(u64),
    /// As much as anybody could want.
    Endless,
}

impl BlobStore {
    /// Opens a store on disk.
    ///
    /// # Errors
    /// [`BlobError`] when the directories cannot be made or written.
    pub async fn open(options: DiskOptions) -> Result<Self, BlobError> {
        let small = SmallBlobs::new(options.memory);
        let disk = blocking(move || Disk::open(&options.root, options.reserve)).await?;
        Ok(Self::of(Backend::Disk(Arc::new(disk)), small))
    }

    /// Opens a store in a bucket, and tries it out. With `links`, clients are sent there with signed URLs;
    /// without, every byte passes through us.
    ///
    /// # Errors
    /// [`BlobError::Remote`] when the bucket is not there, cannot be reached or cannot be written.
    #[cfg(feature = "s3")]
    pub async fn open_s3(options: &crate::S3Options, links: bool) -> Result<Self, BlobError> {
        let bucket = Bucket::new(options).await?;
        Box::pin(bucket.probe()).await?;
        let backend = Backend::S3 { bucket: Arc::new(bucket), links };
        Ok(Self::of(backend, SmallBlobs::new(options.memory)))
    }

    fn of(backend: Backend, small: SmallBlobs) -> Self {
        Self { backend, small, buffers: Buffers::default(), fault: Fault::default() }
    }

    /// Removes what uploads of an earlier run left on the disk; returns how many there were. Only the one
    /// server of a data directory may call this, before it takes uploads. Buckets are swept otherwise, since
    /// several servers share them.
    ///
    /// # Errors
    /// [`BlobError`] when the staging directory cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, BlobError> {
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                blocking(move || disk.sweep()).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { .. } => Ok(0),
        }
    }

    /// Starts an upload for an account of at most `limit` bytes; `expected` is the size that was announced, if
    /// one was.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] and [`BlobError::Full`] when it is clear that the bytes do not fit.
    pub async fn stage(
        &self,
        account: AccountId,
        limit: u64,
        expected: Option<u64>,
    ) -> Result<Staging, BlobError> {
        self.start(Naming::Content(account), limit, expected).await
    }

    /// Starts an upload whose key is settled: bytes that come from another store.
    ///
    /// # Errors
    /// As for [`BlobStore::stage`].
    pub async fn stage_as(
        &self,
        key: BlobKey,
        limit: u64,
        expected: Option<u64>,
    ) -> Result<Staging, BlobError> {
        self.start(Naming::Given(key), limit, expected).await
    }

    async fn start(&self, naming: Naming, limit: u64, expected: Option<u64>) -> Result<Staging, BlobError> {
        self.fault.check_call()?;
        if expected.is_some_and(|expected| expected > limit) {
            return Err(BlobError::TooLarge { limit });
        }
        let upload = match &self.backend {
            Backend::Disk(disk) => Upload::Disk(DiskUpload::start(Arc::clone(disk), naming, expected).await?),
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => {
                let key = match naming {
                    Naming::Content(account) => BlobKey::random(account),
                    Naming::Given(key) => key,
                };
                Upload::Object(Box::new(ObjectUpload::start(Arc::clone(bucket), key, expected)?))
            }
        };
        Ok(Staging::new(upload, limit))
    }

    /// Makes a complete upload a blob. When this returns, the blob outlives a crash; on disk, bytes the account
    /// already had take no more room.
    ///
    /// # Errors
    /// [`BlobError::Full`], or a failing store.
    pub async fn commit(&self, staged: Staged) -> Result<BlobKey, BlobError> {
        self.fault.check_call()?;
        let key = staged.key();
        match (&self.backend, staged.held) {
            (Backend::Disk(disk), Held::Disk(path)) => {
                let disk = Arc::clone(disk);
                blocking(move || disk.commit(path, &key)).await?;
            }
            #[cfg(feature = "s3")]
            (_, Held::Object(object)) => Box::pin(object.commit()).await?,
            #[cfg(feature = "s3")]
            (Backend::S3 { .. }, Held::Disk(_)) => return Err(BlobError::Stopping),
        }
        Ok(key)
    }

    /// Opens a blob for reading. Small ones come from memory.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing store.
    pub async fn read(&self, key: &BlobKey) -> Result<Blob, BlobError> {
        self.fault.check(key)?;
        if let Some(bytes) = self.small.get(key) {
            return Ok(Blob::Memory(bytes));
        }
        let blob = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key, buffers) = (Arc::clone(disk), *key, self.buffers.clone());
                blocking(move || open(&disk, key, buffers)).await?
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.open(key)).await?,
        };
        if let Blob::Memory(bytes) = &blob {
            self.small.keep(*key, bytes.clone());
        }
        Ok(blob)
    }

    /// Opens a blob for workers that read it with blocking calls.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing store.
    pub async fn open_file(&self, key: &BlobKey) -> Result<BlobFile, BlobError> {
        self.fault.check(key)?;
        match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key) = (Arc::clone(disk), *key);
                blocking(move || disk.read(&key).map(|(file, len)| BlobFile::of_file(file, len))).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.open_file(key)).await,
        }
    }

    /// Size and age of a blob.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing store.
    pub async fn head(&self, key: &BlobKey) -> Result<Head, BlobError> {
        self.fault.check(key)?;
        match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key) = (Arc::clone(disk), *key);
                blocking(move || disk.head(&key)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.head(key)).await,
        }
    }

    /// Removes a blob; `false` when there was none. Readers on disk that have it open finish undisturbed.
    ///
    /// # Errors
    /// [`BlobError`] when the store fails.
    pub async fn delete(&self, key: &BlobKey) -> Result<bool, BlobError> {
        self.fault.check_call()?;
        let deleted = match &self.backend {
            Backend::Disk(disk) => {
                let (disk, key) = (Arc::clone(disk), *key);
                blocking(move || disk.delete(&key)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.delete(key)).await,
        };
        self.small.forget(key);
        deleted
    }

    /// Tells whether uploads have room, for readiness.
    ///
    /// # Errors
    /// [`BlobError::Full`] below the reserve, or a failing disk.
    pub async fn check(&self) -> Result<Room, BlobError> {
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                blocking(move || disk.check_room(0).and_then(|()| disk.free()).map(Room::Free)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { .. } => Ok(Room::Endless),
        }
    }

    /// How the store misbehaves in tests.
    #[cfg(feature = "test-support")]
    pub fn misbehave(&self, how: Option<crate::Misbehaviour>) {
        self.fault.set(how);
    }
}

/// Opens a file and reads it at once when it is small.
fn open(disk: &Disk, key: BlobKey, buffers: Buffers) -> Result<Blob, BlobError> {
    let (file, len) = disk.read(&key)?;
    match usize::try_from(len) {
        Ok(size) if len <= SMALL => {
            // Copied, since a cached blob must not hold on to a whole block.
            let block = buffers.read_block(&file, &key, 0, size)?;
            Ok(Blob::Memory(Bytes::copy_from_slice(&block)))
        }
        _ => Ok(Blob::File(OpenFile { key, file: Arc::new(file), len, buffers })),
    }
}

pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work).await.map_err(|_| BlobError::Stopping)?
}
