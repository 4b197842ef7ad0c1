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
