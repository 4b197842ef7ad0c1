//! The runner: claims jobs, runs them, and sees that none is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyway_base::{Clock, Timestamp};
use keyway_blob::BlobStore;
use keyway_engine::Engines;
use keyway_events::Teller;
use keyway_store::{Changes, Db, Job, NewJob, Shares, Write, retrying};
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::{JoinError, JoinSet};

use crate::log::LogsKept;
use crate::webhook::{Carrier, Reach, Sender, deliver};
use crate::{
    JobError, Mailer, abandoned, account_recovery, arrival, blob, content, expire, ingest, kind, log,
    monitor, partition, password_reset, purge, reminder, token, usage,
};

/// How long a claim holds without being renewed: a worker that dies delays its job by this.
const LEASE: Duration = Duration::from_secs(60);
/// How often a claim is renewed while its job runs.
const RENEWAL: Duration = Duration::from_secs(20);
/// How often to look for jobs that became due by themselves, or that another process enqueued.
pub(crate) const POLL: Duration = Duration::from_secs(1);
/// How many webhooks this process sends at a time. They wait for others' servers, so they cost little.
const SENT_AT_A_TIME: usize = 32;
/// How many of these may go to one endpoint and to all of an account: the others' are sent meanwhile.
const SHARES: Shares = Shares { lane: 4, account: 16 };
/// How long it is told again how long webhooks have been due.
const LATENCY_KEPT: Duration = Duration::from_secs(3);
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
    /// What sends mail; none sends none.
    pub mailer: Option<Mailer>,
    /// Notified by whoever commits a transaction that enqueued a job.
    pub wake: Arc<Notify>,
}

impl Parts {
    /// Adds a job in a transaction of its own.
    pub(crate) async fn enqueue(&self, job: &NewJob) -> Result<(), JobError> {
        // All nodes find the same work at the same time.
        retrying(|| async {
            let mut write = self.db.begin().await?;
            write.enqueue(job).await?;
            write.commit(Changes::none()).await
        })
        .await?;
        self.wake.notify_one();
        Ok(())
    }
}

/// How a runner works.
#[derive(Clone)]
pub struct Options {
    /// How long the logs are kept.
    pub kept: LogsKept,
    /// What webhooks are sent by.
    pub carrier: Arc<dyn Carrier>,
    /// How often a claim is renewed while its job runs.
    pub renewal: Duration,
    /// Who renders what endpoints are told of background work. Without one, that is left to other runners.
    pub teller: Option<Arc<dyn Teller>>,
}

impl Default for Options {
    fn default() -> Self {
        let carrier = Arc::new(Sender::new(Reach::Public));
        Self { kept: LogsKept::default(), carrier, renewal: RENEWAL, teller: None }
    }
}

/// Runs jobs. Make one per process; any number of processes may run on one database.
pub struct Runner {
    parts: Parts,
    options: Options,
    /// What it can do, beside sending webhooks and mail.
    kinds: Vec<&'static str>,
    /// Wakes who sends them.
    deliveries: Notify,
    /// When a webhook was last looked for, by the monotonic clock; zero before.
    looked: AtomicU64,
    /// How long the oldest webhook was due when that was last asked, and when that was, by the monotonic clock.
    latency: Mutex<Option<(Duration, Duration)>>,
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
    /// A runner that does nothing yet, and keeps the logs for ever; webhook events it does not.
    pub fn new(parts: Parts) -> Arc<Self> {
        Self::with(parts, Options::default())
    }

    /// A runner that does nothing yet.
    pub fn with(parts: Parts, options: Options) -> Arc<Self> {
        let can = |kind: &&&str| options.teller.is_some() || **kind != kind::TELL;
        let kinds = kind::ALL.iter().filter(can).copied().collect();
        Arc::new(Self {
            parts,
            options,
            kinds,
            deliveries: Notify::new(),
            looked: AtomicU64::new(0),
            latency: Mutex::new(None),
        })
    }

