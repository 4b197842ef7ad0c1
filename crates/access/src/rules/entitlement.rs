//! Entitlements.

use keyway_domain::permission::Permission;

use super::relation::always;
use super::{ADE, ADSTRE, Answer, CUSTOMER, Clause, P, Rule, holds, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(
        Action::EntitlementList,
        Permission::EntitlementRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, always)],
    ),
    read(
        Action::EntitlementShow,
        Permission::EntitlementRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, holder)],
    ),
    write(Action::EntitlementCreate, Permission::EntitlementCreate, &[Clause(ADE, always)]),
    write(Action::EntitlementUpdate, Permission::EntitlementUpdate, &[Clause(ADE, always)]),
    write(Action::EntitlementDelete, Permission::EntitlementDelete, &[Clause(ADE, always)]),
];

/// One of the caller's licences holds it.
fn holder(principal: &Principal, target: &Target<'_>) -> Answer {
    let id = target.id.map(Into::into);
    holds(id.is_some_and(|id| principal.grants.iter().any(|grant| grant.entitlements.contains(&id))))
}
