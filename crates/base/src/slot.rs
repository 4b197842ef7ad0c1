//! Slots: the unit in which cached values go stale (DESIGN "Freshness").
//!
//! A slot is one of 131,072 counters. What a cached value depends on is hashed onto a few slots; a write
//! bumps the slots it touches. Two things on one slot cost a reload, never a wrong answer. The hash must be
//! the same in every process and release, since slots travel through the `changes` table.
//!
//! The first half is for what access is decided from, which changes rarely. The second half is for the details of
//! records, down to each heartbeat: however many of those there are, they end nothing of the first half.

use crate::{AccountId, RecordId};

/// How many slots there are.
pub const SLOTS: usize = 2 * HALF;
/// Where those of details begin.
const HALF: usize = 1 << 16;

/// One of the [`SLOTS`] freshness counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot(pub u32);

impl Slot {
    /// The slot of the second half with this hash.
    const fn detailed(self) -> Self {
        Self(self.0 | 1 << 16)
    }
}

/// The things a cached value can depend on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlotKey<'a> {
    /// The account itself: settings, slug, keys, hosts.
    Account(AccountId),
    /// Everything that access in the account is computed from and that changes rarely: policies, products,
    /// entitlements, environments, settings.
    Access(AccountId),
    /// One licence: its state, expiry, entitlements.
    License(AccountId, RecordId),
    /// One user: role, ban, attached licences.
    User(AccountId, RecordId),
    /// One token.
    Token(AccountId, RecordId),
    /// A credential by its digest, so that cached absences end when it comes into being.
    Credential(AccountId, &'a [u8]),
    /// One package with its releases, artifacts and constraints.
    Package(AccountId, RecordId),
    /// All packages of one engine in an account (the PyPI index, a package list).
    Engine(AccountId, &'a str),
    /// A package by engine and normalised key, so that cached absences end when it comes into being.
    PackageKey(AccountId, &'a str, &'a str),
    /// The releases of a product that have no package (the raw engine's unpackaged form).
    Unpackaged(AccountId, RecordId),
    /// The webhook endpoints of an account.
    Webhooks(AccountId),
    /// A name that an account may be found by, in lower case: a slug, a custom host. The one key without an
    /// account, so that cached absences end when an account takes the name.
    AccountName(&'a str),
    /// All there is to a record: each of its columns, and for a licence whatever belongs to it (machines with their
    /// heartbeats, components and processes, attached users, entitlements), for a policy its entitlements.
    Details(AccountId, RecordId),
}

impl From<SlotKey<'_>> for Slot {
    fn from(key: SlotKey<'_>) -> Self {
        let mut hash = Fnv::new();
        match key {
            SlotKey::Account(account) => hash.tag(1, account).finish(),
            SlotKey::Access(account) => hash.tag(2, account).finish(),
            SlotKey::License(account, id) => hash.tag(3, account).bytes(id.as_bytes()).finish(),
            SlotKey::User(account, id) => hash.tag(4, account).bytes(id.as_bytes()).finish(),
            SlotKey::Token(account, id) => hash.tag(5, account).bytes(id.as_bytes()).finish(),
            SlotKey::Credential(account, digest) => hash.tag(6, account).bytes(digest).finish(),
            SlotKey::Package(account, id) => hash.tag(7, account).bytes(id.as_bytes()).finish(),
            SlotKey::Engine(account, engine) => hash.tag(8, account).bytes(engine.as_bytes()).finish(),
            SlotKey::PackageKey(account, engine, name) => {
                hash.tag(9, account).bytes(engine.as_bytes()).bytes(&[0]).bytes(name.as_bytes()).finish()
            }
            SlotKey::Unpackaged(account, product) => hash.tag(10, account).bytes(product.as_bytes()).finish(),
            SlotKey::AccountName(name) => hash.bytes(&[11]).bytes(name.as_bytes()).finish(),
            SlotKey::Webhooks(account) => hash.tag(12, account).finish(),
            SlotKey::Details(account, id) => hash.tag(13, account).bytes(id.as_bytes()).finish().detailed(),
        }
    }
}

/// FNV-1a, 64 bits, folded to 16: small, stable, and good enough to spread ids.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
    fn tag(&mut self, tag: u8, account: AccountId) -> &mut Self {
        self.bytes(&[tag]).bytes(account.as_bytes())
    }
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self
    }
    fn finish(&self) -> Slot {
        let folded = self.0 ^ (self.0 >> 32);
        let folded = folded ^ (folded >> 16);
        Slot(u32::from(u16::try_from(folded & 0xffff).unwrap_or(0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Slots are stored in the change log: a new release must read what an old one wrote.
    #[test]
    fn the_hash_does_not_move() {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let package = SlotKey::PackageKey(account, "npm", "@acme/widget");
        assert_eq!(Slot::from(package), Slot::from(package));
        assert_ne!(Slot::from(package), Slot::from(SlotKey::PackageKey(account, "pypi", "@acme/widget")));
        assert_ne!(Slot::from(SlotKey::Account(account)), Slot::from(SlotKey::Access(account)));
    }

    #[test]
    fn details_end_nothing_that_access_is_decided_from() {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        for number in 0..1_000_u128 {
            let id = RecordId::new(uuid::Uuid::from_u128(number));
            let (license, details) = (SlotKey::License(account, id), SlotKey::Details(account, id));
            assert!(Slot::from(license).0 < 1 << 16, "{number}");
            assert!((1 << 16..1 << 17).contains(&Slot::from(details).0), "{number}");
        }
    }
}
