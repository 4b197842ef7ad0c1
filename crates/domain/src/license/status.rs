//! The status of a licence (`licensing.md` §8.1): the first that matches.

use std::time::Duration;

use keyway_base::Timestamp;

use crate::duration;
use crate::resources::{License, Policy};

/// How long before its expiry a licence is expiring.
pub const EXPIRING: Duration = Duration::from_secs(3 * 86_400);
/// How long without activity makes a licence inactive.
pub const INACTIVE: Duration = Duration::from_secs(90 * 86_400);

keyway_jsonapi::text_enum! {
    /// The status of a licence.
    Status {
        /// The owner is banned.
        Banned = "BANNED",
        /// Suspended.
        Suspended = "SUSPENDED",
        /// Its expiry has passed.
        Expired = "EXPIRED",
        /// Its expiry is near.
        Expiring = "EXPIRING",
        /// Nothing happened for a long time.
        Inactive = "INACTIVE",
        /// None of these.
        Active = "ACTIVE",
    }
}

/// Whether the licence's expiry has passed. A licence that expires now has not expired.
pub fn is_expired(license: &License, now: Timestamp) -> bool {
    license.expiry.is_some_and(|expiry| expiry < now)
}

/// The status.
pub fn status(license: &License, owner_banned: bool, now: Timestamp) -> Status {
    let soon = license.expiry.is_some_and(|expiry| expiry <= now.plus(EXPIRING));
    let last = [license.last_validated_at, license.last_check_in_at, license.last_check_out_at];
    let last = last.into_iter().flatten().fold(license.created_at, Timestamp::max);
    match () {
        () if owner_banned => Status::Banned,
        () if license.suspended => Status::Suspended,
        () if is_expired(license, now) => Status::Expired,
        () if soon => Status::Expiring,
        () if last < now.minus(INACTIVE) => Status::Inactive,
        () => Status::Active,
    }
}

/// When the licence must check in next; none when its policy does not ask for it.
pub fn next_check_in(license: &License, policy: &Policy) -> Option<Timestamp> {
    let interval = policy.check_in_interval.filter(|_| policy.require_check_in)?;
    let count = policy.check_in_interval_count?;
    Some(duration::after_intervals(license.last_check_in_at?, interval, count))
}
