//! `PUT /machines/:id/owner` (`licensing.md` §10.1).

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::{License, User};
use keyway_jsonapi::schema::check;
use keyway_jsonapi::{Declared, Invalid, Record, Value, identifier};

use super::license_owner;
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one};
use crate::licensing::Machines;
use crate::licensing::activation::{is_user, not_a_user};
use crate::licensing::machine::license_of;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes a user, or null.
pub(crate) const CONTRACT: Contract = Contract::taking(license_owner::schema);

/// Gives the machine another owner, one of its licence's users, or none.
pub(crate) async fn change_owner(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let machine = find(&mut work, &Machines, call.param(0)).await?;
    check(&license_owner::schema(), &call.body)?;
    let named = call.body.get("data").and_then(identifier);
    let owner = match &named {
        Some(named) => work.get(User::RESOURCE, named.id).await?,
        None => None,
    };
    let environments: Vec<_> = owner.iter().map(Record::environment).collect();
    let subject = Machines.subject(&mut work, &machine).await?;
    gate::authorize_with(&call, Action::MachineOwnerUpdate, &subject, &environments)?;
    if named.is_some() {
        let license: License = work.need(License::RESOURCE, license_of(&machine)?).await?.typed()?;
        match &owner {
            None => return Err(Refusal::invalid([Invalid::missing_relation("owner")])),
            Some(owner) if !is_user(&mut work, &license, owner.id().into()).await? => {
                return Err(Refusal::invalid([not_a_user()]));
            }
            Some(_) => {}
        }
    }
    let mut after = machine.clone();
    after.set("owner_id", owner.map_or(Value::Null, |owner| Value::Id(owner.id())));
    change(&mut work, &machine, &mut after).await?;
    work.log(&after, "owner.updated").await?;
    let reply = Reply::data(one(&mut work, &Machines, &after).await?);
    work.commit().await?;
    Ok(reply)
}
