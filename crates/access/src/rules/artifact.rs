//! Artifacts: decided by their release.

use keyway_domain::permission::Permission;

use super::package::PUBLISHER;
use super::release::{LIST, SHOW};
use super::{Rule, public, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    public(Action::ArtifactList, Permission::ArtifactRead, LIST),
    public(Action::ArtifactShow, Permission::ArtifactRead, SHOW),
    public(Action::ArtifactDownload, Permission::ReleaseDownload, SHOW),
    write(Action::ArtifactCreate, Permission::ArtifactCreate, PUBLISHER),
    write(Action::ArtifactUpdate, Permission::ArtifactUpdate, PUBLISHER),
    write(Action::ArtifactDelete, Permission::ArtifactDelete, PUBLISHER),
];
