//! What customers see of a package, and what they are told about the rest (`distribution.md` §3.2–§3.6).

use keyway_access::worlds::{Blank, NOW, World, account, day, just_after};
use keyway_access::{EnvironmentView, PackageListing, Principal, Seen, may_list, names_class, view};
use keyway_base::Timestamp;
use keyway_domain::resources as r;
use keyway_engine::{Decide, PackageName, Reason, Verdict};
use r::DistributionStrategy::{Closed, Licensed, Open};

/// A package with a plain release (0), one that asks for `pro` (1), one that asks for `pro` and `beta` (2), a
/// yanked (3) and a draft one (4), all made ten days ago; a licence with `pro`.
fn world() -> World {
    let mut blank = Blank::starting_at(1);
    let mut world = World::default();
    world.products = vec![blank.product(Licensed), blank.product(Licensed)];
    world.entitlements = vec![blank.entitlement("PRO"), blank.entitlement("BETA")];
    world.policies = vec![blank.policy(&world.products[0]), blank.policy(&world.products[1])];
    world.licenses = vec![blank.license(&world.policies[0]), blank.license(&world.policies[1])];
    world.license_entitlements = vec![blank.license_entitlement(&world.licenses[0], &world.entitlements[0])];
    world.packages = vec![blank.package(&world.products[0], Some("npm"))];
    world.releases = (0..5).map(|_| blank.release_of(&world.packages[0])).collect();
    for release in &mut world.releases {
        release.created_at = day(-10);
    }
    world.releases[3].status = r::ReleaseStatus::Yanked;
    world.releases[4].status = r::ReleaseStatus::Draft;
    world.constraints = vec![
        blank.constraint(&world.releases[1], &world.entitlements[0]),
        blank.constraint(&world.releases[2], &world.entitlements[0]),
        blank.constraint(&world.releases[2], &world.entitlements[1]),
    ];
    world.tokens = vec![
        blank.token(r::BearerType::License, world.licenses[0].id, None),
        blank.token(r::BearerType::License, world.licenses[1].id, None),
        blank.token(r::BearerType::Product, world.products[0].id, None),
        blank.token(r::BearerType::Product, world.products[1].id, None),
    ];
    world
}

/// By token, so that suspended and expired licences get as far as the package.
fn by_token(world: &World, token: usize) -> Principal {
    world.by_token(&world.tokens[token], EnvironmentView::Global).expect("tokens get as far as the package")
}
fn nobody() -> Principal {
    Principal::anonymous(account(), EnvironmentView::Global)
}
fn see(world: &World, caller: &Principal) -> Seen {
    see_at(world, caller, NOW)
}
fn see_at(world: &World, caller: &Principal, now: Timestamp) -> Seen {
    view(caller, &world.snapshots()[0], now)
}
fn positions(bits: &keyway_engine::Bits) -> Vec<usize> {
    (0..8).filter(|at| bits.contains(*at)).collect()
}
#[track_caller]
fn told(verdict: &Verdict) -> (Reason, &str) {
    let Verdict::Denied(denial) = verdict else { panic!("{verdict:?}") };
    (denial.reason, &denial.message)
}

#[test]
fn a_good_licence_sees_what_it_is_entitled_to() {
    let world = world();
    let seen = see(&world, &by_token(&world, 0));
    assert_eq!((positions(&seen.visible), positions(&seen.yanked)), (vec![0, 1], vec![3]));
    assert_eq!(positions(&seen.withheld), [2]);
    assert_eq!(seen.denial, None);
    assert_eq!(seen.verdict(0), Verdict::Allowed);
    assert_eq!(
        told(&seen.verdict(2)),
        (Reason::NotEntitled, "the licence lacks the entitlement BETA: contact the vendor")
    );
    assert_eq!(told(&seen.verdict(3)).0, Reason::Yanked);
    assert_eq!(seen.verdict(4), Verdict::Hidden);
    assert_eq!(seen.verdict(99), Verdict::Hidden);
    assert_eq!(seen.valid_until(), None);
}

#[test]
fn all_entitlements_are_named_that_are_missing() {
    let mut world = world();
    world.license_entitlements.clear();
    let seen = see(&world, &by_token(&world, 0));
    assert_eq!(told(&seen.verdict(2)).1, "the licence lacks the entitlement PRO, BETA: contact the vendor");
    assert_eq!(positions(&seen.withheld), [1, 2]);
}

