//! Users, and the privilege rule: nobody acts on a user of higher rank.

use keyway_domain::permission::{Permission, Permissions};
use keyway_jsonapi::{Role, Roles};

use super::relation::{always, itself};
use super::token::{own, own_customers, role_user};
use super::{
    AD, ADE, ADSE, ADST, ADSTE, ADSTR, ADSTRE, ANONYMOUS, Answer, CUSTOMER, Clause, E, LICENSE, Needs, P,
    Rule, USER, holds, read, write,
};
use crate::{Action, Principal, Target};

const SPE: Roles = E.or(Role::SalesAgent).or(Role::Product);
const PE: Roles = E.or(Role::Product);
const ADMIN: Roles = Roles::of(&[Role::Admin]);

pub(super) const RULES: &[Rule] = &[
    read(
        Action::UserList,
        Permission::UserRead,
        &[Clause(ADSTR, always), Clause(PE, only_role_user), Clause(CUSTOMER, always)],
    )
    .with_admin(Permission::AdminRead),
    read(
        Action::UserShow,
        Permission::UserRead,
        &[
            Clause(ADSTR, always),
            Clause(PE, only_role_user),
            Clause(USER, itself),
            Clause(USER, teammate),
            Clause(LICENSE, teammate),
        ],
    )
    .with_admin(Permission::AdminRead),
    write(
        Action::UserCreate,
        Permission::UserCreate,
        &[Clause(AD, outranks), Clause(SPE, only_role_user), Clause(ANONYMOUS, registers)],
    )
    .public()
    .with_admin(Permission::AdminCreate),
    write(
        Action::UserUpdate,
        Permission::UserUpdate,
        &[Clause(AD, outranks), Clause(SPE, only_role_user), Clause(ADSTR, itself), Clause(USER, itself)],
    )
    .with_admin(Permission::AdminUpdate),
    write(
        Action::UserDelete,
        Permission::UserDelete,
        &[Clause(AD, outranks), Clause(E, only_role_user), Clause(P, only_own_customer)],
    )
    .with_admin(Permission::AdminDelete),
    write(Action::UserBan, Permission::UserBan, &[Clause(ADSTE, customer), Clause(P, customer)]),
    write(Action::UserUnban, Permission::UserUnban, &[Clause(ADSTE, customer), Clause(P, customer)]),
    write(
        Action::UserPasswordUpdate,
        Permission::UserPasswordUpdate,
        &[Clause(ADSTR, itself), Clause(USER, itself)],
    ),
    Rule {
        needs: Needs::Nothing,
        ..write(Action::UserPasswordReset, Permission::UserPasswordReset, &[Clause(Roles::ALL, always)])
    }
    .public(),
    read(Action::UserGroupShow, Permission::GroupRead, SUB_READ),
    write(
        Action::UserGroupUpdate,
        Permission::UserGroupUpdate,
        &[Clause(ADSE, outranks), Clause(P, outranks)],
    ),
    read(Action::UserProductsList, Permission::ProductRead, SUB_READ),
    read(Action::UserLicensesList, Permission::LicenseRead, SUB_READ),
    read(Action::UserMachinesList, Permission::MachineRead, SUB_READ),
    read(
        Action::UserTokensList,
        Permission::TokenRead,
        &[Clause(ADSTRE, always), Clause(P, shares_product), Clause(USER, itself)],
    ),
    write(
        Action::UserTokensGenerate,
        Permission::UserTokensGenerate,
        &[Clause(ADST, own), Clause(ADE, role_user), Clause(P, own_customers)],
    ),
    read(
        Action::UserSecondFactorsList,
        Permission::UserSecondFactorsRead,
        &[Clause(ADMIN, always), Clause(ADSTR, itself), Clause(USER, itself)],
    ),
    write(Action::UserSecondFactorsCreate, Permission::UserSecondFactorsCreate, OWN_FACTOR),
    write(Action::UserSecondFactorsUpdate, Permission::UserSecondFactorsUpdate, OWN_FACTOR),
    write(Action::UserSecondFactorsDelete, Permission::UserSecondFactorsDelete, OWN_FACTOR),
];

/// A second factor is its user's own business, and an admin's when the user has lost it.
const OWN_FACTOR: &[Clause] = &[Clause(ADMIN, outranks), Clause(ADST, itself), Clause(USER, itself)];

const SUB_READ: &[Clause] = &[Clause(ADSTRE, always), Clause(P, always), Clause(USER, itself)];

/// Every user that is meant is of role `user`.
fn only_role_user(_: &Principal, target: &Target<'_>) -> Answer {
    holds(Role::ALL.iter().all(|role| *role == Role::User || !target.user_roles.contains(*role)))
}

/// As before, in the words for bans.
fn customer(principal: &Principal, target: &Target<'_>) -> Answer {
    only_role_user(principal, target).map_err(|_| Some("must have a user role".to_owned()))
}

/// Anonymous registration, unless the account is protected.
fn registers(principal: &Principal, target: &Target<'_>) -> Answer {
    only_role_user(principal, target)?;
    holds(!target.account_protected)
}

/// A role-`user` user without licences of other products.
fn only_own_customer(principal: &Principal, target: &Target<'_>) -> Answer {
    only_role_user(principal, target)?;
    if target.products.iter().all(|product| Some(*product) == principal.product()) {
        return Ok(());
    }
    Err(Some("user cannot belong to another product".to_owned()))
}

/// The user has a licence of the product that is asking.
fn shares_product(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.product().is_some_and(|product| target.products.contains(&product)))
}

/// The user owns or is attached to one of the caller's licences.
fn teammate(principal: &Principal, target: &Target<'_>) -> Answer {
    let user = target.user.map(|(id, _, _)| id);
    holds(user.is_some_and(|user| principal.grants.iter().any(|grant| grant.has_user(user))))
}

/// The privilege rule: not a user of higher rank, and, without full permissions, not one of the same role who
/// has permissions that the caller lacks.
fn outranks(principal: &Principal, target: &Target<'_>) -> Answer {
    let refuse =
        || Err(Some(format!("{} lacks privileges to perform action on user", principal.role.as_str())));
    let roles = Role::ALL.iter().filter(|role| target.user_roles.contains(**role));
    if roles.map(|role| rank(*role)).max().is_some_and(|highest| highest > rank(principal.role)) {
        return refuse();
    }
    let Some((id, role, permissions)) = target.user else { return Ok(()) };
    let is_self = principal.user() == Some(id);
    let full = principal.permissions.contains_all(Permissions::all());
    if !is_self && !full && role == principal.role && !principal.permissions.contains_all(permissions) {
        return refuse();
    }
    Ok(())
}

const fn rank(role: Role) -> u8 {
    match role {
        Role::Admin => 7,
        Role::Environment => 6,
        Role::Developer => 5,
        Role::Product => 4,
        Role::SalesAgent => 3,
        Role::SupportAgent => 2,
        Role::ReadOnly => 1,
        Role::License | Role::User | Role::Anonymous => 0,
    }
}
