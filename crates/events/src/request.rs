//! Requests on their way into the log (`licensing.md` §14): they are masked and written after they were answered.

use keyway_domain::request::Answered;
use keyway_jsonapi::Record;
use keyway_store::{Db, StoreError};

use crate::behind::{Behind, NotWritten, Note, Told, log};

/// The way of requests into the log.
#[derive(Debug)]
pub struct Requests(Behind<Answered>);

impl Note for Answered {
    const WHAT: &'static str = "requests";

    async fn write(db: &Db, notes: &[Self]) -> Result<(), StoreError> {
        let entries: Vec<Record> = notes.iter().map(Self::entry).collect();
        log(db, &entries, Told::Nobody).await
    }
    fn bytes(&self) -> usize {
        self.held()
    }
}

impl Requests {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub fn start(db: Db) -> Self {
        Self(Behind::start(db))
    }

    /// Notes a request that was answered: within a second it is written. `false` when it is lost, since more come
    /// than can be written; the log of the server says so, too.
    pub fn note(&self, request: Answered) -> bool {
        self.0.put(request)
    }

    /// Waits until everything noted so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.0.flush().await
    }
}
