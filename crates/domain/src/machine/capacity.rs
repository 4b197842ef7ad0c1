//! How many machines a licence may be used on, and how large they may be together (`licensing.md` §10.1).

use crate::license::limits::{admits, effective};
use crate::resources::{License, Machine, MachineLeasingStrategy, Policy};

/// Machines counted together, or one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// How many.
    pub count: i64,
    /// Their cores.
    pub cores: i64,
    /// Their memory.
    pub memory: i64,
    /// Their disk.
    pub disk: i64,
}

impl Load {
    /// One machine.
    pub fn of(machine: &Machine) -> Self {
        let Machine { cores, memory, disk, .. } = machine;
        let known = |part: &Option<i64>| part.unwrap_or(0);
        Self { count: 1, cores: known(cores), memory: known(memory), disk: known(disk) }
    }
    /// Counts others too; the largest numbers where they would be larger.
    pub const fn add(&mut self, more: &Self) {
        self.count = self.count.saturating_add(more.count);
        self.cores = self.cores.saturating_add(more.cores);
        self.memory = self.memory.saturating_add(more.memory);
        self.disk = self.disk.saturating_add(more.disk);
    }
}

/// A limit that would be exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excess {
    /// The internal name that its code starts with (`machine_core`).
    pub model: &'static str,
    /// In words.
    pub detail: String,
}

/// The limits that a machine would exceed next to those that are counted with it already. The first machine of a
/// licence is always allowed, but for its size; what a machine does not say about itself is not limited.
pub fn excesses(
    license: &License,
    policy: &Policy,
    others: Load,
    machine: Load,
) -> impl Iterator<Item = Excess> {
    let limits = effective(license, policy);
    let whose = match policy.machine_leasing_strategy {
        MachineLeasingStrategy::PerLicense => "license",
        MachineLeasingStrategy::PerUser => "user",
    };
    let machines = if policy.floating { limits.machines } else { Some(limits.machines.unwrap_or(1)) };
    let count = machine.count.min(others.count);
    let strategy = policy.overage_strategy;
    [
        ("machine", "machine count", count, others.count, machines),
        ("machine_core", "machine core count", machine.cores, others.cores, limits.cores),
        ("machine_memory", "machine memory", machine.memory, others.memory, limits.memory),
        ("machine_disk", "machine disk", machine.disk, others.disk, limits.disk),
    ]
    .into_iter()
    .filter_map(move |(model, what, added, others, limit)| {
        let limit = limit.filter(|_| added > 0)?;
        let refused = !admits(strategy, others.saturating_add(added), Some(limit));
        let detail = || format!("{what} has exceeded maximum allowed for {whose} ({limit})");
        refused.then(|| Excess { model, detail: detail() })
    })
}

#[cfg(test)]
mod tests {
    use keyway_base::Timestamp;

    use super::*;
    use crate::fixture;
    use crate::resources::OverageStrategy;

    const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
    const ONE: Load = Load { count: 1, cores: 0, memory: 0, disk: 0 };

    fn found(policy: &Policy, others: Load, machine: Load) -> Vec<String> {
        let license = fixture::license(NOW);
        let excesses = excesses(&license, policy, others, machine);
        excesses.map(|excess| format!("{}: {}", excess.model, excess.detail)).collect()
    }
    fn machines(count: i64) -> Load {
        Load { count, ..Load::default() }
    }

    #[test]
    fn the_first_machine_is_always_allowed_but_for_its_size() {
        let policy = Policy { max_machines: Some(1), max_cores: Some(4), ..fixture::policy(NOW) };
        assert!(found(&policy, machines(0), ONE).is_empty());
        let too_large = Load { cores: 5, ..ONE };
        let excess = "machine_core: machine core count has exceeded maximum allowed for license (4)";
        assert_eq!(found(&policy, machines(0), too_large), [excess]);
        assert!(found(&policy, Load { cores: 3, ..ONE }, Load { cores: 1, ..Load::default() }).is_empty());
    }

    #[test]
    fn everything_that_is_too_much_is_told() {
        let policy = Policy {
            max_machines: Some(2),
            max_cores: Some(4),
            max_memory: Some(8),
            max_disk: Some(16),
            machine_leasing_strategy: MachineLeasingStrategy::PerUser,
            ..fixture::policy(NOW)
        };
        let others = Load { count: 2, cores: 4, memory: 8, disk: 16 };
        let told = found(&policy, others, Load { count: 1, cores: 1, memory: 1, disk: 1 });
        assert_eq!(
            told,
            [
                "machine: machine count has exceeded maximum allowed for user (2)",
                "machine_core: machine core count has exceeded maximum allowed for user (4)",
                "machine_memory: machine memory has exceeded maximum allowed for user (8)",
                "machine_disk: machine disk has exceeded maximum allowed for user (16)",
            ]
        );
        assert_eq!(found(&policy, others, ONE).len(), 1, "what is not said is not limited");
    }

    #[test]
    fn overage_ends_exactly_at_the_product() {
        for (strategy, limit, last) in [
            (OverageStrategy::None, 4, 4),
            (OverageStrategy::OneQuarter, 4, 5),
            (OverageStrategy::OneHalf, 4, 6),
            (OverageStrategy::Double, 4, 8),
        ] {
            let mut policy = fixture::policy(NOW);
            (policy.max_machines, policy.overage_strategy) = (Some(limit), strategy);
            assert!(found(&policy, machines(last - 1), ONE).is_empty(), "{strategy}");
            assert_eq!(found(&policy, machines(last), ONE).len(), 1, "{strategy}");
        }
    }

    #[test]
    fn node_locked_is_one_unless_said_otherwise() {
        let mut policy = Policy { floating: false, max_machines: None, ..fixture::policy(NOW) };
        assert_eq!(found(&policy, machines(1), ONE).len(), 1);
        policy.overage_strategy = OverageStrategy::Double;
        assert!(found(&policy, machines(1), ONE).is_empty());
        policy.overage_strategy = OverageStrategy::Always;
        assert!(found(&policy, machines(1_000), ONE).is_empty());
    }
}
