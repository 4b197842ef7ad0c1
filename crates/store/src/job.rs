//! Work to be done later: rows with a lease, so that a worker that dies loses nothing (DESIGN §8 "Jobs").

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::lane;
use crate::row::Row;
use crate::statement::{Sql, Statement};

/// A job to enqueue. It is written in the transaction that makes it necessary.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What kind of work (`ingest`).
    pub kind: String,
    /// Names the work: of one kind and key in an account at most one job waits, and at most one runs. A second
    /// one that waits replaces the payload of the first and can only make it run earlier; one that is enqueued
    /// while the first runs waits until that has ended.
    pub key: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// What the worker needs to know.
    pub payload: serde_json::Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// A job that this caller has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: RecordId,
    /// What kind of work.
    pub kind: String,
    /// Names the work.
    pub key: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// What the worker needs to know.
    pub payload: serde_json::Value,
    /// How often it was claimed since it was enqueued or put off, this time included.
    pub attempts: u32,
    /// The claim: only its holder can finish or retry the job.
    pub lease: RecordId,
    /// When others may claim it.
    pub leased_until: Timestamp,
}

/// Adds a job to a lane or to none, or refreshes the one that waits.
///
/// # Errors
/// [`StoreError::NulByte`] for a text that cannot be stored.
pub(crate) fn enqueue(job: &NewJob, lane: Option<RecordId>) -> Result<Statement, StoreError> {
    for (column, text) in [("kind", &job.kind), ("key", &job.key)] {
        if text.contains('\0') {
            return Err(StoreError::NulByte { column });
        }
    }
    Ok(Statement::fixed(
        "INSERT INTO jobs (account_id, id, kind, key, payload, run_at, attempts, lane) \
         VALUES ($1, $2, $3, $4, $5, $6, 0, $7) \
         ON CONFLICT (account_id, kind, key) WHERE lease IS NULL DO UPDATE SET payload = excluded.payload, \
         run_at = CASE WHEN excluded.run_at < jobs.run_at THEN excluded.run_at ELSE jobs.run_at END",
        vec![
            Arg::shown(job.account),
            Arg::shown(RecordId::generate(job.run_at)),
            Arg::text(&job.kind),
            Arg::text(&job.key),
            Arg::text(job.payload.to_string()),
            Arg::int(job.run_at.as_micros()),
            Arg::Text(lane.map(|lane| lane::name(job.account, lane))),
        ],
    ))
}

/// Whether a job of one of these kinds is due; cheap enough to ask often.
pub(crate) fn due(dialect: Dialect, now: Timestamp, kinds: &[&str]) -> Statement {
    let mut sql = Sql::new(dialect);
    push_due(&mut sql, now, kinds);
    sql.finish()
}

/// Claims the job that is due longest and gives back its columns.
pub(crate) fn claim(dialect: Dialect, now: Timestamp, lease: Duration, kinds: &[&str]) -> Statement {
    let mut sql = Sql::new(dialect);
    push_claim(&mut sql, now, lease, |sql| {
        push_due(sql, now, kinds);
        sql.push(dialect.skip_locked());
    });
    sql.finish()
}

/// A claim of the job that a query picks.
pub(crate) fn push_claim(sql: &mut Sql, now: Timestamp, lease: Duration, pick: impl FnOnce(&mut Sql)) {
    sql.push("UPDATE jobs SET attempts = attempts + 1, lease = ").param(Arg::shown(RecordId::generate(now)));
    sql.push(", leased_until = ").param(Arg::int(now.plus(lease).as_micros())).push(" WHERE id = (");
    pick(sql);
    sql.push(") RETURNING id, account_id, kind, key, payload, attempts, lease, leased_until");
}

/// The job that is due longest, unless one of the same name is being done.
fn push_due(sql: &mut Sql, now: Timestamp, kinds: &[&str]) {
    let now = Arg::int(now.as_micros());
    sql.push("SELECT j.id FROM jobs j WHERE j.run_at <= ").param(now.clone());
    sql.push(" AND (j.lease IS NULL OR j.leased_until <= ").param(now.clone()).push(") AND j.kind IN (");
    sql.separated(", ", kinds, |sql, kind| {
        sql.param(Arg::text(*kind));
    });
    sql.push(") AND NOT EXISTS (SELECT 1 FROM jobs r WHERE r.account_id = j.account_id AND r.kind = j.kind");
    sql.push(" AND r.key = j.key AND r.id <> j.id AND r.leased_until > ").param(now);
    sql.push(") ORDER BY j.run_at, j.id LIMIT 1");
}

