//! Tokens, `/me` and `/profile` (`licensing.md` §2.1, §2.2).

use serde_json::json;

use crate::world::{World, document, one};

#[tokio::test]
async fn every_bearer_gets_its_kind_of_token_and_status() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let user = world.user("jane@example.com", "user").await;
    for (path, status, kind, prefix, expires) in [
        (format!("products/{product}/tokens"), 200, "product-token", "prod-", false),
        (format!("licenses/{license}/tokens"), 200, "activation-token", "activ-", false),
        (format!("users/{user}/tokens"), 200, "user-token", "user-", true),
    ] {
        let answer = world.admin.post(&path, json!(null)).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.body);
        assert_eq!(answer.text("/data/attributes/kind"), kind);
        let token = answer.text("/data/attributes/token").to_owned();
        assert!(token.starts_with(prefix) && token.ends_with("v3"), "{token}");
        assert_eq!(answer.at("/data/attributes/expiry").is_null(), !expires);
        let activations = answer.body["data"]["attributes"].get("activations").is_some();
        assert_eq!(activations, kind == "activation-token");
        let id = answer.text("/data/id");
        let shown = world.admin.get(&format!("{path}/{id}")).await;
        assert_eq!(shown.status, 200);
        assert!(shown.body["data"]["attributes"].get("token").is_none(), "the secret is shown once");
        assert_eq!(world.anonymous().bearer(&token).get("me").await.status, 200);
    }
    let own = world
        .admin
        .post("tokens", json!({"data": {"type": "tokens", "attributes": {"name": "ci", "expiry": null}}}))
        .await;
    assert_eq!((own.status, own.text("/data/attributes/kind")), (201, "admin-token"));
    assert!(own.header("location").unwrap().ends_with(own.text("/data/id")));
}

#[tokio::test]
async fn activation_limits_are_for_licences_tokens() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let body = document("tokens", json!({"maxActivations": 2}), json!({}));
    let made = world.admin.post(&format!("licenses/{license}/tokens"), body.clone()).await;
    assert_eq!(made.at("/data/attributes/maxActivations"), &json!(2));
    let refused = world.admin.post(&format!("products/{product}/tokens"), body).await;
    assert_eq!(refused.error(), (400, "", "/data/attributes/maxActivations"));
    let negative = document("tokens", json!({"maxActivations": -1}), json!({}));
    let refused = world.admin.post(&format!("licenses/{license}/tokens"), negative).await;
    assert_eq!(refused.error().1, "MAX_ACTIVATIONS_INVALID");
}

#[tokio::test]
async fn regeneration_ends_the_old_secret_and_revocation_the_token() {
    let world = World::new().await;
    let user = world.user("jane@example.com", "user").await;
    let token = world.token_of(&format!("users/{user}")).await;
    world.clock.advance(std::time::Duration::from_secs(86_400));
    let again = token.put("tokens", json!(null)).await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(again.text("/data/attributes/expiry"), "2026-06-16T12:00:00.000Z");
    assert_eq!(token.get("me").await.error(), (401, "TOKEN_INVALID", ""));
    let token = world.anonymous().bearer(again.text("/data/attributes/token"));
    assert_eq!(token.get("me").await.status, 200);
    let by_id = world.admin.put(&format!("tokens/{}", again.text("/data/id")), json!(null)).await;
    assert_eq!(by_id.status, 200);
    assert_eq!(token.get("me").await.status, 401);
    let token = world.anonymous().bearer(by_id.text("/data/attributes/token"));
    let path = format!("tokens/{}", by_id.text("/data/id"));
    assert_eq!(token.delete(&path).await.status, 204);
    assert_eq!(token.get("me").await.error(), (401, "TOKEN_INVALID", ""));
}

#[tokio::test]
async fn tokens_expire_while_they_are_cached() {
    let world = World::new().await;
    let user = world.user("jane@example.com", "user").await;
    let token = world.token_of(&format!("users/{user}")).await;
    assert_eq!(token.get("me").await.status, 200);
    world.clock.advance(std::time::Duration::from_secs(14 * 86_400));
    assert_eq!(token.get("me").await.status, 200, "the expiry itself is not past it");
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(token.get("me").await.error(), (401, "TOKEN_EXPIRED", ""));
}

