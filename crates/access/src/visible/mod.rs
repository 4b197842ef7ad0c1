//! Which records exist for a caller (`licensing.md` §3.2, `distribution.md` §3.1): outside the scope is 404.
//! One file per family of resources; a resource without a rule is invisible.

mod distribution;
mod licensing;
mod lookup;

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Resource, Role, Scope, Value};

use crate::{EnvironmentView, Principal, Who};

/// The records of a resource that the caller may see in an environment, for look-ups by id or alias. Suspended
/// and banned licences keep their records in scope, so that [`crate::authorize`] can say why they are refused.
pub fn visible(
    principal: &Principal,
    resource: &'static Resource,
    env: &EnvironmentView,
    now: Timestamp,
) -> Scope {
    scope_of(&Asking { principal, now, listing: false }, resource, *env)
}

/// The same for lists: without the releases and artifacts that only a suspended or banned licence would give,
/// since a list is not refused row by row.
pub fn listed(
    principal: &Principal,
    resource: &'static Resource,
    env: &EnvironmentView,
    now: Timestamp,
) -> Scope {
    scope_of(&Asking { principal, now, listing: true }, resource, *env)
}

/// The records of a resource that a parent opens beyond what the caller sees by itself: an owner of a group sees
/// whoever and whatever is in it, but only there.
pub fn opened(principal: &Principal, parent: &'static Resource, env: &EnvironmentView) -> Scope {
    match &principal.who {
        Who::User(user) if parent == r::Group::RESOURCE => env.scope().and(Scope::Exists {
            table: r::GroupOwner::RESOURCE.table,
            local: "group_id",
            foreign: "group_id",
            scope: Box::new(Scope::id("user_id", user.id)),
        }),
        _ => Scope::None,
    }
}

/// The releases that an upgrade may lead to (`distribution.md` §6.5): as listed, but developers and other team
/// members than admins count as callers without a credential.
pub fn upgradable(principal: &Principal, env: &EnvironmentView, now: Timestamp) -> Scope {
    let published = Scope::text("status", r::ReleaseStatus::Published.as_str());
    let narrowed = match principal.role {
        Role::Developer | Role::SalesAgent | Role::SupportAgent | Role::ReadOnly => {
            let anonymous = Principal::anonymous(principal.account, principal.view);
            listed(&anonymous, r::Release::RESOURCE, env, now)
        }
        _ => listed(principal, r::Release::RESOURCE, env, now),
    };
    narrowed.and(published)
}

/// The question behind a scope.
struct Asking<'a> {
    principal: &'a Principal,
    now: Timestamp,
    listing: bool,
}

/// Tables whose rows have no environment of their own: they follow what they belong to, or the account.
fn scope_of(asking: &Asking<'_>, resource: &'static Resource, env: EnvironmentView) -> Scope {
    let own = match resource.table {
        "accounts" => return licensing::accounts(asking),
        "settings" => return if asking.principal.role.is_team() { Scope::All } else { Scope::None },
        "environments" => return licensing::environments(asking),
        "engines" => return lookup::engines(asking, env),
        "platforms" => return lookup::artifact_keys(asking, env, "platform"),
        "arches" => return lookup::artifact_keys(asking, env, "arch"),
        "channels" => return lookup::channels(asking, env),
        "users" => licensing::users(asking),
        "second_factors" => Scope::belongs("users", "user_id", scope_of(asking, r::User::RESOURCE, env)),
        "products" => licensing::products(asking),
        "entitlements" => licensing::entitlements(asking),
        "groups" => licensing::groups(asking),
        "group_owners" => Scope::belongs("groups", "group_id", scope_of(asking, r::Group::RESOURCE, env)),
        "policies" => licensing::policies(asking),
        "keys" => licensing::keys(asking),
        "licenses" => licensing::licenses(asking),
        "machines" => licensing::machines(asking),
        "components" | "processes" => licensing::of_machines(asking),
        "tokens" => licensing::tokens(asking),
        "policy_entitlements" => {
            Scope::belongs("policies", "policy_id", scope_of(asking, r::Policy::RESOURCE, env))
        }
        "license_entitlements" | "license_users" => {
            Scope::belongs("licenses", "license_id", scope_of(asking, r::License::RESOURCE, env))
        }
        "packages" => distribution::packages(asking),
        "releases" => distribution::releases(asking),
        "artifacts" => distribution::artifacts(asking, env),
        "rollouts" => distribution::rollouts(asking, env),
        "webhook_endpoints" if asking.sees_all() => Scope::All,
        "webhook_events" => webhook_events(asking),
        "event_logs" | "request_logs" if asking.sees_all() => Scope::All,
        "constraints" => {
            Scope::belongs("releases", "release_id", scope_of(asking, r::Release::RESOURCE, env))
        }
        _ => Scope::None,
    };
    env.scope().and(own)
}

/// A product sees what its own endpoints are told, though not the endpoints.
fn webhook_events(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => {
            let own = Scope::id("product_id", *id);
            Scope::belongs("webhook_endpoints", "webhook_endpoint_id", own)
        }
        _ => Scope::None,
    }
}

impl Asking<'_> {
    /// Whether the caller sees everything in its environments: the team and environments.
    fn sees_all(&self) -> bool {
        self.principal.role.is_team() || self.principal.role == Role::Environment
    }
}

/// The column is one of these ids.
fn ids<T: Into<RecordId>>(column: &'static str, ids: impl IntoIterator<Item = T>) -> Scope {
    let mut values: Vec<RecordId> = ids.into_iter().map(Into::into).collect();
    values.sort_unstable();
    values.dedup();
    match values.as_slice() {
        [] => Scope::None,
        [id] => Scope::id(column, *id),
        _ => Scope::In(column, values.into_iter().map(Value::Id).collect()),
    }
}
