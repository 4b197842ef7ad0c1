//! What was counted already: pulls of images, updates that were told of, clients that were seen. Who asks for the same
//! thing time and again counts once in a window (`oci.md` §5.3), and only the first is worth a line in a log.

use std::collections::HashSet;
use std::hash::{BuildHasher, Hash};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use foldhash::quality::RandomState;
use keyway_base::Timestamp;

/// How long something counts once. Windows follow each other, so that nothing has to be forgotten one by one.
pub(crate) const WINDOW: Duration = Duration::from_secs(3600);
/// Independent parts of the set, so that requests do not wait for each other.
const SHARDS: usize = 64;

/// What this process counted in the window that is open.
#[derive(Debug)]
pub(crate) struct Firsts {
    shards: Vec<Mutex<Shard>>,
    /// The most that is remembered per shard. One that is full begins anew: what was counted may be counted again.
    room: usize,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    /// The number of the window that it counts in.
    window: i64,
    /// The hashes of what was counted.
    counted: HashSet<u64>,
}

impl Firsts {
    /// With room for about so much.
    pub(crate) fn holding(most: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, room: most.div_ceil(SHARDS), hasher: RandomState::default() }
    }

    /// Whether something is the first of its kind in the window of `now`; from then on it is not.
    pub(crate) fn is_first(&self, what: &impl Hash, now: Timestamp) -> bool {
        let window = now.as_micros().div_euclid(i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX));
        let print = self.hasher.hash_one(what);
        let mut shard = self.shard(print);
        if shard.window != window || shard.counted.len() >= self.room {
            shard.counted.clear();
            shard.window = window;
        }
        shard.counted.insert(print)
    }

    /// Forgets everything.
    #[cfg(feature = "test-support")]
    pub(crate) fn forget(&self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).counted.clear();
        }
    }

    fn shard(&self, print: u64) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(print % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index).expect("the index is below the number of shards");
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    #[test]
    fn each_thing_counts_once() {
        let firsts = Firsts::holding(1000);
        let things = [("licenses", 1), ("licenses", 2), ("users", 1)];
        assert!(things.iter().all(|thing| firsts.is_first(thing, NOW)));
        assert!(!things.iter().any(|thing| firsts.is_first(thing, NOW)));
    }

    #[test]
    fn each_window_counts_anew() {
        let firsts = Firsts::holding(1000);
        let window = i64::try_from(WINDOW.as_micros()).unwrap();
        let begins = Timestamp::from_micros(NOW.as_micros().div_euclid(window) * window);
        let ends = begins.plus(WINDOW - Duration::from_micros(1));
        assert!(firsts.is_first(&1, begins));
        assert!(!firsts.is_first(&1, ends));
        assert!(firsts.is_first(&1, begins.plus(WINDOW)));
        assert!(!firsts.is_first(&1, begins.plus(WINDOW)));
    }

    #[test]
    fn the_set_does_not_grow_without_end() {
        let firsts = Firsts::holding(10_000);
        for number in 0..100_000_u32 {
            firsts.is_first(&number, NOW);
        }
        let held: usize = firsts.shards.iter().map(|shard| shard.lock().unwrap().counted.len()).sum();
        assert!(held <= 10_000 + SHARDS, "{held}");
    }
}