#[test]
fn the_whole_is_denied_for_the_most_specific_reason() {
    let told = |change: &dyn Fn(&mut World)| {
        let mut world = world();
        change(&mut world);
        let seen = see(&world, &by_token(&world, 0));
        assert!(seen.visible.is_empty() && seen.yanked.is_empty());
        let denial = seen.denial.clone().expect("nothing is visible");
        (denial.reason, denial.message, positions(&seen.withheld))
    };
    let (reason, message, withheld) = told(&|w| w.licenses[0].suspended = true);
    assert_eq!(
        (reason, message.as_str()),
        (Reason::Suspended, "the licence is suspended: contact the vendor")
    );
    assert_eq!(withheld, [0, 1, 2]);
    let (reason, message, _) = told(&|w| {
        w.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
        w.licenses[0].expiry = Some("2026-01-31T00:00:00Z".parse().unwrap());
    });
    assert_eq!(reason, Reason::Expired);
    assert_eq!(message, "the licence expired on 2026-01-31: contact the vendor to renew it");
    let (reason, message, _) = told(&|w| {
        w.licenses[0].expiry = Some("2026-01-31T00:00:00Z".parse().unwrap());
    });
    assert_eq!(reason, Reason::OutsideWindow);
    assert_eq!(message, "the licence covers releases until 2026-01-31 only: contact the vendor to renew it");
    let (reason, ..) = told(&|w| w.products[0].distribution_strategy = Closed);
    assert_eq!(reason, Reason::NotLicensed);
    let (reason, _, withheld) = told(&|w| {
        w.releases.remove(3);
        w.releases.remove(0);
        w.license_entitlements.clear();
    });
    assert_eq!((reason, withheld), (Reason::NotEntitled, vec![0, 1]));
}

#[test]
fn windows_compare_the_effective_date_inclusively() {
    let visible = |strategy, expiry: Timestamp, created, backdated| {
        let mut world = world();
        world.policies[0].expiration_strategy = strategy;
        world.licenses[0].expiry = Some(expiry);
        world.releases[0].created_at = created;
        world.releases[0].backdated_at = backdated;
        see(&world, &by_token(&world, 0)).visible.contains(0)
    };
    use r::ExpirationStrategy::{Allow, Maintain, Restrict, Revoke};
    for strategy in [Restrict, Maintain] {
        assert!(visible(strategy, day(-5), day(-5), None), "dated on the expiry");
        assert!(!visible(strategy, day(-5), just_after(day(-5)), None), "dated after it");
        assert!(visible(strategy, day(-5), day(-1), Some(day(-6))), "backdated before it");
        assert!(!visible(strategy, day(-5), day(-6), Some(day(-1))), "backdated after it");
        assert!(!visible(strategy, day(5), day(6), None), "even a future expiry bounds");
    }
    assert!(!visible(Revoke, day(-5), day(-9), Some(day(-9))), "revoked is revoked");
    assert!(visible(Revoke, NOW, day(-1), None));
    assert!(visible(Allow, day(-5), day(-1), None));
}

#[test]
fn nobody_sees_open_releases_without_constraints_only() {
    let mut world = world();
    let denied = see(&world, &nobody());
    assert_eq!(denied.denial.as_ref().map(|denial| denial.reason), Some(Reason::CredentialMissing));
    assert!(denied.withheld.is_empty(), "no licence, nothing to name");
    assert_eq!(told(&denied.verdict(0)).0, Reason::CredentialMissing);
    assert_eq!(denied.verdict(4), Verdict::Hidden);
    world.products[0].distribution_strategy = Open;
    let open = see(&world, &nobody());
    assert_eq!((positions(&open.visible), &open.denial), (vec![0], &None));
    assert_eq!(told(&open.verdict(1)).0, Reason::CredentialMissing);
    world.products[0].distribution_strategy = Closed;
    assert_eq!(see(&world, &nobody()).denial.map(|denial| denial.reason), Some(Reason::CredentialMissing));
}

#[test]
fn an_open_product_is_open_to_expired_and_foreign_licences() {
    let mut world = world();
    world.products[0].distribution_strategy = Open;
    world.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
    world.licenses[0].expiry = Some(day(-1));
    let expired = see(&world, &by_token(&world, 0));
    assert_eq!(positions(&expired.visible), [0]);
    assert_eq!(told(&expired.verdict(1)).0, Reason::Expired);
    let foreign = see(&world, &by_token(&world, 1));
    assert_eq!(positions(&foreign.visible), [0]);
    assert_eq!(told(&foreign.verdict(1)).0, Reason::NotLicensed);
}

#[test]
fn licences_of_another_product_are_told_so() {
    let world = world();
    let seen = see(&world, &by_token(&world, 1));
    assert_eq!(seen.denial.as_ref().map(|denial| denial.reason), Some(Reason::NotLicensed));
    assert!(seen.withheld.is_empty());
}

