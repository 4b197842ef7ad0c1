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