    /// What it works with.
    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }

    /// How long the logs are kept.
    pub(crate) const fn kept(&self) -> LogsKept {
        self.options.kept
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
        tokio::join!(watcher, workers, self.send(stopped.clone()), self.keep_up(stopped.clone()));
    }

    /// Runs every job that is due now, and those that become due by it; says how many runs that were.
    ///
    /// # Errors
    /// [`JobError::Store`] when jobs cannot be claimed. A job that fails is put back for later.
    pub async fn run_until_idle(&self) -> Result<usize, JobError> {
        let mut runs = 0;
        while self.step().await? || self.step_of_lanes().await? {
            runs += 1;
        }
        Ok(runs)
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
        // Anybody may ask, and all of them get one answer: who waits for it waits here.
        let mut known = self.latency.lock().await;
        let clock = self.parts.clock.monotonic();
        if let Some((latency, at)) = *known
            && clock.saturating_sub(at) < LATENCY_KEPT
        {
            return Ok(latency);
        }
        let now = self.parts.clock.wall();
        let due = self.parts.db.due_since(now, &[kind::DELIVER]).await?;
        let latency = due.map_or(Duration::ZERO, |due| now.since(due));
        *known = Some((latency, clock));
        Ok(latency)
    }

    /// One of the workers.
    async fn work(&self, mut stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            if self.tried().await {
                continue;
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = self.parts.wake.notified() => self.deliveries.notify_one(),
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Sends webhooks and mail, many at a time; what is under way at the end is waited for.
    async fn send(self: &Arc<Self>, mut stopped: watch::Receiver<bool>) {
        let mut under_way = JoinSet::new();
        while !*stopped.borrow() {
            let now = self.parts.clock.monotonic().as_millis();
            self.looked.fetch_max(u64::try_from(now).unwrap_or(u64::MAX), Ordering::Relaxed);
            if under_way.len() < SENT_AT_A_TIME
                && let Some(job) = self.claim_in_lane().await.unwrap_or_else(unclaimed)
            {
                let runner = Arc::clone(self);
                under_way.spawn(async move { runner.see_to(&job).await });
                continue;
            }
            tokio::select! {
                _ = stopped.changed() => {}
                Some(ended) = under_way.join_next() => warn_of(ended),
                () = self.deliveries.notified() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
        while let Some(ended) = under_way.join_next().await {
            warn_of(ended);
        }
    }

    /// Whether a job was run.
    async fn tried(&self) -> bool {
        self.step().await.unwrap_or_else(unclaimed)
    }

    /// Claims and runs one job; `false` when none is due.
    async fn step(&self) -> Result<bool, JobError> {
        let now = self.parts.clock.wall();
        let Some(job) = self.parts.db.claim(now, LEASE, &self.kinds).await? else { return Ok(false) };
        // There may be more than one; let another worker look.
        self.wake();
        self.see_to(&job).await?;
        // It may have left a webhook to send.
        self.deliveries.notify_one();
        Ok(true)
    }

    async fn step_of_lanes(&self) -> Result<bool, JobError> {
        let Some(job) = self.claim_in_lane().await? else { return Ok(false) };
        self.see_to(&job).await.map(|()| true)
    }

    async fn claim_in_lane(&self) -> Result<Option<Job>, JobError> {
        Ok(self.parts.db.claim_in_lane(self.parts.clock.wall(), LEASE, SHARES).await?)
    }

    /// Runs a job that was claimed, and writes down how that ended.
    async fn see_to(&self, job: &Job) -> Result<(), JobError> {
        let ended = self.run_leased(job).await;
        self.settle(job, ended).await
    }

    /// Runs a job while renewing its lease.
    async fn run_leased(&self, job: &Job) -> Result<Ended, JobError> {
        // Side by side: the job may have what the renewal waits for.
        tokio::select! {
            biased;
            ended = self.carry_out(job) => ended,
            lost = self.keep_leased(job) => Err(lost),
        }
    }

    /// Renews the lease of a job for as long as it can be had.
    async fn keep_leased(&self, job: &Job) -> JobError {
        loop {
            tokio::time::sleep(self.options.renewal).await;
            let until = self.parts.clock.wall().plus(LEASE);
            match self.parts.db.renew(job, until).await {
                Ok(true) => {}
                Ok(false) => return JobError::LeaseLost,
                // The lease is longer than the time to the next attempt.
                Err(error) => {
                    tracing::warn!(kind = job.kind, key = job.key, %error, "a lease was not renewed")
                }
            }
        }
    }

    /// Runs a job; one whose transaction met another one's again, unless it does more than write.
    async fn carry_out(&self, job: &Job) -> Result<Ended, JobError> {
        match job.kind.as_str() {
            kind::DELIVER => deliver(&self.parts, &*self.options.carrier, job).await,
            kind::RESET_PASSWORD => Box::pin(password_reset::run(&self.parts, job)).await,
            kind::RECOVER_ACCOUNTS => account_recovery::run(&self.parts, job).await,
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
            kind::PRUNE_EVENTS | kind::PRUNE_REQUESTS | kind::PRUNE_WEBHOOKS => log::prune(parts, job).await,
            kind::PARTITION_LOGS => partition::run(parts, job).await,
            kind::TELL => self.tell(job).await,
            kind::REMIND => reminder::run(parts, job).await,
            kind::WATCH => monitor::run(parts, job).await,
            kind::PRUNE_TOKENS => token::prune(parts, job).await,
            kind::COUNT_USAGE => usage::count(parts, job).await,
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
        metrics::counter!("keyway_jobs_total", "kind" => job.kind.clone(), "outcome" => outcome(&ended))
            .increment(1);
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

/// Nothing, where jobs cannot be claimed.
fn unclaimed<T: Default>(error: JobError) -> T {
    tracing::warn!(%error, "jobs cannot be claimed");
    T::default()
}

/// Says what became of a job that could not be settled: its lease ends, and then it is done again.
fn warn_of(ended: Result<Result<(), JobError>, JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the end of a job cannot be written down"),
        Err(error) => tracing::error!(%error, "a job died"),
    }
}

/// What became of a job, in a word of the metrics.
const fn outcome(ended: &Result<Ended, JobError>) -> &'static str {
    match ended {
        Ok(Ended::Committed | Ended::Done) => "done",
        Ok(Ended::Again(_)) => "waits",
        Err(JobError::LeaseLost) => "lost",
        Err(error) if error.is_passing() => "failed",
        Err(_) => "dropped",
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
    fn what_became_of_a_job_has_a_word() {
        let kind = "artifact.ingest".to_owned();
        for (ended, word) in [
            (Ok(Ended::Committed), "done"),
            (Ok(Ended::Done), "done"),
            (Ok(Ended::Again(Timestamp::from_micros(0))), "waits"),
            (Err(JobError::LeaseLost), "lost"),
            (Err(JobError::Mute), "failed"),
            (Err(JobError::Payload { kind, missing: "a record" }), "dropped"),
        ] {
            assert_eq!(outcome(&ended), word);
        }
    }

    #[test]
    fn waits_grow_to_a_limit() {
        let waits: Vec<u64> = [1, 2, 3, 4, 5, 6, 60].map(|n| wait_after(n).as_secs()).to_vec();
        assert_eq!(waits, [2, 8, 32, 128, 512, 600, 600]);
    }
}
