//! Ids of requests: unique and sorted by time, but no secrets, so that they need no system call each.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use keyway_base::{RequestId, Timestamp};
use uuid::Builder;

/// Makes ids. Two processes differ by the keys of their hashers, which come from the operating system.
#[derive(Debug, Default)]
pub(crate) struct RequestIds {
    keys: [RandomState; 2],
    made: AtomicU64,
}

impl RequestIds {
    /// A new id (UUIDv7) for a request that arrived at `now`.
    pub(crate) fn next(&self, now: Timestamp) -> RequestId {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let [high, low] = self.keys.each_ref().map(|key| key.hash_one(number));
        let random = (u128::from(high) << 64 | u128::from(low)).to_be_bytes();
        let random = random.first_chunk::<10>().expect("sixteen bytes begin with ten");
        let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
        RequestId::new(Builder::from_unix_timestamp_millis(millis, random).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_differ_and_sort_by_time() {
        let (ids, others) = (RequestIds::default(), RequestIds::default());
        let now = Timestamp::from_micros(1_795_000_000_000_000);
        let many: HashSet<String> =
            (0..1000).flat_map(|_| [ids.next(now).to_string(), others.next(now).to_string()]).collect();
        assert_eq!(many.len(), 2000);
        let later = ids.next(now.plus(std::time::Duration::from_millis(1))).to_string();
        assert!(many.iter().all(|id| *id < later));
        assert_eq!(ids.next(now).uuid().get_version_num(), 7);
    }
}
