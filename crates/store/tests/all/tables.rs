//! Copying whole databases: every table, on and between the engines, from wherever a copy broke off.

use std::collections::BTreeMap;

use keyway_base::Timestamp;
use keyway_crypto::digest::RunningSha256;
use keyway_domain::resources::{ALL, Account};
use keyway_jsonapi::{Declared as _, Kind, Record, Scope, Value};
use keyway_store::{
    Changes, Db, NewJob, Options, Origin, Page, SigningKey, StoreError, Tables, Tombstone, Walk,
};
use keyway_testkit::TestDatabase;

use crate::world::{LICENSES, PRODUCTS, World, text};

/// Rows and hash of each table.
type Sums = BTreeMap<String, (u64, String)>;

/// Which engines are copied between: SQLite with itself always, PostgreSQL when the run is on it.
fn pairs() -> Vec<(TestDatabase, TestDatabase)> {
    let (sqlite, postgres) = (TestDatabase::sqlite, TestDatabase::postgres);
    if options(&TestDatabase::new()).location.is_shared() {
        return vec![(sqlite(), postgres()), (postgres(), sqlite()), (postgres(), postgres())];
    }
    vec![(sqlite(), sqlite())]
}

fn options(place: &TestDatabase) -> Options {
    Options::at(place.url(), 2).unwrap()
}

/// What is hard to carry from one engine to another.
fn awkward(kind: Kind, number: usize) -> Value {
    let odd = ["", "ä\u{1F980}\u{202E}", "'\"; --", "\u{7f}\u{1}\t\n", "NULL", "\\x00", "\u{FFFF}é"];
    let odd = odd[number % odd.len()];
    match kind {
        Kind::Bool => Value::Bool(number.is_multiple_of(2)),
        Kind::Int => Value::Int([0, -1, i64::MAX, i64::MIN, 1 << 53][number % 5]),
        Kind::Text => Value::Text(format!("{odd}{number}")),
        Kind::Id => Value::Null,
        Kind::Time => Value::Time(Timestamp::from_micros([0, -5, 1_700_000_000_123_456][number % 3])),
        Kind::Json => {
            Value::Json(serde_json::json!({ "b": [1.5, -0.0, odd, null], "a": { odd: true }, "c": odd }))
        }
        Kind::Bytes => Value::Bytes((0..=255).cycle().take(number * 37).collect()),
    }
}

/// A database with rows in every table: each resource with its nullable columns null and not.
async fn filled(place: &TestDatabase) -> World {
    let world = World::at(place).await;
    world.add(Account::RESOURCE, &[]).await;
    for resource in ALL.iter().filter(|resource| **resource != Account::RESOURCE) {
        for number in 0..5 {
            let mut record = world.record(resource);
            let free =
                resource.columns.iter().skip(5).filter(|column| {
                    number > 0 && !matches!(column.kind, Kind::Id) && column.name != "blob_key"
                });
            free.for_each(|column| record.set(column.name, awkward(column.kind, number)));
            world.insert(&record).await;
        }
    }
    let (account, now) = (world.account, world.now());
    let key = SigningKey { id: 7, secret: keyway_base::Secret::new(vec![0, 255, 1]), created_at: now };
    assert!(world.db.add_signing_key(&key).await.unwrap());
    let mut write = world.db.begin().await.unwrap();
    let grave = Tombstone { account, engine: "npm", package: "@a/b", version: "", filename: "" };
    write.tombstone(&grave, now).await.unwrap();
    for kind in ["waits", "is done"] {
        let job = NewJob {
            kind: kind.into(),
            key: "k".into(),
            account,
            payload: serde_json::json!([1]),
            run_at: now,
        };
        write.enqueue(&job).await.unwrap();
    }
    write.commit(Changes::everything(account)).await.unwrap();
    let lease = std::time::Duration::from_secs(60);
    world.db.claim(world.now(), lease, &["is done"]).await.unwrap().unwrap();
    world
}

async fn sums(tables: &Tables) -> Sums {
    let mut rows = tables.read().await.unwrap();
    let mut sums = Sums::new();
    for table in tables.all() {
        let (mut walk, mut hash, mut count) = (Walk::all(table), RunningSha256::default(), 0);
        loop {
            let page = walk.next(&mut rows).await.unwrap();
            if page.is_empty() {
                break;
            }
            count += page.len() as u64;
            page.iter().for_each(|row| row.feed(|bytes| hash.update(bytes)));
        }
        assert_eq!(rows.count(table).await.unwrap(), count);
        sums.insert(table.name().to_owned(), (count, hash.finish().hex()));
    }
    sums
}

async fn copy(source: &Tables, target: &Tables) -> Result<(), StoreError> {
    let mut rows = source.read().await?;
    for table in source.all() {
        target.copy(table, &mut rows, |_| {}).await?;
    }
    Ok(())
}

