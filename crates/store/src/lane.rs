//! Lanes of the job queue: jobs that go the same way (to one endpoint) share a lane, of which a few are done at a time,
//! so that one way that is slow does not hold up the others.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};

use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::job::push_claim;
use crate::statement::{Sql, Statement};

/// How many jobs may be done at a time, on all nodes together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// Of one lane.
    pub lane: u32,
    /// Of all lanes of an account.
    pub account: u32,
}

/// What a lane is called: names are an account's own.
pub(crate) fn name(account: AccountId, lane: RecordId) -> String {
    format!("{account}/{lane}")
}

/// Whether a job can be claimed in some lane.
pub(crate) fn due(dialect: Dialect, now: Timestamp, shares: Shares) -> Statement {
    let mut sql = Sql::new(dialect);
    push_due(&mut sql, now, shares);
    sql.finish()
}

/// Claims a job and gives back its columns.
pub(crate) fn claim(dialect: Dialect, now: Timestamp, lease: Duration, shares: Shares) -> Statement {
    let mut sql = Sql::new(dialect);
    push_claim(&mut sql, now, lease, |sql| {
        push_due(sql, now, shares);
        sql.push(dialect.skip_locked());
    });
    sql.finish()
}

/// The head of a lane, which is the job that is due longest there: of the account that has the fewest under way, then
/// of the lane that has, then the one that is due longest. Goes from lane to lane by the index, however long they are.
fn push_due(sql: &mut Sql, now: Timestamp, shares: Shares) {
    let now = Arg::int(now.as_micros());
    sql.push(
        "WITH RECURSIVE lanes (lane) AS (SELECT min(f.lane) FROM jobs f WHERE f.lane IS NOT NULL UNION ALL ",
    );
    sql.push("SELECT (SELECT min(n.lane) FROM jobs n WHERE n.lane > l.lane) FROM lanes l WHERE l.lane IS NOT NULL), ");
    sql.push("heads (id, account_id, run_at, of_account, of_lane) AS (SELECT h.id, h.account_id, h.run_at, ");
    push_under_way(sql, &now, "b.account_id = h.account_id");
    sql.push(", ");
    push_under_way(sql, &now, "b.account_id = h.account_id AND b.lane = h.lane");
    sql.push(
        " FROM lanes l JOIN jobs h ON h.id = (SELECT c.id FROM jobs c WHERE c.lane = l.lane AND c.run_at <= ",
    );
    sql.param(now.clone()).push(" AND (c.lease IS NULL OR c.leased_until <= ").param(now.clone());
    sql.push(") AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.account_id = c.account_id AND r.kind = c.kind");
    sql.push(" AND r.key = c.key AND r.id <> c.id AND r.leased_until > ").param(now.clone());
    sql.push(") ORDER BY c.run_at, c.id LIMIT 1)) SELECT j.id FROM heads d JOIN jobs j ON j.id = d.id ");
    // said of the row itself again: whoever had to wait for it looks at no more than that
    sql.push("WHERE (j.lease IS NULL OR j.leased_until <= ").param(now);
    sql.push(") AND d.of_account < ").param(Arg::int(shares.account.into()));
    sql.push(" AND d.of_lane < ").param(Arg::int(shares.lane.into()));
    sql.push(" ORDER BY d.of_account, d.of_lane, d.run_at, d.id LIMIT 1");
}

fn push_under_way(sql: &mut Sql, now: &Arg, which: &'static str) {
    sql.push("(SELECT count(*) FROM jobs b WHERE ").push(which);
    sql.push(" AND b.lane IS NOT NULL AND b.lease IS NOT NULL AND b.leased_until > ").param(now.clone());
    sql.push(")");
}
