//! The statements that tables are copied by, made from what the database says of itself.

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::statement::{Sql, Statement};

use super::catalog::{Column, Table};
use super::cell::{Cells, Key};

/// The most parameters that we give a statement; PostgreSQL takes 65,535.
const PARAMETERS: usize = 30_000;
/// The most rows in one statement.
const ROWS: usize = 64;

/// A row, if there is one.
pub(super) fn any(dialect: Dialect, table: &Table) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT 1 FROM ").identifier(&table.name).push(" LIMIT 1");
    sql.finish()
}

/// The number of rows.
pub(super) fn count(dialect: Dialect, table: &Table) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT count(*) FROM ").identifier(&table.name);
    sql.finish()
}

/// The key of the last row.
pub(super) fn last(dialect: Dialect, table: &Table) -> Statement {
    let mut sql = Sql::new(dialect);
    names(sql.push("SELECT "), table.key_columns());
    sql.push(" FROM ").identifier(&table.name).push(" ORDER BY ");
    sql.separated(", ", table.key_columns(), |sql, column| {
        sql.identifier(&column.name).push(" DESC");
    });
    sql.push(" LIMIT 1");
    sql.finish()
}

/// At most `limit` rows behind one key and not behind another, in order.
pub(super) fn page(
    dialect: Dialect,
    table: &Table,
    after: Option<&Key>,
    up_to: Option<&Key>,
    limit: usize,
) -> Statement {
    let mut sql = Sql::new(dialect);
    names(sql.push("SELECT "), &table.columns);
    sql.push(" FROM ").identifier(&table.name);
    let bounds = after.map(|key| (") > (", key)).into_iter().chain(up_to.map(|key| (") <= (", key)));
    for (index, (compared, key)) in bounds.enumerate() {
        names(sql.push(if index == 0 { " WHERE (" } else { " AND (" }), table.key_columns());
        params(sql.push(compared), key.args(table)).push(")");
    }
    names(sql.push(" ORDER BY "), table.key_columns());
    sql.push(" LIMIT ").param(Arg::int(i64::try_from(limit).unwrap_or(i64::MAX)));
    sql.finish()
}

/// How many rows go into one statement. SQLite looks a parameter up among all before it, and needs no round trip.
pub(super) fn at_once(dialect: Dialect, table: &Table) -> usize {
    match dialect {
        Dialect::Sqlite => 1,
        Dialect::Postgres => (PARAMETERS / table.columns.len().max(1)).clamp(1, ROWS),
    }
}

/// Adds rows.
pub(super) fn insert(dialect: Dialect, table: &Table, rows: &[Cells]) -> Result<Statement, StoreError> {
    let mut sql = Sql::new(dialect);
    sql.push("INSERT INTO ").identifier(&table.name).push(" (");
    names(&mut sql, &table.columns).push(") VALUES ");
    for (index, row) in rows.iter().enumerate() {
        params(sql.push(if index == 0 { "(" } else { ", (" }), row.args(table)?).push(")");
    }
    Ok(sql.finish())
}

/// Removes every row.
pub(super) fn clear(dialect: Dialect, table: &Table) -> Statement {
    let mut sql = Sql::new(dialect);
    let text = match dialect {
        Dialect::Sqlite => "DELETE FROM ",
        Dialect::Postgres => "TRUNCATE ",
    };
    sql.push(text).identifier(&table.name);
    sql.finish()
}

fn names<'s, 't>(sql: &'s mut Sql, columns: impl IntoIterator<Item = &'t Column>) -> &'s mut Sql {
    sql.separated(", ", columns, |sql, column| {
        sql.identifier(&column.name);
    })
}

fn params(sql: &mut Sql, args: Vec<Arg>) -> &mut Sql {
    sql.separated(", ", args, |sql, arg| {
        sql.param(arg);
    })
}
