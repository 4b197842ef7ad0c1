//! Where a tail stands in the change log. Numbers are handed out before commits, so on a database with many
//! writers an entry may appear below others that were already read.

use std::collections::BTreeSet;

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

/// What became of a batch.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict<'a> {
    /// These entries are new.
    Fresh(Vec<&'a Entry>),
    /// So many are new, and a hole was too old to be filled: something may have been missed.
    GaveUp(usize),
    /// The log went backwards or was pruned past this place.
    Lost,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Position {
    /// Everything up to here was read. Number 0 is the start of an empty log.
    low: Mark,
    /// What was read above it, beyond holes.
    above: BTreeSet<i64>,
    /// How long a hole can still be filled, in microseconds.
    lifetime: i64,
}

impl Position {
    pub(super) const fn after(low: Mark, lifetime: i64) -> Self {
        Self { low, above: BTreeSet::new(), lifetime }
    }

    /// The entry to read from, itself included: finding it unchanged proves that the log is the same.
    pub(super) const fn low(&self) -> Mark {
        self.low
    }

    /// Takes in all entries from [`Position::low`] on, in order.
    pub(super) fn take_in<'a>(&mut self, entries: &'a [Entry]) -> Verdict<'a> {
        let rest = match entries.split_first() {
            Some((first, rest)) if self.low.seq > 0 && first.mark == self.low => rest,
            _ if self.low.seq > 0 => return Verdict::Lost,
            _ => entries,
        };
        // What was read and is gone was rolled back behind our back.
        let present: BTreeSet<i64> = rest.iter().map(|entry| entry.mark.seq).collect();
        if !self.above.is_subset(&present) {
            return Verdict::Lost;
        }
        let new: Vec<&Entry> = rest.iter().filter(|entry| self.above.insert(entry.mark.seq)).collect();
        self.settle(rest);
        if self.give_up_old_holes(rest) { Verdict::GaveUp(new.len()) } else { Verdict::Fresh(new) }
    }

    /// Moves `low` over everything that follows it without a hole.
    fn settle(&mut self, entries: &[Entry]) {
        for entry in entries {
            if entry.mark.seq == self.low.seq + 1 && self.above.remove(&entry.mark.seq) {
                self.low = entry.mark;
            }
        }
    }

    /// Moves `low` over holes that no running transaction can fill any more.
    fn give_up_old_holes(&mut self, entries: &[Entry]) -> bool {
        let Some(newest) = entries.last().map(|entry| entry.mark.at) else { return false };
        let mut gave_up = false;
        for entry in entries {
            let old = newest.saturating_sub(entry.mark.at) >= self.lifetime;
            if old && self.above.remove(&entry.mark.seq) {
                gave_up |= entry.mark.seq > self.low.seq + 1;
                self.low = entry.mark;
            }
        }
        gave_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyway_base::Slot;

    fn entry(seq: i64, at: i64) -> Entry {
        let slot = Slot(u16::try_from(seq).unwrap());
        Entry { mark: Mark { seq, at }, touched: Touched::Slots([slot].into()) }
    }
    fn seqs(verdict: &Verdict<'_>) -> Vec<i64> {
        let Verdict::Fresh(entries) = verdict else { panic!("{verdict:?}") };
        entries.iter().map(|entry| entry.mark.seq).collect()
    }

    #[test]
    fn an_empty_log_begins_at_one() {
        let mut position = Position::after(Mark::default(), 0);
        assert!(seqs(&position.take_in(&[])).is_empty());
        let log = [entry(1, 10), entry(2, 11)];
        assert_eq!(seqs(&position.take_in(&log)), [1, 2]);
        assert_eq!(position.low(), log[1].mark);
    }

    #[test]
    fn only_what_is_new_is_taken_in() {
        let mut position = Position::after(Mark { seq: 4, at: 40 }, 0);
        let log = [entry(4, 40), entry(5, 50), entry(6, 60)];
        assert_eq!(seqs(&position.take_in(&log)), [5, 6]);
        assert!(seqs(&position.take_in(&log[2..])).is_empty());
    }

    #[test]
    fn a_hole_that_is_filled_later_is_not_missed() {
        let mut position = Position::after(Mark { seq: 4, at: 40 }, 100);
        assert_eq!(seqs(&position.take_in(&[entry(4, 40), entry(6, 60)])), [6]);
        assert_eq!(position.low().seq, 4, "it still waits for 5");
        assert_eq!(
            seqs(&position.take_in(&[entry(4, 40), entry(5, 65), entry(6, 60), entry(7, 70)])),
            [5, 7]
        );
        assert_eq!(position.low().seq, 7);
    }

    #[test]
    fn a_hole_is_given_up_after_the_lifetime_of_a_transaction() {
        let mut position = Position::after(Mark { seq: 4, at: 40 }, 100);
        assert_eq!(seqs(&position.take_in(&[entry(4, 40), entry(6, 60)])), [6]);
        let later = [entry(4, 40), entry(6, 60), entry(7, 160)];
        assert_eq!(position.take_in(&later), Verdict::GaveUp(1));
        assert!(position.low().seq >= 6);
    }

    #[test]
    fn where_commits_are_in_order_a_hole_is_a_loss_at_once() {
        let mut position = Position::after(Mark { seq: 4, at: 40 }, 0);
        assert_eq!(position.take_in(&[entry(4, 40), entry(6, 60)]), Verdict::GaveUp(1));
        assert_eq!(position.low().seq, 6);
    }

    #[test]
    fn a_log_that_went_backwards_or_was_pruned_is_lost() {
        let at = Mark { seq: 4, at: 40 };
        assert_eq!(Position::after(at, 0).take_in(&[]), Verdict::Lost, "backwards");
        assert_eq!(Position::after(at, 0).take_in(&[entry(6, 60)]), Verdict::Lost, "pruned");
        assert_eq!(Position::after(at, 0).take_in(&[entry(4, 41)]), Verdict::Lost, "another history");
        let mut beyond = Position::after(at, 100);
        assert_eq!(seqs(&beyond.take_in(&[entry(4, 40), entry(6, 60)])), [6]);
        assert_eq!(beyond.take_in(&[entry(4, 40), entry(5, 62)]), Verdict::Lost, "6 was undone");
    }
}
