//! From the attributes of a fixture to columns, by the declarations alone.

use keyway_base::RecordId;
use keyway_jsonapi::schema::to_time;
use keyway_jsonapi::{Column, Kind, Record, Resource, Value};
use serde_json::Value as Json;

use crate::SupportError;

/// Where an attribute goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Into a column.
    Column(&'static Column),
    /// Nowhere: it is computed when it is shown.
    Computed,
    /// The server does not know it.
    Unknown,
}

/// Finds the column of an attribute: by its API name, its column's name, or as the reference of a relation.
pub(crate) fn place(resource: &'static Resource, name: &str) -> Place {
    let column = |wanted: &str| resource.columns.iter().find(|column| column.name == wanted);
    let name = match name {
        "created" => "created_at",
        "updated" => "updated_at",
        name => name,
    };
    if let Some(column) = column(name) {
        return Place::Column(column);
    }
    let without_at = name.strip_suffix("_at").unwrap_or(name);
    if let Some(attribute) = resource.attributes.iter().find(|known| [name, without_at].contains(&known.name))
    {
        return attribute.column.and_then(column).map_or(Place::Computed, Place::Column);
    }
    let relation =
        name.strip_suffix("_id").and_then(|base| resource.relations.iter().find(|r| r.name == base));
    match relation.map(|relation| relation.column.and_then(column)) {
        Some(Some(column)) => Place::Column(column),
        Some(None) => Place::Computed,
        None => Place::Unknown,
    }
}

/// The value that a column stores for what was given.
///
/// # Errors
/// [`SupportError::Impossible`] when the column can hold no such value.
pub(crate) fn value(resource: &Resource, column: &Column, given: &Json) -> Result<Value, SupportError> {
    let read = match (column.kind, given) {
        (_, Json::Null) => Some(Value::Null),
        (Kind::Bool, Json::Bool(value)) => Some(Value::Bool(*value)),
        (Kind::Int, Json::Number(number)) => number.as_i64().map(Value::Int),
        (Kind::Int, Json::String(text)) => text.parse().ok().map(Value::Int),
        (Kind::Time, given) => to_time(given).map(Value::Time),
        (Kind::Id, Json::String(text)) => text.parse::<RecordId>().ok().map(Value::Id),
        (Kind::Text, Json::String(text)) => Some(Value::Text(text.clone())),
        (Kind::Text, Json::Number(number)) => Some(Value::Text(number.to_string())),
        (Kind::Json, given) => Some(Value::Json(given.clone())),
        (Kind::Bytes, Json::String(text)) => Some(Value::Bytes(bytes(text))),
        (Kind::Bytes, given) => Some(Value::Bytes(given.to_string().into_bytes())),
        _ => None,
    };
    let refused = || {
        let (table, name) = (resource.table, column.name);
        SupportError::Impossible(format!("{name} of {table} cannot hold {given}"))
    };
    read.ok_or_else(refused)
}

/// Digests in hex, everything else as it is.
fn bytes(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2)?;
        u8::from_str_radix(pair, 16).ok()
    });
    digits.collect::<Option<Vec<u8>>>().unwrap_or_else(|| text.as_bytes().to_vec())
}

/// Whether a value says nothing that a record without the attribute would not say.
pub(crate) fn is_empty(given: &Json) -> bool {
    match given {
        Json::Null | Json::Bool(false) => true,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.is_empty(),
        Json::Bool(true) => false,
    }
}

/// Sets a column unless it has a value.
pub(crate) fn default(record: &mut Record, column: &str, value: Value) {
    if record.get(column).is_null() {
        record.set(column, value);
    }
}

#[cfg(test)]
mod tests {
    use keyway_domain::resources::{License, Release, Token};
    use keyway_jsonapi::Declared;
    use serde_json::json;

    use super::*;

    fn column(resource: &'static Resource, name: &str) -> &'static str {
        match place(resource, name) {
            Place::Column(column) => column.name,
            Place::Computed => "computed",
            Place::Unknown => "unknown",
        }
    }

    #[test]
    fn attributes_go_by_api_name_column_and_relation() {
        for (resource, name, expected) in [
            (License::RESOURCE, "expiry", "expiry"),
            (License::RESOURCE, "last_validated", "last_validated_at"),
            (License::RESOURCE, "last_validated_at", "last_validated_at"),
            (License::RESOURCE, "user_id", "owner_id"),
            (License::RESOURCE, "policy_id", "policy_id"),
            (License::RESOURCE, "status", "computed"),
            (License::RESOURCE, "colour", "unknown"),
            (License::RESOURCE, "created", "created_at"),
            (License::RESOURCE, "updated_at", "updated_at"),
            (Release::RESOURCE, "backdated", "backdated_at"),
            (Release::RESOURCE, "yanked_at", "yanked_at"),
            (Release::RESOURCE, "semver", "computed"),
            (Token::RESOURCE, "bearer_id", "bearer_id"),
            (Token::RESOURCE, "bearer_type", "bearer_type"),
        ] {
            assert_eq!(column(resource, name), expected, "{} of {}", name, resource.table);
        }
    }

    #[test]
    fn values_are_stored_by_the_type_of_their_column() {
        let stored = |name: &str, given: Json| {
            let Place::Column(column) = place(License::RESOURCE, name) else { panic!("{name}") };
            value(License::RESOURCE, column, &given)
        };
        assert_eq!(
            stored("expiry", json!("1970-01-01T00:00:01Z")).unwrap().as_time().unwrap().as_micros(),
            1_000_000
        );
        assert_eq!(stored("max_machines", json!(3)).unwrap(), Value::Int(3));
        assert_eq!(stored("suspended", json!(true)).unwrap(), Value::Bool(true));
        assert_eq!(stored("name", Json::Null).unwrap(), Value::Null);
        let error = stored("expiry", json!("soon")).unwrap_err();
        assert_eq!(error.to_string(), "expiry of licenses cannot hold \"soon\"");
    }
}
