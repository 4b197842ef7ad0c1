//! When a licence's expiry starts to count (`licensing.md` §7, expirationBasis).

use keyway_base::Timestamp;
use keyway_domain::duration;
use keyway_domain::resources::{ExpirationBasis, Policy};

/// The expiry that an occasion sets: now and the policy's duration, while the licence has none and the policy
/// counts from this occasion.
pub(crate) fn started(
    expiry: Option<Timestamp>,
    policy: &Policy,
    occasion: ExpirationBasis,
    now: Timestamp,
) -> Option<Timestamp> {
    let starts = expiry.is_none() && policy.expiration_basis == occasion;
    policy.duration.filter(|_| starts).map(|seconds| duration::after(now, seconds))
}
