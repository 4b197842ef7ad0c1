//! Policies.

use keyway_domain::permission::Permission;

use super::relation::{always, own_product};
use super::{ADE, ADSE, ADSTRE, Answer, CUSTOMER, Clause, P, Rule, holds, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(
        Action::PolicyList,
        Permission::PolicyRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, always)],
    ),
    read(
        Action::PolicyShow,
        Permission::PolicyRead,
        &[Clause(ADSTRE, always), Clause(P, own_product), Clause(CUSTOMER, licensed_under)],
    ),
    write(Action::PolicyCreate, Permission::PolicyCreate, CHANGE),
    write(Action::PolicyUpdate, Permission::PolicyUpdate, CHANGE),
    write(Action::PolicyDelete, Permission::PolicyDelete, &[Clause(ADE, always), Clause(P, own_product)]),
    read(Action::PolicyProductShow, Permission::ProductRead, SUB_READ),
    read(Action::PolicyLicensesList, Permission::LicenseRead, SUB_READ),
    read(Action::PolicyEntitlementsList, Permission::EntitlementRead, SUB_READ),
    write(Action::PolicyEntitlementsAttach, Permission::PolicyEntitlementsAttach, CHANGE),
    write(Action::PolicyEntitlementsDetach, Permission::PolicyEntitlementsDetach, CHANGE),
    read(Action::PolicyPoolList, Permission::KeyRead, SUB_READ),
    write(Action::PolicyPoolPop, Permission::PolicyPoolPop, &[Clause(ADE, always), Clause(P, own_product)])
        .relaxed(),
];

const CHANGE: &[Clause] = &[Clause(ADSE, always), Clause(P, own_product)];
const SUB_READ: &[Clause] = &[Clause(ADSTRE, always), Clause(P, own_product)];

/// One of the caller's licences is under the policy.
fn licensed_under(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.grants.iter().any(|grant| Some(grant.policy) == target.policy))
}
