//! Events of reads (downloads, upgrades) on their way into the log: gathered from every request, written by one
//! task, so that none costs a transaction of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyway_base::Timestamp;
use keyway_domain::event::{Download, Event, Origin};
use keyway_jsonapi::Record;
use keyway_store::{Changes, Db, StoreError};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::keep;

/// How many may wait to be written.
const ROOM: usize = 16 * 1024;
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
    sender: mpsc::Sender<Noted>,
    lost: Arc<AtomicU64>,
}

/// What is to be written.
#[derive(Debug)]
enum Noted {
    /// A download; nobody waits for it.
    Download { download: Download, engine: &'static str, origin: Origin, at: Timestamp },
    /// These entries, and who waits for them.
    Entries { entries: Vec<Record>, written: oneshot::Sender<()> },
}

impl Journal {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub fn start(db: Db) -> Self {
        let (sender, receiver) = mpsc::channel(ROOM);
        tokio::spawn(Writer { db, receiver, held: Vec::new(), waiting: Vec::new() }.run());
        Self { sender, lost: Arc::default() }
    }

    /// Notes a download that is served whatever becomes of the note: within a second it is written. When more
    /// come than can be written, it is lost, and the log of the server says so.
    pub fn note(&self, download: Download, engine: &'static str, origin: Origin, at: Timestamp) {
        if self.sender.try_send(Noted::Download { download, engine, origin, at }).is_err() {
            let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
            if lost.is_power_of_two() {
                tracing::warn!(
                    lost,
                    "downloads are missing from the event log: it cannot be written fast enough"
                );
            }
        }
    }

    /// Writes events down and waits for that.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn record(&self, events: &[Event], origin: &Origin, at: Timestamp) -> Result<(), NotWritten> {
        self.write(entries(events, origin, at)).await
    }

    /// Waits until everything noted so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.write(Vec::new()).await
    }

    async fn write(&self, entries: Vec<Record>) -> Result<(), NotWritten> {
        let (written, done) = oneshot::channel();
        self.sender.send(Noted::Entries { entries, written }).await.map_err(|_| NotWritten)?;
        done.await.map_err(|_| NotWritten)
    }
}

fn entries(events: &[Event], origin: &Origin, at: Timestamp) -> Vec<Record> {
    // of one moment: their ids keep them in order
    events.iter().map(|event| event.entry(origin, at)).collect()
}

/// The task that writes.
struct Writer {
    db: Db,
    receiver: mpsc::Receiver<Noted>,
    /// What is to be written, oldest first.
    held: Vec<Record>,
    /// Who waits for what is held.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Writer {
    async fn run(mut self) {
        while self.gather().await {
            self.settle().await;
        }
        self.settle().await;
    }

    /// Takes in what is to be written next; `false` when there will be no more.
    async fn gather(&mut self) -> bool {
        if self.held.is_empty() {
            match self.receiver.recv().await {
                Some(noted) => self.hold(noted),
                None => return false,
            }
        }
        let more = timeout(PAUSE, async {
            while self.waiting.is_empty() && self.held.len() < BATCH {
                match self.receiver.recv().await {
                    Some(noted) => self.hold(noted),
                    None => return false,
                }
            }
            true
        });
        let open = more.await.unwrap_or(true);
        while self.held.len() < BATCH
            && let Ok(noted) = self.receiver.try_recv()
        {
            self.hold(noted);
        }
        open
    }

    fn hold(&mut self, noted: Noted) {
        match noted {
            Noted::Download { download, engine, origin, at } => {
                self.held.extend(entries(&download.events(Some(engine)), &origin, at));
            }
            Noted::Entries { entries, written } => {
                self.held.extend(entries);
                self.waiting.push(written);
            }
        }
    }

    /// Writes what is held. What could not be written and nobody waits for is tried again with the next; those
    /// who wait are told by their channel's end.
    async fn settle(&mut self) {
        match write(&self.db, &self.held).await {
            Ok(()) => {
                self.held.clear();
                for waiting in self.waiting.drain(..) {
                    // one that waits no longer has hung up
                    let _ = waiting.send(());
                }
            }
            Err(error) => {
                tracing::warn!(entries = self.held.len(), %error, "the event log cannot be written");
                self.waiting.clear();
                self.held.truncate(ROOM);
                sleep(PAUSE).await;
            }
        }
    }
}

async fn write(db: &Db, entries: &[Record]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut write = db.begin().await?;
    for entry in entries {
        keep(&mut write, entry).await?;
    }
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
            artifact: ArtifactId::generate(NOW),
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
        journal.flush().await.unwrap();
        assert_eq!(logged(&db, &download).await.len(), 1_500);
    }

    #[tokio::test]
    async fn a_database_that_is_gone_is_said() {
        let (_directory, db, download) = world().await;
        let journal = Journal::start(db.clone());
        db.close().await;
        assert_eq!(journal.record(&download.events(None), &Origin::default(), NOW).await, Err(NotWritten));
    }
}
