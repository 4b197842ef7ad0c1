//! The ordered algorithm, row by row (`licensing.md` §9.2).

mod counting;

use std::time::Duration;

use keyway_base::{RecordId, Timestamp};

use super::*;
use crate::fixture;
use crate::resources::{CheckInInterval, License, MatchingStrategy, Policy};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

/// A licence and all that belongs to it, to be spoiled in one way by each test.
struct World {
    license: License,
    policy: Policy,
    owner: Option<Person>,
    licensees: Vec<Person>,
    entitlements: Vec<String>,
    environment: Option<EnvironmentFacts>,
    machines: Vec<MachineFacts>,
    has_checksum: bool,
    has_version: bool,
}

fn id(last: u8) -> RecordId {
    format!("00000000-0000-7000-8000-0000000000{last:02x}").parse().unwrap()
}
fn person(last: u8, email: &str) -> Person {
    Person { id: id(last), email: email.to_owned(), banned: false }
}
fn machine(last: u8, fingerprint: &str) -> MachineFacts {
    MachineFacts {
        id: id(last),
        fingerprint: fingerprint.to_owned(),
        owner: None,
        created: NOW.minus(Duration::from_secs(86_400)),
        last_heartbeat: None,
        processes: 1,
        components: vec![
            ComponentFacts { fingerprint: "cpu".into() },
            ComponentFacts { fingerprint: "nic".into() },
        ],
    }
}

impl World {
    fn new() -> Self {
        Self {
            license: fixture::license(NOW),
            policy: Policy { floating: false, ..fixture::policy(NOW) },
            owner: None,
            licensees: Vec::new(),
            entitlements: vec!["PRO".into()],
            environment: None,
            machines: Vec::new(),
            has_checksum: false,
            has_version: false,
        }
    }
    fn facts(&self, scope: Option<&ValidationScope>) -> Facts<'_> {
        Facts {
            license: &self.license,
            policy: &self.policy,
            owner: self.owner.as_ref(),
            licensees: &self.licensees,
            entitlements: &self.entitlements,
            environment: self.environment.as_ref(),
            machines: &self.machines,
            is_activated: !self.machines.is_empty(),
            counts: self.counts(scope),
            has_checksum: self.has_checksum,
            has_version: self.has_version,
        }
    }
    /// What the machines come to, each looked at by itself; all are of one size.
    fn counts(&self, scope: Option<&ValidationScope>) -> Counts {
        let people = || self.owner.iter().chain(&self.licensees);
        let counted = |leased: Leased, machine: &MachineFacts| match leased {
            Leased::All => true,
            Leased::By(user) => machine.owner.as_ref().is_some_and(|owner| owner.id == user),
            Leased::ByNobody => machine.owner.is_none(),
            Leased::OfMachine => false,
        };
        let machines = Leased::machines(&self.policy, people(), scope);
        let processes = Leased::processes(&self.policy, people(), scope);
        let mut counts = Counts::default();
        for machine in &self.machines {
            counts.total += 1;
            if counted(machines, machine) {
                counts.counted.count += 1;
                counts.counted.cores += 4;
                counts.counted.memory += 8;
                counts.counted.disk += 16;
            }
            if counted(processes, machine) {
                counts.processes += machine.processes;
            }
        }
        counts
    }
}

/// The answer for a world spoiled by `change` under a scope.
fn check(change: impl FnOnce(&mut World), scope: ValidationScope) -> (bool, Code) {
    let mut world = World::new();
    change(&mut world);
    let answer = validate(&world.facts(Some(&scope)), Some(&scope), NOW);
    (answer.valid, answer.code)
}
fn none() -> ValidationScope {
    ValidationScope::default()
}
fn past(world: &mut World) {
    world.license.expiry = Some(NOW.minus(Duration::from_secs(1)));
}

#[test]
fn there_are_38_codes() {
    assert_eq!(Code::TEXTS.len(), 38);
}

#[test]
fn standing_comes_first_and_in_order() {
    use crate::resources::ExpirationStrategy::{Allow, Maintain, Restrict, Revoke};
    assert_eq!(check(|_| {}, none()), (true, Code::Valid));
    let banned = |w: &mut World| w.owner = Some(Person { banned: true, ..person(1, "a@b.c") });
    assert_eq!(check(|w| (banned(w), w.license.suspended = true).0, none()), (false, Code::Banned));
    assert_eq!(check(|w| (past(w), w.license.suspended = true).0, none()), (false, Code::Suspended));
    for (strategy, expected) in [(Revoke, false), (Restrict, false), (Maintain, true), (Allow, true)] {
        let spoil = |w: &mut World| {
            past(w);
            w.policy.expiration_strategy = strategy;
        };
        assert_eq!(check(spoil, none()), (expected, Code::Expired), "{strategy}");
    }
    let now = |w: &mut World| w.license.expiry = Some(NOW);
    assert_eq!(check(now, none()), (true, Code::Valid), "a licence that expires now has not expired");
    let overdue = |w: &mut World| {
        w.policy.require_check_in = true;
        w.policy.check_in_interval = Some(CheckInInterval::Day);
        w.policy.check_in_interval_count = Some(1);
        w.license.last_check_in_at = Some(NOW.minus(Duration::from_secs(2 * 86_400)));
    };
    assert_eq!(check(overdue, none()), (false, Code::Overdue));
}

