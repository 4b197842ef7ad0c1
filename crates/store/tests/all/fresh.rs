//! Cached values against real writers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use keyway_base::{Slot, SlotKey};
use keyway_jsonapi::{Scope, Value};
use keyway_store::{Changes, Generation};

use crate::world::{LICENSES, PRODUCTS, World};

/// A cache with one entry, filled as the catalogue fills its own.
#[derive(Default)]
struct Cache(Mutex<Option<(Generation, bool)>>);

impl Cache {
    /// Whether the licence is suspended.
    async fn suspended(&self, world: &World, slots: &[Slot]) -> bool {
        let held = *self.0.lock().unwrap();
        if let Some((noted, suspended)) = held
            && world.db.freshness().is_fresh(noted, slots)
        {
            return suspended;
        }
        let mut read = world.db.read().await.unwrap();
        let license = read.find(LICENSES, world.account, &Scope::All).await.unwrap().unwrap();
        let suspended = license.get("suspended") == &Value::Bool(true);
        *self.0.lock().unwrap() = Some((read.noted(), suspended));
        suspended
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_follows_a_revocation_never_sees_what_was_before() {
    let world = Arc::new(World::new().await);
    let mut license = world.add(LICENSES, &[]).await;
    let slots: [Slot; 1] = [SlotKey::License(world.account, license.id()).into()];
    let cache = Arc::new(Cache::default());
    let done = Arc::new(AtomicBool::new(false));
    let readers = [(); 2].map(|()| {
        let (world, cache, done) = (world.clone(), cache.clone(), done.clone());
        tokio::spawn(async move {
            let mut reads = 0_u32;
            while !done.load(Ordering::Relaxed) {
                cache.suspended(&world, &slots).await;
                reads += 1;
                tokio::task::yield_now().await;
            }
            reads
        })
    });
    for round in 0..40 {
        let suspended = round % 2 == 0;
        license.set("suspended", Value::Bool(suspended));
        let mut write = world.db.begin().await.unwrap();
        assert!(write.update(&license, &["suspended"]).await.unwrap());
        write.commit(Changes::of(world.account, slots)).await.unwrap();
        assert_eq!(cache.suspended(&world, &slots).await, suspended, "round {round}");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 0);
    }
}

#[tokio::test]
async fn a_commit_that_touches_nothing_ends_nothing() {
    let world = World::new().await;
    let noted = world.db.freshness().note();
    world.add(PRODUCTS, &[]).await;
    assert!(world.db.freshness().is_fresh(noted, &[Slot(0), Slot(0xffff)]));
    assert_eq!(world.db.freshness().note(), noted);
}

#[tokio::test]
async fn touching_everything_ends_everything() {
    let world = World::new().await;
    let noted = world.db.freshness().note();
    world.db.begin().await.unwrap().commit(Changes::everything(world.account)).await.unwrap();
    assert!(!world.db.freshness().is_fresh(noted, &[Slot(5)]));
    assert!(!world.db.freshness().is_fresh(noted, &[]));
}
