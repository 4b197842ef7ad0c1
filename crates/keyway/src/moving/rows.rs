//! The rows of a move: copied table by table, and compared by a hash of each table that is computed alike on every
//! engine.

use anyhow::{Context, Result};
use keyway_crypto::digest::{RunningSha256, Sha256};
use keyway_store::{Tables, Walk};

use super::progress::Progress;

/// What a table holds, in short.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    table: String,
    rows: u64,
    hash: Sha256,
}

/// Every table in short, by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums(Vec<Sum>);

/// Copies what the target does not have yet.
///
/// # Errors
/// A row that cannot be read or written, a database that does not answer.
pub(super) async fn copy(source: &Tables, target: &Tables, progress: &Progress) -> Result<()> {
    let mut snapshot = source.read().await?;
    for table in source.all() {
        let all = snapshot.count(table).await?;
        let tell = |count| progress.tick(|| format!("{}: {count} of {all} rows", table.name()));
        let copied = target.copy(table, &mut snapshot, tell).await.with_context(|| {
            format!("the table {} could not be copied: mend it and run the same command again", table.name())
        })?;
        progress.say(&format!("{:<24} {copied:>12} rows", table.name()));
    }
    Ok(())
}

/// Source and target in short, each of one moment, at the same time.
///
/// # Errors
/// A row that cannot be read, a database that does not answer, a target without a table.
pub(super) async fn both(source: &Tables, target: &Tables, progress: &Progress) -> Result<(Sums, Sums)> {
    source.all().iter().try_for_each(|table| target.same(table).map(drop))?;
    let theirs = async { sums(source, progress).await.context("the source database cannot be read") };
    let ours = async { sums(target, progress).await.context("the target database cannot be read") };
    tokio::try_join!(theirs, ours)
}

async fn sums(tables: &Tables, progress: &Progress) -> Result<Sums> {
    let mut snapshot = tables.read().await?;
    let mut sums = Vec::new();
    for table in tables.all() {
        let (mut walk, mut hash, mut rows) = (Walk::all(table), RunningSha256::default(), 0);
        loop {
            let page = walk.next(&mut snapshot).await?;
            if page.is_empty() {
                break;
            }
            page.iter().for_each(|row| row.feed(|bytes| hash.update(bytes)));
            rows += page.len() as u64;
            progress.tick(|| format!("{}: {rows} rows compared", table.name()));
        }
        sums.push(Sum { table: table.name().to_owned(), rows, hash: hash.finish() });
    }
    Ok(Sums(sums))
}

impl Sums {
    /// The tables in which the other end differs, in words.
    pub(super) fn differences(&self, other: &Self) -> Vec<String> {
        let pairs = self.0.iter().zip(&other.0).filter(|(source, target)| source != target);
        pairs
            .map(|(source, target)| match (source.rows, target.rows) {
                (rows, same) if rows == same => {
                    format!("{}: {rows} rows that are not the same", source.table)
                }
                (rows, there) => {
                    format!("{}: {rows} rows at the source, {there} at the target", source.table)
                }
            })
            .collect()
    }

    /// A line for each table.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|sum| format!("{:<24} {:>12}  {}", sum.table, sum.rows, sum.hash))
    }
}

#[cfg(test)]
mod tests {
    use keyway_crypto::digest::sha256;

    use super::*;

    fn sums(rows: u64, bytes: &[u8]) -> Sums {
        Sums(vec![Sum { table: "licenses".into(), rows, hash: sha256(bytes) }])
    }

    #[test]
    fn what_differs_is_said() {
        assert!(sums(2, b"a").differences(&sums(2, b"a")).is_empty());
        assert_eq!(sums(2, b"a").differences(&sums(2, b"b")), ["licenses: 2 rows that are not the same"]);
        assert_eq!(
            sums(2, b"a").differences(&sums(3, b"b")),
            ["licenses: 2 rows at the source, 3 at the target"]
        );
    }
}
