//! Follows the change log, so that what other processes write ends what this one has cached (DESIGN §6
//! "Across processes").

#[cfg(test)]
mod order;
mod position;

use crate::changes::Touched;
use crate::dialect::Dialect;
use crate::row::Row;
use crate::statement::Statement;
use crate::{Db, StoreError, arg::Arg};
use position::{Entry, Mark, Position, Reading, Verdict};

/// More entries than this at once are not read: everything is ended instead.
const BATCH: i64 = 10_000;

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
    /// [`StoreError`] when the database cannot answer. What was not read is read next time, as it is when a
    /// caller stops waiting: nothing is taken in before it is there as a whole.
    pub async fn poll(&mut self) -> Result<usize, StoreError> {
        let reading = read_from(&self.db, &self.position).await?;
        let count = reading.entries.len();
        let too_many = i64::try_from(count).unwrap_or(i64::MAX) >= BATCH;
        let verdict = if too_many { Verdict::Lost } else { self.position.take_in(&reading) };
        match verdict {
            Verdict::Fresh(new) => {
                new.iter().for_each(|entry| self.bump(entry));
                Ok(new.len())
            }
            Verdict::Lost => self.start_over(count).await,
        }
    }

    fn bump(&self, entry: &Entry) {
        if !self.db.shared().own.take(entry.mark.seq) {
            entry.touched.bump(self.db.freshness());
        }
    }

    async fn start_over(&mut self, count: usize) -> Result<usize, StoreError> {
        tracing::warn!(
            seq = self.position.newest().seq,
            "the change log was lost: everything cached is ended"
        );
        self.position = end_of_log(&self.db).await?;
        self.db.shared().own.clear();
        self.db.freshness().bump_all();
        Ok(count.max(1))
    }
}

/// The place from which nothing can be missed.
async fn end_of_log(db: &Db) -> Result<Position, StoreError> {
    let mut session = db.tail().await?;
    let rows = session.rows(Statement::fixed(session.dialect().end_of_log(), Vec::new())).await?;
    let reading = read(&rows)?;
    Ok(Position::after(reading.entries.last().map(|entry| entry.mark), reading.running))
}

/// All entries from the newest known one on, itself included, and those of transactions that were running when
/// the log was last read.
async fn read_from(db: &Db, position: &Position) -> Result<Reading, StoreError> {
    let mut session = db.tail().await?;
    let mut args = vec![Arg::int(position.newest().seq), Arg::int(BATCH)];
    if session.dialect() == Dialect::Postgres {
        args.push(Arg::text(position.running()));
    }
    let rows = session.rows(Statement::fixed(session.dialect().log_from(), args)).await?;
    read(&rows)
}

/// Rows are entries in order, but for one that lists the running transactions.
fn read(rows: &[Row]) -> Result<Reading, StoreError> {
    let mut reading = Reading { entries: Vec::with_capacity(rows.len()), running: String::new() };
    for row in rows {
        match row.text(3) {
            Some(running) => reading.running = running,
            None => reading.entries.push(entry(row)?),
        }
    }
    Ok(reading)
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    let mark = row.read("changes", "seq", |row| Some(Mark { seq: row.int(0)?, at: row.int(1)? }))?;
    let slots = row.read("changes", "slots", |row| row.bytes(2))?;
    Ok(Entry { mark, touched: Touched::decode(slots.as_deref()) })
}
