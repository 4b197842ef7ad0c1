//! `GET /machines/:id/user`: the owner of the machine's licence, as which the machine's was shown before 1.6
//! (`licensing.md` §1.9).

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::{License, User};
use keyway_jsonapi::Declared;
use serde_json::Value;

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{find, one};
use crate::licensing::machine::license_of;
use crate::licensing::{Machines, Users};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Gives a user, or null.
pub(crate) const CONTRACT: Contract = Contract::giving(&[Given::new(200, Data::Maybe(User::RESOURCE))]);

/// Shows the licence's owner, or null.
pub(crate) async fn show(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let machine = find(&mut work, &Machines, call.param(0)).await?;
    let subject = Machines.subject(&mut work, &machine).await?;
    gate::authorize(&call, Action::MachineUserShow, &subject)?;
    let license = work.need(License::RESOURCE, license_of(&machine)?).await?;
    let owner = match license.get("owner_id").as_id() {
        Some(id) => work.get(User::RESOURCE, id).await?,
        None => None,
    };
    match owner {
        Some(owner) => Ok(Reply::data(one(&mut work, &Users, &owner).await?)),
        None => Ok(Reply::data(Value::Null)),
    }
}