#[test]
fn revocation_beats_scopes_and_restriction_does_not() {
    use crate::resources::ExpirationStrategy::{Restrict, Revoke};
    let scope = || ValidationScope { product: Some(id(99).to_string()), ..none() };
    for (strategy, code) in [(Revoke, Code::Expired), (Restrict, Code::ProductScopeMismatch)] {
        let spoil = |w: &mut World| {
            past(w);
            w.policy.expiration_strategy = strategy;
        };
        assert_eq!(check(spoil, scope()), (false, code));
    }
}

#[test]
fn simple_scopes_match_mismatch_or_are_required() {
    let world = World::new();
    let (product, policy) = (world.license.product_id.to_string(), world.license.policy_id.to_string());
    assert_eq!(check(|_| {}, ValidationScope { product: Some(product), ..none() }), (true, Code::Valid));
    assert_eq!(check(|_| {}, ValidationScope { policy: Some(policy), ..none() }), (true, Code::Valid));
    let wrong = || Some(id(99).to_string());
    for (scope, code) in [
        (ValidationScope { product: wrong(), ..none() }, Code::ProductScopeMismatch),
        (ValidationScope { policy: wrong(), ..none() }, Code::PolicyScopeMismatch),
        (ValidationScope { user: Some(wrong()), ..none() }, Code::UserScopeMismatch),
        (ValidationScope { environment: Some(Some("x".into())), ..none() }, Code::EnvironmentScopeMismatch),
        (ValidationScope { entitlements: Some(vec![]), ..none() }, Code::EntitlementsScopeEmpty),
        (ValidationScope { entitlements: Some(vec!["pro".into()]), ..none() }, Code::EntitlementsMissing),
        (ValidationScope { checksum: Some("x".into()), ..none() }, Code::ChecksumScopeMismatch),
        (ValidationScope { version: Some("1".into()), ..none() }, Code::VersionScopeMismatch),
    ] {
        assert_eq!(check(|_| {}, scope), (false, code));
    }
    type Require = fn(&mut Policy);
    let required: [(Require, Code); 8] = [
        (|p| p.require_environment_scope = true, Code::EnvironmentScopeRequired),
        (|p| p.require_product_scope = true, Code::ProductScopeRequired),
        (|p| p.require_policy_scope = true, Code::PolicyScopeRequired),
        (|p| p.require_user_scope = true, Code::UserScopeRequired),
        (|p| p.require_machine_scope = true, Code::MachineScopeRequired),
        (|p| p.require_fingerprint_scope = true, Code::FingerprintScopeRequired),
        (|p| p.require_checksum_scope = true, Code::ChecksumScopeRequired),
        (|p| p.require_version_scope = true, Code::VersionScopeRequired),
    ];
    for (require, code) in required {
        assert_eq!(check(|w| require(&mut w.policy), none()), (false, code));
        let mut world = World::new();
        require(&mut world.policy);
        assert!(validate(&world.facts(None), None, NOW).valid, "the quick form skips {code}");
    }
}

#[test]
fn user_scope_names_owner_or_licensee_by_id_or_email() {
    let owned = |w: &mut World| {
        w.owner = Some(person(1, "owner@x.y"));
        w.licensees = vec![person(2, "other@x.y")];
    };
    for (user, expected) in [
        (Some("owner@x.y".to_owned()), Code::Valid),
        (Some("OTHER@x.y ".to_owned()), Code::Valid),
        (Some(id(2).to_string()), Code::Valid),
        (Some("third@x.y".to_owned()), Code::UserScopeMismatch),
        (None, Code::UserScopeMismatch),
    ] {
        assert_eq!(
            check(owned, ValidationScope { user: Some(user.clone()), ..none() }).1,
            expected,
            "{user:?}"
        );
    }
    assert_eq!(check(|_| {}, ValidationScope { user: Some(None), ..none() }).1, Code::Valid);
}

fn prints(texts: &[&str]) -> ValidationScope {
    ValidationScope {
        fingerprints: Some(texts.iter().map(|text| Some((*text).to_owned())).collect()),
        ..none()
    }
}
fn print(text: &str) -> ValidationScope {
    ValidationScope { fingerprint: Some(text.into()), ..none() }
}

