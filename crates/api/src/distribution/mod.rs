//! Packages, releases, constraints, rollouts, artifacts, and the look-up resources beside them (`distribution.md` §5–§8):
//! their hooks, their endpoints, and what an upload does once its bytes are here. Written and kept apart from
//! the mechanism around it, which only registers what this module lists.

mod artifact;
mod attach;
mod burial;
mod constrained;
mod constraint;
mod detach;
mod dialect;
mod download;
mod feed;
mod first;
mod first_download;
mod holder;
mod job;
mod link;
mod lookup;
mod meant;
mod narrow;
mod offered;
mod package;
mod parts;
mod prefer;
mod product;
mod publish;
mod push;
mod registry;
mod release;
mod repackage;
mod rollout;
mod rollout_state;
mod tags;
mod upgrade;
mod upload;
mod uploaded;
mod version;
mod withdraw;
mod yank;

pub(crate) use burial::bury_environment;
pub(crate) use job::purge_product;
pub use push::{Push, Wish};
pub use uploaded::BlobRefusal;

use artifact::Artifacts;
use constraint::Constraints;
use keyway_access::Action;
use keyway_jsonapi::{Record, Scope};
use lookup::{ARCHES, CHANNELS, ENGINES, PLATFORMS};
use package::Packages;
pub(crate) use release::Releases;
use rollout::Rollouts;

use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{Child, Children, Create, Delete, List, Related as One, Show, Update};
use crate::endpoint::act;
use crate::interpreter::{Nested, Related};
use crate::licensing::Products;

/// Every endpoint of this module (`distribution.md` §7).
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/packages", List(&Packages)),
    E::post("/packages", Create(&Packages)),
    E::get("/packages/{id}", Show(&Packages)),
    E::patch("/packages/{id}", Update(&Packages)),
    E::delete("/packages/{id}", Delete(&Packages)),
    E::get("/releases", List(&Releases)),
    E::post("/releases", Create(&Releases)),
    E::get("/releases/{id}", Show(&Releases)),
    E::patch("/releases/{id}", Update(&Releases)),
    E::delete("/releases/{id}", Delete(&Releases)),
    E::post("/releases/{id}/actions/publish", act!(ReleasePublish, publish::publish)),
    E::post("/releases/{id}/actions/yank", act!(ReleaseYank, yank::yank)),
    E::get("/releases/{id}/upgrade", act!(ReleaseUpgrade, upgrade::upgrade)).told(upgrade::CONTRACT),
    E::get("/releases/{id}/artifacts", Children(&RELEASE_ARTIFACTS)),
    E::get("/releases/{id}/artifacts/{artifact}", act!(ArtifactShow, download::of_release))
        .told(download::CONTRACT)
        .accepts_any(),
    E::get("/releases/{id}/package", One(&RELEASE_PACKAGE)),
    E::put("/releases/{id}/package", act!(ReleasePackageUpdate, repackage::repackage))
        .told(repackage::CONTRACT),
    E::get("/releases/{id}/product", One(&RELEASE_PRODUCT)),
    E::get("/releases/{id}/entitlements", act!(ReleaseEntitlementsList, constrained::list))
        .told(constrained::LIST),
    E::get("/releases/{id}/entitlements/{entitlement}", act!(ReleaseEntitlementsList, constrained::show))
        .told(constrained::SHOW),
    E::get("/releases/{id}/constraints", Children(&RELEASE_CONSTRAINTS)),
    E::get("/releases/{id}/constraints/{constraint}", Child(&RELEASE_CONSTRAINTS)),
    E::post("/releases/{id}/constraints", act!(ReleaseConstraintsAttach, attach::attach))
        .told(attach::CONTRACT),
    E::delete("/releases/{id}/constraints", act!(ReleaseConstraintsDetach, detach::detach))
        .told(detach::CONTRACT),
    E::put("/releases", Create(&Releases)).first_only(),
    E::get("/releases/{id}/artifact", act!(ArtifactDownload, first::route::download))
        .first_only()
        .accepts_any(),
    // publishers of that time send the file here, labelled as JSON, and once more to where they are led
    E::put("/releases/{id}/artifact", act!(ArtifactCreate, first::route::upload)).first_only().ignores_body(),
    E::delete("/releases/{id}/artifact", act!(ArtifactDelete, first::route::withdraw)).first_only(),
    E::get("/releases/actions/upgrade", act!(ReleaseUpgrade, first::upgrade::of_product)).first_only(),
    E::get("/releases/{id}/actions/upgrade", act!(ReleaseUpgrade, first::upgrade::of_release)).first_only(),
    E::get("/rollouts", List(&Rollouts)),
    E::post("/rollouts", Create(&Rollouts)),
    E::get("/rollouts/{id}", Show(&Rollouts)),
    E::patch("/rollouts/{id}", Update(&Rollouts)),
    E::delete("/rollouts/{id}", Delete(&Rollouts)),
    E::post("/rollouts/{id}/actions/pause", act!(RolloutPause, rollout_state::pause))
        .told(rollout_state::CONTRACT),
    E::post("/rollouts/{id}/actions/resume", act!(RolloutResume, rollout_state::resume)),
    E::post("/rollouts/{id}/actions/halt", act!(RolloutHalt, rollout_state::halt))
        .told(rollout_state::CONTRACT),
    E::get("/artifacts", List(&Artifacts)),
    E::post("/artifacts", act!(ArtifactCreate, upload::upload)).told(upload::CONTRACT),
    E::post("/artifacts/{id}/actions/sign-parts", act!(ArtifactCreate, parts::sign)).told(parts::SIGN),
    E::post("/artifacts/{id}/actions/complete-upload", act!(ArtifactCreate, parts::complete))
        .told(parts::COMPLETE),
    E::get("/artifacts/{*id}", act!(ArtifactShow, download::download)).told(download::CONTRACT).accepts_any(),
    E::patch("/artifacts/{*id}", Update(&Artifacts)),
    E::delete("/artifacts/{*id}", act!(ArtifactDelete, withdraw::withdraw)),
    E::get("/engines", List(&ENGINES)),
    E::get("/engines/{id}", Show(&ENGINES)),
    E::get("/platforms", List(&PLATFORMS)),
    E::get("/platforms/{id}", Show(&PLATFORMS)),
    E::get("/arches", List(&ARCHES)),
    E::get("/arches/{id}", Show(&ARCHES)),
    E::get("/channels", List(&CHANNELS)),
    E::get("/channels/{id}", Show(&CHANNELS)),
    E::get("/products/{id}/releases", Children(&PRODUCT_RELEASES)).hard(),
    E::get("/products/{id}/releases/{release}", Child(&PRODUCT_RELEASES)).hard(),
    E::get("/products/{id}/packages", Children(&PRODUCT_PACKAGES)).hard(),
    E::get("/products/{id}/packages/{package}", Child(&PRODUCT_PACKAGES)).hard(),
    E::get("/products/{id}/artifacts", Children(&PRODUCT_ARTIFACTS)).hard(),
    E::get("/products/{id}/artifacts/{*artifact}", act!(ArtifactShow, download::of_product))
        .told(download::CONTRACT)
        .hard()
        .accepts_any(),
    E::get("/products/{id}/engines", Children(&PRODUCT_ENGINES)).hard(),
    E::get("/products/{id}/engines/{engine}", Child(&PRODUCT_ENGINES)).hard(),
    E::get("/products/{id}/platforms", Children(&PRODUCT_PLATFORMS)).hard(),
    E::get("/products/{id}/platforms/{platform}", Child(&PRODUCT_PLATFORMS)).hard(),
    E::get("/products/{id}/arches", Children(&PRODUCT_ARCHES)).hard(),
    E::get("/products/{id}/arches/{arch}", Child(&PRODUCT_ARCHES)).hard(),
    E::get("/products/{id}/channels", Children(&PRODUCT_CHANNELS)).hard(),
    E::get("/products/{id}/channels/{channel}", Child(&PRODUCT_CHANNELS)).hard(),
];

