//! What can be attached to what: entitlements to policies and licences, users to licences, owners to groups.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::license::limits::{admits, effective};
use keyway_domain::resources::{
    Entitlement, GroupOwner, LicenseEntitlement, LicenseUser, Machine, Policy, PolicyEntitlement, User,
};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Scope};

use super::attachment::{self, Attachment};
use super::license::attached_users;
use super::{Groups, Licenses, Policies};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::hooks::done;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Attaching entitlements of policy.
pub(crate) const ENTITLEMENTS_OF_POLICY: Contract =
    Contract::taking(|| attachment::schema(Entitlement::RESOURCE))
        .gives(&[Given::new(200, Data::Many(PolicyEntitlement::RESOURCE))]);
/// Attaching entitlements of license.
pub(crate) const ENTITLEMENTS_OF_LICENSE: Contract =
    Contract::taking(|| attachment::schema(Entitlement::RESOURCE))
        .gives(&[Given::new(200, Data::Many(LicenseEntitlement::RESOURCE))]);
/// Attaching users of license.
pub(crate) const USERS_OF_LICENSE: Contract = Contract::taking(|| attachment::schema(User::RESOURCE))
    .gives(&[Given::new(200, Data::Many(LicenseUser::RESOURCE))]);
/// Attaching owners of group.
pub(crate) const OWNERS_OF_GROUP: Contract = Contract::taking(|| attachment::schema(User::RESOURCE))
    .gives(&[Given::new(200, Data::Many(GroupOwner::RESOURCE))]);
/// Detaching entitlements.
pub(crate) const WITHOUT_ENTITLEMENTS: Contract =
    Contract::taking(|| attachment::schema(Entitlement::RESOURCE));
/// Detaching users.
pub(crate) const WITHOUT_USERS: Contract = Contract::taking(|| attachment::schema(User::RESOURCE));

static POLICY_ENTITLEMENTS: Attachment = Attachment {
    parent: &Policies,
    join: PolicyEntitlement::RESOURCE,
    parent_column: "policy_id",
    child: Entitlement::RESOURCE,
    relation: "entitlement",
    child_column: "entitlement_id",
    event: "entitlements",
    attach: Action::PolicyEntitlementsAttach,
    detach: Action::PolicyEntitlementsDetach,
    check: |_, _, _| done(Vec::new()),
    inherited: |_, _, _| done(false),
    detached: |_, _, _| done(()),
};
static LICENSE_ENTITLEMENTS: Attachment = Attachment {
    parent: &Licenses,
    join: LicenseEntitlement::RESOURCE,
    parent_column: "license_id",
    child: Entitlement::RESOURCE,
    relation: "entitlement",
    child_column: "entitlement_id",
    event: "entitlements",
    attach: Action::LicenseEntitlementsAttach,
    detach: Action::LicenseEntitlementsDetach,
    check: |work, license, entitlements| Box::pin(given_by_policy(work, license, entitlements)),
    inherited: |work, license, entitlement| Box::pin(is_inherited(work, license, entitlement)),
    detached: |_, _, _| done(()),
};
static LICENSE_USERS: Attachment = Attachment {
    parent: &Licenses,
    join: LicenseUser::RESOURCE,
    parent_column: "license_id",
    child: User::RESOURCE,
    relation: "user",
    child_column: "user_id",
    event: "users",
    attach: Action::LicenseUsersAttach,
    detach: Action::LicenseUsersDetach,
    check: |work, license, users| Box::pin(check_users(work, license, users)),
    inherited: |_, license, user| done(license.get("owner_id").as_id() == Some(user)),
    detached: |work, license, user| Box::pin(disown(work, license, user)),
};

static GROUP_OWNERS: Attachment = Attachment {
    parent: &Groups,
    join: GroupOwner::RESOURCE,
    parent_column: "group_id",
    child: User::RESOURCE,
    relation: "user",
    child_column: "user_id",
    event: "owners",
    attach: Action::GroupOwnersAttach,
    detach: Action::GroupOwnersDetach,
    check: |_, _, _| done(Vec::new()),
    inherited: |_, _, _| done(false),
    detached: |_, _, _| done(()),
};

