//! Components of machines (`licensing.md` §10.3).

use keyway_access::Action;
use keyway_domain::resources::{Component, License, Machine, Policy};
use keyway_jsonapi::{Declared, Record, Resource};

use super::embedded_component::taken;
use super::machine::{license_of, on};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::subject::{OnMachine, Subject};
use crate::work::Work;

/// The rules of components.
pub(crate) struct Components;

impl Hooks for Components {
    fn resource(&self) -> &'static Resource {
        Component::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ComponentList,
            show: Action::ComponentShow,
            create: Action::ComponentCreate,
            update: Action::ComponentUpdate,
            delete: Action::ComponentDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { part_of_machine(work, record).await })
    }
    fn new_subject<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move { new_part(work, draft).await })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            super::default_metadata(draft);
            let Some((license, policy)) = of_new(work, draft).await? else { return Ok(()) };
            let fingerprint = draft.text("fingerprint").unwrap_or_default().to_owned();
            let failure = taken(work, &license, &policy, &fingerprint).await?;
            draft.failures.extend(failure);
            Ok(())
        })
    }
}

/// The facts about what belongs to a machine.
pub(crate) async fn part_of_machine(work: &mut Work, record: &Record) -> Outcome<Subject> {
    let missing = || Refusal::Broken(format!("a {} has no machine", record.resource.name));
    let machine = record.get("machine_id").as_id().ok_or_else(missing)?;
    let machine = work.need(Machine::RESOURCE, machine).await?;
    part(work, record, &machine).await
}

/// The facts about what is to belong to a machine. Whose it would be cannot be told when the machine does not exist.
pub(crate) async fn new_part(work: &mut Work, draft: &Draft) -> Outcome<Subject> {
    match draft.related("machine") {
        Some(machine) => part(work, &draft.record, machine).await,
        None => Ok(Subject::Within(draft.record.environment())),
    }
}

async fn part(work: &mut Work, record: &Record, machine: &Record) -> Outcome<Subject> {
    let license = work.need(License::RESOURCE, license_of(machine)?).await?;
    let on = on(work, machine, &license).await?;
    Ok(Subject::Machine(Box::new(OnMachine { environment: record.environment(), ..on })))
}

/// Copies what a new part of a machine has from it; gives the licence and its policy.
pub(crate) async fn of_new(work: &mut Work, draft: &mut Draft) -> Outcome<Option<(License, Policy)>> {
    let machine = draft.related("machine").filter(|_| draft.before.is_none()).cloned();
    let Some(machine) = machine else { return Ok(None) };
    for column in ["product_id", "license_id"] {
        draft.record.set(column, machine.get(column).clone());
    }
    let license: License = work.need(License::RESOURCE, license_of(&machine)?).await?.typed()?;
    let policy = work.need(Policy::RESOURCE, license.policy_id.into()).await?.typed()?;
    Ok(Some((license, policy)))
}
