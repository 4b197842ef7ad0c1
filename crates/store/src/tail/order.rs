//! The tail where commits are not in the order of numbers, which only PostgreSQL allows: on SQLite there is
//! nothing to test, since the second transaction waits for the first.

use keyway_base::{AccountId, Slot};
use keyway_testkit::TestDatabase;

use super::Tail;
use crate::dialect::Dialect;
use crate::session::Session;
use crate::statement::Statement;
use crate::{Changes, Db, Options};

/// Two servers on one database: one that is followed, and the follower.
struct World {
    _place: TestDatabase,
    writer: Db,
    follower: Db,
}

impl World {
    async fn new() -> Option<Self> {
        let place = TestDatabase::new();
        let options = Options::at(place.url(), 4).unwrap();
        let (writer, follower) = (Db::open(&options).await.unwrap(), Db::open(&options).await.unwrap());
        let shared = follower.reader().await.unwrap().dialect() == Dialect::Postgres;
        shared.then_some(Self { _place: place, writer, follower })
    }

    /// A transaction that has logged that it touches a slot, and not ended.
    async fn logged(&self, slot: u32) -> Session {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let mut session = self.writer.pools().transaction().await.unwrap();
        for statement in Changes::of(account, [Slot(slot)]).statements() {
            assert_eq!(session.rows(statement).await.unwrap().len(), 1);
        }
        session
    }

    /// Which of the first ten slots the follower takes for stale after a poll, and how many entries it read.
    async fn poll(&self, tail: &mut Tail) -> (Vec<u32>, usize) {
        let noted = self.follower.freshness().note();
        let count = tail.poll().await.unwrap();
        let stale = |slot: &u32| !self.follower.freshness().is_fresh(noted, &[Slot(*slot)]);
        ((0..10).filter(stale).collect(), count)
    }
}

#[tokio::test]
async fn an_entry_that_appears_below_a_newer_one_is_not_missed() {
    let Some(world) = World::new().await else { return };
    world.logged(0).await.commit().await.unwrap();
    let mut tail = Tail::start(&world.follower).await.unwrap();
    let (first, second, third) = (world.logged(1).await, world.logged(2).await, world.logged(3).await);
    third.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await, (vec![3], 1));
    first.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await, (vec![1], 1));
    let fourth = world.logged(4).await;
    assert_eq!(world.poll(&mut tail).await, (vec![], 0));
    second.commit().await.unwrap();
    fourth.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await, (vec![2, 4], 2));
    assert_eq!(world.poll(&mut tail).await, (vec![], 0));
}

#[tokio::test]
async fn what_was_under_way_when_the_tail_began_is_not_missed() {
    let Some(world) = World::new().await else { return };
    let first = world.logged(1).await;
    world.logged(2).await.commit().await.unwrap();
    let mut tail = Tail::start(&world.follower).await.unwrap();
    first.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await, (vec![1], 1));
}

#[tokio::test]
async fn a_number_that_was_taken_in_vain_costs_nothing() {
    let Some(world) = World::new().await else { return };
    world.logged(0).await.commit().await.unwrap();
    let mut tail = Tail::start(&world.follower).await.unwrap();
    for slot in 1..4 {
        drop(world.logged(slot).await);
        world.logged(slot + 4).await.commit().await.unwrap();
        assert_eq!(world.poll(&mut tail).await, (vec![slot + 4], 1));
    }
}

#[tokio::test]
async fn a_log_that_lost_its_end_ends_everything() {
    let Some(world) = World::new().await else { return };
    for slot in 0..3 {
        world.logged(slot).await.commit().await.unwrap();
    }
    let mut tail = Tail::start(&world.follower).await.unwrap();
    // What a failover to a copy that was behind does.
    let mut session = world.writer.pools().transaction().await.unwrap();
    let newest = "DELETE FROM changes WHERE seq = (SELECT max(seq) FROM changes)";
    assert_eq!(session.execute(Statement::fixed(newest, Vec::new())).await.unwrap(), 1);
    session.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await.0, (0..10).collect::<Vec<_>>());
    world.logged(5).await.commit().await.unwrap();
    assert_eq!(world.poll(&mut tail).await, (vec![5], 1));
}
