//! Entries of the change log that this process wrote and has already bumped.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More than a tail leaves unread between two polls. What is forgotten is bumped once more, which costs a
/// reload.
const CAPACITY: usize = 4096;

/// Sequence numbers that the tail may pass over: bumping them again would end what was reloaded since.
#[derive(Debug, Default)]
pub(crate) struct OwnEntries(Mutex<BTreeSet<i64>>);

impl OwnEntries {
    /// Keeps these in mind. Only for entries that are committed and bumped.
    pub(crate) fn remember(&self, entries: &[i64]) {
        let mut own = self.lock();
        own.extend(entries);
        while own.len() > CAPACITY {
            own.pop_first();
        }
    }
    /// Whether this process wrote it; each entry is asked for once.
    pub(crate) fn take(&self, entry: i64) -> bool {
        self.lock().remove(&entry)
    }
    /// Forgets all: the log is not the one they were written to.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_is_passed_over_once() {
        let own = OwnEntries::default();
        own.remember(&[3, 5]);
        assert!(own.take(5));
        assert!(!own.take(5));
        own.clear();
        assert!(!own.take(3));
    }

    #[test]
    fn it_does_not_grow_without_a_tail() {
        let own = OwnEntries::default();
        (0..10_000).for_each(|entry| own.remember(&[entry]));
        assert_eq!(own.lock().len(), CAPACITY);
        assert!(own.take(9_999));
    }
}
