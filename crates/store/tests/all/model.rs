//! A loader against writers over [`Freshness`], in every order the memory model allows.

use keyway_base::Slot;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::freshness::Freshness;

const OURS: Slot = Slot(1);
const OTHER: Slot = Slot(0);

/// The database, reduced to one row. Relaxed: nothing but the generation orders it.
#[derive(Clone)]
struct World {
    row: Arc<AtomicU64>,
    freshness: Arc<Freshness>,
}

impl World {
    fn new() -> Self {
        Self { row: Arc::new(AtomicU64::new(0)), freshness: Arc::new(Freshness::with_slots(2)) }
    }
    /// Commit, bump; the answer follows.
    fn write(&self, value: u64) {
        self.row.store(value, Ordering::Relaxed);
        self.freshness.bump(&[OURS]);
    }
}

#[test]
fn an_entry_that_raced_a_write_is_not_fresh_after_the_bump() {
    loom::model(|| {
        let world = World::new();
        let writer = thread::spawn({
            let world = world.clone();
            move || world.write(1)
        });
        let noted = world.freshness.note();
        let loaded = world.row.load(Ordering::Relaxed);
        writer.join().unwrap();
        if loaded != 1 {
            assert!(!world.freshness.is_fresh(noted, &[OURS]), "loaded {loaded} and kept it");
        }
    });
}

/// The model is worth something only if it finds what is wrong.
#[test]
#[should_panic(expected = "kept it")]
fn a_bump_before_the_commit_is_noticed() {
    loom::model(|| {
        let world = World::new();
        let writer = thread::spawn({
            let world = world.clone();
            move || {
                world.freshness.bump(&[OURS]);
                world.row.store(1, Ordering::Relaxed);
            }
        });
        let noted = world.freshness.note();
        let loaded = world.row.load(Ordering::Relaxed);
        writer.join().unwrap();
        if loaded != 1 {
            assert!(!world.freshness.is_fresh(noted, &[OURS]), "loaded {loaded} and kept it");
        }
    });
}

#[test]
fn a_hit_that_follows_the_answer_never_serves_what_the_write_replaced() {
    loom::model(|| {
        let world = World::new();
        let answered = Arc::new(AtomicU64::new(0));
        let writer = thread::spawn({
            let (world, answered) = (world.clone(), answered.clone());
            move || {
                world.write(1);
                answered.store(1, Ordering::Release);
            }
        });
        let noted = world.freshness.note();
        let loaded = world.row.load(Ordering::Relaxed);
        let after = answered.load(Ordering::Acquire) == 1;
        if after && world.freshness.is_fresh(noted, &[OURS]) {
            assert_eq!(loaded, 1);
        }
        writer.join().unwrap();
    });
}

#[test]
fn two_writers_leave_no_stale_entry_behind() {
    // Three threads in every order would take minutes; defects show within three switches.
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(|| {
        let world = World::new();
        let writers = [1, 2].map(|value| {
            let world = world.clone();
            thread::spawn(move || world.write(value))
        });
        let noted = world.freshness.note();
        let loaded = world.row.load(Ordering::Relaxed);
        for writer in writers {
            writer.join().unwrap();
        }
        if loaded != world.row.load(Ordering::Relaxed) {
            assert!(!world.freshness.is_fresh(noted, &[OURS]));
        }
    });
}

#[test]
fn ending_everything_reaches_every_slot_and_a_bump_only_its_own() {
    loom::model(|| {
        let world = World::new();
        let noted = world.freshness.note();
        world.freshness.bump(&[OURS]);
        assert!(world.freshness.is_fresh(noted, &[OTHER]));
        let writer = thread::spawn({
            let world = world.clone();
            move || world.freshness.bump_all()
        });
        writer.join().unwrap();
        assert!(!world.freshness.is_fresh(noted, &[OTHER]));
    });
}
