//! Shares over time, buckets, and what is wrong with a rollout.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::fixture;

const HOUR: Duration = Duration::from_secs(3600);
const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn plan(percentage: i64) -> Plan {
    Plan {
        seed: [7; SEED].as_slice().into(),
        first: Share::of_hundredths(percentage),
        starts: None,
        ends: None,
        stopped: false,
    }
}

/// `updaters.md` §5: nobody before the start, the share from then on, growing to everybody where there is an end;
/// nobody while it is stopped.
#[test]
fn the_share_follows_the_clock() {
    let (starts, ends) = (Some(NOW), Some(NOW.plus(10 * HOUR)));
    let at = |hours: u32| NOW.plus(hours * HOUR);
    for (plan, now, expected) in [
        (plan(2500), NOW, 2500),
        (plan(0), NOW, 0),
        (plan(10_000), NOW, 10_000),
        (Plan { starts, ..plan(2500) }, NOW.minus(HOUR), 0),
        (Plan { starts, ..plan(2500) }, NOW, 2500),
        (Plan { starts, ..plan(2500) }, at(1000), 2500),
        (Plan { starts, ends, ..plan(1000) }, NOW.minus(HOUR), 0),
        (Plan { starts, ends, ..plan(1000) }, NOW, 1000),
        (Plan { starts, ends, ..plan(1000) }, at(1), 1900),
        (Plan { starts, ends, ..plan(1000) }, at(5), 5500),
        (Plan { starts, ends, ..plan(1000) }, at(10), 10_000),
        (Plan { starts, ends, ..plan(1000) }, at(11), 10_000),
        (Plan { starts, ends, ..plan(0) }, at(5), 5000),
        (Plan { starts, ends, stopped: true, ..plan(1000) }, at(11), 0),
        (Plan { stopped: true, ..plan(10_000) }, NOW, 0),
    ] {
        assert_eq!(plan.share(now).hundredths(), expected, "{plan:?} at {now}");
    }
}

#[test]
fn a_bucket_is_the_first_eight_bytes_of_the_digest() {
    // Python: int.from_bytes(hashlib.sha256(b"seedid").digest()[:8], "big") % 10000
    assert_eq!(Bucket::of(b"seed", "id"), Bucket(2098));
}

#[test]
fn those_of_whom_nothing_is_known_come_in_with_everybody() {
    assert!(!plan(9999).admits(None, NOW));
    assert!(plan(10_000).admits(None, NOW));
    assert!(!Plan { stopped: true, ..plan(10_000) }.admits(None, NOW));
    assert!(plan(10_000).is_over());
    assert!(!Plan { starts: Some(NOW), ..plan(10_000) }.is_over());
    assert!(!Plan { stopped: true, ..plan(10_000) }.is_over());
}

#[test]
fn buckets_are_evenly_filled() {
    let plan = plan(1000);
    let ids: Vec<String> = (0..20_000).map(|number| format!("installation-{number}")).collect();
    let admitted = ids.iter().filter(|id| plan.admits(Some(id), NOW)).count();
    // 2,000 expected, standard deviation 42: six of them.
    assert!((1_748..=2_252).contains(&admitted), "{admitted} of 20,000");
    let mut tenths = [0_u32; 10];
    for id in &ids {
        tenths[usize::from(Bucket::of(&[1; SEED], id).0) / 1000] += 1;
    }
    assert!(tenths.iter().all(|count| (1_748..=2_252).contains(count)), "{tenths:?}");
}

#[test]
fn another_seed_draws_others_first() {
    let (one, two) = (plan(1000), Plan { seed: [8; SEED].as_slice().into(), ..plan(1000) });
    let both = (0..10_000)
        .map(|number| format!("id {number}"))
        .filter(|id| one.admits(Some(id), NOW) && two.admits(Some(id), NOW));
    // A tenth of a tenth.
    assert!((40..=160).contains(&both.count()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn raising_the_share_drops_nobody(seed: [u8; SEED], id: String, low in 0_i64..=10_000, more in 0_i64..=10_000) {
        let plan = |percentage| Plan { seed: seed.as_slice().into(), ..plan(percentage) };
        let high = (low + more).min(10_000);
        prop_assert!(!plan(low).admits(Some(&id), NOW) || plan(high).admits(Some(&id), NOW));
        prop_assert_eq!(plan(low).admits(Some(&id), NOW), plan(low).admits(Some(&id), NOW.plus(HOUR)));
    }

    #[test]
    fn time_drops_nobody(first in 0_i64..=10_000, whole in 1_u32..1_000, one in 0_u32..2_000, two in 0_u32..2_000) {
        let plan = Plan { starts: Some(NOW), ends: Some(NOW.plus(whole * HOUR)), ..plan(first) };
        let share = |hours: u32| plan.share(NOW.minus(HOUR).plus(hours * HOUR));
        prop_assert!(share(one.min(two)) <= share(one.max(two)));
    }
}

#[test]
fn what_is_wrong_with_a_rollout_is_said() {
    let release = fixture::release(NOW);
    let good = fixture::rollout(NOW);
    let (starts_at, ends_at) = (Some(NOW), Some(NOW.plus(HOUR)));
    let minimum = |text: &str| Rollout { minimum_version: Some(text.to_owned()), ..good.clone() };
    for (rollout, expected) in [
        (good.clone(), &[][..]),
        (Rollout { starts_at, ends_at, ..good.clone() }, &[]),
        (Rollout { ends_at, ..good.clone() }, &["needs a start"]),
        (Rollout { starts_at: ends_at, ends_at: starts_at, ..good.clone() }, &["must be after the start"]),
        (Rollout { starts_at, ends_at: starts_at, ..good.clone() }, &["must be after the start"]),
        (minimum("1.0.0"), &[]),
        (minimum("1.0.0-beta.1"), &[]),
        (minimum("one"), &["must be a valid version"]),
        (minimum("1.0.1"), &["must not be above the release's own version"]),
    ] {
        let said: Vec<_> = failures(&rollout, &release, Scheme::Semver)
            .iter()
            .map(|failure| format!("{failure:?}"))
            .collect();
        assert_eq!(said.len(), expected.len(), "{rollout:?}: {said:?}");
        assert!(said.iter().zip(expected).all(|(said, word)| said.contains(word)), "{said:?}");
    }
}
