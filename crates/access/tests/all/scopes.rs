//! The two ways to decide on releases, lists of records and packages in memory, agree in random worlds.

use std::collections::BTreeSet;

use keyway_access::worlds::{NOW, World, ids, just_after};
use keyway_access::{Action, Principal, Target, authorize, listed, matches, view, visible};
use keyway_base::{EntitlementId, RecordId};
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Record, Resource, Role};
use proptest::prelude::*;

/// The rows of a resource that a caller sees.
fn rows<'a>(world: &'a World, caller: &Principal, resource: &'static Resource) -> Vec<&'a Record> {
    let scope = visible(caller, resource, &caller.view, NOW);
    let all = keyway_access::Rows::rows(world, resource.table);
    all.iter().filter(|record| matches(&scope, record, world)).collect()
}

/// The releases that are in scope and that the rule allows: what the JSON:API serves.
fn by_records(world: &World, caller: &Principal) -> BTreeSet<RecordId> {
    let in_scope = rows(world, caller, r::Release::RESOURCE);
    let allowed = in_scope.into_iter().filter(|record| may_show(world, caller, record));
    ids(allowed)
}

fn may_show(world: &World, caller: &Principal, record: &Record) -> bool {
    let release: r::Release = record.typed().expect("a release");
    let mut products = world.products.iter();
    let product = products.find(|product| product.id == release.product_id.into()).expect("its product");
    let asked = world.constraints.iter().filter(|of| of.release_id == release.id.into());
    let asked: Vec<EntitlementId> = asked.map(|of| of.entitlement_id).collect();
    let target = Target::release(&release, product.distribution_strategy, &asked, NOW);
    authorize(caller, Action::ReleaseShow, &target).is_ok()
}

/// The releases that views of packages show: what the engines serve.
fn by_packages(world: &World, caller: &Principal) -> BTreeSet<RecordId> {
    let mut seen = BTreeSet::new();
    for snapshot in world.snapshots() {
        let view = view(caller, &snapshot, NOW);
        let releases = snapshot.package.releases.iter().enumerate();
        seen.extend(
            releases.filter(|(at, _)| view.visible.contains(*at)).map(|(_, of)| RecordId::from(of.id)),
        );
    }
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn records_and_packages_agree(seed: u64) {
        let world = World::random(seed);
        for view in world.views() {
            for caller in world.callers(view) {
                let (records, packages) = (by_records(&world, &caller), by_packages(&world, &caller));
                prop_assert_eq!(&records, &packages, "{:?} in {:?}", caller.who, view);
            }
        }
    }

    #[test]
    fn what_is_listed_is_visible_and_allowed(seed: u64) {
        let world = World::random(seed);
        for view in world.views() {
            for caller in world.callers(view) {
                let scope = listed(&caller, r::Release::RESOURCE, &view, NOW);
                let all = keyway_access::Rows::rows(&world, "releases");
                let listed = all.iter().filter(|record| matches(&scope, record, &world));
                let listed: BTreeSet<RecordId> = ids(listed);
                prop_assert!(listed.is_subset(&by_records(&world, &caller)), "{:?} in {:?}", caller.who, view);
            }
        }
    }

    #[test]
    fn nothing_is_seen_outside_the_environment_or_without_its_release(seed: u64) {
        let world = World::random(seed);
        for view in world.views() {
            for caller in world.callers(view) {
                for resource in [r::License::RESOURCE, r::User::RESOURCE, r::Release::RESOURCE, r::Package::RESOURCE] {
                    let foreign = rows(&world, &caller, resource).into_iter().find(|row| !view.reads(row.environment()));
                    prop_assert_eq!(foreign, None);
                }
                let releases = ids(rows(&world, &caller, r::Release::RESOURCE));
                for artifact in rows(&world, &caller, r::Artifact::RESOURCE) {
                    let artifact: r::Artifact = artifact.typed().unwrap();
                    prop_assert!(releases.contains(&artifact.release_id.into()));
                    let vendor = caller.role.is_team() || matches!(caller.role, Role::Product | Role::Environment);
                    prop_assert!(vendor || artifact.status == r::ArtifactStatus::Uploaded);
                }
            }
        }
    }

    #[test]
    fn a_view_holds_until_the_moment_it_names(seed: u64) {
        let world = World::random(seed);
        for caller in world.callers(keyway_access::EnvironmentView::Global) {
            for snapshot in world.snapshots() {
                let seen = view(&caller, &snapshot, NOW);
                let Some(until) = seen.valid_until() else {
                    let later = view(&caller, &snapshot, NOW.plus(std::time::Duration::from_secs(86_400 * 365)));
                    prop_assert_eq!(&later, &seen, "{:?}: nothing depends on the time", caller.who);
                    continue;
                };
                prop_assert_eq!(&view(&caller, &snapshot, until), &seen);
                prop_assert!(seen.is_valid(until) && !seen.is_valid(just_after(until)));
            }
        }
    }

    #[test]
    fn nobody_without_a_credential_sees_more_than_a_customer(seed: u64) {
        let world = World::random(seed);
        let callers = world.callers(keyway_access::EnvironmentView::Global);
        let anonymous = by_packages(&world, &callers[0]);
        for customer in callers.iter().filter(|caller| matches!(caller.role, Role::User | Role::License)) {
            prop_assert!(anonymous.is_subset(&by_packages(&world, customer)), "{:?}", customer.who);
        }
    }
}
