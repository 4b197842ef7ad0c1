//! A connection of any database: runs statements, one by one or inside a transaction.

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{Arguments as _, AssertSqlSafe, SqlSafeStr as _, Sqlite, Transaction};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::row::Row;
use crate::statement::Statement;

/// A connection that was taken from a pool.
pub(crate) enum Session {
    /// Every statement is a transaction of its own.
    Sqlite(PoolConnection<Sqlite>),
    /// Inside a transaction, which is rolled back unless it is committed.
    SqliteTransaction(Transaction<'static, Sqlite>),
}

impl Session {
    /// Whose SQL it speaks.
    pub(crate) const fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) | Self::SqliteTransaction(_) => Dialect::Sqlite,
        }
    }

    /// Every row of a query.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, StoreError> {
        let query = sqlite_query(statement)?;
        let rows = query.fetch_all(self.sqlite()).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    }

    /// The first row of a query, if any.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn row(&mut self, statement: Statement) -> Result<Option<Row>, StoreError> {
        let query = sqlite_query(statement)?;
        Ok(query.fetch_optional(self.sqlite()).await?.map(Row::Sqlite))
    }

    /// Runs a statement and says how many rows it changed.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn execute(&mut self, statement: Statement) -> Result<u64, StoreError> {
        let query = sqlite_query(statement)?;
        Ok(query.execute(self.sqlite()).await?.rows_affected())
    }

    /// Runs several statements without parameters, written out in the source.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer.
    pub(crate) async fn script(&mut self, text: &'static str) -> Result<(), StoreError> {
        sqlx::raw_sql(text).execute(self.sqlite()).await?;
        Ok(())
    }

    /// Ends the transaction.
    ///
    /// # Errors
    /// [`StoreError`] when the database refuses or cannot answer. Whether the transaction then took effect is
    /// not known.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::SqliteTransaction(transaction) => Ok(transaction.commit().await?),
        }
    }

    fn sqlite(&mut self) -> &mut SqliteConnection {
        match self {
            Self::Sqlite(connection) => connection,
            Self::SqliteTransaction(transaction) => transaction,
        }
    }
}

type SqliteQuery = sqlx::query::Query<'static, Sqlite, SqliteArguments>;

fn sqlite_query(statement: Statement) -> Result<SqliteQuery, StoreError> {
    let (text, args) = statement.into_parts()?;
    let mut arguments = SqliteArguments::default();
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
