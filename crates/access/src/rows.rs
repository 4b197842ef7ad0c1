//! Scopes evaluated in memory: the second of their two interpreters (the store's SQL is the first).

use std::cmp::Ordering;

use keyway_jsonapi::{Record, Scope, Value};

/// Where related rows come from.
pub trait Rows {
    /// Every row of a table, of the same account; empty for a table that is not there.
    fn rows(&self, table: &str) -> &[Record];
}

/// Whether a record satisfies a scope. Comparison with null is false, as in SQL; `Not` is two-valued.
pub fn matches(scope: &Scope, record: &Record, rows: &dyn Rows) -> bool {
    match scope {
        Scope::All => true,
        Scope::None => false,
        Scope::And(all) => all.iter().all(|scope| matches(scope, record, rows)),
        Scope::Or(any) => any.iter().any(|scope| matches(scope, record, rows)),
        Scope::Not(inner) => !matches(inner, record, rows),
        Scope::Is(column, value) => equal(record.get(column), value),
        Scope::IsCaseless(column, text) => {
            record.get(column).as_text().is_some_and(|stored| stored.to_lowercase() == text.to_lowercase())
        }
        Scope::Contains(column, text) => contained(record.get(column), text),
        Scope::In(column, values) => values.iter().any(|value| equal(record.get(column), value)),
        Scope::IsNull(column) => record.get(column).is_null(),
        Scope::Lt(column, value) => compare(record.get(column), value) == Some(Ordering::Less),
        Scope::Le(column, value) => compare(record.get(column), value).is_some_and(Ordering::is_le),
        Scope::Gt(column, value) => compare(record.get(column), value) == Some(Ordering::Greater),
        Scope::Ge(column, value) => compare(record.get(column), value).is_some_and(Ordering::is_ge),
        Scope::JsonContains(column, readings) => {
            let stored = record.get(column).as_json();
            stored.is_some_and(|stored| readings.iter().any(|wanted| contains(stored, wanted)))
        }
        Scope::Exists { table, local, foreign, scope } => {
            let key = record.get(local);
            rows.rows(table).iter().any(|row| equal(row.get(foreign), key) && matches(scope, row, rows))
        }
        Scope::AtLeast { table, foreign, count } => {
            let key = record.get("id");
            let found = rows.rows(table).iter().filter(|row| equal(row.get(foreign), key)).count();
            i64::try_from(found).is_ok_and(|found| found >= *count)
        }
        Scope::Overdue { since, through, seconds, otherwise, now } => {
            let Some(since) = record.get(since).as_time() else { return false };
            let mut allowing = Some(record);
            for (column, table) in *through {
                let key = allowing.map_or(&Value::Null, |record| record.get(column));
                allowing = rows.rows(table).iter().find(|row| equal(row.get("id"), key));
            }
            let seconds = allowing.and_then(|record| record.get(seconds).as_int()).unwrap_or(*otherwise);
            since.as_micros() < now.as_micros().saturating_sub(seconds.saturating_mul(1_000_000))
        }
    }
}

fn contained(stored: &Value, text: &str) -> bool {
    let holds = |stored: &str| stored.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
    match stored {
        Value::Text(stored) => holds(stored),
        Value::Id(id) => holds(&id.to_string()),
        _ => false,
    }
}

fn equal(left: &Value, right: &Value) -> bool {
    !left.is_null() && left == right
}

/// Order of two values of one type; nulls and mixed types have none.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Int(a), Value::Int(b)) => Some(a.cmp(b)),
        (Value::Time(a), Value::Time(b)) => Some(a.cmp(b)),
        (Value::Text(a), Value::Text(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Id(a), Value::Id(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// JSON containment: objects by member, arrays by element, scalars by equality.
fn contains(stored: &serde_json::Value, wanted: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Object};
    match (stored, wanted) {
        (Object(stored), Object(wanted)) => {
            wanted.iter().all(|(key, value)| stored.get(key).is_some_and(|held| contains(held, value)))
        }
        (Array(stored), Array(wanted)) => {
            wanted.iter().all(|value| stored.iter().any(|held| contains(held, value)))
        }
        (stored, wanted) => stored == wanted,
    }
}
