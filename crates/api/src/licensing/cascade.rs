//! What goes with a record that is deleted.

use keyway_domain::resources::{
    BearerType, Component, GroupOwner, License, LicenseEntitlement, LicenseUser, Machine, Policy,
    PolicyEntitlement, PoolKey, Process, SecondFactor, Token, User, WebhookEndpoint, WebhookEvent,
};
use keyway_jsonapi::{Declared, Record, Resource, Scope};

use crate::refusal::Outcome;
use crate::work::Work;

/// Everything that belongs to a product.
pub(crate) async fn product(work: &mut Work, product: &Record) -> Outcome<()> {
    let of_it = Scope::id("product_id", product.id());
    licenses(work, &of_it).await?;
    work.delete_where(PoolKey::RESOURCE, &of_it).await?;
    policies(work, &of_it).await?;
    tokens_of(work, BearerType::Product, product).await?;
    belonging(work, WebhookEvent::RESOURCE, "webhook_endpoint_id", "webhook_endpoints", &of_it).await?;
    work.delete_where(WebhookEndpoint::RESOURCE, &of_it).await?;
    crate::distribution::purge_product(work, product).await?;
    work.touch_everything();
    Ok(())
}

/// A policy's licences and what it gives them.
pub(crate) async fn policy(work: &mut Work, policy: &Record) -> Outcome<()> {
    let of_it = Scope::id("policy_id", policy.id());
    licenses(work, &of_it).await?;
    work.delete_where(PolicyEntitlement::RESOURCE, &of_it).await?;
    work.delete_where(PoolKey::RESOURCE, &of_it).await?;
    work.touch_everything();
    Ok(())
}

/// Licences that satisfy a condition, with their tokens, users and entitlements.
pub(crate) async fn licenses(work: &mut Work, scope: &Scope) -> Outcome<()> {
    belonging(work, LicenseEntitlement::RESOURCE, "license_id", "licenses", scope).await?;
    belonging(work, LicenseUser::RESOURCE, "license_id", "licenses", scope).await?;
    for resource in IN_USE {
        belonging(work, resource, "license_id", "licenses", scope).await?;
    }
    let bearers = Scope::text("bearer_type", BearerType::License.as_str());
    let tokens = bearers.and(Scope::belongs("licenses", "bearer_id", scope.clone()));
    work.delete_where(Token::RESOURCE, &tokens).await?;
    work.delete_where(License::RESOURCE, scope).await?;
    Ok(())
}

async fn policies(work: &mut Work, scope: &Scope) -> Outcome<()> {
    belonging(work, PolicyEntitlement::RESOURCE, "policy_id", "policies", scope).await?;
    work.delete_where(Policy::RESOURCE, scope).await?;
    Ok(())
}

/// The tokens of a bearer.
pub(crate) async fn tokens_of(work: &mut Work, kind: BearerType, bearer: &Record) -> Outcome<()> {
    let scope = Scope::text("bearer_type", kind.as_str()).and(Scope::id("bearer_id", bearer.id()));
    work.delete_where(Token::RESOURCE, &scope).await?;
    Ok(())
}

/// Deletes the rows whose `column` refers to a row of `table` that satisfies a condition.
async fn belonging(
    work: &mut Work,
    resource: &'static Resource,
    column: &'static str,
    table: &'static str,
    scope: &Scope,
) -> Outcome<()> {
    work.delete_where(resource, &Scope::belongs(table, column, scope.clone())).await?;
    Ok(())
}

/// A group lets its members and owners go.
pub(crate) async fn group(work: &mut Work, group: &Record) -> Outcome<()> {
    let of_it = Scope::id("group_id", group.id());
    for members in [User::RESOURCE, License::RESOURCE, Machine::RESOURCE] {
        work.clear_where(members, "group_id", &of_it).await?;
    }
    work.delete_where(GroupOwner::RESOURCE, &of_it).await?;
    Ok(())
}

/// What a user leaves behind: their tokens, the licences and machines they own, and their use of others'.
pub(crate) async fn user(work: &mut Work, user: &Record) -> Outcome<()> {
    let owned = Scope::id("owner_id", user.id());
    licenses(work, &owned).await?;
    for resource in OF_MACHINES {
        belonging(work, resource, "machine_id", "machines", &owned).await?;
    }
    work.delete_where(Machine::RESOURCE, &owned).await?;
    work.delete_where(LicenseUser::RESOURCE, &Scope::id("user_id", user.id())).await?;
    work.delete_where(GroupOwner::RESOURCE, &Scope::id("user_id", user.id())).await?;
    work.delete_where(SecondFactor::RESOURCE, &Scope::id("user_id", user.id())).await?;
    tokens_of(work, BearerType::User, user).await?;
    work.touch_everything();
    Ok(())
}

/// What an environment leaves behind is out of reach without it; a job removes it.
pub(crate) async fn environment(work: &mut Work, environment: &Record) -> Outcome<()> {
    tokens_of(work, BearerType::Environment, environment).await?;
    crate::distribution::bury_environment(work, environment).await?;
    let id = environment.id().to_string();
    work.enqueue("environment.purge", id.clone(), serde_json::json!({ "id": id })).await?;
    work.touch_everything();
    Ok(())
}

/// What belongs to machines, parts first.
const OF_MACHINES: [&Resource; 2] = [Component::RESOURCE, Process::RESOURCE];
/// What belongs to a licence that is in use, parts first.
const IN_USE: [&Resource; 3] = [Component::RESOURCE, Process::RESOURCE, Machine::RESOURCE];

/// What belongs to a machine.
pub(crate) async fn machine(work: &mut Work, machine: &Record) -> Outcome<()> {
    for resource in OF_MACHINES {
        work.delete_where(resource, &Scope::id("machine_id", machine.id())).await?;
    }
    Ok(())
}

/// One licence's machines, tokens, users and entitlements; noted one by one, so that only theirs goes stale.
pub(crate) async fn license(work: &mut Work, license: &Record) -> Outcome<()> {
    let of_it = Scope::id("license_id", license.id());
    for resource in IN_USE {
        work.delete_where(resource, &of_it).await?;
    }
    let bearers = Scope::text("bearer_type", BearerType::License.as_str());
    let tokens = bearers.and(Scope::id("bearer_id", license.id()));
    for (resource, scope) in
        [(LicenseEntitlement::RESOURCE, &of_it), (LicenseUser::RESOURCE, &of_it), (Token::RESOURCE, &tokens)]
    {
        for record in work.all(resource, scope).await? {
            work.delete(&record).await?;
            crate::touch::record(work, Some(&record), None).await?;
        }
    }
    Ok(())
}
