//! A blob opened for reading, whole or by range, in blocks that are read one ahead of the reader.

use std::fs::File;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::{BlobError, BlobKey};

/// The size of the blocks a blob is read in, in bytes.
pub const CHUNK: usize = 256 * 1024;

/// An open blob. It stays readable when it is deleted meanwhile.
#[derive(Debug, Clone)]
pub enum Blob {
    /// A small blob, in memory.
    Memory(Bytes),
    /// A file.
    File {
        /// Whose bytes these are, for error texts.
        key: BlobKey,
        /// The open file.
        file: Arc<File>,
        /// Its size in bytes.
        len: u64,
    },
}

/// A range of a blob as blocks.
#[derive(Debug)]
pub struct BlobStream(Source);

#[derive(Debug)]
enum Source {
    Memory(Bytes),
    File(Reader),
}

#[derive(Debug)]
struct Reader {
    key: BlobKey,
    file: Arc<File>,
    /// Where the next block that is not yet asked for begins.
    at: u64,
    end: u64,
    ahead: Option<JoinHandle<Result<Bytes, BlobError>>>,
    /// The size of the block that is being read ahead.
    asked: u64,
}

impl Blob {
    /// The size in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { len, .. } => *len,
        }
    }
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `len` bytes from `offset` on, cut to what the blob has.
    pub fn read_range(&self, offset: u64, len: u64) -> BlobStream {
        let end = offset.saturating_add(len).min(self.len());
        let offset = offset.min(end);
        match self {
            Self::Memory(bytes) => {
                let (from, to) = (to_index(offset), to_index(end));
                BlobStream(Source::Memory(bytes.slice(from..to)))
            }
            Self::File { key, file, .. } => {
                let reader =
                    Reader { key: *key, file: Arc::clone(file), at: offset, end, ahead: None, asked: 0 };
                BlobStream(Source::File(reader))
            }
        }
    }
}

impl BlobStream {
    /// The next block; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Bytes, BlobError>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    /// The next block, for bodies.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BlobError>>> {
        match &mut self.0 {
            Source::Memory(bytes) if bytes.is_empty() => Poll::Ready(None),
            Source::Memory(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Source::File(reader) => reader.poll_next(context),
        }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File(reader) => reader.end - reader.at + reader.asked,
        }
    }
}

impl Reader {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BlobError>>> {
        if self.ahead.is_none() {
            self.ahead = self.ask();
        }
        let Some(task) = self.ahead.as_mut() else { return Poll::Ready(None) };
        let block = ready!(Pin::new(task).poll(context)).unwrap_or(Err(BlobError::Stopping));
        self.ahead = if block.is_ok() { self.ask() } else { self.stop() };
        Poll::Ready(Some(block))
    }

    /// Starts reading the next block, if there is one.
    fn ask(&mut self) -> Option<JoinHandle<Result<Bytes, BlobError>>> {
        let len = to_index(self.end - self.at).min(CHUNK);
        self.asked = len as u64;
        if len == 0 {
            return None;
        }
        let (key, file, at) = (self.key, Arc::clone(&self.file), self.at);
        self.at += len as u64;
        Some(spawn_blocking(move || read_block(&file, &key, at, len)))
    }

    /// Nothing more comes after an error.
    fn stop(&mut self) -> Option<JoinHandle<Result<Bytes, BlobError>>> {
        (self.at, self.asked) = (self.end, 0);
        None
    }
}

/// Reads exactly `len` bytes at an offset, into memory that need not be cleared first.
pub(crate) fn read_block(file: &File, key: &BlobKey, at: u64, len: usize) -> Result<Bytes, BlobError> {
    let mut block = Vec::with_capacity(len);
    while block.len() < len {
        let from = at + block.len() as u64;
        let read = rustix::io::retry_on_intr(|| rustix::io::pread(file, spare_capacity(&mut block), from))
            .map_err(|error| BlobError::io("reading a blob")(error.into()))?;
        if read == 0 {
            return Err(BlobError::Short { key: *key, at: from });
        }
    }
    block.truncate(len);
    Ok(Bytes::from(block))
}

/// A count of bytes as an index; sizes on disk fit 64 bits.
fn to_index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
