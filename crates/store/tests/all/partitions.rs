//! Logs in partitions by time, where the database has such: nothing is lost on the way into one, and nothing young with
//! one that goes.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{EventLog, RequestLog};
use keyway_jsonapi::{Declared as _, Record, Resource, Scope, Value};
use keyway_store::{Changes, Page, Step, StoreError};

use crate::world::World;

const EVENTS: &Resource = EventLog::RESOURCE;
const REQUESTS: &Resource = RequestLog::RESOURCE;

/// Seconds since 1970 as a moment.
const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

/// The first of June, July and August 2103.
const JUNE: i64 = 4_210_099_200;
const JULY: i64 = JUNE + 30 * 86_400;
const AUGUST: i64 = JULY + 31 * 86_400;

async fn logged(world: &World, log: &'static Resource, at: Timestamp) -> RecordId {
    let mut record = world.record(log);
    record.set("id", Value::Id(RecordId::generate(at)));
    record.set("created_at", Value::Time(at));
    world.insert(&record).await;
    record.id()
}

/// The partitions that were made for days to come, by name.
async fn names(world: &World, log: &'static Resource) -> Vec<String> {
    let all = world.db.partitions(log).await.unwrap();
    all.into_iter().map(|part| part.name).filter(|name| name.contains("_21")).collect()
}

#[tokio::test]
async fn what_has_no_partition_is_kept_and_moves_into_the_one_that_is_made_for_it() {
    let world = World::new().await;
    let last_of_june = at(JULY - 1);
    let ids = [
        logged(&world, EVENTS, at(1_700_000_000)).await,
        logged(&world, EVENTS, at(JUNE)).await,
        logged(&world, EVENTS, last_of_june).await,
        logged(&world, EVENTS, at(JULY)).await,
    ];
    assert_eq!(world.matching(EVENTS, &Scope::All).await, ids);
    if world.db.partitions(EVENTS).await.unwrap().is_empty() {
        let error = world.db.make_partitions(EVENTS, Step::Month, at(JUNE), 1).await.unwrap_err();
        assert!(matches!(error, StoreError::Statement { .. }), "{error}");
        return;
    }
    assert_eq!(world.db.make_partitions(EVENTS, Step::Month, last_of_june, 1).await.unwrap(), 2);
    assert_eq!(names(&world, EVENTS).await, ["event_logs_2103_06", "event_logs_2103_07"]);
    assert_eq!(world.db.make_partitions(EVENTS, Step::Month, last_of_june, 1).await.unwrap(), 0);
    assert_eq!(world.matching(EVENTS, &Scope::All).await, ids);
    let page = Page { after: Some(ids[2]), ..Page::newest(10) };
    let before = world.db.list(EVENTS, world.account, &Scope::All, &page).await.unwrap();
    assert_eq!(before.iter().map(Record::id).collect::<Vec<_>>(), [ids[1], ids[0]]);
    for id in ids {
        assert!(world.db.find(EVENTS, world.account, &Scope::id("id", id)).await.unwrap().is_some());
    }
    let ends: Vec<_> = world.db.partitions(EVENTS).await.unwrap().iter().map(|part| part.until).collect();
    assert!(ends.is_sorted() && ends.ends_with(&[at(JULY), at(AUGUST)]), "{ends:?}");
}

#[tokio::test]
async fn a_partition_goes_when_all_in_it_is_old() {
    let world = World::new().await;
    if world.db.partitions(REQUESTS).await.unwrap().is_empty() {
        return;
    }
    // Those that there are from the start end long before.
    while world.db.drop_partition(REQUESTS, at(JUNE)).await.unwrap().is_some() {}
    assert_eq!(world.db.partitions(REQUESTS).await.unwrap(), []);
    assert_eq!(world.db.make_partitions(REQUESTS, Step::Day, at(JUNE), 2).await.unwrap(), 3);
    let day = |number: i64| JUNE + number * 86_400;
    let first = logged(&world, REQUESTS, at(day(0))).await;
    let second = logged(&world, REQUESTS, at(day(1))).await;
    assert_eq!(world.db.drop_partition(REQUESTS, at(day(1) - 1)).await.unwrap(), None);
    let dropped = world.db.drop_partition(REQUESTS, at(day(1))).await.unwrap();
    assert_eq!(dropped.as_deref(), Some("request_logs_2103_06_01"));
    assert_eq!(world.matching(REQUESTS, &Scope::All).await, [second]);
    assert!(!world.matching(REQUESTS, &Scope::All).await.contains(&first));
    assert_eq!(names(&world, REQUESTS).await, ["request_logs_2103_06_02", "request_logs_2103_06_03"]);
    // What comes late for a partition that is gone is kept, too.
    let late = logged(&world, REQUESTS, at(day(0))).await;
    assert_eq!(world.matching(REQUESTS, &Scope::All).await, [late, second]);
}

#[tokio::test]
async fn a_partition_with_something_younger_than_its_ids_stays_and_holds_up_no_other() {
    let world = World::new().await;
    if world.db.partitions(REQUESTS).await.unwrap().is_empty() {
        return;
    }
    while world.db.drop_partition(REQUESTS, at(JUNE)).await.unwrap().is_some() {}
    world.db.make_partitions(REQUESTS, Step::Day, at(JUNE), 1).await.unwrap();
    let mut odd = world.record(REQUESTS);
    odd.set("id", Value::Id(RecordId::generate(at(JUNE))));
    odd.set("created_at", Value::Time(at(AUGUST)));
    world.insert(&odd).await;
    let dropped = world.db.drop_partition(REQUESTS, at(JULY)).await.unwrap();
    assert_eq!(dropped.as_deref(), Some("request_logs_2103_06_02"));
    assert_eq!(world.db.drop_partition(REQUESTS, at(JULY)).await.unwrap(), None);
    assert_eq!(world.matching(REQUESTS, &Scope::All).await, [odd.id()]);
}

#[tokio::test]
async fn entries_are_changed_and_deleted_in_whatever_partition_they_are() {
    let world = World::new().await;
    let early = logged(&world, EVENTS, at(1_700_000_000)).await;
    let late = logged(&world, EVENTS, at(JUNE)).await;
    let mut write = world.db.begin().await.unwrap();
    let old = Scope::Lt("created_at", Value::Time(at(JUNE)));
    assert_eq!(write.delete_where(EVENTS, world.account, &old).await.unwrap(), 1);
    let all = write.clear_where(EVENTS, world.account, "request_id", &Scope::All).await.unwrap();
    assert_eq!(all, 1);
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(world.matching(EVENTS, &Scope::All).await, [late]);
    assert_ne!(early, late);
}
