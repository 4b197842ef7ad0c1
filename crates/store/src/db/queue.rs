//! The job queue.

use std::time::Duration;

use keyway_base::Timestamp;

use super::Db;
use crate::dialect::Dialect;
use crate::lane::{self, Shares};
use crate::statement::Statement;
use crate::{Job, StoreError, job, retrying};

impl Db {
    /// Claims the job of one of these kinds that is due longest, for as long as `lease`. When the lease ends
    /// before the job is finished, it can be claimed again.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim(
        &self,
        now: Timestamp,
        lease: Duration,
        kinds: &[&str],
    ) -> Result<Option<Job>, StoreError> {
        if kinds.is_empty() {
            return Ok(None);
        }
        let due = |dialect| job::due(dialect, now, kinds);
        self.claimed(due, |dialect| job::claim(dialect, now, lease, kinds)).await
    }

    /// Claims a job that is in a lane, the oldest that is due there. Of several lanes that one is taken of whose account
    /// the fewest are being done, so that none waits for others that are slow.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim_in_lane(
        &self,
        now: Timestamp,
        lease: Duration,
        shares: Shares,
    ) -> Result<Option<Job>, StoreError> {
        let due = |dialect| lane::due(dialect, now, shares);
        self.claimed(due, |dialect| lane::claim(dialect, now, lease, shares)).await
    }

    /// Looks, which costs no write, and then claims.
    async fn claimed(
        &self,
        due: impl FnOnce(Dialect) -> Statement,
        claim: impl Fn(Dialect) -> Statement,
    ) -> Result<Option<Job>, StoreError> {
        let mut reader = self.reader().await?;
        if reader.row(due(reader.dialect())).await?.is_none() {
            return Ok(None);
        }
        drop(reader);
        retrying(|| async {
            let mut session = self.pools.statement().await?;
            let rows = session.rows(claim(session.dialect())).await?;
            session.commit().await?;
            rows.first().map(job::claimed).transpose()
        })
        .await
    }

    /// Holds a claimed job until `until`; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn renew(&self, job: &Job, until: Timestamp) -> Result<bool, StoreError> {
        Ok(self.execute(job::renew(job, until)).await? > 0)
    }

    /// Ends every lease, so that what a dead process had claimed need not wait for its end. Only for a process that
    /// nobody shares the database's jobs with: one that holds the lock of its data directory.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn end_leases(&self) -> Result<u64, StoreError> {
        self.execute(job::end_leases()).await
    }

    /// Ends a claimed job; `false` when the lease was lost. To end it together with its results, see
    /// [`Write::finish_job`](crate::Write::finish_job).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn finish(&self, job: &Job) -> Result<bool, StoreError> {
        Ok(self.execute(job::finish(job)).await? > 0)
    }

    /// Gives back a claimed job that failed, to be run at `at`; `false` when the lease was lost. Where another job of
    /// its name waits already, that one takes over.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn retry(&self, job: &Job, at: Timestamp, error: &str) -> Result<bool, StoreError> {
        self.give_back(job, || job::retry(job, at, error)).await
    }

    /// Gives back a claimed job that did not fail but has to wait until `at`: its attempts are counted anew. Otherwise
    /// as [`Self::retry`].
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn put_off(&self, job: &Job, at: Timestamp) -> Result<bool, StoreError> {
        self.give_back(job, || job::put_off(job, at)).await
    }

    async fn give_back(&self, job: &Job, how: impl Fn() -> Statement) -> Result<bool, StoreError> {
        retrying(|| async {
            let mut session = self.pools.transaction().await?;
            let mut changed = session.execute(job::finish_if_another_waits(job)).await?;
            if changed == 0 {
                changed = session.execute(how()).await?;
            }
            session.commit().await?;
            Ok(changed > 0)
        })
        .await
    }

    /// Jobs not yet finished, those that run included.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn pending_jobs(&self) -> Result<u64, StoreError> {
        let row = self.reader().await?.row(job::pending()).await?;
        let count = row.and_then(|row| row.int(0)).unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Since when the job of one of these kinds is due that is due longest and nobody has claimed; `None` when none is.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn due_since(&self, now: Timestamp, kinds: &[&str]) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.reader().await?;
        let due = job::due_since(reader.dialect(), now, kinds);
        let row = reader.row(due).await?;
        Ok(row.and_then(|row| row.int(0)).map(Timestamp::from_micros))
    }

    /// Jobs that are due or being done: work that will go on without anyone asking for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn jobs_under_way(&self, now: Timestamp) -> Result<u64, StoreError> {
        let row = self.reader().await?.row(job::under_way(now)).await?;
        let count = row.and_then(|row| row.int(0)).unwrap_or(0);
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
