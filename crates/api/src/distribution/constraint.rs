//! A release's constraints: the entitlements that it asks for (`distribution.md` §3.4).

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{Constraint, Entitlement, Release};
use keyway_jsonapi::document::{Extras, account_path};
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{Declared, Linkage, Record, Resource, Value, identifier};

use super::release;
use crate::hooks::{Actions, Hooks, Step};
use crate::interpreter::associates;
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of constraints.
pub(crate) struct Constraints;

impl Hooks for Constraints {
    fn resource(&self) -> &'static Resource {
        Constraint::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ConstraintList,
            show: Action::ConstraintShow,
            create: Action::ReleaseConstraintsAttach,
            update: Action::ReleaseConstraintsAttach,
            delete: Action::ReleaseConstraintsDetach,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let id = record.get("release_id").as_id().unwrap_or(record.id());
            let of = work.need(Release::RESOURCE, id).await?;
            release::subject(work, &of).await
        })
    }
    /// Constraints live below their release.
    fn describe<'a>(&'a self, _: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move { Ok(records.iter().map(describe).collect()) })
    }
}

fn describe(record: &Record) -> Extras {
    let account = account_path(record.account());
    let own = record
        .get("release_id")
        .as_id()
        .map(|release| format!("{account}/releases/{release}/constraints/{}", record.id()));
    Extras { links: vec![("self", own.into())], ..Extras::default() }
}

/// A constraint that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The entitlement, which may not exist.
    pub(super) entitlement: RecordId,
}

/// The schema of a list of constraints to be made. How many there may be is checked later, as a validation.
pub(super) fn schema() -> Node {
    let entitlement = Node::identifier("data", &["entitlements"]).required();
    let entitlement = Node::object("entitlement", vec![entitlement]).required();
    let relationships = Node::object("relationships", vec![entitlement]).required();
    let item = Node::object("constraint", vec![Node::kind(&["constraints"]), relationships]);
    Node::new("data", Form::List { item: Box::new(item), min: 0, max: usize::MAX })
}

/// The constraints in a list that fits [`schema`].
pub(super) fn wanted(linkage: Option<&Linkage>) -> Vec<Wanted> {
    let Some(Linkage::Many(items)) = linkage else { return Vec::new() };
    let read = |item: &serde_json::Value| {
        let data = item.get("relationships")?.get("entitlement")?.get("data")?;
        Some(Wanted { entitlement: identifier(data)?.id })
    };
    items.iter().filter_map(read).collect()
}

/// An entitlement that a release of the current environment may ask for.
pub(super) async fn entitlement(work: &mut Work, id: RecordId) -> Outcome<Option<Record>> {
    let found = work.get(Entitlement::RESOURCE, id).await?;
    let view = work.call.view;
    Ok(found.filter(|record| associates(view, record)))
}

/// Inserts a constraint of a release.
pub(super) async fn insert(work: &mut Work, release: &Record, entitlement: RecordId) -> Outcome<Record> {
    let id = RecordId::generate(work.now());
    let mut record = Record::new(Constraint::RESOURCE, id, work.account(), release.environment(), work.now());
    record.set("release_id", Value::Id(release.id()));
    record.set("entitlement_id", Value::Id(entitlement));
    work.insert(&record).await?;
    Ok(record)
}
