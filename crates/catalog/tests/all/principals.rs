//! Who stands behind a credential.

use std::collections::BTreeMap;
use std::sync::Arc;

use keyway_access::{CredentialScheme, Presented, Surface, Who};
use keyway_base::EntitlementId;
use keyway_catalog::{CacheLimits, PrincipalError};
use keyway_crypto::registry_token::IssuedFor;
use keyway_crypto::{license_key, token};
use keyway_domain::resources::{
    Entitlement, Environment, LicenseEntitlement, LicenseUser, PolicyEntitlement, User,
};
use keyway_jsonapi::Value;

use crate::world::{START, World, credential, license_credential};

#[tokio::test]
async fn a_licence_holds_its_own_and_its_policys_entitlements() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let policy = world.policy(&product).await;
    let license = world.license(&policy, "KEY").await;
    let (own, inherited) = (world.record::<Entitlement>(), world.record::<Entitlement>());
    world.put(&own).await;
    world.put(&inherited).await;
    let mut join = world.record::<LicenseEntitlement>();
    join.set("license_id", Value::Id(license.id()));
    join.set("entitlement_id", Value::Id(own.id()));
    world.put(&join).await;
    let mut join = world.record::<PolicyEntitlement>();
    join.set("policy_id", Value::Id(policy.id()));
    join.set("entitlement_id", Value::Id(inherited.id()));
    world.put(&join).await;

    let principal = world.by_key("KEY").await.unwrap();
    assert_eq!(principal.who, Who::License(license.id().into()));
    let grant = principal.grants.first().unwrap();
    let expected: Vec<EntitlementId> = vec![own.id().into(), inherited.id().into()];
    assert!(expected.iter().all(|id| grant.entitlements.contains(id)) && grant.entitlements.len() == 2);
}

#[tokio::test]
async fn a_user_speaks_for_owned_and_attached_licences_and_a_ban_is_seen_at_once() {
    let world = World::new().await;
    let policy = world.policy(&world.product("LICENSED").await).await;
    let (mut user, mut owner) = (world.record::<User>(), world.record::<User>());
    for (record, email) in [(&mut user, "user@example.com"), (&mut owner, "owner@example.com")] {
        record.set("email", Value::Text(email.into()));
        record.set("role", Value::Text("user".into()));
        world.put(record).await;
    }
    let mut owned = world.license_record(&policy, "OWNED");
    owned.set("owner_id", Value::Id(user.id()));
    world.put(&owned).await;
    let mut foreign = world.license_record(&policy, "FOREIGN");
    foreign.set("owner_id", Value::Id(owner.id()));
    world.put(&foreign).await;
    world.token("users", &user, "user-token").await;
    let presented = credential(CredentialScheme::Bearer, "user-token");
    let grants = async || {
        let principal = world.by(&presented, None).await.unwrap();
        principal.grants.iter().map(|grant| (grant.id, grant.owner_banned)).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(grants().await, BTreeMap::from([(owned.id().into(), false)]));

    let mut join = world.record::<LicenseUser>();
    join.set("license_id", Value::Id(foreign.id()));
    join.set("user_id", Value::Id(user.id()));
    world.put(&join).await;
    let both = BTreeMap::from([(owned.id().into(), false), (foreign.id().into(), false)]);
    assert_eq!(grants().await, both);

    world.change(&mut owner, "banned_at", Value::Time(START)).await;
    let both = BTreeMap::from([(owned.id().into(), false), (foreign.id().into(), true)]);
    assert_eq!(grants().await, both);
    world.change(&mut foreign, "suspended", Value::Bool(true)).await;
    let principal = world.by(&presented, None).await.unwrap();
    let suspended = principal.grants.iter().filter(|grant| grant.suspended).map(|grant| grant.id);
    assert_eq!(suspended.collect::<Vec<_>>(), [foreign.id().into()], "a licence of somebody else");

    world.change(&mut user, "banned_at", Value::Time(START)).await;
    let refused = world.by(&presented, None).await.unwrap_err();
    assert!(matches!(refused, PrincipalError::Auth(failure) if failure.code == "USER_BANNED"));
}

#[tokio::test]
async fn on_engine_routes_either_reading_of_a_secret_is_found() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let license = world.license(&world.policy(&product).await, "KEY").await;
    world.token("products", &product, "prod-token").await;
    let by_key = world.by(&credential(CredentialScheme::Bearer, "KEY"), None).await.unwrap();
    assert_eq!(by_key.who, Who::License(license.id().into()));
    let by_token = world.by(&credential(CredentialScheme::BasicToken, "prod-token"), None).await.unwrap();
    assert_eq!(by_token.who, Who::Product(product.id().into()));
    assert_eq!(world.by(&Presented::Anonymous, None).await.unwrap().who, Who::Anonymous);
}

