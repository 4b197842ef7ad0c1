//! The machines that validation looks at: those that the scope names, with their owners and components, and what all of
//! them come to. A licence may have very many, so no others are read.

use std::collections::HashMap;

use keyway_base::RecordId;
use keyway_domain::license::limits::{Limits, effective};
use keyway_domain::license::validation::{
    ComponentFacts, Counts, Leased, MachineFacts, Person, ValidationScope,
};
use keyway_domain::resources::{Component, License, Machine, Policy, Process, ProcessLeasingStrategy, User};
use keyway_jsonapi::{Declared, Record, Scope, Value};

use super::validation_facts::person;
use crate::licensing::activation::load;
use crate::refusal::Outcome;
use crate::work::Work;

/// What is known of a licence's machines.
#[derive(Default)]
pub(super) struct Fleet {
    /// Those that the scope names, oldest first.
    pub(super) named: Vec<MachineFacts>,
    /// Whether there is any.
    pub(super) is_activated: bool,
    /// What they come to, where the policy is strict.
    pub(super) counts: Counts,
}

impl Fleet {
    /// Reads what a validation of the licence needs.
    pub(super) async fn of(
        work: &mut Work,
        (license, policy): (&License, &Policy),
        people: &[&Person],
        scope: Option<&ValidationScope>,
    ) -> Outcome<Self> {
        let of_license = Scope::id("license_id", license.id);
        let named = match scope.filter(|scope| scope.names_machines()) {
            Some(scope) => Some(named(work, &of_license, scope).await?),
            None => None,
        };
        let is_activated = match &named {
            Some(named) => !named.is_empty() || work.any(Machine::RESOURCE, &of_license).await?,
            None => false,
        };
        let named = named.unwrap_or_default();
        let limits = effective(license, policy);
        let by_machine = policy.process_leasing_strategy == ProcessLeasingStrategy::PerMachine;
        let processes = match policy.strict && by_machine && limits.processes.is_some() {
            true => processes_of(work, &named).await?,
            false => HashMap::new(),
        };
        let counts = match policy.strict {
            true => counts(work, &of_license, (policy, limits), (people, scope)).await?,
            false => Counts::default(),
        };
        let named = facts(work, &named, &processes, scope).await?;
        Ok(Self { named, is_activated, counts })
    }
}

/// The machines that a scope names by id and fingerprints, each once, oldest first.
async fn named(work: &mut Work, of_license: &Scope, scope: &ValidationScope) -> Outcome<Vec<Record>> {
    let mut found = Vec::new();
    if let Some(fingerprints) = scope.fingerprints().filter(|texts| !texts.is_empty()) {
        let these = fingerprints.into_iter().map(|text| Value::Text(text.to_owned())).collect();
        let these = of_license.clone().and(Scope::In("fingerprint", these));
        found = work.all(Machine::RESOURCE, &these).await?;
    }
    let id = scope.machine.as_deref().and_then(|text| text.parse::<RecordId>().ok());
    if let Some(id) = id.filter(|id| found.iter().all(|machine| machine.id() != *id)) {
        found.extend(work.find(Machine::RESOURCE, &of_license.clone().and(Scope::id("id", id))).await?);
        found.sort_by_key(|machine| (machine.get("created_at").as_time(), machine.id()));
    }
    Ok(found)
}

/// How many processes each of some machines runs.
async fn processes_of(work: &mut Work, machines: &[Record]) -> Outcome<HashMap<RecordId, i64>> {
    let these = Scope::In("machine_id", machines.iter().map(|machine| Value::Id(machine.id())).collect());
    let tallies = work.tally(Process::RESOURCE, &these, "machine_id", &[]).await?;
    Ok(tallies.into_iter().map(|tally| (tally.of, tally.count)).collect())
}

/// What all machines of a licence come to, as far as it is limited.
async fn counts(
    work: &mut Work,
    of_license: &Scope,
    (policy, limits): (&Policy, Limits),
    (people, scope): (&[&Person], Option<&ValidationScope>),
) -> Outcome<Counts> {
    let leased = Leased::machines(policy, people.iter().copied(), scope);
    let counted = load(work, &of_license.clone().and(leased.scope())).await?;
    let total = match leased {
        Leased::All => counted.count,
        _ => i64::try_from(work.count(Machine::RESOURCE, of_license).await?).unwrap_or(i64::MAX),
    };
    let leased = Leased::processes(policy, people.iter().copied(), scope);
    let processes = match limits.processes {
        Some(_) if leased != Leased::OfMachine => {
            let on_these = match leased.scope() {
                Scope::All => Scope::All,
                machines => Scope::belongs(Machine::RESOURCE.table, "machine_id", machines),
            };
            let running = work.count(Process::RESOURCE, &of_license.clone().and(on_these)).await?;
            i64::try_from(running).unwrap_or(i64::MAX)
        }
        _ => 0,
    };
    Ok(Counts { total, counted, processes })
}

/// The machines with what belongs to each.
async fn facts(
    work: &mut Work,
    machines: &[Record],
    processes: &HashMap<RecordId, i64>,
    scope: Option<&ValidationScope>,
) -> Outcome<Vec<MachineFacts>> {
    let owners = machines.iter().filter_map(|machine| machine.get("owner_id").as_id());
    let owners = work.all_of(User::RESOURCE, owners).await?;
    let owners: HashMap<RecordId, Person> = owners.iter().map(|user| (user.id(), person(user))).collect();
    let mut all = Vec::with_capacity(machines.len());
    for record in machines {
        let machine: Machine = record.typed()?;
        let asks = scope.is_some_and(|scope| {
            scope.components.is_some() && scope.fingerprint.as_deref() == Some(machine.fingerprint.as_str())
        });
        all.push(MachineFacts {
            id: machine.id,
            owner: machine.owner_id.and_then(|id| owners.get(&id.into()).cloned()),
            created: machine.created_at,
            last_heartbeat: machine.last_heartbeat_at,
            processes: processes.get(&machine.id).copied().unwrap_or(0),
            components: if asks { components_of(work, machine.id).await? } else { Vec::new() },
            fingerprint: machine.fingerprint,
        });
    }
    Ok(all)
}

async fn components_of(work: &mut Work, machine: RecordId) -> Outcome<Vec<ComponentFacts>> {
    let components = work.all(Component::RESOURCE, &Scope::id("machine_id", machine)).await?;
    let fingerprint = |of: &Record| of.get("fingerprint").as_text().unwrap_or_default().to_owned();
    Ok(components.iter().map(|of| ComponentFacts { fingerprint: fingerprint(of) }).collect())
}
