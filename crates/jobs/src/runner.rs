//! The runner: claims jobs, runs them, and sees that none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyway_base::{Clock, Timestamp};
use keyway_blob::BlobStore;
use keyway_engine::Engines;
use keyway_events::Teller;
use keyway_store::{Changes, Db, Job, Write, retrying};
use tokio::sync::{Notify, watch};

use crate::calendar::Recurring;
use crate::webhook::{Reach, Sender, deliver};
use crate::{
    JobError, abandoned, arrival, blob, content, event_log, expire, ingest, kind, orphan, purge, reminder,
    token,
};

/// How long a claim holds without being renewed: a worker that dies delays its job by this.
const LEASE: Duration = Duration::from_secs(60);
/// How often a claim is renewed while its job runs.
const RENEWAL: Duration = Duration::from_secs(20);
/// How often to look for jobs that became due by themselves, or that another process enqueued.
const POLL: Duration = Duration::from_secs(1);
/// How often the change log is pruned.
const PRUNING: Duration = Duration::from_secs(60 * 60);
/// How long webhook events are kept.
const WEBHOOKS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often the blob store is looked through for what nothing refers to.
const SWEEPING: Duration = Duration::from_secs(24 * 60 * 60);
/// How often licences are looked through for dates that are near (`licensing.md` §15).
const REMINDING: Duration = Duration::from_secs(10 * 60);
/// How often tokens that ended long ago are looked for.
const TOKEN_PRUNING: Duration = Duration::from_secs(24 * 60 * 60);
/// How many entries of the change log stay: far more than any process is behind. One that is behind by more
/// notices, and takes everything that it has cached for stale.
const CHANGES_KEPT: u32 = 10_000;
/// After how many attempts an upload is given up; other jobs are tried until they succeed.
const ATTEMPTS: u32 = 5;
/// The wait after the first failure; each further one waits four times as long.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// What the runner works with.
#[derive(Clone)]
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The bytes.
    pub blobs: BlobStore,
    /// The engines that read uploads.
    pub engines: Engines,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Notified by whoever commits a transaction that enqueued a job.
    pub wake: Arc<Notify>,
}

/// How a runner works.
#[derive(Clone, Default)]
pub struct Options {
    /// How long entries of the event log are kept; for ever without it.
    pub events_kept: Option<Duration>,
    /// Where webhooks may go.
    pub reach: Reach,
    /// Who renders what endpoints are told of background work.
    pub teller: Option<Arc<dyn Teller>>,
}

/// Runs jobs. Make one per process; any number of processes may run on one database.
pub struct Runner {
    parts: Parts,
    options: Options,
    sender: Sender,
    /// Wakes those who send webhooks.
    deliveries: Notify,
    /// When a webhook was last looked for, by the monotonic clock; zero before.
    looked: AtomicU64,
}

/// What became of a job that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Its row went in the transaction that wrote its results.
    Committed,
    /// There was nothing to do.
    Done,
    /// It is to be run again at this time.
    Again(Timestamp),
}

/// Commits the results of a job together with its end.
pub(crate) async fn end(mut write: Write, job: &Job, changes: Changes) -> Result<Ended, JobError> {
    if !write.finish_job(job).await? {
        return Err(JobError::LeaseLost);
    }
    write.commit(changes).await?;
    Ok(Ended::Committed)
}

impl Runner {
    /// A runner that does nothing yet, and keeps the event log for ever.
    pub fn new(parts: Parts) -> Arc<Self> {
        Self::with(parts, Options::default())
    }

    /// A runner that does nothing yet.
    pub fn with(parts: Parts, options: Options) -> Arc<Self> {
        let (sender, deliveries) = (Sender::new(options.reach), Notify::new());
        Arc::new(Self { parts, options, sender, deliveries, looked: AtomicU64::new(0) })
    }

    /// Says that a job was enqueued, so that it is run without delay.
    pub fn wake(&self) {
        self.parts.wake.notify_one();
    }

    /// Runs jobs until `shutdown` is over; the ones that run then are finished first.
    pub async fn run(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        let (stop, stopped) = watch::channel(false);
        let watcher = async {
            shutdown.await;
            let _ = stop.send(true);
        };
        let workers = async { tokio::join!(self.work(stopped.clone()), self.work(stopped.clone())) };
        let four = || async {
            let one = || self.send(stopped.clone());
            tokio::join!(one(), one(), one(), one())
        };
        let senders = async { tokio::join!(four(), four()) };
        let upkeep = async { tokio::join!(self.prune(stopped.clone()), self.sweep_daily(stopped.clone())) };
        tokio::join!(watcher, workers, senders, upkeep, self.follow_calendar(stopped.clone()));
    }

