//! Memory for parts on their way to the bucket, used again and again: an allocator that frees megabytes on other
//! threads than they were made on holds on to far more than is in use.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// The capacity of the buffers that are kept for later.
pub(crate) const KEPT: usize = 5 << 20;
/// The most that are kept.
const SPARE: usize = 6;
/// How many uploads may fill a part while the one before is on its way; others wait for theirs.
const AHEAD: usize = 2;

/// The buffers of a bucket.
#[derive(Debug, Clone, Default)]
pub(crate) struct PartBuffers(Arc<Mutex<Shared>>);

#[derive(Debug, Default)]
struct Shared {
    spare: Vec<Vec<u8>>,
    ahead: usize,
}

/// Leave to fill a part while another is on its way.
#[derive(Debug)]
pub(crate) struct Ahead(PartBuffers);

/// A full buffer on loan.
struct Lent {
    buffer: Vec<u8>,
    home: PartBuffers,
}

impl PartBuffers {
    fn shared<T>(&self, with: impl FnOnce(&mut Shared) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Room for a part, beginning with some bytes.
    pub(crate) fn room(&self, size: usize, first: &[u8]) -> Vec<u8> {
        let spare = self.shared(|shared| if size == KEPT { shared.spare.pop() } else { None });
        let mut buffer = spare.unwrap_or_else(|| Vec::with_capacity(size));
        buffer.extend_from_slice(first);
        buffer
    }

    /// A full part, whose memory comes back.
    pub(crate) fn lend(&self, buffer: Vec<u8>) -> Bytes {
        Bytes::from_owner(Lent { buffer, home: self.clone() })
    }

    /// Leave to fill a part before the one before it is sent, unless too many do.
    pub(crate) fn ahead(&self) -> Option<Ahead> {
        let free = self.shared(|shared| {
            let free = shared.ahead < AHEAD;
            shared.ahead += usize::from(free);
            free
        });
        free.then(|| Ahead(self.clone()))
    }

    fn take_back(&self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.shared(|shared| {
            if buffer.capacity() == KEPT && shared.spare.len() < SPARE {
                shared.spare.push(buffer);
            }
        });
    }
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.buffer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.home.take_back(std::mem::take(&mut self.buffer));
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.shared(|shared| shared.ahead -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_and_is_bounded() {
        let buffers = PartBuffers::default();
        let room = buffers.room(KEPT, b"begun");
        let place = room.as_ptr();
        let lent = buffers.lend(room);
        assert_eq!(&lent[..], b"begun");
        drop(lent.clone());
        let other = buffers.room(KEPT, b"");
        assert_ne!(other.as_ptr(), place, "somebody still reads it");
        drop(lent);
        let again = buffers.room(KEPT, b"");
        assert_eq!((again.as_ptr(), again.len()), (place, 0));
        (0..10).for_each(|_| drop(buffers.lend(Vec::with_capacity(KEPT))));
        assert_eq!(buffers.shared(|shared| shared.spare.len()), SPARE);
    }

    #[test]
    fn few_are_ahead() {
        let buffers = PartBuffers::default();
        let held: Vec<_> = (0..AHEAD).map(|_| buffers.ahead().unwrap()).collect();
        assert!(buffers.ahead().is_none());
        drop(held);
        assert!(buffers.ahead().is_some());
    }
}