#[tokio::test]
async fn permissions_of_a_token_stay_within_its_bearer_and_its_maker() {
    let world = World::new().await;
    let product = world.product("App").await;
    let path = format!("products/{product}/tokens");
    let beyond = document("tokens", json!({"permissions": ["environment.create"]}), json!({}));
    let answer = world.admin.post(&path, beyond).await;
    assert_eq!(answer.error(), (422, "PERMISSIONS_NOT_ALLOWED", "/data/attributes/permissions"));
    let unknown = document("tokens", json!({"permissions": ["fly"]}), json!({}));
    assert_eq!(world.admin.post(&path, unknown).await.error().1, "PERMISSIONS_NOT_ALLOWED");
    let narrow = document("tokens", json!({"permissions": ["product.read", "token.generate"]}), json!({}));
    let narrow = world.admin.post("tokens", narrow).await;
    assert_eq!(narrow.status, 201, "{}", narrow.body);
    let narrow = world.anonymous().bearer(narrow.text("/data/attributes/token"));
    let refused = narrow.get("licenses").await;
    assert!(refused.detail().contains("token lacks permission to perform action"), "{}", refused.detail());
    let offspring = narrow.post("tokens", json!(null)).await;
    assert_eq!(offspring.at("/data/attributes/permissions"), &json!(["product.read", "token.generate"]));
    let wider = document("tokens", json!({"permissions": ["license.read"]}), json!({}));
    assert_eq!(narrow.post("tokens", wider).await.error().1, "PERMISSIONS_NOT_ALLOWED");
}

#[tokio::test]
async fn a_bearer_can_be_named_and_others_are_refused() {
    let world = World::new().await;
    let product = world.product("App").await;
    let user = world.user("jane@example.com", "user").await;
    let body = document("tokens", json!({}), one("bearer", "users", &user));
    assert_eq!(world.admin.post("tokens", body).await.text("/data/attributes/kind"), "user-token");
    let body = document("tokens", json!({}), one("bearer", "products", &product));
    assert_eq!(world.admin.post("tokens", body).await.status, 403, "products have a route of their own");
    let body = document("tokens", json!({}), one("bearer", "users", &product));
    let answer = world.admin.post("tokens", body).await;
    assert_eq!(answer.error(), (422, "BEARER_NOT_FOUND", "/data/relationships/bearer"));
}

#[tokio::test]
async fn a_token_is_made_in_the_environment_of_the_request() {
    let world = World::new().await;
    let environment = json!({"name": "Test", "code": "test", "isolationStrategy": "SHARED"});
    let environment = crate::world::id(&world.make("environments", environment, json!({})).await);
    let body = document("tokens", json!({}), one("environment", "environments", &environment));
    assert_eq!(world.admin.post("tokens", body.clone()).await.status, 403);
    let made = world
        .admin
        .post("tokens", document("tokens", json!({}), json!({"environment": {"data": null}})))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let inside = world.admin.clone().inside("test").post("tokens", body).await;
    assert_eq!(inside.text("/data/relationships/environment/data/id"), environment, "{}", inside.body);
}

#[tokio::test]
async fn lists_are_filtered_and_scoped() {
    let world = World::new().await;
    let product = world.product("App").await;
    let other = world.product("Other").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let theirs = world.token_of(&format!("products/{product}")).await;
    world.token_of(&format!("products/{other}")).await;
    let activation = world.token_of(&format!("licenses/{license}")).await;
    assert_eq!(world.admin.get("tokens").await.ids().len(), 4);
    assert_eq!(world.admin.get("tokens?bearer[type]=product").await.ids().len(), 2);
    assert_eq!(world.admin.get(&format!("tokens?bearer[id]={license}")).await.ids().len(), 1);
    assert_eq!(world.admin.get("tokens?bearer[role]=admin").await.ids().len(), 1);
    assert_eq!(world.admin.get("tokens?bearer[role]=product").await.ids().len(), 2);
    assert_eq!(world.admin.get("tokens?bearer[role]=license").await.ids().len(), 1);
    assert!(world.admin.get("tokens?bearer[role]=environment").await.ids().is_empty());
    assert_eq!(theirs.get("tokens").await.ids().len(), 2, "its own and its licence's");
    assert_eq!(activation.get("tokens").await.ids().len(), 1);
}

