//! What a transaction makes stale, declared when it commits.

use std::collections::BTreeSet;

use keyway_base::{AccountId, Slot};

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
    pub(crate) fn entries(&self) -> &[(AccountId, Touched)] {
        &self.entries
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
    /// The form in the `changes` table: two bytes per slot, high byte first; null is everything.
    pub(crate) fn encode(&self) -> Option<Vec<u8>> {
        match self {
            Self::Slots(slots) => Some(slots.iter().flat_map(|slot| slot.0.to_be_bytes()).collect()),
            Self::Everything => None,
        }
    }
    /// Reads what [`Touched::encode`] wrote. What cannot be read touches everything.
    pub(crate) fn decode(bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else { return Self::Everything };
        let (pairs, rest) = bytes.as_chunks::<2>();
        if !rest.is_empty() {
            return Self::Everything;
        }
        Self::Slots(pairs.iter().map(|pair| Slot(u16::from_be_bytes(*pair))).collect())
    }
}
