//! Counts and sums of records, in groups, with one statement.

use keyway_base::{AccountId, RecordId};
use keyway_jsonapi::{Resource, Scope};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::select::push_where;
use crate::session::Session;
use crate::statement::{Alias, Sql, Statement};

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
    let statement = statement(session.dialect(), resource, account, scope, (by, columns));
    let rows = session.rows(statement).await?;
    let read = |row: &crate::row::Row| {
        let half = |position: usize| row.int(position).unwrap_or(0);
        let sums = (0..columns.len()).map(|nth| whole(half(2 + 2 * nth), half(3 + 2 * nth)));
        Some(Tally { of: row.id(0)?, count: half(1), sums: sums.collect() })
    };
    Ok(rows.iter().filter_map(read).collect())
}

fn statement(
    dialect: Dialect,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
    (by, columns): (&'static str, &[&'static str]),
) -> Statement {
    let mut sql = Sql::new(dialect);
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
    sql.finish()
}

fn whole(high: i64, low: i64) -> i64 {
    high.saturating_mul(HALF).saturating_add(low)
}

#[cfg(test)]
mod tests {
    use keyway_domain::resources::Machine;
    use keyway_jsonapi::Declared as _;
    use keyway_testkit::TestDatabase;

    use super::*;
    use crate::Options;
    use crate::db::Pools;
    use crate::migrate::migrate;

    /// It is done for every activation, while others wait for the licence.
    #[tokio::test]
    async fn what_the_machines_of_a_licence_have_is_added_up_from_the_index_alone() {
        let place = TestDatabase::new();
        let pools = Pools::open(&Options::at(place.url(), 1).unwrap()).await.unwrap();
        migrate(pools.migration().await.unwrap()).await.unwrap();
        let mut session = pools.reader().await.unwrap();
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let (license, dialect) = (Scope::id("license_id", id), session.dialect());
        let columns = ("license_id", ["cores", "memory", "disk"].as_slice());
        let statement = statement(dialect, Machine::RESOURCE, id.into(), &license, columns);
        let (column, step) = match dialect {
            Dialect::Sqlite => (3, "USING COVERING INDEX machines_license ("),
            Dialect::Postgres => (0, "Index Only Scan using machines_license"),
        };
        let plan = session.rows(statement.explained(dialect)).await.unwrap();
        let plan: Vec<String> = plan.iter().map(|row| row.text(column).unwrap()).collect();
        assert!(plan.iter().any(|line| line.contains(step)), "{plan:#?}");
    }
}
