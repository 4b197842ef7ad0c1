//! Components of machines.

use keyway_domain::permission::Permission;

use super::machine::{LIST, SELF_SERVICE, SHOW};
use super::relation::{always, machine_owner_unprotected, own_product, same_license};
use super::{ADSTE, Clause, LICENSE, P, Rule, USER, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::ComponentList, Permission::ComponentRead, LIST),
    read(Action::ComponentShow, Permission::ComponentRead, SHOW),
    write(Action::ComponentCreate, Permission::ComponentCreate, SELF_SERVICE),
    write(Action::ComponentUpdate, Permission::ComponentUpdate, UPDATE),
    write(Action::ComponentDelete, Permission::ComponentDelete, SELF_SERVICE),
    read(Action::ComponentProductShow, Permission::ProductRead, SHOW),
    read(Action::ComponentLicenseShow, Permission::LicenseRead, SHOW),
    read(Action::ComponentMachineShow, Permission::MachineRead, SHOW),
];

/// Changing what belongs to a machine.
pub(super) const UPDATE: &[Clause] = &[
    Clause(ADSTE, always),
    Clause(P, own_product),
    Clause(LICENSE, same_license),
    Clause(USER, machine_owner_unprotected),
];
