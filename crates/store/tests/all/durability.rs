//! What is left of a transaction: everything after its commit, nothing before.

use std::time::Duration;

use keyway_base::Slot;
use keyway_jsonapi::Scope;
use keyway_store::{Changes, Inserted, NewJob, Options, StoreError, retrying};
use keyway_testkit::TestDatabase;

use crate::world::{LICENSES, World};

#[tokio::test]
async fn a_dropped_transaction_leaves_nothing() {
    let world = World::new().await;
    let noted = world.db.freshness().note();
    let mut write = world.db.begin().await.unwrap();
    assert_eq!(write.insert(&world.record(LICENSES)).await.unwrap(), Inserted::Yes);
    let job = NewJob {
        kind: "ingest".into(),
        key: "k".into(),
        account: world.account,
        payload: serde_json::Value::Null,
        run_at: world.now(),
    };
    write.enqueue(&job).await.unwrap();
    drop(write);
    assert_eq!(world.matching(LICENSES, &Scope::All).await, []);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
    assert!(world.db.freshness().is_fresh(noted, &[Slot(0)]));
    world.add(LICENSES, &[]).await;
    assert_eq!(world.matching(LICENSES, &Scope::All).await.len(), 1);
}

#[tokio::test]
async fn an_error_does_not_cost_the_connection() {
    let world = World::new().await;
    for _ in 0..3 {
        let mut write = world.db.begin().await.unwrap();
        let bad = Scope::text("no_such_column", "x");
        let error = write.find(LICENSES, world.account, &bad).await.unwrap_err();
        assert!(matches!(error, StoreError::Statement { .. }), "{error}");
        let error = world.db.find(LICENSES, world.account, &bad).await.unwrap_err();
        assert!(matches!(error, StoreError::Statement { .. }), "{error}");
    }
    world.add(LICENSES, &[]).await;
    assert_eq!(world.matching(LICENSES, &Scope::All).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_nobody_waits_for_is_finished_and_bumped() {
    let world = World::new().await;
    let slot = Slot(77);
    let noted = world.db.freshness().note();
    let mut write = world.db.begin().await.unwrap();
    assert_eq!(write.insert(&world.record(LICENSES)).await.unwrap(), Inserted::Yes);
    let mut commit = Box::pin(write.commit(Changes::of(world.account, [slot])));
    let _polled_once =
        std::future::poll_fn(|context| std::task::Poll::Ready(commit.as_mut().poll(context))).await;
    drop(commit);
    let done = async {
        while world.db.freshness().is_fresh(noted, &[slot]) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), done).await.unwrap();
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), 1);
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_again() {
    let world = World::new().await;
    let record = world.add(LICENSES, &[]).await;
    let again = world.another().await;
    assert_eq!(again.find(LICENSES, world.account, &Scope::All).await.unwrap(), Some(record));
    again.ping().await.unwrap();
    again.close().await;
    assert!(again.ping().await.is_err());
    world.db.ping().await.unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_by_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("keyway.db");
    std::fs::write(&path, "not a database, however long this text may be ".repeat(100)).unwrap();
    let error = keyway_store::Db::open(&Options::file(path, 1)).await.unwrap_err();
    assert!(error.to_string().contains("keyway.db"), "{error}");
    let missing = directory.path().join("no/such/directory/keyway.db");
    let error = keyway_store::Db::open(&Options::file(missing, 1)).await.unwrap_err();
    assert!(error.to_string().contains("no/such/directory"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_of_two_processes_take_turns() {
    let world = World::new().await;
    let other = world.another().await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let db = if number % 2 == 0 { world.db.clone() } else { other.clone() };
        let record = world.record(LICENSES);
        tasks.push(tokio::spawn(retrying(move || {
            let (db, record) = (db.clone(), record.clone());
            async move {
                let mut write = db.begin().await?;
                assert_eq!(write.insert(&record).await?, Inserted::Yes);
                write.commit(Changes::none()).await
            }
        })));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_start_at_once_on_a_new_database_all_get_the_schema() {
    for _ in 0..5 {
        let place = TestDatabase::new();
        let opened: Vec<_> = (0..4)
            .map(|_| {
                let options = Options::at(place.url(), 1).unwrap();
                tokio::spawn(async move { keyway_store::Db::open(&options).await })
            })
            .collect();
        for task in opened {
            task.await.unwrap().unwrap().ping().await.unwrap();
        }
    }
}
