//! Moving a licence to another policy (`licensing.md` §8.4).

use keyway_base::Timestamp;

use crate::duration;
use crate::resources::{License, MachineUniquenessStrategy, Policy, TransferStrategy};

/// Why a licence cannot move to a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot change to a policy {0}")]
pub struct NotCompatible(&'static str);

/// Whether a licence of one policy can move to another.
///
/// # Errors
/// [`NotCompatible`] (`POLICY_NOT_COMPATIBLE`) when product, encryption, pool or scheme differ, or the new
/// uniqueness of machines or components is broader.
pub fn compatible(from: &Policy, to: &Policy) -> Result<(), NotCompatible> {
    use crate::resources::ComponentUniquenessStrategy as Component;
    let machine = |policy: &Policy| match policy.machine_uniqueness_strategy {
        MachineUniquenessStrategy::PerAccount => 3,
        MachineUniquenessStrategy::PerProduct => 2,
        MachineUniquenessStrategy::PerPolicy => 1,
        MachineUniquenessStrategy::PerLicense => 0,
    };
    let component = |policy: &Policy| match policy.component_uniqueness_strategy {
        Component::PerAccount => 4,
        Component::PerProduct => 3,
        Component::PerPolicy => 2,
        Component::PerLicense => 1,
        Component::PerMachine => 0,
    };
    match () {
        () if from.product_id != to.product_id => Err(NotCompatible("for another product")),
        () if from.encrypted != to.encrypted => Err(NotCompatible("with a different encryption setting")),
        () if from.use_pool != to.use_pool => Err(NotCompatible("with a different pool setting")),
        () if from.scheme != to.scheme => Err(NotCompatible("with a different scheme")),
        () if machine(to) > machine(from) => Err(NotCompatible("with a broader machine uniqueness strategy")),
        () if component(to) > component(from) => {
            Err(NotCompatible("with a broader component uniqueness strategy"))
        }
        () => Ok(()),
    }
}

/// The expiry after moving to a policy.
pub fn expiry(license: &License, to: &Policy, now: Timestamp) -> Option<Timestamp> {
    match to.transfer_strategy {
        TransferStrategy::KeepExpiry => license.expiry,
        TransferStrategy::ResetExpiry => to.duration.map(|seconds| duration::after(now, seconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::resources::{ComponentUniquenessStrategy, Scheme};

    fn with(change: impl FnOnce(&mut Policy)) -> Policy {
        let mut policy = fixture::policy("2026-01-01".parse().unwrap());
        change(&mut policy);
        policy
    }

    #[test]
    fn each_incompatibility() {
        let plain = with(|_| ());
        assert_eq!(compatible(&plain, &plain), Ok(()));
        for (to, words) in [
            (with(|p| p.encrypted = true), "encryption"),
            (with(|p| p.use_pool = true), "pool"),
            (with(|p| p.scheme = Some(Scheme::Ed25519Sign)), "scheme"),
            (
                with(|p| p.machine_uniqueness_strategy = MachineUniquenessStrategy::PerPolicy),
                "machine uniqueness",
            ),
            (
                with(|p| p.component_uniqueness_strategy = ComponentUniquenessStrategy::PerLicense),
                "component uniqueness",
            ),
        ] {
            let refused = compatible(&plain, &to).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
        let broad = with(|p| p.machine_uniqueness_strategy = MachineUniquenessStrategy::PerAccount);
        assert_eq!(compatible(&broad, &plain), Ok(()), "narrower is fine");
    }

    #[test]
    fn resetting_counts_from_now_or_clears() {
        let now = "2026-06-01".parse().unwrap();
        let old = Some("2026-06-05".parse().unwrap());
        let license = License { expiry: old, ..fixture::license(now) };
        assert_eq!(expiry(&license, &with(|p| p.duration = Some(86_400)), now), old);
        let reset = |duration| {
            with(|p| {
                p.transfer_strategy = TransferStrategy::ResetExpiry;
                p.duration = duration;
            })
        };
        assert_eq!(expiry(&license, &reset(Some(86_400)), now), Some("2026-06-02".parse().unwrap()));
        assert_eq!(expiry(&license, &reset(None), now), None);
    }
}
