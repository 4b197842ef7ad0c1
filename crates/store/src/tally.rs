//! Counts and sums of records, in groups, with one statement.

use keyway_base::{AccountId, RecordId};
use keyway_jsonapi::{Resource, Scope};

use crate::StoreError;
use crate::arg::Arg;
use crate::select::push_where;
use crate::session::Session;
use crate::statement::{Alias, Sql};

/// Sums are added up in two halves, each of which cannot overflow, whatever the columns hold.
const HALF: i64 = 1 << 32;

/// The records that agree in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// What they agree in.
    pub of: RecordId,
    /// How many there are.
    pub count: i64,
    /// The sum of each column that was asked for; the largest number where it would be larger.
    pub sums: Vec<i64>,
}

/// Counts the records that match, and adds their columns up, for each value of the column `by`.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn tally(
    session: &mut Session,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
    (by, columns): (&'static str, &[&'static str]),
) -> Result<Vec<Tally>, StoreError> {
    let mut sql = Sql::new(session.dialect());
    sql.push("SELECT ").column(Alias::MAIN, by).push(", count(*)");
    for column in columns {
        for operator in [" / ", " % "] {
            sql.push(", CAST(coalesce(sum(").column(Alias::MAIN, column).push(operator);
            sql.param(Arg::int(HALF)).push("), 0) AS BIGINT)");
        }
    }
    sql.push(" FROM ").push(resource.table).push(" ").name(Alias::MAIN);
    push_where(&mut sql, Some(account), scope);
    sql.push(" GROUP BY ").column(Alias::MAIN, by);
    let rows = session.rows(sql.finish()).await?;
    let read = |row: &crate::row::Row| {
        let half = |position: usize| row.int(position).unwrap_or(0);
        let sums = (0..columns.len()).map(|nth| whole(half(2 + 2 * nth), half(3 + 2 * nth)));
        Some(Tally { of: row.id(0)?, count: half(1), sums: sums.collect() })
    };
    Ok(rows.iter().filter_map(read).collect())
}

fn whole(high: i64, low: i64) -> i64 {
    high.saturating_mul(HALF).saturating_add(low)
}
