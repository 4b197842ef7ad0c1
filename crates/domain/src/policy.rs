//! The rules that policies keep across their attributes (`licensing.md` §7).

mod defaults;

use keyway_jsonapi::{Failure, Invalid};

use crate::pin::constraint_failure;
use crate::resources::{
    HeartbeatCullStrategy, HeartbeatResurrectionStrategy, OverageStrategy, Policy, Scheme,
};

pub use defaults::set_defaults;

/// Everything that is wrong with a policy, in the order in which it is reported. Ranges and lists of single
/// attributes are checked before, from their declarations.
pub fn failures(policy: &Policy) -> Vec<Invalid> {
    let rules = [pool, scheme, machines, overage, check_in, heartbeat, pin];
    rules.iter().filter_map(|rule| rule(policy)).collect()
}

fn invalid(name: &'static str, kind: &'static str, detail: &str) -> Option<Invalid> {
    Some(Invalid::attribute(name, Failure::Kind(kind), detail))
}

/// Pool keys are neither encrypted nor signed.
fn pool(policy: &Policy) -> Option<Invalid> {
    match policy {
        Policy { use_pool: true, encrypted: true, .. } => {
            invalid("encrypted", "NOT_SUPPORTED", "cannot be encrypted and use a pool")
        }
        Policy { use_pool: true, scheme: Some(_), .. } => {
            invalid("scheme", "NOT_SUPPORTED", "cannot use a scheme and use a pool")
        }
        _ => None,
    }
}

/// LEGACY_ENCRYPT and `encrypted` go together, and only together.
fn scheme(policy: &Policy) -> Option<Invalid> {
    if policy.use_pool {
        return None;
    }
    match (policy.encrypted, policy.scheme) {
        (false, Some(Scheme::LegacyEncrypt)) => {
            invalid("scheme", "INVALID", "must be encrypted when using LEGACY_ENCRYPT scheme")
        }
        (true, Some(scheme)) if scheme != Scheme::LegacyEncrypt => Some(Invalid::attribute(
            "scheme",
            Failure::Inclusion,
            "unsupported encryption scheme (scheme must be LEGACY_ENCRYPT for legacy encrypted policies)",
        )),
        _ => None,
    }
}

/// A node-locked policy has exactly one machine.
fn machines(policy: &Policy) -> Option<Invalid> {
    let too_many = !policy.floating && policy.max_machines.is_some_and(|max| max != 1);
    let detail = "must be equal to 1 for non-floating policy";
    too_many.then(|| Invalid::attribute("max_machines", Failure::Comparison, detail))
}

/// Fractions of a limit need a limit they divide, and more than one machine.
fn overage(policy: &Policy) -> Option<Invalid> {
    let (divisor, name) = match policy.overage_strategy {
        OverageStrategy::OneQuarter => (4, "1.25x"),
        OverageStrategy::OneHalf => (2, "1.5x"),
        _ => return None,
    };
    let refused = |detail: String| Some(Invalid::attribute("overage_strategy", Failure::Inclusion, detail));
    if !policy.floating {
        return refused(format!(
            "incompatible {name} overage strategy (cannot be used for node-locked policies)"
        ));
    }
    let limits = [
        ("machines", policy.max_machines),
        ("cores", policy.max_cores),
        ("memory", policy.max_memory),
        ("disk", policy.max_disk),
        ("processes", policy.max_processes),
        ("users", policy.max_users),
    ];
    let uneven = limits.into_iter().find(|(_, limit)| limit.is_some_and(|limit| limit % divisor != 0));
    uneven.and_then(|(what, _)| {
        refused(format!("incompatible {name} overage strategy (max {what} must be divisible by {divisor})"))
    })
}

