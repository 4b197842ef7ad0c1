//! Values as they are copied and compared: the same on every engine.

use std::fmt;

use crate::StoreError;
use crate::arg::Arg;
use crate::row::Row;

use super::catalog::{CellKind, Column, Table};

/// A value. Truth values are 0 and 1, wherever they came from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A row of a table.
#[derive(Clone, PartialEq, Eq)]
pub struct Cells(Vec<Cell>);

/// The primary key of a row. Rows are in the same order on every engine: texts are compared byte by byte.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key(Vec<Cell>);

impl Cell {
    /// The parameter that stores it in a column of a kind.
    fn arg(&self, kind: CellKind) -> Option<Arg> {
        Some(match (kind, self) {
            (CellKind::Bool, Self::Null) => Arg::Bool(None),
            (CellKind::Bool, Self::Int(value @ (0 | 1))) => Arg::Bool(Some(*value == 1)),
            (CellKind::Int, Self::Null) => Arg::Int(None),
            (CellKind::Int, Self::Int(value)) => Arg::int(*value),
            (CellKind::Text, Self::Null) => Arg::Text(None),
            (CellKind::Text, Self::Text(text)) => Arg::text(text),
            (CellKind::Bytes, Self::Null) => Arg::Bytes(None),
            (CellKind::Bytes, Self::Bytes(bytes)) => Arg::Bytes(Some(bytes.clone())),
            _ => return None,
        })
    }

    fn len(&self) -> usize {
        match self {
            Self::Null => 1,
            Self::Int(_) => size_of::<i64>(),
            Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        }
    }

    /// Kind, length, bytes: no two different rows read the same.
    fn feed(&self, sink: &mut impl FnMut(&[u8])) {
        let mut framed = |tag: u8, bytes: &[u8]| {
            sink(&[tag]);
            sink(&(bytes.len() as u64).to_be_bytes());
            sink(bytes);
        };
        match self {
            Self::Null => framed(0, &[]),
            Self::Int(value) => framed(1, &value.to_be_bytes()),
            Self::Text(text) => framed(2, text.as_bytes()),
            Self::Bytes(bytes) => framed(3, bytes),
        }
    }
}

impl Cells {
    /// Hands its bytes to a hash: the same for equal rows, on every engine.
    pub fn feed(&self, mut sink: impl FnMut(&[u8])) {
        self.0.iter().for_each(|cell| cell.feed(&mut sink));
    }

    /// Its primary key.
    pub fn key(&self, table: &Table) -> Key {
        Key(table.key.iter().filter_map(|index| self.0.get(*index)).cloned().collect())
    }

    /// About how much memory it takes.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(Cell::len).sum()
    }

    /// The parameters that store it in a table.
    pub(super) fn args(&self, table: &Table) -> Result<Vec<Arg>, StoreError> {
        let pairs = self.0.iter().zip(&table.columns);
        pairs
            .map(|(cell, column)| {
                cell.arg(column.kind).ok_or_else(|| StoreError::Row {
                    table: table.name().to_owned(),
                    key: self.key(table).to_string(),
                    doing: "written",
                    source: format!("column {} is of another type here", column.name.as_str()).into(),
                })
            })
            .collect()
    }
}

impl Key {
    /// The parameters that it is compared by.
    pub(super) fn args(&self, table: &Table) -> Vec<Arg> {
        self.0.iter().zip(table.key_columns()).filter_map(|(cell, column)| cell.arg(column.kind)).collect()
    }
}

/// A row whose columns were selected in order.
pub(super) fn cells(table: &Table, row: &Row) -> Result<Cells, StoreError> {
    read(table, row, table.columns.iter()).map(Cells)
}

/// A key whose columns were selected in order.
pub(super) fn key(table: &Table, row: &Row) -> Result<Key, StoreError> {
    read(table, row, table.key_columns()).map(Key)
}

fn read<'t>(
    table: &Table,
    row: &Row,
    columns: impl Iterator<Item = &'t Column>,
) -> Result<Vec<Cell>, StoreError> {
    let cells = columns.enumerate().map(|(index, column)| {
        row.cell(index, column.kind).ok_or_else(|| {
            let place = |index: &usize| row.cell(*index, table.columns.get(*index)?.kind);
            StoreError::Row {
                table: table.name().to_owned(),
                key: Key(table.key.iter().filter_map(place).collect()).to_string(),
                doing: "read",
                source: format!("column {} holds something else than it should", column.name.as_str()).into(),
            }
        })
    });
    cells.collect()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, cell) in self.0.iter().enumerate() {
            f.write_str(if index > 0 { "/" } else { "" })?;
            match cell {
                Cell::Null => f.write_str("null")?,
                Cell::Int(value) => write!(f, "{value}")?,
                Cell::Text(text) => f.write_str(text)?,
                Cell::Bytes(bytes) => write!(f, "{} bytes", bytes.len())?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

/// Rows hold keys and digests of tokens: never printed.
impl fmt::Debug for Cells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cells(of {} columns)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bytes(row: &Cells) -> Vec<u8> {
        let mut all = Vec::new();
        row.feed(|bytes| all.extend_from_slice(bytes));
        all
    }

    fn cell() -> impl Strategy<Value = Cell> {
        prop_oneof![
            Just(Cell::Null),
            any::<i64>().prop_map(Cell::Int),
            ".{0,3}".prop_map(Cell::Text),
            prop::collection::vec(any::<u8>(), 0..3).prop_map(Cell::Bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn only_equal_rows_are_hashed_equally(a in prop::collection::vec(cell(), 0..4), b in prop::collection::vec(cell(), 0..4)) {
            let (a, b) = (Cells(a), Cells(b));
            prop_assert_eq!(a == b, bytes(&a) == bytes(&b));
        }
    }

    #[test]
    fn nothing_empty_is_taken_for_something_else_that_is_empty() {
        let rows = [Cell::Null, Cell::Text(String::new()), Cell::Bytes(Vec::new()), Cell::Int(0)];
        let rows = rows.map(|cell| bytes(&Cells(vec![cell])));
        for (index, row) in rows.iter().enumerate() {
            assert!(!rows.iter().skip(index + 1).any(|other| other == row), "{index}");
        }
    }

    #[test]
    fn a_row_is_not_printed() {
        let row = Cells(vec![Cell::Text("licence-key".into())]);
        assert!(!format!("{row:?}").contains("licence-key"));
    }
}
