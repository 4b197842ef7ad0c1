//! Rows as the database gives them, and as records.

use keyway_base::{RecordId, Timestamp};
use keyway_jsonapi::{Column, DecodeError, Kind, Record, Resource, Value};
use rusqlite::types::Value as SqliteValue;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Postgres, Row as _, Type};

use crate::StoreError;
use crate::sqlite::Values;
use crate::tables::{Cell, CellKind};

/// A row of any database.
pub(crate) enum Row {
    Sqlite(Values),
    Postgres(PgRow),
}

impl From<Values> for Row {
    fn from(row: Values) -> Self {
        Self::Sqlite(row)
    }
}

impl From<PgRow> for Row {
    fn from(row: PgRow) -> Self {
        Self::Postgres(row)
    }
}

impl Row {
    /// The record whose columns were selected in the order of its declaration.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a value does not fit its column.
    pub(crate) fn record(&self, resource: &'static Resource) -> Result<Record, StoreError> {
        let columns = resource.columns.iter().enumerate();
        let values = columns.map(|(index, column)| {
            let damaged = DecodeError { resource: resource.name, column: column.name };
            self.value(index, column).ok_or(StoreError::Corrupt(damaged))
        });
        Ok(Record { resource, values: values.collect::<Result<_, _>>()? })
    }

    /// A column of an internal table.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when the value does not fit.
    pub(crate) fn read<T>(
        &self,
        table: &'static str,
        column: &'static str,
        value: impl FnOnce(&Self) -> Option<T>,
    ) -> Result<T, StoreError> {
        value(self).ok_or(StoreError::Corrupt(DecodeError { resource: table, column }))
    }

    /// A number; `None` when it is null or not a number.
    pub(crate) fn int(&self, index: usize) -> Option<i64> {
        self.get(index)?
    }
    /// A text; `None` when it is null or not a text.
    pub(crate) fn text(&self, index: usize) -> Option<String> {
        self.get(index)?
    }
    /// Bytes, which may be null.
    pub(crate) fn bytes(&self, index: usize) -> Option<Option<Vec<u8>>> {
        self.get(index)
    }
    /// A moment.
    pub(crate) fn time(&self, index: usize) -> Option<Timestamp> {
        self.int(index).map(Timestamp::from_micros)
    }
    /// An id.
    pub(crate) fn id(&self, index: usize) -> Option<RecordId> {
        self.get::<&str>(index)??.parse().ok()
    }

    /// A value to be copied; `None` when it is not of this kind.
    pub(crate) fn cell(&self, index: usize, kind: CellKind) -> Option<Cell> {
        let cell = match kind {
            CellKind::Bool => self.get::<bool>(index)?.map(|value| Cell::Int(value.into())),
            CellKind::Int => self.get(index)?.map(Cell::Int),
            CellKind::Text => self.get(index)?.map(Cell::Text),
            CellKind::Bytes => self.get(index)?.map(Cell::Bytes),
        };
        Some(cell.unwrap_or(Cell::Null))
    }

    fn value(&self, index: usize, column: &Column) -> Option<Value> {
        let value = match column.kind {
            Kind::Bool => self.get::<bool>(index)?.map(Value::Bool),
            Kind::Int => self.get(index)?.map(Value::Int),
            Kind::Time => self.get(index)?.map(|micros| Value::Time(Timestamp::from_micros(micros))),
            Kind::Text => self.get(index)?.map(Value::Text),
            Kind::Bytes => self.get(index)?.map(Value::Bytes),
            Kind::Id => match self.get::<&str>(index)? {
                Some(text) => Some(Value::Id(text.parse().ok()?)),
                None => None,
            },
            Kind::Json => match self.get::<&str>(index)? {
                Some(text) => Some(Value::Json(serde_json::from_str(text).ok()?)),
                None => None,
            },
        };
        match value {
            None if !column.nullable => None,
            value => Some(value.unwrap_or(Value::Null)),
        }
    }

    fn get<'r, T>(&'r self, index: usize) -> Option<Option<T>>
    where
        T: Kept<'r> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(values) => match values.get(index)? {
                SqliteValue::Null => Some(None),
                value => T::kept(value).map(Some),
            },
            Self::Postgres(row) => row.try_get(index).ok(),
        }
    }
}

/// What the embedded database keeps in its own way.
trait Kept<'r>: Sized {
    /// The value; `None` when it is of another type.
    fn kept(value: &'r SqliteValue) -> Option<Self>;
}

impl Kept<'_> for i64 {
    fn kept(value: &SqliteValue) -> Option<Self> {
        match value {
            SqliteValue::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

impl Kept<'_> for bool {
    fn kept(value: &SqliteValue) -> Option<Self> {
        i64::kept(value).map(|value| value != 0)
    }
}

impl<'r> Kept<'r> for &'r str {
    fn kept(value: &'r SqliteValue) -> Option<Self> {
        match value {
            SqliteValue::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Kept<'_> for String {
    fn kept(value: &SqliteValue) -> Option<Self> {
        <&str>::kept(value).map(str::to_owned)
    }
}

impl Kept<'_> for Vec<u8> {
    fn kept(value: &SqliteValue) -> Option<Self> {
        match value {
            SqliteValue::Blob(bytes) => Some(bytes.clone()),
            _ => None,
        }
    }
}
