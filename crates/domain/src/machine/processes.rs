//! How many processes may run (`licensing.md` §10.4).

use keyway_base::RecordId;
use keyway_jsonapi::{Scope, Value};

use crate::license::limits::{admits, effective};
use crate::resources::{License, Machine, Policy, ProcessLeasingStrategy as Leasing};

/// The processes that are counted together with one of a machine.
pub fn counted_with(machine: &Machine, policy: &Policy) -> Scope {
    let of_license = Scope::id("license_id", machine.license_id);
    match policy.process_leasing_strategy {
        Leasing::PerMachine => Scope::id("machine_id", machine.id),
        Leasing::PerLicense => of_license,
        Leasing::PerUser => {
            let owner = match machine.owner_id {
                Some(owner) => Scope::Is("owner_id", Value::Id(RecordId::from(owner))),
                None => Scope::IsNull("owner_id"),
            };
            of_license.and(Scope::belongs("machines", "machine_id", owner))
        }
    }
}

/// Why one more cannot run beside so many; none if it can.
pub fn excess(license: &License, policy: &Policy, others: i64) -> Option<String> {
    let limit = effective(license, policy).processes?;
    let whose = match policy.process_leasing_strategy {
        Leasing::PerMachine => "machine",
        Leasing::PerLicense => "license",
        Leasing::PerUser => "user",
    };
    let refused = !admits(policy.overage_strategy, others.saturating_add(1), Some(limit));
    refused.then(|| format!("process count has exceeded maximum allowed for {whose} ({limit})"))
}

#[cfg(test)]
mod tests {
    use keyway_base::Timestamp;

    use super::*;
    use crate::fixture;
    use crate::resources::OverageStrategy;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

    #[test]
    fn as_many_run_as_are_allowed_and_the_licence_has_the_last_word() {
        let mut license = fixture::license(NOW);
        let mut policy = Policy { max_processes: None, ..fixture::policy(NOW) };
        assert_eq!(excess(&license, &policy, 1_000_000), None);
        policy.max_processes = Some(2);
        assert_eq!(excess(&license, &policy, 1), None);
        for (leasing, whose) in
            [(Leasing::PerMachine, "machine"), (Leasing::PerLicense, "license"), (Leasing::PerUser, "user")]
        {
            policy.process_leasing_strategy = leasing;
            let told = format!("process count has exceeded maximum allowed for {whose} (2)");
            assert_eq!(excess(&license, &policy, 2), Some(told));
        }
        license.max_processes = Some(3);
        assert_eq!(excess(&license, &policy, 2), None);
        assert!(excess(&license, &policy, 3).is_some());
    }

    #[test]
    fn overage_ends_exactly_at_the_product() {
        let license = fixture::license(NOW);
        for (strategy, last) in [
            (OverageStrategy::None, Some(4)),
            (OverageStrategy::OneQuarter, Some(5)),
            (OverageStrategy::OneHalf, Some(6)),
            (OverageStrategy::Double, Some(8)),
            (OverageStrategy::Always, None),
        ] {
            let policy =
                Policy { max_processes: Some(4), overage_strategy: strategy, ..fixture::policy(NOW) };
            let last_one = last.unwrap_or(1_000);
            assert_eq!(excess(&license, &policy, last_one - 1), None, "{strategy}");
            assert_eq!(excess(&license, &policy, last_one).is_some(), last.is_some(), "{strategy}");
        }
    }
}
