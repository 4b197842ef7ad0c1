//! `licenses.remind`: tells of licences that expire or have to check in, soon or since lately (`licensing.md` §15).
//!
//! What was told is remembered by the event's own entry in the log, written in the transaction that looked for it:
//! processes that look at the same time, and one that dies in between, tell of nothing twice.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::event::{Event, Origin};
use keyway_domain::license::notice::Notice;
use keyway_domain::resources::{License, Policy};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, Job, Order, Page, Read, Write};
use serde_json::json;

use crate::JobError;
use crate::accounts::with_any;
use crate::kind::REMIND;
use crate::runner::{Ended, Parts};

/// How many licences are read at a time.
const PAGE: u32 = 500;
/// How many notices one transaction writes.
const BATCH: usize = 100;

/// Enqueues a job for every account in which something may have to be told; says how many.
pub(crate) async fn look(parts: &Parts) -> Result<usize, JobError> {
    let now = parts.clock.wall();
    let dates = Notice::OF_EXPIRY.map(|notice| notice.expiries(now)).into_iter().fold(Scope::None, Scope::or);
    let accounts = with_any([(License::RESOURCE, dates), (Policy::RESOURCE, asks_for_check_ins())]);
    parts.enqueue_for(&accounts, REMIND, &json!({})).await
}

fn asks_for_check_ins() -> Scope {
    Scope::Is("require_check_in", Value::Bool(true))
}

/// Licences of which one notice is due, and what is true of them as long as it is.
struct Due {
    notice: Notice,
    scope: Scope,
    licenses: Vec<RecordId>,
}

/// Tells of everything that is due in an account. Most of the time that is nothing, so it looks in one snapshot, and
/// writes only what it found there.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let now = parts.clock.wall();
    let due = look_through(parts, job, now).await?;
    let all: Vec<(&Due, RecordId)> =
        due.iter().flat_map(|due| due.licenses.iter().map(move |license| (due, *license))).collect();
    for batch in all.chunks(BATCH) {
        let mut write = parts.db.begin().await?;
        let told = tell(&mut write, job, batch, now).await?;
        write.commit(Changes::none()).await?;
        for notice in told {
            metrics::counter!("keyway_reminders_total", "event" => notice.event()).increment(1);
        }
    }
    Ok(Ended::Done)
}

async fn look_through(parts: &Parts, job: &Job, now: Timestamp) -> Result<Vec<Due>, JobError> {
    let mut read = parts.db.read().await?;
    let mut due = Vec::new();
    for notice in Notice::OF_EXPIRY {
        let is_due = |license: &License| notice.is_due_by_expiry(license, now);
        due.push(look_for(&mut read, job, notice, notice.expiries(now), is_due).await?);
    }
    for policy in read.all(Policy::RESOURCE, job.account, &asks_for_check_ins()).await? {
        let policy: Policy = policy.typed()?;
        for notice in Notice::OF_CHECK_IN {
            let is_due = |license: &License| notice.is_due_by_check_in(license, &policy, now);
            due.push(look_for(&mut read, job, notice, notice.check_ins(&policy, now), is_due).await?);
        }
    }
    Ok(due)
}

/// The licences of a scope for which a notice is due, read a page at a time.
async fn look_for(
    read: &mut Read,
    job: &Job,
    notice: Notice,
    scope: Scope,
    is_due: impl Fn(&License) -> bool,
) -> Result<Due, JobError> {
    let mut found = Due { notice, scope, licenses: Vec::new() };
    let mut after = None;
    loop {
        let page = Page { order: Order::Asc, limit: Some(PAGE), after, ..Page::default() };
        let licenses = read.list(License::RESOURCE, job.account, &found.scope, &page).await?;
        for license in &licenses {
            if is_due(&license.typed()?) {
                found.licenses.push(license.id());
            }
        }
        after = licenses.last().map(Record::id);
        if !u32::try_from(licenses.len()).is_ok_and(|count| count == PAGE) {
            return Ok(found);
        }
    }
}

/// Writes notices down that are still due; gives those that it wrote.
async fn tell(
    write: &mut Write,
    job: &Job,
    batch: &[(&Due, RecordId)],
    now: Timestamp,
) -> Result<Vec<Notice>, JobError> {
    let mut told = Vec::new();
    for same in batch.chunk_by(|(one, _), (other, _)| std::ptr::eq(*one, *other)) {
        let Some((due, _)) = same.first() else { continue };
        let these = Scope::In("id", same.iter().map(|(_, license)| Value::Id(*license)).collect());
        for license in write.all(License::RESOURCE, job.account, &due.scope.clone().and(these)).await? {
            if let Some(event) = Event::of(&license, due.notice.event()) {
                keyway_events::record(write, &event, &Origin::default(), now).await?;
                told.push(due.notice);
            }
        }
    }
    Ok(told)
}
