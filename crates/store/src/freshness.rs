//! Which cached values are still true (DESIGN §6 "Freshness").
//!
//! One generation counter G and one number per slot. A write, after its commit and before its answer, takes
//! `g = ++G` and raises every slot that it touches to `g`. A loader notes G **first**, then reads the
//! database; what it built is fresh while none of its slots is above the noted G. A loader that missed a
//! commit noted G before that commit's `++G`, so its entry is stale from birth, whatever it depends on.

use keyway_base::{SLOTS, Slot};

// The model in `tests/all/model.rs` compiles this file with other atomics.
use crate::atomics::{AtomicU64, Ordering};

/// A moment in the order of writes: what a loader notes before it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

/// The generation and the slots of one process.
#[derive(Debug)]
pub struct Freshness {
    generation: AtomicU64,
    /// What every slot counts as at least: raised by [`Freshness::bump_all`].
    floor: AtomicU64,
    slots: Box<[AtomicU64]>,
}

impl Default for Freshness {
    fn default() -> Self {
        Self::new()
    }
}

impl Freshness {
    /// Nothing has been written yet.
    pub fn new() -> Self {
        Self::with_slots(SLOTS)
    }

    /// With fewer slots, onto which the others fold. For models.
    pub(crate) fn with_slots(count: usize) -> Self {
        Self {
            generation: AtomicU64::new(0),
            floor: AtomicU64::new(0),
            slots: (0..count.max(1)).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The present generation. Note it **before** the read whose result will be cached.
    pub fn note(&self) -> Generation {
        // Pairs with the release in `next`: who sees a write's generation also sees its commit.
        Generation(self.generation.load(Ordering::Acquire))
    }

    /// Whether what was read after `noted` and depends on `slots` is still true.
    pub fn is_fresh(&self, noted: Generation, slots: &[Slot]) -> bool {
        self.floor.load(Ordering::Acquire) <= noted.0
            && slots.iter().all(|slot| self.slot(*slot).load(Ordering::Acquire) <= noted.0)
    }

    /// Ends every value that depends on one of `slots`. Call it **after** the commit.
    pub fn bump(&self, slots: &[Slot]) {
        if slots.is_empty() {
            return;
        }
        let generation = self.next();
        for slot in slots {
            self.slot(*slot).fetch_max(generation, Ordering::AcqRel);
        }
    }

    /// Ends every value.
    pub fn bump_all(&self) {
        let generation = self.next();
        self.floor.fetch_max(generation, Ordering::AcqRel);
    }

    fn next(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    fn slot(&self, slot: Slot) -> &AtomicU64 {
        let index = usize::try_from(slot.0).unwrap_or_default() % self.slots.len();
        self.slots.get(index).expect("an index below the length is in bounds")
    }
}
