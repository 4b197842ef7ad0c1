//! Where the databases differ. Everything else is one text for all of them.

use std::time::Duration;

use keyway_jsonapi::Value;

use crate::arg::Arg;
use crate::statement::{Alias, Sql};

/// A database's own SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite, the embedded one.
    Sqlite,
}

/// How deep a document to be contained may go: metadata has at most four levels (`licensing.md` §1.5).
const MAX_DEPTH: usize = 8;

impl Dialect {
    /// How long a transaction may stay open, and so how far the order of `changes.seq` may be from the order
    /// of commits. On SQLite there is one writer at a time: no gap is ever filled later.
    pub(crate) const fn transaction_lifetime(self) -> Duration {
        match self {
            Self::Sqlite => Duration::ZERO,
        }
    }

    /// What follows a `SELECT` that picks a row to work on, so that two workers do not wait for each other.
    pub(crate) const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
        }
    }

    /// Appends the condition that a column equals one of very many values, as one parameter where that is
    /// possible. `false` when it is not, and then nothing was appended.
    pub(crate) fn push_one_of_many(
        self,
        sql: &mut Sql,
        alias: Alias,
        column: &'static str,
        values: &[Value],
    ) -> bool {
        match self {
            Self::Sqlite => {
                let Some(list) = values.iter().map(json_scalar).collect::<Option<Vec<_>>>() else {
                    return false;
                };
                sql.column(alias, column).push(" IN (SELECT value FROM json_each(");
                sql.param(Arg::text(serde_json::Value::Array(list).to_string())).push("))");
                true
            }
        }
    }

    /// Appends the condition that the JSON column contains `document`.
    pub(crate) fn push_json_contains(
        self,
        sql: &mut Sql,
        alias: Alias,
        column: &'static str,
        document: &serde_json::Value,
    ) {
        match self {
            Self::Sqlite => {
                // As the one element of an array, the root is asked like every value inside it.
                let root = sql.alias();
                sql.push("EXISTS (SELECT 1 FROM json_each('[' || ").column(alias, column).push(" || ']') ");
                sql.name(root).push(" WHERE ");
                contained(sql, root, document, 0);
                sql.push(")");
            }
        }
    }
}

/// The value as an element of a JSON array.
fn json_scalar(value: &Value) -> Option<serde_json::Value> {
    match value {
        Value::Int(int) => Some((*int).into()),
        Value::Time(time) => Some(time.as_micros().into()),
        Value::Text(text) if !text.contains('\0') => Some(text.as_str().into()),
        Value::Id(id) => Some(id.to_string().into()),
        _ => None,
    }
}

/// The condition that the JSON value in the `json_each` row `row` contains `wanted`: objects member by
/// member, arrays element by element, scalars by equality (numbers by value).
fn contained(sql: &mut Sql, row: Alias, wanted: &serde_json::Value, depth: usize) {
    use serde_json::Value as Json;
    if depth > MAX_DEPTH {
        sql.push("FALSE");
        return;
    }
    match wanted {
        Json::Null => is_type(sql, row, "'null'"),
        Json::Bool(true) => is_type(sql, row, "'true'"),
        Json::Bool(false) => is_type(sql, row, "'false'"),
        Json::Number(number) => {
            sql.column(row, "type").push(" IN ('integer', 'real') AND ").column(row, "value").push(" = ");
            sql.param(number.as_i64().map_or(Arg::Real(number.as_f64().unwrap_or(f64::NAN)), Arg::int));
        }
        Json::String(text) if text.contains('\0') => {
            sql.push("FALSE");
        }
        Json::String(text) => {
            is_type(sql, row, "'text'");
            sql.push(" AND ").column(row, "value").push(" = ").param(Arg::text(text));
        }
        Json::Array(items) => {
            is_type(sql, row, "'array'");
            items.iter().for_each(|item| some_element(sql, row, None, item, depth));
        }
        Json::Object(members) => {
            is_type(sql, row, "'object'");
            members.iter().for_each(|(key, value)| some_element(sql, row, Some(key), value, depth));
        }
    }
}

fn is_type(sql: &mut Sql, row: Alias, name: &'static str) {
    sql.column(row, "type").push(" = ").push(name);
}

/// ` AND` the condition that an element of `row` (the member `key`, if given) contains `wanted`.
fn some_element(sql: &mut Sql, row: Alias, key: Option<&str>, wanted: &serde_json::Value, depth: usize) {
    let element = sql.alias();
    // The case keeps a scalar from being read as JSON, in whatever order the conditions are tried.
    sql.push(" AND EXISTS (SELECT 1 FROM json_each(CASE WHEN ").column(row, "type");
    sql.push(" IN ('array', 'object') THEN ").column(row, "value").push(" ELSE '[]' END) ").name(element);
    sql.push(" WHERE ");
    if let Some(key) = key {
        sql.column(element, "key").push(" = ").param(Arg::text(key)).push(" AND ");
    }
    contained(sql, element, wanted, depth + 1);
    sql.push(")");
}
