//! Which of the releases that customers may have their updaters are led to: pins and rollouts (`updaters.md` §5).

use keyway_access::worlds::{Blank, NOW, World, account};
use keyway_access::{
    EnvironmentView, PackageSnapshot, Principal, Seen, Target, is_offered, pinned_channel, view, waiting,
};
use keyway_base::EntitlementId;
use keyway_domain::resources as r;
use keyway_domain::rollout::Plan;
use keyway_engine::Bits;
use keyway_versions::Channel;
use proptest::prelude::*;
use r::DistributionStrategy::{Licensed, Open};

/// Releases 2.0.0-beta.1 (0), 1.1.0 (1) and 1.0.0 (2) of one package; two licences of its product and a user of both.
fn world() -> World {
    let mut blank = Blank::starting_at(1);
    let mut world = World::default();
    world.products = vec![blank.product(Licensed)];
    world.users = vec![blank.user(r::UserRole::User)];
    world.entitlements = vec![blank.entitlement("PRO")];
    world.policies = vec![blank.policy(&world.products[0])];
    world.licenses = (0..2).map(|_| blank.license(&world.policies[0])).collect();
    for license in &mut world.licenses {
        license.owner_id = Some(world.users[0].id.into());
    }
    world.packages = vec![blank.package(&world.products[0], None)];
    for (version, channel) in [("2.0.0-beta.1", "beta"), ("1.1.0", "stable"), ("1.0.0", "stable")] {
        let release = blank.release_of(&world.packages[0]);
        let (version, channel) = (version.to_owned(), channel.to_owned());
        world.releases.push(r::Release { version_key: version.clone(), version, channel, ..release });
    }
    world.tokens = vec![
        blank.token(r::BearerType::License, world.licenses[0].id, None),
        blank.token(r::BearerType::User, world.users[0].id, None),
        blank.token(r::BearerType::Product, world.products[0].id, None),
    ];
    world
}

const LICENSE: usize = 0;
const USER: usize = 1;
const PRODUCT: usize = 2;

fn caller(world: &World, token: usize) -> Principal {
    world.by_token(&world.tokens[token], EnvironmentView::Global).expect("the token is good")
}
fn snapshot(world: &World) -> PackageSnapshot {
    world.snapshots().swap_remove(0)
}
fn see(world: &World, token: usize) -> Seen {
    view(&caller(world, token), &snapshot(world), NOW)
}
fn positions(bits: &Bits) -> Vec<usize> {
    (0..8).filter(|at| bits.contains(*at)).collect()
}

#[test]
fn without_pins_all_that_is_visible_is_offered() {
    let world = world();
    for token in [LICENSE, USER, PRODUCT] {
        let seen = see(&world, token);
        assert_eq!((positions(&seen.offered), seen.pin), (vec![0, 1, 2], None));
    }
}

#[test]
fn a_pinned_licence_stays_in_its_channel_and_range_and_its_policy_s() {
    let mut world = world();
    world.policies[0].pinned_channel = Some("stable".to_owned());
    let seen = see(&world, LICENSE);
    assert_eq!((positions(&seen.offered), seen.pin), (vec![1, 2], Some(Channel::Stable)));
    assert_eq!(positions(&seen.visible), [0, 1, 2], "what may be had is the same");
    world.licenses[0].pinned_constraint = Some("1.0.0".to_owned());
    assert_eq!(positions(&see(&world, LICENSE).offered), [2]);
    world.licenses[0].pinned_channel = Some("beta".to_owned());
    world.licenses[0].pinned_constraint = None;
    let seen = see(&world, LICENSE);
    assert_eq!((positions(&seen.offered), seen.pin), (vec![0, 1, 2], Some(Channel::Beta)));
    let vendor = see(&world, PRODUCT);
    assert_eq!((positions(&vendor.offered), vendor.pin), (vec![0, 1, 2], None));
}

#[test]
fn each_licence_of_a_user_is_held_to_its_own_pins() {
    let mut world = world();
    world.licenses[0].pinned_channel = Some("stable".to_owned());
    let one_free = see(&world, USER);
    assert_eq!((positions(&one_free.offered), one_free.pin), (vec![0, 1, 2], None));
    world.licenses[1].pinned_channel = Some("beta".to_owned());
    let widest = see(&world, USER);
    assert_eq!((positions(&widest.offered), widest.pin), (vec![0, 1, 2], Some(Channel::Beta)));
    // The beta is given by a licence that is pinned to stable releases only.
    world.constraints = vec![Blank::starting_at(90).constraint(&world.releases[0], &world.entitlements[0])];
    world.license_entitlements =
        vec![Blank::starting_at(95).license_entitlement(&world.licenses[0], &world.entitlements[0])];
    let seen = see(&world, USER);
    assert_eq!((positions(&seen.visible), positions(&seen.offered)), (vec![0, 1, 2], vec![1, 2]));
}

