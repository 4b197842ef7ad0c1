//! Follows the change log, so that what other processes write ends what this one has cached (DESIGN §6
//! "Across processes").

mod position;

use crate::arg::Arg;
use crate::changes::Touched;
use crate::row::Row;
use crate::statement::Statement;
use crate::{Db, StoreError};
use position::{Entry, Mark, Position, Verdict};

/// More entries than this at once are not read: everything is ended instead.
const BATCH: usize = 10_000;

/// A reader of the change log. Poll it from one task; every poll reads what came since the last one.
#[derive(Debug)]
pub struct Tail {
    db: Db,
    position: Position,
}

impl Tail {
    /// Starts at the present end of the log; what was cached before is ended.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn start(db: &Db) -> Result<Self, StoreError> {
        let position = end_of_log(db).await?;
        db.freshness().bump_all();
        Ok(Self { db: db.clone(), position })
    }

    /// Takes in what was logged since, and says how many entries that were. Entries that were lost, or a log
    /// that went backwards (a restored backup, a failover), end everything that is cached.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer; what was not read is read next time.
    pub async fn poll(&mut self) -> Result<usize, StoreError> {
        let entries = read_from(&self.db, self.position.low().seq).await?;
        let too_many = entries.len() >= BATCH;
        let verdict = if too_many { Verdict::Lost } else { self.position.take_in(&entries) };
        match verdict {
            Verdict::Fresh(new) => {
                new.iter().for_each(|entry| self.bump(entry));
                Ok(new.len())
            }
            Verdict::GaveUp(count) => {
                self.db.freshness().bump_all();
                Ok(count)
            }
            Verdict::Lost => self.start_over(entries.len()).await,
        }
    }

    fn bump(&self, entry: &Entry) {
        if !self.db.shared().own.take(entry.mark.seq) {
            entry.touched.bump(self.db.freshness());
        }
    }

    async fn start_over(&mut self, count: usize) -> Result<usize, StoreError> {
        tracing::warn!(seq = self.position.low().seq, "the change log was lost: everything cached is ended");
        self.position = end_of_log(&self.db).await?;
        self.db.shared().own.clear();
        self.db.freshness().bump_all();
        Ok(count.max(1))
    }
}

/// The place from which nothing can be missed: so far back that every transaction which took an earlier number
/// has ended.
async fn end_of_log(db: &Db) -> Result<Position, StoreError> {
    const END: &str = "SELECT seq, at FROM changes ORDER BY seq DESC LIMIT 1";
    const BEFORE: &str = "SELECT seq, at FROM changes WHERE at <= $1 ORDER BY seq DESC LIMIT 1";
    let mut reader = db.reader().await?;
    let lifetime = i64::try_from(reader.dialect().transaction_lifetime().as_micros()).unwrap_or(i64::MAX);
    let mut low = reader.row(Statement::fixed(END, Vec::new())).await?.as_ref().map(mark).transpose()?;
    if let Some(end) = low.filter(|_| lifetime > 0) {
        let settled = Arg::int(end.at.saturating_sub(lifetime));
        low = reader.row(Statement::fixed(BEFORE, vec![settled])).await?.as_ref().map(mark).transpose()?;
    }
    Ok(Position::after(low.unwrap_or_default(), lifetime))
}

async fn read_from(db: &Db, seq: i64) -> Result<Vec<Entry>, StoreError> {
    const FROM: &str = "SELECT seq, at, slots FROM changes WHERE seq >= $1 ORDER BY seq LIMIT $2";
    let args = vec![Arg::int(seq), Arg::int(i64::try_from(BATCH).unwrap_or(i64::MAX))];
    let rows = db.reader().await?.rows(Statement::fixed(FROM, args)).await?;
    rows.iter().map(entry).collect()
}

fn mark(row: &Row) -> Result<Mark, StoreError> {
    row.read("changes", "seq", |row| Some(Mark { seq: row.int(0)?, at: row.int(1)? }))
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    let slots = row.read("changes", "slots", |row| row.bytes(2))?;
    Ok(Entry { mark: mark(row)?, touched: Touched::decode(slots.as_deref()) })
}
