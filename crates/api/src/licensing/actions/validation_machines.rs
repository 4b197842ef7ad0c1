//! The machines that validation looks at, with their owners and components.

use keyway_base::RecordId;
use keyway_domain::license::limits::effective;
use keyway_domain::license::validation::{ComponentFacts, MachineFacts, ValidationScope};
use keyway_domain::resources::{Component, License, Machine, Policy, Process, User};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Tally;

use super::validation_facts::person;
use crate::refusal::Outcome;
use crate::work::Work;

/// The machines of a licence. Their components are looked for where the scope names some, their processes where there
/// is a limit to them.
pub(super) async fn machines(
    work: &mut Work,
    license: &License,
    policy: &Policy,
    scope: Option<&ValidationScope>,
) -> Outcome<Vec<MachineFacts>> {
    let of_license = Scope::id("license_id", license.id);
    let records = work.all(Machine::RESOURCE, &of_license).await?;
    let owners = records.iter().filter_map(|machine| machine.get("owner_id").as_id());
    let owners = work.all_of(User::RESOURCE, owners).await?;
    let named = scope.filter(|scope| scope.components.is_some());
    let components = match named.and_then(|scope| scope.fingerprint.as_deref()) {
        Some(fingerprint) => {
            let of_machine =
                Scope::belongs("machines", "machine_id", Scope::text("fingerprint", fingerprint));
            work.all(Component::RESOURCE, &of_license.clone().and(of_machine)).await?
        }
        None => Vec::new(),
    };
    let processes = match effective(license, policy).processes {
        Some(_) => work.tally(Process::RESOURCE, &of_license, "machine_id", &[]).await?,
        None => Vec::new(),
    };
    records.iter().map(|machine| facts(machine, &owners, &components, &processes)).collect()
}

/// What validation looks at of a machine.
pub(super) fn facts(
    record: &Record,
    owners: &[Record],
    components: &[Record],
    processes: &[Tally],
) -> Outcome<MachineFacts> {
    let machine: Machine = record.typed()?;
    let owner = machine.owner_id.map(RecordId::from);
    let owner = owner.and_then(|id| owners.iter().find(|user| user.id() == id));
    let of_it = components.iter().filter(|of| of.get("machine_id").as_id() == Some(machine.id));
    let fingerprint = |of: &Record| of.get("fingerprint").as_text().unwrap_or_default().to_owned();
    Ok(MachineFacts {
        id: machine.id,
        fingerprint: machine.fingerprint,
        owner: owner.map(person),
        cores: machine.cores,
        memory: machine.memory,
        disk: machine.disk,
        created: machine.created_at,
        last_heartbeat: machine.last_heartbeat_at,
        processes: processes.iter().find(|tally| tally.of == machine.id).map_or(0, |tally| tally.count),
        components: of_it.map(|of| ComponentFacts { fingerprint: fingerprint(of) }).collect(),
    })
}
