//! Order and codes of refusals (`licensing.md` §2, `distribution.md` §2.2), and what a principal may.

use keyway_access::worlds::{Blank, NOW, World, account, day, just_after};
use keyway_access::{EnvironmentView, Principal, Surface, Who};
use keyway_domain::permission::{Permission, Permissions};
use keyway_domain::resources as r;
use keyway_engine::Reason;
use keyway_jsonapi::Role;
use serde_json::json;

/// A product, a policy that lets everything in, a licence with an owner, and tokens of licence and owner.
fn world() -> World {
    let mut blank = Blank::starting_at(1);
    let mut world = World::default();
    world.environments = vec![
        blank.environment("isolated", r::IsolationStrategy::Isolated),
        blank.environment("shared", r::IsolationStrategy::Shared),
    ];
    world.users = vec![blank.user(r::UserRole::Admin), blank.user(r::UserRole::User)];
    world.products = vec![blank.product(r::DistributionStrategy::Licensed)];
    world.policies = vec![blank.policy(&world.products[0])];
    let mut license = blank.license(&world.policies[0]);
    license.owner_id = Some(world.users[1].id.into());
    world.licenses = vec![license];
    world.tokens = vec![
        blank.token(r::BearerType::License, world.licenses[0].id, None),
        blank.token(r::BearerType::User, world.users[1].id, None),
        blank.token(r::BearerType::User, world.users[0].id, None),
        blank.token(r::BearerType::Product, world.products[0].id, None),
        blank.token(
            r::BearerType::Environment,
            world.environments[0].id,
            Some(world.environments[0].id.into()),
        ),
    ];
    world
}

/// The code that the licence's key, its token and its owner's token are answered with after a change.
#[track_caller]
fn codes(change: impl FnOnce(&mut World)) -> [&'static str; 3] {
    let mut world = world();
    change(&mut world);
    let code =
        |result: Result<Principal, keyway_access::AuthFailure>| result.map_or_else(|e| e.code, |_| "ok");
    let global = EnvironmentView::Global;
    [
        code(world.by_key(&world.licenses[0], global, Surface::Api)),
        code(world.by_token(&world.tokens[0], global)),
        code(world.by_token(&world.tokens[1], global)),
    ]
}

#[test]
fn suspension_and_expiry_stop_keys_but_not_tokens() {
    assert_eq!(codes(|_| ()), ["ok", "ok", "ok"]);
    assert_eq!(codes(|w| w.licenses[0].suspended = true), ["LICENSE_SUSPENDED", "ok", "ok"]);
    for (strategy, code) in [
        (r::ExpirationStrategy::Revoke, "LICENSE_EXPIRED"),
        (r::ExpirationStrategy::Restrict, "ok"),
        (r::ExpirationStrategy::Maintain, "ok"),
        (r::ExpirationStrategy::Allow, "ok"),
    ] {
        let expired = codes(|w| {
            w.policies[0].expiration_strategy = strategy;
            w.licenses[0].expiry = Some(day(-1));
        });
        assert_eq!(expired, [code, "ok", "ok"], "{strategy}");
    }
    let now = codes(|w| {
        w.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
        w.licenses[0].expiry = Some(NOW);
    });
    assert_eq!(now, ["ok", "ok", "ok"], "a licence that expires now has not expired");
}

#[test]
fn bans_come_before_suspension_and_stop_owner_and_licence() {
    let banned = codes(|w| {
        w.users[1].banned_at = Some(day(-1));
        w.licenses[0].suspended = true;
    });
    assert_eq!(banned, ["LICENSE_BANNED", "USER_BANNED", "USER_BANNED"]);
}

