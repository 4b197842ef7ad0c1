//! An object for code that reads with blocking calls and jumps about, such as readers of archives.

use std::io::{self, Read, Seek, SeekFrom};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;

use super::object::OpenObject;

/// What is fetched at first, and after each jump.
const SMALLEST: u64 = 256 * 1024;
/// What is fetched at once after a while of reading on.
const LARGEST: u64 = 8 << 20;

/// Reads an object through a window that grows while it is read in order. Only for the blocking pool.
#[derive(Debug)]
pub(crate) struct ObjectReader {
    object: OpenObject,
    runtime: Handle,
    at: u64,
    /// What was fetched and not yet read; begins at `at`.
    window: Bytes,
    step: u64,
}

impl ObjectReader {
    pub(crate) const fn new(object: OpenObject, runtime: Handle) -> Self {
        Self { object, runtime, at: 0, window: Bytes::new(), step: SMALLEST }
    }
    pub(crate) const fn len(&self) -> u64 {
        self.object.len()
    }
    fn fetch(&mut self) -> io::Result<()> {
        let end = self.at.saturating_add(self.step).min(self.len());
        if self.at < end {
            self.window = self.runtime.block_on(self.object.fetch(self.at, end)).map_err(io::Error::other)?;
            self.step = (self.step * 2).min(LARGEST);
        }
        Ok(())
    }
}

impl Read for ObjectReader {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.window.is_empty() {
            self.fetch()?;
        }
        let count = self.window.len().min(room.len());
        if let Some(room) = room.get_mut(..count) {
            self.window.copy_to_slice(room);
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for ObjectReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let to = to.ok_or(io::ErrorKind::InvalidInput)?;
        match to.checked_sub(self.at).and_then(|ahead| usize::try_from(ahead).ok()) {
            Some(ahead) if ahead <= self.window.len() => self.window.advance(ahead),
            _ => {
                self.window = Bytes::new();
                self.step = SMALLEST;
            }
        }
        self.at = to;
        Ok(to)
    }
}
