//! Writing behind: what requests leave to be written is gathered from all of them and written by one task, so that
//! none of it costs a transaction of its own, and no request waits for it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, iter, mem};

use keyway_jsonapi::Record;
use keyway_store::{Changes, Db, StoreError};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::teller::announce;

/// How many may wait to be written.
const ROOM: usize = 64 * 1024;
/// How many bytes they may hold on to meanwhile.
const BYTES: usize = 64 * 1024 * 1024;
/// How many entries one transaction has at most.
pub(crate) const BATCH: usize = 1_000;
/// How long those that nobody waits for are gathered.
const PAUSE: Duration = Duration::from_secs(1);

/// What could not be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the log cannot be written")]
pub struct NotWritten;

/// Something to be written down.
pub(crate) trait Note: fmt::Debug + Sized + Send + Sync + 'static {
    /// What such notes are, for those who read that some are missing.
    const WHAT: &'static str;
    /// Writes at most [`BATCH`] of them, in order.
    fn write(db: &Db, notes: &[Self]) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// How many bytes it holds on to beside its own size.
    fn bytes(&self) -> usize {
        0
    }
    /// It will not be written.
    fn lost(&self) {}
}

/// The way of such notes into the database.
#[derive(Debug)]
pub(crate) struct Behind<N: Note>(Arc<Desk<N>>);

/// Where requests leave what is to be written, and the writer takes it from.
#[derive(Debug)]
struct Desk<N> {
    pile: Mutex<Pile<N>>,
    /// There is something after there was nothing, or no reason to gather more.
    news: Notify,
    /// How many there was no room for.
    lost: AtomicU64,
}

/// What is to be written, oldest first.
#[derive(Debug)]
struct Pile<N> {
    noted: Vec<N>,
    bytes: usize,
    /// Who waits for it.
    waiting: Vec<oneshot::Sender<()>>,
    /// There will be no more.
    closed: bool,
}

impl<N> Default for Pile<N> {
    fn default() -> Self {
        Self { noted: Vec::new(), bytes: 0, waiting: Vec::new(), closed: false }
    }
}

impl<N: Note> Behind<N> {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub(crate) fn start(db: Db) -> Self {
        let desk = Arc::new(Desk { pile: Mutex::default(), news: Notify::new(), lost: AtomicU64::new(0) });
        tokio::spawn(Writer { db, desk: Arc::clone(&desk), pile: Pile::default() }.run());
        Self(desk)
    }

    /// Leaves something that nobody waits for: within a second it is written. When more comes than can be written,
    /// it is lost: the log of the server says so, and `false` is given back.
    pub(crate) fn put(&self, note: N) -> bool {
        let bytes = note.bytes();
        let noted = {
            let mut pile = self.0.pile();
            let room = pile.noted.len() < ROOM && pile.bytes.saturating_add(bytes) <= BYTES;
            if room {
                pile.noted.push(note);
                pile.bytes += bytes;
            }
            room.then_some(pile.noted.len())
        };
        match noted {
            // One in between wakes nobody: most of a note's price would be that.
            Some(1 | BATCH) => self.0.news.notify_one(),
            Some(_) => {}
            None => self.0.lose(1),
        }
        noted.is_some()
    }

    /// Writes these and waits for that.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take them.
    pub(crate) async fn write(&self, notes: impl Iterator<Item = N>) -> Result<(), NotWritten> {
        let (written, done) = oneshot::channel();
        {
            let mut pile = self.0.pile();
            pile.noted.extend(notes);
            pile.waiting.push(written);
        }
        self.0.news.notify_one();
        done.await.map_err(|_| NotWritten)
    }

    /// Waits until everything left so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub(crate) async fn flush(&self) -> Result<(), NotWritten> {
        self.write(iter::empty()).await
    }
}

impl<N: Note> Drop for Behind<N> {
    fn drop(&mut self) {
        self.0.pile().closed = true;
        self.0.news.notify_one();
    }
}

impl<N> Desk<N> {
    fn pile(&self) -> MutexGuard<'_, Pile<N>> {
        self.pile.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what is lost, and says so now and then.
    fn lose(&self, count: usize)
    where
        N: Note,
    {
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let before = self.lost.fetch_add(count, Ordering::Relaxed);
        let lost = before.saturating_add(count);
        if before.checked_ilog2() != lost.checked_ilog2() {
            tracing::warn!(lost, "{} are missing: they cannot be written fast enough", N::WHAT);
        }
    }

    /// Waits until there is something, unless there is already, and then until there is a reason to gather no
    /// more.
    async fn due(&self, already: bool) {
        while !already && self.pile().is_empty() {
            self.news.notified().await;
        }
        let full = async {
            while !self.pile().is_due() {
                self.news.notified().await;
            }
        };
        // That the time is over is as good a reason.
        let _ = timeout(PAUSE, full).await;
    }
}

