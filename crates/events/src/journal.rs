//! Events of reads (downloads, upgrades, validations) on their way into the log: gathered from every request, written by one
//! task, so that none costs a transaction of its own.

use keyway_base::Timestamp;
use keyway_domain::event::{Download, Event, Origin, Validated};
use keyway_jsonapi::Record;
use keyway_store::{Db, StoreError};

use crate::behind::{Behind, NotWritten, Note, Told, log};

/// The way of such events into the log.
#[derive(Debug)]
pub struct Journal(Behind<Noted>);

#[derive(Debug)]
enum Noted {
    /// A download; nobody waits for it.
    Download { download: Download, engine: &'static str, origin: Origin, at: Timestamp },
    /// A validation; nobody waits for it.
    Validated { validated: Validated, origin: Origin, at: Timestamp },
    /// An entry as it is written.
    Entry(Box<Record>),
}

impl Note for Noted {
    const WHAT: &'static str = "events";

    async fn write(db: &Db, notes: &[Self]) -> Result<(), StoreError> {
        let entries: Vec<Record> = notes.iter().flat_map(Self::entries).collect();
        log(db, &entries, Told::Endpoints).await
    }
}

impl Noted {
    /// Those of one moment are kept in order by their ids.
    fn entries(&self) -> Vec<Record> {
        match self {
            Self::Download { download, engine, origin, at } => {
                download.events(Some(engine)).iter().map(|event| event.entry(origin, *at)).collect()
            }
            Self::Validated { validated, origin, at } => vec![validated.event().entry(origin, *at)],
            Self::Entry(entry) => vec![Record::clone(entry)],
        }
    }
}

impl Journal {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub fn start(db: Db) -> Self {
        Self(Behind::start(db))
    }

    /// Notes a download that is served whatever becomes of the note: within a second it is written. When more
    /// come than can be written, it is lost, and the log of the server says so.
    pub fn note(&self, download: Download, engine: &'static str, origin: Origin, at: Timestamp) {
        self.0.put(Noted::Download { download, engine, origin, at });
    }

    /// The same of a validation, of which no webhook endpoint is to be told.
    pub fn note_validated(&self, validated: Validated, origin: Origin, at: Timestamp) {
        self.0.put(Noted::Validated { validated, origin, at });
    }

    /// The same of any event.
    pub fn note_event(&self, event: &Event, origin: &Origin, at: Timestamp) {
        self.0.put(Noted::Entry(Box::new(event.entry(origin, at))));
    }

    /// Writes events down and waits for that.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn record(&self, events: &[Event], origin: &Origin, at: Timestamp) -> Result<(), NotWritten> {
        let entries = events.iter().map(|event| Noted::Entry(Box::new(event.entry(origin, at))));
        self.0.write(entries).await
    }

    /// Waits until everything noted so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.0.flush().await
    }
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
