//! The whole database as plain tables of rows: what an installation is copied by, from any engine to any other.
//!
//! Which tables there are is known from the migrations, and their columns and keys are asked of the database itself,
//! so that none can be forgotten. Nothing refers to anything by foreign key, so the order of the tables does not
//! matter. What belongs to the database rather than to the installation stays where it is: the ledger of migrations,
//! the change log (its numbers and transactions are the server's own), and the note of a move.

mod catalog;
mod cell;
mod copy;
mod moved;
mod statements;
mod walk;

use std::fmt;

use crate::db::Pools;
use crate::migrate::bring_up_to_date;
use crate::session::Session;
use crate::statement::Statement;
use crate::{Db, Options, StoreError};

pub use catalog::Table;
pub use cell::{Cells, Key};
pub use moved::{Move, Origin};
pub use walk::Walk;

pub(crate) use catalog::CellKind;
pub(crate) use cell::Cell;
pub(crate) use moved::refuse_part_way;

/// A database as tables.
#[derive(Debug, Clone)]
pub struct Tables {
    pools: Pools,
    tables: Vec<Table>,
}

/// One snapshot of all tables.
pub struct Rows(Session);

impl Tables {
    /// The tables of an open database.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn of(db: &Db) -> Result<Self, StoreError> {
        Self::in_pools(db.pools().clone()).await
    }

    /// Opens a database to copy into: brings its schema up to date, and takes one that holds a part of a copy.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened or migrated.
    pub async fn prepare(options: &Options) -> Result<Self, StoreError> {
        let pools = Pools::open(options).await?;
        bring_up_to_date(&pools).await?;
        Self::in_pools(pools).await
    }

    /// Opens a database that must be there and changes nothing; without a schema it has no tables.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened.
    pub async fn peek(options: &Options) -> Result<Self, StoreError> {
        Self::in_pools(Pools::open(options).await?).await
    }

    async fn in_pools(pools: Pools) -> Result<Self, StoreError> {
        let tables = catalog::read(&mut pools.reader().await?).await?;
        Ok(Self { pools, tables })
    }

    /// Every table that belongs to the installation, by name.
    pub fn all(&self) -> &[Table] {
        &self.tables
    }

    /// A table of this database, as the other database has it.
    ///
    /// # Errors
    /// [`StoreError::Statement`] when it is not there or has other columns: the schemas differ.
    pub fn same(&self, theirs: &Table) -> Result<&Table, StoreError> {
        let ours = self.tables.iter().find(|table| table.name() == theirs.name());
        ours.filter(|ours| ours.is_like(theirs)).ok_or_else(|| StoreError::Statement {
            what: format!("the table {} is not the same in both databases", theirs.name()),
        })
    }

    /// A snapshot, which is of the moment of its first query and may be read from for hours.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn read(&self) -> Result<Rows, StoreError> {
        self.pools.long_snapshot().await.map(Rows)
    }

    /// The first table that holds a row.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn first_used(&self) -> Result<Option<&Table>, StoreError> {
        let mut session = self.pools.reader().await?;
        for table in &self.tables {
            if session.row(statements::any(session.dialect(), table)).await?.is_some() {
                return Ok(Some(table));
            }
        }
        Ok(None)
    }

    /// The key of a table's last row.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn last_key(&self, table: &Table) -> Result<Option<Key>, StoreError> {
        let mut session = self.pools.reader().await?;
        let row = session.row(statements::last(session.dialect(), table)).await?;
        row.map(|row| cell::key(table, &row)).transpose()
    }

    /// Adds rows, all of them or none.
    ///
    /// # Errors
    /// [`StoreError::Row`] for a row that the database does not take, other [`StoreError`]s when it cannot answer.
    pub async fn insert(&self, table: &Table, rows: &[Cells]) -> Result<(), StoreError> {
        match self.insert_together(table, rows).await {
            Err(StoreError::Statement { .. } | StoreError::Contended(_)) => {
                self.insert_apart(table, rows).await
            }
            done => done,
        }
    }

    async fn insert_together(&self, table: &Table, rows: &[Cells]) -> Result<(), StoreError> {
        let mut session = self.pools.statement().await?;
        for some in rows.chunks(statements::at_once(session.dialect(), table)) {
            session.execute(statements::insert(session.dialect(), table, some)?).await?;
        }
        session.commit().await
    }

    /// Finds the row that is refused, by trying each alone.
    async fn insert_apart(&self, table: &Table, rows: &[Cells]) -> Result<(), StoreError> {
        for row in rows {
            let alone = self.insert_together(table, std::slice::from_ref(row)).await;
            alone.map_err(|source| StoreError::Row {
                table: table.name().to_owned(),
                key: row.key(table).to_string(),
                doing: "written",
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    /// Removes every row of a table.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn clear(&self, table: &Table) -> Result<(), StoreError> {
        let mut session = self.pools.statement().await?;
        session.execute(statements::clear(session.dialect(), table)).await?;
        session.commit().await
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    async fn change(&self, statements: Vec<Statement>) -> Result<(), StoreError> {
        let mut session = self.pools.statement().await?;
        for statement in statements {
            session.execute(statement).await?;
        }
        session.commit().await
    }
}

impl Rows {
    /// How many rows a table has.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(&mut self, table: &Table) -> Result<u64, StoreError> {
        let row = self.0.row(statements::count(self.0.dialect(), table)).await?;
        let count = row.and_then(|row| row.int(0)).unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rows")
    }
}
