//! Scopes as SQL. The other interpreter of scopes, over snapshots in memory, is in `access`; a property test
//! there holds the two together.

use keyway_jsonapi::{Scope, Value};

use crate::arg::Arg;
use crate::statement::{Alias, Sql};

/// Longer lists are sent as one parameter where the database can take one.
const LONG_LIST: usize = 64;

/// Appends the condition. It is never null where it is negated, so `Not` is the opposite of what it holds.
pub(crate) fn push_scope(sql: &mut Sql, alias: Alias, scope: &Scope) {
    match scope {
        Scope::All => {
            sql.push("TRUE");
        }
        Scope::None => {
            sql.push("FALSE");
        }
        Scope::And(scopes) => joined(sql, alias, scopes, " AND ", "TRUE"),
        Scope::Or(scopes) => joined(sql, alias, scopes, " OR ", "FALSE"),
        Scope::Not(inner) => negated(sql, alias, inner),
        Scope::Is(column, value) => match Arg::compared(value) {
            Some(arg) => sql.dialect().push_equal(sql, alias, column, arg),
            None => drop(sql.push("FALSE")),
        },
        Scope::Lt(column, value) => compared(sql, alias, column, " < ", value),
        Scope::Le(column, value) => compared(sql, alias, column, " <= ", value),
        Scope::Gt(column, value) => compared(sql, alias, column, " > ", value),
        Scope::Ge(column, value) => compared(sql, alias, column, " >= ", value),
        Scope::IsCaseless(column, text) => caseless(sql, alias, column, text),
        Scope::Contains(column, text) => contains(sql, alias, column, text),
        Scope::In(column, values) => one_of(sql, alias, column, values),
        Scope::IsNull(column) => {
            sql.column(alias, column).push(" IS NULL");
        }
        Scope::JsonContains(column, readings) => json_contains(sql, alias, column, readings),
        Scope::Exists { table, local, foreign, scope } => {
            let related = Related { table, local, foreign, scope };
            if sql.has_tenant() && *local != "account_id" && is_selective(scope) {
                related.push_list(sql, alias);
            } else {
                related.push_probe(sql, alias);
            }
        }
        Scope::AtLeast { table, foreign, count } => at_least(sql, alias, (*table, *foreign), *count),
        Scope::Overdue { since, through, seconds, otherwise, now } => {
            sql.column(alias, since)
                .push(" < ")
                .param(Arg::int(now.as_micros()))
                .push(" - 1000000 * coalesce(");
            followed(sql, alias, through, seconds);
            sql.push(", ").param(Arg::int(*otherwise)).push(")");
        }
    }
}

/// A column of the row that other columns lead to.
fn followed(sql: &mut Sql, alias: Alias, through: &[(&'static str, &'static str)], column: &'static str) {
    let Some(((local, table), rest)) = through.split_first() else {
        sql.column(alias, column);
        return;
    };
    let other = sql.alias();
    sql.push("(SELECT ");
    followed(sql, other, rest, column);
    sql.push(" FROM ").push(table).push(" ").name(other).push(" WHERE ");
    sql.column(other, "account_id").push(" = ").column(alias, "account_id").push(" AND ");
    sql.column(other, "id").push(" = ").column(alias, local).push(")");
}

/// How many rows of another table, by the column that points here, are counted.
fn at_least(sql: &mut Sql, alias: Alias, (table, foreign): (&'static str, &'static str), count: i64) {
    let other = sql.alias();
    sql.push("(SELECT count(*) FROM ").push(table).push(" ").name(other).push(" WHERE ");
    sql.column(other, "account_id").push(" = ").column(alias, "account_id").push(" AND ");
    sql.column(other, foreign).push(" = ").column(alias, "id").push(") >= ").param(Arg::int(count));
}

/// A condition on rows of another table.
struct Related<'a> {
    table: &'static str,
    local: &'static str,
    foreign: &'static str,
    scope: &'a Scope,
}

