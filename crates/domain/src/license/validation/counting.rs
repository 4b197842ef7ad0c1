//! Steps 16 and 18 to 25: users, machines, cores, memory, disk, processes.

use keyway_base::Timestamp;

use super::{Code, Facts, MachineFacts, Step, Validation, ValidationScope, machines as named, over};
use crate::license::limits::effective;
use crate::resources::{MachineLeasingStrategy, ProcessLeasingStrategy};

/// Step 16: owner and licensees.
pub(super) fn users(facts: &Facts<'_>) -> Step {
    let limit = effective(facts.license, facts.policy).users?;
    let count = facts.licensees.len() + usize::from(facts.owner.is_some());
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    over(facts, count, limit, Code::TooManyUsers, "has too many associated users")
}

/// Whether a machine is the scoped user's; without a user scope, whether it is nobody's.
fn leased_by(machine: &MachineFacts, scope: Option<&ValidationScope>) -> bool {
    match (scope.and_then(ValidationScope::user), &machine.owner) {
        (Some(user), Some(owner)) => owner.is(user),
        (None, None) => true,
        _ => false,
    }
}

/// Steps 18 to 25.
pub(super) fn machines(facts: &Facts<'_>, scope: Option<&ValidationScope>, now: Timestamp) -> Step {
    let limits = effective(facts.license, facts.policy);
    let floating = facts.policy.floating;
    let total = facts.machines.len();
    let per_user = facts.policy.machine_leasing_strategy == MachineLeasingStrategy::PerUser;
    let counted: Vec<&MachineFacts> =
        facts.machines.iter().filter(|machine| !per_user || leased_by(machine, scope)).collect();
    let count = i64::try_from(counted.len()).unwrap_or(i64::MAX);
    let sum = |part: fn(&MachineFacts) -> Option<i64>| {
        counted.iter().filter_map(|machine| part(machine)).fold(0_i64, i64::saturating_add)
    };
    if total == 0 {
        return Some(if floating {
            Validation::invalid(Code::NoMachines, "must have at least 1 associated machine")
        } else {
            Validation::invalid(Code::NoMachine, "must have exactly 1 associated machine")
        });
    }
    let machine_limit = if floating { limits.machines } else { Some(limits.machines.unwrap_or(1)) };
    let too_many_machines = || {
        let limit = machine_limit.filter(|_| total > 1)?;
        over(facts, count, limit, Code::TooManyMachines, "has too many associated machines")
    };
    let too_many = |limit: Option<i64>, sum: i64, code, text| over(facts, sum, limit?, code, text);
    too_many_machines()
        .or_else(|| {
            too_many(
                limits.cores,
                sum(|m| m.cores),
                Code::TooManyCores,
                "has too many associated machine cores",
            )
        })
        .or_else(|| {
            let text = "has too much associated machine memory";
            too_many(limits.memory, sum(|m| m.memory), Code::TooMuchMemory, text)
        })
        .or_else(|| {
            too_many(limits.disk, sum(|m| m.disk), Code::TooMuchDisk, "has too much associated machine disk")
        })
        .or_else(|| processes(facts, scope, now, limits.processes?))
}

/// Step 25. Per machine it needs to know which: without a machine or fingerprint scope it passes.
fn processes(facts: &Facts<'_>, scope: Option<&ValidationScope>, now: Timestamp, limit: i64) -> Step {
    let all = |counts: &mut dyn Iterator<Item = &MachineFacts>| {
        counts.map(|machine| machine.processes).fold(0_i64, i64::saturating_add)
    };
    let count = match facts.policy.process_leasing_strategy {
        ProcessLeasingStrategy::PerMachine => named::named(facts, scope?, now)?.processes,
        ProcessLeasingStrategy::PerLicense => all(&mut facts.machines.iter()),
        ProcessLeasingStrategy::PerUser => {
            all(&mut facts.machines.iter().filter(|machine| leased_by(machine, scope)))
        }
    };
    over(facts, count, limit, Code::TooManyProcesses, "has too many associated processes")
}
