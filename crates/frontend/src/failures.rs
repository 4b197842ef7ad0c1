//! Limits guessing: how many *different* wrong credentials an address may try on an account (DESIGN §3.3).
//!
//! Customers may choose short licence keys. Anonymous requests are never counted, and neither is the same
//! wrong key sent again and again, so that a machine with a stale configuration locks nobody out. A credential
//! that was good at an address stays welcome there: one guesser behind a shared address stops nobody else.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use keyway_access::Credential;
use keyway_base::AccountId;

use crate::Limits;
use crate::network::network;

/// Independent parts of the table, so that requests do not wait for each other.
const SHARDS: usize = 64;
/// The most addresses remembered per shard. Whoever owns more addresses than that owns a network.
const ADDRESSES: usize = 2048;
/// How many wrong credentials of an address are remembered as already counted.
const REMEMBERED: usize = 16;
/// How many good credentials are remembered, over all addresses; newer ones take the place of older ones.
const WELCOME: usize = 8192;

/// Counts wrong credentials by account and address.
#[derive(Debug)]
pub(crate) struct WrongCredentials {
    shards: Vec<Mutex<HashMap<Source, Bucket>>>,
    /// How many addresses are remembered: while there are none, a request costs one read.
    remembered: AtomicUsize,
    /// Prints of credentials that were good, each in the place that its hash gives it.
    welcome: Box<[AtomicU64]>,
    hasher: RandomState,
    burst: u32,
    refill: Duration,
}

/// Who is counted: one IPv4 address, or an IPv6 network of 64 bits.
type Source = (AccountId, u64);

#[derive(Debug)]
struct Bucket {
    /// When the bucket will be full again; the further ahead, the emptier it is.
    full_at: Duration,
    /// Hashes of the wrong credentials counted last.
    counted: Vec<u64>,
}

impl WrongCredentials {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            remembered: AtomicUsize::new(0),
            welcome: (0..WELCOME).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
            burst: limits.wrong_credentials.max(1),
            refill: limits.wrong_credential_time,
        }
    }

    /// Forgets everything.
    #[cfg(feature = "test-support")]
    pub(crate) fn forget(&self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        self.welcome.iter().for_each(|place| place.store(0, Ordering::Relaxed));
        self.remembered.store(0, Ordering::Relaxed);
    }

    /// How long an address has to wait before it may present a credential; `None` when it may now.
    pub(crate) fn wait(
        &self,
        account: AccountId,
        address: IpAddr,
        credential: &Credential,
        now: Duration,
    ) -> Option<Duration> {
        if self.remembered.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let source = (account, network(address));
        let full_at =
            self.shard(&source).lock().unwrap_or_else(PoisonError::into_inner).get(&source)?.full_at;
        let most = self.refill.saturating_mul(self.burst.saturating_sub(1));
        let wait = full_at.saturating_sub(now).checked_sub(most).filter(|wait| !wait.is_zero())?;
        let print = self.print(&source, credential);
        (self.place(print).load(Ordering::Relaxed) != print).then_some(wait)
    }

    /// Remembers that a credential is good at an address: once it is, that costs a hash and a read.
    pub(crate) fn accept(&self, account: AccountId, address: IpAddr, credential: &Credential) {
        let print = self.print(&(account, network(address)), credential);
        let place = self.place(print);
        if place.load(Ordering::Relaxed) != print {
            place.store(print, Ordering::Relaxed);
        }
    }

    /// Counts a wrong credential, unless it was counted lately.
    pub(crate) fn count(&self, account: AccountId, address: IpAddr, credential: &Credential, now: Duration) {
        let source = (account, network(address));
        let print = self.print(&source, credential);
        let mut shard = self.shard(&source).lock().unwrap_or_else(PoisonError::into_inner);
        if !shard.contains_key(&source) && shard.len() >= ADDRESSES {
            self.make_room(&mut shard, now);
        }
        let bucket = shard.entry(source).or_insert_with(|| {
            self.remembered.fetch_add(1, Ordering::Relaxed);
            Bucket { full_at: now, counted: Vec::new() }
        });
        if bucket.counted.contains(&print) {
            return;
        }
        if bucket.counted.len() == REMEMBERED {
            bucket.counted.remove(0);
        }
        bucket.counted.push(print);
        bucket.full_at = bucket.full_at.max(now) + self.refill;
    }

    /// Forgets the half of the buckets that is nearest to full: those that say least.
    fn make_room(&self, shard: &mut HashMap<Source, Bucket>, now: Duration) {
        let before = shard.len();
        let mut times: Vec<Duration> = shard.values().map(|bucket| bucket.full_at).collect();
        times.sort_unstable();
        let middle = times.get(before / 2).copied().unwrap_or(now).max(now);
        shard.retain(|_, bucket| bucket.full_at > middle);
        self.remembered.fetch_sub(before - shard.len(), Ordering::Relaxed);
    }

    fn print(&self, source: &Source, credential: &Credential) -> u64 {
        let user = credential.user.as_ref().map(|user| user.expose());
        self.hasher.hash_one((source, user, credential.secret.expose()))
    }

    fn place(&self, print: u64) -> &AtomicU64 {
        let index = usize::try_from(print % WELCOME as u64).unwrap_or(0);
        self.welcome.get(index).expect("the index is below the number of places")
    }

    fn shard(&self, source: &Source) -> &Mutex<HashMap<Source, Bucket>> {
        let index = usize::try_from(self.hasher.hash_one(source) % SHARDS as u64).unwrap_or(0);
        self.shards.get(index).expect("the index is below the number of shards")
    }
}

