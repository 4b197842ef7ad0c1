//! Steps 16 and 18 to 25: users, machines, cores, memory, disk, processes.

use keyway_base::Timestamp;

use super::{Code, Counts, Facts, Step, Validation, ValidationScope, machines as named, over};
use crate::license::limits::effective;
use crate::resources::ProcessLeasingStrategy;

/// Step 16: owner and licensees.
pub(super) fn users(facts: &Facts<'_>) -> Step {
    let limit = effective(facts.license, facts.policy).users?;
    let count = facts.licensees.len() + usize::from(facts.owner.is_some());
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    over(facts, count, limit, Code::TooManyUsers, "has too many associated users")
}

/// Steps 18 to 25.
pub(super) fn machines(facts: &Facts<'_>, scope: Option<&ValidationScope>, now: Timestamp) -> Step {
    let limits = effective(facts.license, facts.policy);
    let floating = facts.policy.floating;
    let Counts { total, counted, .. } = facts.counts;
    if total == 0 {
        return Some(if floating {
            Validation::invalid(Code::NoMachines, "must have at least 1 associated machine")
        } else {
            Validation::invalid(Code::NoMachine, "must have exactly 1 associated machine")
        });
    }
    let machines = if floating { limits.machines } else { Some(limits.machines.unwrap_or(1)) };
    let rows = [
        (
            machines.filter(|_| total > 1),
            counted.count,
            Code::TooManyMachines,
            "has too many associated machines",
        ),
        (limits.cores, counted.cores, Code::TooManyCores, "has too many associated machine cores"),
        (limits.memory, counted.memory, Code::TooMuchMemory, "has too much associated machine memory"),
        (limits.disk, counted.disk, Code::TooMuchDisk, "has too much associated machine disk"),
    ];
    let excess =
        rows.into_iter().find_map(|(limit, count, code, text)| over(facts, count, limit?, code, text));
    excess.or_else(|| processes(facts, scope, now, limits.processes?))
}

/// Step 25. Per machine it needs to know which: without a machine or fingerprint scope it passes.
fn processes(facts: &Facts<'_>, scope: Option<&ValidationScope>, now: Timestamp, limit: i64) -> Step {
    let count = match facts.policy.process_leasing_strategy {
        ProcessLeasingStrategy::PerMachine => named::named(facts, scope?, now)?.processes,
        ProcessLeasingStrategy::PerLicense | ProcessLeasingStrategy::PerUser => facts.counts.processes,
    };
    over(facts, count, limit, Code::TooManyProcesses, "has too many associated processes")
}
