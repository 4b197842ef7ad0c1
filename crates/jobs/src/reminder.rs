//! `licenses.remind`: tells of licences that expire or have to check in, soon or since lately (`licensing.md` §15).
//!
//! What was told is remembered by the event's own entry in the log, written in the transaction that looked for it:
//! processes that look at the same time, and one that dies in between, tell of nothing twice.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::event::{Event, Origin};
use keyway_domain::license::notice::Notice;
use keyway_domain::resources::{Account, License, Policy};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, Job, NewJob, Order, Page};
use serde_json::json;

use crate::JobError;
use crate::kind::REMIND;
use crate::runner::{Ended, Parts, end};

/// How many licences one transaction looks at.
const BATCH: u32 = 100;

/// Enqueues a job for every account in which something may have to be told; says how many.
pub(crate) async fn look(parts: &Parts) -> Result<usize, JobError> {
    let now = parts.clock.wall();
    let mut found = 0;
    for account in parts.db.accounts(Account::RESOURCE).await? {
        let account = account.account();
        let dates =
            Notice::OF_EXPIRY.map(|notice| notice.expiries(now)).into_iter().fold(Scope::None, Scope::or);
        let wanted = parts.db.find(License::RESOURCE, account, &dates).await?.is_some()
            || parts.db.find(Policy::RESOURCE, account, &asks_for_check_ins()).await?.is_some();
        if wanted {
            let job = NewJob {
                kind: REMIND.to_owned(),
                key: String::new(),
                account,
                payload: json!({}),
                run_at: now,
            };
            let mut write = parts.db.begin().await?;
            write.enqueue(&job).await?;
            write.commit(Changes::none()).await?;
            parts.wake.notify_one();
            found += 1;
        }
    }
    Ok(found)
}

fn asks_for_check_ins() -> Scope {
    Scope::Is("require_check_in", Value::Bool(true))
}

/// Tells of everything that is due in an account.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let now = parts.clock.wall();
    for notice in Notice::OF_EXPIRY {
        let is_due = |license: &License| notice.is_due_by_expiry(license, now);
        tell(parts, job, notice, &notice.expiries(now), now, is_due).await?;
    }
    let mut read = parts.db.read().await?;
    let policies = read.all(Policy::RESOURCE, job.account, &asks_for_check_ins()).await?;
    drop(read);
    for policy in policies {
        let policy: Policy = policy.typed()?;
        for notice in Notice::OF_CHECK_IN {
            let is_due = |license: &License| notice.is_due_by_check_in(license, &policy, now);
            tell(parts, job, notice, &notice.check_ins(&policy, now), now, is_due).await?;
        }
    }
    end(parts.db.begin().await?, job, Changes::none()).await
}

/// Writes a notice down for every licence of a scope for which it is due, a batch at a time.
async fn tell(
    parts: &Parts,
    job: &Job,
    notice: Notice,
    scope: &Scope,
    now: Timestamp,
    is_due: impl Fn(&License) -> bool,
) -> Result<(), JobError> {
    let mut after: Option<RecordId> = None;
    loop {
        let page = Page { order: Order::Asc, limit: Some(BATCH), after, ..Page::default() };
        let mut write = parts.db.begin().await?;
        let licenses = write.list(License::RESOURCE, job.account, scope, &page).await?;
        let mut told: u64 = 0;
        for license in &licenses {
            if is_due(&license.typed()?)
                && let Some(event) = Event::of(license, notice.event())
            {
                keyway_events::record(&mut write, &event, &Origin::default(), now).await?;
                told += 1;
            }
        }
        write.commit(Changes::none()).await?;
        metrics::counter!("keyway_reminders_total", "event" => notice.event()).increment(told);
        after = licenses.last().map(Record::id);
        if !u32::try_from(licenses.len()).is_ok_and(|count| count == BATCH) {
            return Ok(());
        }
    }
}
