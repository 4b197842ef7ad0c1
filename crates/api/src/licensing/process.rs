//! Processes of machines (`licensing.md` §10.4).

use keyway_access::Action;
use keyway_domain::machine::heartbeat::{Heartbeat, interval};
use keyway_domain::machine::processes::{counted_with, excess};
use keyway_domain::resources::{License, Machine, Policy, Process};
use keyway_jsonapi::document::{Extras, to_json};
use keyway_jsonapi::{Declared, Failure, Field, Invalid, Record, Resource, Scope, Value};

use super::component::{new_part, of_new, part_of_machine};
use super::machine::describe;
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of processes.
pub(crate) struct Processes;

impl Hooks for Processes {
    fn resource(&self) -> &'static Resource {
        Process::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ProcessList,
            show: Action::ProcessShow,
            create: Action::ProcessCreate,
            update: Action::ProcessUpdate,
            delete: Action::ProcessDelete,
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
            draft.record.set("last_heartbeat_at", Value::Time(work.now()));
            check(work, draft, &license, &policy).await
        })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move { describe(work, records, shown).await })
    }
}

/// Whether a new process has an id of its own on its machine, and there is room for it. Takes the licence's lock, under
/// which processes are counted.
async fn check(work: &mut Work, draft: &mut Draft, license: &License, policy: &Policy) -> Outcome<()> {
    let Some(machine) = draft.related("machine") else { return Ok(()) };
    let machine: Machine = machine.typed()?;
    work.lock_license(license.id).await?;
    if let Some(pid) = draft.text("pid") {
        let named = Scope::id("machine_id", machine.id).and(Scope::text("pid", pid));
        if work.any(Process::RESOURCE, &named).await? {
            draft.fail(Invalid::taken("pid"));
        }
    }
    let others = work.count(Process::RESOURCE, &counted_with(&machine, policy)).await?;
    if let Some(detail) = excess(license, policy, i64::try_from(others).unwrap_or(i64::MAX)) {
        draft.fail(Invalid::base("machine_process", Failure::Kind("LIMIT_EXCEEDED"), detail));
    }
    Ok(())
}

/// What is read through licence and policy.
pub(crate) fn shown(record: &Record, _: &License, policy: &Policy, call: &Call) -> Outcome<Extras> {
    let heartbeat = Heartbeat::of_process(&record.typed()?, policy);
    let mut extras = Extras::default();
    extras.attribute("status", heartbeat.status(call.now).as_str());
    extras.attribute("interval", interval(policy));
    extras.attribute("next_heartbeat", to_json(&heartbeat.next().into_value()));
    Ok(extras)
}
