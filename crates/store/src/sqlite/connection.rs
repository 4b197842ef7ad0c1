//! A connection to the file. Statements run where they are called: one that finds its row by an index is done in less time
//! than handing it to another thread takes. One that only reads and takes long is given up there and run again on a thread
//! that may wait, so that nobody is held up by it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Error, ErrorCode, OpenFlags};
use tokio::task::spawn_blocking;

use super::{PATIENCE, meaning};
use crate::StoreError;
use crate::arg::Arg;
use crate::statement::Statement;

/// Statements kept ready per connection: every list of every resource with its usual filters.
const STATEMENTS: usize = 512;
/// How often the database asks whether to go on, in instructions of its machine; it counts on from one run of a statement
/// to the next.
const ASKING: i32 = 5_000;
/// At which time of asking a statement that is to be brief is given up: after some hundred microseconds.
const BRIEF: u8 = 2;
/// What is never given up.
const PATIENT: u8 = 0;

/// What holds for every connection.
///
/// `synchronous = FULL`: in WAL mode NORMAL keeps what was acknowledged through a killed process but not
/// through a power cut or a crashed kernel. A licence server that says "revoked" or "published" must still
/// mean it after the lights went out, so each commit pays its fsync; those that come together share one.
/// Foreign keys are off: deletions are written out (DESIGN §8 "no big cascades").
const SETTINGS: &str = "PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -8000; \
    PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; PRAGMA trusted_schema = OFF;";

/// A row, as the database gave it.
pub(crate) type Values = Box<[Value]>;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// Reading only.
    Reading,
    /// Writing; the file is made where there is none.
    Writing,
}

/// One connection.
pub(super) struct Connection {
    inner: rusqlite::Connection,
    /// At which time of asking what runs now is given up.
    given_up: Arc<AtomicU8>,
}

/// How many rows of a query are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The first.
    One,
    /// Each.
    All,
}

impl Connection {
    /// Opens the file.
    pub(super) fn open(path: &Path, purpose: Use) -> Result<Self, Error> {
        let mut flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        flags.set(OpenFlags::SQLITE_OPEN_CREATE, purpose == Use::Writing);
        let mut inner = rusqlite::Connection::open_with_flags(path, flags)?;
        inner.busy_timeout(PATIENCE)?;
        inner.set_prepared_statement_cache_capacity(STATEMENTS);
        // Plans hang on no values: else statements are prepared anew for each of them.
        inner.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        if purpose == Use::Writing {
            inner.execute_batch("PRAGMA journal_mode = WAL")?;
        }
        inner.execute_batch(SETTINGS)?;
        if purpose == Use::Reading {
            inner.execute_batch("PRAGMA query_only = ON")?;
        }
        let given_up = Arc::new(AtomicU8::new(PATIENT));
        let asked = Arc::clone(&given_up);
        let gives_up = move || match asked.load(Ordering::Relaxed) {
            PATIENT => false,
            1 => true,
            more => {
                asked.store(more - 1, Ordering::Relaxed);
                false
            }
        };
        inner.progress_handler(ASKING, Some(gives_up))?;
        Ok(Self { inner, given_up })
    }

    /// Whether a transaction is open. A full disk can end one behind our back.
    pub(super) fn is_in_transaction(&self) -> bool {
        !self.inner.is_autocommit()
    }

    /// Runs a short statement without parameters, which is kept ready.
    pub(super) fn say(&self, text: &'static str) -> Result<(), Error> {
        self.execute(text, &[]).map(drop)
    }

    /// Runs statements without parameters, to their end.
    pub(super) fn script(&self, text: &str) -> Result<(), Error> {
        self.inner.execute_batch(text)
    }

    /// Begins the transaction that writes; `patient` waits for other processes that do.
    pub(super) fn begin(&self, patient: bool) -> Result<(), Error> {
        self.inner.busy_timeout(if patient { PATIENCE } else { Duration::ZERO })?;
        let begun = self.say("BEGIN IMMEDIATE");
        self.inner.busy_timeout(PATIENCE)?;
        begun
    }

    /// The rows of a query; `None` when it was given up, and when it is not brief: what writes for many rows never is.
    fn query(
        &self,
        text: &str,
        args: &[Arg],
        wanted: Wanted,
        brief: bool,
    ) -> Result<Option<Vec<Values>>, Error> {
        let mut statement = self.bound(text, args)?;
        let reads = statement.readonly();
        if brief && !reads && wanted == Wanted::All {
            return Ok(None);
        }
        // What writes and is given up half-way takes its transaction along.
        self.given_up.store(if brief && reads { BRIEF } else { PATIENT }, Ordering::Relaxed);
        let found = collect(&mut statement, wanted);
        // Whatever comes next, a script or the preparing of a statement, says itself what it is.
        self.given_up.store(PATIENT, Ordering::Relaxed);
        match found {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Runs a statement and says how many rows it changed.
    fn execute(&self, text: &str, args: &[Arg]) -> Result<u64, Error> {
        let mut statement = self.bound(text, args)?;
        let changes = !statement.readonly();
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        Ok(if changes { self.inner.changes() } else { 0 })
    }

    /// A statement with its values. One that is named `$n` has the nth, one without a name the next.
    fn bound(&self, text: &str, args: &[Arg]) -> Result<CachedStatement<'_>, Error> {
        let mut statement = self.inner.prepare_cached(text)?;
        for index in 1..=statement.parameter_count() {
            let number = statement.parameter_name(index).and_then(|name| name.get(1..)?.parse().ok());
            let missing = || Error::InvalidParameterCount(args.len(), index);
            let arg = args.get(number.unwrap_or(index).wrapping_sub(1)).ok_or_else(missing)?;
            statement.raw_bind_parameter(index, arg)?;
        }
        Ok(statement)
    }
}

fn collect(statement: &mut CachedStatement<'_>, wanted: Wanted) -> Result<Vec<Values>, Error> {
    let columns = statement.column_count();
    let mut found = Vec::new();
    let mut rows = statement.raw_query();
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|index| row.get_ref(index).map(owned));
        found.push(values.collect::<Result<_, _>>()?);
        if wanted == Wanted::One {
            break;
        }
    }
    Ok(found)
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

