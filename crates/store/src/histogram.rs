//! Counts of rows by what they have in common.

use keyway_base::AccountId;
use keyway_jsonapi::{Resource, Scope};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::select::push_where;
use crate::session::Session;
use crate::statement::{Alias, Sql, Statement};

/// What rows are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A column, as text.
    Column(&'static str),
    /// The first letter of a column with texts.
    Initial(&'static str),
    /// The day of a column with times, in days since 1970 (UTC).
    Day(&'static str),
    /// A member of a column with JSON objects.
    Member(&'static str, &'static str),
}

/// How many rows have the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// What they have, in the order that was asked for; `None` where they have nothing.
    pub of: Vec<Option<String>>,
    /// How many there are.
    pub count: u64,
}

/// Counts the records that match by what they have in common; the most frequent first, at most so many.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn histogram(
    session: &mut Session,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
    (by, most): (&[By], u32),
) -> Result<Vec<Bar>, StoreError> {
    let statement = select(session.dialect(), resource, account, scope, (by, most));
    let rows = session.rows(statement).await?;
    let bars = rows.iter().map(|row| {
        let count = row.int(by.len()).and_then(|count| u64::try_from(count).ok());
        let of = (0..by.len()).map(|index| row.text(index)).collect();
        row.read(resource.table, "count", |_| count).map(|count| Bar { of, count })
    });
    bars.collect()
}

/// The statement of [`histogram`].
pub(crate) fn select(
    dialect: Dialect,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
    (by, most): (&[By], u32),
) -> Statement {
    const PLACES: [&str; 4] = ["1", "2", "3", "4"];
    let mut sql = Sql::new(dialect);
    sql.push("SELECT ");
    for by in by {
        push_value(&mut sql, *by);
        sql.push(", ");
    }
    sql.push("count(*) AS many FROM ").push(resource.table).push(" ").name(Alias::MAIN);
    push_where(&mut sql, Some(account), scope);
    let places = PLACES.iter().take(by.len());
    sql.push(" GROUP BY ").separated(", ", places.clone(), |sql, place| {
        sql.push(place);
    });
    sql.push(" ORDER BY many DESC, ").separated(", ", places, |sql, place| {
        sql.push(place);
    });
    sql.push(" LIMIT ").param(Arg::int(most.into()));
    sql.finish()
}

fn push_value(sql: &mut Sql, by: By) {
    sql.push("CAST(");
    match by {
        By::Column(column) => sql.column(Alias::MAIN, column),
        By::Initial(column) => sql.push("substr(").column(Alias::MAIN, column).push(", 1, 1)"),
        By::Day(column) => sql.column(Alias::MAIN, column).push(" / 86400000000"),
        By::Member(column, member) => match sql.dialect() {
            Dialect::Sqlite => {
                sql.push("json_extract(").column(Alias::MAIN, column).push(", '$.").push(member).push("')")
            }
            Dialect::Postgres => {
                sql.push("(").column(Alias::MAIN, column).push("::jsonb ->> '").push(member).push("')")
            }
        },
    };
    sql.push(" AS TEXT)");
}