/// `POST /policies/:id/entitlements`.
pub(crate) async fn attach_to_policy(call: Arc<Call>) -> Outcome<Reply> {
    attachment::attach(call, &POLICY_ENTITLEMENTS).await
}
/// `DELETE /policies/:id/entitlements`.
pub(crate) async fn detach_from_policy(call: Arc<Call>) -> Outcome<Reply> {
    attachment::detach(call, &POLICY_ENTITLEMENTS).await
}
/// `POST /licenses/:id/entitlements`.
pub(crate) async fn attach_to_license(call: Arc<Call>) -> Outcome<Reply> {
    attachment::attach(call, &LICENSE_ENTITLEMENTS).await
}
/// `DELETE /licenses/:id/entitlements`.
pub(crate) async fn detach_from_license(call: Arc<Call>) -> Outcome<Reply> {
    attachment::detach(call, &LICENSE_ENTITLEMENTS).await
}
/// `POST /groups/:id/owners`.
pub(crate) async fn attach_owner(call: Arc<Call>) -> Outcome<Reply> {
    attachment::attach(call, &GROUP_OWNERS).await
}
/// `DELETE /groups/:id/owners`.
pub(crate) async fn detach_owner(call: Arc<Call>) -> Outcome<Reply> {
    attachment::detach(call, &GROUP_OWNERS).await
}
/// `POST /licenses/:id/users`.
pub(crate) async fn attach_user(call: Arc<Call>) -> Outcome<Reply> {
    attachment::attach(call, &LICENSE_USERS).await
}
/// `DELETE /licenses/:id/users`.
pub(crate) async fn detach_user(call: Arc<Call>) -> Outcome<Reply> {
    attachment::detach(call, &LICENSE_USERS).await
}

async fn given_by_policy(
    work: &mut Work,
    license: &Record,
    entitlements: &[Record],
) -> Outcome<Vec<Invalid>> {
    for entitlement in entitlements {
        if is_inherited(work, license, entitlement.id()).await? {
            let detail = "already exists (entitlement is attached through policy)";
            return Ok(vec![Invalid::relation("entitlement", Failure::Kind("CONFLICT"), detail)]);
        }
    }
    Ok(Vec::new())
}

async fn is_inherited(work: &mut Work, license: &Record, entitlement: RecordId) -> Outcome<bool> {
    let Some(policy) = license.get("policy_id").as_id() else { return Ok(false) };
    let scope = Scope::id("policy_id", policy).and(Scope::id("entitlement_id", entitlement));
    work.any(PolicyEntitlement::RESOURCE, &scope).await
}

/// The licence's machines are not those of a user any more who may not use it.
async fn disown(work: &mut Work, license: &Record, user: RecordId) -> Outcome<()> {
    let owned = Scope::id("license_id", license.id()).and(Scope::id("owner_id", user));
    work.clear_where(Machine::RESOURCE, "owner_id", &owned).await?;
    Ok(())
}

/// The owner is a user already, and there is a limit to how many there may be.
async fn check_users(work: &mut Work, license: &Record, users: &[Record]) -> Outcome<Vec<Invalid>> {
    let owner = license.get("owner_id").as_id();
    if users.iter().any(|user| Some(user.id()) == owner) {
        let detail = "already exists (user is attached through owner)";
        return Ok(vec![Invalid::relation("user", Failure::Kind("CONFLICT"), detail)]);
    }
    work.lock_license(license.id()).await?;
    let attached = attached_users(work, license.id()).await?.len();
    let count = attached + users.len() + usize::from(owner.is_some());
    Ok(user_limit(work, license, count).await?.into_iter().collect())
}

/// The failure of so many users, if the licence may not have them.
pub(crate) async fn user_limit(work: &mut Work, license: &Record, count: usize) -> Outcome<Option<Invalid>> {
    let Some(policy) = license.get("policy_id").as_id() else { return Ok(None) };
    let policy: Policy = work.need(Policy::RESOURCE, policy).await?.typed()?;
    let license: keyway_domain::resources::License = license.typed()?;
    let limit = effective(&license, &policy).users;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let admitted = admits(policy.overage_strategy, count, limit);
    let limit = limit.unwrap_or(0);
    let detail = || format!("user count has exceeded maximum allowed for license ({limit})");
    Ok((!admitted).then(|| Invalid::base("license_user", Failure::Kind("LIMIT_EXCEEDED"), detail())))
}