#[test]
fn users_are_the_union_of_their_licences_but_entitlements_are_not_pooled() {
    let mut world = world();
    let mut blank = Blank::starting_at(100);
    world.users = vec![blank.user(r::UserRole::User)];
    let mut second = blank.license(&world.policies[0]);
    second.owner_id = Some(world.users[0].id.into());
    world.license_entitlements.push(blank.license_entitlement(&second, &world.entitlements[1]));
    world.licenses.push(second);
    world.license_users = vec![blank.license_user(&world.licenses[0], world.users[0].id.into())];
    world.tokens = vec![blank.token(r::BearerType::User, world.users[0].id, None)];
    assert_eq!(
        positions(&see(&world, &by_token(&world, 0)).visible),
        [0, 1],
        "PRO and BETA, on two licences"
    );
    world.licenses[0].suspended = true;
    let seen = see(&world, &by_token(&world, 0));
    assert_eq!(positions(&seen.visible), [0], "the other licence still gives what it gave");
    assert_eq!(told(&seen.verdict(1)).0, Reason::Suspended);
}

#[test]
fn the_vendor_sees_every_status_and_other_products_tokens_nothing() {
    let world = world();
    let own = see(&world, &by_token(&world, 2));
    assert_eq!((positions(&own.visible), positions(&own.yanked)), (vec![0, 1, 2, 3, 4], vec![3]));
    let other = see(&world, &by_token(&world, 3));
    assert_eq!(other.denial.map(|denial| denial.reason), Some(Reason::NotLicensed));
    assert!(other.visible.is_empty());
}

#[test]
fn a_token_that_may_not_download_is_told_so() {
    let mut world = world();
    world.tokens[0].permissions = serde_json::json!(["release.read"]);
    let seen = see(&world, &by_token(&world, 0));
    assert_eq!(seen.denial.as_ref().map(|denial| denial.reason), Some(Reason::PermissionMissing));
    assert!(seen.visible.is_empty());
}

#[test]
fn licences_that_see_the_same_share_a_class() {
    let mut world = world();
    let class = |world: &World, token| see(world, &by_token(world, token)).class;
    let first = class(&world, 0);
    world.licenses[0].expiry = Some(day(5));
    assert_eq!(class(&world, 0), first, "another expiry, the same releases");
    world.licenses[0].expiry = Some(day(-15));
    assert_ne!(class(&world, 0), first);
    assert_ne!(class(&world, 2), first, "the vendor has documents of its own");
    assert_ne!(see(&world, &nobody()).class, first);
}

#[test]
fn a_view_ends_with_the_licence() {
    let mut world = world();
    world.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
    world.licenses[0].expiry = Some(day(3));
    let caller = by_token(&world, 0);
    let seen = see(&world, &caller);
    assert_eq!(seen.valid_until(), Some(day(3)));
    assert!(seen.is_valid(day(3)) && !seen.is_valid(just_after(day(3))));
    let after = see_at(&world, &caller, just_after(day(3)));
    assert_eq!(after.valid_until(), None);
    assert_eq!(after.denial.map(|denial| denial.reason), Some(Reason::Expired));
}

#[test]
fn an_empty_package_is_not_a_refusal() {
    let mut world = world();
    world.releases.truncate(0);
    world.constraints.clear();
    assert_eq!(see(&world, &by_token(&world, 0)).denial, None);
    assert_eq!(see(&world, &nobody()).denial.map(|denial| denial.reason), Some(Reason::CredentialMissing));
    world.licenses[0].suspended = true;
    let reason = see(&world, &by_token(&world, 0)).denial.map(|denial| denial.reason);
    assert_eq!(reason, Some(Reason::Suspended));
}

#[test]
fn names_are_listed_by_strategy_whatever_the_licences_state() {
    let mut world = world();
    world.licenses[0].suspended = true;
    let entry = |strategy| PackageListing {
        id: world.packages[0].id.into(),
        product: world.products[0].id.into(),
        strategy,
        environment: None,
        name: PackageName { key: "package".into(), normalised: "package".into() },
    };
    for (strategy, nobody_may, licence_may, foreign_may) in
        [(Open, true, true, true), (Licensed, false, true, false), (Closed, false, false, false)]
    {
        assert_eq!(may_list(&nobody(), &entry(strategy), NOW), nobody_may, "{strategy}");
        assert_eq!(may_list(&by_token(&world, 0), &entry(strategy), NOW), licence_may, "{strategy}");
        assert_eq!(may_list(&by_token(&world, 1), &entry(strategy), NOW), foreign_may, "{strategy}");
        assert!(may_list(&by_token(&world, 2), &entry(strategy), NOW));
        assert!(!may_list(&by_token(&world, 3), &entry(strategy), NOW), "another product's token");
    }
    let elsewhere = PackageListing { environment: Some(Blank::id(77).into()), ..entry(Open) };
    assert!(!may_list(&nobody(), &elsewhere, NOW));
    assert_ne!(names_class(&nobody()), names_class(&by_token(&world, 0)));
    assert_ne!(names_class(&by_token(&world, 1)), names_class(&by_token(&world, 0)));
}