#[tokio::test]
async fn me_and_profile() {
    let world = World::new().await;
    let me = world.admin.get("me").await;
    assert_eq!(me.text("/data/type"), "users");
    let token = me.text("/included/0/id").to_owned();
    assert_eq!(me.header("keygen-token"), Some(token.as_str()));
    assert_eq!(me.header("keygen-bearer"), Some(world.admin_id.to_string().as_str()));
    assert_eq!(me.header("keygen-account"), Some(world.account.to_string().as_str()));
    assert_eq!(world.admin.get("profile").await.text("/data/meta/tokenId"), token);
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let me = world.key(&key).get("me").await;
    assert_eq!((me.text("/data/type"), me.text("/data/id")), ("licenses", license.as_str()));
    assert!(me.body.get("included").is_none());
    let no_token = world.key(&key).put("tokens", json!(null)).await;
    assert_eq!(no_token.status, 404, "there is no token to regenerate");
    assert_eq!(
        world.token_of(&format!("products/{product}")).await.get("me").await.text("/data/type"),
        "products"
    );
    assert_eq!(world.anonymous().get("me").await.error(), (401, "TOKEN_MISSING", ""));
    let old = world.admin.clone().header("keygen-version", "1.3").get("me").await;
    assert_eq!(old.header("keygen-token-id"), Some(token.as_str()));
}

#[tokio::test]
async fn a_token_is_not_made_across_environments() {
    let world = World::new().await;
    let admins = json!({"admins": {"data": [{"type": "users", "attributes": {"email": "in@example.com", "password": "correct horse"}}]}});
    let made = world
        .admin
        .post("environments", document("environments", json!({"name": "Iso", "code": "iso"}), admins))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let login = world.anonymous().inside("iso").basic("in@example.com", "correct horse");
    let login = login.post("tokens", json!(null)).await;
    let inside = world.anonymous().inside("iso").bearer(login.text("/data/attributes/token"));
    let user = document("users", json!({"email": "theirs@example.com"}), json!({}));
    let theirs = inside.post("users", user).await.text("/data/id").to_owned();
    let ours = world.user("jane@example.com", "user").await;
    let expected = (422, "ENVIRONMENT_NOT_ALLOWED", "/data/relationships/environment");
    for (caller, bearer) in [(&inside, &ours), (&world.admin, &theirs)] {
        let body = document("tokens", json!({}), one("bearer", "users", bearer));
        assert_eq!(caller.post("tokens", body).await.error(), expected);
    }
    let body = document("tokens", json!({}), one("bearer", "users", &theirs));
    assert_eq!(inside.post("tokens", body).await.status, 201, "its own user");
}

#[tokio::test]
async fn a_download_token_reads_releases_for_a_while_and_does_nothing_else() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"authenticationStrategy": "MIXED"})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/generate-download-token");
    let own = world.key(&key);
    let made = own.post(&path, json!(null)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/kind"), "download-token");
    assert_eq!(made.text("/data/attributes/expiry"), "2026-06-01T13:00:00.000Z", "an hour, unless told");
    let token = made.text("/data/attributes/token");
    assert!(token.starts_with("dl-") && token.ends_with("v3"), "{token}");
    assert_eq!(made.text("/meta/path"), format!("/k/{token}"));
    assert!(made.header("location").unwrap().ends_with(made.text("/data/id")));
    let bearer = world.anonymous().bearer(token);
    assert_eq!(bearer.get("releases").await.status, 200);
    for refused in [
        bearer.get(&format!("licenses/{license}")).await,
        bearer.post(&format!("licenses/{license}/actions/validate"), json!(null)).await,
        bearer.delete(&format!("tokens/{}", made.text("/data/id"))).await,
        bearer.post(&path, json!(null)).await,
        bearer.put(&format!("tokens/{}", made.text("/data/id")), json!(null)).await,
    ] {
        assert_eq!(refused.status, 403, "{}", refused.body);
    }
    let longer = own.post(&path, json!({"meta": {"ttl": 7200}})).await;
    assert_eq!(longer.text("/data/attributes/expiry"), "2026-06-01T14:00:00.000Z");
    let longer = world.anonymous().bearer(longer.text("/data/attributes/token"));
    world.clock.advance(std::time::Duration::from_secs(3601));
    assert_eq!(bearer.get("releases").await.error(), (401, "TOKEN_EXPIRED", ""));
    assert_eq!(longer.get("releases").await.status, 200);
    assert_eq!(own.post(&path, json!(null)).await.status, 201);
    let listed = world.admin.get(&format!("licenses/{license}/tokens")).await;
    assert_eq!(listed.ids().len(), 2, "those that ended are forgotten");
    assert_eq!(longer.get("releases").await.status, 200);
}

