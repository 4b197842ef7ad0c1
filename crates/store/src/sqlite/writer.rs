//! The one transaction that writes, and those that are made durable together with it.
//!
//! Only one transaction can write at a time, and each commit waits for the disk. So one that is done does not commit by
//! itself: those that wait for their turn already go on inside it, each behind a savepoint, and one commit makes all of
//! them durable. Nobody is told of theirs before. A transaction that nobody waits behind commits at once.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use sqlx::{Sqlite, SqliteConnection, Transaction};
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use super::is_locked;
use crate::StoreError;

/// How often a transaction is started anew when the database stays locked.
const ATTEMPTS: u32 = 3;

/// The connection that writes, and whose turn it is. Turns are given in the order in which they are asked for.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pool: SqlitePool,
    group: Arc<Mutex<Group>>,
    patience: Duration,
}

/// Transactions that are committed together.
#[derive(Debug, Default)]
struct Group {
    open: Option<Transaction<'static, Sqlite>>,
    /// Whether the last one was given up and is still to be undone.
    undo: bool,
    /// Those that are done, and wait for the commit.
    done: Vec<oneshot::Sender<Result<(), StoreError>>>,
}

/// A transaction. Dropped without [`Part::commit`], it undoes what it did.
pub(crate) struct Part {
    /// There until it is committed.
    group: Option<OwnedMutexGuard<Group>>,
    /// Whether others are done before it in the same group.
    follows: bool,
}

impl Writer {
    /// Waits for its turn for so long.
    pub(super) fn new(pool: SqlitePool, patience: Duration) -> Self {
        Self { pool, group: Arc::default(), patience }
    }

    /// Waits for its turn and begins.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when that takes too long.
    pub(super) async fn begin(&self) -> Result<Part, StoreError> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.group).lock_owned()).await;
        let group = turn.map_err(|late| StoreError::Unavailable(Box::new(late)))?;
        let mut part = Part { group: Some(group), follows: false };
        part.open(&self.pool).await?;
        Ok(part)
    }

    /// Commits what waits for it and closes the connection.
    pub(super) async fn close(&self) {
        self.group.lock().await.commit().await;
        self.pool.close().await;
    }
}

impl Group {
    /// Undoes what was given up. If that is not possible nothing of the group can be kept.
    async fn clean(&mut self) -> Result<(), StoreError> {
        if let Some(open) = self.open.as_mut().filter(|_| self.undo)
            && let Err(cause) = undo(open).await
        {
            self.open = None;
            self.undo = false;
            return Err(cause);
        }
        self.undo = false;
        Ok(())
    }

    /// Makes durable what is done, and tells those who wait.
    async fn commit(&mut self) {
        if self.done.is_empty() {
            return;
        }
        let outcome = match self.clean().await {
            Ok(()) => match self.open.take() {
                Some(open) => open.commit().await.map_err(StoreError::from),
                None => Err(StoreError::Unavailable("the transaction was undone".into())),
            },
            Err(cause) => Err(cause),
        };
        self.tell(outcome);
    }

    fn tell(&mut self, outcome: Result<(), StoreError>) {
        let outcome = outcome.map_err(Arc::new);
        for waiting in self.done.drain(..) {
            let own = match &outcome {
                Ok(()) => Ok(()),
                Err(cause) if matches!(**cause, StoreError::Full) => Err(StoreError::Full),
                Err(cause) => Err(StoreError::Unavailable(Box::new(Arc::clone(cause)))),
            };
            // Who has stopped waiting need not know.
            drop(waiting.send(own));
        }
    }
}

async fn run(connection: &mut SqliteConnection, statement: &'static str) -> Result<(), StoreError> {
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}

async fn undo(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    run(connection, "ROLLBACK TO part").await?;
    run(connection, "RELEASE part").await
}

