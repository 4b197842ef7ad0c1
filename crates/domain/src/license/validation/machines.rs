//! Steps 11 to 13: is the machine in question one of the licence's, and alive?

use keyway_base::Timestamp;

use super::scopes::required;
use super::{Code, Facts, MachineFacts, Step, Validation, ValidationScope};
use crate::machine::heartbeat::HeartbeatStatus;
use crate::resources::MatchingStrategy;

/// The code and words for a licence without any machine.
fn none_activated(facts: &Facts<'_>, what: &str) -> Validation {
    if facts.policy.floating {
        Validation::invalid(Code::NoMachines, format!("{what} is not activated (has no associated machines)"))
    } else {
        Validation::invalid(Code::NoMachine, format!("{what} is not activated (has no associated machine)"))
    }
}

/// Whether a scope names a user other than the machine's owner, or nobody; machines without one are anybody's.
fn belongs_to_another(machine: &MachineFacts, scope: &ValidationScope) -> bool {
    match (&scope.user, &machine.owner) {
        (Some(user), Some(owner)) => !user.as_deref().is_some_and(|user| owner.is(user)),
        _ => false,
    }
}

fn another_user() -> Validation {
    Validation::invalid(Code::UserScopeMismatch, "user scope does not match")
}

/// Step 11.
pub(super) fn machine(facts: &Facts<'_>, scope: &ValidationScope, now: Timestamp) -> Step {
    let Some(id) = &scope.machine else {
        return required(facts.policy.require_machine_scope, Code::MachineScopeRequired, "machine");
    };
    if !facts.is_activated {
        return Some(none_activated(facts, "machine"));
    }
    let Some(machine) = facts.machines.iter().find(|machine| id.parse() == Ok(machine.id)) else {
        let text = "machine is not activated (does not match any associated machines)";
        return Some(Validation::invalid(Code::MachineScopeMismatch, text));
    };
    let heartbeat = machine.heartbeat(facts.policy, now);
    match () {
        () if belongs_to_another(machine, scope) => Some(another_user()),
        () if facts.policy.require_heartbeat && heartbeat == HeartbeatStatus::NotStarted => {
            Some(Validation::invalid(Code::HeartbeatNotStarted, "machine heartbeat is required"))
        }
        () if heartbeat == HeartbeatStatus::Dead => {
            Some(Validation::invalid(Code::HeartbeatDead, "machine heartbeat is dead"))
        }
        () => None,
    }
}

/// The machines whose fingerprints are in question, with their heartbeats.
fn matching<'f>(
    facts: &Facts<'f>,
    wanted: &[&str],
    now: Timestamp,
) -> Vec<(&'f MachineFacts, HeartbeatStatus)> {
    let known = facts.machines.iter().filter(|machine| wanted.contains(&machine.fingerprint.as_str()));
    known.map(|machine| (machine, machine.heartbeat(facts.policy, now))).collect()
}

/// How many of `total` must match.
fn needed(strategy: MatchingStrategy, total: usize) -> usize {
    match strategy {
        MatchingStrategy::Any => 1,
        MatchingStrategy::Two => 2,
        MatchingStrategy::Most => total.div_ceil(2),
        MatchingStrategy::All => total,
    }
}

/// What too few matches are called.
fn too_few(strategy: MatchingStrategy, what: &str, of: &str) -> String {
    let how = match strategy {
        MatchingStrategy::Any => "any",
        MatchingStrategy::Two => "at least 2",
        MatchingStrategy::Most => "enough",
        MatchingStrategy::All => "all",
    };
    format!("one or more {what} is not activated (does not match {how} associated {of})")
}

/// Step 12.
pub(super) fn fingerprints(facts: &Facts<'_>, scope: &ValidationScope, now: Timestamp) -> Step {
    let Some(wanted) = scope.fingerprints() else {
        return required(
            facts.policy.require_fingerprint_scope,
            Code::FingerprintScopeRequired,
            "fingerprint",
        );
    };
    if wanted.is_empty() {
        return Some(Validation::invalid(Code::FingerprintScopeEmpty, "fingerprint scope is empty"));
    }
    if !facts.is_activated {
        return Some(none_activated(facts, "fingerprint"));
    }
    let (dead, alive): (Vec<_>, Vec<_>) = matching(facts, &wanted, now)
        .into_iter()
        .partition(|(_, heartbeat)| *heartbeat == HeartbeatStatus::Dead);
    if dead.len() == wanted.len() {
        return Some(Validation::invalid(Code::HeartbeatDead, "machine heartbeat is dead"));
    }
    let strategy = facts.policy.machine_matching_strategy;
    let single = wanted.len() == 1;
    if alive.len() < if single { 1 } else { needed(strategy, wanted.len()) } {
        let text = if single {
            "fingerprint is not activated (does not match any associated machines)".to_owned()
        } else {
            too_few(strategy, "fingerprint", "machines")
        };
        return Some(Validation::invalid(Code::FingerprintScopeMismatch, text));
    }
    if alive.iter().any(|(machine, _)| belongs_to_another(machine, scope)) {
        return Some(another_user());
    }
    let waiting = alive.iter().any(|(_, heartbeat)| *heartbeat == HeartbeatStatus::NotStarted);
    (facts.policy.require_heartbeat && waiting)
        .then(|| Validation::invalid(Code::HeartbeatNotStarted, "machine heartbeat is required"))
}

/// Step 13.
pub(super) fn components(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    let Some(wanted) = &scope.components else {
        return required(facts.policy.require_components_scope, Code::ComponentsScopeRequired, "components");
    };
    let Some(fingerprint) = &scope.fingerprint else {
        return required(true, Code::FingerprintScopeRequired, "fingerprint");
    };
    if wanted.is_empty() {
        return Some(Validation::invalid(Code::ComponentsScopeEmpty, "components scope is empty"));
    }
    let machine = facts.machines.iter().find(|machine| machine.fingerprint == *fingerprint);
    let components = machine.map_or(&[][..], |machine| &machine.components);
    let mut distinct: Vec<&String> = wanted.iter().collect();
    distinct.sort();
    distinct.dedup();
    let found =
        distinct.iter().filter(|text| components.iter().any(|known| known.fingerprint == ***text)).count();
    let strategy = facts.policy.component_matching_strategy;
    (found < needed(strategy, distinct.len())).then(|| {
        Validation::invalid(Code::ComponentsScopeMismatch, too_few(strategy, "component", "components"))
    })
}

/// An alive machine that the scope names, for the rules that look at one machine.
pub(super) fn named<'f>(
    facts: &Facts<'f>,
    scope: &ValidationScope,
    now: Timestamp,
) -> Option<&'f MachineFacts> {
    let by_fingerprint = scope.fingerprints().unwrap_or_default();
    facts.machines.iter().find(|machine| {
        let is_named = by_fingerprint.contains(&machine.fingerprint.as_str())
            || scope.machine.as_ref().is_some_and(|id| id.parse() == Ok(machine.id));
        is_named && machine.heartbeat(facts.policy, now) != HeartbeatStatus::Dead
    })
}
