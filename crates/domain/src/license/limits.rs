//! Limits and how far they may be exceeded (`licensing.md` §7, §9.2).

use crate::resources::{License, OverageStrategy, Policy};

/// The limits in force for a licence: its own where set, else its policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// Machines.
    pub machines: Option<i64>,
    /// Processes.
    pub processes: Option<i64>,
    /// Users, the owner included.
    pub users: Option<i64>,
    /// Cores, summed.
    pub cores: Option<i64>,
    /// Memory, summed.
    pub memory: Option<i64>,
    /// Disk, summed.
    pub disk: Option<i64>,
    /// Uses.
    pub uses: Option<i64>,
}

/// The effective limits.
pub fn effective(license: &License, policy: &Policy) -> Limits {
    Limits {
        machines: license.max_machines.or(policy.max_machines),
        processes: license.max_processes.or(policy.max_processes),
        users: license.max_users.or(policy.max_users),
        cores: license.max_cores.or(policy.max_cores),
        memory: license.max_memory.or(policy.max_memory),
        disk: license.max_disk.or(policy.max_disk),
        uses: license.max_uses.or(policy.max_uses),
    }
}

/// Whether a count above its limit is tolerated.
pub fn tolerates(strategy: OverageStrategy, count: i64, limit: i64) -> bool {
    let (count, limit) = (i128::from(count), i128::from(limit));
    match strategy {
        OverageStrategy::Always => true,
        OverageStrategy::OneQuarter => count * 4 <= limit * 5,
        OverageStrategy::OneHalf => count * 2 <= limit * 3,
        OverageStrategy::Double => count <= limit * 2,
        OverageStrategy::None => false,
    }
}

/// Whether a count is within its limit or tolerated beyond it; no limit admits everything.
pub fn admits(strategy: OverageStrategy, count: i64, limit: Option<i64>) -> bool {
    limit.is_none_or(|limit| count <= limit || tolerates(strategy, count, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overage_ends_exactly_at_the_product() {
        for (strategy, limit, last) in [
            (OverageStrategy::None, 4, 4),
            (OverageStrategy::OneQuarter, 4, 5),
            (OverageStrategy::OneHalf, 4, 6),
            (OverageStrategy::Double, 4, 8),
        ] {
            assert!(admits(strategy, last, Some(limit)), "{strategy} {last}");
            assert!(!admits(strategy, last + 1, Some(limit)), "{strategy} {}", last + 1);
        }
        assert!(admits(OverageStrategy::Always, i64::MAX, Some(1)));
        assert!(admits(OverageStrategy::None, i64::MAX, None));
    }
}
