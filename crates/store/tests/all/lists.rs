//! Lists: order, limits, offsets, cursors, snapshots.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{LicenseUser, Machine};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Order, Page, Tally};

use crate::world::{LICENSES, World, text};

async fn page(world: &World, page: &Page) -> Vec<RecordId> {
    let records = world.db.list(LICENSES, world.account, &Scope::All, page).await.unwrap();
    records.iter().map(Record::id).collect()
}

async fn five() -> (World, Vec<RecordId>) {
    let world = World::new().await;
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(world.add(LICENSES, &[]).await.id());
    }
    (world, ids)
}

#[tokio::test]
async fn newest_first_unless_asked_otherwise() {
    let (world, ids) = five().await;
    let newest: Vec<_> = ids.iter().rev().copied().collect();
    assert_eq!(page(&world, &Page::default()).await, newest);
    assert_eq!(page(&world, &Page::all()).await, ids);
    assert_eq!(page(&world, &Page::newest(2)).await, newest[..2]);
}

/// What a list put together from parts has, in which order, at whatever place, is what the whole list has.
#[tokio::test]
async fn lists_that_are_put_together_are_like_any_other() {
    const DAY: i64 = 86_400_000_000;
    let world = World::new().await;
    let users = [world.now(), world.now()].map(RecordId::generate);
    let mut all = Vec::new();
    for number in 0..60_i64 {
        let expiry = match number % 5 {
            0 => Value::Null,
            _ => Value::Time(Timestamp::from_micros((number * 7919 % 50) * DAY + number)),
        };
        let owner = Value::Id(users[usize::from(number % 3 == 0)]);
        let license = world.add(LICENSES, &[("expiry", expiry), ("owner_id", owner)]).await;
        if number % 4 == 0 {
            let attached = [("license_id", Value::Id(license.id())), ("user_id", Value::Id(users[0]))];
            world.add(LicenseUser::RESOURCE, &attached).await;
        }
        all.push((number, license));
    }
    let at = |day: i64| Value::Time(Timestamp::from_micros(day * DAY));
    let of_user = Scope::id("owner_id", users[1]).or(Scope::has(
        "license_users",
        "license_id",
        Scope::id("user_id", users[0]),
    ));
    let is_users = |number: i64| number % 3 == 0 || number % 4 == 0;
    let ends =
        |number: i64, days: std::ops::Range<i64>| number % 5 != 0 && days.contains(&(number * 7919 % 50));
    let (soon, far) = (
        Scope::Ge("expiry", at(3)).and(Scope::Lt("expiry", at(33))),
        Scope::Ge("expiry", at(0)).and(Scope::Lt("expiry", at(90))),
    );
    let cases: [(Scope, &dyn Fn(i64) -> bool); 4] = [
        (of_user.clone(), &is_users),
        (soon.clone(), &|number| ends(number, 3..33)),
        (far, &|number| ends(number, 0..50)),
        (of_user.and(soon), &|number| is_users(number) && ends(number, 3..33)),
    ];
    for (scope, meets) in cases {
        let met: Vec<_> =
            all.iter().filter(|(number, _)| meets(*number)).map(|(_, record)| record.id()).collect();
        assert!(met.len() > 5, "{scope:?}");
        let listed = async |page: &Page| -> Vec<RecordId> {
            let found = world.db.list(LICENSES, world.account, &scope, page).await.unwrap();
            found.iter().map(Record::id).collect()
        };
        assert_eq!(listed(&Page::all()).await, met, "{scope:?}");
        let newest: Vec<_> = met.iter().rev().copied().collect();
        assert_eq!(listed(&Page::newest(4)).await, newest[..4], "{scope:?}");
        assert_eq!(listed(&Page { offset: 2, ..Page::newest(3) }).await, newest[2..5], "{scope:?}");
        assert_eq!(listed(&Page { offset: 2, ..Page::all() }).await, met[2..], "{scope:?}");
        assert_eq!(listed(&Page { after: Some(newest[1]), ..Page::newest(2) }).await, newest[2..4]);
        assert_eq!(listed(&Page { after: Some(met[1]), limit: Some(2), ..Page::all() }).await, met[2..4]);
        assert_eq!(listed(&Page { after: Some(users[0]), ..Page::newest(2) }).await, []);
    }
}

#[tokio::test]
async fn offsets() {
    let (world, ids) = five().await;
    assert_eq!(page(&world, &Page { limit: Some(2), offset: 2, ..Page::all() }).await, ids[2..4]);
    assert_eq!(page(&world, &Page { offset: 3, ..Page::all() }).await, ids[3..]);
    assert_eq!(page(&world, &Page { limit: Some(2), offset: 9, ..Page::all() }).await, []);
    assert_eq!(page(&world, &Page { limit: Some(0), ..Page::all() }).await, []);
}

