//! `events.prune` and `webhooks.prune`: entries of the event log and webhook events go when they are older than they are to
//! be kept, in bounded batches.
//!
//! Every process looks now and then which accounts have such entries, and enqueues one job for each; the lease of
//! the job sees to it that one process does the work.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::{Account, EventLog, WebhookEvent};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Job, NewJob, Page};
use serde_json::json;

use crate::JobError;
use crate::kind::PRUNE_WEBHOOKS;
use crate::runner::{Ended, Parts, end};

/// How many entries one transaction deletes.
const BATCH: u32 = 500;

/// What is pruned by each kind of job.
fn pruned(kind: &str) -> &'static Resource {
    if kind == PRUNE_WEBHOOKS { WebhookEvent::RESOURCE } else { EventLog::RESOURCE }
}

/// Enqueues a job of a kind for every account that has entries older than `kept`; says how many.
pub(crate) async fn look(parts: &Parts, kind: &str, kept: Duration) -> Result<usize, JobError> {
    let before = parts.clock.wall().minus(kept);
    let mut found = 0;
    for account in parts.db.accounts(Account::RESOURCE).await? {
        let account = account.account();
        if parts.db.find(pruned(kind), account, &older_than(before)).await?.is_some() {
            enqueue(parts, kind, account, before).await?;
            found += 1;
        }
    }
    Ok(found)
}

async fn enqueue(parts: &Parts, kind: &str, account: AccountId, before: Timestamp) -> Result<(), JobError> {
    let mut write = parts.db.begin().await?;
    let job = NewJob {
        kind: kind.to_owned(),
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
    let resource = pruned(&job.kind);
    let page = Page { limit: Some(BATCH), ..Page::all() };
    loop {
        let mut write = parts.db.begin().await?;
        let batch = write.list(resource, job.account, &old, &page).await?;
        let ids: Vec<RecordId> = batch.iter().map(Record::id).collect();
        let last = u32::try_from(ids.len()).is_ok_and(|count| count < BATCH);
        if !ids.is_empty() {
            let these = Scope::In("id", ids.into_iter().map(Value::Id).collect());
            write.delete_where(resource, job.account, &these).await?;
        }
        if last {
            return end(write, job, Changes::none()).await;
        }
        write.commit(Changes::none()).await?;
    }
}
