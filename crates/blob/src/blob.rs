//! A blob opened for reading, whole or by range, block by block.

use std::fs::File;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

use crate::block::{Buffers, CHUNK};
#[cfg(feature = "s3")]
use crate::s3::{ObjectStream, OpenObject};
use crate::{BlobError, BlobKey};

/// An open blob. It stays readable when it is deleted meanwhile.
#[derive(Debug, Clone)]
pub enum Blob {
    /// A small blob, in memory.
    Memory(Bytes),
    /// A file.
    File(OpenFile),
    /// An object in a bucket.
    #[cfg(feature = "s3")]
    Object(OpenObject),
}

/// A blob's open file.
#[derive(Debug, Clone)]
pub struct OpenFile {
    /// Whose bytes these are, for error texts.
    pub(crate) key: BlobKey,
    /// The file itself.
    pub(crate) file: Arc<File>,
    /// Its size in bytes.
    pub(crate) len: u64,
    /// Where blocks get their memory.
    pub(crate) buffers: Buffers,
}

/// A range of a blob as blocks.
#[derive(Debug)]
pub struct BlobStream(Source);

#[derive(Debug)]
enum Source {
    Memory(Bytes),
    File(Reader),
    #[cfg(feature = "s3")]
    Object(Box<ObjectStream>),
}

#[derive(Debug)]
struct Reader {
    open: OpenFile,
    /// Where the next block that is not yet asked for begins.
    at: u64,
    end: u64,
    /// A block that is being read in the blocking pool, and its size.
    waiting: Option<(JoinHandle<Result<Bytes, BlobError>>, u64)>,
}

impl Blob {
    /// The size in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(open) => open.len,
            #[cfg(feature = "s3")]
            Self::Object(open) => open.len(),
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
            Self::File(open) => {
                let reader = Reader { open: open.clone(), at: offset, end, waiting: None };
                BlobStream(Source::File(reader))
            }
            #[cfg(feature = "s3")]
            Self::Object(open) => BlobStream(Source::Object(Box::new(open.read_range(offset, end)))),
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
            #[cfg(feature = "s3")]
            Source::Object(stream) => stream.poll_next(context),
        }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Source::Memory(bytes) => bytes.len() as u64,
            Source::File(reader) => {
                reader.end - reader.at + reader.waiting.as_ref().map_or(0, |(_, len)| *len)
            }
            #[cfg(feature = "s3")]
            Source::Object(stream) => stream.remaining(),
        }
    }
}

impl Reader {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BlobError>>> {
        if self.waiting.is_none() {
            let len = to_index(self.end - self.at).min(CHUNK);
            if len == 0 {
                return Poll::Ready(None);
            }
            if let Some(block) = self.open.buffers.read_now(&self.open.file, self.at, len) {
                self.at += block.len() as u64;
                return Poll::Ready(Some(Ok(block)));
            }
            self.ask(len);
        }
        let Some((task, _)) = self.waiting.as_mut() else { return Poll::Ready(None) };
        let block = ready!(Pin::new(task).poll(context)).unwrap_or(Err(BlobError::Stopping));
        self.waiting = None;
        if block.is_err() {
            // Nothing more comes after an error.
            self.at = self.end;
        }
        Poll::Ready(Some(block))
    }

    /// Has the next block read elsewhere; the kernel reads ahead of it.
    fn ask(&mut self, len: usize) {
        let (open, at) = (self.open.clone(), self.at);
        self.at += len as u64;
        let task = spawn_blocking(move || open.buffers.read_block(&open.file, &open.key, at, len));
        self.waiting = Some((task, len as u64));
    }
}

/// A count of bytes as an index; sizes on disk fit 64 bits.
fn to_index(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