#[test]
fn the_policy_says_how_a_licence_authenticates() {
    use r::AuthenticationStrategy::{License, Mixed, None, Session, Token};
    for (strategy, key, token) in [
        (Token, "LICENSE_NOT_ALLOWED", "ok"),
        (License, "ok", "TOKEN_NOT_ALLOWED"),
        (Session, "LICENSE_NOT_ALLOWED", "TOKEN_NOT_ALLOWED"),
        (Mixed, "ok", "ok"),
        (None, "LICENSE_NOT_ALLOWED", "TOKEN_NOT_ALLOWED"),
    ] {
        let answered = codes(|w| w.policies[0].authentication_strategy = strategy);
        assert_eq!(answered, [key, token, "ok"], "{strategy}");
    }
    let suspended_first = codes(|w| {
        w.policies[0].authentication_strategy = None;
        w.licenses[0].suspended = true;
    });
    assert_eq!(suspended_first[0], "LICENSE_SUSPENDED");
}

#[test]
fn tokens_expire() {
    let mut world = world();
    world.tokens[0].expiry = Some(NOW);
    let principal = world.by_token(&world.tokens[0], EnvironmentView::Global).unwrap();
    assert_eq!(principal.check(Surface::Engine, NOW), Ok(()));
    let later = principal.check(Surface::Engine, just_after(NOW)).unwrap_err();
    assert_eq!((later.status.as_u16(), later.code), (401, "TOKEN_EXPIRED"));
    world.tokens[0].expiry = Some(day(-1));
    world.users[1].banned_at = Some(day(-1));
    let failure = world.by_token(&world.tokens[0], EnvironmentView::Global).unwrap_err();
    assert_eq!(failure.code, "TOKEN_EXPIRED", "before the ban");
}

#[test]
fn a_cached_key_is_refused_once_its_licence_expires() {
    let mut world = world();
    world.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
    world.licenses[0].expiry = Some(day(1));
    let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap();
    assert_eq!(principal.check(Surface::Api, day(1)), Ok(()));
    let failure = principal.check(Surface::Api, just_after(day(1))).unwrap_err();
    assert_eq!((failure.status.as_u16(), failure.code), (403, "LICENSE_EXPIRED"));
    assert_eq!(failure.denial().reason, Reason::Expired);
    let token = world.by_token(&world.tokens[0], EnvironmentView::Global).unwrap();
    assert_eq!(token.check(Surface::Api, day(2)), Ok(()), "tokens are judged by what they ask for");
}

#[test]
fn engines_let_a_known_key_in_so_that_the_view_can_say_why_not() {
    let mut world = world();
    world.policies[0].expiration_strategy = r::ExpirationStrategy::Revoke;
    world.licenses[0].expiry = Some(day(1));
    let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap();
    assert_eq!(principal.check(Surface::Engine, day(2)), Ok(()));
    assert_eq!(principal.standing(day(2)).unwrap_err().code, "LICENSE_EXPIRED");
    assert_eq!(principal.standing(day(1)), Ok(()));
    world.policies[0].expiration_strategy = r::ExpirationStrategy::Restrict;
    let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Engine).unwrap();
    assert_eq!(principal.standing(day(2)), Ok(()), "it keeps what came before");
    assert_eq!(principal.validity(day(2)).unwrap_err().code, "LICENSE_EXPIRED", "but it is not valid");
}

#[test]
fn engines_let_a_licence_in_that_does_not_stand_so_that_the_view_can_say_why() {
    for (suspended, banned, code) in [(true, false, "LICENSE_SUSPENDED"), (true, true, "LICENSE_BANNED")] {
        let mut world = world();
        world.licenses[0].suspended = suspended;
        world.users[1].banned_at = banned.then_some(day(-1));
        let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Engine).unwrap();
        assert_eq!(principal.check(Surface::Engine, NOW), Ok(()));
        assert_eq!(principal.standing(NOW).unwrap_err().code, code);
    }
    let mut world = world();
    world.policies[0].authentication_strategy = r::AuthenticationStrategy::Token;
    let failure = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Engine).unwrap_err();
    assert_eq!((failure.code, failure.reason), ("LICENSE_NOT_ALLOWED", Reason::MethodNotAllowed));
}

