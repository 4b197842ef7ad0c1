//! The exact words of refusals (`licensing.md` §1.4, `distribution.md` §3.6).

use keyway_access::worlds::{Blank, NOW, World, account, day};
use keyway_access::{Action, Denied, EnvironmentView, Principal, Target, admit, authorize};
use keyway_domain::resources as r;
use keyway_jsonapi::Role;
use serde_json::json;

/// A product with a release that asks for an entitlement, a licence by token that has it, and a developer.
fn world() -> World {
    let mut blank = Blank::starting_at(1);
    let mut world = World::default();
    world.environments = vec![blank.environment("shared", r::IsolationStrategy::Shared)];
    world.users = vec![blank.user(r::UserRole::Developer), blank.user(r::UserRole::Admin)];
    world.products = vec![blank.product(r::DistributionStrategy::Licensed)];
    world.entitlements = vec![blank.entitlement("PRO")];
    world.policies = vec![blank.policy(&world.products[0])];
    world.licenses = vec![blank.license(&world.policies[0])];
    world.license_entitlements = vec![blank.license_entitlement(&world.licenses[0], &world.entitlements[0])];
    world.releases = vec![blank.release(&world.products[0])];
    world.tokens = vec![
        blank.token(r::BearerType::License, world.licenses[0].id, None),
        blank.token(r::BearerType::User, world.users[0].id, None),
    ];
    world
}

fn caller(world: &World, token: usize, view: EnvironmentView) -> Principal {
    world.by_token(&world.tokens[token], view).expect("the credential is good")
}

fn reason(denied: Result<keyway_access::Permit, Denied>) -> String {
    let denied = denied.expect_err("it is refused");
    let rest = denied.detail.strip_prefix("You do not have permission to complete the request (");
    rest.and_then(|rest| rest.strip_suffix(')')).unwrap_or(&denied.detail).to_owned()
}

/// Why the licence, or nobody, may not see the release after a change.
fn release_reason(anonymous: bool, change: impl FnOnce(&mut World)) -> String {
    let mut world = world();
    change(&mut world);
    let who = if anonymous {
        Principal::anonymous(account(), EnvironmentView::Global)
    } else {
        caller(&world, 0, EnvironmentView::Global)
    };
    let asked = [world.entitlements[0].id.into()];
    let strategy = world.products[0].distribution_strategy;
    reason(authorize(&who, Action::ReleaseShow, &Target::release(&world.releases[0], strategy, &asked, NOW)))
}

#[test]
fn releases_say_what_is_wrong_with_the_licence_in_order() {
    let suspended = |w: &mut World| w.licenses[0].suspended = true;
    let expired = |w: &mut World| {
        w.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
        w.licenses[0].expiry = Some(day(-1));
    };
    let outside = |w: &mut World| w.licenses[0].expiry = Some(day(-30));
    let unentitled = |w: &mut World| w.license_entitlements.clear();
    assert_eq!(release_reason(false, unentitled), "license is missing entitlements");
    let both = |w: &mut World| (outside(w), unentitled(w)).0;
    assert_eq!(release_reason(false, both), "license expiry falls outside of access window");
    assert_eq!(release_reason(false, |w| (expired(w), unentitled(w)).0), "license is expired");
    assert_eq!(release_reason(false, |w| (expired(w), suspended(w)).0), "license is suspended");
    let closed = |w: &mut World| w.products[0].distribution_strategy = r::DistributionStrategy::Closed;
    assert_eq!(release_reason(false, closed), "release distribution strategy is closed");
    assert_eq!(release_reason(true, |_| ()), "authentication is required");
    let another = |w: &mut World| w.licenses[0].product_id = Blank::id(99).into();
    assert_eq!(
        release_reason(false, another),
        "ensure the token or license is allowed to access all resources"
    );
}

#[test]
fn a_suspended_licence_token_may_not_list() {
    let mut world = world();
    world.licenses[0].suspended = true;
    let license = caller(&world, 0, EnvironmentView::Global);
    let refused = authorize(&license, Action::ReleaseList, &Target::none());
    assert_eq!(reason(refused), "license is suspended");
    assert!(authorize(&license, Action::PackageList, &Target::none()).is_ok(), "packages know no state");
}

