//! The change log between two processes on one file.

use keyway_base::Slot;
use keyway_store::{Changes, Db, Tail};

use crate::world::World;

async fn touch(db: &Db, world: &World, slot: u32) {
    db.begin().await.unwrap().commit(Changes::of(world.account, [Slot(slot)])).await.unwrap();
}

#[tokio::test]
async fn what_one_process_writes_ends_what_the_other_cached() {
    let world = World::new().await;
    let server = world.another().await;
    let mut tail = Tail::start(&server).await.unwrap();
    let noted = server.freshness().note();
    assert_eq!(tail.poll().await.unwrap(), 0);
    touch(&world.db, &world, 7).await;
    assert!(server.freshness().is_fresh(noted, &[Slot(7)]), "not heard of yet");
    assert_eq!(tail.poll().await.unwrap(), 1);
    assert!(!server.freshness().is_fresh(noted, &[Slot(7)]));
    assert!(server.freshness().is_fresh(noted, &[Slot(8)]));
    assert_eq!(tail.poll().await.unwrap(), 0);
}

#[tokio::test]
async fn a_tail_starts_with_nothing_cached_and_at_the_end() {
    let world = World::new().await;
    touch(&world.db, &world, 1).await;
    let server = world.another().await;
    let noted = server.freshness().note();
    let mut tail = Tail::start(&server).await.unwrap();
    assert!(!server.freshness().is_fresh(noted, &[Slot(99)]));
    assert_eq!(tail.poll().await.unwrap(), 0);
}

#[tokio::test]
async fn what_a_process_wrote_itself_is_not_ended_twice() {
    let world = World::new().await;
    let mut tail = Tail::start(&world.db).await.unwrap();
    touch(&world.db, &world, 7).await;
    let reloaded = world.db.freshness().note();
    assert_eq!(tail.poll().await.unwrap(), 1);
    assert!(world.db.freshness().is_fresh(reloaded, &[Slot(7)]));
    let other = world.another().await;
    touch(&other, &world, 7).await;
    assert_eq!(tail.poll().await.unwrap(), 1);
    assert!(!world.db.freshness().is_fresh(reloaded, &[Slot(7)]));
}

#[tokio::test]
async fn a_log_pruned_past_the_tail_ends_everything() {
    let world = World::new().await;
    let server = world.another().await;
    touch(&world.db, &world, 1).await;
    let mut tail = Tail::start(&server).await.unwrap();
    let noted = server.freshness().note();
    for slot in 2..6 {
        touch(&world.db, &world, slot).await;
    }
    assert_eq!(world.db.prune_changes(2).await.unwrap(), 3);
    assert!(tail.poll().await.unwrap() > 0);
    assert!(!server.freshness().is_fresh(noted, &[Slot(999)]));
    let noted = server.freshness().note();
    assert_eq!(tail.poll().await.unwrap(), 0, "it found its place again");
    touch(&world.db, &world, 9).await;
    assert_eq!(tail.poll().await.unwrap(), 1);
    assert!(!server.freshness().is_fresh(noted, &[Slot(9)]));
    assert!(server.freshness().is_fresh(noted, &[Slot(10)]));
}

#[tokio::test]
async fn pruning_keeps_the_newest_entry_whatever_is_asked() {
    let world = World::new().await;
    assert_eq!(world.db.prune_changes(0).await.unwrap(), 0);
    let mut tail = Tail::start(&world.db).await.unwrap();
    touch(&world.db, &world, 1).await;
    touch(&world.db, &world, 2).await;
    assert_eq!(tail.poll().await.unwrap(), 2);
    assert_eq!(world.db.prune_changes(0).await.unwrap(), 1);
    let noted = world.db.freshness().note();
    assert_eq!(tail.poll().await.unwrap(), 0);
    assert!(world.db.freshness().is_fresh(noted, &[Slot(1), Slot(2)]));
}

#[tokio::test]
async fn a_reading_that_is_cut_off_is_read_next_time() {
    let world = World::new().await;
    let server = world.another().await;
    let mut tail = Tail::start(&server).await.unwrap();
    let noted = server.freshness().note();
    for slot in 1..6 {
        touch(&world.db, &world, slot).await;
        // It is begun, and then nobody waits for it.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, tail.poll()).await;
    }
    tail.poll().await.unwrap();
    assert!((1..6).all(|slot| !server.freshness().is_fresh(noted, &[Slot(slot)])));
    assert!(server.freshness().is_fresh(noted, &[Slot(9)]), "nothing else is ended");
}
