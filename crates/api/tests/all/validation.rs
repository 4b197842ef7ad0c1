//! Validation through the API (`licensing.md` §9); the algorithm itself is tested where it lives.

use serde_json::{Value, json};

use crate::world::{World, one};

#[tokio::test]
async fn by_id_by_key_and_quick() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"requireProductScope": true})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/validate");
    let quick = world.admin.get(&path).await;
    assert_eq!(
        quick.at("/meta"),
        &json!({"ts": "2026-06-01T12:00:00.000Z", "valid": true, "detail": "is valid", "code": "VALID"})
    );
    assert_eq!(quick.text("/data/id"), license);
    assert_eq!(quick.at("/data/attributes/lastValidated"), &Value::Null, "noted after the answer");
    let shown = world.admin.get(&format!("licenses/{license}")).await;
    assert_eq!(shown.text("/data/attributes/lastValidated"), "2026-06-01T12:00:00.000Z");
    let unscoped = world.admin.post(&path, json!(null)).await;
    assert_eq!((unscoped.status, unscoped.text("/meta/code")), (200, "PRODUCT_SCOPE_REQUIRED"));
    let scope = json!({"meta": {"nonce": 7, "scope": {"product": product}}});
    let scoped = world.key(&key).post(&path, scope.clone()).await;
    assert_eq!(scoped.text("/meta/code"), "VALID", "{}", scoped.body);
    assert_eq!(scoped.at("/meta/nonce"), &json!(7));
    assert_eq!(scoped.at("/meta/scope"), &json!({"product": product}));
    let anyone = world.anonymous();
    let mut by_key = scope;
    by_key["meta"]["key"] = json!(key);
    let found = anyone.post("licenses/actions/validate-key", by_key).await;
    assert_eq!((found.status, found.text("/meta/code")), (200, "VALID"));
    for body in [json!({"meta": {"key": "nobody's"}}), json!({"meta": {"key": key, "legacyEncrypted": true}})]
    {
        let answer = anyone.post("licenses/actions/validate-key", body).await;
        assert_eq!((answer.status, answer.at("/data")), (200, &Value::Null));
        assert_eq!(answer.text("/meta/code"), "NOT_FOUND");
    }
}

#[tokio::test]
async fn bodies_are_strict() {
    let world = World::new().await;
    let anyone = world.anonymous();
    for (body, pointer, detail) in [
        (json!(null), "/meta", "is missing"),
        (json!({"meta": {}}), "/meta/key", "is missing"),
        (json!({"meta": {"key": ""}}), "/meta/key", "cannot be blank"),
        (
            json!({"meta": {"key": "x", "scope": {"colour": 1}}}),
            "/meta/scope/colour",
            "unpermitted parameter",
        ),
        (
            json!({"meta": {"key": "x", "scope": {"entitlements": [1]}}}),
            "/meta/scope/entitlements/0",
            "type mismatch (received integer expected string)",
        ),
    ] {
        let answer = anyone.post("licenses/actions/validate-key", body).await;
        assert_eq!(answer.error(), (400, "", pointer), "{}", answer.body);
        assert_eq!(answer.detail(), detail);
    }
}

#[tokio::test]
async fn states_and_scopes() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let entitlement = world.entitlement("PRO").await;
    let jane = world.user("jane@example.com", "user").await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &jane)["owner"].clone();
    let license = world.make("licenses", json!({}), relations).await["id"].as_str().unwrap().to_owned();
    let ids = json!({"data": [{"type": "entitlements", "id": entitlement}]});
    world.admin.post(&format!("licenses/{license}/entitlements"), ids).await;
    let path = format!("licenses/{license}/actions/validate");
    for (scope, code) in [
        (json!({}), "VALID"),
        (json!({"product": world.account.to_string()}), "PRODUCT_SCOPE_MISMATCH"),
        (json!({"policy": policy}), "VALID"),
        (json!({"user": "JANE@example.com"}), "VALID"),
        (json!({"user": null}), "USER_SCOPE_MISMATCH"),
        (json!({"entitlements": ["PRO"]}), "VALID"),
        (json!({"entitlements": ["pro"]}), "ENTITLEMENTS_MISSING"),
        (json!({"entitlements": []}), "ENTITLEMENTS_SCOPE_EMPTY"),
        (json!({"fingerprint": "x"}), "NO_MACHINE"),
        (json!({"fingerprints": [null]}), "FINGERPRINT_SCOPE_EMPTY"),
        (json!({"environment": null}), "VALID"),
        (json!({"environment": "prod"}), "ENVIRONMENT_SCOPE_MISMATCH"),
        (json!({"version": "9.9.9"}), "VERSION_SCOPE_MISMATCH"),
        (json!({"checksum": "x"}), "CHECKSUM_SCOPE_MISMATCH"),
    ] {
        let answer = world.admin.post(&path, json!({"meta": {"scope": scope}})).await;
        assert_eq!(answer.text("/meta/code"), code, "{scope}");
    }
    world.admin.post(&format!("licenses/{license}/actions/suspend"), json!(null)).await;
    assert_eq!(world.admin.post(&path, json!(null)).await.text("/meta/code"), "SUSPENDED");
    world.admin.post(&format!("users/{jane}/actions/ban"), json!(null)).await;
    assert_eq!(world.admin.post(&path, json!(null)).await.text("/meta/code"), "BANNED");
}

#[tokio::test]
async fn the_first_validation_starts_the_clock_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let late = json!({"duration": 86_400, "expirationBasis": "FROM_FIRST_VALIDATION"});
    let policy = world.policy(&product, late).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}");
    world.admin.get(&format!("{path}/actions/validate")).await;
    assert_eq!(
        world.admin.get(&path).await.at("/data/attributes/expiry"),
        &Value::Null,
        "not by the quick form"
    );
    let body = json!({"meta": {"key": key}});
    let first = world.anonymous().post("licenses/actions/validate-key", body.clone()).await;
    assert_eq!(first.at("/data/attributes/expiry"), &Value::Null, "the answer still shows none");
    let expiry = json!("2026-06-02T12:00:00.000Z");
    assert_eq!(world.admin.get(&path).await.at("/data/attributes/expiry"), &expiry);
    world.clock.advance(std::time::Duration::from_secs(60));
    world.anonymous().post("licenses/actions/validate-key", body).await;
    assert_eq!(world.admin.get(&path).await.at("/data/attributes/expiry"), &expiry);
}
