//! Groups: members know theirs, and a user who owns one sees what is in it.

use keyway_domain::permission::Permission;

use super::relation::always;
use super::{ADE, ADSTRE, Answer, CUSTOMER, Clause, P, Rule, USER, holds, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(
        Action::GroupList,
        Permission::GroupRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, always)],
    ),
    read(Action::GroupShow, Permission::GroupRead, SHOW),
    write(Action::GroupCreate, Permission::GroupCreate, CHANGE),
    write(Action::GroupUpdate, Permission::GroupUpdate, CHANGE),
    write(Action::GroupDelete, Permission::GroupDelete, CHANGE),
    read(Action::GroupUsersList, Permission::GroupUsersRead, MEMBERS),
    read(Action::GroupLicensesList, Permission::GroupLicensesRead, MEMBERS),
    read(Action::GroupMachinesList, Permission::GroupMachinesRead, MEMBERS),
    read(Action::GroupOwnersList, Permission::GroupOwnersRead, SHOW),
    write(Action::GroupOwnersAttach, Permission::GroupOwnersAttach, CHANGE),
    write(Action::GroupOwnersDetach, Permission::GroupOwnersDetach, CHANGE),
];

const SHOW: &[Clause] =
    &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, member), Clause(USER, owner)];
const CHANGE: &[Clause] = &[Clause(ADE, always), Clause(P, always)];
const MEMBERS: &[Clause] = &[Clause(ADSTRE, always), Clause(P, always), Clause(USER, owner)];

/// The caller is in the group.
fn member(_: &Principal, target: &Target<'_>) -> Answer {
    holds(target.id.is_some() && target.callers_group.map(Into::into) == target.id)
}

/// The caller owns the group.
fn owner(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.user().is_some_and(|user| target.group_owners.contains(&user)))
}