#[tokio::test]
async fn a_download_token_is_as_good_as_its_licence_and_can_be_revoked() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/generate-download-token");
    let made = world.admin.post(&path, json!(null)).await;
    let bearer = world.anonymous().bearer(made.text("/data/attributes/token"));
    assert_eq!(bearer.get("releases").await.status, 200);
    let revoked = world.admin.delete(&format!("tokens/{}", made.text("/data/id"))).await;
    assert_eq!(revoked.status, 204, "{}", revoked.body);
    assert_eq!(bearer.get("releases").await.error(), (401, "TOKEN_INVALID", ""));
    let made = world.admin.post(&path, json!(null)).await;
    let bearer = world.anonymous().bearer(made.text("/data/attributes/token"));
    let again = world.admin.put(&format!("tokens/{}", made.text("/data/id")), json!(null)).await;
    assert_eq!(again.text("/data/attributes/kind"), "download-token", "it stays what it is");
    assert_eq!(
        again.at("/data/attributes/expiry"),
        made.at("/data/attributes/expiry"),
        "and ends when it would have"
    );
    assert_eq!(bearer.get("releases").await.status, 401);
    let bearer = world.anonymous().bearer(again.text("/data/attributes/token"));
    assert_eq!(bearer.get("me").await.status, 403, "and may do no more");
    assert_eq!(world.admin.delete(&format!("licenses/{license}")).await.status, 204);
    assert_eq!(bearer.get("releases").await.status, 401);
}

#[tokio::test]
async fn a_download_token_is_not_made_where_it_would_not_hold() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"authenticationStrategy": "LICENSE"})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/generate-download-token");
    let refused = world.key(&key).post(&path, json!(null)).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.detail().contains("authenticationStrategy"), "{}", refused.detail());
    for ttl in [json!(59), json!(2_592_001), json!(-1), json!("1h")] {
        let refused = world.admin.post(&path, json!({"meta": {"ttl": ttl}})).await;
        assert_eq!(refused.error(), (400, "", "/meta/ttl"), "{ttl}");
    }
    let (_, other) = world.license(&policy, json!({})).await;
    assert_eq!(world.key(&other).post(&path, json!(null)).await.status, 404);
}

#[tokio::test]
async fn a_users_download_token_ends_with_the_users_access() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"authenticationStrategy": "LICENSE"})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let user = world.user("jane@example.com", "user").await;
    let users = json!({"data": [{"type": "users", "id": user}]});
    assert_eq!(world.admin.post(&format!("licenses/{license}/users"), users).await.status, 200);
    let jane = world.token_of(&format!("users/{user}")).await;
    let path = format!("licenses/{license}/actions/generate-download-token");
    let made = jane.post(&path, json!(null)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/relationships/bearer/data/id"), user);
    let bearer = world.anonymous().bearer(made.text("/data/attributes/token"));
    assert_eq!(bearer.get("releases").await.status, 200);
    assert_eq!(world.admin.post(&format!("users/{user}/actions/ban"), json!(null)).await.status, 200);
    assert_eq!(bearer.get("releases").await.status, 403);
}

#[tokio::test]
async fn the_oldest_download_tokens_make_room() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/generate-download-token");
    let first = world.admin.post(&path, json!(null)).await;
    let first = world.anonymous().bearer(first.text("/data/attributes/token"));
    for _ in 0..99 {
        assert_eq!(world.admin.post(&path, json!(null)).await.status, 201);
        world.clock.advance(std::time::Duration::from_millis(1));
    }
    assert_eq!(first.get("releases").await.status, 200, "a hundred are there");
    assert_eq!(world.admin.post(&path, json!(null)).await.status, 201);
    assert_eq!(first.get("releases").await.error(), (401, "TOKEN_INVALID", ""));
}
