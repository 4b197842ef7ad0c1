//! How many requests accounts have made today, where that is limited (`distribution.md` §4.7). Counted per node, in
//! memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use keyway_base::{AccountId, Timestamp};

const DAY: i64 = 24 * 60 * 60;

/// The counts of one day, UTC.
#[derive(Debug, Default)]
pub(crate) struct Daily(Mutex<Today>);

#[derive(Debug, Default)]
struct Today {
    day: i64,
    counts: HashMap<AccountId, u64>,
}

impl Daily {
    /// Counts a request, and says whether it is within the limit.
    pub(crate) fn admits(&self, account: AccountId, limit: u64, now: Timestamp) -> bool {
        let mut today = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let day = now.as_seconds().div_euclid(DAY);
        if today.day != day {
            *today = Today { day, counts: HashMap::new() };
        }
        let count = today.counts.entry(account).or_default();
        *count = count.saturating_add(1);
        *count <= limit
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::RecordId;

    use super::*;

    #[test]
    fn each_account_begins_each_day_anew() {
        let at = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000);
        let (one, other) = (RecordId::generate(at(1)).into(), RecordId::generate(at(2)).into());
        let daily = Daily::default();
        let asked = [at(0), at(1), at(DAY - 1)].map(|now| daily.admits(one, 2, now));
        assert_eq!(asked, [true, true, false]);
        assert!(daily.admits(other, 1, at(DAY - 1)));
        assert!(daily.admits(one, 1, at(DAY)), "a new day");
        assert!(!daily.admits(one, 0, at(DAY)), "a lower limit holds at once");
    }
}
