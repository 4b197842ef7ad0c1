//! Engines, platforms, arches and channels: account-wide rows, seen where something visible uses them.

use keyway_domain::resources::{DistributionStrategy, Package};
use keyway_jsonapi::{Declared, Scope};

use super::licensing::reachable;
use super::{Asking, scope_of};
use crate::{EnvironmentView, Who};

/// Engines that a visible package has.
pub(super) fn engines(asking: &Asking<'_>, env: EnvironmentView) -> Scope {
    let packages = scope_of(asking, Package::RESOURCE, env);
    Scope::Exists { table: "packages", local: "key", foreign: "engine", scope: Box::new(packages) }
}

/// Platforms or arches that an artifact of a reachable product has. Status, expiry and entitlements do not
/// count (`distribution.md` §3.1).
pub(super) fn artifact_keys(asking: &Asking<'_>, env: EnvironmentView, column: &'static str) -> Scope {
    let artifacts = env.scope().and(Scope::belongs("releases", "release_id", reachable_release(asking, env)));
    Scope::Exists { table: "artifacts", local: "key", foreign: column, scope: Box::new(artifacts) }
}

/// Every channel, for the vendor; for others those that a release of a reachable product is in.
pub(super) fn channels(asking: &Asking<'_>, env: EnvironmentView) -> Scope {
    if asking.sees_all() || matches!(asking.principal.who, Who::Product(_)) {
        return Scope::All;
    }
    let releases = reachable_release(asking, env);
    Scope::Exists { table: "releases", local: "key", foreign: "channel", scope: Box::new(releases) }
}

fn reachable_release(asking: &Asking<'_>, env: EnvironmentView) -> Scope {
    let product = match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        Who::Anonymous => Scope::belongs("products", "product_id", is_open()),
        _ => Scope::belongs("products", "product_id", reachable(asking, "id")),
    };
    env.scope().and(product)
}

fn is_open() -> Scope {
    Scope::text("distribution_strategy", DistributionStrategy::Open.as_str())
}