impl Related<'_> {
    /// One look-up in the other table for each row of this one: for conditions that many rows meet.
    fn push_probe(&self, sql: &mut Sql, alias: Alias) {
        let other = sql.alias();
        sql.push("EXISTS (SELECT 1 FROM ").push(self.table).push(" ").name(other).push(" WHERE ");
        sql.column(other, "account_id").push(" = ").column(alias, "account_id").push(" AND ");
        sql.column(other, self.foreign).push(" = ").column(alias, self.local).push(" AND ");
        push_scope(sql, other, self.scope);
        sql.push(")");
    }

    /// The few rows of the other table first, then this one's index: for conditions that few rows meet.
    fn push_list(&self, sql: &mut Sql, alias: Alias) {
        let other = sql.alias();
        sql.column(alias, self.local).push(" IN (SELECT ").column(other, self.foreign);
        sql.push(" FROM ").push(self.table).push(" ").name(other).push(" WHERE ");
        sql.same_tenant(other);
        sql.push(" AND ");
        push_scope(sql, other, self.scope);
        sql.push(")");
    }
}

/// Columns that name one record or few.
const NAMES: &[&str] = &[
    "code",
    "digest",
    "email",
    "filename",
    "fingerprint",
    "key",
    "normalised_key",
    "pid",
    "slug",
    "tag",
    "version",
    "version_key",
];

/// Whether few rows of a table are likely to meet the condition.
pub(crate) fn is_selective(scope: &Scope) -> bool {
    match scope {
        Scope::Is(_, Value::Id(_)) => true,
        Scope::Is(column, _) | Scope::IsCaseless(column, _) => NAMES.contains(column),
        Scope::In(_, values) => matches!(values.first(), Some(Value::Id(_))),
        Scope::And(scopes) => scopes.iter().any(is_selective),
        Scope::Or(scopes) => !scopes.is_empty() && scopes.iter().all(is_selective),
        Scope::Exists { local, scope, .. } => *local != "account_id" && is_selective(scope),
        Scope::Not(inner) => **inner == Scope::IsNull("banned_at"),
        _ => false,
    }
}

fn joined(sql: &mut Sql, alias: Alias, scopes: &[Scope], word: &'static str, empty: &'static str) {
    if scopes.is_empty() {
        sql.push(empty);
        return;
    }
    sql.push("(").separated(word, scopes, |sql, scope| push_scope(sql, alias, scope)).push(")");
}

/// SQL's own NOT leaves null null; a condition that is not true is false here.
fn negated(sql: &mut Sql, alias: Alias, inner: &Scope) {
    if let Scope::IsNull(column) = inner {
        sql.column(alias, column).push(" IS NOT NULL");
        return;
    }
    sql.push("CASE WHEN ");
    push_scope(sql, alias, inner);
    sql.push(" THEN FALSE ELSE TRUE END");
}

fn compared(sql: &mut Sql, alias: Alias, column: &'static str, operator: &'static str, value: &Value) {
    match Arg::compared(value) {
        Some(arg) => sql.column(alias, column).push(operator).param(arg),
        None => sql.push("FALSE"),
    };
}

/// Both sides are folded as the database folds, which is ASCII only, so that an index can serve.
fn caseless(sql: &mut Sql, alias: Alias, column: &'static str, text: &str) {
    if text.contains('\0') {
        sql.push("FALSE");
        return;
    }
    sql.push("lower(").column(alias, column).push(") = ").param(Arg::text(text.to_ascii_lowercase()));
}

/// Wildcards in the text stand for themselves. Both sides are folded as [`caseless`] does.
fn contains(sql: &mut Sql, alias: Alias, column: &'static str, text: &str) {
    if text.contains('\0') {
        sql.push("FALSE");
        return;
    }
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter.to_ascii_lowercase());
    }
    pattern.push('%');
    sql.push("lower(CAST(").column(alias, column).push(" AS TEXT)) LIKE ");
    sql.param(Arg::text(pattern)).push(" ESCAPE '\\'");
}

fn one_of(sql: &mut Sql, alias: Alias, column: &'static str, values: &[Value]) {
    let mut args: Vec<Arg> = values.iter().filter_map(Arg::compared).collect();
    let Some(last) = args.last().cloned() else {
        sql.push("FALSE");
        return;
    };
    let dialect = sql.dialect();
    let as_one = args.len() > LONG_LIST && !dialect.is_hashed(column);
    if as_one && dialect.push_one_of_many(sql, alias, column, values) {
        return;
    }
    // Few lengths, so that the statement cache does not fill with variants.
    args.resize(args.len().next_power_of_two(), last);
    dialect.push_one_of(sql, alias, column, args);
}