#[tokio::test]
async fn cursors_walk_the_whole_list_in_either_direction() {
    let (world, ids) = five().await;
    for order in [Order::Asc, Order::Desc] {
        let mut walked = Vec::new();
        let mut after = None;
        loop {
            let next = page(&world, &Page { order, limit: Some(2), after, ..Page::default() }).await;
            let Some(last) = next.last() else { break };
            after = Some(*last);
            walked.extend(next);
        }
        let mut expected = ids.clone();
        if order == Order::Desc {
            expected.reverse();
        }
        assert_eq!(walked, expected, "{order:?}");
    }
}

#[tokio::test]
async fn records_of_the_same_moment_are_ordered_by_id() {
    let world = World::new().await;
    let moment = Value::Time(world.now());
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(world.add(LICENSES, &[("created_at", moment.clone())]).await.id());
    }
    ids.sort();
    assert_eq!(page(&world, &Page::all()).await, ids);
    let rest = Page { after: ids.first().copied(), ..Page::all() };
    assert_eq!(page(&world, &rest).await, ids[1..]);
}

#[tokio::test]
async fn an_unknown_cursor_gives_an_empty_page() {
    let (world, ids) = five().await;
    let unknown = Some(RecordId::generate(world.now()));
    assert_eq!(page(&world, &Page { after: unknown, ..Page::default() }).await, []);
    let mut write = world.db.begin().await.unwrap();
    assert!(write.delete(LICENSES, world.account, ids[2]).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(page(&world, &Page { after: Some(ids[2]), ..Page::default() }).await, []);
}

#[tokio::test]
async fn counts_follow_the_condition() {
    let (world, _) = five().await;
    world.add(LICENSES, &[("name", text("x"))]).await;
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), 6);
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::text("name", "x")).await.unwrap(), 1);
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_committed_meanwhile() {
    let (world, ids) = five().await;
    let mut read = world.db.read().await.unwrap();
    assert_eq!(read.count(LICENSES, world.account, &Scope::All).await.unwrap(), 5);
    world.add(LICENSES, &[]).await;
    assert_eq!(read.all(LICENSES, world.account, &Scope::All).await.unwrap().len(), 5);
    let newest = read.list(LICENSES, world.account, &Scope::All, &Page::newest(1)).await.unwrap();
    assert_eq!(newest.first().map(Record::id), ids.last().copied());
    drop(read);
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), 6);
}

#[tokio::test]
async fn a_transaction_sees_its_own_writes_and_others_do_not() {
    let world = World::new().await;
    let record = world.record(LICENSES);
    let mut write = world.db.begin().await.unwrap();
    let _inserted = write.insert(&record).await.unwrap();
    assert_eq!(write.find(LICENSES, world.account, &Scope::All).await.unwrap(), Some(record.clone()));
    assert_eq!(write.all(LICENSES, world.account, &Scope::All).await.unwrap().len(), 1);
    assert_eq!(world.db.find(LICENSES, world.account, &Scope::All).await.unwrap(), None);
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(world.db.find(LICENSES, world.account, &Scope::All).await.unwrap(), Some(record));
}

/// Sums that would not fit are the largest number, and nulls count for nothing.
#[tokio::test]
async fn records_are_counted_and_summed_by_what_they_belong_to() {
    let world = World::new().await;
    let (one, other) = (RecordId::generate(world.now()), RecordId::generate(world.now()));
    for (license, cores, memory) in [
        (one, Value::Int(3), Value::Int(i64::MAX)),
        (one, Value::Null, Value::Int(5)),
        (one, Value::Int(4), Value::Null),
        (other, Value::Null, Value::Int((7 << 32) + 11)),
    ] {
        world
            .add(
                Machine::RESOURCE,
                &[("license_id", Value::Id(license)), ("cores", cores), ("memory", memory)],
            )
            .await;
    }
    let mut read = world.db.read().await.unwrap();
    let columns = ["cores", "memory", "disk"];
    let mut found =
        read.tally(Machine::RESOURCE, world.account, &Scope::All, "license_id", &columns).await.unwrap();
    found.sort_by_key(|tally| tally.of != one);
    assert_eq!(
        found,
        [
            Tally { of: one, count: 3, sums: vec![7, i64::MAX, 0] },
            Tally { of: other, count: 1, sums: vec![0, (7 << 32) + 11, 0] },
        ]
    );
    let none = Scope::id("license_id", RecordId::generate(world.now()));
    assert_eq!(
        read.tally(Machine::RESOURCE, world.account, &none, "license_id", &columns).await.unwrap(),
        []
    );
}
