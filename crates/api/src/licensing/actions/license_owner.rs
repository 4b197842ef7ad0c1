//! `PUT /licenses/:id/owner` (and `/user`, its name before 1.6; `licensing.md` §8.4).

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::{LicenseUser, User};
use keyway_jsonapi::schema::{Node, check};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Scope, Value, identifier};

use super::license_state::set;
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::find;
use crate::licensing::Licenses;
use crate::licensing::attachments::user_limit;
use crate::licensing::license::attached_users;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes a user, or null.
pub(crate) const CONTRACT: Contract = Contract::taking(schema);

pub(super) fn schema() -> Vec<Node> {
    vec![Node::identifier("data", &["users"]).required().nullable()]
}

/// Gives the licence another owner, or none.
pub(crate) async fn change_owner(call: Arc<Call>) -> Outcome<Reply> {
    change(call, "owner.updated").await
}

/// The same by its former name, which the event keeps.
pub(crate) async fn change_user(call: Arc<Call>) -> Outcome<Reply> {
    change(call, "user.updated").await
}

async fn change(call: Arc<Call>, event: &'static str) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let license = find(&mut work, &Licenses, call.param(0)).await?;
    check(&schema(), &call.body)?;
    let named = call.body.get("data").and_then(identifier);
    let owner = match &named {
        Some(named) => work.get(User::RESOURCE, named.id).await?,
        None => None,
    };
    let environments: Vec<_> = owner.iter().map(Record::environment).collect();
    let subject = Licenses.subject(&mut work, &license).await?;
    gate::authorize_with(&call, Action::LicenseOwnerUpdate, &subject, &environments)?;
    if named.is_some() {
        let failures = failures(&mut work, &license, owner.as_ref()).await?;
        if !failures.is_empty() {
            return Err(Refusal::invalid(failures));
        }
    }
    let id = owner.map_or(Value::Null, |owner| Value::Id(owner.id()));
    set(work, license, "owner_id", id, event).await
}

/// The new owner must exist, may not be a licensee already, and counts as a user.
async fn failures(work: &mut Work, license: &Record, owner: Option<&Record>) -> Outcome<Vec<Invalid>> {
    let Some(owner) = owner else { return Ok(vec![Invalid::missing_relation("owner")]) };
    let pair = Scope::id("license_id", license.id()).and(Scope::id("user_id", owner.id()));
    if work.any(LicenseUser::RESOURCE, &pair).await? {
        let detail = "already exists (owner is attached as a user)";
        return Ok(vec![Invalid::relation("owner", Failure::Kind("INVALID"), detail)]);
    }
    work.lock_license(license.id()).await?;
    let count = attached_users(work, license.id()).await?.len() + 1;
    Ok(user_limit(work, license, count).await?.into_iter().collect())
}
