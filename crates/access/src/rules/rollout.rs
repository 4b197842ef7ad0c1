//! Rollouts: the vendor's alone. Who may read and change a release may read and change how it is handed out.

use keyway_domain::permission::Permission;

use super::package::PUBLISHER;
use super::relation::{always, own_product};
use super::{ADSTRE, Clause, P, Rule, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    read(Action::RolloutList, Permission::ReleaseRead, &[Clause(ADSTRE, always), Clause(P, always)]),
    read(Action::RolloutShow, Permission::ReleaseRead, &[Clause(ADSTRE, always), Clause(P, own_product)]),
    write(Action::RolloutCreate, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::RolloutUpdate, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::RolloutDelete, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::RolloutPause, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::RolloutResume, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::RolloutHalt, Permission::ReleaseUpdate, PUBLISHER),
];
