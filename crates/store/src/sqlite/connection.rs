//! A connection to the file. Statements run where they are called: one that finds its row by an index is done in less time
//! than handing it to another thread takes. One that only reads and takes long is given up there and run again on a thread
//! that may wait, so that nobody is held up by it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
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
/// About how many instructions of its machine a statement may take where it is called: some hundred microseconds.
const BRIEF: i32 = 10_000;

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
    /// Whether what takes long is given up.
    brief: Arc<AtomicBool>,
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
        let brief = Arc::new(AtomicBool::new(false));
        let gives_up = Arc::clone(&brief);
        inner.progress_handler(BRIEF, Some(move || gives_up.load(Ordering::Relaxed)))?;
        Ok(Self { inner, brief })
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

    /// The rows of a query; `None` when it was given up.
    fn query(
        &self,
        text: &str,
        args: &[Arg],
        wanted: Wanted,
        brief: bool,
    ) -> Result<Option<Vec<Values>>, Error> {
        let mut statement = self.bound(text, args)?;
        let columns = statement.column_count();
        // What writes and is given up half-way takes its transaction along.
        self.brief.store(brief && statement.readonly(), Ordering::Relaxed);
        let mut found = Vec::new();
        let mut rows = statement.raw_query();
        loop {
            match rows.next() {
                Ok(Some(row)) => {
                    let values = (0..columns).map(|index| row.get_ref(index).map(owned));
                    found.push(values.collect::<Result<_, _>>()?);
                    if wanted == Wanted::One {
                        break;
                    }
                }
                Ok(None) => break,
                Err(error) if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Some(found))
    }

    /// Runs a statement and says how many rows it changed.
    fn execute(&self, text: &str, args: &[Arg]) -> Result<u64, Error> {
        let mut statement = self.bound(text, args)?;
        self.brief.store(false, Ordering::Relaxed);
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