#[test]
fn permissions_of_the_bearer_come_before_those_of_the_token() {
    let mut world = world();
    let product = Target::product(&world.products[0]);
    world.tokens[1].permissions = json!(["license.read"]);
    let token = caller(&world, 1, EnvironmentView::Global);
    let refused = authorize(&token, Action::ProductUpdate, &product);
    assert_eq!(reason(refused), "token lacks permission to perform action");
    world.users[0].permissions = json!(["license.read"]);
    let bearer = caller(&world, 1, EnvironmentView::Global);
    let refused = authorize(&bearer, Action::ProductUpdate, &product);
    assert_eq!(reason(refused), "developer lacks permission to perform action");
}

#[test]
fn global_records_are_read_only_from_a_shared_environment() {
    let world = world();
    let developer = caller(&world, 1, EnvironmentView::of(Some(&world.environments[0])));
    let policy = Target::policy(&world.policies[0]);
    assert!(authorize(&developer, Action::PolicyShow, &policy).is_ok());
    assert_eq!(
        reason(authorize(&developer, Action::PolicyUpdate, &policy)),
        "record environment is not compatible with the current environment"
    );
    let license = Target::license(&world.licenses[0], &world.policies[0], &[]);
    assert!(authorize(&developer, Action::LicenseValidate, &license).is_ok(), "validation is relaxed");
    let inside = Some(world.environments[0].id.into());
    let mut own = world.policies[0].clone();
    own.environment_id = inside;
    let own = Target::policy(&own);
    let attach =
        |attached: Option<_>| authorize(&developer, Action::PolicyEntitlementsAttach, &own.with(&[attached]));
    assert!(attach(None).is_ok(), "a global one may be attached to a record of the environment");
    assert!(attach(inside).is_ok());
    assert_eq!(
        reason(attach(Some(Blank::id(98).into()))),
        "a record's environment is not compatible with the current environment"
    );
}

#[test]
fn users_of_higher_rank_are_out_of_reach_and_bans_are_for_customers() {
    let world = world();
    let developer = caller(&world, 1, EnvironmentView::Global);
    let admin = Target::user(&world.users[1], &[]);
    let lacks = "developer lacks privileges to perform action on user";
    assert_eq!(reason(authorize(&developer, Action::UserUpdate, &admin)), lacks);
    assert_eq!(reason(authorize(&developer, Action::UserBan, &admin)), "must have a user role");
}

#[test]
fn the_same_rank_is_in_reach_of_full_permissions_only() {
    let mut world = world();
    let mut colleague = Blank::starting_at(90).user(r::UserRole::Developer);
    colleague.permissions = json!(["user.read", "user.update", "license.read"]);
    let few = json!(["user.read", "user.update"]);
    let target = Target::user(&colleague, &[]);
    assert!(authorize(&caller(&world, 1, EnvironmentView::Global), Action::UserUpdate, &target).is_ok());
    world.users[0].permissions = few;
    let limited = caller(&world, 1, EnvironmentView::Global);
    assert_eq!(
        reason(authorize(&limited, Action::UserUpdate, &target)),
        "developer lacks privileges to perform action on user"
    );
    let own = Target::user(&world.users[0], &[]);
    assert!(authorize(&limited, Action::UserUpdate, &own).is_ok(), "oneself is never out of reach");
}

#[test]
fn callers_without_a_credential_are_asked_for_one_where_one_is_needed() {
    let nobody = Principal::anonymous(account(), EnvironmentView::Global);
    let failure = admit(&nobody, Action::LicenseShow).expect_err("a credential is needed");
    assert_eq!((failure.status.as_u16(), failure.code), (401, "TOKEN_MISSING"));
    let denied = authorize(&nobody, Action::LicenseShow, &Target::none()).expect_err("the same again");
    assert_eq!((denied.status.as_u16(), denied.code), (401, Some("TOKEN_MISSING")));
    assert_eq!(denied.detail, "You must be authenticated to complete the request");
    let protected = authorize(&nobody, Action::UserCreate, &Target::new_user(None, Role::User, true));
    assert_eq!(reason(protected), "ensure a token or license is present and valid");
}
