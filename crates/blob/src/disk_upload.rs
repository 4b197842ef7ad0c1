//! Bytes on their way to the disk: written to a staged file and hashed in one pass, a batch at a time in the
//! blocking pool while the next batch arrives.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use keyway_base::AccountId;
use keyway_crypto::digest::{Digests, Hasher};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::disk::{Disk, StagedPath};
use crate::{BlobError, BlobKey};

/// How many bytes are gathered before they are written and hashed together.
const BATCH: usize = 1 << 20;

/// What key the bytes are to have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Naming {
    /// That of their content in this account.
    Content(AccountId),
    /// This one.
    Given(BlobKey),
}

/// An upload to the disk. Dropping it removes what was written.
#[derive(Debug)]
pub(crate) struct DiskUpload {
    writer: Writer,
    pending: Vec<Bytes>,
    pending_len: usize,
    naming: Naming,
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

impl DiskUpload {
    /// Starts an upload; `expected` is the announced size, if one was announced.
    pub(crate) async fn start(
        disk: Arc<Disk>,
        naming: Naming,
        expected: Option<u64>,
    ) -> Result<Self, BlobError> {
        let sink = spawn_blocking(move || {
            disk.check_room(expected.unwrap_or(0))?;
            let (file, path) = disk.create()?;
            Ok(Box::new(Sink { disk, file, path, hasher: Hasher::new() }))
        });
        let sink = sink.await.map_err(|_| BlobError::Stopping)??;
        Ok(Self { writer: Writer::Idle(sink), pending: Vec::new(), pending_len: 0, naming })
    }

    /// Takes the next bytes. Waits only when a whole batch is still being written.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.pending_len += bytes.len();
        self.pending.push(bytes);
        if self.pending_len >= BATCH { self.flush().await } else { Ok(()) }
    }

    /// Writes what is pending, syncs the file and completes the digests.
    pub(crate) async fn finish(mut self) -> Result<(StagedPath, BlobKey, Digests), BlobError> {
        let sink = self.sink().await?;
        let (batch, naming) = (std::mem::take(&mut self.pending), self.naming);
        let staged = spawn_blocking(move || {
            let sink = sink.write(&batch)?;
            sink.file.sync_all().map_err(BlobError::io("syncing a staged file"))?;
            let digests = sink.hasher.finish();
            let key = match naming {
                Naming::Content(account) => BlobKey::of_content(account, digests.sha256),
                Naming::Given(key) => key,
            };
            Ok((sink.path, key, digests))
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
