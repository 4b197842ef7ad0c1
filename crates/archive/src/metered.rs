//! The compressed side of a decoder: counted, capped, and its errors told from the decoder's own.

use std::io::{self, Read};

use crate::ArchiveError;

/// Counts what is read from the source and caps it.
#[derive(Debug)]
pub(crate) struct Metered<R> {
    source: R,
    read: u64,
    limit: u64,
}

impl<R> Metered<R> {
    pub(crate) fn new(source: R, limit: u64) -> Self {
        Self { source, read: 0, limit }
    }

    /// How many bytes have gone in so far.
    pub(crate) fn so_far(&self) -> u64 {
        self.read
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(io::Error::new(error.kind(), Marked(error))),
                Ok(count) => break count,
            }
        };
        self.read += count as u64;
        if self.read > self.limit {
            return Err(ArchiveError::Compressed { limit: self.limit }.into());
        }
        Ok(count)
    }
}

/// An error of the source, so that the decoder's own can be told from it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Marked(io::Error);

/// What the source raised, or `ours` of what the decoder itself raised: that is the archive's fault.
pub(crate) fn blame(error: io::Error, ours: impl FnOnce(&io::Error) -> ArchiveError) -> io::Error {
    match error.get_ref() {
        Some(inner) if inner.is::<Marked>() || inner.is::<ArchiveError>() => {
            error.downcast::<Marked>().map_or_else(|other| other, |Marked(inner)| inner)
        }
        _ => ours(&error).into(),
    }
}
