//! Bytes gathered into batches, each written in the blocking pool while the next one arrives.

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::BlobError;

/// How many bytes are gathered before they are written together.
const BATCH: usize = 1 << 20;

/// Where batches go; blocks.
pub(crate) trait Sink: Send + Sized + 'static {
    /// Writes a batch.
    fn write(&mut self, batch: &[Bytes]) -> Result<(), BlobError>;
}

/// A sink with what is on its way to it.
#[derive(Debug)]
pub(crate) struct Batches<S> {
    writer: Writer<S>,
    pending: Vec<Bytes>,
    pending_len: usize,
}

#[derive(Debug)]
enum Writer<S> {
    Idle(Box<S>),
    Busy(JoinHandle<Result<Box<S>, BlobError>>),
    /// A write failed; the error was reported.
    Broken,
}

impl<S: Sink> Batches<S> {
    pub(crate) fn new(sink: S) -> Self {
        Self { writer: Writer::Idle(Box::new(sink)), pending: Vec::new(), pending_len: 0 }
    }

    /// Takes the next bytes. Waits only when a whole batch is still being written.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.pending_len += bytes.len();
        self.pending.push(bytes);
        if self.pending_len >= BATCH { self.flush().await } else { Ok(()) }
    }

    /// Writes what is pending and ends with the sink, both in the blocking pool.
    pub(crate) async fn finish<T: Send + 'static>(
        mut self,
        end: impl FnOnce(S) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let mut sink = self.sink().await?;
        let batch = std::mem::take(&mut self.pending);
        let ended = spawn_blocking(move || {
            sink.write(&batch)?;
            end(*sink)
        });
        ended.await.map_err(|_| BlobError::Stopping)?
    }

    async fn flush(&mut self) -> Result<(), BlobError> {
        let mut sink = self.sink().await?;
        let batch = std::mem::take(&mut self.pending);
        self.pending_len = 0;
        self.writer = Writer::Busy(spawn_blocking(move || sink.write(&batch).map(|()| sink)));
        Ok(())
    }

    /// Takes the sink, once the batch before is written.
    async fn sink(&mut self) -> Result<Box<S>, BlobError> {
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
