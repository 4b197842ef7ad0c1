//! Products. A product may show itself but not list products.

use keyway_domain::permission::Permission;

use super::relation::{always, itself, reachable_product};
use super::{ADE, ADSTRE, CUSTOMER, Clause, P, Rule, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::ProductList, Permission::ProductRead, &[Clause(ADSTRE, always), Clause(CUSTOMER, always)]),
    read(
        Action::ProductShow,
        Permission::ProductRead,
        &[Clause(ADSTRE, always), Clause(P, itself), Clause(CUSTOMER, reachable_product)],
    ),
    write(Action::ProductCreate, Permission::ProductCreate, &[Clause(ADE, always)]),
    write(Action::ProductUpdate, Permission::ProductUpdate, &[Clause(ADE, always), Clause(P, itself)]),
    write(Action::ProductDelete, Permission::ProductDelete, &[Clause(ADE, always)]),
    read(Action::ProductPoliciesList, Permission::PolicyRead, SUB_READ),
    read(Action::ProductLicensesList, Permission::LicenseRead, SUB_READ),
    read(Action::ProductMachinesList, Permission::MachineRead, SUB_READ),
    read(Action::ProductUsersList, Permission::UserRead, SUB_READ),
    read(Action::ProductTokensList, Permission::TokenRead, SUB_READ),
    write(Action::ProductTokensGenerate, Permission::ProductTokensGenerate, &[Clause(ADE, always)]),
];

const SUB_READ: &[Clause] = &[Clause(ADSTRE, always), Clause(P, itself)];
