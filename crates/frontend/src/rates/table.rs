//! Counters by key: of bounded size, one look-up per count, no thread that waits for another for long.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyway_base::Timestamp;

use super::window::{MOST, Window};

/// Independent parts, so that requests do not wait for each other.
const SHARDS: usize = 64;
/// The most keys in one generation of a shard; there are two.
const KEYS: usize = 1024;

/// Counts per key and window. Keys that are counted stay; of the others, the longest unused are forgotten once
/// there is no room, which forgives, but never blames.
#[derive(Debug)]
pub(super) struct Table(Vec<Mutex<Generations>>);

#[derive(Debug, Default)]
struct Generations {
    young: HashMap<u64, Counts>,
    old: HashMap<u64, Counts>,
}

/// One counter per window.
type Counts = [Count; MOST];

/// Which stretch of time is counted, and how much came in it.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    stretch: i64,
    count: u32,
}

/// How a key stands in the window that it is closest to the limit of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(super) window: Window,
    pub(super) count: u32,
    /// When the window ends, in seconds since 1970.
    pub(super) reset: i64,
}

impl Table {
    pub(super) fn new() -> Self {
        Self((0..SHARDS).map(|_| Mutex::default()).collect())
    }

    /// Forgets everything.
    #[cfg(feature = "test-support")]
    pub(super) fn forget(&self) {
        for shard in &self.0 {
            *shard.lock().unwrap_or_else(PoisonError::into_inner) = Generations::default();
        }
    }

    /// Counts one more, and says how the key stands then; `None` without windows.
    pub(super) fn count(&self, key: u64, windows: &[Window], now: Timestamp) -> Option<Standing> {
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let counts = shard.entry(key);
        for (count, window) in counts.iter_mut().zip(windows) {
            let stretch = stretch(*window, now);
            if count.stretch != stretch {
                *count = Count { stretch, count: 0 };
            }
            count.count = count.count.saturating_add(1);
        }
        standing(counts, windows, now)
    }

    /// How a key stands, without counting.
    pub(super) fn look(&self, key: u64, windows: &[Window], now: Timestamp) -> Option<Standing> {
        let shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        let counts = shard.young.get(&key).or_else(|| shard.old.get(&key))?;
        standing(counts, windows, now)
    }

    fn shard(&self, key: u64) -> &Mutex<Generations> {
        let index = usize::try_from(key % SHARDS as u64).unwrap_or(0);
        self.0.get(index).expect("the index is below the number of shards")
    }
}

impl Generations {
    fn entry(&mut self, key: u64) -> &mut Counts {
        if !self.young.contains_key(&key) {
            if self.young.len() >= KEYS {
                self.old = std::mem::take(&mut self.young);
            }
            let counts = self.old.remove(&key).unwrap_or_default();
            self.young.insert(key, counts);
        }
        self.young.entry(key).or_default()
    }
}

/// The number of the window's stretch of time that `now` is in. All nodes and restarts agree on it.
fn stretch(window: Window, now: Timestamp) -> i64 {
    now.as_seconds().div_euclid(i64::from(window.seconds.get()))
}

fn standing(counts: &Counts, windows: &[Window], now: Timestamp) -> Option<Standing> {
    let of = |(count, window): (&Count, &Window)| {
        let stretch = stretch(*window, now);
        let reset = stretch.saturating_add(1).saturating_mul(i64::from(window.seconds.get()));
        let count = if count.stretch == stretch { count.count } else { 0 };
        Standing { window: *window, count, reset }
    };
    let all = counts.iter().zip(windows).map(of);
    // over before not over; among those that are over the longest wait, else the fewest that remain
    all.min_by_key(|one| if one.is_over() { (0, -one.reset) } else { (1, i64::from(one.remaining())) })
}

impl Standing {
    /// Whether the last request was one too many.
    pub(crate) const fn is_over(&self) -> bool {
        self.count > self.window.limit
    }
    /// How many more requests the window admits.
    pub(super) const fn remaining(&self) -> u32 {
        self.window.limit.saturating_sub(self.count)
    }
    /// Seconds until the window ends.
    pub(crate) fn wait(&self, now: Timestamp) -> u32 {
        u32::try_from(self.reset.saturating_sub(now.as_seconds()).max(1)).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment at which a stretch of 300 seconds begins.
    const START: i64 = 1_795_000_200;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(START + seconds).unwrap()
    }

    fn windows() -> [Window; 2] {
        [Window::of(30, 3), Window::of(300, 5)]
    }

    fn count(table: &Table, seconds: i64) -> (String, u32, u32, i64, bool) {
        let one = table.count(7, &windows(), at(seconds)).unwrap();
        (one.window.to_string(), one.count, one.remaining(), one.reset - START, one.is_over())
    }

    #[test]
    fn the_window_closest_to_its_limit_is_told() {
        let table = Table::new();
        assert_eq!(count(&table, 0), ("30s".into(), 1, 2, 30, false));
        assert_eq!(count(&table, 1), ("30s".into(), 2, 1, 30, false));
        assert_eq!(count(&table, 2), ("30s".into(), 3, 0, 30, false));
        assert_eq!(count(&table, 29), ("30s".into(), 4, 0, 30, true));
        assert_eq!(count(&table, 30), ("5m".into(), 5, 0, 300, false), "the short window begins anew");
        assert_eq!(count(&table, 31), ("5m".into(), 6, 0, 300, true));
        assert_eq!(count(&table, 300), ("30s".into(), 1, 2, 330, false), "both begin anew");
    }

    #[test]
    fn of_several_exceeded_windows_the_longest_wait_is_told() {
        let table = Table::new();
        (0..6).for_each(|_| drop(count(&table, 0)));
        assert_eq!(count(&table, 0), ("5m".into(), 7, 0, 300, true));
        let one = table.look(7, &windows(), at(10)).unwrap();
        assert_eq!((one.count, one.wait(at(10))), (7, 290), "looking does not count");
        assert_eq!(table.look(8, &windows(), at(10)), None);
        assert_eq!(table.count(7, &[], at(0)), None, "without windows nothing is told");
    }

    #[test]
    fn the_table_does_not_grow_without_end_and_keeps_what_is_in_use() {
        let table = Table::new();
        let windows = [Window::of(30, u32::MAX)];
        for key in 0..400_000 {
            table.count(key, &windows, at(0));
            table.count(7, &windows, at(0));
        }
        let held: usize =
            table.0.iter().map(|shard| shard.lock().unwrap()).map(|s| s.young.len() + s.old.len()).sum();
        assert!(held <= 2 * SHARDS * KEYS, "{held}");
        assert_eq!(table.look(7, &windows, at(0)).unwrap().count, 400_001);
    }
}
