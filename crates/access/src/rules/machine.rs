//! Machines: those who may use the licence may activate and ping one; what it is limited by is the vendor's.

use keyway_domain::permission::Permission;

use super::relation::{
    always, machine_licensee, machine_licensee_unprotected, machine_owner_unprotected,
    new_machine_unprotected, own_product, owner_unprotected, same_license, same_license_unprotected,
};
use super::{ADE, ADSE, ADSTE, ADSTRE, CUSTOMER, Clause, LICENSE, P, Rule, USER, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::MachineList, Permission::MachineRead, LIST),
    read(Action::MachineShow, Permission::MachineRead, SHOW),
    write(
        Action::MachineCreate,
        Permission::MachineCreate,
        &[
            Clause(ADSE, always),
            Clause(P, own_product),
            Clause(LICENSE, same_license),
            Clause(USER, new_machine_unprotected),
        ],
    )
    .with_components(Permission::ComponentCreate),
    write(
        Action::MachineUpdate,
        Permission::MachineUpdate,
        &[
            Clause(ADSTE, always),
            Clause(P, own_product),
            Clause(LICENSE, same_license_unprotected),
            Clause(USER, machine_owner_unprotected),
        ],
    ),
    write(Action::MachineDelete, Permission::MachineDelete, SELF_SERVICE),
    write(
        Action::MachineCheckOut,
        Permission::MachineCheckOut,
        &[
            Clause(ADSTE, always),
            Clause(P, own_product),
            Clause(LICENSE, same_license),
            Clause(USER, machine_licensee_unprotected),
        ],
    ),
    write(Action::MachineHeartbeatPing, Permission::MachineHeartbeatPing, PING).relaxed(),
    write(Action::MachineHeartbeatReset, Permission::MachineHeartbeatReset, SALES).relaxed(),
    read(Action::MachineProductShow, Permission::ProductRead, SHOW),
    read(Action::MachineLicenseShow, Permission::LicenseRead, SHOW),
    read(Action::MachineUserShow, Permission::UserRead, SHOW),
    read(Action::MachineOwnerShow, Permission::UserRead, SHOW),
    write(Action::MachineOwnerUpdate, Permission::MachineOwnerUpdate, SALES),
    read(Action::MachineGroupShow, Permission::GroupRead, SHOW),
    write(Action::MachineGroupUpdate, Permission::MachineGroupUpdate, SALES),
    read(Action::MachineComponentsList, Permission::ComponentRead, SHOW),
    read(Action::MachineProcessesList, Permission::ProcessRead, SHOW),
    write(
        Action::MachineProofsGenerate,
        Permission::MachineProofsGenerate,
        &[
            Clause(ADSE, always),
            Clause(P, own_product),
            Clause(LICENSE, same_license),
            Clause(USER, owner_unprotected),
        ],
    )
    .relaxed(),
];

/// Lists of what machines are and have.
pub(super) const LIST: &[Clause] = &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, always)];
/// Reading a machine, or what belongs to one.
pub(super) const SHOW: &[Clause] = &[
    Clause(ADSTRE, always),
    Clause(P, own_product),
    Clause(LICENSE, same_license),
    Clause(USER, machine_licensee),
];
/// Doing away with a machine; making or doing away with what belongs to one.
pub(super) const SELF_SERVICE: &[Clause] = &[
    Clause(ADSE, always),
    Clause(P, own_product),
    Clause(LICENSE, same_license),
    Clause(USER, machine_owner_unprotected),
];
/// Saying that a machine, or what runs on it, lives.
pub(super) const PING: &[Clause] = &[
    Clause(ADE, always),
    Clause(P, own_product),
    Clause(LICENSE, same_license),
    Clause(USER, machine_owner_unprotected),
];
const SALES: &[Clause] = &[Clause(ADSE, always), Clause(P, own_product)];