impl ToSql for Arg {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Bool(value) => value.map_or(ValueRef::Null, |value| ValueRef::Integer(value.into())),
            Self::Int(value) => value.map_or(ValueRef::Null, ValueRef::Integer),
            Self::Real(value) => ValueRef::Real(*value),
            Self::Text(value) => {
                value.as_deref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes()))
            }
            Self::Bytes(value) => value.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value))
    }
}

/// A value of its own. A text that is none is bytes, which no column of texts takes.
fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Blob(bytes.to_owned()),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_owned()),
    }
}

/// Where a connection is while nobody uses it. It is empty while a statement runs on another thread, and stays so when
/// nobody waits for that any more.
pub(super) type Place = Option<Connection>;

/// The rows of a query.
///
/// # Errors
/// [`StoreError`] when the database refuses or cannot answer.
pub(super) async fn query(
    place: &mut Place,
    statement: Statement,
    wanted: Wanted,
) -> Result<Vec<Values>, StoreError> {
    let (text, args) = statement.into_parts()?;
    if let Some(rows) = there(place)?.query(&text, &args, wanted, true).map_err(meaning)? {
        return Ok(rows);
    }
    let rows = elsewhere(place, move |connection| connection.query(&text, &args, wanted, false)).await?;
    rows.ok_or_else(|| StoreError::Unavailable("the query was interrupted".into()))
}

/// Runs a statement and says how many rows it changed.
///
/// # Errors
/// [`StoreError`] when the database refuses or cannot answer.
pub(super) fn execute(place: &Place, statement: Statement) -> Result<u64, StoreError> {
    let (text, args) = statement.into_parts()?;
    there(place)?.execute(&text, &args).map_err(meaning)
}

/// Does something that may take long on a thread that may wait.
///
/// # Errors
/// [`StoreError`] when the database refuses or cannot answer.
pub(super) async fn elsewhere<T: Send + 'static>(
    place: &mut Place,
    work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
) -> Result<T, StoreError> {
    let connection = place.take().ok_or_else(gone)?;
    let ended = spawn_blocking(move || (work(&connection), connection)).await;
    let (outcome, connection) = ended.map_err(|error| StoreError::Unavailable(Box::new(error)))?;
    *place = Some(connection);
    outcome.map_err(meaning)
}

/// Opens a connection on a thread that may wait.
pub(super) async fn open(path: &Path, purpose: Use) -> Result<Connection, StoreError> {
    let path = path.to_owned();
    let opened = spawn_blocking(move || Connection::open(&path, purpose)).await;
    opened.map_err(|error| StoreError::Unavailable(Box::new(error)))?.map_err(meaning)
}

fn there(place: &Place) -> Result<&Connection, StoreError> {
    place.as_ref().ok_or_else(gone)
}

fn gone() -> StoreError {
    StoreError::Unavailable("the connection is gone: a statement on it was given up".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MANY: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";

    fn filled() -> (tempfile::TempDir, Place) {
        let directory = tempfile::tempdir().unwrap();
        let connection = Connection::open(&directory.path().join("notes.db"), Use::Writing).unwrap();
        connection.script("CREATE TABLE notes (number INTEGER) STRICT").unwrap();
        connection.script(&format!("INSERT INTO notes {MANY} SELECT i FROM n")).unwrap();
        (directory, Some(connection))
    }

    fn statement(text: &'static str) -> Statement {
        Statement::fixed(text, Vec::new())
    }

    #[tokio::test]
    async fn what_takes_long_is_given_up_and_answered_all_the_same() {
        let (_directory, mut place) = filled();
        const SUM: &str = "SELECT count(*) FROM notes WHERE number % 2 = 0";
        let connection = place.as_ref().unwrap();
        assert_eq!(connection.query(SUM, &[], Wanted::One, true).unwrap(), None);
        let rows = query(&mut place, statement(SUM), Wanted::One).await.unwrap();
        assert_eq!(rows, [Box::from([Value::Integer(10_000)])]);
    }

    #[tokio::test]
    async fn what_follows_a_query_may_take_long() {
        let (_directory, mut place) = filled();
        query(&mut place, statement("SELECT number FROM notes LIMIT 1"), Wanted::All).await.unwrap();
        place.as_ref().unwrap().script("BEGIN; CREATE INDEX notes_number ON notes (number)").unwrap();
        assert_eq!(execute(&place, statement("UPDATE notes SET number = number + 1")).unwrap(), 20_000);
        let deleted = query(&mut place, statement("DELETE FROM notes RETURNING number"), Wanted::All).await;
        assert_eq!(deleted.unwrap().len(), 20_000);
        assert!(place.as_ref().unwrap().is_in_transaction());
    }

    #[tokio::test]
    async fn what_is_brief_stays_so_however_often_it_runs() {
        let (_directory, place) = filled();
        let connection = place.as_ref().unwrap();
        for _ in 0..5_000 {
            let rows = connection.query("SELECT number FROM notes WHERE rowid = 7", &[], Wanted::One, true);
            assert_eq!(rows.unwrap(), Some(vec![Box::from([Value::Integer(7)])]));
        }
    }
}
