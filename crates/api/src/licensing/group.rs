//! Groups and who owns them (`licensing.md` §6).

use keyway_access::{Action, Who};
use keyway_base::{GroupId, UserId};
use keyway_domain::resources::{Group, GroupOwner, License, User};
use keyway_jsonapi::document::{Extras, account_path};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};

use super::cascade;
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, done};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of groups.
pub(crate) struct Groups;

impl Hooks for Groups {
    fn resource(&self) -> &'static Resource {
        Group::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::GroupList,
            show: Action::GroupShow,
            create: Action::GroupCreate,
            update: Action::GroupUpdate,
            delete: Action::GroupDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { subject(work, record).await })
    }
    fn prepare<'a>(&'a self, _: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        super::default_metadata(draft);
        done(())
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::group(work, record).await })
    }
}

/// The facts about a group: who owns it, and which one the caller is in. Both are read with each request, so that
/// nothing cached has to be ended when they change.
async fn subject(work: &mut Work, group: &Record) -> Outcome<Subject> {
    let owners = work.all(GroupOwner::RESOURCE, &Scope::id("group_id", group.id())).await?;
    let owners = owners.iter().filter_map(|owner| owner.get("user_id").as_id()).map(UserId::from).collect();
    let bearer = match work.call.principal.who.clone() {
        Who::User(user) => work.get(User::RESOURCE, user.id.into()).await?,
        Who::License(id) => work.get(License::RESOURCE, id.into()).await?,
        Who::Anonymous | Who::Product(_) | Who::Environment(_) => None,
    };
    let callers = bearer.and_then(|bearer| bearer.get("group_id").as_id()).map(GroupId::from);
    Ok(Subject::Group { group: Box::new(group.typed()?), owners, callers })
}

/// What is read of a group's owners, below the group.
pub(crate) struct GroupOwners;

impl Hooks for GroupOwners {
    fn resource(&self) -> &'static Resource {
        GroupOwner::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::GroupOwnersList,
            show: Action::GroupOwnersList,
            create: Action::GroupOwnersAttach,
            update: Action::GroupOwnersAttach,
            delete: Action::GroupOwnersDetach,
        }
    }
    /// An owner goes by its own id and by its user's.
    fn named(&self, _: &Call, name: &str) -> Scope {
        let id = |column| name.parse().map_or(Scope::None, |id| Scope::Is(column, Value::Id(id)));
        id("id").or(id("user_id"))
    }
    fn describe<'a>(&'a self, _: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        done(records.iter().map(describe).collect())
    }
}

/// Owners live below their group.
fn describe(record: &Record) -> Extras {
    let account = account_path(record.account());
    let group = record.get("group_id").as_id();
    let own = group.map(|group| format!("{account}/groups/{group}/owners/{}", record.id()));
    Extras { links: vec![("self", own.into())], ..Extras::default() }
}
