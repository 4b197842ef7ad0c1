//! The one transaction that writes, and those that are made durable together with it.
//!
//! Only one transaction can write at a time, and each commit waits for the disk. So one that is done does not commit by
//! itself: those that wait for their turn already go on inside it, each behind a savepoint, and one commit makes all of
//! them durable. Nobody is told of theirs before. A transaction that nobody waits behind commits at once.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};
use tokio::task::spawn_blocking;

use super::connection::{Connection, Place, Use, elsewhere, open};
use super::{is_locked, meaning};
use crate::StoreError;

/// How often a transaction is started anew when the database stays locked.
const ATTEMPTS: u32 = 3;

/// The connection that writes, and whose turn it is. Turns are given in the order in which they are asked for.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    path: Arc<PathBuf>,
    group: Arc<Mutex<Group>>,
    patience: Duration,
}

/// Transactions that are committed together.
#[derive(Debug, Default)]
struct Group {
    /// The connection. One on which a transaction was cut off is not used again.
    place: Place,
    /// Whether there will be no more transactions.
    is_closed: bool,
    /// Whether a transaction was begun that is neither committed nor given up.
    is_open: bool,
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
    pub(super) fn new(path: PathBuf, place: Place, patience: Duration) -> Self {
        let group = Group { place, ..Group::default() };
        Self { path: Arc::new(path), group: Arc::new(Mutex::new(group)), patience }
    }

    /// Waits for its turn and begins.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when that takes too long.
    pub(super) async fn begin(&self) -> Result<Part, StoreError> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.group).lock_owned()).await;
        let group = turn.map_err(|late| StoreError::Unavailable(Box::new(late)))?;
        let mut part = Part { group: Some(group), follows: false };
        part.open(&self.path).await?;
        Ok(part)
    }

    /// Commits what waits for it and closes the connection.
    pub(super) async fn close(&self) {
        let mut group = self.group.lock().await;
        group.commit().await;
        group.is_closed = true;
        let place = group.place.take();
        // Whether the closing came to its end or not, there is nothing more to do.
        let _ = spawn_blocking(move || drop(place)).await;
    }
}

impl Group {
    /// Whether what was begun is still there: a full disk can end it behind our back.
    fn holds(&self) -> bool {
        self.is_open && self.place.as_ref().is_some_and(Connection::is_in_transaction)
    }

    /// Begins a transaction: at once where no other process writes, else after a while on a thread that may wait.
    async fn begin(&mut self) -> Result<(), StoreError> {
        match self.place.as_ref().ok_or_else(undone)?.begin(false) {
            Err(cause) if is_locked(&cause) => {}
            outcome => return outcome.map_err(meaning),
        }
        let patiently = |connection: &Connection| {
            let mut attempt = 1;
            loop {
                match connection.begin(true) {
                    Err(cause) if attempt < ATTEMPTS && is_locked(&cause) => attempt += 1,
                    outcome => return outcome,
                }
            }
        };
        elsewhere(&mut self.place, patiently).await
    }

    /// Undoes what was given up. If that is not possible nothing of the group can be kept.
    fn clean(&mut self) -> Result<(), StoreError> {
        if self.is_open && !self.holds() {
            self.cut_off();
            return Err(undone());
        }
        if self.is_open
            && self.undo
            && let Err(cause) = self.run("ROLLBACK TO part").and_then(|()| self.run("RELEASE part"))
        {
            self.cut_off();
            return Err(cause);
        }
        self.undo = false;
        Ok(())
    }

    fn run(&self, statement: &'static str) -> Result<(), StoreError> {
        self.place.as_ref().ok_or_else(undone)?.say(statement).map_err(meaning)
    }

    /// Gives up everything, and the connection with it, which rolls back what there is.
    fn cut_off(&mut self) {
        self.place = None;
        self.is_open = false;
        self.undo = false;
    }

    /// Makes durable what is done, and tells those who wait.
    async fn commit(&mut self) {
        if self.done.is_empty() {
            return;
        }
        let outcome = match self.clean() {
            Ok(()) if self.is_open => elsewhere(&mut self.place, |connection| connection.say("COMMIT")).await,
            Ok(()) => Err(undone()),
            Err(cause) => Err(cause),
        };
        self.is_open = false;
        if outcome.is_err() {
            self.cut_off();
        }
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

fn undone() -> StoreError {
    StoreError::Unavailable("the transaction was undone".into())
}

impl Part {
    fn group(&mut self) -> &mut Group {
        self.group.as_mut().expect("a transaction has its turn until it is committed")
    }

    /// The connection, inside the transaction.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database has undone it.
    pub(super) fn place(&mut self) -> Result<&mut Place, StoreError> {
        let group = self.group();
        if group.holds() { Ok(&mut group.place) } else { Err(undone()) }
    }

    async fn open(&mut self, path: &Path) -> Result<(), StoreError> {
        let group = self.group();
        if group.is_closed {
            return Err(StoreError::Unavailable("the database is closed".into()));
        }
        if let Err(cause) = group.clean() {
            group.tell(Err(cause));
        }
        if group.is_open {
            // Before the savepoint: whoever stops waiting for it may have it already.
            self.follows = true;
            return self.group().run("SAVEPOINT part");
        }
        if group.place.is_none() {
            group.place = Some(open(path, Use::Writing).await?);
        }
        group.begin().await?;
        group.is_open = true;
        Ok(())
    }

    /// Ends it; returns once it is durable.
    ///
    /// # Errors
    /// [`StoreError`] when it, or those that were to be made durable together with it, could not be.
    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if !self.group().holds() {
            return Err(undone());
        }
        if self.follows {
            self.group().run("RELEASE part")?;
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
            return;
        }
        if !group.is_open {
            return;
        }
        // When this was given up while it took its turn, others may be done in it.
        group.undo = false;
        if group.holds() && group.run("ROLLBACK").is_ok() {
            group.is_open = false;
        } else {
            group.cut_off();
        }
        group.tell(Err(StoreError::Unavailable("the transaction was given up".into())));
    }
}

#[cfg(test)]
mod tests;
