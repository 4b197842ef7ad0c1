//! Which tables, columns and keys a database has.

use crate::StoreError;
use crate::dialect::Dialect;
use crate::row::Row;
use crate::session::Session;
use crate::statement::{Identifier, Statement};

/// Tables that belong to the database and not to the installation in it, or that its triggers fill.
const OWN: &[&str] = &["changes", "metadata_entries", "moves"];

/// A table of the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub(super) name: Identifier,
    pub(super) columns: Vec<Column>,
    /// The columns of its primary key, in order, by their place among the columns.
    pub(super) key: Vec<usize>,
}

/// A column, as its database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: Identifier,
    pub(super) kind: CellKind,
}

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    /// A truth value, which SQLite has as a number.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Bytes.
    Bytes,
}

impl Table {
    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Whether another database's table has the same columns and key, whatever their types are called there.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let names = |table: &Self| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        self.name == other.name && self.key == other.key && names(self) == names(other)
    }

    pub(super) fn holds_bytes(&self) -> bool {
        self.columns.iter().any(|column| column.kind == CellKind::Bytes)
    }

    pub(super) fn key_columns(&self) -> impl Iterator<Item = &Column> + Clone {
        self.key.iter().filter_map(|index| self.columns.get(*index))
    }
}

impl Dialect {
    /// Every column of every table in order: table, column, type, and its place in the primary key or 0.
    const fn columns(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "SELECT m.name, p.name, p.type, p.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) p \
                 WHERE m.type = 'table' ORDER BY m.name, p.cid"
            }
            Self::Postgres => {
                "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL), \
                 coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)::bigint \
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                 LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary \
                 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = current_schema()::regnamespace \
                 ORDER BY c.relname::text COLLATE \"C\", a.attnum"
            }
        }
    }

    fn kind(self, column_type: &str) -> Option<CellKind> {
        Some(match (self, column_type) {
            (Self::Sqlite, "INTEGER") | (Self::Postgres, "bigint") => CellKind::Int,
            (Self::Sqlite, "TEXT") | (Self::Postgres, "text") => CellKind::Text,
            (Self::Sqlite, "BLOB") | (Self::Postgres, "bytea") => CellKind::Bytes,
            (Self::Postgres, "boolean") => CellKind::Bool,
            _ => return None,
        })
    }
}

/// Every table of the installation, by name.
pub(super) async fn read(session: &mut Session) -> Result<Vec<Table>, StoreError> {
    let dialect = session.dialect();
    let known: Vec<&str> = dialect.tables().filter(|name| !OWN.contains(name)).collect();
    let mut tables: Vec<(Table, Vec<(i64, usize)>)> = Vec::new();
    for row in session.rows(Statement::fixed(dialect.columns(), Vec::new())).await? {
        let found = Found::read(dialect, &row)?;
        if !known.contains(&found.table.as_str()) {
            continue;
        }
        if tables.last().is_none_or(|(table, _)| table.name() != found.table) {
            let name = identifier(&found.table)?;
            tables.push((Table { name, columns: Vec::new(), key: Vec::new() }, Vec::new()));
        }
        if let Some((table, key)) = tables.last_mut() {
            if found.in_key > 0 {
                key.push((found.in_key, table.columns.len()));
            }
            table.columns.push(Column { name: identifier(&found.column)?, kind: found.kind()? });
        }
    }
    tables.into_iter().map(|(table, key)| with_key(table, key)).collect()
}

/// A column as the database lists it.
struct Found {
    dialect: Dialect,
    table: String,
    column: String,
    column_type: String,
    in_key: i64,
}

impl Found {
    fn read(dialect: Dialect, row: &Row) -> Result<Self, StoreError> {
        let table = row.read("catalog", "table", |row| row.text(0))?;
        let column = row.read("catalog", "column", |row| row.text(1))?;
        let column_type = row.read("catalog", "type", |row| row.text(2))?;
        let in_key = row.read("catalog", "key", |row| row.int(3))?;
        Ok(Self { dialect, table, column, column_type, in_key })
    }

    fn kind(&self) -> Result<CellKind, StoreError> {
        self.dialect.kind(&self.column_type).ok_or_else(|| StoreError::Statement {
            what: format!(
                "column {} of {} is {}, which cannot be copied",
                self.column, self.table, self.column_type
            ),
        })
    }
}

fn with_key(mut table: Table, mut key: Vec<(i64, usize)>) -> Result<Table, StoreError> {
    key.sort_unstable();
    table.key = key.into_iter().map(|(_, column)| column).collect();
    if table.key.is_empty() {
        return Err(StoreError::Statement { what: format!("table {} has no primary key", table.name()) });
    }
    Ok(table)
}

fn identifier(name: &str) -> Result<Identifier, StoreError> {
    Identifier::parse(name).ok_or_else(|| StoreError::Statement {
        what: format!("{name} is no name of a table or column of ours"),
    })
}