/// Reads what [`claim`] gives back.
///
/// # Errors
/// [`StoreError::Corrupt`] when a value does not fit.
pub(crate) fn claimed(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        id: row.read("jobs", "id", |row| row.id(0))?,
        account: row.read("jobs", "account_id", |row| row.id(1))?.into(),
        kind: row.read("jobs", "kind", |row| row.text(2))?,
        key: row.read("jobs", "key", |row| row.text(3))?,
        payload: row.read("jobs", "payload", |row| serde_json::from_str(&row.text(4)?).ok())?,
        attempts: row.read("jobs", "attempts", |row| u32::try_from(row.int(5)?).ok())?,
        lease: row.read("jobs", "lease", |row| row.id(6))?,
        leased_until: row.read("jobs", "leased_until", |row| row.time(7))?,
    })
}

/// Ends a claimed job.
pub(crate) fn finish(job: &Job) -> Statement {
    Statement::fixed("DELETE FROM jobs WHERE account_id = $1 AND id = $2 AND lease = $3", held(job))
}

/// Holds a claimed job for longer.
pub(crate) fn renew(job: &Job, until: Timestamp) -> Statement {
    let mut args = held(job);
    args.push(Arg::int(until.as_micros()));
    Statement::fixed(
        "UPDATE jobs SET leased_until = $4 WHERE account_id = $1 AND id = $2 AND lease = $3",
        args,
    )
}

/// Ends every lease.
pub(crate) fn end_leases() -> Statement {
    Statement::fixed("UPDATE jobs SET leased_until = 0 WHERE lease IS NOT NULL", Vec::new())
}

/// Drops a claimed job if another one of its name waits, which will do the work.
pub(crate) fn finish_if_another_waits(job: &Job) -> Statement {
    Statement::fixed(
        "DELETE FROM jobs WHERE account_id = $1 AND id = $2 AND lease = $3 AND EXISTS (SELECT 1 FROM jobs w \
         WHERE w.account_id = jobs.account_id AND w.kind = jobs.kind AND w.key = jobs.key AND w.lease IS NULL)",
        held(job),
    )
}

/// Gives a claimed job back that has to wait, and did not fail.
pub(crate) fn put_off(job: &Job, at: Timestamp) -> Statement {
    let mut args = held(job);
    args.push(Arg::int(at.as_micros()));
    Statement::fixed(
        "UPDATE jobs SET lease = NULL, leased_until = NULL, run_at = $4, attempts = 0, error = NULL \
         WHERE account_id = $1 AND id = $2 AND lease = $3",
        args,
    )
}

/// Gives a claimed job back that failed.
pub(crate) fn retry(job: &Job, at: Timestamp, error: &str) -> Statement {
    let mut args = held(job);
    args.push(Arg::int(at.as_micros()));
    args.push(Arg::text(error.replace('\0', "")));
    Statement::fixed(
        "UPDATE jobs SET lease = NULL, leased_until = NULL, run_at = $4, error = $5 \
         WHERE account_id = $1 AND id = $2 AND lease = $3",
        args,
    )
}

/// Since when the job of these kinds is due that is due longest and nobody has claimed.
pub(crate) fn due_since(dialect: Dialect, now: Timestamp, kinds: &[&str]) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT min(run_at) FROM jobs WHERE lease IS NULL AND run_at <= ")
        .param(Arg::int(now.as_micros()));
    sql.push(" AND kind IN (");
    sql.separated(", ", kinds, |sql, kind| {
        sql.param(Arg::text(*kind));
    });
    sql.push(")");
    sql.finish()
}

/// How many jobs are not finished.
pub(crate) const fn pending() -> Statement {
    Statement::fixed("SELECT count(*) FROM jobs", Vec::new())
}

/// How many jobs are due or being done.
pub(crate) fn under_way(now: Timestamp) -> Statement {
    const TEXT: &str = "SELECT count(*) FROM jobs WHERE run_at <= $1 OR lease IS NOT NULL";
    Statement::fixed(TEXT, vec![Arg::int(now.as_micros())])
}

fn held(job: &Job) -> Vec<Arg> {
    vec![Arg::shown(job.account), Arg::shown(job.id), Arg::shown(job.lease)]
}