fn json_contains(sql: &mut Sql, alias: Alias, column: &'static str, readings: &[serde_json::Value]) {
    if readings.is_empty() {
        sql.push("FALSE");
        return;
    }
    let dialect = sql.dialect();
    let write = |sql: &mut Sql, reading| dialect.push_json_contains(sql, alias, column, reading);
    sql.push("(").separated(" OR ", readings, write).push(")");
}

#[cfg(test)]
mod tests {
    use keyway_base::Timestamp;

    use super::*;
    use crate::dialect::Dialect;

    fn text(scope: &Scope) -> String {
        let mut sql = Sql::new(Dialect::Sqlite);
        push_scope(&mut sql, Alias::MAIN, scope);
        let statement = sql.finish();
        let text = statement.text().to_owned();
        assert!(statement.into_parts().is_ok(), "{text}");
        text
    }

    #[test]
    fn conditions_hold_parameters_only() {
        let scope = Scope::text("key", "x' OR 1=1 --").and(Scope::IsNull("owner_id").negate());
        assert_eq!(text(&scope), "(t0.key = $1 AND t0.owner_id IS NOT NULL)");
    }

    #[test]
    fn comparison_with_null_or_nul_is_false() {
        assert_eq!(text(&Scope::Is("name", Value::Null)), "FALSE");
        assert_eq!(text(&Scope::text("name", "a\0")), "FALSE");
        assert_eq!(text(&Scope::In("name", vec![Value::Null])), "FALSE");
    }

    #[test]
    fn related_rows_are_of_the_same_account() {
        let scope = Scope::belongs("products", "product_id", Scope::text("code", "app")).negate();
        assert_eq!(
            text(&scope),
            "CASE WHEN EXISTS (SELECT 1 FROM products t1 WHERE t1.account_id = t0.account_id \
             AND t1.id = t0.product_id AND t1.code = $1) THEN FALSE ELSE TRUE END"
        );
    }

    #[test]
    fn what_is_overdue_is_asked_of_the_row_that_columns_lead_to() {
        let scope = Scope::Overdue {
            since: "last_heartbeat_at",
            through: &[("license_id", "licenses"), ("policy_id", "policies")],
            seconds: "heartbeat_duration",
            otherwise: 600,
            now: Timestamp::from_micros(7),
        };
        assert_eq!(
            text(&scope),
            "t0.last_heartbeat_at < $1 - 1000000 * coalesce((SELECT (SELECT t2.heartbeat_duration \
             FROM policies t2 WHERE t2.account_id = t1.account_id AND t2.id = t1.policy_id) \
             FROM licenses t1 WHERE t1.account_id = t0.account_id AND t1.id = t0.license_id), $2)"
        );
    }

    #[test]
    fn few_related_rows_are_looked_up_first() {
        let account = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let text = |scope: &Scope| {
            let mut sql = Sql::new(Dialect::Sqlite);
            sql.tenant(Alias::MAIN, account).push(" AND ");
            push_scope(&mut sql, Alias::MAIN, scope);
            sql.finish().text().to_owned()
        };
        assert_eq!(
            text(&Scope::belongs("products", "product_id", Scope::text("code", "app"))),
            "t0.account_id = $1 AND t0.product_id IN (SELECT t1.id FROM products t1 \
             WHERE t1.account_id = $1 AND t1.code = $2)"
        );
        let many = Scope::belongs("releases", "release_id", Scope::text("status", "PUBLISHED"));
        assert!(text(&many).contains("EXISTS"), "{}", text(&many));
    }

    #[test]
    fn lists_come_in_few_lengths() {
        let values = |count: i64| (0..count).map(Value::Int).collect::<Vec<_>>();
        assert_eq!(text(&Scope::In("uses", values(3))), "t0.uses IN ($1, $2, $3, $4)");
        assert_eq!(text(&Scope::In("uses", values(3))), text(&Scope::In("uses", values(4))));
        assert_eq!(text(&Scope::In("uses", values(65))), text(&Scope::In("uses", values(1000))));
    }
}