#[cfg(test)]
mod tests {
    use keyway_access::CredentialScheme;
    use keyway_base::Secret;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_000_000);

    fn limits() -> WrongCredentials {
        let limits = Limits {
            wrong_credentials: 3,
            wrong_credential_time: Duration::from_secs(10),
            ..Limits::default()
        };
        WrongCredentials::new(&limits)
    }

    fn account() -> AccountId {
        "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn credential(text: &str) -> Credential {
        Credential { scheme: CredentialScheme::Bearer, secret: Secret::new(text.to_owned()), user: None }
    }

    fn wait(limits: &WrongCredentials, from: &str, now: Duration) -> Option<Duration> {
        limits.wait(account(), address(from), &credential("one more"), now)
    }

    fn guess(limits: &WrongCredentials, from: &str, guesses: std::ops::Range<u32>, now: Duration) {
        for guess in guesses {
            limits.count(account(), address(from), &credential(&format!("guess {guess}")), now);
        }
    }

    #[test]
    fn different_guesses_run_out_and_come_back_one_by_one() {
        let limits = limits();
        guess(&limits, "192.0.2.1", 0..2, NOW);
        assert_eq!(wait(&limits, "192.0.2.1", NOW), None);
        guess(&limits, "192.0.2.1", 2..3, NOW);
        assert_eq!(wait(&limits, "192.0.2.1", NOW), Some(Duration::from_secs(10)));
        assert_eq!(wait(&limits, "192.0.2.2", NOW), None, "another address");
        let later = NOW + Duration::from_secs(10);
        assert_eq!(wait(&limits, "192.0.2.1", later), None);
        guess(&limits, "192.0.2.1", 3..4, later);
        assert_eq!(wait(&limits, "192.0.2.1", later), Some(Duration::from_secs(10)));
    }

    #[test]
    fn the_same_wrong_key_again_is_not_a_guess() {
        let limits = limits();
        for _ in 0..1000 {
            guess(&limits, "192.0.2.1", 0..1, NOW);
        }
        assert_eq!(wait(&limits, "192.0.2.1", NOW), None);
    }

    #[test]
    fn a_credential_that_was_good_at_the_address_stays_welcome() {
        let limits = limits();
        let (good, here, there) = (credential("good"), address("192.0.2.1"), address("192.0.2.2"));
        limits.accept(account(), here, &good);
        guess(&limits, "192.0.2.1", 0..3, NOW);
        guess(&limits, "192.0.2.2", 0..3, NOW);
        assert_eq!(limits.wait(account(), here, &good, NOW), None);
        assert!(limits.wait(account(), here, &credential("other"), NOW).is_some());
        assert!(limits.wait(account(), there, &good, NOW).is_some(), "not known at this address");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let limits = limits();
        guess(&limits, "2001:db8:0:1::1", 0..2, NOW);
        guess(&limits, "2001:db8:0:1:ffff::2", 2..3, NOW);
        assert!(wait(&limits, "2001:db8:0:1::3", NOW).is_some());
        assert_eq!(wait(&limits, "2001:db8:0:2::1", NOW), None);
    }

    #[test]
    fn the_table_does_not_grow_without_end() {
        let (limits, guess) = (limits(), credential("guess"));
        for host in 0..400_000_u32 {
            let address = IpAddr::from(host.to_be_bytes());
            limits.count(account(), address, &guess, NOW);
        }
        assert!(limits.remembered.load(Ordering::Relaxed) <= SHARDS * ADDRESSES);
        let held: usize = limits.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert_eq!(limits.remembered.load(Ordering::Relaxed), held);
    }
}
