//! An object for code that reads with blocking calls and jumps about, such as readers of archives.

use std::future::poll_fn;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::{Buf, Bytes};
use tokio::runtime::Handle;

use super::object::{ObjectStream, OpenObject};

/// What is fetched at first, and after each jump.
const WINDOW: u64 = 256 * 1024;

/// Reads an object: a little at first and after each jump, and as a stream from there on. Only for the blocking
/// pool.
#[derive(Debug)]
pub(crate) struct ObjectReader {
    object: OpenObject,
    runtime: Handle,
    at: u64,
    /// What was fetched and not yet read; begins at `at`.
    window: Bytes,
    reading: Reading,
}

/// How to go on behind the window.
#[derive(Debug)]
enum Reading {
    /// With another window: perhaps the next thing is a jump.
    About,
    /// With all the rest.
    On,
    /// With what comes next of it. Larger windows in place of the stream would be held twice while they are put
    /// together.
    Stream(Box<ObjectStream>),
}

impl ObjectReader {
    pub(crate) const fn new(object: OpenObject, runtime: Handle) -> Self {
        Self { object, runtime, at: 0, window: Bytes::new(), reading: Reading::About }
    }
    pub(crate) const fn len(&self) -> u64 {
        self.object.len()
    }

    fn fetch(&mut self) -> io::Result<()> {
        if self.at >= self.len() {
            return Ok(());
        }
        if let Reading::On = self.reading {
            self.reading = Reading::Stream(Box::new(self.object.read_range(self.at, self.len())));
        }
        let fetched = match &mut self.reading {
            Reading::Stream(stream) => {
                let next = poll_fn(|context| stream.poll_next(context));
                self.runtime.block_on(next).unwrap_or(Ok(Bytes::new()))
            }
            Reading::About | Reading::On => {
                self.reading = Reading::On;
                let end = self.at.saturating_add(WINDOW).min(self.object.len());
                self.runtime.block_on(self.object.fetch(self.at, end))
            }
        };
        self.window = fetched.map_err(|error| {
            self.reading = Reading::About;
            io::Error::other(error)
        })?;
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
                self.reading = Reading::About;
            }
        }
        self.at = to;
        Ok(to)
    }
}