    /// Runs every job that is due now, and those that become due by it; says how many runs that were.
    ///
    /// # Errors
    /// [`JobError::Store`] when jobs cannot be claimed. A job that fails is put back for later.
    pub async fn run_until_idle(&self) -> Result<usize, JobError> {
        let mut runs = 0;
        while self.step(kind::ALL).await? || self.step(kind::DELIVERIES).await? {
            runs += 1;
        }
        Ok(runs)
    }

    /// Has entries of the event log removed that are older than they are to be kept; says in how many accounts there
    /// are some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn prune_events(&self) -> Result<usize, JobError> {
        match self.options.events_kept {
            Some(kept) => Box::pin(event_log::look(&self.parts, kind::PRUNE_EVENTS, kept)).await,
            None => Ok(0),
        }
    }

    /// Has it told of licences that expire or have to check in; says in how many accounts there may be some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn remind(&self) -> Result<usize, JobError> {
        Box::pin(reminder::look(&self.parts)).await
    }

    /// Has tokens removed that ended ninety days ago; says in how many accounts there are some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn prune_tokens(&self) -> Result<usize, JobError> {
        Box::pin(token::look(&self.parts)).await
    }

    /// Looks for what comes due by dates that stand in records.
    async fn follow_calendar(&self, mut stopped: watch::Receiver<bool>) {
        let (mut reminding, mut pruning) = (Recurring::every(REMINDING), Recurring::every(TOKEN_PRUNING));
        while !*stopped.borrow() {
            let now = self.parts.clock.wall();
            if reminding.is_due(now)
                && let Err(error) = self.remind().await
            {
                tracing::warn!(%error, "licences cannot be looked through for their dates");
            }
            if pruning.is_due(now)
                && let Err(error) = self.prune_tokens().await
            {
                tracing::warn!(%error, "tokens cannot be looked through");
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Has webhook events removed that are a month old; says in how many accounts there are some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn prune_webhooks(&self) -> Result<usize, JobError> {
        Box::pin(event_log::look(&self.parts, kind::PRUNE_WEBHOOKS, WEBHOOKS_KEPT)).await
    }

    /// How long the webhook that is due longest has been due, and nobody sends it.
    ///
    /// # Errors
    /// [`JobError::Idle`] when this process does not look for webhooks, and [`JobError::Store`] when the database does
    /// not answer.
    pub async fn webhook_latency(&self) -> Result<Duration, JobError> {
        let looked = Duration::from_millis(self.looked.load(Ordering::Relaxed));
        if self.parts.clock.monotonic().saturating_sub(looked) > LEASE {
            return Err(JobError::Idle);
        }
        let now = self.parts.clock.wall();
        let due = self.parts.db.due_since(now, kind::DELIVERIES).await?;
        Ok(due.map_or(Duration::ZERO, |due| now.since(due)))
    }

    /// Keeps the change log and the event log from growing for ever.
    async fn prune(&self, mut stopped: watch::Receiver<bool>) {
        let mut hours = tokio::time::interval(PRUNING);
        while !*stopped.borrow() {
            tokio::select! {
                _ = stopped.changed() => {}
                _ = hours.tick() => {
                    if let Err(error) = self.parts.db.prune_changes(CHANGES_KEPT).await {
                        tracing::warn!(%error, "the change log cannot be pruned");
                    }
                    if let Err(error) = self.prune_events().await {
                        tracing::warn!(%error, "the event log cannot be pruned");
                    }
                    if let Err(error) = self.prune_webhooks().await {
                        tracing::warn!(%error, "webhook events cannot be pruned");
                    }
                }
            }
        }
    }

    /// Looks for blobs that nothing refers to, now and then.
    async fn sweep_daily(&self, mut stopped: watch::Receiver<bool>) {
        let mut pause = PRUNING;
        while !*stopped.borrow() {
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(pause) => {
                    pause = SWEEPING;
                    match self.sweep().await {
                        Ok(swept) => tracing::info!(swept, "looked through the blob store"),
                        Err(error) => tracing::warn!(%error, "the blob store cannot be looked through"),
                    }
                }
            }
        }
    }

    /// Looks through the blob store and has deleted what is a day old and nothing refers to; says how much.
    ///
    /// # Errors
    /// [`JobError`] when the store or the database does not answer.
    pub async fn sweep(&self) -> Result<usize, JobError> {
        Box::pin(orphan::sweep(&self.parts)).await
    }

    /// One of the workers.
    async fn work(&self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            if self.tried(kind::ALL).await {
                continue;
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = self.parts.wake.notified() => self.deliveries.notify_one(),
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// One of those who send webhooks.
    async fn send(&self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let now = self.parts.clock.monotonic().as_millis();
            self.looked.fetch_max(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
            if self.tried(kind::DELIVERIES).await {
                continue;
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = self.deliveries.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Whether a job of these kinds was run.
    async fn tried(&self, kinds: &[&str]) -> bool {
        self.step(kinds).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "jobs cannot be claimed");
            false
        })
    }

    /// Claims and runs one job of these kinds; `false` when none is due.
    async fn step(&self, kinds: &[&str]) -> Result<bool, JobError> {
        let now = self.parts.clock.wall();
        let Some(job) = self.parts.db.claim(now, LEASE, kinds).await? else { return Ok(false) };
        // There may be more than one; let another worker look.
        self.wake();
        self.deliveries.notify_one();
        let ended = self.run_leased(&job).await;
        self.settle(&job, ended).await?;
        Ok(true)
    }

    /// Runs a job while renewing its lease.
    async fn run_leased(&self, job: &Job) -> Result<Ended, JobError> {
        let mut running = std::pin::pin!(self.carry_out(job));
        loop {
            tokio::select! {
                ended = &mut running => return ended,
                () = tokio::time::sleep(RENEWAL) => {
                    let until = self.parts.clock.wall().plus(LEASE);
                    if !self.parts.db.renew(job, until).await? {
                        return Err(JobError::LeaseLost);
                    }
                }
            }
        }
    }

    /// Runs a job; one whose transaction met another one's again, unless it does more than write.
    async fn carry_out(&self, job: &Job) -> Result<Ended, JobError> {
        match job.kind.as_str() {
            kind::DELIVER => deliver(&self.parts, &self.sender, job).await,
            _ => retrying(|| self.dispatch(job)).await,
        }
    }

    async fn dispatch(&self, job: &Job) -> Result<Ended, JobError> {
        let parts = &self.parts;
        match job.kind.as_str() {
            // The last claim is for giving up: the ones before may have ended with the process.
            kind::INGEST if job.attempts > ATTEMPTS => ingest::give_up(parts, job).await,
            kind::INGEST => ingest::run(parts, job).await,
            kind::AWAIT => arrival::run(parts, job).await,
            kind::EXPIRE => expire::run(parts, job).await,
            kind::DELETE_BLOB => blob::run(parts, job).await,
            kind::ABANDON => abandoned::run(parts, job).await,
            kind::PRUNE_EVENTS | kind::PRUNE_WEBHOOKS => event_log::prune(parts, job).await,
            kind::TELL => self.tell(job).await,
            kind::REMIND => reminder::run(parts, job).await,
            kind::PRUNE_TOKENS => token::prune(parts, job).await,
            kind::COLLECT_CONTENT => content::collect(parts, job).await,
            kind::EXPIRE_CONTENT_UPLOAD => content::expire(parts, job).await,
            kind::PURGE_ARTIFACT => purge::artifact(parts, job).await,
            _ => purge::run(parts, job).await,
        }
    }

    /// Has endpoints told of what happened in the background.
    async fn tell(&self, job: &Job) -> Result<Ended, JobError> {
        let teller = self.options.teller.as_ref().ok_or(JobError::Mute)?;
        teller.tell(job).await.map_err(JobError::Untold)?;
        self.wake();
        Ok(Ended::Committed)
    }

    async fn settle(&self, job: &Job, ended: Result<Ended, JobError>) -> Result<(), JobError> {
        let db = &self.parts.db;
        match ended {
            Ok(Ended::Committed) => {}
            Ok(Ended::Done) => drop(db.finish(job).await?),
            Ok(Ended::Again(at)) => drop(db.put_off(job, at).await?),
            Err(JobError::LeaseLost) => {
                tracing::warn!(kind = job.kind, key = job.key, "a job took longer than its lease");
            }
            Err(error) if !error.is_passing() => {
                tracing::error!(kind = job.kind, key = job.key, %error, "a job is dropped");
                db.finish(job).await?;
            }
            Err(error) => {
                tracing::warn!(kind = job.kind, key = job.key, attempts = job.attempts, %error, "a job failed");
                let at = self.parts.clock.wall().plus(wait_after(job.attempts));
                db.retry(job, at, &error.to_string()).await?;
            }
        }
        Ok(())
    }
}

/// How long to wait after so many attempts.
fn wait_after(attempts: u32) -> Duration {
    let factor = 4_u32.saturating_pow(attempts.saturating_sub(1));
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit() {
        let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 60].map(|n| wait_after(n).as_secs()).to_vec();
        assert_eq!(waits, [2, 8, 32, 128, 512, 600, 600]);
    }
}
