//! A connection of any database: runs statements, one by one or inside a transaction.

use sqlx::{Arguments, AssertSqlSafe, Postgres, SqlSafeStr as _};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::postgres::{Link, in_time};
use crate::row::Row;
use crate::sqlite::{Held, Wanted};
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
        let outcome = match &mut self.connection {
            Connection::Sqlite(held) => held.query(statement, Wanted::All).await.map(rows),
            Connection::Postgres(link) => {
                let (answer, query) = (link.answer(), query(statement)?);
                in_time(answer, query.fetch_all(link.connection())).await.map(rows).map_err(Into::into)
            }
        };
        self.noted(outcome)
    }

    /// The first row of a query, if any.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn row(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        let outcome = match &mut self.connection {
            Connection::Sqlite(held) => {
                held.query(statement, Wanted::One).await.map(|rows| rows.into_iter().next().map(Row::from))
            }
            Connection::Postgres(link) => {
                let (answer, query) = (link.answer(), query(statement)?);
                let row = in_time(answer, query.fetch_optional(link.connection())).await;
                row.map(|row| row.map(Row::from)).map_err(Into::into)
            }
        };
        self.noted(outcome)
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let outcome = match &mut self.connection {
            Connection::Sqlite(held) => held.execute(statement),
            Connection::Postgres(link) => {
                let (answer, query) = (link.answer(), query(statement)?);
                let done = in_time(answer, query.execute(link.connection())).await;
                done.map(|done| done.rows_affected()).map_err(Into::into)
            }
        };
        self.noted(outcome)
    }

    /// Runs several statements without parameters, written out in the source.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        let outcome = match &mut self.connection {
            Connection::Sqlite(held) => held.script(text).await,
            Connection::Postgres(link) => {
                let answer = link.answer();
                let done = in_time(answer, sqlx::raw_sql(text).execute(link.connection())).await;
                done.map(drop).map_err(Into::into)
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

    fn noted<T>(&mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        self.failed |= outcome.is_err();
        outcome
    }
}

fn rows<R>(rows: Vec<R>) -> Vec<Row>
where
    Row: From<R>,
{
    rows.into_iter().map(Row::from).collect()
}

type Query = sqlx::query::Query<'static, Postgres, sqlx::postgres::PgArguments>;

/// The statement as the driver of PostgreSQL wants it.
fn query(statement: Statement) -> Result<Query, StoreError> {
    let (text, args) = statement.into_parts()?;
    let mut arguments = sqlx::postgres::PgArguments::default();
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
