//! Blocks of a file, read at once where the page cache has them and in the blocking pool where it has not.
//!
//! Handing every block to another thread and back costs more than copying it. So a block is first read with the
//! request not to wait; the memory of blocks that were sent is used again.

use std::fs::File;
use std::io::IoSliceMut;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use crate::{BlobError, BlobKey};

/// The size of the blocks a blob is read in, in bytes.
pub const CHUNK: usize = 256 * 1024;

/// The most buffers that are kept for later.
const SPARE: usize = 32;

/// Buffers of [`CHUNK`] bytes that streams share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffers(Arc<Mutex<Vec<Box<[u8]>>>>);

/// A buffer on loan, of which the first bytes are a block.
struct Lent {
    buffer: Box<[u8]>,
    len: usize,
    home: Buffers,
}

impl Buffers {
    fn lend(&self) -> Lent {
        let spare = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let buffer = spare.unwrap_or_else(|| vec![0; CHUNK].into_boxed_slice());
        Lent { buffer, len: 0, home: self.clone() }
    }

    fn take_back(&self, buffer: Box<[u8]>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if spare.len() < SPARE {
            spare.push(buffer);
        }
    }

    /// Reads at most `len` bytes (and at most a block) without waiting for a disk. `None` when nothing is at
    /// hand, or the file system cannot tell.
    pub(crate) fn read_now(&self, file: &File, at: u64, len: usize) -> Option<Bytes> {
        let mut lent = self.lend();
        lent.len = lent.buffer.get_mut(..len).and_then(|room| read_without_waiting(file, at, room))?;
        Some(Bytes::from_owner(lent))
    }

    /// Reads exactly `len` bytes (at most a block), however long it takes.
    pub(crate) fn read_block(
        &self,
        file: &File,
        key: &BlobKey,
        at: u64,
        len: usize,
    ) -> Result<Bytes, BlobError> {
        let mut lent = self.lend();
        while lent.len < len {
            let from = at + lent.len as u64;
            let room = lent.buffer.get_mut(lent.len..len).expect("a block fits its buffer");
            let read = rustix::io::retry_on_intr(|| rustix::io::pread(file, &mut *room, from))
                .map_err(|error| BlobError::io("reading a blob")(error.into()))?;
            if read == 0 {
                return Err(BlobError::Short { key: *key, at: from });
            }
            lent.len += read;
        }
        Ok(Bytes::from_owner(lent))
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.take_back(std::mem::take(&mut self.buffer));
    }
}

/// How many bytes were at hand; `None` for none, whatever the reason: the other way to read finds it out.
#[cfg(target_os = "linux")]
fn read_without_waiting(file: &File, at: u64, room: &mut [u8]) -> Option<usize> {
    let flags = rustix::io::ReadWriteFlags::NOWAIT;
    let read = rustix::io::preadv2(file, &mut [IoSliceMut::new(room)], at, flags).ok()?;
    (read > 0).then_some(read)
}

#[cfg(not(target_os = "linux"))]
fn read_without_waiting(_: &File, _: u64, _: &mut [u8]) -> Option<usize> {
    None
}
