//! Who a release is handed out to while it is rolled out, and what is wrong with a rollout (`updaters.md` §5).
//!
//! Each installation falls into one of 10,000 buckets, drawn with a seed that each rollout has of its own, so that
//! it is not always the same ones that go first. Those below the share are in. Raising the share keeps them.

use keyway_base::Timestamp;
use keyway_crypto::digest::sha256;
use keyway_jsonapi::{Failure, Invalid};
use keyway_versions::{Scheme, parse};

use crate::resources::{Release, Rollout};

/// How many buckets there are.
pub const BUCKETS: u16 = 10_000;
/// How long a seed is.
pub const SEED: usize = 16;

/// How many of the buckets are in, at some moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u16);

impl Share {
    /// Nobody.
    pub const NOBODY: Self = Self(0);
    /// Everybody, those too of whom nothing is known that stays the same.
    pub const EVERYBODY: Self = Self(BUCKETS);

    /// A share in hundredths of a percent; what is more than all is all.
    pub fn of_hundredths(hundredths: i64) -> Self {
        Self(u16::try_from(hundredths.clamp(0, BUCKETS.into())).unwrap_or(0))
    }
    /// In hundredths of a percent.
    pub const fn hundredths(self) -> u16 {
        self.0
    }
    /// Whether it has the bucket.
    pub const fn admits(self, bucket: Bucket) -> bool {
        bucket.0 < self.0
    }
}

/// Where an installation falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket(u16);

impl Bucket {
    /// The first eight bytes of SHA-256 over seed and id, modulo their number.
    pub fn of(seed: &[u8], id: &str) -> Self {
        let digest = sha256(&[seed, id.as_bytes()].concat());
        let (head, _) = digest.as_bytes().split_first_chunk().expect("32 bytes begin with eight");
        let bucket = u64::from_be_bytes(*head) % u64::from(BUCKETS);
        Self(u16::try_from(bucket).expect("the remainder is below the number of buckets"))
    }
}

/// How a rollout goes on over time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    seed: Box<[u8]>,
    first: Share,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    stopped: bool,
}

impl Plan {
    /// The plan of a rollout.
    pub fn of(rollout: &Rollout) -> Self {
        Self {
            seed: rollout.seed.as_slice().into(),
            first: Share::of_hundredths(rollout.percentage),
            starts: rollout.starts_at,
            ends: rollout.ends_at,
            stopped: rollout.paused_at.is_some() || rollout.halted_at.is_some(),
        }
    }
    /// Whether it leaves nobody out, whenever it is asked.
    pub fn is_over(&self) -> bool {
        !self.stopped && self.starts.is_none() && self.first == Share::EVERYBODY
    }
    /// Who is in now: nobody while it is stopped or has not begun, else the first share, which grows evenly to
    /// everybody where it has an end.
    pub fn share(&self, now: Timestamp) -> Share {
        if self.stopped || self.starts.is_some_and(|starts| now < starts) {
            return Share::NOBODY;
        }
        let (Some(starts), Some(ends)) = (self.starts, self.ends) else { return self.first };
        if now >= ends {
            return Share::EVERYBODY;
        }
        let (passed, whole) = (now.since(starts).as_micros(), ends.since(starts).as_micros().max(1));
        let left = u128::from(BUCKETS - self.first.0);
        let grown = u16::try_from(left * passed / whole).unwrap_or(u16::MAX);
        Share(self.first.0.saturating_add(grown).min(BUCKETS))
    }
    /// Whether an installation is in now. One of which nothing is known that stays the same is in with everybody.
    pub fn admits(&self, id: Option<&str>, now: Timestamp) -> bool {
        match (self.share(now), id) {
            (Share::EVERYBODY, _) => true,
            (Share::NOBODY, _) | (_, None) => false,
            (share, Some(id)) => share.admits(Bucket::of(&self.seed, id)),
        }
    }
    /// Roughly how many bytes it takes.
    pub fn weight(&self) -> usize {
        size_of::<Self>() + self.seed.len()
    }
}

/// Everything that is wrong with a rollout of a release whose version is read by a scheme.
pub fn failures(rollout: &Rollout, release: &Release, scheme: Scheme) -> Vec<Invalid> {
    [times(rollout), minimum(rollout, release, scheme)].into_iter().flatten().collect()
}

/// It grows from a beginning to a later end.
fn times(rollout: &Rollout) -> Option<Invalid> {
    let ends = rollout.ends_at?;
    let invalid = |failure, detail| Some(Invalid::attribute("ends_at", failure, detail));
    match rollout.starts_at {
        None => invalid(Failure::Kind("INVALID"), "needs a start"),
        Some(starts) if ends <= starts => invalid(Failure::Comparison, "must be after the start"),
        Some(_) => None,
    }
}

/// Clients below a version are to move to this release: to one that is not below it.
fn minimum(rollout: &Rollout, release: &Release, scheme: Scheme) -> Option<Invalid> {
    let minimum = rollout.minimum_version.as_deref()?;
    let invalid = |detail| Some(Invalid::attribute("minimum_version", Failure::Kind("INVALID"), detail));
    match (parse(scheme, minimum), parse(scheme, &release.version)) {
        (Err(_), _) => invalid("must be a valid version"),
        (Ok(minimum), Ok(version)) if minimum > version => {
            invalid("must not be above the release's own version")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
