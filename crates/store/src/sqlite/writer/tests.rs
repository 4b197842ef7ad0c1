//! Transactions that are made durable together, and those that are given up.

use rusqlite::types::Value;
use tempfile::TempDir;
use tokio::task::{JoinHandle, yield_now};

use super::*;
use crate::arg::Arg;
use crate::sqlite::connection::{Wanted, execute, query};
use crate::statement::Statement;

struct Notes {
    writer: Writer,
    path: PathBuf,
    _directory: TempDir,
}

impl Notes {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.db");
        let writer = Writer::new(path.clone(), None, Duration::from_secs(5));
        let mut part = writer.begin().await.unwrap();
        part.group().run("CREATE TABLE notes (text TEXT) STRICT").unwrap();
        part.commit().await.unwrap();
        Self { writer, path, _directory: directory }
    }
    /// What everybody sees.
    async fn notes(&self) -> Vec<String> {
        let mut reader = Some(open(&self.path, Use::Reading).await.unwrap());
        let texts = Statement::fixed("SELECT text FROM notes ORDER BY rowid", Vec::new());
        let rows = query(&mut reader, texts, Wanted::All).await.unwrap();
        let text = |row: &[Value]| match row {
            [Value::Text(text)] => text.clone(),
            other => panic!("{other:?}"),
        };
        rows.iter().map(|row| text(row)).collect()
    }
    /// One who waits for a turn already when this returns.
    async fn waiting(&self) -> JoinHandle<Part> {
        let writer = self.writer.clone();
        let waiting = tokio::spawn(async move { writer.begin().await.unwrap() });
        yield_now().await;
        waiting
    }
}

fn note(part: &mut Part, text: &'static str) {
    let insert = Statement::fixed("INSERT INTO notes (text) VALUES ($1)", vec![Arg::text(text)]);
    assert_eq!(execute(part.place().unwrap(), insert).unwrap(), 1);
}

#[tokio::test]
async fn those_who_wait_are_committed_together() {
    let place = Notes::new().await;
    let mut first = place.writer.begin().await.unwrap();
    let [second, third] = [place.waiting().await, place.waiting().await];
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    note(&mut second, "second");
    assert!(place.notes().await.is_empty() && !first.is_finished(), "nothing is told before it is durable");
    let second = tokio::spawn(second.commit());
    let mut third = third.await.unwrap();
    note(&mut third, "third");
    assert!(!second.is_finished());
    third.commit().await.unwrap();
    assert_eq!(place.notes().await, ["first", "second", "third"]);
    first.await.unwrap().unwrap();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_given_up_takes_nothing_else_along() {
    let place = Notes::new().await;
    drop(place.writer.begin().await.unwrap());
    let mut first = place.writer.begin().await.unwrap();
    let [second, third] = [place.waiting().await, place.waiting().await];
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    note(&mut second, "second");
    drop(second);
    let mut third = third.await.unwrap();
    note(&mut third, "third");
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(place.notes().await, ["first", "third"]);
    let mut lone = place.writer.begin().await.unwrap();
    note(&mut lone, "given up");
    drop(lone);
    assert_eq!(place.notes().await.len(), 2);
}

#[tokio::test]
async fn the_last_of_a_group_may_be_given_up() {
    let place = Notes::new().await;
    let mut first = place.writer.begin().await.unwrap();
    let second = place.waiting().await;
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    note(&mut second, "second");
    drop(second);
    first.await.unwrap().unwrap();
    assert_eq!(place.notes().await, ["first"]);
}

/// Whoever is told that it is durable has it; what cannot be kept is told to all who were to share it.
#[tokio::test]
async fn a_full_disk_is_told_to_all_whom_it_concerns() {
    let place = Notes::new().await;
    let mut first = place.writer.begin().await.unwrap();
    first.group().run("PRAGMA max_page_count = 3").unwrap();
    let second = place.waiting().await;
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    let large = Statement::fixed("INSERT INTO notes (text) VALUES (hex(zeroblob(100000)))", Vec::new());
    assert!(matches!(execute(second.place().unwrap(), large), Err(StoreError::Full)));
    drop(second);
    let kept = first.await.unwrap().is_ok();
    assert_eq!(place.notes().await.len(), usize::from(kept));
    let mut third = place.writer.begin().await.unwrap();
    note(&mut third, "third");
    third.commit().await.unwrap();
    assert_eq!(place.notes().await.last().unwrap(), "third");
}

/// Given up before its savepoint: what was done before it cannot be told from it.
#[tokio::test]
async fn who_gives_up_while_it_takes_its_turn_leaves_nobody_believing() {
    let place = Notes::new().await;
    let mut first = place.writer.begin().await.unwrap();
    let second = place.waiting().await;
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    second.follows = false;
    drop(second);
    assert!(first.await.unwrap().is_err());
    let mut third = place.writer.begin().await.unwrap();
    note(&mut third, "third");
    third.commit().await.unwrap();
    assert_eq!(place.notes().await, ["third"]);
}

#[tokio::test]
async fn who_stops_waiting_for_a_commit_stops_nobody_else() {
    let place = Notes::new().await;
    let mut first = place.writer.begin().await.unwrap();
    let second = place.waiting().await;
    note(&mut first, "first");
    let first = tokio::spawn(first.commit());
    let mut second = second.await.unwrap();
    first.abort();
    note(&mut second, "second");
    second.commit().await.unwrap();
    assert_eq!(place.notes().await, ["first", "second"]);
}