#[tokio::test]
async fn cached_refusals_end_when_the_credential_comes_into_being() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let policy = world.policy(&product).await;
    assert_eq!(world.refusal("NEW").await, "LICENSE_INVALID");
    assert_eq!(world.refusal("NEW").await, "LICENSE_INVALID");
    let mut license = world.license(&policy, "NEW").await;
    assert!(world.by_key("NEW").await.is_ok());
    world.change(&mut license, "key", Value::Text("NEWER".into())).await;
    assert_eq!(world.refusal("NEW").await, "LICENSE_INVALID");
    assert!(world.by_key("NEWER").await.is_ok());

    let presented = credential(CredentialScheme::Bearer, "prod-x");
    assert!(world.by(&presented, None).await.is_err());
    let token = world.token("products", &product, "prod-x").await;
    assert!(world.by(&presented, None).await.is_ok());
    world.remove(&token).await;
    assert!(world.by(&presented, None).await.is_err());
}

/// What a registry's token says of its credential leads to it for as long as it is good, and no longer.
#[tokio::test]
async fn a_bearer_by_digest_is_who_the_credential_was_until_it_changes() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let policy = world.policy(&product).await;
    let mut license = world.license(&policy, "KEY").await;
    let token = world.token("products", &product, "prod-x").await;
    let secret = world.account.secret();
    let key = IssuedFor::Key(license.id().into(), license_key::digest(secret, "KEY"));
    let by_token = IssuedFor::Token(token::digest(secret, "prod-x"));
    let who = async |bearer| {
        let principal = world.catalog.principal_of(&world.account, None, bearer).await;
        principal.map(|principal| principal.who.clone()).ok()
    };
    assert_eq!(who(IssuedFor::Anonymous).await, Some(Who::Anonymous));
    assert_eq!(who(key).await, Some(Who::License(license.id().into())));
    assert_eq!(who(by_token).await, Some(Who::Product(product.id().into())));
    let swapped = IssuedFor::Token(license_key::digest(secret, "KEY"));
    assert_eq!(who(swapped).await, None, "a key's digest is no token's");
    world.change(&mut license, "suspended", Value::Bool(true)).await;
    let principal = world.catalog.principal_of(&world.account, None, key).await.unwrap();
    assert!(principal.grants.iter().all(|grant| grant.suspended), "let in, to be refused with a reason");
    world.change(&mut license, "key", Value::Text("NEWER".into())).await;
    assert_eq!(who(key).await, None, "the key was exchanged for another");
    world.remove(&token).await;
    assert_eq!(who(by_token).await, None);
}

#[tokio::test]
async fn time_limits_are_compared_on_every_hit_in_both_directions() {
    let world = World::new().await;
    let policy = world.policy(&world.product("LICENSED").await).await;
    let mut license = world.license_record(&policy, "KEY");
    license.set("expiry", Value::Time(START.plus(std::time::Duration::from_millis(500))));
    world.put(&license).await;
    let first = world.by_key("KEY").await.unwrap();
    world.clock.set(START.plus(std::time::Duration::from_millis(600)));
    assert_eq!(world.refusal("KEY").await, "LICENSE_EXPIRED");
    world.clock.set(START);
    let again = world.by_key("KEY").await.unwrap();
    assert!(Arc::ptr_eq(&first, &again), "the refusal did not evict the principal");

    let mut late = world.license_record(&policy, "LATE");
    late.set("expiry", Value::Time(START.plus(std::time::Duration::from_millis(100))));
    world.put(&late).await;
    world.clock.set(START.plus(std::time::Duration::from_millis(600)));
    assert_eq!(world.refusal("LATE").await, "LICENSE_EXPIRED");
    world.clock.set(START);
    assert!(world.by_key("LATE").await.is_ok(), "a refusal does not outlive a clock that is set back");
}

