//! A connection of any database: runs statements, one by one or inside a transaction.

use std::ops::DerefMut as _;

use sqlx::pool::PoolConnection;
use sqlx::{
    Arguments, AssertSqlSafe, Database, Encode, Postgres, SqlSafeStr as _, Sqlite, SqliteConnection,
    Transaction, Type,
};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::postgres::{Link, in_time};
use crate::row::Row;
use crate::sqlite::Part;
use crate::statement::Statement;

/// A connection that was taken from a pool.
pub(crate) struct Session {
    connection: Connection,
    /// Whether a statement failed: PostgreSQL then undoes the transaction, even when it is told to commit.
    failed: bool,
}

enum Connection {
    Sqlite(Held),
    Postgres(Link),
}

/// How a connection to a file is held.
pub(crate) enum Held {
    /// Every statement is a transaction of its own.
    Alone(PoolConnection<Sqlite>),
    /// Inside a snapshot.
    Snapshot(Transaction<'static, Sqlite>),
    /// Inside a transaction that writes, which is rolled back unless it is committed.
    Part(Part),
}

impl Held {
    fn connection(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Alone(connection) => connection.deref_mut(),
            Self::Snapshot(transaction) => transaction.deref_mut(),
            Self::Part(part) => part.connection(),
        }
    }
    async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Alone(_) => Ok(()),
            Self::Snapshot(transaction) => Ok(transaction.commit().await?),
            Self::Part(part) => part.commit().await,
        }
    }
}

impl From<Held> for Session {
    fn from(held: Held) -> Self {
        Self { connection: Connection::Sqlite(held), failed: false }
    }
}

impl From<Link> for Session {
    fn from(link: Link) -> Self {
        Self { connection: Connection::Postgres(link), failed: false }
    }
}

/// Runs a query in whatever database it is: `$query` is the statement as its driver wants it.
macro_rules! either {
    ($session:ident, $statement:ident: $query:ident, $connection:ident => $run:expr, $wrap:expr) => {{
        let outcome = match &mut $session.connection {
            Connection::Sqlite(held) => {
                let ($query, $connection) = (query::<Sqlite>($statement)?, held.connection());
                $run.await.map($wrap)
            }
            Connection::Postgres(link) => {
                let answer = link.answer();
                let ($query, $connection) = (query::<Postgres>($statement)?, link.connection());
                in_time(answer, $run).await.map($wrap)
            }
        };
        $session.noted(outcome)
    }};
}

impl Session {
    /// Whose SQL it speaks.
    pub(crate) const fn dialect(&self) -> Dialect {
        match self.connection {
            Connection::Sqlite(_) => Dialect::Sqlite,
            Connection::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Every row of a query.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        either!(self, statement: query, connection => query.fetch_all(connection), |rows| rows
            .into_iter()
            .map(Row::from)
            .collect())
    }

    /// The first row of a query, if any.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn row(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        either!(self, statement: query, connection => query.fetch_optional(connection), |row| row.map(Row::from))
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        either!(self, statement: query, connection => query.execute(connection), |done| done.rows_affected())
    }

    /// Runs several statements without parameters, written out in the source.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        let outcome = match &mut self.connection {
            Connection::Sqlite(held) => sqlx::raw_sql(text).execute(held.connection()).await.map(drop),
            Connection::Postgres(link) => {
                let answer = link.answer();
                in_time(answer, sqlx::raw_sql(text).execute(link.connection())).await.map(drop)
            }
        };
        self.noted(outcome)
    }

    /// Ends the transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer. Whether the transaction then took effect is
    /// not known, but with [`StoreError::Contended`] it did not.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self.connection {
            Connection::Sqlite(held) => held.commit().await,
            Connection::Postgres(_) if self.failed => Err(StoreError::Statement {
                what: "a transaction was committed after it had failed".to_owned(),
            }),
            Connection::Postgres(link) => Ok(link.commit().await?),
        }
    }

    fn noted<T>(&mut self, outcome: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        self.failed |= outcome.is_err();
        Ok(outcome?)
    }
}

type Query<D> = sqlx::query::Query<'static, D, <D as Database>::Arguments>;

/// The statement as the driver wants it.
fn query<D>(statement: Statement) -> Result<Query<D>, StoreError>
where
    D: Database,
    D::Arguments: Arguments<Database = D> + sqlx::IntoArguments<D>,
    Option<bool>: Encode<'static, D> + Type<D>,
    Option<i64>: Encode<'static, D> + Type<D>,
    f64: Encode<'static, D> + Type<D>,
    Option<String>: Encode<'static, D> + Type<D>,
    Option<Vec<u8>>: Encode<'static, D> + Type<D>,
{
    let (text, args) = statement.into_parts()?;
    let mut arguments = D::Arguments::default();
    for arg in args {
        let added = match arg {
            Arg::Bool(value) => arguments.add(value),
            Arg::Int(value) => arguments.add(value),
            Arg::Real(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
            Arg::Bytes(value) => arguments.add(value),
        };
        added.map_err(|cause| StoreError::Statement { what: cause.to_string() })?;
    }
    // Built from static text and numbered parameters only: see `Sql`.
    Ok(sqlx::query_with(AssertSqlSafe(text).into_sql_str(), arguments))
}