#[test]
fn machines_are_found_by_id_and_must_live() {
    let scope = |last| ValidationScope { machine: Some(id(last).to_string()), ..none() };
    assert_eq!(check(|_| {}, scope(7)).1, Code::NoMachine);
    assert_eq!(check(|w| w.policy.floating = true, scope(7)).1, Code::NoMachines);
    let one = |w: &mut World| w.machines = vec![machine(7, "a")];
    assert_eq!(check(one, scope(8)).1, Code::MachineScopeMismatch);
    assert_eq!(check(one, scope(7)).1, Code::Valid);
    let anothers = |w: &mut World| {
        one(w);
        w.machines[0].owner = Some(person(9, "licensee@example.com"));
    };
    let nobodys = ValidationScope { user: Some(None), ..scope(7) };
    assert_eq!(check(anothers, nobodys).1, Code::UserScopeMismatch, "null is not its owner");
    let waiting = |w: &mut World| {
        one(w);
        w.policy.require_heartbeat = true;
        w.machines[0].created = NOW;
    };
    assert_eq!(check(waiting, scope(7)).1, Code::HeartbeatNotStarted);
    let silent = |w: &mut World| {
        one(w);
        w.machines[0].last_heartbeat = Some(NOW.minus(Duration::from_secs(601)));
    };
    assert_eq!(check(silent, scope(7)).1, Code::HeartbeatDead);
    let edge = |w: &mut World| {
        one(w);
        w.machines[0].last_heartbeat = Some(NOW.minus(Duration::from_secs(600)));
    };
    assert_eq!(check(edge, scope(7)).1, Code::Valid, "a ping exactly one interval ago is alive");
}

#[test]
fn fingerprints_match_by_strategy() {
    use MatchingStrategy::{All, Any, Most, Two};
    let worlds = |strategy, known: &'static [&'static str]| {
        move |w: &mut World| {
            w.policy.machine_matching_strategy = strategy;
            w.machines = known.iter().zip(10..).map(|(print, last)| machine(last, print)).collect();
        }
    };
    for (strategy, known, wanted, expected) in [
        (Any, &["a"][..], &["a", "b", "c"][..], Code::Valid),
        (Any, &["z"], &["a", "b", "c"], Code::FingerprintScopeMismatch),
        (Two, &["a"], &["a", "b", "c"], Code::FingerprintScopeMismatch),
        (Two, &["a", "b"], &["a", "b", "c"], Code::Valid),
        (Most, &["a"], &["a", "b", "c"], Code::FingerprintScopeMismatch),
        (Most, &["a", "b"], &["a", "b", "c"], Code::Valid),
        (Most, &["a"], &["a", "b"], Code::Valid),
        (All, &["a", "b"], &["a", "b", "c"], Code::FingerprintScopeMismatch),
        (All, &["a", "b", "c"], &["a", "b", "c", "c"], Code::Valid),
    ] {
        let answer = check(worlds(strategy, known), prints(wanted));
        assert_eq!(answer.1, expected, "{strategy} {known:?} {wanted:?}");
    }
    assert_eq!(check(|_| {}, prints(&[])).1, Code::FingerprintScopeEmpty);
    let nulls = ValidationScope { fingerprints: Some(vec![None]), ..none() };
    assert_eq!(check(|_| {}, nulls).1, Code::FingerprintScopeEmpty);
    assert_eq!(check(|_| {}, print("a")).1, Code::NoMachine);
    let single_under_all = worlds(All, &["a", "b"]);
    assert_eq!(check(single_under_all, print("a")).1, Code::Valid);
}

#[test]
fn dead_only_when_every_fingerprint_is_dead() {
    let spoil = |w: &mut World| {
        w.machines = vec![machine(7, "a"), machine(8, "b")];
        for machine in &mut w.machines {
            machine.last_heartbeat = Some(NOW.minus(Duration::from_secs(10_000)));
        }
    };
    assert_eq!(check(spoil, prints(&["a", "b"])).1, Code::HeartbeatDead);
    assert_eq!(check(spoil, prints(&["a", "missing"])).1, Code::FingerprintScopeMismatch);
}

#[test]
fn components_need_a_fingerprint_and_match_by_strategy() {
    let with = |components: &[&str], fingerprint: Option<&str>| ValidationScope {
        components: Some(components.iter().map(|text| (*text).to_owned()).collect()),
        fingerprint: fingerprint.map(str::to_owned),
        ..none()
    };
    let one = |w: &mut World| w.machines = vec![machine(7, "a")];
    assert_eq!(check(one, with(&["cpu"], None)).1, Code::FingerprintScopeRequired);
    assert_eq!(check(one, with(&[], Some("a"))).1, Code::ComponentsScopeEmpty);
    assert_eq!(check(one, with(&["cpu", "gpu"], Some("a"))).1, Code::Valid);
    let two = |w: &mut World| {
        one(w);
        w.policy.component_matching_strategy = MatchingStrategy::Two;
    };
    assert_eq!(
        check(two, with(&["cpu"], Some("a"))).1,
        Code::ComponentsScopeMismatch,
        "applies even for one"
    );
    assert_eq!(check(two, with(&["cpu", "nic"], Some("a"))).1, Code::Valid);
    let required = |w: &mut World| {
        one(w);
        w.policy.require_components_scope = true;
    };
    assert_eq!(check(required, print("a")).1, Code::ComponentsScopeRequired);
}
