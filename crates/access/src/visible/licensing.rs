//! Accounts, environments, users, products, entitlements, policies, licences, tokens.

use keyway_domain::resources::{BearerType, DistributionStrategy, UserRole};
use keyway_jsonapi::{Role, Scope};

use super::{Asking, ids};
use crate::Who;

/// The account itself, for every bearer.
pub(super) fn accounts(asking: &Asking<'_>) -> Scope {
    match asking.principal.who {
        Who::Anonymous => Scope::None,
        _ => Scope::id("id", asking.principal.account),
    }
}

/// All, for the team; an environment sees itself.
pub(super) fn environments(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        Who::Environment(id) => Scope::id("id", *id),
        _ if asking.principal.role.is_team() => Scope::All,
        _ => Scope::None,
    }
}

/// Products see role-`user` users; users themselves and their teammates; licences their users.
pub(super) fn users(asking: &Asking<'_>) -> Scope {
    let principal = asking.principal;
    let teammates = principal.grants.iter().flat_map(|grant| grant.owner.iter().chain(&grant.users)).copied();
    match &principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(_) => Scope::text("role", UserRole::User.as_str()),
        Who::User(user) => ids("id", teammates.chain([user.id])),
        Who::License(_) => ids("id", teammates),
        _ => Scope::None,
    }
}

/// A product sees itself; customers what is OPEN, and what is LICENSED and theirs.
pub(super) fn products(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("id", *id),
        Who::User(_) | Who::License(_) => reachable(asking, "id"),
        _ => Scope::None,
    }
}

/// On a product's columns: OPEN, or LICENSED and one of the caller's licences is of it.
pub(super) fn reachable(asking: &Asking<'_>, column: &'static str) -> Scope {
    let strategy = |strategy: DistributionStrategy| Scope::text("distribution_strategy", strategy.as_str());
    let held = ids(column, asking.principal.grants.iter().map(|grant| grant.product));
    strategy(DistributionStrategy::Open).or(strategy(DistributionStrategy::Licensed).and(held))
}

/// Customers see what they hold.
pub(super) fn entitlements(asking: &Asking<'_>) -> Scope {
    match asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(_) => Scope::All,
        Who::User(_) | Who::License(_) => {
            ids("id", asking.principal.grants.iter().flat_map(|grant| grant.entitlements.iter().copied()))
        }
        _ => Scope::None,
    }
}

/// Lists hold what customers are in or own. A group that is named is there for everybody (`licensing.md` §3.2):
/// whether the caller may know it is decided by its rule.
pub(super) fn groups(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        Who::Anonymous => Scope::None,
        _ if asking.sees_all() || !asking.listing => Scope::All,
        Who::User(user) => Scope::has("group_owners", "group_id", Scope::id("user_id", user.id))
            .or(Scope::has("users", "group_id", Scope::id("id", user.id))),
        Who::License(id) => Scope::has("licenses", "group_id", Scope::id("id", *id)),
        _ => Scope::All,
    }
}

/// Products see theirs; customers those of their licences.
pub(super) fn policies(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        Who::User(_) | Who::License(_) => ids("id", asking.principal.grants.iter().map(|grant| grant.policy)),
        _ => Scope::None,
    }
}

/// Products see theirs; customers none: a key that waits is nobody's yet.
pub(super) fn keys(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        _ => Scope::None,
    }
}

/// Products see theirs; customers their own.
pub(super) fn licenses(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        Who::User(_) | Who::License(_) => ids("id", asking.principal.grants.iter().map(|grant| grant.id)),
        _ => Scope::None,
    }
}

/// Products see theirs; customers those of their licences, and users those they own.
pub(super) fn machines(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        Who::User(user) if !asking.sees_all() => licensed(asking).or(Scope::id("owner_id", user.id)),
        _ => licensed(asking),
    }
}

/// What belongs to machines is seen as they are.
pub(super) fn of_machines(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        Who::User(user) if !asking.sees_all() => {
            let own = Scope::belongs("machines", "machine_id", Scope::id("owner_id", user.id));
            licensed(asking).or(own)
        }
        _ => licensed(asking),
    }
}

/// On the columns of what a licence is used on: products see theirs, customers that of their licences.
fn licensed(asking: &Asking<'_>) -> Scope {
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => Scope::id("product_id", *id),
        Who::User(_) | Who::License(_) => {
            ids("license_id", asking.principal.grants.iter().map(|grant| grant.id))
        }
        _ => Scope::None,
    }
}

/// Everyone sees their own; a product also those of its licences and of the role-`user` users who have one.
pub(super) fn tokens(asking: &Asking<'_>) -> Scope {
    let bearer = |kind: BearerType| Scope::text("bearer_type", kind.as_str());
    let own = |kind, id| bearer(kind).and(Scope::Is("bearer_id", keyway_jsonapi::Value::Id(id)));
    match &asking.principal.who {
        _ if asking.sees_all() => Scope::All,
        Who::Product(id) => {
            let licensed = Scope::id("product_id", *id);
            let attached = Scope::belongs("licenses", "license_id", licensed.clone());
            let customer = Scope::text("role", Role::User.as_str()).and(
                Scope::has("licenses", "owner_id", licensed.clone()).or(Scope::has(
                    "license_users",
                    "user_id",
                    attached,
                )),
            );
            own(BearerType::Product, (*id).into())
                .or(bearer(BearerType::License).and(Scope::belongs("licenses", "bearer_id", licensed)))
                .or(bearer(BearerType::User).and(Scope::belongs("users", "bearer_id", customer)))
        }
        Who::User(user) => own(BearerType::User, user.id.into()),
        Who::License(id) => own(BearerType::License, (*id).into()),
        _ => Scope::None,
    }
}