#[test]
fn credentials_work_in_their_environment_only() {
    let mut world = world();
    let isolated = EnvironmentView::of(Some(&world.environments[0]));
    let shared = EnvironmentView::of(Some(&world.environments[1]));
    let code = |world: &World, token: usize, view| {
        world.by_token(&world.tokens[token], view).map_or_else(|failure| failure.code, |_| "ok")
    };
    assert_eq!(code(&world, 0, shared), "ok", "global in shared");
    assert_eq!(code(&world, 0, isolated), "TOKEN_INVALID", "global in isolated");
    assert_eq!(world.by_key(&world.licenses[0], isolated, Surface::Api).unwrap_err().code, "LICENSE_INVALID");
    assert_eq!(code(&world, 4, isolated), "ok", "the environment's own");
    assert_eq!(code(&world, 4, EnvironmentView::Global), "TOKEN_INVALID", "an environment's in global");
    let made_inside = Some(world.environments[0].id.into());
    for (token, expected) in [(2, "ok"), (1, "TOKEN_INVALID"), (3, "TOKEN_INVALID")] {
        world.tokens[token].environment_id = made_inside;
        assert_eq!(code(&world, token, isolated), expected, "only global admins, token {token}");
    }
}

#[test]
fn the_password_of_a_global_admin_opens_an_isolated_environment() {
    let world = world();
    let isolated = EnvironmentView::of(Some(&world.environments[0]));
    let code = |user: usize| {
        world.by_password(&world.users[user], isolated).map_or_else(|failure| failure.code, |_| "ok")
    };
    assert_eq!((code(0), code(1)), ("ok", "TOKEN_INVALID"));
}

#[test]
fn a_record_of_another_account_is_unknown() {
    let mut world = world();
    world.licenses[0].account_id = Blank::id(999).into();
    assert_eq!(
        world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap_err().code,
        "LICENSE_INVALID"
    );
    let mut world = self::world();
    world.tokens[1].account_id = Blank::id(999).into();
    assert_eq!(world.by_token(&world.tokens[1], EnvironmentView::Global).unwrap_err().code, "TOKEN_INVALID");
}

#[test]
fn a_licence_shares_its_permissions_with_its_owner_and_its_token() {
    let mut world = world();
    world.licenses[0].permissions = json!(["license.read", "release.read", "license.validate"]);
    world.users[1].permissions = json!(["license.read", "release.read", "token.read"]);
    let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap();
    let shared = Permissions::of(&[Permission::LicenseRead, Permission::ReleaseRead]);
    assert_eq!(principal.permissions, shared);
    world.tokens[0].permissions = json!(["release.read", "release.download"]);
    let principal = world.by_token(&world.tokens[0], EnvironmentView::Global).unwrap();
    assert_eq!(principal.permissions, Permissions::of(&[Permission::ReleaseRead]));
    assert_eq!(principal.bearer_permissions, shared);
    world.users[1].permissions = json!(["*"]);
    world.licenses[0].permissions = json!(["*"]);
    let principal = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap();
    assert_eq!(principal.permissions, Permissions::allowed(Role::License));
}

#[test]
fn principals_say_who_they_are() {
    let mut world = world();
    world.licenses[0].name = Some("Acme".to_owned());
    let license = world.by_key(&world.licenses[0], EnvironmentView::Global, Surface::Api).unwrap();
    assert_eq!(license.display_name(), "license Acme");
    assert_eq!(license.bearer_id(), Some(world.licenses[0].id));
    let user = world.by_token(&world.tokens[1], EnvironmentView::Global).unwrap();
    assert_eq!(user.grants.len(), 1, "the licence they own");
    assert!(matches!(user.who, Who::User(_)));
    assert_eq!(Principal::anonymous(account(), EnvironmentView::Global).bearer_id(), None);
}
