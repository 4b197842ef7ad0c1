//! Machines (`licensing.md` §10.1).

use keyway_access::Action;
use keyway_base::UserId;
use keyway_domain::license::limits::effective;
use keyway_domain::machine::heartbeat::{Heartbeat, interval};
use keyway_domain::resources::{ExpirationBasis, HeartbeatBasis, License, Machine, Policy};
use keyway_jsonapi::document::{Extras, to_json};
use keyway_jsonapi::{Declared, Extra, Field, Intent, Record, Resource, Value};
use serde_json::json;

use super::license::attached_users;
use super::{activation, cascade, embedded_component, membership, token_counter};
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::interpreter::change;
use crate::licensing::expiry::started;
use crate::refusal::{Outcome, Refusal};
use crate::subject::{OnMachine, Subject};
use crate::work::Work;

/// The rules of machines.
pub(crate) struct Machines;

impl Hooks for Machines {
    fn resource(&self) -> &'static Resource {
        Machine::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::MachineList,
            show: Action::MachineShow,
            create: Action::MachineCreate,
            update: Action::MachineUpdate,
            delete: Action::MachineDelete,
        }
    }
    fn extra(&self, intent: Intent) -> Extra {
        match intent {
            Intent::Create => {
                Extra { many: vec![("components", embedded_component::schema())], ..Extra::default() }
            }
            Intent::Update => Extra::default(),
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let license = work.need(License::RESOURCE, license_of(record)?).await?;
            Ok(Subject::Machine(Box::new(on(work, record, &license).await?)))
        })
    }
    fn new_subject<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move {
            // Without a licence nobody can tell whose machine it would be.
            let Some(license) = draft.related("license") else {
                return Ok(Subject::Within(draft.record.environment()));
            };
            let with_components = !embedded_component::wanted(draft).is_empty();
            let on = on(work, &draft.record, license).await?;
            Ok(Subject::Machine(Box::new(OnMachine { with_components, ..on })))
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            super::default_metadata(draft);
            let license: License = match draft.related("license") {
                Some(license) => license.typed()?,
                None if draft.before.is_none() => return Ok(()),
                None => work.need(License::RESOURCE, license_of(&draft.record)?).await?.typed()?,
            };
            let policy: Policy = work.need(Policy::RESOURCE, license.policy_id.into()).await?.typed()?;
            if draft.before.is_none() {
                inherit(draft, &license, &policy, work);
                let of_owner = draft.related("owner").map(|owner| owner.get("group_id").clone());
                let groups = [license.group_id.into_value(), of_owner.unwrap_or(Value::Null)];
                membership::join(work, draft, &groups).await?;
                activation::check_new(work, draft, &license, &policy).await?;
                embedded_component::check(work, draft, &license, &policy).await?;
                token_counter::check(work, draft, token_counter::ACTIVATIONS).await?;
            }
            activation::check_capacity(work, draft, &license, &policy).await
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if draft.before.is_some() {
                return Ok(());
            }
            embedded_component::insert(work, draft).await?;
            token_counter::count(work, token_counter::ACTIVATIONS).await?;
            start_license(work, draft).await
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move {
            token_counter::refuse(work, token_counter::DEACTIVATIONS).await?;
            token_counter::count(work, token_counter::DEACTIVATIONS).await?;
            cascade::machine(work, record).await
        })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move { describe(work, records, shown).await })
    }
}

/// The licence of a machine, or of what belongs to one.
pub(crate) fn license_of(record: &Record) -> Outcome<keyway_base::RecordId> {
    let missing = || Refusal::Broken(format!("a {} has no licence", record.resource.name));
    record.get("license_id").as_id().ok_or_else(missing)
}

/// The facts about a machine of a licence.
pub(crate) async fn on(work: &mut Work, machine: &Record, license: &Record) -> Outcome<OnMachine> {
    let license: License = license.typed()?;
    let policy = work.need(Policy::RESOURCE, license.policy_id.into()).await?.typed()?;
    let users = attached_users(work, license.id).await?;
    let owner = machine.get("owner_id").as_id().map(UserId::from);
    Ok(OnMachine {
        environment: machine.environment(),
        owner,
        license,
        policy,
        users,
        with_components: false,
    })
}

/// What a new machine has from its licence, and its first heartbeat.
fn inherit(draft: &mut Draft, license: &License, policy: &Policy, work: &Work) {
    draft.record.set("product_id", license.product_id.into_value());
    if policy.heartbeat_basis == HeartbeatBasis::Creation {
        draft.record.set("last_heartbeat_at", Value::Time(work.now()));
    }
}

/// The first activation starts the time of a licence that counts from it.
async fn start_license(work: &mut Work, draft: &Draft) -> Outcome<()> {
    let Some(before) = draft.related("license") else { return Ok(()) };
    let license: License = before.typed()?;
    if license.expiry.is_some() {
        return Ok(());
    }
    let policy: Policy = work.need(Policy::RESOURCE, license.policy_id.into()).await?.typed()?;
    let Some(expiry) = started(license.expiry, &policy, ExpirationBasis::FirstActivation, work.now()) else {
        return Ok(());
    };
    let mut after = before.clone();
    after.set("expiry", Value::Time(expiry));
    change(work, before, &mut after).await
}

/// What a record that is of a licence shows of it and its policy.
pub(crate) type Shown = fn(&Record, &License, &Policy, &Call) -> Outcome<Extras>;

/// What a page of machines, or of what belongs to machines, shows, with one query for each kind of related record.
pub(crate) async fn describe(work: &mut Work, records: &[Record], shown: Shown) -> Outcome<Vec<Extras>> {
    let ids = |column: &'static str| records.iter().filter_map(move |record| record.get(column).as_id());
    let licenses = work.all_of(License::RESOURCE, ids("license_id")).await?;
    let of_licenses = licenses.iter().filter_map(|license| license.get("policy_id").as_id());
    let policies = work.all_of(Policy::RESOURCE, of_licenses).await?;
    let mut all = Vec::with_capacity(records.len());
    for record in records {
        let of = |all: &[Record], id| all.iter().find(|record| record.id() == id).cloned();
        let lost = || Refusal::Broken(format!("a {} has no licence or policy", record.resource.name));
        let license: License = of(&licenses, license_of(record)?).ok_or_else(lost)?.typed()?;
        let policy: Policy = of(&policies, license.policy_id.into()).ok_or_else(lost)?.typed()?;
        all.push(shown(record, &license, &policy, &work.call)?);
    }
    Ok(all)
}

/// What is read through licence and policy.
pub(crate) fn shown(record: &Record, license: &License, policy: &Policy, call: &Call) -> Outcome<Extras> {
    let machine: Machine = record.typed()?;
    let heartbeat = Heartbeat::of_machine(&machine, policy);
    let mut extras = Extras::default();
    let required = policy.require_heartbeat || machine.last_heartbeat_at.is_some();
    extras.attribute("require_heartbeat", required);
    extras.attribute("heartbeat_status", heartbeat.status(call.now).as_str());
    extras.attribute("heartbeat_duration", interval(policy));
    extras.attribute("next_heartbeat", to_json(&heartbeat.next().into_value()));
    extras.attribute("max_processes", effective(license, policy).processes);
    if call.version.is_without_machine_owners() {
        extras.former = license.owner_id.map(|owner| json!({ "type": "users", "id": owner.to_string() }));
    }
    Ok(extras)
}
