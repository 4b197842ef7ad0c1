//! The world that the matrix's cast stands in: its people, products, policies, licences, releases and tokens.

use keyway_access::worlds::{Blank, World};
use keyway_domain::resources as r;
use r::DistributionStrategy::{Closed, Licensed, Open};

// Positions in the world's lists.
pub(super) const X: usize = 0;
pub(super) const Y: usize = 1;
pub(super) const OPEN: usize = 2;
pub(super) const SHUT: usize = 3;
pub(super) const POLICY_X: usize = 0;
pub(super) const POLICY_SIBLING: usize = 1;
pub(super) const POLICY_Y: usize = 2;
pub(super) const POLICY_PROTECTED: usize = 3;
pub(super) const HOME: usize = 0;
pub(super) const OWNED: usize = 1;
pub(super) const U: usize = 5;
pub(super) const V: usize = 6;
pub(super) const W: usize = 7;
pub(super) const BOTH: usize = 8;
pub(super) const OTHER_ADMIN: usize = 9;
pub(super) const OTHER_DEVELOPER: usize = 10;

/// Three groups; the five team roles, u, v, w, a customer of both products, another admin and another developer.
pub(super) fn add_people(world: &mut World, blank: &mut Blank) {
    use r::UserRole::{Admin, Developer, ReadOnly, SalesAgent, SupportAgent, User};
    let roles =
        [Admin, Developer, SalesAgent, SupportAgent, ReadOnly, User, User, User, User, Admin, Developer];
    world.users = roles.into_iter().map(|role| blank.user(role)).collect();
    world.groups = (0..3).map(|_| blank.group()).collect();
    world.users[U].group_id = Some(world.groups[HOME].id.into());
    world.group_owners = vec![blank.group_owner(&world.groups[OWNED], world.users[U].id.into())];
}

pub(super) fn add_products(world: &mut World, blank: &mut Blank) {
    world.products = [Licensed, Licensed, Open, Closed].into_iter().map(|of| blank.product(of)).collect();
    world.entitlements = vec![blank.entitlement("HELD"), blank.entitlement("OTHER")];
}

pub(super) fn add_policies_and_licenses(world: &mut World, blank: &mut Blank) {
    world.policies = [X, X, Y, X].into_iter().map(|at| blank.policy(&world.products[at])).collect();
    world.policies[POLICY_PROTECTED].protected = true;
    world.keys = [POLICY_X, POLICY_Y].map(|at| blank.key(&world.policies[at])).into();
    let licenses = [
        (POLICY_X, U, None),
        (POLICY_X, V, None),
        (POLICY_X, V, None),
        (POLICY_Y, W, None),
        (POLICY_X, U, Some(true)),
        (POLICY_PROTECTED, U, Some(false)),
        (POLICY_X, BOTH, None),
        (POLICY_Y, BOTH, None),
    ];
    for (policy, owner, protected) in licenses {
        let mut license = blank.license(&world.policies[policy]);
        license.owner_id = Some(world.users[owner].id.into());
        license.protected = protected;
        world.licenses.push(license);
    }
    world.licenses[0].group_id = Some(world.groups[HOME].id.into());
    world.license_users = vec![blank.license_user(&world.licenses[1], world.users[U].id.into())];
    world.license_entitlements = vec![blank.license_entitlement(&world.licenses[0], &world.entitlements[0])];
}

/// A machine with a component and a process on each licence, then one on the second that u owns.
pub(super) fn add_machines(world: &mut World, blank: &mut Blank) {
    world.machines = world.licenses.iter().map(|license| blank.machine(license)).collect();
    let mut mine = blank.machine(&world.licenses[1]);
    mine.owner_id = Some(world.users[U].id.into());
    world.machines.push(mine);
    world.components = world.machines.iter().map(|machine| blank.component(machine)).collect();
    world.processes = world.machines.iter().map(|machine| blank.process(machine)).collect();
}

/// A package and a release per product, then held, needs, draft and yanked of X.
pub(super) fn add_releases(world: &mut World, blank: &mut Blank) {
    world.packages = world.products.iter().map(|product| blank.package(product, Some("npm"))).collect();
    world.releases =
        [X, Y, OPEN, SHUT, X, X, X, X].into_iter().map(|at| blank.release_of(&world.packages[at])).collect();
    world.releases[6].status = r::ReleaseStatus::Draft;
    world.releases[7].status = r::ReleaseStatus::Yanked;
    world.constraints = vec![
        blank.constraint(&world.releases[4], &world.entitlements[0]),
        blank.constraint(&world.releases[5], &world.entitlements[1]),
    ];
    world.rollouts = world.releases.iter().map(|release| blank.rollout(release)).collect();
    world.artifacts = world.releases.iter().map(|release| blank.artifact(release)).collect();
}

pub(super) fn add_tokens(world: &mut World, blank: &mut Blank) {
    let users = world.users.iter().map(|of| (r::BearerType::User, of.id, of.environment_id));
    let products = world.products.iter().map(|of| (r::BearerType::Product, of.id, of.environment_id));
    let licenses = world.licenses.iter().map(|of| (r::BearerType::License, of.id, of.environment_id));
    let environments =
        world.environments.iter().map(|of| (r::BearerType::Environment, of.id, Some(of.id.into())));
    let bearers = users.chain(products).chain(licenses).chain(environments);
    world.tokens = bearers.map(|(kind, id, environment)| blank.token(kind, id, environment)).collect();
}
