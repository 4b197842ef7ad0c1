//! Where a fingerprint must be unique (`licensing.md` §7): among all of the account's, or those of the same product,
//! policy, licence or machine.

use keyway_jsonapi::Scope;

use crate::resources::{
    ComponentUniquenessStrategy as OfComponent, License, MachineUniquenessStrategy as OfMachine, Policy,
};

/// Those among which a fingerprint must be unique, and how a repetition is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Among {
    /// The condition on machines or components.
    pub scope: Scope,
    /// In words.
    pub detail: &'static str,
}

fn account() -> Among {
    Among { scope: Scope::All, detail: "has already been taken for this account" }
}
fn product(license: &License) -> Among {
    let scope = Scope::id("product_id", license.product_id);
    Among { scope, detail: "has already been taken for this product" }
}
fn policy(license: &License) -> Among {
    let of_policy = Scope::id("policy_id", license.policy_id);
    let scope = Scope::belongs("licenses", "license_id", of_policy);
    Among { scope, detail: "has already been taken for this policy" }
}

/// The machines among which those of a licence have fingerprints of their own.
pub fn of_machines(license: &License, of: &Policy) -> Among {
    match of.machine_uniqueness_strategy {
        OfMachine::PerAccount => account(),
        OfMachine::PerProduct => product(license),
        OfMachine::PerPolicy => policy(license),
        OfMachine::PerLicense => {
            Among { scope: Scope::id("license_id", license.id), detail: "has already been taken" }
        }
    }
}

/// The components among which those of a licence's machine have fingerprints of their own; none beyond the machine
/// itself when that is all that is asked for.
pub fn of_components(license: &License, of: &Policy) -> Option<Among> {
    Some(match of.component_uniqueness_strategy {
        OfComponent::PerAccount => account(),
        OfComponent::PerProduct => product(license),
        OfComponent::PerPolicy => policy(license),
        OfComponent::PerLicense => Among {
            scope: Scope::id("license_id", license.id),
            detail: "has already been taken for this license",
        },
        OfComponent::PerMachine => return None,
    })
}
