//! Licences. A licence may show itself but not list licences.

use keyway_domain::permission::Permission;

use super::relation::{
    always, licensee, licensee_unprotected, own_product, owner, owner_policy_unprotected, owner_unprotected,
    same_license,
};
use super::{ADSE, ADSTE, ADSTRE, ANONYMOUS, Answer, Clause, LICENSE, P, Rule, USER, holds, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(
        Action::LicenseList,
        Permission::LicenseRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(USER, always)],
    ),
    read(Action::LicenseShow, Permission::LicenseRead, SHOW),
    write(Action::LicenseValidate, Permission::LicenseValidate, SHOW).relaxed(),
    write(
        Action::LicenseValidateKey,
        Permission::LicenseValidate,
        &[
            Clause(ANONYMOUS, always),
            Clause(ADSTRE, always),
            Clause(P, own_product),
            Clause(USER, licensee),
            Clause(LICENSE, same_license),
        ],
    )
    .relaxed()
    .public(),
    write(
        Action::LicenseCreate,
        Permission::LicenseCreate,
        &[Clause(ADSE, always), Clause(P, own_product), Clause(USER, owner_policy_unprotected)],
    ),
    write(Action::LicenseUpdate, Permission::LicenseUpdate, SUPPORT),
    write(Action::LicenseDelete, Permission::LicenseDelete, SELF_SERVICE),
    write(Action::LicenseSuspend, Permission::LicenseSuspend, SUPPORT),
    write(Action::LicenseReinstate, Permission::LicenseReinstate, SUPPORT),
    write(Action::LicenseRenew, Permission::LicenseRenew, SELF_SERVICE),
    write(Action::LicenseRevoke, Permission::LicenseRevoke, SELF_SERVICE),
    write(Action::LicenseCheckIn, Permission::LicenseCheckIn, IN_USE),
    write(
        Action::LicenseCheckOut,
        Permission::LicenseCheckOut,
        &[
            Clause(ADSTE, always),
            Clause(P, own_product),
            Clause(LICENSE, same_license),
            Clause(USER, licensee_unprotected),
        ],
    ),
    write(Action::LicenseUsageIncrement, Permission::LicenseUsageIncrement, IN_USE),
    write(Action::LicenseUsageDecrement, Permission::LicenseUsageDecrement, SUPPORT),
    write(Action::LicenseUsageReset, Permission::LicenseUsageReset, SUPPORT),
    read(Action::LicenseProductShow, Permission::ProductRead, SHOW),
    read(Action::LicensePolicyShow, Permission::PolicyRead, SHOW),
    write(
        Action::LicensePolicyUpdate,
        Permission::LicensePolicyUpdate,
        &[Clause(ADSE, always), Clause(P, owns_both), Clause(USER, moves_unprotected)],
    ),
    read(Action::LicenseOwnerShow, Permission::UserRead, SHOW),
    write(Action::LicenseOwnerUpdate, Permission::LicenseOwnerUpdate, SALES),
    read(Action::LicenseGroupShow, Permission::GroupRead, SHOW),
    write(Action::LicenseGroupUpdate, Permission::LicenseGroupUpdate, SALES),
    read(Action::LicenseUsersList, Permission::UserRead, SHOW),
    write(Action::LicenseUsersAttach, Permission::LicenseUsersAttach, USERS),
    write(Action::LicenseUsersDetach, Permission::LicenseUsersDetach, USERS),
    read(Action::LicenseMachinesList, Permission::MachineRead, SHOW),
    read(Action::LicenseEntitlementsList, Permission::EntitlementRead, SHOW),
    write(Action::LicenseEntitlementsAttach, Permission::LicenseEntitlementsAttach, SALES),
    write(Action::LicenseEntitlementsDetach, Permission::LicenseEntitlementsDetach, SALES),
    read(Action::LicenseTokensList, Permission::TokenRead, &[Clause(ADSTRE, always), Clause(P, own_product)]),
    write(Action::LicenseTokensGenerate, Permission::LicenseTokensGenerate, SALES),
    write(
        Action::LicenseDownloadTokenGenerate,
        // which these tokens lack: none makes another
        Permission::LicenseRead,
        &[
            Clause(ADSTE, always),
            Clause(P, own_product),
            Clause(USER, licensee),
            Clause(LICENSE, same_license),
        ],
    ),
];

const SHOW: &[Clause] =
    &[Clause(ADSTRE, always), Clause(P, own_product), Clause(USER, licensee), Clause(LICENSE, same_license)];
const SUPPORT: &[Clause] = &[Clause(ADSTE, always), Clause(P, own_product)];
const SALES: &[Clause] = &[Clause(ADSE, always), Clause(P, own_product)];
const SELF_SERVICE: &[Clause] =
    &[Clause(ADSE, always), Clause(P, own_product), Clause(USER, owner_policy_unprotected)];
const IN_USE: &[Clause] = &[
    Clause(ADSTE, always),
    Clause(P, own_product),
    Clause(LICENSE, same_license),
    Clause(USER, owner_unprotected),
];
const USERS: &[Clause] = &[Clause(ADSTE, always), Clause(P, own_product), Clause(USER, owner_unprotected)];

/// Both policies are of the product that is asking.
fn owns_both(principal: &Principal, target: &Target<'_>) -> Answer {
    own_product(principal, target)?;
    holds(target.new_policy.is_some_and(|(product, _)| principal.product() == Some(product)))
}

/// The user owns the licence, and neither it nor the new policy is protected.
fn moves_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    owner(principal, target)?;
    holds(!target.protected && target.new_policy.is_some_and(|(_, protected)| !protected))
}
