//! Packages.

use keyway_domain::permission::Permission;
use keyway_jsonapi::Role;

use super::relation::{always, own_product, reachable_product};
use super::{ADE, ADSTRE, CUSTOMER, Clause, P, Rule, public, write};
use crate::Action;
use keyway_jsonapi::Roles;

pub(super) const RULES: &[Rule] = &[
    public(Action::PackageList, Permission::PackageRead, &[Clause(Roles::ALL, always)]),
    public(
        Action::PackageShow,
        Permission::PackageRead,
        &[
            Clause(ADSTRE, always),
            Clause(P, own_product),
            Clause(CUSTOMER.or(Role::Anonymous), reachable_product),
        ],
    ),
    write(Action::PackageCreate, Permission::PackageCreate, PUBLISHER),
    write(Action::PackageUpdate, Permission::PackageUpdate, PUBLISHER),
    write(Action::PackageDelete, Permission::PackageDelete, PUBLISHER),
];

/// Those who publish (`distribution.md` §3.7).
pub(super) const PUBLISHER: &[Clause] = &[Clause(ADE, always), Clause(P, own_product)];
