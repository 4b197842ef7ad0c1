//! Renewal (`licensing.md` §7 `renewalBasis`, §8.4).

use keyway_base::Timestamp;

use crate::duration;
use crate::resources::{License, Policy, RenewalBasis};

/// Why a licence cannot be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotRenewable {
    /// The policy has no duration to renew by.
    #[error("cannot be renewed because the policy does not have a duration")]
    NoDuration,
    /// The licence never expires.
    #[error("cannot be renewed because the license does not have an expiry")]
    NoExpiry,
}

/// The expiry after renewal.
///
/// # Errors
/// [`NotRenewable`] when the policy has no duration or the licence no expiry.
pub fn renewed(license: &License, policy: &Policy, now: Timestamp) -> Result<Timestamp, NotRenewable> {
    let seconds = policy.duration.ok_or(NotRenewable::NoDuration)?;
    let expiry = license.expiry.ok_or(NotRenewable::NoExpiry)?;
    let from = match policy.renewal_basis {
        RenewalBasis::Expiry => expiry,
        RenewalBasis::Now => now,
        RenewalBasis::NowIfExpired => expiry.max(now),
    };
    Ok(duration::after(from, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The renewal of an expiry under a policy of so many seconds.
    fn renew(
        basis: RenewalBasis,
        seconds: Option<i64>,
        expiry: Option<&str>,
    ) -> Result<Timestamp, NotRenewable> {
        let now = at("2026-06-01");
        let policy = Policy { renewal_basis: basis, duration: seconds, ..fixture::policy(now) };
        let license = License { expiry: expiry.map(at), ..fixture::license(now) };
        renewed(&license, &policy, now)
    }

    #[test]
    fn renewal_counts_from_its_basis_by_the_calendar() {
        for (basis, expiry, expected) in [
            (RenewalBasis::Expiry, "2026-01-31", "2026-02-28"),
            (RenewalBasis::Now, "2026-12-01", "2026-07-01"),
            (RenewalBasis::NowIfExpired, "2026-05-31", "2026-07-01"),
            (RenewalBasis::NowIfExpired, "2026-06-01", "2026-07-01"),
            (RenewalBasis::NowIfExpired, "2026-12-01", "2027-01-01"),
        ] {
            assert_eq!(renew(basis, Some(2_629_746), Some(expiry)), Ok(at(expected)), "{basis} {expiry}");
        }
    }

    #[test]
    fn renewal_needs_a_duration_and_an_expiry() {
        assert_eq!(renew(RenewalBasis::Expiry, None, None), Err(NotRenewable::NoDuration));
        assert_eq!(renew(RenewalBasis::Now, Some(86_400), None), Err(NotRenewable::NoExpiry));
    }
}