#[tokio::test]
async fn environments_keep_credentials_apart() {
    let world = World::new().await;
    let mut environment = world.record::<Environment>();
    environment.set("code", Value::Text("Staging".into()));
    environment.set("isolation_strategy", Value::Text("ISOLATED".into()));
    assert_eq!(world.catalog.environment(&world.account, "staging").await.unwrap(), None);
    world.put(&environment).await;
    let found = world.catalog.environment(&world.account, "staging").await.unwrap().unwrap();
    assert_eq!(found.id, environment.id().into());
    let by_id = world.catalog.environment(&world.account, &environment.id().to_string()).await.unwrap();
    assert_eq!(by_id, Some(Arc::clone(&found)));

    let policy = world.policy(&world.product("LICENSED").await).await;
    world.license(&policy, "GLOBAL").await;
    let mut inside = world.license_record(&policy, "INSIDE");
    inside.set("environment_id", Value::Id(environment.id()));
    world.put(&inside).await;
    let (global, staging) = (None, Some(&*found));
    for (key, place, known) in [
        ("GLOBAL", global, true),
        ("GLOBAL", staging, false),
        ("INSIDE", global, false),
        ("INSIDE", staging, true),
    ] {
        let answer = world.by(&license_credential(key), place).await;
        assert_eq!(answer.is_ok(), known, "{key} in {place:?}");
    }
}

#[tokio::test]
async fn a_hit_needs_no_database() {
    let world = World::new().await;
    world.license(&world.policy(&world.product("LICENSED").await).await, "KEY").await;
    let first = world.by_key("KEY").await.unwrap();
    assert_eq!(world.refusal("WRONG").await, "LICENSE_INVALID");
    world.db.close().await;
    assert!(Arc::ptr_eq(&first, &world.by_key("KEY").await.unwrap()));
    assert_eq!(world.refusal("WRONG").await, "LICENSE_INVALID");
    assert!(world.catalog.resolve(None, None).await.is_ok());
    assert!(
        matches!(world.by_key("OTHER").await, Err(PrincipalError::Unavailable(_))),
        "a miss is no refusal"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_who_ask_at_once_cause_one_load() {
    let world = Arc::new(World::new().await);
    world.license(&world.policy(&world.product("LICENSED").await).await, "KEY").await;
    let askers: Vec<_> = (0..100)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.by_key("KEY").await.unwrap() })
        })
        .collect();
    let first = world.by_key("KEY").await.unwrap();
    for asker in askers {
        assert!(Arc::ptr_eq(&first, &asker.await.unwrap()), "a second load");
    }
}

#[tokio::test]
async fn guessing_evicts_guesses_only() {
    let limits = CacheLimits { refusals: 64 * 1024, ..CacheLimits::default() };
    let world = World::with(limits).await;
    world.license(&world.policy(&world.product("LICENSED").await).await, "KEY").await;
    let known = world.by_key("KEY").await.unwrap();
    for guess in 0..2_000 {
        assert_eq!(world.refusal(&format!("GUESS-{guess}")).await, "LICENSE_INVALID");
    }
    assert!(world.catalog.sizes().principals < 2 * 64 * 1024, "{:?}", world.catalog.sizes());
    assert!(Arc::ptr_eq(&known, &world.by_key("KEY").await.unwrap()));
}

#[tokio::test]
async fn policies_and_products_that_go_take_their_licences_along() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let mut policy = world.policy(&product).await;
    world.license(&policy, "KEY").await;
    assert!(world.by_key("KEY").await.is_ok());
    world.change(&mut policy, "authentication_strategy", Value::Text("TOKEN".into())).await;
    assert_eq!(world.refusal("KEY").await, "LICENSE_NOT_ALLOWED");
    world.change(&mut policy, "authentication_strategy", Value::Text("LICENSE".into())).await;
    assert!(world.by_key("KEY").await.is_ok());
    world.remove(&policy).await;
    assert_eq!(world.refusal("KEY").await, "LICENSE_INVALID");
}

#[tokio::test]
async fn the_environment_behind_a_credential_is_the_only_one_that_knows_it() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let policy = world.policy(&product).await;
    let behind = async |presented: Presented| {
        let found =
            world.catalog.environment_behind(&world.account, Surface::Engine, &presented).await.unwrap();
        found.map(|environment| environment.code.clone())
    };
    assert_eq!(behind(license_credential("INSIDE")).await, None, "there are none");
    world.license(&policy, "GLOBAL").await;
    for (code, strategy) in [("staging", "ISOLATED"), ("beta", "SHARED")] {
        let mut environment = world.record::<Environment>();
        environment.set("code", Value::Text(code.into()));
        environment.set("isolation_strategy", Value::Text(strategy.into()));
        world.put(&environment).await;
        let mut inside = world.license_record(&policy, &format!("IN-{code}"));
        inside.set("environment_id", Value::Id(environment.id()));
        inside.set("suspended", Value::Bool(true));
        world.put(&inside).await;
    }
    for (key, place) in
        [("GLOBAL", None), ("IN-staging", Some("staging")), ("IN-beta", Some("beta")), ("WRONG", None)]
    {
        assert_eq!(behind(license_credential(key)).await.as_deref(), place, "{key}");
    }
    assert_eq!(behind(Presented::Anonymous).await, None);
}
