//! `events.prune`: entries of the event log go when they are older than they are to be kept, in bounded batches.
//!
//! Every process looks now and then which accounts have such entries, and enqueues one job for each; the lease of
//! the job sees to it that one process does the work.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::{Account, EventLog};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, Job, NewJob, Page};
use serde_json::json;

use crate::JobError;
use crate::kind::PRUNE_EVENTS;
use crate::runner::{Ended, Parts, end};

/// How many entries one transaction deletes.
const BATCH: u32 = 500;

/// Enqueues a job for every account that has entries older than `kept`; says how many.
pub(crate) async fn look(parts: &Parts, kept: Duration) -> Result<usize, JobError> {
    let before = parts.clock.wall().minus(kept);
    let mut found = 0;
    for account in parts.db.accounts(Account::RESOURCE).await? {
        let account = account.account();
        if parts.db.find(EventLog::RESOURCE, account, &older_than(before)).await?.is_some() {
            enqueue(parts, account, before).await?;
            found += 1;
        }
    }
    Ok(found)
}

async fn enqueue(parts: &Parts, account: AccountId, before: Timestamp) -> Result<(), JobError> {
    let mut write = parts.db.begin().await?;
    let job = NewJob {
        kind: PRUNE_EVENTS.to_owned(),
        key: String::new(),
        account,
        payload: json!({ "before": before.as_micros() }),
        run_at: parts.clock.wall(),
    };
    write.enqueue(&job).await?;
    write.commit(Changes::none()).await?;
    parts.wake.notify_one();
    Ok(())
}

fn older_than(before: Timestamp) -> Scope {
    Scope::Lt("created_at", Value::Time(before))
}

/// Deletes the entries that are older than the job says.
pub(crate) async fn prune(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let missing = || JobError::Payload { kind: job.kind.clone(), missing: "a time" };
    let before = job.payload.get("before").and_then(serde_json::Value::as_i64).ok_or_else(missing)?;
    let old = older_than(Timestamp::from_micros(before));
    let page = Page { limit: Some(BATCH), ..Page::all() };
    loop {
        let mut write = parts.db.begin().await?;
        let batch = write.list(EventLog::RESOURCE, job.account, &old, &page).await?;
        let ids: Vec<RecordId> = batch.iter().map(Record::id).collect();
        let last = u32::try_from(ids.len()).is_ok_and(|count| count < BATCH);
        if !ids.is_empty() {
            let these = Scope::In("id", ids.into_iter().map(Value::Id).collect());
            write.delete_where(EventLog::RESOURCE, job.account, &these).await?;
        }
        if last {
            return end(write, job, Changes::none()).await;
        }
        write.commit(Changes::none()).await?;
    }
}
