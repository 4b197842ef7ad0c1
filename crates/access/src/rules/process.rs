//! Processes of machines.

use keyway_domain::permission::Permission;

use super::component::UPDATE;
use super::machine::{LIST, PING, SELF_SERVICE, SHOW};
use super::{Rule, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::ProcessList, Permission::ProcessRead, LIST),
    read(Action::ProcessShow, Permission::ProcessRead, SHOW),
    write(Action::ProcessCreate, Permission::ProcessCreate, SELF_SERVICE),
    write(Action::ProcessUpdate, Permission::ProcessUpdate, UPDATE),
    write(Action::ProcessDelete, Permission::ProcessDelete, SELF_SERVICE),
    write(Action::ProcessHeartbeatPing, Permission::ProcessHeartbeatPing, PING).relaxed(),
    read(Action::ProcessProductShow, Permission::ProductRead, SHOW),
    read(Action::ProcessLicenseShow, Permission::LicenseRead, SHOW),
    read(Action::ProcessMachineShow, Permission::MachineRead, SHOW),
];
