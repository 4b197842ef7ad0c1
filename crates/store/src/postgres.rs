//! PostgreSQL: how it is connected to, and what its errors mean.
//!
//! Write transactions are SERIALIZABLE: what a transaction has read still holds when it commits, as it does on
//! SQLite with its one writer, or it fails with [`StoreError::Contended`] and is run again.

mod link;

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions as _, Connection as _};

use crate::location::{Location, ServerUrl};
use crate::session::Session;
use crate::statement::Statement;
use crate::{StoreError, arg::Arg};
pub(crate) use link::{Link, in_time};

/// How long a caller waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);
/// A connection that was idle for so long is tried before it is used: the server may have been restarted.
const DOUBTFUL: Duration = Duration::from_secs(2);
/// Connections for the change log: one, and one more while it is found out that the first is dead.
const TAILS: u32 = 2;
/// Idle connections are closed after this.
const IDLE: Duration = Duration::from_secs(5 * 60);
/// Statements kept ready per connection: every list of every resource with its usual filters.
const STATEMENTS: usize = 512;
/// What every connection is told. No statement, no lock and no pause inside a transaction lasts longer, so that
/// a node that hangs cannot hold the others up. Our look-ups all have an index, whatever the planner has
/// measured of tables that were empty a moment ago; a scan of a whole table would also put every concurrent
/// writer of it in each other's way.
const SETTINGS: [(&str, &str); 8] = [
    ("statement_timeout", "10s"),
    ("lock_timeout", "5s"),
    ("idle_in_transaction_session_timeout", "30s"),
    ("enable_seqscan", "off"),
    ("jit", "off"),
    // To start workers takes longer than our lists do.
    ("max_parallel_workers_per_gather", "0"),
    ("timezone", "UTC"),
    ("client_min_messages", "warning"),
];
/// Begins a transaction for a statement that is right by itself.
const STATEMENT: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Begins a transaction that reads one snapshot, taken by its first statement.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// What our connections are called.
const NAME: &str = "keyway";
/// The connections of others that are called so, while we have only one.
pub(crate) const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                                 AND application_name = 'keyway' AND pid <> pg_backend_pid()";
/// Held while the schema is changed. Any number will do.
const MIGRATION_LOCK: i64 = 0x6b65_7977_6179;

/// The connections to a server.
#[derive(Debug, Clone)]
pub(crate) struct PostgresPools {
    pool: PgPool,
    /// For the change log, which must be read on however busy the others are.
    tail: PgPool,
}

impl PostgresPools {
    /// Connects.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the server cannot be reached or refuses.
    pub(crate) async fn open(url: &ServerUrl, connections: u32) -> Result<Self, StoreError> {
        let failed = |cause: sqlx::Error| StoreError::Open {
            location: Location::Server(url.clone()),
            source: Box::new(cause),
        };
        let options = connect_options(url.options().map_err(failed)?);
        let pool = pool(connections.max(2)).connect_with(options.clone()).await.map_err(failed)?;
        Ok(Self { pool, tail: self::pool(TAILS).connect_lazy_with(options) })
    }

    /// A connection for single statements that read.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        Ok(Link::alone(self.pool.acquire().await?).into())
    }

    /// The connection that reads the change log.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it cannot be had in time.
    pub(crate) async fn tail(&self) -> Result<Session, StoreError> {
        Ok(Link::alone(self.tail.acquire().await?).into())
    }

    /// A transaction that reads one snapshot, taken by its first statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn snapshot(&self) -> Result<Session, StoreError> {
        Ok(self.begin(SNAPSHOT).await?.into())
    }

    /// The same for a snapshot that is read from for as long as it takes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn long_snapshot(&self) -> Result<Session, StoreError> {
        self.patient(SNAPSHOT).await
    }

    /// The transaction that writes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn transaction(&self) -> Result<Session, StoreError> {
        Ok(self.begin("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE").await?.into())
    }

    /// A transaction for one statement that is right by itself, whoever else is writing.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn statement(&self) -> Result<Session, StoreError> {
        Ok(self.begin(STATEMENT).await?.into())
    }

    /// A transaction in which the schema may be changed; the others wait, however long it takes.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the server cannot answer.
    pub(crate) async fn migration(&self) -> Result<Session, StoreError> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
        let mut session = self.patient(STATEMENT).await?;
        session.script("SET LOCAL enable_seqscan = on").await?;
        session.rows(Statement::fixed(LOCK, vec![Arg::int(MIGRATION_LOCK)])).await?;
        Ok(session)
    }

    /// A transaction that may take as long as it takes, but not to get a lock that others use: those who come after it
    /// would wait with it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when no connection is free in time.
    pub(crate) async fn upkeep(&self) -> Result<Session, StoreError> {
        let mut session = self.patient(STATEMENT).await?;
        session.script("SET LOCAL lock_timeout = '1s'").await?;
        Ok(session)
    }

    /// A transaction that may take as long as it takes.
    async fn patient(&self, statement: &'static str) -> Result<Session, StoreError> {
        const PATIENT: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; \
                               SET LOCAL idle_in_transaction_session_timeout = 0";
        let mut link = self.begin(statement).await?;
        link.be_patient();
        let mut session = Session::from(link);
        session.script(PATIENT).await?;
        Ok(session)
    }

    async fn begin(&self, statement: &'static str) -> Result<Link, StoreError> {
        Ok(Link::begin(self.pool.acquire().await?, statement).await?)
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        self.tail.close().await;
        self.pool.close().await;
    }
}

/// What holds for every connection.
fn connect_options(options: PgConnectOptions) -> PgConnectOptions {
    options
        .application_name(NAME)
        .statement_cache_capacity(STATEMENTS)
        .options(SETTINGS)
        .disable_statement_logging()
}

fn pool(connections: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(connections)
        .max_lifetime(None)
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .acquire_timeout(PATIENCE)
        .before_acquire(|connection, known| {
            Box::pin(async move {
                if known.idle_for > DOUBTFUL {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

/// What an error of the server means to callers.
pub(crate) fn meaning(error: &PgDatabaseError) -> fn(sqlx::Error) -> StoreError {
    match error.code() {
        // Serialization failures and deadlocks; and a unique index that refuses what was looked for and not
        // found, since another transaction was faster.
        "40001" | "40P01" | "23505" => |cause| StoreError::Contended(Box::new(cause)),
        "53100" => |_| StoreError::Full,
        // A transaction that may not write: the server is, or has become, a standby.
        "25006" => |cause| StoreError::Unavailable(Box::new(cause)),
        // Errors of SQL, constraints, types and sizes: ours, not the server's.
        code if ["0A", "21", "22", "23", "25", "42", "54"].iter().any(|class| code.starts_with(class)) => {
            |cause| StoreError::Statement { what: cause.to_string() }
        }
        _ => |cause| StoreError::Unavailable(Box::new(cause)),
    }
}
