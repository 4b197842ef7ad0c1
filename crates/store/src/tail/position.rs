//! Where a tail stands in the change log.
//!
//! On PostgreSQL numbers are handed out before commits, so an entry may appear below others that were already
//! read. What was still running when the log was read is therefore kept with the position: an entry that is new
//! has either a higher number than all that were read, or was written by one of those. A transaction is known
//! to be running before it takes its number (see the `changes` table), so there is no third kind, nothing is
//! waited for, and a number that was taken by a transaction that failed costs nothing. On SQLite, with its one
//! writer, nothing is ever running beside.

use crate::changes::Touched;

/// An entry's number, and when it was written by the database's clock (microseconds): enough to notice that
/// the log is not the one it was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seq: i64,
    pub(super) at: i64,
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) mark: Mark,
    pub(super) touched: Touched,
}

/// What one query saw.
#[derive(Debug)]
pub(super) struct Reading {
    /// Entries in the order of their numbers.
    pub(super) entries: Vec<Entry>,
    /// The transactions that had begun to write and not ended, separated by commas.
    pub(super) running: String,
}

/// What became of a reading.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// These entries are new.
    Fresh(Vec<&'a Entry>),
    /// The log went backwards or was pruned past this place.
    Lost,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Position {
    /// The highest entry that was read; `None` in an empty log.
    newest: Option<Mark>,
    /// What was running when it was read.
    running: String,
}

impl Position {
    pub(super) const fn after(newest: Option<Mark>, running: String) -> Self {
        Self { newest, running }
    }

    /// The entry to read from, itself included: finding it unchanged proves that the log is the same. Number 0
    /// is the start of an empty log.
    pub(super) fn newest(&self) -> Mark {
        self.newest.unwrap_or_default()
    }

    /// The transactions whose entries are to be read whatever their numbers, separated by commas.
    pub(super) fn running(&self) -> &str {
        &self.running
    }

    /// Takes in all entries from [`Position::newest`] on and those of [`Position::running`], in order.
    pub(super) fn take_in<'a>(&mut self, reading: &'a Reading) -> Verdict<'a> {
        let known = |entry: &&Entry| Some(entry.mark) == self.newest;
        if self.newest.is_some() && !reading.entries.iter().any(|entry| known(&entry)) {
            return Verdict::Lost;
        }
        let new: Vec<&Entry> = reading.entries.iter().filter(|entry| !known(entry)).collect();
        self.newest = reading.entries.last().map(|entry| entry.mark).or(self.newest);
        self.running.clone_from(&reading.running);
        Verdict::Fresh(new)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use keyway_base::Slot;
    use proptest::prelude::*;

    use super::*;

    fn entry(seq: i64, at: i64) -> Entry {
        let slot = Slot(u32::try_from(seq).unwrap());
        Entry { mark: Mark { seq, at }, touched: Touched::Slots([slot].into()) }
    }
    fn reading(entries: &[(i64, i64)]) -> Reading {
        Reading {
            entries: entries.iter().map(|(seq, at)| entry(*seq, *at)).collect(),
            running: String::new(),
        }
    }
    fn seqs(verdict: &Verdict<'_>) -> Vec<i64> {
        let Verdict::Fresh(entries) = verdict else { panic!("{verdict:?}") };
        entries.iter().map(|entry| entry.mark.seq).collect()
    }
    fn at(seq: i64, at: i64) -> Position {
        Position::after(Some(Mark { seq, at }), String::new())
    }

    #[test]
    fn an_empty_log_begins_at_one() {
        let mut position = Position::after(None, String::new());
        assert!(seqs(&position.take_in(&reading(&[]))).is_empty());
        assert_eq!(seqs(&position.take_in(&reading(&[(1, 10), (2, 11)]))), [1, 2]);
        assert_eq!(position.newest(), Mark { seq: 2, at: 11 });
    }

    #[test]
    fn only_what_is_new_is_taken_in() {
        let mut position = at(4, 40);
        assert_eq!(seqs(&position.take_in(&reading(&[(4, 40), (5, 50), (6, 60)]))), [5, 6]);
        assert!(seqs(&position.take_in(&reading(&[(6, 60)]))).is_empty());
    }

    #[test]
    fn what_was_running_is_taken_in_below_the_newest() {
        let mut position = at(4, 40);
        assert_eq!(seqs(&position.take_in(&reading(&[(4, 40), (6, 60)]))), [6]);
        assert_eq!(seqs(&position.take_in(&reading(&[(5, 65), (6, 60), (7, 70)]))), [5, 7]);
        assert_eq!(position.newest().seq, 7);
    }

    #[test]
    fn a_log_that_went_backwards_or_was_pruned_is_lost() {
        assert_eq!(at(4, 40).take_in(&reading(&[])), Verdict::Lost, "backwards");
        assert_eq!(at(4, 40).take_in(&reading(&[(6, 60)])), Verdict::Lost, "pruned");
        assert_eq!(at(4, 40).take_in(&reading(&[(4, 41)])), Verdict::Lost, "another history");
    }

    /// A server with transactions that write one entry each, in any order of beginnings, numbers and ends.
    #[derive(Default)]
    struct Server {
        ids: i64,
        numbers: i64,
        running: BTreeSet<i64>,
        numbered: Vec<(i64, i64)>,
        committed: Vec<(i64, i64)>,
    }

    impl Server {
        /// Takes a step that `choice` picks among those that are possible.
        fn step(&mut self, choice: u8) {
            let pick = usize::from(choice / 4);
            let waiting: Vec<i64> = self
                .running
                .iter()
                .copied()
                .filter(|id| self.numbered.iter().all(|(of, _)| of != id))
                .collect();
            match choice % 4 {
                1 if !waiting.is_empty() => {
                    self.numbers += 1;
                    self.numbered.push((waiting[pick % waiting.len()], self.numbers));
                }
                2 | 3 if !self.numbered.is_empty() => {
                    let (id, seq) = self.numbered.remove(pick % self.numbered.len());
                    self.running.remove(&id);
                    if choice % 4 == 2 {
                        self.committed.push((id, seq));
                    }
                }
                _ => {
                    self.ids += 1;
                    self.running.insert(self.ids);
                }
            }
        }

        /// What the query of a tail gives.
        fn read(&self, position: &Position) -> Reading {
            let running: Vec<i64> = position.running().split(',').filter_map(|id| id.parse().ok()).collect();
            let wanted = |(id, seq): &&(i64, i64)| *seq >= position.newest().seq || running.contains(id);
            let mut seqs: Vec<i64> = self.committed.iter().filter(wanted).map(|(_, seq)| *seq).collect();
            seqs.sort_unstable();
            let running: Vec<String> = self.running.iter().map(i64::to_string).collect();
            let entries = seqs.into_iter().map(|seq| entry(seq, seq)).collect();
            Reading { entries, running: running.join(",") }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn every_commit_is_taken_in_once_by_the_next_reading(steps in prop::collection::vec(any::<(u8, bool)>(), 1..120), skipped in 0_usize..40) {
            let mut server = Server::default();
            steps.iter().take(skipped).for_each(|(choice, _)| server.step(*choice));
            let start = server.read(&Position::after(None, String::new()));
            let mut position = Position::after(start.entries.last().map(|entry| entry.mark), start.running);
            let mut taken: BTreeSet<i64> = server.committed.iter().map(|(_, seq)| *seq).collect();
            for (choice, polls) in steps.iter().skip(skipped) {
                server.step(*choice);
                if *polls {
                    let reading = server.read(&position);
                    for seq in seqs(&position.take_in(&reading)) {
                        prop_assert!(taken.insert(seq), "{seq} was taken in twice");
                    }
                    let committed: BTreeSet<i64> = server.committed.iter().map(|(_, seq)| *seq).collect();
                    prop_assert_eq!(&taken, &committed);
                }
            }
        }
    }
}
