//! Parameters of statements, with a type even when they are null.

use keyway_jsonapi::{Column, Kind, Value};

use crate::StoreError;

/// A typed parameter. A null keeps its type, which PostgreSQL wants to know.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Arg {
    Bool(Option<bool>),
    Int(Option<i64>),
    Real(f64),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
}

impl Arg {
    /// A text.
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(Some(text.into()))
    }
    /// An id or another thing that is stored as it prints.
    pub(crate) fn shown(value: impl std::fmt::Display) -> Self {
        Self::Text(Some(value.to_string()))
    }
    /// A whole number.
    pub(crate) const fn int(int: i64) -> Self {
        Self::Int(Some(int))
    }

    /// The parameter that stores `value` in `column`.
    ///
    /// # Errors
    /// [`StoreError::NulByte`] for a text that no database of ours can store, [`StoreError::Statement`] for a
    /// value of another type than the column's.
    pub(crate) fn of(column: &Column, value: &Value) -> Result<Self, StoreError> {
        let nul = || StoreError::NulByte { column: column.name };
        match (column.kind, value) {
            (kind, Value::Null) => Ok(Self::null(kind)),
            (Kind::Bool, Value::Bool(value)) => Ok(Self::Bool(Some(*value))),
            (Kind::Int, Value::Int(value)) => Ok(Self::int(*value)),
            (Kind::Time, Value::Time(value)) => Ok(Self::int(value.as_micros())),
            (Kind::Id, Value::Id(value)) => Ok(Self::shown(value)),
            (Kind::Bytes, Value::Bytes(value)) => Ok(Self::Bytes(Some(value.clone()))),
            (Kind::Text, Value::Text(text)) if text.contains('\0') => Err(nul()),
            (Kind::Text, Value::Text(text)) => Ok(Self::text(text)),
            (Kind::Json, Value::Json(json)) if holds_nul(json) => Err(nul()),
            (Kind::Json, Value::Json(json)) => Ok(Self::text(json.to_string())),
            _ => Err(StoreError::Statement { what: format!("column {} is given another type", column.name) }),
        }
    }

    /// The parameter to compare a column with; `None` when no stored value can equal it: comparison with null
    /// is false, and texts with NUL bytes are never stored.
    pub(crate) fn compared(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(value) => Some(Self::Bool(Some(*value))),
            Value::Int(value) => Some(Self::int(*value)),
            Value::Time(value) => Some(Self::int(value.as_micros())),
            Value::Id(value) => Some(Self::shown(value)),
            Value::Bytes(value) => Some(Self::Bytes(Some(value.clone()))),
            Value::Text(text) => (!text.contains('\0')).then(|| Self::text(text)),
            Value::Json(json) => (!holds_nul(json)).then(|| Self::text(json.to_string())),
        }
    }

    const fn null(kind: Kind) -> Self {
        match kind {
            Kind::Bool => Self::Bool(None),
            Kind::Int | Kind::Time => Self::Int(None),
            Kind::Text | Kind::Id | Kind::Json => Self::Text(None),
            Kind::Bytes => Self::Bytes(None),
        }
    }
}

/// Whether a string or key anywhere in the document has a NUL byte.
pub(crate) fn holds_nul(json: &serde_json::Value) -> bool {
    match json {
        serde_json::Value::String(text) => text.contains('\0'),
        serde_json::Value::Array(items) => items.iter().any(holds_nul),
        serde_json::Value::Object(members) => {
            members.iter().any(|(key, value)| key.contains('\0') || holds_nul(value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Column = Column { name: "name", kind: Kind::Text, nullable: true };
    const METADATA: Column = Column { name: "metadata", kind: Kind::Json, nullable: false };

    #[test]
    fn nulls_keep_the_type_of_their_column() {
        assert_eq!(Arg::of(&NAME, &Value::Null).unwrap(), Arg::Text(None));
        let time = Column { name: "expiry", kind: Kind::Time, nullable: true };
        assert_eq!(Arg::of(&time, &Value::Null).unwrap(), Arg::Int(None));
    }

    #[test]
    fn nul_bytes_are_refused_wherever_they_hide() {
        let hidden = serde_json::json!({ "a": [{ "b": "x\0" }] });
        let keyed = serde_json::json!({ "a\0": 1 });
        for (column, value) in [
            (&NAME, Value::Text("a\0b".into())),
            (&METADATA, Value::Json(hidden)),
            (&METADATA, Value::Json(keyed)),
        ] {
            let error = Arg::of(column, &value).unwrap_err();
            assert!(matches!(error, StoreError::NulByte { column: c } if c == column.name), "{error}");
            assert_eq!(Arg::compared(&value), None);
        }
        let escaped = Value::Json(serde_json::json!({ "a": "\\u0000" }));
        assert!(Arg::of(&METADATA, &escaped).is_ok());
    }

    #[test]
    fn a_value_of_another_type_is_a_defect() {
        let error = Arg::of(&NAME, &Value::Int(1)).unwrap_err();
        assert!(matches!(error, StoreError::Statement { .. }), "{error}");
    }
}
