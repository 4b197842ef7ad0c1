//! The embedded database: how its file is opened.

mod writer;

use std::path::Path;
use std::time::Duration;

use sqlx::error::DatabaseError as _;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::StoreError;
use crate::location::Location;
use crate::session::{Held, Session};

pub(crate) use writer::Part;
use writer::Writer;

/// How long a statement waits for another process's lock, and a caller for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// Statements kept ready per connection: every list of every resource with its usual filters.
const STATEMENTS: usize = 512;

/// One connection that writes, some that read.
#[derive(Debug, Clone)]
pub(crate) struct SqlitePools {
    readers: SqlitePool,
    writer: Writer,
}

impl SqlitePools {
    /// Opens or makes the file. Readers connect when they are first needed.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file cannot be made, opened or read as a database.
    pub(crate) async fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        let failed = |cause: sqlx::Error| StoreError::Open {
            location: Location::File(path.to_owned()),
            source: Box::new(cause),
        };
        let options = connect_options(path);
        let writing = options.clone().create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
        let writer = Writer::new(connect_writer(writing).await.map_err(failed)?, PATIENCE * 2);
        let reading = options.pragma("query_only", "ON");
        let readers = pool(readers.max(1)).connect_lazy_with(reading);
        Ok(Self { readers, writer })
    }

    /// A connection for single statements that read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        Ok(Held::Alone(self.readers.acquire().await?).into())
    }

    /// A transaction that reads one snapshot, taken by its first statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn snapshot(&self) -> Result<Session, StoreError> {
        Ok(Held::Snapshot(self.readers.begin().await?).into())
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

/// Connects the writer. Changing a new file to WAL mode does not wait for others who do the same, so the waiting
/// is done here.
async fn connect_writer(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    let mut pause = Duration::from_millis(5);
    loop {
        match pool(1).connect_with(options.clone()).await {
            Err(cause) if is_locked(&cause) && pause < PATIENCE => tokio::time::sleep(pause).await,
            result => return result,
        }
        pause *= 2;
    }
}

/// What holds for every connection.
///
/// `synchronous = FULL`: in WAL mode NORMAL keeps what was acknowledged through a killed process but not
/// through a power cut or a crashed kernel. A licence server that says "revoked" or "published" must still
/// mean it after the lights went out, so each commit pays its fsync; those that come together share one.
/// Foreign keys are off: deletions are written out (DESIGN §8 "no big cascades").
fn connect_options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(PATIENCE)
        .foreign_keys(false)
        .statement_cache_capacity(STATEMENTS)
        .pragma("cache_size", "-8000")
        .pragma("temp_store", "MEMORY")
        .pragma("wal_autocheckpoint", "1000")
        .pragma("trusted_schema", "OFF")
        .disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(connections)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
        .acquire_timeout(PATIENCE * 2)
        // A full disk can end a transaction behind the driver's back, which then counts one that is no more.
        .before_acquire(|connection, _| Box::pin(async move { Ok(!connection.is_in_transaction()) }))
}

/// Whether another process holds a lock that we need (`SQLITE_BUSY`, `SQLITE_LOCKED`).
fn is_locked(cause: &sqlx::Error) -> bool {
    let code = cause.as_database_error().and_then(|error| error.code()?.parse::<i32>().ok());
    code.is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

/// What an error of the embedded database means to callers.
pub(crate) fn meaning(error: &SqliteError) -> fn(sqlx::Error) -> StoreError {
    /// `SQLITE_IOERR_SHMSIZE`: no room to grow the index of the write-ahead log.
    const NO_ROOM_FOR_INDEX: i32 = 4874;
    let extended: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or(0);
    match extended & 0xff {
        13 => |_| StoreError::Full,
        _ if extended == NO_ROOM_FOR_INDEX => |_| StoreError::Full,
        // Errors of SQL, constraints, types and sizes: ours, not the database's.
        1 | 18 | 19 | 20 | 21 | 25 => |cause| StoreError::Statement { what: cause.to_string() },
        _ => |cause| StoreError::Unavailable(Box::new(cause)),
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