/// A required check-in needs an interval and a count.
fn check_in(policy: &Policy) -> Option<Invalid> {
    if !policy.require_check_in {
        return None;
    }
    if policy.check_in_interval.is_none() {
        let detail = "must be one of: day, week, month, year";
        return Some(Invalid::attribute("check_in_interval", Failure::Inclusion, detail));
    }
    let in_range = policy.check_in_interval_count.is_some_and(|count| (1..=365).contains(&count));
    let detail = "must be a number between 1 and 365 inclusive";
    (!in_range).then(|| Invalid::attribute("check_in_interval_count", Failure::Inclusion, detail))
}

/// Updates are held to a range of versions that can be read.
fn pin(policy: &Policy) -> Option<Invalid> {
    policy.pinned_constraint.as_deref().and_then(constraint_failure)
}

/// Only the dead that are kept can always be revived.
fn heartbeat(policy: &Policy) -> Option<Invalid> {
    let always = policy.heartbeat_resurrection_strategy == HeartbeatResurrectionStrategy::Always;
    let kept = policy.heartbeat_cull_strategy == HeartbeatCullStrategy::Keep;
    let detail = "incompatible heartbeat cull strategy (must be KEEP_DEAD when resurrection strategy is ALWAYS_REVIVE)";
    (always && !kept)
        .then(|| Invalid::attribute("heartbeat_resurrection_strategy", Failure::Inclusion, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::policy;
    use crate::resources::CheckInInterval;
    use keyway_base::Timestamp;

    fn codes(change: impl FnOnce(&mut Policy)) -> Vec<String> {
        let mut policy = Policy { floating: false, ..policy(Timestamp::from_micros(0)) };
        change(&mut policy);
        failures(&policy).iter().map(|invalid| invalid.code().into_owned()).collect()
    }

    #[test]
    fn a_plain_policy_is_good() {
        assert!(codes(|_| {}).is_empty());
    }

    #[test]
    fn the_cross_rules_of_the_specification() {
        assert_eq!(codes(|p| (p.use_pool, p.encrypted) = (true, true)), ["ENCRYPTED_NOT_SUPPORTED"]);
        assert_eq!(
            codes(|p| (p.use_pool, p.scheme) = (true, Some(Scheme::Ed25519Sign))),
            ["SCHEME_NOT_SUPPORTED"]
        );
        assert_eq!(codes(|p| p.scheme = Some(Scheme::LegacyEncrypt)), ["SCHEME_INVALID"]);
        assert_eq!(codes(|p| (p.encrypted, p.scheme) = (true, Some(Scheme::RsaJwt))), ["SCHEME_NOT_ALLOWED"]);
        assert_eq!(codes(|p| p.max_machines = Some(2)), ["MAX_MACHINES_INVALID"]);
        assert_eq!(codes(|p| p.require_check_in = true), ["CHECK_IN_INTERVAL_NOT_ALLOWED"]);
        let no_count =
            |p: &mut Policy| (p.require_check_in, p.check_in_interval) = (true, Some(CheckInInterval::Day));
        assert_eq!(codes(no_count), ["CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED"]);
        let revive =
            |p: &mut Policy| p.heartbeat_resurrection_strategy = HeartbeatResurrectionStrategy::Always;
        assert_eq!(codes(revive), ["HEARTBEAT_RESURRECTION_STRATEGY_NOT_ALLOWED"]);
    }

    #[test]
    fn fractional_overage_needs_floating_and_divisible_limits() {
        let overage = |strategy, floating, max| {
            codes(|p| (p.overage_strategy, p.floating, p.max_machines) = (strategy, floating, max))
        };
        assert_eq!(overage(OverageStrategy::OneQuarter, false, None), ["OVERAGE_STRATEGY_NOT_ALLOWED"]);
        assert_eq!(overage(OverageStrategy::OneQuarter, true, Some(6)), ["OVERAGE_STRATEGY_NOT_ALLOWED"]);
        assert!(overage(OverageStrategy::OneQuarter, true, Some(8)).is_empty());
        assert!(overage(OverageStrategy::OneHalf, true, Some(6)).is_empty());
        assert_eq!(overage(OverageStrategy::OneHalf, true, Some(5)), ["OVERAGE_STRATEGY_NOT_ALLOWED"]);
    }
}