impl Part {
    fn group(&mut self) -> &mut Group {
        self.group.as_mut().expect("a transaction has its turn until it is committed")
    }

    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        self.group().open.as_mut().expect("a transaction is open while it has its turn")
    }

    async fn open(&mut self, pool: &SqlitePool) -> Result<(), StoreError> {
        let group = self.group();
        if let Err(cause) = group.clean().await {
            group.tell(Err(cause));
        }
        if group.open.is_some() {
            // Before the savepoint: whoever stops waiting for it may have it already.
            self.follows = true;
            return run(self.connection(), "SAVEPOINT part").await;
        }
        let mut attempt = 1;
        let open = loop {
            match pool.begin_with("BEGIN IMMEDIATE").await {
                Err(cause) if attempt < ATTEMPTS && is_locked(&cause) => attempt += 1,
                outcome => break outcome?,
            }
        };
        self.group().open = Some(open);
        Ok(())
    }

    /// Ends it; returns once it is durable.
    ///
    /// # Errors
    /// [`StoreError`] when it, or those that were to be made durable together with it, could not be.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if self.follows {
            run(self.connection(), "RELEASE part").await?;
        }
        let (tell, told) = oneshot::channel();
        if let Some(mut group) = self.group.take() {
            group.done.push(tell);
            if !self.follows {
                // Those that wait for their turn already are ahead of this. A task of its own, because the others' fate hangs on
                // it, whoever stops waiting.
                let turn = Arc::clone(OwnedMutexGuard::mutex(&group)).lock_owned();
                tokio::spawn(async move { turn.await.commit().await });
            }
        }
        let lost = |_| Err(StoreError::Unavailable("the commit was cut off".into()));
        told.await.unwrap_or_else(lost)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let follows = self.follows;
        let Some(group) = &mut self.group else { return };
        if follows {
            group.undo = true;
        } else {
            // The driver rolls it back. When this was given up while it took its turn, others may be done in it.
            group.open = None;
            group.undo = false;
            group.tell(Err(StoreError::Unavailable("the transaction was given up".into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row as _;
    use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
    use tempfile::TempDir;
    use tokio::task::{JoinHandle, yield_now};

    use super::*;

    struct Place {
        writer: Writer,
        readers: SqlitePool,
        _directory: TempDir,
    }

    impl Place {
        async fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let options = SqliteConnectOptions::new()
                .filename(directory.path().join("notes.db"))
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal);
            let pool = || SqlitePoolOptions::new().max_connections(1).test_before_acquire(false);
            let writing = pool().before_acquire(|connection, _| {
                Box::pin(async move { Ok(!sqlx::Connection::is_in_transaction(connection)) })
            });
            let writer =
                Writer::new(writing.connect_with(options.clone()).await.unwrap(), Duration::from_secs(5));
            let mut part = writer.begin().await.unwrap();
            run(part.connection(), "CREATE TABLE notes (text TEXT) STRICT").await.unwrap();
            part.commit().await.unwrap();
            let readers = pool().connect_with(options).await.unwrap();
            Self { writer, readers, _directory: directory }
        }
        /// What everybody sees.
        async fn notes(&self) -> Vec<String> {
            let rows =
                sqlx::query("SELECT text FROM notes ORDER BY rowid").fetch_all(&self.readers).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
        /// One who waits for a turn already when this returns.
        async fn waiting(&self) -> JoinHandle<Part> {
            let writer = self.writer.clone();
            let waiting = tokio::spawn(async move { writer.begin().await.unwrap() });
            yield_now().await;
            waiting
        }
    }

    async fn note(part: &mut Part, text: &'static str) {
        let insert = sqlx::query("INSERT INTO notes (text) VALUES ($1)").bind(text);
        insert.execute(part.connection()).await.unwrap();
    }

    #[tokio::test]
    async fn those_who_wait_are_committed_together() {
        let place = Place::new().await;
        let mut first = place.writer.begin().await.unwrap();
        let [second, third] = [place.waiting().await, place.waiting().await];
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        note(&mut second, "second").await;
        assert!(
            place.notes().await.is_empty() && !first.is_finished(),
            "nothing is told before it is durable"
        );
        let second = tokio::spawn(second.commit());
        let mut third = third.await.unwrap();
        note(&mut third, "third").await;
        assert!(!second.is_finished());
        third.commit().await.unwrap();
        assert_eq!(place.notes().await, ["first", "second", "third"]);
        first.await.unwrap().unwrap();
        second.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn what_is_given_up_takes_nothing_else_along() {
        let place = Place::new().await;
        drop(place.writer.begin().await.unwrap());
        let mut first = place.writer.begin().await.unwrap();
        let [second, third] = [place.waiting().await, place.waiting().await];
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        note(&mut second, "second").await;
        drop(second);
        let mut third = third.await.unwrap();
        note(&mut third, "third").await;
        third.commit().await.unwrap();
        first.await.unwrap().unwrap();
        assert_eq!(place.notes().await, ["first", "third"]);
        let mut lone = place.writer.begin().await.unwrap();
        note(&mut lone, "given up").await;
        drop(lone);
        assert_eq!(place.notes().await.len(), 2);
    }

    #[tokio::test]
    async fn the_last_of_a_group_may_be_given_up() {
        let place = Place::new().await;
        let mut first = place.writer.begin().await.unwrap();
        let second = place.waiting().await;
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        note(&mut second, "second").await;
        drop(second);
        first.await.unwrap().unwrap();
        assert_eq!(place.notes().await, ["first"]);
    }

    /// Whoever is told that it is durable has it; what cannot be kept is told to all who were to share it.
    #[tokio::test]
    async fn a_full_disk_is_told_to_all_whom_it_concerns() {
        let place = Place::new().await;
        let mut first = place.writer.begin().await.unwrap();
        run(first.connection(), "PRAGMA max_page_count = 3").await.unwrap();
        let second = place.waiting().await;
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        let large = sqlx::query("INSERT INTO notes (text) VALUES (hex(zeroblob(100000)))");
        assert!(large.execute(second.connection()).await.is_err());
        drop(second);
        let kept = first.await.unwrap().is_ok();
        assert_eq!(place.notes().await.len(), usize::from(kept));
        let mut third = place.writer.begin().await.unwrap();
        note(&mut third, "third").await;
        third.commit().await.unwrap();
        assert_eq!(place.notes().await.last().unwrap(), "third");
    }

    /// Given up before its savepoint: what was done before it cannot be told from it.
    #[tokio::test]
    async fn who_gives_up_while_it_takes_its_turn_leaves_nobody_believing() {
        let place = Place::new().await;
        let mut first = place.writer.begin().await.unwrap();
        let second = place.waiting().await;
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        second.follows = false;
        drop(second);
        assert!(first.await.unwrap().is_err());
        let mut third = place.writer.begin().await.unwrap();
        note(&mut third, "third").await;
        third.commit().await.unwrap();
        assert_eq!(place.notes().await, ["third"]);
    }

    #[tokio::test]
    async fn who_stops_waiting_for_a_commit_stops_nobody_else() {
        let place = Place::new().await;
        let mut first = place.writer.begin().await.unwrap();
        let second = place.waiting().await;
        note(&mut first, "first").await;
        let first = tokio::spawn(first.commit());
        let mut second = second.await.unwrap();
        first.abort();
        note(&mut second, "second").await;
        second.commit().await.unwrap();
        assert_eq!(place.notes().await, ["first", "second"]);
    }
}
