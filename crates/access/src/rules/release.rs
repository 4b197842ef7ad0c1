//! Releases.

use keyway_domain::permission::Permission;
use keyway_jsonapi::{Role, Roles};

use super::package::PUBLISHER;
use super::relation::{always, in_standing, own_product, release};
use super::{ADSTRE, CUSTOMER, Clause, P, Rule, public, read, write};
use crate::Action;

pub(super) const RULES: &[Rule] = &[
    public(Action::ReleaseList, Permission::ReleaseRead, LIST),
    public(Action::ReleaseShow, Permission::ReleaseRead, SHOW),
    public(Action::ReleaseUpgrade, Permission::ReleaseUpgrade, SHOW),
    public(Action::ReleaseDownload, Permission::ReleaseDownload, SHOW),
    write(Action::ReleaseCreate, Permission::ReleaseCreate, PUBLISHER),
    write(Action::ReleaseUpdate, Permission::ReleaseUpdate, PUBLISHER),
    write(Action::ReleaseDelete, Permission::ReleaseDelete, PUBLISHER),
    write(Action::ReleasePublish, Permission::ReleasePublish, PUBLISHER),
    write(Action::ReleaseYank, Permission::ReleaseYank, PUBLISHER),
    write(Action::ReleaseUpload, Permission::ReleaseUpload, PUBLISHER),
    public(Action::ReleasePackageShow, Permission::PackageRead, SHOW),
    write(Action::ReleasePackageUpdate, Permission::ReleasePackageUpdate, PUBLISHER),
    read(Action::ReleaseProductShow, Permission::ProductRead, SHOW),
    read(Action::ReleaseEntitlementsList, Permission::EntitlementRead, SHOW),
    read(Action::ReleaseConstraintsList, Permission::ConstraintRead, SHOW),
    write(Action::ReleaseConstraintsAttach, Permission::ReleaseConstraintsAttach, PUBLISHER),
    write(Action::ReleaseConstraintsDetach, Permission::ReleaseConstraintsDetach, PUBLISHER),
];

const RECEIVER: Roles = CUSTOMER.or(Role::Anonymous);

/// Rows decide; a list as a whole is refused only to those whose licences are all suspended or banned.
pub(super) const LIST: &[Clause] =
    &[Clause(ADSTRE, always), Clause(P, always), Clause(RECEIVER, in_standing)];

/// Those who see the release: the vendor, its product, and whoever may have it.
pub(super) const SHOW: &[Clause] =
    &[Clause(ADSTRE, always), Clause(P, own_product), Clause(RECEIVER, release)];
