//! `logs.partition`: where the logs have partitions by time (on PostgreSQL), those of the time to come are made before
//! they are needed, and those that hold only what has been kept long enough are dropped.
//!
//! Every process looks now and then whether there is something to do, and enqueues one job for all of them, in the oldest
//! account. Nothing depends on it: what has no partition of its own is in the default one, and what is not dropped is
//! removed entry by entry ([`crate::log`]).

use std::time::Duration;

use keyway_base::Timestamp;
use keyway_domain::resources::{Account, EventLog, RequestLog};
use keyway_jsonapi::{Declared, Resource};
use keyway_store::{Job, NewJob, Step};
use serde_json::{Map, Value as Json};

use crate::JobError;
use crate::kind::PARTITION_LOGS;
use crate::log::LogsKept;
use crate::runner::{Ended, Parts};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A log that has partitions.
struct Log {
    resource: &'static Resource,
    step: Step,
    /// How many are made after the present one.
    ahead: u32,
    /// How much time there has to be before the last of them ends.
    least: Duration,
    kept: fn(LogsKept) -> Option<Duration>,
}

const LOGS: &[Log] = &[
    Log {
        resource: EventLog::RESOURCE,
        step: Step::Month,
        ahead: 2,
        least: DAY.saturating_mul(31),
        kept: |kept| kept.events,
    },
    Log {
        resource: RequestLog::RESOURCE,
        step: Step::Day,
        ahead: 7,
        least: DAY.saturating_mul(3),
        kept: |kept| kept.requests,
    },
];

impl Log {
    /// Whether partitions are missing, or one may hold only what was made before a time.
    async fn is_due(
        &self,
        parts: &Parts,
        now: Timestamp,
        before: Option<Timestamp>,
    ) -> Result<bool, JobError> {
        let partitions = parts.db.partitions(self.resource).await?;
        let (Some(first), Some(last)) = (partitions.first(), partitions.last()) else { return Ok(false) };
        Ok(last.until < now.plus(self.least) || before.is_some_and(|before| first.until <= before))
    }

    async fn keep(&self, parts: &Parts, before: Option<Timestamp>) -> Result<(), JobError> {
        let log = self.resource.table;
        if parts.db.partitions(self.resource).await?.is_empty() {
            return Ok(());
        }
        let made = parts.db.make_partitions(self.resource, self.step, parts.clock.wall(), self.ahead).await?;
        tracing::debug!(log, made, "looked through the partitions of a log");
        let Some(before) = before else { return Ok(()) };
        while let Some(partition) = parts.db.drop_partition(self.resource, before).await? {
            tracing::info!(partition, "entries that have been kept long enough are gone");
        }
        Ok(())
    }
}

/// Enqueues the job if there is something to do; says whether there is.
pub(crate) async fn look(parts: &Parts, kept: LogsKept) -> Result<bool, JobError> {
    let now = parts.clock.wall();
    let (mut due, mut payload) = (false, Map::new());
    for log in LOGS {
        let before = (log.kept)(kept).map(|kept| now.minus(kept));
        due |= log.is_due(parts, now, before).await?;
        if let Some(before) = before {
            payload.insert(log.resource.table.to_owned(), before.as_micros().into());
        }
    }
    let oldest = if due { parts.db.accounts(Account::RESOURCE).await?.into_iter().next() } else { None };
    let Some(oldest) = oldest else { return Ok(false) };
    let (kind, key, account) = (PARTITION_LOGS.to_owned(), String::new(), oldest.account());
    parts.enqueue(&NewJob { kind, key, account, payload: Json::Object(payload), run_at: now }).await?;
    Ok(true)
}

/// Makes and drops partitions. What cannot be done now, since others use a partition or the schema may not be changed,
/// is looked at again in an hour.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    for log in LOGS {
        let before = job.payload.get(log.resource.table).and_then(Json::as_i64).map(Timestamp::from_micros);
        if let Err(error) = log.keep(parts, before).await {
            tracing::warn!(log = log.resource.table, %error, "the partitions of a log cannot be changed now");
        }
    }
    Ok(Ended::Done)
}
