//! The embedded database: how its file is opened, and what its errors mean.

mod connection;
mod readers;
mod writer;

use std::path::Path;
use std::time::Duration;

use rusqlite::Error;

use crate::StoreError;
use crate::location::Location;
use crate::session::Session;
use crate::statement::Statement;

use connection::{Connection, Place, Use};
pub(crate) use connection::{Values, Wanted};
use readers::{Reader, Readers};
use writer::{Part, Writer};

/// How long a statement waits for another process's lock, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// One connection that writes, some that read.
#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    readers: Readers,
    writer: Writer,
}

/// How a connection to the file is held.
pub(crate) enum Held {
    /// Every statement is a transaction of its own, or all are inside a snapshot.
    Reader(Reader),
    /// Inside a transaction that writes, which is rolled back unless it is committed.
    Part(Part),
}

impl SqlitePools {
    /// Opens or makes the file. Readers connect when they are first needed.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file cannot be made, opened or read as a database.
    pub(crate) async fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        let failed = |cause: StoreError| StoreError::Open {
            location: Location::File(path.to_owned()),
            source: Box::new(cause),
        };
        let writing = open_writer(path).await.map_err(failed)?;
        let writer = Writer::new(path.to_owned(), Some(writing), PATIENCE * 2);
        Ok(Self { readers: Readers::new(path.to_owned(), readers.max(1), PATIENCE * 2), writer })
    }

    /// A connection for single statements that read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        Ok(Held::Reader(self.readers.take().await?).into())
    }

    /// A transaction that reads one snapshot, taken by its first statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn snapshot(&self) -> Result<Session, StoreError> {
        Ok(Held::Reader(self.readers.snapshot().await?).into())
    }

    /// The transaction that writes. It holds the write lock from the start, so it never fails half-way
    /// because of another writer.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the lock cannot be had in time.
    pub(crate) async fn transaction(&self) -> Result<Session, StoreError> {
        Ok(Held::Part(self.writer.begin().await?).into())
    }

    /// Closes every connection; the last one moves the write-ahead log into the file.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

impl Held {
    fn place(&mut self) -> Result<&mut Place, StoreError> {
        match self {
            Self::Reader(reader) => Ok(reader.place()),
            Self::Part(part) => part.place(),
        }
    }

    /// The rows of a query.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn query(
        &mut self,
        statement: Statement,
        wanted: Wanted,
    ) -> Result<Vec<Values>, StoreError> {
        connection::query(self.place()?, statement, wanted).await
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        connection::execute(self.place()?, statement)
    }

    /// Runs several statements without parameters.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        connection::elsewhere(self.place()?, |connection| connection.script(text)).await
    }

    /// Ends the transaction; returns once it is durable.
    ///
    /// # Errors
    /// [`StoreError`] when it could not be.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            // what reads leaves nothing behind
            Self::Reader(_) => Ok(()),
            Self::Part(part) => part.commit().await,
        }
    }
}

/// Connects the writer. Changing a new file to WAL mode does not wait for others who do the same, so the waiting
/// is done here.
async fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    let path = path.to_owned();
    let opening = move || {
        let mut pause = Duration::from_millis(5);
        loop {
            match Connection::open(&path, Use::Writing) {
                Err(cause) if is_locked(&cause) && pause < PATIENCE => std::thread::sleep(pause),
                outcome => return outcome,
            }
            pause *= 2;
        }
    };
    let opened = tokio::task::spawn_blocking(opening).await;
    opened.map_err(|error| StoreError::Unavailable(Box::new(error)))?.map_err(meaning)
}

/// Whether another process holds a lock that we need (`SQLITE_BUSY`, `SQLITE_LOCKED`).
fn is_locked(cause: &Error) -> bool {
    matches!(cause, Error::SqliteFailure(failure, _) if matches!(failure.extended_code & 0xff, 5 | 6))
}

/// What an error of the embedded database means to callers.
fn meaning(cause: Error) -> StoreError {
    /// `SQLITE_IOERR_SHMSIZE`: no room to grow the index of the write-ahead log.
    const NO_ROOM_FOR_INDEX: i32 = 4874;
    let extended = match &cause {
        Error::SqliteFailure(failure, _) => failure.extended_code,
        // What is wrong with a statement, found before the database is asked.
        _ => return StoreError::Statement { what: cause.to_string() },
    };
    match extended & 0xff {
        13 => StoreError::Full,
        _ if extended == NO_ROOM_FOR_INDEX => StoreError::Full,
        // Errors of SQL, constraints, types and sizes: ours, not the database's.
        1 | 18 | 19 | 20 | 21 | 25 => StoreError::Statement { what: cause.to_string() },
        _ => StoreError::Unavailable(Box::new(cause)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arg::Arg;
    use crate::statement::Statement;

    async fn pools() -> (tempfile::TempDir, SqlitePools) {
        let directory = tempfile::tempdir().unwrap();
        let pools = SqlitePools::open(&directory.path().join("keyway.db"), 1).await.unwrap();
        let mut session = pools.transaction().await.unwrap();
        session.script("CREATE TABLE notes (text TEXT) STRICT").await.unwrap();
        session.commit().await.unwrap();
        (directory, pools)
    }

    async fn pragma(session: &mut Session, text: &'static str) -> String {
        let rows = session.rows(Statement::fixed(text, Vec::new())).await.unwrap();
        let row = rows.first().unwrap();
        row.text(0).or_else(|| row.int(0).map(|int| int.to_string())).unwrap()
    }

    #[tokio::test]
    async fn every_connection_has_our_settings() {
        let (_directory, pools) = pools().await;
        let mut writer = pools.transaction().await.unwrap();
        let mut reader = pools.reader().await.unwrap();
        for session in [&mut writer, &mut reader] {
            assert_eq!(pragma(session, "PRAGMA journal_mode").await, "wal");
            assert_eq!(pragma(session, "PRAGMA synchronous").await, "2", "FULL");
            assert_eq!(pragma(session, "PRAGMA foreign_keys").await, "0");
            assert_eq!(pragma(session, "PRAGMA busy_timeout").await, "5000");
        }
        assert_eq!(pragma(&mut reader, "PRAGMA query_only").await, "1");
        assert_eq!(pragma(&mut writer, "PRAGMA query_only").await, "0");
    }

    async fn write(pools: &SqlitePools, length: usize) -> Result<(), StoreError> {
        let mut session = pools.transaction().await?;
        let text = Arg::text("x".repeat(length));
        session.execute(Statement::fixed("INSERT INTO notes (text) VALUES ($1)", vec![text])).await?;
        session.commit().await
    }

    #[tokio::test]
    async fn a_full_disk_is_an_error_of_its_own_and_passes_when_room_is_made() {
        let (_directory, pools) = pools().await;
        for _ in 0..3 {
            let mut session = pools.transaction().await.unwrap();
            session.script("PRAGMA max_page_count = 3").await.unwrap();
            session.commit().await.unwrap();
            let error = write(&pools, 100_000).await.unwrap_err();
            assert!(matches!(error, StoreError::Full), "{error:?}");
            let mut reader = pools.reader().await.unwrap();
            assert_eq!(pragma(&mut reader, "SELECT count(*) FROM notes").await, "0", "reads are served");
        }
        // The limit went with the connection on which a transaction had been cut off.
        write(&pools, 100_000).await.unwrap();
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let (_directory, pools) = pools().await;
        let mut reader = pools.reader().await.unwrap();
        let attempt = reader.execute(Statement::fixed("DELETE FROM notes", Vec::new())).await;
        assert!(attempt.is_err());
    }
}