impl<N> Pile<N> {
    fn is_empty(&self) -> bool {
        self.noted.is_empty() && self.waiting.is_empty() && !self.closed
    }
    fn is_due(&self) -> bool {
        self.closed || !self.waiting.is_empty() || self.noted.len() >= BATCH
    }
}

/// The task that writes.
struct Writer<N> {
    db: Db,
    desk: Arc<Desk<N>>,
    /// What was taken from the desk and is not written yet.
    pile: Pile<N>,
}

impl<N: Note> Writer<N> {
    async fn run(mut self) {
        while !self.pile.closed {
            self.desk.due(!self.pile.noted.is_empty()).await;
            self.take();
            self.settle().await;
        }
    }

    fn take(&mut self) {
        let mut taken = mem::take(&mut *self.desk.pile());
        self.pile.noted.append(&mut taken.noted);
        self.pile.waiting.append(&mut taken.waiting);
        self.pile.closed = taken.closed;
    }

    /// Writes what was taken. What could not be written and nobody waits for is tried again with the next;
    /// those who wait are told by their channel's end.
    async fn settle(&mut self) {
        let (mut written, mut outcome) = (0, Ok(()));
        for part in self.pile.noted.chunks(BATCH) {
            outcome = N::write(&self.db, part).await;
            if outcome.is_err() {
                break;
            }
            written += part.len();
        }
        self.pile.noted.drain(..written);
        match outcome {
            Ok(()) => {
                for waiting in self.pile.waiting.drain(..) {
                    // one that waits no longer has hung up
                    let _ = waiting.send(());
                }
            }
            Err(error) => {
                tracing::warn!(waiting = self.pile.noted.len(), %error, "{} cannot be written down", N::WHAT);
                let mut bytes = 0_usize;
                let fits = self.pile.noted.iter().take(ROOM).take_while(|note| {
                    bytes = bytes.saturating_add(note.bytes());
                    bytes <= BYTES
                });
                let (fits, all) = (fits.count(), self.pile.noted.len());
                self.pile.noted.drain(fits..).for_each(|note| note.lost());
                self.desk.lose(all - fits);
                self.pile.waiting.clear();
            }
        }
    }
}

/// Writes entries of a log.
pub(crate) async fn log(db: &Db, entries: &[Record], told: Told) -> Result<(), StoreError> {
    let mut write = db.begin().await?;
    write.insert_all(entries).await?;
    if told == Told::Endpoints {
        announce(&mut write, entries, None).await?;
    }
    // no cached value depends on a log
    write.commit(Changes::none()).await
}

/// Who is told of entries of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// Webhook endpoints that listen: they are events.
    Endpoints,
    /// Nobody.
    Nobody,
}

#[cfg(test)]
mod tests {
    use keyway_store::Options;

    use super::*;

    #[derive(Debug)]
    struct Heavy(usize);

    impl Note for Heavy {
        const WHAT: &'static str = "heavy things";
        async fn write(db: &Db, _: &[Self]) -> Result<(), StoreError> {
            log(db, &[], Told::Nobody).await
        }
        fn bytes(&self) -> usize {
            self.0
        }
    }

    async fn db(directory: &tempfile::TempDir) -> Db {
        Db::open(&Options::file(directory.path().join("keyway.db"), 1)).await.unwrap()
    }

    #[tokio::test]
    async fn what_there_is_no_room_for_is_lost_and_counted() {
        let directory = tempfile::tempdir().unwrap();
        let behind = Behind::start(db(&directory).await);
        assert!(behind.put(Heavy(BYTES / 2)) && behind.put(Heavy(BYTES / 2)));
        assert!(!behind.put(Heavy(1)));
        assert!(behind.put(Heavy(0)));
        assert_eq!(behind.0.lost.load(Ordering::Relaxed), 1);
        behind.flush().await.unwrap();
        assert!(behind.put(Heavy(BYTES)), "there is room again");
        let many = (0..=ROOM).filter(|_| behind.put(Heavy(0))).count();
        assert_eq!(many, ROOM - 1);
    }

    #[tokio::test]
    async fn no_more_is_held_for_a_database_that_is_gone_than_there_is_room_for() {
        let directory = tempfile::tempdir().unwrap();
        let db = db(&directory).await;
        let behind = Behind::start(db.clone());
        db.close().await;
        for lost in 0..4 {
            assert!(behind.put(Heavy(BYTES)));
            assert_eq!(behind.flush().await, Err(NotWritten));
            assert_eq!(behind.0.lost.load(Ordering::Relaxed), lost);
        }
    }
}
