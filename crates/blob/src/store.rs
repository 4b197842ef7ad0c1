//! The store as the rest of the house sees it.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use keyway_base::{AccountId, Timestamp};
use tokio::task::spawn_blocking;

use crate::blob::OpenFile;
use crate::block::Buffers;
use crate::disk::Disk;
use crate::small::{SMALL, SmallBlobs};
use crate::{Blob, BlobError, BlobKey, Staged, Staging};

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
    backend: Backend,
    small: SmallBlobs,
    buffers: Buffers,
}

/// Where the bytes are. An object store becomes a second case here.
#[derive(Debug, Clone)]
enum Backend {
    Disk(Arc<Disk>),
}

/// Size and age of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The size in bytes.
    pub len: u64,
    /// When it was last committed.
    pub modified: Timestamp,
}

impl BlobStore {
    /// Opens a store on disk.
    ///
    /// # Errors
    /// [`BlobError`] when the directories cannot be made or written.
    pub async fn open(options: DiskOptions) -> Result<Self, BlobError> {
        let small = SmallBlobs::new(options.memory);
        let disk = blocking(move || Disk::open(&options.root, options.reserve)).await?;
        Ok(Self { backend: Backend::Disk(Arc::new(disk)), small, buffers: Buffers::default() })
    }

    /// Removes what uploads of an earlier run left behind; returns how many there were. Only the one server of
    /// a data directory may call this, before it takes uploads.
    ///
    /// # Errors
    /// [`BlobError`] when the staging directory cannot be read or written.
    pub async fn sweep(&self) -> Result<usize, BlobError> {
        let disk = self.disk();
        blocking(move || disk.sweep()).await
    }

    /// Starts an upload of at most `limit` bytes; `expected` is the size that was announced, if one was.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`] and [`BlobError::Full`] when it is clear that the bytes do not fit.
    pub async fn stage(&self, limit: u64, expected: Option<u64>) -> Result<Staging, BlobError> {
        Staging::start(self.disk(), limit, expected).await
    }

    /// Makes a complete upload a blob of the account, under the digest of its bytes. When this returns, the
    /// blob outlives a crash; bytes the account already had take no more room.
    ///
    /// # Errors
    /// [`BlobError::Full`], or a failing disk.
    pub async fn commit(&self, account: AccountId, staged: Staged) -> Result<BlobKey, BlobError> {
        let key = BlobKey::new(account, staged.digests().sha256);
        let disk = self.disk();
        blocking(move || disk.commit(staged.path, &key)).await?;
        Ok(key)
    }

    /// Opens a blob for reading. Small ones come from memory.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing disk.
    pub async fn read(&self, key: &BlobKey) -> Result<Blob, BlobError> {
        if let Some(bytes) = self.small.get(key) {
            return Ok(Blob::Memory(bytes));
        }
        let (disk, key, buffers) = (self.disk(), *key, self.buffers.clone());
        let blob = blocking(move || open(&disk, key, buffers)).await?;
        if let Blob::Memory(bytes) = &blob {
            self.small.keep(key, bytes.clone());
        }
        Ok(blob)
    }

    /// Opens a blob as a file, for workers that read it with blocking calls.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing disk.
    pub fn open_blocking(&self, key: &BlobKey) -> Result<File, BlobError> {
        self.disk().read(key).map(|(file, _)| file)
    }

    /// Size and age of a blob.
    ///
    /// # Errors
    /// [`BlobError::Absent`], or a failing disk.
    pub async fn head(&self, key: &BlobKey) -> Result<Head, BlobError> {
        let (disk, key) = (self.disk(), *key);
        blocking(move || disk.head(&key)).await
    }

    /// Removes a blob; `false` when there was none. Readers that have it open finish undisturbed.
    ///
    /// # Errors
    /// [`BlobError`] when the disk fails.
    pub async fn delete(&self, key: &BlobKey) -> Result<bool, BlobError> {
        let (disk, key) = (self.disk(), *key);
        let deleted = blocking(move || disk.delete(&key)).await;
        self.small.forget(&key);
        deleted
    }

    /// Tells whether uploads have room, for readiness; returns the bytes that are free.
    ///
    /// # Errors
    /// [`BlobError::Full`] below the reserve, or a failing disk.
    pub async fn check(&self) -> Result<u64, BlobError> {
        let disk = self.disk();
        blocking(move || disk.check_room(0).and_then(|()| disk.free())).await
    }

    fn disk(&self) -> Arc<Disk> {
        let Backend::Disk(disk) = &self.backend;
        Arc::clone(disk)
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

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BlobError> + Send + 'static,
) -> Result<T, BlobError> {
    spawn_blocking(work).await.map_err(|_| BlobError::Stopping)?
}
