//! Packages, releases and artifacts (`distribution.md` §3.1–§3.5).

use keyway_domain::resources::{ArtifactStatus, DistributionStrategy, Release, ReleaseStatus};
use keyway_jsonapi::{Declared, Scope, Value};

use super::{Asking, ids, scope_of};
use crate::{EnvironmentView, LicenseGrant, Who, terms::Window};

/// Packages of OPEN products, and of LICENSED ones that the caller has a licence of, whatever its state.
pub(super) fn packages(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        _ => Scope::belongs("products", "product_id", super::licensing::reachable(asking, "id")),
    }
}

/// The vendor sees every status; others what is published and theirs, or open to all.
pub(super) fn releases(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        _ => {
            let licensed = asking.principal.grants.iter().map(|grant| licensed(asking, grant));
            let reachable = licensed.fold(open(), Scope::or);
            Scope::text("status", ReleaseStatus::Published.as_str()).and(reachable)
        }
    }
}

/// Of visible releases; customers see finished uploads only.
pub(super) fn artifacts(asking: &Asking<'_>, env: EnvironmentView) -> Scope {
    let of_visible = Scope::belongs("releases", "release_id", scope_of(asking, Release::RESOURCE, env));
    match &asking.principal.who {
        _ if asking.sees_all() => of_visible,
        Who::Product(_) => of_visible,
        _ => Scope::text("status", ArtifactStatus::Uploaded.as_str()).and(of_visible),
    }
}

/// How releases are handed out: for those who publish them.
pub(super) fn rollouts(asking: &Asking<'_>, env: EnvironmentView) -> Scope {
    match &asking.principal.who {
        Who::Product(_) => Scope::belongs("releases", "release_id", scope_of(asking, Release::RESOURCE, env)),
        _ if asking.sees_all() => Scope::All,
        _ => Scope::None,
    }
}

/// Any OPEN product's releases without constraints.
fn open() -> Scope {
    let unconstrained = Scope::has("constraints", "release_id", Scope::All).negate();
    product_is(&[DistributionStrategy::Open]).and(unconstrained)
}

/// What one licence gives: its product's releases inside its window whose constraints it meets.
fn licensed(asking: &Asking<'_>, grant: &LicenseGrant) -> Scope {
    if asking.listing && (grant.suspended || grant.owner_banned) {
        return Scope::None;
    }
    let window = match Window::of(grant, asking.now) {
        Window::Nothing => return Scope::None,
        Window::Everything => Scope::All,
        Window::Until(expiry) => {
            let created = Scope::IsNull("backdated_at").and(Scope::Le("created_at", Value::Time(expiry)));
            Scope::Le("backdated_at", Value::Time(expiry)).or(created)
        }
    };
    let missing = ids("entitlement_id", grant.entitlements.iter().copied()).negate();
    Scope::id("product_id", grant.product)
        .and(product_is(&[DistributionStrategy::Licensed, DistributionStrategy::Open]))
        .and(window)
        .and(Scope::has("constraints", "release_id", missing).negate())
}

fn product_is(strategies: &[DistributionStrategy]) -> Scope {
    let texts = strategies.iter().map(|strategy| Value::Text(strategy.as_str().to_owned())).collect();
    Scope::belongs("products", "product_id", Scope::In("distribution_strategy", texts))
}
