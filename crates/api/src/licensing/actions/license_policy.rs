//! `PUT /licenses/:id/policy` (`licensing.md` §8.4): moving a licence to another policy.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::license::transfer;
use keyway_domain::resources::Policy;
use keyway_jsonapi::schema::{Node, check};
use keyway_jsonapi::{Declared, Failure, Field as _, Invalid, Record, identifier};

use super::license_state::policy_of;
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one};
use crate::licensing::{Licenses, license};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes a policy.
pub(crate) const CONTRACT: Contract = Contract::taking(schema);

fn schema() -> Vec<Node> {
    vec![Node::identifier("data", &["policies"]).required()]
}

/// Moves the licence, if its key and machines fit the new policy.
pub(crate) async fn change_policy(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let record = find(&mut work, &Licenses, call.param(0)).await?;
    check(&schema(), &call.body)?;
    let named = call.body.get("data").and_then(identifier);
    let found = match named {
        Some(named) => work.get(Policy::RESOURCE, named.id).await?,
        None => None,
    };
    let to: Option<Policy> = found.as_ref().map(Record::typed).transpose()?;
    let subject = match &to {
        Some(to) => license::subject(&mut work, &record, Some(to.clone())).await?,
        None => Licenses.subject(&mut work, &record).await?,
    };
    let environments: Vec<_> = found.iter().map(Record::environment).collect();
    gate::authorize_with(&call, Action::LicensePolicyUpdate, &subject, &environments)?;
    let Some(to) = to else { return Err(Refusal::invalid([Invalid::missing_relation("policy")])) };
    let from = policy_of(&mut work, &record).await?;
    transfer::compatible(&from, &to).map_err(|error| {
        let failure = Failure::Kind("NOT_COMPATIBLE");
        Refusal::invalid([Invalid::relation("policy", failure, error.to_string())])
    })?;
    let mut after = record.clone();
    after.set("policy_id", to.id.into_value());
    after.set("product_id", to.product_id.into_value());
    let expiry = transfer::expiry(&record.typed()?, &to, call.now);
    after.set("expiry", expiry.into_value());
    change(&mut work, &record, &mut after).await?;
    work.log(&after, "policy.updated").await?;
    let reply = Reply::data(one(&mut work, &Licenses, &after).await?);
    work.commit().await?;
    Ok(reply)
}