#[test]
fn pins_hold_for_open_products_too_whatever_the_licence_has_come_to() {
    let mut world = world();
    world.products[0].distribution_strategy = Open;
    world.licenses[0].pinned_constraint = Some("1.0.0".to_owned());
    world.licenses[0].suspended = true;
    assert_eq!(positions(&see(&world, LICENSE).offered), [2]);
    let nobody = Principal::anonymous(account(), EnvironmentView::Global);
    assert_eq!(positions(&view(&nobody, &snapshot(&world), NOW).offered), [0, 1, 2]);
}

#[test]
fn what_nobody_has_yet_waits_for_everybody_but_the_vendor() {
    let mut world = world();
    world.rollouts = vec![Blank::starting_at(90).rollout(&world.releases[1])];
    let snapshot = |world: &World| snapshot(world);
    let waits = |world: &World, token, installation| {
        positions(&waiting(&caller(world, token), &snapshot(world), installation, NOW))
    };
    assert_eq!(waits(&world, LICENSE, None), [1]);
    assert_eq!(waits(&world, USER, Some("machine")), [1]);
    assert_eq!(waits(&world, PRODUCT, None), [0; 0]);
    world.rollouts[0].percentage = 10_000;
    assert_eq!(waits(&world, LICENSE, None), [0; 0]);
    world.rollouts[0].paused_at = Some(NOW);
    assert_eq!(waits(&world, LICENSE, Some("machine")), [1]);
    let nobody = Principal::anonymous(account(), EnvironmentView::Global);
    world.rollouts[0] = r::Rollout { percentage: 9_999, paused_at: None, ..world.rollouts[0].clone() };
    assert_eq!(positions(&waiting(&nobody, &snapshot(&world), None, NOW)), [1], "nothing is known of it");
}

#[test]
fn an_installation_is_known_by_its_own_id_else_by_who_asks() {
    let mut world = world();
    let rollout = Blank::starting_at(90).rollout(&world.releases[0]);
    world.rollouts = vec![r::Rollout { percentage: 5_000, ..rollout.clone() }];
    let snapshot = snapshot(&world);
    let plan = Plan::of(&world.rollouts[0]);
    let license = caller(&world, LICENSE);
    let own = world.licenses[0].id.to_string();
    for (installation, id) in [(None, own.as_str()), (Some("a"), "a"), (Some("b"), "b"), (Some("c"), "c")] {
        let waits = waiting(&license, &snapshot, installation, NOW).contains(0);
        assert_eq!(waits, !plan.admits(Some(id), NOW), "{id}");
    }
    let user = world.users[0].id.to_string();
    let waits = waiting(&caller(&world, USER), &snapshot, None, NOW).contains(0);
    assert_eq!(waits, !plan.admits(Some(&user), NOW));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Single records and packages are decided alike.
    #[test]
    fn records_and_packages_agree(seed: u64, installation: Option<u8>) {
        let world = World::random(seed);
        let installation = installation.map(|number| number.to_string());
        for caller in world.callers(EnvironmentView::Global) {
            for snapshot in world.snapshots() {
                let seen = view(&caller, &snapshot, NOW);
                let waits = waiting(&caller, &snapshot, installation.as_deref(), NOW);
                for (index, release) in snapshot.package.releases.iter().enumerate() {
                    if !seen.visible.contains(index) {
                        prop_assert!(!seen.offered.contains(index));
                        continue;
                    }
                    let record = world.releases.iter().find(|record| record.id == release.id.into()).unwrap();
                    let asked = world.constraints.iter().filter(|of| of.release_id == release.id);
                    let asked: Vec<EntitlementId> = asked.map(|of| of.entitlement_id).collect();
                    let target = Target::release(record, snapshot.strategy, &asked, NOW);
                    let rollout = world.rollouts.iter().find(|rollout| rollout.release_id == release.id);
                    let plan = rollout.map(Plan::of);
                    let what = (&release.version, release.channel);
                    let offered = is_offered(&caller, &target, what, (plan.as_ref(), installation.as_deref()));
                    let expected = seen.offered.contains(index) && !waits.contains(index);
                    prop_assert_eq!(offered, expected, "{:?} of {:?}", record.version, caller.who);
                    prop_assert_eq!(pinned_channel(&caller, &target, NOW), seen.pin);
                }
            }
        }
    }
}
