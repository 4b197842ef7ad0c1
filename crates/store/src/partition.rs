//! Partitions of logs by time, which PostgreSQL has and SQLite has not (`docs/decisions/0008`).
//!
//! A partition has a range of ids, whose first half is the time at which they were made, so that a record's id alone is
//! still its key. What no partition has is in the default one. The statements are functions of the schema: see the step
//! `0002_partitions`.

use keyway_base::Timestamp;
use keyway_jsonapi::Resource;

use crate::arg::Arg;
use crate::db::Pools;
use crate::row::Row;
use crate::session::Session;
use crate::statement::Statement;
use crate::{Db, StoreError};

/// How much time a partition has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A day of UTC.
    Day,
    /// A month of UTC.
    Month,
}

/// A partition of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its name.
    pub name: String,
    /// The time at which the ids that it has end.
    pub until: Timestamp,
}

impl Step {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
        }
    }
}

impl Db {
    /// The partitions of a table but the default one, the oldest first. A table without partitions has none.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn partitions(&self, of: &'static Resource) -> Result<Vec<Partition>, StoreError> {
        const ALL: &str = "SELECT name, until FROM partitions_of($1) ORDER BY until COLLATE \"C\"";
        let Pools::Postgres(pools) = self.pools() else { return Ok(Vec::new()) };
        let rows = pools.reader().await?.rows(Statement::fixed(ALL, vec![Arg::text(of.table)])).await?;
        let read = |row: &Row| {
            row.read("partitions", "until", |row| {
                Some(Partition { name: row.text(0)?, until: made_at(&row.text(1)?)? })
            })
        };
        rows.iter().map(read).collect()
    }

    /// Makes the partition that a time is in, and so many after it, where they are missing; says how many were.
    ///
    /// # Errors
    /// [`StoreError`] when the table has no partitions, the schema may not be changed, or others use what would have to be
    /// locked.
    pub async fn make_partitions(
        &self,
        of: &'static Resource,
        step: Step,
        now: Timestamp,
        ahead: u32,
    ) -> Result<u64, StoreError> {
        const MAKE: &str = "SELECT make_partitions($1, $2, $3, $4)";
        let args = vec![
            Arg::text(of.table),
            Arg::text(step.as_str()),
            Arg::int(now.as_micros()),
            Arg::int(ahead.into()),
        ];
        let mut session = self.upkeep(of).await?;
        let made = session.row(Statement::fixed(MAKE, args)).await?.and_then(|row| row.int(0));
        session.commit().await?;
        Ok(made.and_then(|made| u64::try_from(made).ok()).unwrap_or(0))
    }

    /// Drops the oldest partition that has nothing made or created since a time, and says its name.
    ///
    /// # Errors
    /// [`StoreError`] when the table has no partitions, the schema may not be changed, or others use what would have to be
    /// locked.
    pub async fn drop_partition(
        &self,
        of: &'static Resource,
        before: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        const DROP: &str = "SELECT drop_partition($1, $2)";
        let args = vec![Arg::text(of.table), Arg::int(before.as_micros())];
        let mut session = self.upkeep(of).await?;
        let dropped = session.row(Statement::fixed(DROP, args)).await?.and_then(|row| row.text(0));
        session.commit().await?;
        Ok(dropped)
    }

    async fn upkeep(&self, of: &'static Resource) -> Result<Session, StoreError> {
        match self.pools() {
            Pools::Postgres(pools) => pools.upkeep().await,
            Pools::Sqlite(_) => {
                Err(StoreError::Statement { what: format!("{} has no partitions here", of.table) })
            }
        }
    }
}

/// The time at which an id was made, from its first twelve digits.
fn made_at(id: &str) -> Option<Timestamp> {
    let (seconds, rest) = id.split_once('-')?;
    let millis = i64::from_str_radix(seconds, 16).ok()? << 16 | i64::from_str_radix(rest, 16).ok()?;
    Some(Timestamp::from_micros(millis.checked_mul(1_000)?))
}

#[cfg(test)]
mod tests {
    use keyway_base::RecordId;

    use super::*;

    #[test]
    fn an_id_says_when_it_was_made() {
        let now = Timestamp::from_micros(1_795_392_000_123_000);
        let id = RecordId::generate(now).to_string();
        assert_eq!(made_at(&id[..13]), Some(now));
        for bad in ["", "01a22ee6", "01a22ee6-", "01a22ee6-x000"] {
            assert_eq!(made_at(bad), None, "{bad}");
        }
    }
}
