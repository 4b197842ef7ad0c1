//! `usage.count`: once a day what an account has is counted (`licensing.md` §14, §15), apart for each environment, so
//! that there is a series of it.

use std::iter;

use keyway_base::{AccountId, EnvironmentId, RecordId, Timestamp};
use keyway_domain::resources::{Environment, UsageSnapshot};
use keyway_domain::usage::{Metric, today};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Job};
use serde_json::json;

use crate::JobError;
use crate::accounts::with_any;
use crate::kind::COUNT_USAGE;
use crate::runner::{Ended, Parts, end};

/// How many days of it are kept: the longest year, which is the furthest that a series goes back.
const KEPT: i64 = 366;

/// Enqueues a job for every account that was not counted today; says how many.
pub(crate) async fn look(parts: &Parts) -> Result<usize, JobError> {
    let today = of_day(today(parts.clock.wall()));
    let accounts = with_any([(UsageSnapshot::RESOURCE, today)]).negate();
    parts.enqueue_for(&accounts, COUNT_USAGE, &json!({})).await
}

fn of_day(day: i64) -> Scope {
    Scope::Is("day", Value::Int(day))
}

/// Counts, and forgets what nobody can ask for any more. What was counted today already is replaced.
pub(crate) async fn count(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let now = parts.clock.wall();
    let snapshots = counted(parts, job.account, now).await?;
    let replaced = of_day(today(now)).or(Scope::Lt("day", Value::Int(today(now) - KEPT)));
    let mut write = parts.db.begin().await?;
    write.delete_where(UsageSnapshot::RESOURCE, job.account, &replaced).await?;
    write.insert_all(&snapshots).await?;
    end(write, job, Changes::none()).await
}

/// Everything that is counted, from one snapshot of the database.
async fn counted(parts: &Parts, account: AccountId, now: Timestamp) -> Result<Vec<Record>, JobError> {
    let mut read = parts.db.read().await?;
    let environments = read.all(Environment::RESOURCE, account, &Scope::All).await?;
    let environments = environments.iter().map(|environment| Some(EnvironmentId::from(environment.id())));
    let mut snapshots = Vec::new();
    for environment in iter::once(None).chain(environments) {
        let own = environment.map_or(Scope::IsNull("environment_id"), |id| Scope::id("environment_id", id));
        for metric in Metric::ALL {
            let mut count = 0_u64;
            for (resource, scope) in metric.counted(&own, now) {
                count = count.saturating_add(read.count(resource, account, &scope).await?);
            }
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            snapshots.push(snapshot(account, environment, now, (metric, count)));
        }
    }
    Ok(snapshots)
}

fn snapshot(
    account_id: AccountId,
    environment_id: Option<EnvironmentId>,
    now: Timestamp,
    (metric, count): (Metric, i64),
) -> Record {
    let (id, metric) = (RecordId::generate(now), metric.as_str().to_owned());
    let (created_at, updated_at, day) = (now, now, today(now));
    UsageSnapshot { id, account_id, environment_id, created_at, updated_at, metric, day, count }.into_record()
}