#[tokio::test]
async fn every_table_arrives_with_every_value() {
    for (from, to) in pairs() {
        let world = filled(&from).await;
        let source = Tables::of(&world.db).await.unwrap();
        let target = Tables::prepare(&options(&to)).await.unwrap();
        assert!(target.first_used().await.unwrap().is_none(), "a new database is empty");
        let expected = sums(&source).await;
        for resource in ALL {
            let expected = if *resource == Account::RESOURCE { 1 } else { 5 };
            assert_eq!(sums(&source).await[resource.table].0, expected, "{}", resource.table);
        }
        for (table, rows) in [("jobs", 2), ("signing_keys", 1), ("tombstones", 1)] {
            assert_eq!(expected[table].0, rows, "{table}");
        }
        for own in ["changes", "schema_migrations", "moves"] {
            assert!(!expected.contains_key(own), "{own} belongs to the database");
        }
        copy(&source, &target).await.unwrap();
        assert_eq!(sums(&target).await, expected);
        let there = Db::open(&options(&to)).await.unwrap();
        for resource in ALL {
            let (everything, all) = (Scope::All, Page::all());
            let here = world.db.list(resource, world.account, &everything, &all).await.unwrap();
            assert_eq!(there.list(resource, world.account, &everything, &all).await.unwrap(), here);
        }
        assert_eq!(there.signing_keys().await.unwrap(), world.db.signing_keys().await.unwrap());
        assert_eq!(there.pending_jobs().await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_copy_goes_on_where_it_broke_off() {
    for (from, to) in pairs() {
        let world = World::at(&from).await;
        for _ in 0..100 {
            world.add(PRODUCTS, &[]).await;
        }
        let source = Tables::of(&world.db).await.unwrap();
        let target = Tables::prepare(&options(&to)).await.unwrap();
        let products = source.all().iter().find(|table| table.name() == "products").unwrap();
        let half = Walk::all(products).next(&mut source.read().await.unwrap()).await.unwrap();
        assert!(!half.is_empty() && half.len() < 100, "{} rows are no part", half.len());
        target.insert(target.same(products).unwrap(), &half).await.unwrap();
        let mut seen = Vec::new();
        let mut rows = source.read().await.unwrap();
        let copied = target.copy(products, &mut rows, |count| seen.push(count)).await.unwrap();
        assert_eq!((copied, seen.first()), (100, Some(&(half.len() as u64))), "{seen:?}");
        assert_eq!(sums(&target).await, sums(&source).await);
    }
}

#[tokio::test]
async fn what_changed_at_the_source_meanwhile_is_copied_anew() {
    for (from, to) in pairs() {
        let world = World::at(&from).await;
        let mut products: Vec<Record> = Vec::new();
        for _ in 0..10 {
            products.push(world.add(PRODUCTS, &[("code", Value::Null)]).await);
        }
        let tier = |tier: &str| Value::Json(serde_json::json!({ "tier": tier }));
        let mut license = world.add(LICENSES, &[("metadata", tier("iron"))]).await;
        world.add(LICENSES, &[("metadata", tier("iron"))]).await;
        let source = Tables::of(&world.db).await.unwrap();
        let target = Tables::prepare(&options(&to)).await.unwrap();
        copy(&source, &target).await.unwrap();
        let mut write = world.db.begin().await.unwrap();
        products[3].set("code", text("changed"));
        assert!(write.update(&products[3], &["code"]).await.unwrap());
        license.set("metadata", tier("gold"));
        assert!(write.update(&license, &["metadata"]).await.unwrap());
        assert!(write.delete(PRODUCTS, world.account, products[6].id()).await.unwrap());
        write.commit(Changes::none()).await.unwrap();
        copy(&source, &target).await.unwrap();
        assert_eq!(sums(&target).await, sums(&source).await);
    }
}

#[tokio::test]
async fn a_snapshot_does_not_see_what_is_written_later() {
    for (from, _) in pairs() {
        let world = World::at(&from).await;
        world.add(PRODUCTS, &[]).await;
        let source = Tables::of(&world.db).await.unwrap();
        let products = source.all().iter().find(|table| table.name() == "products").unwrap();
        let mut rows = source.read().await.unwrap();
        assert_eq!(rows.count(products).await.unwrap(), 1);
        world.add(PRODUCTS, &[]).await;
        assert_eq!(Walk::all(products).next(&mut rows).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_row_that_is_not_taken_is_named() {
    for (from, to) in pairs() {
        let world = World::at(&from).await;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(world.add(PRODUCTS, &[]).await);
        }
        let source = Tables::of(&world.db).await.unwrap();
        let target = Tables::prepare(&options(&to)).await.unwrap();
        let products = source.all().iter().find(|table| table.name() == "products").unwrap();
        let rows = Walk::all(products).next(&mut source.read().await.unwrap()).await.unwrap();
        let ours = target.same(products).unwrap();
        target.insert(ours, &rows[1..2]).await.unwrap();
        let error = target.insert(ours, &rows).await.unwrap_err().to_string();
        let key = format!("{}/{}", world.account, all[1].id());
        assert_eq!(error, format!("row {key} of the table products cannot be written"));
    }
}

#[tokio::test]
async fn nobody_serves_from_a_copy_that_is_not_whole() {
    let place = TestDatabase::new();
    let world = World::new().await;
    let target = Tables::prepare(&options(&place)).await.unwrap();
    assert_eq!(target.moved().await.unwrap(), None);
    let origin = Origin { installation: world.account, source: "/var/lib/keyway".to_owned() };
    let (began, ended) = (world.now(), world.now());
    target.begin_move(&origin, began).await.unwrap();
    let refused = Db::open(&options(&place)).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::PartWay { source_name } if source_name == "/var/lib/keyway"),
        "{refused}"
    );
    let again = Tables::prepare(&options(&place)).await.unwrap();
    assert_eq!(again.moved().await.unwrap().map(|note| (note.origin, note.ended_at)), Some((origin, None)));
    again.end_move(world.account, ended).await.unwrap();
    let note = again.moved().await.unwrap().unwrap();
    assert_eq!((note.began_at, note.ended_at), (began, Some(ended)));
    Db::open(&options(&place)).await.unwrap();
}

#[tokio::test]
async fn who_else_is_connected_is_counted() {
    let place = TestDatabase::new();
    let options = options(&place);
    assert_eq!(Db::others(&options).await.unwrap(), 0);
    let db = Db::open(&options).await.unwrap();
    db.ping().await.unwrap();
    let is_server = options.location.is_shared();
    assert_eq!(Db::others(&options).await.unwrap() > 0, is_server, "a file has no connections");
}
