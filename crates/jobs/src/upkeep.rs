//! What a runner does by the calendar, and to keep logs and stores from growing for ever.

use std::time::Duration;

use tokio::sync::watch;

use crate::calendar::Recurring;
use crate::runner::{POLL, Runner};
use crate::{JobError, log, monitor, orphan, partition, reminder, token, usage};

/// How often the change log is pruned: each heartbeat is an entry.
const CHANGES_PRUNING: Duration = Duration::from_secs(60);
/// How often the other logs are.
const PRUNING: Duration = Duration::from_secs(60 * 60);
/// How often the blob store is looked through for what nothing refers to.
const SWEEPING: Duration = Duration::from_secs(24 * 60 * 60);
/// How often licences are looked through for dates that are near (`licensing.md` §15).
const REMINDING: Duration = Duration::from_secs(10 * 60);
/// How often it is looked who died (`licensing.md` §10.2: every two minutes, and every minute for who may be revived).
const WATCHING: Duration = Duration::from_secs(60);
/// How often tokens that ended long ago are looked for.
const TOKEN_PRUNING: Duration = Duration::from_secs(24 * 60 * 60);
/// How often accounts are looked for that have not been counted today.
const COUNTING: Duration = Duration::from_secs(60 * 60);
/// How many entries of the change log stay: far more than any process is behind. One that is behind by more
/// notices, and takes everything that it has cached for stale.
const CHANGES_KEPT: u32 = 50_000;

impl Runner {
    /// Does all of it until it is told to stop.
    pub(crate) async fn keep_up(&self, stopped: watch::Receiver<bool>) {
        let logs = self.prune(stopped.clone());
        tokio::join!(logs, self.sweep_daily(stopped.clone()), self.follow_calendar(stopped));
    }

    /// Looks for what comes due by dates that stand in records.
    async fn follow_calendar(&self, mut stopped: watch::Receiver<bool>) {
        let (mut reminding, mut pruning) = (Recurring::every(REMINDING), Recurring::every(TOKEN_PRUNING));
        let mut counting = Recurring::every(COUNTING);
        let mut watching = Recurring::every(WATCHING);
        while !*stopped.borrow() {
            let now = self.parts().clock.wall();
            if reminding.is_due(now)
                && let Err(error) = self.remind().await
            {
                tracing::warn!(%error, "licences cannot be looked through for their dates");
            }
            if watching.is_due(now)
                && let Err(error) = self.watch().await
            {
                tracing::warn!(%error, "it cannot be looked which machines and processes died");
            }
            if pruning.is_due(now)
                && let Err(error) = self.prune_tokens().await
            {
                tracing::warn!(%error, "tokens cannot be looked through");
            }
            if counting.is_due(now)
                && let Err(error) = self.count_usage().await
            {
                tracing::warn!(%error, "what accounts have cannot be counted");
            }
            tokio::select! {
                _ = stopped.changed() => {}
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }

    /// Keeps the change log and the other logs from growing for ever.
    async fn prune(&self, mut stopped: watch::Receiver<bool>) {
        let mut hours = tokio::time::interval(PRUNING);
        let mut minutes = tokio::time::interval(CHANGES_PRUNING);
        while !*stopped.borrow() {
            tokio::select! {
                _ = stopped.changed() => {}
                _ = minutes.tick() => {
                    if let Err(error) = self.parts().db.prune_changes(CHANGES_KEPT).await {
                        tracing::warn!(%error, "the change log cannot be pruned");
                    }
                }
                _ = hours.tick() => {
                    if let Err(error) = self.keep_partitions().await {
                        tracing::warn!(%error, "the partitions of the logs cannot be looked through");
                    }
                    if let Err(error) = self.prune_logs().await {
                        tracing::warn!(%error, "the logs cannot be pruned");
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

    /// Has entries of the logs removed that are older than they are to be kept, and webhook events with them; says how
    /// many of these that accounts have are to be gone through.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn prune_logs(&self) -> Result<usize, JobError> {
        Box::pin(log::look(self.parts(), self.kept())).await
    }

    /// Has partitions of the logs made and dropped; says whether there is something to do.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn keep_partitions(&self) -> Result<bool, JobError> {
        Box::pin(partition::look(self.parts(), self.kept())).await
    }

    /// Has it told of licences that expire or have to check in; says in how many accounts there may be some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn remind(&self) -> Result<usize, JobError> {
        Box::pin(reminder::look(self.parts())).await
    }

    /// Has it noticed which machines and processes died; says in how many accounts there may be some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn watch(&self) -> Result<usize, JobError> {
        Box::pin(monitor::look(self.parts())).await
    }

    /// Has tokens removed that ended ninety days ago; says in how many accounts there are some.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn prune_tokens(&self) -> Result<usize, JobError> {
        Box::pin(token::look(self.parts())).await
    }

    /// Has counted what accounts have, where that was not done today; says in how many.
    ///
    /// # Errors
    /// [`JobError::Store`] when the database does not answer.
    pub async fn count_usage(&self) -> Result<usize, JobError> {
        Box::pin(usage::look(self.parts())).await
    }

    /// Looks through the blob store and has deleted what is a day old and nothing refers to; says how much.
    ///
    /// # Errors
    /// [`JobError`] when the store or the database does not answer.
    pub async fn sweep(&self) -> Result<usize, JobError> {
        Box::pin(orphan::sweep(self.parts())).await
    }
}
