//! Events of reads (downloads, upgrades) on their way into the log: gathered from every request, written by one
//! task, so that none costs a transaction of its own.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{iter, mem};

use keyway_base::Timestamp;
use keyway_domain::event::{Download, Event, Origin};
use keyway_jsonapi::Record;
use keyway_store::{Changes, Db, StoreError};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use crate::teller::announce;

/// How many may wait to be written.
const ROOM: usize = 64 * 1024;
/// How many entries one transaction has at most.
const BATCH: usize = 1_000;
/// How long those that nobody waits for are gathered.
const PAUSE: Duration = Duration::from_secs(1);

/// Events that could not be written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event log cannot be written")]
pub struct NotWritten;

/// The way of such events into the log.
#[derive(Debug)]
pub struct Journal {
    desk: Arc<Desk>,
    lost: AtomicU64,
}

/// Where requests leave what is to be written, and the writer takes it from.
#[derive(Debug, Default)]
struct Desk {
    pile: Mutex<Pile>,
    /// There is something after there was nothing, or no reason to gather more.
    news: Notify,
}

/// What is to be written, oldest first.
#[derive(Debug, Default)]
struct Pile {
    noted: Vec<Noted>,
    /// Who waits for it.
    waiting: Vec<oneshot::Sender<()>>,
    /// There will be no more.
    closed: bool,
}

#[derive(Debug)]
enum Noted {
    /// A download; nobody waits for it.
    Download { download: Download, engine: &'static str, origin: Origin, at: Timestamp },
    /// An entry as it is written.
    Entry(Box<Record>),
}

impl Journal {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub fn start(db: Db) -> Self {
        let desk = Arc::<Desk>::default();
        tokio::spawn(Writer { db, desk: Arc::clone(&desk), pile: Pile::default() }.run());
        Self { desk, lost: AtomicU64::new(0) }
    }

    /// Notes a download that is served whatever becomes of the note: within a second it is written. When more
    /// come than can be written, it is lost, and the log of the server says so.
    pub fn note(&self, download: Download, engine: &'static str, origin: Origin, at: Timestamp) {
        self.put(Noted::Download { download, engine, origin, at });
    }

    /// The same of any event.
    pub fn note_event(&self, event: &Event, origin: &Origin, at: Timestamp) {
        self.put(Noted::Entry(Box::new(event.entry(origin, at))));
    }

    fn put(&self, note: Noted) {
        let noted = {
            let mut pile = self.desk.pile();
            let room = pile.noted.len() < ROOM;
            if room {
                pile.noted.push(note);
            }
            room.then_some(pile.noted.len())
        };
        match noted {
            // One in between wakes nobody: most of a note's price would be that.
            Some(1 | BATCH) => self.desk.news.notify_one(),
            Some(_) => {}
            None => self.lose(),
        }
    }

    fn lose(&self) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        if lost.is_power_of_two() {
            tracing::warn!(
                lost,
                "downloads and upgrades are missing from the event log: it cannot be written fast enough"
            );
        }
    }

    /// Writes events down and waits for that.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn record(&self, events: &[Event], origin: &Origin, at: Timestamp) -> Result<(), NotWritten> {
        let entries = events.iter().map(|event| Noted::Entry(Box::new(event.entry(origin, at))));
        self.write(entries).await
    }

    /// Waits until everything noted so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.write(iter::empty()).await
    }

    async fn write(&self, entries: impl Iterator<Item = Noted>) -> Result<(), NotWritten> {
        let (written, done) = oneshot::channel();
        {
            let mut pile = self.desk.pile();
            pile.noted.extend(entries);
            pile.waiting.push(written);
        }
        self.desk.news.notify_one();
        done.await.map_err(|_| NotWritten)
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.desk.pile().closed = true;
        self.desk.news.notify_one();
    }
}

impl Desk {
    fn pile(&self) -> MutexGuard<'_, Pile> {
        self.pile.lock().unwrap_or_else(PoisonError::into_inner)
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

impl Pile {
    fn is_empty(&self) -> bool {
        self.noted.is_empty() && self.waiting.is_empty() && !self.closed
    }
    fn is_due(&self) -> bool {
        self.closed || !self.waiting.is_empty() || self.noted.len() >= BATCH
    }
}

impl Noted {
    /// The entries of the log that it makes. Those of one moment are kept in order by their ids.
    fn entries(&self) -> Vec<Record> {
        match self {
            Self::Download { download, engine, origin, at } => {
                download.events(Some(engine)).iter().map(|event| event.entry(origin, *at)).collect()
            }
            Self::Entry(entry) => vec![Record::clone(entry)],
        }
    }
}

/// The task that writes.
struct Writer {
    db: Db,
    desk: Arc<Desk>,
    /// What was taken from the desk and is not written yet.
    pile: Pile,
}

impl Writer {
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
            outcome = write(&self.db, part).await;
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
                tracing::warn!(waiting = self.pile.noted.len(), %error, "the event log cannot be written");
                self.pile.waiting.clear();
                self.pile.noted.truncate(ROOM);
            }
        }
    }
}

async fn write(db: &Db, noted: &[Noted]) -> Result<(), StoreError> {
    let entries: Vec<Record> = noted.iter().flat_map(Noted::entries).collect();
    let mut write = db.begin().await?;
    write.insert_all(&entries).await?;
    announce(&mut write, &entries).await?;
    // no cached value depends on the log
    write.commit(Changes::none()).await
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, ArtifactId, ReleaseId};
    use keyway_domain::resources::EventLog;
    use keyway_jsonapi::{Declared, Scope};
    use keyway_store::{Options, Page};
    use tempfile::TempDir;

    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_780_315_200_000_000);

    async fn world() -> (TempDir, Db, Download) {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&Options::file(directory.path().join("keyway.db"), 1)).await.unwrap();
        let download = Download {
            account: AccountId::generate(NOW),
            environment: None,
            artifact: Some(ArtifactId::generate(NOW)),
            release: ReleaseId::generate(NOW),
        };
        (directory, db, download)
    }

    async fn logged(db: &Db, download: &Download) -> Vec<String> {
        let page = Page::all();
        let found = db.list(EventLog::RESOURCE, download.account, &Scope::All, &page).await.unwrap();
        found.iter().map(|record| record.get("event").as_text().unwrap().to_owned()).collect()
    }

    #[tokio::test]
    async fn what_is_recorded_is_in_the_log_when_the_wait_is_over() {
        let (_directory, db, download) = world().await;
        let journal = Journal::start(db.clone());
        journal.record(&download.events(None), &Origin::default(), NOW).await.unwrap();
        assert_eq!(logged(&db, &download).await, ["artifact.downloaded", "release.downloaded"]);
    }

    #[tokio::test]
    async fn notes_are_in_the_log_after_a_flush() {
        let (_directory, db, download) = world().await;
        let journal = Journal::start(db.clone());
        for _ in 0..1_500 {
            journal.note(download, "rubygems", Origin::default(), NOW);
        }
        let event = download.events(None).remove(1);
        journal.note_event(&event, &Origin::default(), NOW);
        journal.flush().await.unwrap();
        assert_eq!(logged(&db, &download).await.len(), 1_501);
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_said() {
        let (_directory, db, download) = world().await;
        let journal = Journal::start(db.clone());
        db.close().await;
        assert_eq!(journal.record(&download.events(None), &Origin::default(), NOW).await, Err(NotWritten));
    }
}
