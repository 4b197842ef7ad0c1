//! Engines, platforms, arches and channels: readable by anyone; the visible scope says which.

use keyway_domain::permission::Permission;
use keyway_jsonapi::Roles;

use super::relation::always;
use super::{Clause, Rule, public};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    public(Action::EngineList, Permission::EngineRead, ANYONE),
    public(Action::EngineShow, Permission::EngineRead, ANYONE),
    public(Action::PlatformList, Permission::PlatformRead, ANYONE),
    public(Action::PlatformShow, Permission::PlatformRead, ANYONE),
    public(Action::ArchList, Permission::ArchRead, ANYONE),
    public(Action::ArchShow, Permission::ArchRead, ANYONE),
    public(Action::ChannelList, Permission::ChannelRead, ANYONE),
    public(Action::ChannelShow, Permission::ChannelRead, ANYONE),
];

const ANYONE: &[Clause] = &[Clause(Roles::ALL, always)];
