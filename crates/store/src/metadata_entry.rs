//! Filters on metadata that a table of their own answers: `metadata_entries`, which triggers keep.
//!
//! It has a row for each member of a document that is short and no list or object (see the migration). What it finds
//! are candidates: `5` and `"5"` stand in it alike, so that the condition on the document is still asked of them.

use keyway_jsonapi::{Resource, Scope};
use serde_json::Value as Json;

use crate::arg::Arg;
use crate::statement::{Alias, Sql};

/// The tables whose metadata is entered, and the column that it is in.
const ENTERED: &[&str] = &["users", "licenses", "machines"];
const COLUMN: &str = "metadata";
/// Letters that a key or a text may have to be entered.
const SHORT: usize = 128;

/// A member that the metadata has to have, to meet a scope.
#[derive(Debug, PartialEq)]
pub(crate) struct MetadataEntry<'a> {
    key: &'a str,
    /// As they are entered: two when a query's text is a number that is entered in another spelling.
    values: Vec<String>,
}

impl<'a> MetadataEntry<'a> {
    /// What of a scope the entries can answer, if anything: the first condition of those that all have to hold.
    pub(crate) fn of(resource: &Resource, scope: &'a Scope) -> Option<Self> {
        if !ENTERED.contains(&resource.table) {
            return None;
        }
        match scope {
            Scope::And(all) => all.iter().find_map(|scope| Self::of(resource, scope)),
            Scope::JsonContains(COLUMN, readings) => Self::read(readings),
            _ => None,
        }
    }

    /// The one member that every reading asks for, if each may be entered.
    fn read(readings: &'a [Json]) -> Option<Self> {
        let mut key = None;
        let mut values: Vec<String> = Vec::with_capacity(readings.len());
        for reading in readings {
            let members = reading.as_object().filter(|members| members.len() == 1)?;
            let (name, value) = members.iter().next()?;
            if *key.get_or_insert(name) != name || is_long(name) {
                return None;
            }
            let value = entered(value)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        Some(Self { key: key?, values })
    }

    /// Whether an index gives what is found in the order of creation.
    pub(crate) const fn is_ordered(&self) -> bool {
        self.values.len() == 1
    }

    /// Appends the condition on an entry of this table's.
    pub(crate) fn push(&self, sql: &mut Sql, entry: Alias, table: &'static str) {
        sql.column(entry, "kind").push(" = '").push(table).push("' AND ");
        sql.column(entry, "key").push(" = ").param(Arg::text(self.key)).push(" AND ");
        sql.column(entry, "value").push(" IN (");
        sql.separated(", ", &self.values, |sql, value| {
            sql.param(Arg::text(value));
        })
        .push(")");
    }
}

fn is_long(text: &str) -> bool {
    text.chars().nth(SHORT).is_some() || text.contains('\0')
}

/// A value as it is entered, if it is.
fn entered(value: &Json) -> Option<String> {
    match value {
        Json::Null => Some("null".to_owned()),
        Json::Bool(value) => Some(value.to_string()),
        Json::Number(number) => number.as_i64().map(|whole| whole.to_string()),
        Json::String(text) => (!is_long(text)).then(|| text.clone()),
        Json::Array(_) | Json::Object(_) => None,
    }
}
