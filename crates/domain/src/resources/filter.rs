//! Filters that several resources share. Blank or wrong-shaped values are ignored, a non-UUID where an id is
//! expected matches nothing (`licensing.md` §1.6).

use keyway_jsonapi::{Filter, QueryValue, Scope, Value};

/// `?name=<uuid>` over an id column of the same name with `_id`.
macro_rules! id_filter {
    ($name:literal, $column:literal) => {
        keyway_jsonapi::Filter { name: $name, scope: |value, _| super::filter::id($column, value) }
    };
}
/// `?name=<text>` over a text column.
macro_rules! text_filter {
    ($name:literal, $column:literal) => {
        keyway_jsonapi::Filter {
            name: $name,
            scope: |value, _| Some(keyway_jsonapi::Scope::text($column, value.text()?)),
        }
    };
}
/// `?name=<true|false|1|0>` over a condition.
macro_rules! flag_filter {
    ($name:literal, $scope:expr) => {
        keyway_jsonapi::Filter { name: $name, scope: |value, _| super::filter::flag(value, $scope) }
    };
}
pub(super) use {flag_filter, id_filter, text_filter};

/// The column equals the id in the value.
pub(super) fn id(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    Some(text.parse().map_or(Scope::None, |id| Scope::Is(column, Value::Id(id))))
}

/// The condition, or its opposite.
pub(super) fn flag(value: &QueryValue, scope: Scope) -> Option<Scope> {
    match value.text()? {
        "true" | "1" => Some(scope),
        "false" | "0" => Some(scope.negate()),
        _ => None,
    }
}

/// `?name[]=…`: the column is one of the texts.
pub(super) fn texts(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let QueryValue::List(items) = value else { return None };
    let texts = items.iter().filter_map(QueryValue::text).map(|text| Value::Text(text.to_owned()));
    Some(Scope::In(column, texts.collect()))
}

/// The owner (or other user) named by id or e-mail.
pub(super) fn user(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    Some(match text.parse() {
        Ok(id) => Scope::Is(column, Value::Id(id)),
        Err(_) => Scope::belongs("users", column, Scope::text("email", text.trim().to_lowercase())),
    })
}

/// One of several types, by id, by `[type]` and `[id]`, or by a list of both.
pub(super) fn either_of(kind: &'static str, column: &'static str, value: &QueryValue) -> Option<Scope> {
    match value {
        QueryValue::Text(_) => id(column, value),
        QueryValue::List(items) => {
            let (first, second) = (items.first()?.text()?, items.get(1)?);
            Some(of_type(kind, first).and(id(column, second)?))
        }
        QueryValue::Map(_) => {
            let named = value.get("type").and_then(QueryValue::text).map(|name| of_type(kind, name));
            let by_id = value.get("id").and_then(|value| id(column, value));
            let conditions: Vec<Scope> = [named, by_id].into_iter().flatten().collect();
            (!conditions.is_empty()).then(|| conditions.into_iter().fold(Scope::All, Scope::and))
        }
    }
}

/// The column names this type.
fn of_type(column: &'static str, name: &str) -> Scope {
    super::named(name).map_or(Scope::None, |resource| Scope::text(column, resource.kind))
}

/// The text column begins like this.
pub(super) fn beginning(column: &'static str, start: &str) -> Scope {
    // no address has a letter beyond the last one there is
    let end = Value::Text(format!("{start}{}", char::MAX));
    Scope::Ge(column, Value::Text(start.to_owned())).and(Scope::Lt(column, end))
}

/// `?metadata[key]=value`: containment, a text matching either itself or its cast form; several keys AND
/// together.
pub(super) const METADATA: Filter = Filter { name: "metadata", scope: |value, _| metadata(value) };

fn metadata(value: &QueryValue) -> Option<Scope> {
    let QueryValue::Map(entries) = value else { return None };
    let conditions = entries.iter().map(|(key, value)| {
        let key = keyway_jsonapi::fold_key(key);
        let readings = readings(value);
        Scope::JsonContains(
            "metadata",
            readings.into_iter().map(|json| serde_json::json!({ key.clone(): json })).collect(),
        )
    });
    Some(conditions.fold(Scope::All, Scope::and))
}

/// Every JSON document that a query value can mean.
fn readings(value: &QueryValue) -> Vec<serde_json::Value> {
    match value {
        QueryValue::Text(text) => {
            let cast = serde_json::from_str::<serde_json::Value>(text).ok();
            let cast = cast.filter(|json| json.is_boolean() || json.is_null() || json.is_number());
            std::iter::once(serde_json::Value::String(text.clone())).chain(cast).collect()
        }
        QueryValue::List(items) => {
            let texts: Vec<_> = items.iter().map(readings).collect();
            (0..2)
                .map(|nth| texts.iter().filter_map(|r| r.get(nth).or(r.first()).cloned()).collect())
                .collect()
        }
        QueryValue::Map(entries) => (0..2)
            .map(|nth| {
                let members = entries.iter().filter_map(|(key, value)| {
                    let all = readings(value);
                    Some((keyway_jsonapi::fold_key(key), all.get(nth).or(all.first())?.clone()))
                });
                serde_json::Value::Object(members.collect())
            })
            .collect(),
    }
}
