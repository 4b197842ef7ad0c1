//! `GET` and `PUT` of `/licenses/:id/group`, `/machines/:id/group` and `/users/:id/group` (`licensing.md` §6, §8.4,
//! §10.1, §11): the group that a record is in.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::Group;
use keyway_jsonapi::schema::{Node, check};
use keyway_jsonapi::{ApiError, Declared, Invalid, Record, Value, identifier};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{change, find, one};
use crate::licensing::membership::overfull;
use crate::licensing::{Groups, Licenses, Machines, Users};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// A kind of record that can be in a group.
struct Member {
    hooks: &'static dyn Hooks,
    show: Action,
    change: Action,
    without: Without,
}

/// What the group of a record without one is.
enum Without {
    /// `data: null`.
    Null,
    /// 404.
    NotFound,
}

static LICENSE: Member = Member {
    hooks: &Licenses,
    show: Action::LicenseGroupShow,
    change: Action::LicenseGroupUpdate,
    without: Without::NotFound,
};
static MACHINE: Member = Member {
    hooks: &Machines,
    show: Action::MachineGroupShow,
    change: Action::MachineGroupUpdate,
    without: Without::NotFound,
};
static USER: Member = Member {
    hooks: &Users,
    show: Action::UserGroupShow,
    change: Action::UserGroupUpdate,
    without: Without::Null,
};

/// Reading the group of a user, who may have none.
pub(crate) const OF_USER: Contract = Contract::giving(&[Given::new(200, Data::Maybe(Group::RESOURCE))]);
/// Reading the group of a licence or machine.
pub(crate) const OF_OTHERS: Contract = Contract::giving(&[Given::new(200, Data::One(Group::RESOURCE))]);
/// Takes a group, or null.
pub(crate) const CHANGE: Contract = Contract::taking(schema);

fn schema() -> Vec<Node> {
    vec![Node::identifier("data", &["groups"]).required().nullable()]
}

/// `GET /licenses/:id/group`.
pub(crate) async fn of_license(call: Arc<Call>) -> Outcome<Reply> {
    show(call, &LICENSE).await
}
/// `PUT /licenses/:id/group`.
pub(crate) async fn change_of_license(call: Arc<Call>) -> Outcome<Reply> {
    change_group(call, &LICENSE).await
}
/// `GET /machines/:id/group`.
pub(crate) async fn of_machine(call: Arc<Call>) -> Outcome<Reply> {
    show(call, &MACHINE).await
}
/// `PUT /machines/:id/group`.
pub(crate) async fn change_of_machine(call: Arc<Call>) -> Outcome<Reply> {
    change_group(call, &MACHINE).await
}
/// `GET /users/:id/group`.
pub(crate) async fn of_user(call: Arc<Call>) -> Outcome<Reply> {
    show(call, &USER).await
}
/// `PUT /users/:id/group`.
pub(crate) async fn change_of_user(call: Arc<Call>) -> Outcome<Reply> {
    change_group(call, &USER).await
}

async fn show(call: Arc<Call>, kind: &'static Member) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let member = find(&mut work, kind.hooks, call.param(0)).await?;
    let subject = kind.hooks.subject(&mut work, &member).await?;
    gate::authorize(&call, kind.show, &subject)?;
    let group = match member.get("group_id").as_id() {
        Some(id) => work.get(Group::RESOURCE, id).await?,
        None => None,
    };
    match (group, &kind.without) {
        (Some(group), _) => Ok(Reply::data(one(&mut work, &Groups, &group).await?)),
        (None, Without::Null) => Ok(Reply::data(serde_json::Value::Null)),
        (None, Without::NotFound) => {
            let what =
                format!("The requested group of {} '{}' was not found", member.resource.name, call.param(0));
            Err(ApiError::not_found_detail(what).into())
        }
    }
}

async fn change_group(call: Arc<Call>, kind: &'static Member) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let member = find(&mut work, kind.hooks, call.param(0)).await?;
    check(&schema(), &call.body)?;
    let named = call.body.get("data").and_then(identifier);
    let group = match &named {
        Some(named) => work.get(Group::RESOURCE, named.id).await?,
        None => None,
    };
    let environments: Vec<_> = group.iter().map(Record::environment).collect();
    let subject = kind.hooks.subject(&mut work, &member).await?;
    gate::authorize_with(&call, kind.change, &subject, &environments)?;
    if named.is_some() && group.is_none() {
        return Err(Refusal::invalid([Invalid::missing_relation("group")]));
    }
    let mut after = member.clone();
    after.set("group_id", group.as_ref().map_or(Value::Null, |group| Value::Id(group.id())));
    if let Some(group) = group.filter(|_| member.get("group_id") != after.get("group_id"))
        && let Some(failure) = overfull(&mut work, &after, &group).await?
    {
        return Err(Refusal::invalid([failure]));
    }
    change(&mut work, &member, &mut after).await?;
    work.log(&after, "group.updated").await?;
    let reply = Reply::data(one(&mut work, kind.hooks, &after).await?);
    work.commit().await?;
    Ok(reply)
}
