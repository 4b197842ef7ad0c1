//! `heartbeats.watch`: notices machines and processes that died, and removes those that nothing can revive
//! (`licensing.md` §10.2, §15).
//!
//! What is known of a death is in the record: when it was noticed, and when it was last heard of. A job reads who may
//! have died and judges each anew in the transaction that writes the verdict, so that a ping in between is seen, and it
//! is harmless to run twice or to stop half-way. The dead are noticed in one run and removed in a later one, so that who
//! is told of a death is told of a record that is there.

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::event::{Event, Origin};
use keyway_domain::machine::heartbeat::{Fate, Heartbeat, HeartbeatStatus};
use keyway_domain::machine::liveness::{departed, leaving_unheard, silent, unheard, wanting_pings};
use keyway_domain::resources::{License, Machine, Policy, Process};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Job, Order, Page, Write};
use serde_json::json;

use crate::JobError;
use crate::accounts::{Sign, with_any};
use crate::kind::WATCH;
use crate::purge::of_machine;
use crate::runner::{Ended, Parts, end};

/// How many records one transaction judges.
const BATCH: u32 = 100;

/// What pings.
const WATCHED: [&Resource; 2] = [Machine::RESOURCE, Process::RESOURCE];

/// Who may be concerned, and what is done about them.
struct Round {
    resource: &'static Resource,
    suspects: Scope,
    judge: Judge,
}

#[derive(Clone, Copy)]
enum Judge {
    /// Notices deaths.
    Notice,
    /// Removes the dead.
    Remove,
}

/// Enqueues a job for every account in which someone may have died; says how many.
pub(crate) async fn look(parts: &Parts) -> Result<usize, JobError> {
    let now = parts.clock.wall();
    let found = parts.enqueue_for(&with_any(heard(now)), WATCH, &json!({})).await?;
    // By itself: it looks through licences, and should that take too long, the others are found all the same.
    let never_heard = with_any([(Policy::RESOURCE, leaving_unheard(now))]);
    Ok(found + parts.enqueue_for(&never_heard, WATCH, &json!({})).await?)
}

/// What shows that an account has someone to judge who was heard once: one whom a round of [`rounds`] would suspect.
fn heard(now: Timestamp) -> Vec<Sign> {
    let of_watched = |suspects: fn(Timestamp) -> Scope| WATCHED.map(|resource| (resource, suspects(now)));
    let mut signs: Vec<Sign> = of_watched(departed).into();
    signs.extend(of_watched(silent));
    signs
}

/// Everything that is looked for in an account. Removals come first: who is noticed now is removed another time.
async fn rounds(parts: &Parts, account: AccountId, now: Timestamp) -> Result<Vec<Round>, JobError> {
    let round = |judge, suspects: fn(Timestamp) -> Scope| {
        WATCHED.map(|resource| Round { resource, suspects: suspects(now), judge })
    };
    let mut rounds: Vec<Round> = round(Judge::Remove, departed).into();
    rounds.extend(round(Judge::Notice, silent));
    let policies = parts.db.list(Policy::RESOURCE, account, &wanting_pings(), &Page::all()).await?;
    for policy in policies {
        let suspects = unheard(&policy.typed()?, now);
        rounds.push(Round { resource: Machine::RESOURCE, suspects, judge: Judge::Notice });
    }
    Ok(rounds)
}

/// Judges everyone in an account who may have died.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let now = parts.clock.wall();
    for round in rounds(parts, job.account, now).await? {
        judge(parts, job, &round, now).await?;
    }
    end(parts.db.begin().await?, job, Changes::none()).await
}

/// Judges the suspects of a round, a batch at a time.
async fn judge(parts: &Parts, job: &Job, round: &Round, now: Timestamp) -> Result<(), JobError> {
    let mut after: Option<RecordId> = None;
    loop {
        let page = Page { order: Order::Asc, limit: Some(BATCH), after, ..Page::default() };
        let suspects = parts.db.list(round.resource, job.account, &round.suspects, &page).await?;
        let Some(last) = suspects.last().map(Record::id) else { return Ok(()) };
        let mut bench = Bench { write: parts.db.begin().await?, now };
        for suspect in &suspects {
            bench.judge(round.judge, suspect).await?;
        }
        bench.write.commit(Changes::none()).await?;
        // The page goes on behind one that is there. Where the last was removed, it begins with those that came behind.
        let last_is = Scope::id("id", last);
        let is_gone = matches!(round.judge, Judge::Remove)
            && parts.db.find(round.resource, job.account, &last_is).await?.is_none();
        after = if is_gone { after } else { Some(last) };
    }
}

