//! A release's constraints: decided by their release.

use keyway_domain::permission::Permission;

use super::release::{LIST, SHOW};
use super::{Rule, read};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::ConstraintList, Permission::ConstraintRead, LIST),
    read(Action::ConstraintShow, Permission::ConstraintRead, SHOW),
];
