//! `events.prune`, `requests.prune` and `webhooks.prune`: entries of a log, and webhook events, go when they are older
//! than they are to be kept, in bounded batches.
//!
//! Every process looks now and then which accounts have such entries, and enqueues one job for each; the lease of
//! the job sees to it that one process does the work.

use std::time::Duration;

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{EventLog, RequestLog, WebhookEvent};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Job, Page};
use serde_json::json;

use crate::JobError;
use crate::accounts::with_any;
use crate::kind::{PRUNE_EVENTS, PRUNE_REQUESTS, PRUNE_WEBHOOKS};
use crate::runner::{Ended, Parts, end};

/// How many entries one transaction deletes.
const BATCH: u32 = 500;
/// How long webhook events are kept (`licensing.md` §15).
const WEBHOOKS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long entries of the logs are kept; for ever without a time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LogsKept {
    /// What happened.
    pub events: Option<Duration>,
    /// Which requests were answered.
    pub requests: Option<Duration>,
}

/// Entries whose partition is dropped some day may outlive their time by this part of it: dropping is cheaper by far.
const SPARE: u32 = 10;

/// A log, and the job that prunes it.
struct Log {
    resource: &'static Resource,
    kind: &'static str,
}

const EVENTS: Log = Log { resource: EventLog::RESOURCE, kind: PRUNE_EVENTS };
const REQUESTS: Log = Log { resource: RequestLog::RESOURCE, kind: PRUNE_REQUESTS };
const WEBHOOKS: Log = Log { resource: WebhookEvent::RESOURCE, kind: PRUNE_WEBHOOKS };

/// Enqueues a job for every account and log that has entries older than they are kept; says how many.
pub(crate) async fn look(parts: &Parts, kept: LogsKept) -> Result<usize, JobError> {
    let mut found = 0;
    for (log, kept) in [(&EVENTS, kept.events), (&REQUESTS, kept.requests), (&WEBHOOKS, Some(WEBHOOKS_KEPT))]
    {
        if let Some(kept) = kept {
            let partitioned = !parts.db.partitions(log.resource).await?.is_empty();
            let spare = if partitioned { kept / SPARE } else { Duration::ZERO };
            let before = parts.clock.wall().minus(kept.saturating_add(spare));
            let payload = json!({ "before": before.as_micros() });
            let accounts = with_any([(log.resource, older_than(before))]);
            found += parts.enqueue_for(&accounts, log.kind, &payload).await?;
        }
    }
    Ok(found)
}

fn older_than(before: Timestamp) -> Scope {
    Scope::Lt("created_at", Value::Time(before))
}

impl Log {
    fn pruned_by(kind: &str) -> &'static Self {
        match kind {
            PRUNE_REQUESTS => &REQUESTS,
            PRUNE_WEBHOOKS => &WEBHOOKS,
            _ => &EVENTS,
        }
    }
}

/// Deletes the entries that are older than the job says.
pub(crate) async fn prune(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let log = Log::pruned_by(&job.kind);
    let missing = || JobError::Payload { kind: job.kind.clone(), missing: "a time" };
    let before = job.payload.get("before").and_then(serde_json::Value::as_i64).ok_or_else(missing)?;
    let old = older_than(Timestamp::from_micros(before));
    let page = Page { limit: Some(BATCH), ..Page::all() };
    loop {
        // Read apart: entries may be large, and nobody else can write meanwhile.
        let batch = parts.db.list(log.resource, job.account, &old, &page).await?;
        let mut write = parts.db.begin().await?;
        let ids: Vec<RecordId> = batch.iter().map(Record::id).collect();
        let last = u32::try_from(ids.len()).is_ok_and(|count| count < BATCH);
        if !ids.is_empty() {
            let these = Scope::In("id", ids.into_iter().map(Value::Id).collect());
            write.delete_where(log.resource, job.account, &these).await?;
        }
        if last {
            return end(write, job, Changes::none()).await;
        }
        write.commit(Changes::none()).await?;
    }
}