/// One transaction that judges.
struct Bench {
    write: Write,
    now: Timestamp,
}

impl Bench {
    /// Judges one by what it is now. It may be gone.
    async fn judge(&mut self, judge: Judge, suspect: &Record) -> Result<(), JobError> {
        let Some(record) = self.find(suspect.resource, suspect.account(), suspect.id()).await? else {
            return Ok(());
        };
        let Some(policy) = self.policy(&record).await? else { return Ok(()) };
        let heartbeat = if record.resource == Process::RESOURCE {
            Heartbeat::of_process(&record.typed()?, &policy)
        } else {
            Heartbeat::of_machine(&record.typed()?, &policy)
        };
        let is_noticed = !record.get("dead_at").is_null();
        match (judge, heartbeat.fate(&policy, self.now)) {
            (Judge::Notice, Fate::Lives) => self.acquit(suspect, &record, &heartbeat).await,
            (Judge::Notice, _) if !is_noticed => self.notice(record).await,
            (Judge::Remove, Fate::Goes) if is_noticed => self.remove(&record).await,
            (Judge::Remove, Fate::Lives) if is_noticed => self.set(record, Value::Null).await,
            _ => Ok(()),
        }
    }

    /// It lives after all; if it pinged just now, that is told.
    async fn acquit(
        &mut self,
        suspect: &Record,
        record: &Record,
        heartbeat: &Heartbeat,
    ) -> Result<(), JobError> {
        let pinged = suspect.get("last_heartbeat_at") != record.get("last_heartbeat_at");
        match pinged && heartbeat.status(self.now) == HeartbeatStatus::Alive {
            true => self.tell(record, "heartbeat.pong").await,
            false => Ok(()),
        }
    }

    async fn notice(&mut self, record: Record) -> Result<(), JobError> {
        self.tell(&record, "heartbeat.dead").await?;
        self.set(record, Value::Time(self.now)).await
    }

    async fn set(&mut self, mut record: Record, dead_at: Value) -> Result<(), JobError> {
        record.set("dead_at", dead_at);
        self.write.update(&record, &["dead_at"]).await?;
        Ok(())
    }

    /// No event tells of it (`licensing.md` §17.11).
    async fn remove(&mut self, record: &Record) -> Result<(), JobError> {
        let account = record.account();
        if record.resource == Machine::RESOURCE {
            for (resource, column) in of_machine() {
                self.write.delete_where(resource, account, &Scope::id(column, record.id())).await?;
            }
        }
        self.write.delete(record.resource, account, record.id()).await?;
        Ok(())
    }

    async fn tell(&mut self, record: &Record, event: &str) -> Result<(), JobError> {
        if let Some(event) = Event::of(record, event) {
            keyway_events::record(&mut self.write, &event, &Origin::default(), self.now).await?;
        }
        Ok(())
    }

    /// The policy of the licence that a record is of; none when either is being removed.
    async fn policy(&mut self, record: &Record) -> Result<Option<Policy>, JobError> {
        let Some(license) = record.get("license_id").as_id() else { return Ok(None) };
        let license = self.find(License::RESOURCE, record.account(), license).await?;
        let Some(policy) = license.and_then(|license| license.get("policy_id").as_id()) else {
            return Ok(None);
        };
        let policy = self.find(Policy::RESOURCE, record.account(), policy).await?;
        Ok(policy.map(|policy| policy.typed()).transpose()?)
    }

    async fn find(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        id: RecordId,
    ) -> Result<Option<Record>, JobError> {
        Ok(self.write.find(resource, account, &Scope::id("id", id)).await?)
    }
}
