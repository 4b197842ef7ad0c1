//! What a transaction makes stale, declared when it commits.

use std::collections::BTreeSet;
use std::iter;

use keyway_base::{AccountId, Slot};

use crate::Freshness;
use crate::arg::Arg;
use crate::statement::Statement;

/// What an entry with wide slots begins with. Its length is odd then, which who knows no such slots takes for damage, and
/// damage for everything.
const WIDE: u8 = 4;

/// The slots that a transaction touches. A [`Write`](crate::Write) cannot commit without saying (invariant I4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    entries: Vec<(AccountId, Touched)>,
}

/// What is touched in one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Touched {
    /// These slots.
    Slots(BTreeSet<Slot>),
    /// Every slot of every process.
    Everything,
}

impl Changes {
    /// These slots of this account.
    pub fn of(account: AccountId, slots: impl IntoIterator<Item = Slot>) -> Self {
        let slots: BTreeSet<Slot> = slots.into_iter().collect();
        if slots.is_empty() {
            return Self::none();
        }
        Self { entries: vec![(account, Touched::Slots(slots))] }
    }
    /// Nothing that is cached: heartbeats, counters, jobs.
    pub const fn none() -> Self {
        Self { entries: Vec::new() }
    }
    /// Everything that any process has cached.
    pub fn everything(account: AccountId) -> Self {
        Self { entries: vec![(account, Touched::Everything)] }
    }
    /// These and those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (account, touched) in other.entries {
            match self.entries.iter_mut().find(|(known, _)| *known == account) {
                Some((_, known)) => known.merge(touched),
                None => self.entries.push((account, touched)),
            }
        }
        self
    }
    /// Whether nothing is touched.
    pub const fn is_none(&self) -> bool {
        self.entries.is_empty()
    }
    /// The statements that log it; each gives back its sequence number.
    pub(crate) fn statements(&self) -> impl Iterator<Item = Statement> + use<> {
        let args = |(account, touched): &(AccountId, Touched)| {
            vec![Arg::shown(account), Arg::Bytes(touched.encode())]
        };
        let args: Vec<_> = self.entries.iter().map(args).collect();
        args.into_iter().map(|args| {
            Statement::fixed("INSERT INTO changes (account_id, slots) VALUES ($1, $2) RETURNING seq", args)
        })
    }
}

impl Touched {
    fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Slots(slots), Self::Slots(more)) => slots.extend(more),
            (this, Self::Everything) => *this = Self::Everything,
            (Self::Everything, Self::Slots(_)) => {}
        }
    }
    /// Ends what is cached of it in this process.
    pub(crate) fn bump(&self, freshness: &Freshness) {
        match self {
            Self::Slots(slots) => freshness.bump(&slots.iter().copied().collect::<Vec<_>>()),
            Self::Everything => freshness.bump_all(),
        }
    }
    /// The form in the `changes` table, high bytes first: two bytes per slot where that is enough for all of them, else
    /// [`WIDE`] and four bytes per slot; null is everything.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        let Self::Slots(slots) = self else { return None };
        let narrow: Option<Vec<[u8; 2]>> =
            slots.iter().map(|slot| u16::try_from(slot.0).ok().map(u16::to_be_bytes)).collect();
        Some(match narrow {
            Some(narrow) => narrow.concat(),
            None => iter::once(WIDE).chain(slots.iter().flat_map(|slot| slot.0.to_be_bytes())).collect(),
        })
    }
    /// Reads what [`Touched::encode`] wrote. What cannot be read touches everything.
    pub(crate) fn decode(bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some([WIDE, wide @ ..]) if !wide.is_empty() && wide.len() % 4 == 0 => Self::Slots(
                wide.as_chunks::<4>().0.iter().map(|four| Slot(u32::from_be_bytes(*four))).collect(),
            ),
            Some(narrow) if narrow.len() % 2 == 0 => {
                let pairs = narrow.as_chunks::<2>().0.iter();
                Self::Slots(pairs.map(|pair| Slot(u16::from_be_bytes(*pair).into())).collect())
            }
            Some(_) | None => Self::Everything,
        }
    }
}

/// Bumps what a transaction touches when it is dropped: after the commit, after its failure, or while a panic
/// passes through.
pub(crate) struct Bump<'a> {
    freshness: &'a Freshness,
    changes: &'a Changes,
}

impl<'a> Bump<'a> {
    /// Will bump what `changes` touches.
    pub(crate) const fn of(freshness: &'a Freshness, changes: &'a Changes) -> Self {
        Self { freshness, changes }
    }
}

impl Drop for Bump<'_> {
    fn drop(&mut self) {
        self.changes.entries.iter().for_each(|(_, touched)| touched.bump(self.freshness));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account() -> AccountId {
        "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
    }

    #[test]
    fn what_is_logged_is_read_back() {
        let narrow = Touched::Slots([Slot(0), Slot(1), Slot(0x0403), Slot(0xffff)].into());
        assert_eq!(narrow.encode().unwrap(), [0, 0, 0, 1, 4, 3, 255, 255]);
        let wide = Touched::Slots([Slot(1), Slot(0x1_0002)].into());
        assert_eq!(wide.encode().unwrap(), [WIDE, 0, 0, 0, 1, 0, 1, 0, 2]);
        for touched in [narrow, wide, Touched::Slots([Slot(0x0400)].into())] {
            assert_eq!(Touched::decode(touched.encode().as_deref()), touched);
        }
        assert_eq!(Touched::decode(Touched::Everything.encode().as_deref()), Touched::Everything);
    }

    #[test]
    fn a_damaged_entry_touches_everything() {
        for damaged in [&[1, 2, 3][..], &[WIDE], &[WIDE, 1, 2], &[WIDE, 1, 2, 3, 4, 5, 6]] {
            assert_eq!(Touched::decode(Some(damaged)), Touched::Everything, "{damaged:?}");
        }
    }

    #[test]
    fn changes_add_up() {
        let changes = Changes::of(account(), [Slot(1)]).and(Changes::of(account(), [Slot(2), Slot(1)]));
        assert_eq!(changes, Changes::of(account(), [Slot(1), Slot(2)]));
        assert!(Changes::none().and(Changes::none()).is_none());
        assert!(Changes::of(account(), []).is_none());
        let all = Changes::everything(account());
        assert_eq!(changes.clone().and(all.clone()), all);
        assert_eq!(all.clone().and(changes), all);
    }

    #[test]
    fn the_guard_bumps_when_it_goes() {
        let freshness = Freshness::new();
        let noted = freshness.note();
        let changes = Changes::of(account(), [Slot(9)]);
        let bump = Bump::of(&freshness, &changes);
        assert!(freshness.is_fresh(noted, &[Slot(9)]));
        drop(bump);
        assert!(!freshness.is_fresh(noted, &[Slot(9)]));
        assert!(freshness.is_fresh(noted, &[Slot(8)]));
    }
}
