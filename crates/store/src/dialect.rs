//! Where the databases differ. Everything else is one text for all of them.

use keyway_jsonapi::Value;

use crate::arg::{Arg, holds_nul};
use crate::statement::{Alias, Sql};

/// A database's own SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// SQLite, the embedded one.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// Columns whose texts are too long for an index of PostgreSQL, which takes 2,704 bytes: licence keys, and what
/// machines, their components and processes are told apart by. They are found, and kept apart, by two hashes of 64 bits.
const LONG: &[&str] = &["key", "fingerprint", "pid"];

/// How deep a document to be contained may go: metadata has at most four levels (`licensing.md` §1.5).
const MAX_DEPTH: usize = 8;

impl Dialect {
    /// A row if any migration was ever run here.
    pub(crate) const fn ledger_exists(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'",
            Self::Postgres => "SELECT 1 WHERE to_regclass('schema_migrations') IS NOT NULL",
        }
    }

    /// What follows a `SELECT` that picks a row to work on, so that two workers do not wait for each other.
    pub(crate) const fn skip_locked(self) -> &'static str {
        match self {
            Self::Sqlite => "",
            Self::Postgres => " FOR UPDATE SKIP LOCKED",
        }
    }

    /// The newest entry of the change log. The fourth column is null but in the one row, on PostgreSQL, that
    /// lists the transactions which are running in the snapshot that the query sees.
    pub(crate) const fn end_of_log(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT seq, at, slots, NULL FROM changes ORDER BY seq DESC LIMIT 1",
            Self::Postgres => {
                "SELECT NULL::bigint, NULL::bigint, NULL::bytea, \
                 split_part(pg_current_snapshot()::text, ':', 3) UNION ALL \
                 SELECT * FROM (SELECT seq, at, slots, NULL FROM changes ORDER BY seq DESC LIMIT 1) newest"
            }
        }
    }

    /// At most `$2` entries from number `$1` on, and on PostgreSQL those of the transactions in the list `$3`,
    /// in order, with the row that lists what is running as [`Dialect::end_of_log`] has it.
    pub(crate) const fn log_from(self) -> &'static str {
        match self {
            Self::Sqlite => "SELECT seq, at, slots, NULL FROM changes WHERE seq >= $1 ORDER BY seq LIMIT $2",
            Self::Postgres => {
                "SELECT NULL::bigint, NULL::bigint, NULL::bytea, \
                 split_part(pg_current_snapshot()::text, ':', 3) UNION ALL \
                 SELECT * FROM (SELECT seq, at, slots, NULL FROM changes WHERE seq >= $1 \
                 OR xid = ANY (string_to_array($3, ',')::bigint[]) ORDER BY seq LIMIT $2) entries"
            }
        }
    }

    /// Appends the condition that a column equals a value.
    pub(crate) fn push_equal(self, sql: &mut Sql, alias: Alias, column: &'static str, arg: Arg) {
        if self.is_hashed(column) {
            sql.push("hashtextextended(").column(alias, column).push(", 0) = hashtextextended(");
            sql.param(arg.clone()).push(", 0) AND ");
        }
        sql.column(alias, column).push(" = ");
        match arg {
            // Written out, so that an index of those rows alone can serve.
            Arg::Bool(Some(true)) => sql.push("TRUE"),
            Arg::Bool(Some(false)) => sql.push("FALSE"),
            arg => sql.param(arg),
        };
    }

    /// Appends the condition that a column is one of some values.
    pub(crate) fn push_one_of(self, sql: &mut Sql, alias: Alias, column: &'static str, args: Vec<Arg>) {
        if self.is_hashed(column) {
            sql.push("hashtextextended(").column(alias, column).push(", 0) IN (");
            sql.separated(", ", args.clone(), |sql, arg| {
                sql.push("hashtextextended(").param(arg).push(", 0)");
            })
            .push(") AND ");
        }
        sql.column(alias, column).push(" IN (");
        sql.separated(", ", args, |sql, arg| {
            sql.param(arg);
        })
        .push(")");
    }

    /// Whether the indexes of a column are of hashes.
    pub(crate) fn is_hashed(self, column: &str) -> bool {
        self == Self::Postgres && LONG.contains(&column)
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
            Self::Postgres => {
                let Some(list) = values.iter().map(json_scalar).collect::<Option<Vec<_>>>() else {
                    return false;
                };
                // An array that is made once, so that the column's index can serve.
                let numbers = list.iter().any(serde_json::Value::is_number);
                sql.column(alias, column).push(" = ANY (ARRAY(SELECT e.value");
                sql.push(if numbers { "::bigint" } else { "" });
                sql.push(" FROM jsonb_array_elements_text(");
                sql.param(Arg::text(serde_json::Value::Array(list).to_string())).push("::jsonb) e))");
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
            Self::Postgres if holds_nul(document) => {
                sql.push("FALSE");
            }
            Self::Postgres => {
                // As the one element of an array, so that a scalar is not found inside an array of them.
                sql.push("jsonb_build_array(").column(alias, column).push("::jsonb) @> jsonb_build_array(");
                sql.param(Arg::text(document.to_string())).push("::jsonb)");
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
