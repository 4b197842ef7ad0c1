//! Keys of pools: the vendor's alone.

use keyway_domain::permission::Permission;

use super::relation::{always, own_product};
use super::{ADE, ADSTRE, Clause, P, Rule, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::KeyList, Permission::KeyRead, &[Clause(ADSTRE, always), Clause(P, always)]),
    read(Action::KeyShow, Permission::KeyRead, SHOW),
    write(Action::KeyCreate, Permission::KeyCreate, CHANGE),
    write(Action::KeyUpdate, Permission::KeyUpdate, CHANGE),
    write(Action::KeyDelete, Permission::KeyDelete, CHANGE),
    read(Action::KeyProductShow, Permission::ProductRead, SHOW),
    read(Action::KeyPolicyShow, Permission::PolicyRead, SHOW),
];

const SHOW: &[Clause] = &[Clause(ADSTRE, always), Clause(P, own_product)];
const CHANGE: &[Clause] = &[Clause(ADE, always), Clause(P, own_product)];
