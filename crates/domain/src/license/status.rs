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
    status_validated(license, license.last_validated_at, owner_banned, now)
}

/// The status of a licence that was validated at another time than it says itself.
pub fn status_validated(
    license: &License,
    validated: Option<Timestamp>,
    owner_banned: bool,
    now: Timestamp,
) -> Status {
    let soon = license.expiry.is_some_and(|expiry| expiry <= now.plus(EXPIRING));
    let last = [validated, license.last_check_in_at, license.last_check_out_at];
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::resources::CheckInInterval;

    #[test]
    fn the_first_that_holds() {
        let now: Timestamp = "2026-06-01".parse().unwrap();
        let days = |days: u64| Duration::from_secs(days * 86_400);
        let mut license = fixture::license(now);
        assert_eq!(status(&license, false, now), Status::Active);
        for (expiry, expected) in [
            (now.minus(days(1)), Status::Expired),
            (now, Status::Expiring),
            (now.plus(days(3)), Status::Expiring),
            (now.plus(days(4)), Status::Active),
        ] {
            license.expiry = Some(expiry);
            assert_eq!(status(&license, false, now), expected, "{expiry}");
        }
        license.created_at = now.minus(days(91));
        assert_eq!(status(&license, false, now), Status::Inactive);
        license.last_check_in_at = Some(now.minus(days(90)));
        assert_eq!(status(&license, false, now), Status::Active);
        license.suspended = true;
        license.expiry = Some(now.minus(days(1)));
        assert_eq!(status(&license, false, now), Status::Suspended);
        assert_eq!(status(&license, true, now), Status::Banned);
    }

    #[test]
    fn check_ins_are_due_by_the_calendar_where_the_policy_asks() {
        let last: Timestamp = "2026-01-31".parse().unwrap();
        let license = License { last_check_in_at: Some(last), ..fixture::license(last) };
        let mut policy = fixture::policy(last);
        policy.check_in_interval = Some(CheckInInterval::Month);
        policy.check_in_interval_count = Some(1);
        assert_eq!(next_check_in(&license, &policy), None, "not required");
        policy.require_check_in = true;
        assert_eq!(next_check_in(&license, &policy), Some("2026-02-28".parse().unwrap()));
    }
}
