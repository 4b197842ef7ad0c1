//! Which pulls of images were counted already. The nodes of a cluster ask for the same manifest time and again: for
//! each that asks, that is one pull in a window (`oci.md` §5.3), and only the first is worth a line in the event log.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyway_access::EnvironmentView;
use keyway_base::{AccountId, ContentDigest, PackageId, RecordId, Timestamp};

/// How long a pull counts once. Windows follow each other, so that nothing has to be forgotten one by one.
pub(crate) const WINDOW: Duration = Duration::from_secs(3600);
/// Independent parts of the set, so that requests do not wait for each other.
const SHARDS: usize = 64;
/// The most pulls remembered per shard. One that is full begins anew: what was counted may be counted again.
const PULLS: usize = 4096;

/// One manifest, handed out to one bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pull {
    pub(crate) account: AccountId,
    pub(crate) environment: EnvironmentView,
    /// The type and id of who pulls; none for callers without a credential, who count as one.
    pub(crate) who: Option<(&'static str, RecordId)>,
    pub(crate) package: Option<PackageId>,
    pub(crate) digest: ContentDigest,
}

/// The pulls that this process counted in the window that is open.
#[derive(Debug)]
pub(crate) struct Pulls {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Shard {
    /// The number of the window that its pulls were counted in.
    window: i64,
    /// Their hashes.
    counted: HashSet<u64>,
}

impl Default for Pulls {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }
}

impl Pulls {
    /// Whether a pull is the first of its kind in the window of `now`; from then on it is not.
    pub(crate) fn is_first(&self, pull: &Pull, now: Timestamp) -> bool {
        let window = now.as_micros().div_euclid(i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX));
        let print = self.hasher.hash_one(pull);
        let mut shard = self.shard(print);
        if shard.window != window || shard.counted.len() >= PULLS {
            shard.counted.clear();
            shard.window = window;
        }
        shard.counted.insert(print)
    }

    /// Forgets everything.
    #[cfg(feature = "test-support")]
    pub(crate) fn forget(&self) {
        for shard in &self.shards {
            shard.lock().unwrap_or_else(PoisonError::into_inner).counted.clear();
        }
    }

    fn shard(&self, print: u64) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(print % SHARDS as u64).unwrap_or(0);
        let shard = self.shards.get(index).expect("the index is below the number of shards");
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    fn pull() -> Pull {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        Pull {
            account,
            environment: EnvironmentView::Global,
            who: Some(("licenses", account.into())),
            package: Some("0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap()),
            digest: ContentDigest::Sha256([7; 32]),
        }
    }

    #[test]
    fn whatever_tells_pulls_apart_counts_and_each_counts_once() {
        let (pulls, pull, other) = (Pulls::default(), pull(), "0190163d-8694-739b-aea5-966c26f8ad93");
        let id: RecordId = other.parse().unwrap();
        let all = [
            pull,
            Pull { account: id.into(), ..pull },
            Pull { environment: EnvironmentView::Isolated(id.into()), ..pull },
            Pull { environment: EnvironmentView::Shared(id.into()), ..pull },
            Pull { who: Some(("licenses", id)), ..pull },
            Pull { who: Some(("users", pull.account.into())), ..pull },
            Pull { who: None, ..pull },
            Pull { package: Some(id.into()), ..pull },
            Pull { digest: ContentDigest::Sha256([8; 32]), ..pull },
        ];
        for pull in &all {
            assert!(pulls.is_first(pull, NOW), "{pull:?}");
        }
        for pull in &all {
            assert!(!pulls.is_first(pull, NOW), "{pull:?}");
        }
    }

    #[test]
    fn each_window_counts_anew() {
        let (pulls, pull) = (Pulls::default(), pull());
        let window = i64::try_from(WINDOW.as_micros()).unwrap();
        let begins = Timestamp::from_micros(NOW.as_micros().div_euclid(window) * window);
        let ends = begins.plus(WINDOW - Duration::from_micros(1));
        assert!(pulls.is_first(&pull, begins));
        assert!(!pulls.is_first(&pull, ends));
        assert!(pulls.is_first(&pull, begins.plus(WINDOW)));
        assert!(!pulls.is_first(&pull, begins.plus(WINDOW)));
    }

    #[test]
    fn the_set_does_not_grow_without_end() {
        let (pulls, pull) = (Pulls::default(), pull());
        for number in 0..400_000_u32 {
            let mut digest = [0; 32];
            digest[..4].copy_from_slice(&number.to_be_bytes());
            pulls.is_first(&Pull { digest: ContentDigest::Sha256(digest), ..pull }, NOW);
        }
        let held: usize = pulls.shards.iter().map(|shard| shard.lock().unwrap().counted.len()).sum();
        assert!(held <= SHARDS * PULLS, "{held}");
    }
}
