//! Steps 16 and 18 to 25: limits on users, machines, cores, memory, disk and processes.

use super::{Code, Facts, Finding, Machine, Scopes, Step, invalid, machines as named};
use crate::license::limits::{Limits, tolerates};
use crate::resources::{MachineLeasingStrategy, OverageStrategy, ProcessLeasingStrategy};

/// Step 16: the owner and the licensees.
pub(super) fn users(facts: &Facts<'_>) -> Step {
    let count = count(facts.users.iter()) + i64::from(facts.owner.is_some());
    let limit = Limits::of(facts.license, facts.policy).users;
    within(facts, count, limit, Code::TooManyUsers, "has too many associated users")
}

/// Steps 18 to 25, for strict policies.
pub(super) fn machines(facts: &Facts<'_>, scopes: Option<&Scopes>) -> Step {
    let limits = Limits::of(facts.license, facts.policy);
    let leased = leased(facts, scopes);
    if facts.policy.floating {
        floating(facts, &leased, limits.machines)?;
    } else {
        node_locked(facts, &leased, limits.machines)?;
    }
    let sum = |of: fn(&Machine<'_>) -> i64| leased.iter().fold(0_i64, |sum, machine| sum.saturating_add(of(machine)));
    let cores = "has too many associated machine cores";
    within(facts, sum(|machine| machine.cores), limits.cores, Code::TooManyCores, cores)?;
    let memory = "has too much associated machine memory";
    within(facts, sum(|machine| machine.memory), limits.memory, Code::TooMuchMemory, memory)?;
    let disk = "has too much associated machine disk";
    within(facts, sum(|machine| machine.disk), limits.disk, Code::TooMuchDisk, disk)?;
    let Some(processes) = processes(facts, scopes) else { return Ok(()) };
    within(facts, processes, limits.processes, Code::TooManyProcesses, "has too many associated processes")
}

fn node_locked(facts: &Facts<'_>, leased: &[&Machine<'_>], limit: Option<i64>) -> Step {
    if facts.machines.is_empty() {
        return Err(invalid(Code::NoMachine, "must have exactly 1 associated machine"));
    }
    let (count, limit) = (count(leased), limit.unwrap_or(1));
    if facts.machines.len() <= 1 || count <= limit {
        return Ok(());
    }
    let strategy = facts.policy.overage_strategy;
    let strategy = match strategy {
        OverageStrategy::Always | OverageStrategy::Double => strategy,
        _ => OverageStrategy::None,
    };
    Err(Finding { valid: tolerates(strategy, count, limit), ..invalid(Code::TooManyMachines, TOO_MANY_MACHINES) })
}

fn floating(facts: &Facts<'_>, leased: &[&Machine<'_>], limit: Option<i64>) -> Step {
    if facts.machines.is_empty() {
        return Err(invalid(Code::NoMachines, "must have at least 1 associated machine"));
    }
    let limit = limit.filter(|_| facts.machines.len() > 1);
    within(facts, count(leased), limit, Code::TooManyMachines, TOO_MANY_MACHINES)
}

const TOO_MANY_MACHINES: &str = "has too many associated machines";

/// The machines that count: all, or under PER_USER those of the user in scope (un-owned ones without).
fn leased<'a>(facts: &Facts<'a>, scopes: Option<&Scopes>) -> Vec<&'a Machine<'a>> {
    let per_user = facts.policy.machine_leasing_strategy == MachineLeasingStrategy::PerUser;
    facts.machines.iter().filter(|machine| !per_user || is_of_user(machine, scopes)).collect()
}

fn is_of_user(machine: &Machine<'_>, scopes: Option<&Scopes>) -> bool {
    let user = scopes.and_then(|scopes| scopes.user.as_ref()).and_then(Option::as_deref);
    match (user, &machine.owner) {
        (None, owner) => owner.is_none(),
        (Some(text), Some(owner)) => owner.is_named(text),
        (Some(_), None) => false,
    }
}

/// How many processes count; `None` under PER_MACHINE when no machine is named (`licensing.md` §17.7).
fn processes(facts: &Facts<'_>, scopes: Option<&Scopes>) -> Option<i64> {
    let sum = |machines: &mut dyn Iterator<Item = &Machine<'_>>| {
        machines.fold(0_i64, |sum, machine| sum.saturating_add(machine.processes))
    };
    match facts.policy.process_leasing_strategy {
        ProcessLeasingStrategy::PerLicense => Some(sum(&mut facts.machines.iter())),
        ProcessLeasingStrategy::PerUser => {
            Some(sum(&mut facts.machines.iter().filter(|machine| is_of_user(machine, scopes))))
        }
        ProcessLeasingStrategy::PerMachine => {
            let scopes = scopes?;
            let by_fingerprint =
                named::asked_fingerprints(scopes).and_then(|asked| named::alive(facts, &asked).first().copied());
            let by_id = || scopes.machine.as_ref().and_then(|id| named::named(facts, id));
            by_fingerprint.or_else(by_id).map(|machine| machine.processes)
        }
    }
}

/// A count above a limit is a finding; valid when the policy tolerates it.
fn within(facts: &Facts<'_>, count: i64, limit: Option<i64>, code: Code, detail: &str) -> Step {
    match limit {
        Some(limit) if count > limit => {
            let valid = tolerates(facts.policy.overage_strategy, count, limit);
            Err(Finding { valid, ..invalid(code, detail) })
        }
        _ => Ok(()),
    }
}

fn count<T>(of: impl IntoIterator<Item = T>) -> i64 {
    i64::try_from(of.into_iter().count()).unwrap_or(i64::MAX)
}