static RELEASE_ARTIFACTS: Nested = Nested {
    parent: &Releases,
    child: &Artifacts,
    action: Some(Action::ArtifactList),
    scope: |release| Scope::id("release_id", release.id()),
};
static RELEASE_CONSTRAINTS: Nested = Nested {
    parent: &Releases,
    child: &Constraints,
    action: Some(Action::ReleaseConstraintsList),
    scope: |release| Scope::id("release_id", release.id()),
};
static RELEASE_PACKAGE: Related =
    Related { parent: &Releases, child: &Packages, action: Action::ReleasePackageShow, column: "package_id" };
static RELEASE_PRODUCT: Related =
    Related { parent: &Releases, child: &Products, action: Action::ReleaseProductShow, column: "product_id" };
static PRODUCT_RELEASES: Nested =
    Nested { parent: &Products, child: &Releases, action: None, scope: of_product };
static PRODUCT_PACKAGES: Nested =
    Nested { parent: &Products, child: &Packages, action: None, scope: of_product };
static PRODUCT_ARTIFACTS: Nested = Nested {
    parent: &Products,
    child: &Artifacts,
    action: None,
    scope: |product| Scope::belongs("releases", "release_id", of_product(product)),
};
static PRODUCT_ENGINES: Nested = Nested {
    parent: &Products,
    child: &ENGINES,
    action: None,
    scope: |product| used("packages", "engine", of_product(product)),
};
static PRODUCT_PLATFORMS: Nested = Nested {
    parent: &Products,
    child: &PLATFORMS,
    action: None,
    scope: |product| used("artifacts", "platform", released(product)),
};
static PRODUCT_ARCHES: Nested = Nested {
    parent: &Products,
    child: &ARCHES,
    action: None,
    scope: |product| used("artifacts", "arch", released(product)),
};
static PRODUCT_CHANNELS: Nested = Nested {
    parent: &Products,
    child: &CHANNELS,
    action: None,
    scope: |product| used("releases", "channel", of_product(product)),
};

/// What belongs to a product by its own column.
fn of_product(product: &Record) -> Scope {
    Scope::id("product_id", product.id())
}

/// What belongs to a product through its release.
fn released(product: &Record) -> Scope {
    Scope::belongs("releases", "release_id", of_product(product))
}

/// Look-up rows whose key some row has in a column.
fn used(table: &'static str, column: &'static str, scope: Scope) -> Scope {
    Scope::Exists { table, local: "key", foreign: column, scope: Box::new(scope) }
}
