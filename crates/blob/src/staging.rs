//! Bytes on their way in: written to a staged file and hashed in one pass, a batch at a time in the blocking
//! pool while the next batch arrives.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use keyway_crypto::digest::{Digests, Hasher};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::BlobError;
use crate::disk::{Disk, StagedPath};

/// How many bytes are gathered before they are written and hashed together.
const BATCH: usize = 1 << 20;

/// An upload in progress. Dropping it removes what was written.
#[derive(Debug)]
pub struct Staging {
    writer: Writer,
    pending: Vec<Bytes>,
    pending_len: usize,
    size: u64,
    limit: u64,
}

/// A complete upload: synced to disk, hashed, not yet a blob. Dropping it removes the file.
#[derive(Debug)]
pub struct Staged {
    pub(crate) path: StagedPath,
    size: u64,
    digests: Digests,
}

/// Opens a staged file as long as its [`Staged`] is there.
#[derive(Debug)]
pub struct StagedOpener(PathBuf);

impl StagedOpener {
    /// Opens the file at its start. Blocks.
    ///
    /// # Errors
    /// A failing disk.
    pub fn open(&self) -> Result<File, BlobError> {
        File::open(&self.0).map_err(BlobError::io("opening a staged file"))
    }
}

#[derive(Debug)]
enum Writer {
    Idle(Box<Sink>),
    Busy(JoinHandle<Result<Box<Sink>, BlobError>>),
    /// A write failed; the error was reported.
    Broken,
}

/// The staged file with what was hashed of it.
#[derive(Debug)]
struct Sink {
    disk: Arc<Disk>,
    file: File,
    path: StagedPath,
    hasher: Hasher,
}

impl Staging {
    /// Starts an upload of at most `limit` bytes; `expected` is the announced size, if one was announced.
    pub(crate) async fn start(disk: Arc<Disk>, limit: u64, expected: Option<u64>) -> Result<Self, BlobError> {
        if expected.is_some_and(|expected| expected > limit) {
            return Err(BlobError::TooLarge { limit });
        }
        let sink = spawn_blocking(move || {
            disk.check_room(expected.unwrap_or(0))?;
            let (file, path) = disk.create()?;
            Ok(Box::new(Sink { disk, file, path, hasher: Hasher::new() }))
        });
        let sink = sink.await.map_err(|_| BlobError::Stopping)??;
        Ok(Self { writer: Writer::Idle(sink), pending: Vec::new(), pending_len: 0, size: 0, limit })
    }

    /// Takes the next bytes. Waits only when a whole batch is still being written.
    ///
    /// # Errors
    /// [`BlobError::TooLarge`], [`BlobError::Full`], or a failing disk. The upload is lost then.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > self.limit {
            return Err(BlobError::TooLarge { limit: self.limit });
        }
        self.pending_len += bytes.len();
        self.pending.push(bytes);
        if self.pending_len >= BATCH { self.flush().await } else { Ok(()) }
    }

    /// How many bytes were taken.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Writes what is pending, syncs the file and completes the digests.
    ///
    /// # Errors
    /// [`BlobError::Full`], or a failing disk.
    pub async fn finish(mut self) -> Result<Staged, BlobError> {
        let sink = self.sink().await?;
        let (batch, size) = (std::mem::take(&mut self.pending), self.size);
        let staged = spawn_blocking(move || {
            let sink = sink.write(&batch)?;
            sink.file.sync_all().map_err(BlobError::io("syncing a staged file"))?;
            Ok(Staged { path: sink.path, size, digests: sink.hasher.finish() })
        });
        staged.await.map_err(|_| BlobError::Stopping)?
    }

    async fn flush(&mut self) -> Result<(), BlobError> {
        let sink = self.sink().await?;
        let batch = std::mem::take(&mut self.pending);
        self.pending_len = 0;
        self.writer = Writer::Busy(spawn_blocking(move || sink.write(&batch)));
        Ok(())
    }

    /// Takes the sink, once the batch before is written.
    async fn sink(&mut self) -> Result<Box<Sink>, BlobError> {
        if let Writer::Busy(task) = &mut self.writer {
            let done = task.await.map_err(|_| BlobError::Stopping)?;
            self.writer = Writer::Broken;
            return done;
        }
        match std::mem::replace(&mut self.writer, Writer::Broken) {
            Writer::Idle(sink) => Ok(sink),
            Writer::Busy(_) | Writer::Broken => Err(BlobError::Stopping),
        }
    }
}

impl Sink {
    fn write(mut self: Box<Self>, batch: &[Bytes]) -> Result<Box<Self>, BlobError> {
        let more = batch.iter().map(|bytes| bytes.len() as u64).sum();
        self.disk.check_room(more)?;
        for bytes in batch {
            self.file.write_all(bytes).map_err(BlobError::io("writing a staged file"))?;
            self.hasher.update(bytes);
        }
        Ok(self)
    }
}

impl Staged {
    /// The size in bytes.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// What the bytes hash to.
    pub const fn digests(&self) -> &Digests {
        &self.digests
    }
    /// Opens the bytes for a worker that reads them before they are a blob.
    pub fn opener(&self) -> StagedOpener {
        StagedOpener(self.path.path().to_owned())
    }
}
