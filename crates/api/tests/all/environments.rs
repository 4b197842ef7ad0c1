//! Environments (`licensing.md` §5) and the account (§4.1).

use serde_json::json;

use crate::world::{World, change, document, one};

#[tokio::test]
async fn the_table_of_the_three_views() {
    let world = World::new().await;
    for (code, strategy) in [("iso", "ISOLATED"), ("shared", "SHARED")] {
        world
            .make(
                "environments",
                json!({"name": code, "code": code, "isolationStrategy": strategy}),
                json!({}),
            )
            .await;
    }
    let global = world.product("Global").await;
    let shared_admin = world.admin.clone().inside("SHARED");
    let made =
        shared_admin.post("products", document("products", json!({"name": "Shared"}), json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.header("keygen-environment"), Some("shared"));
    assert!(made.at("/data/relationships/environment/data/id").is_string());
    let shared = made.text("/data/id").to_owned();
    assert_eq!(world.admin.get("products").await.ids(), std::slice::from_ref(&global), "global sees global");
    assert_eq!(shared_admin.get("products").await.ids().len(), 2, "shared sees both");
    let answer =
        shared_admin.patch(&format!("products/{global}"), change("products", json!({"name": "x"}))).await;
    assert_eq!(answer.status, 403);
    assert!(answer.detail().contains("record environment is not compatible with the current environment"));
    let own =
        shared_admin.patch(&format!("products/{shared}"), change("products", json!({"name": "x"}))).await;
    assert_eq!(own.status, 200);
    assert_eq!(world.admin.get(&format!("products/{shared}")).await.status, 404, "invisible from outside");
    assert_eq!(world.admin.clone().inside("iso").get("products").await.error(), (401, "TOKEN_INVALID", ""));
    let by_query = world.admin.get("products?environment=shared").await;
    assert_eq!(by_query.ids().len(), 2);
    assert!(by_query.body.get("links").is_none());
}

#[tokio::test]
async fn environments_have_tokens_made_from_inside() {
    let world = World::new().await;
    let iso = world.make("environments", json!({"name": "Iso", "code": "iso"}), json!({})).await;
    let iso = iso["id"].as_str().unwrap();
    assert_eq!(world.admin.post(&format!("environments/{iso}/tokens"), json!(null)).await.status, 403);
    let shared = world
        .make("environments", json!({"name": "S", "code": "s", "isolationStrategy": "SHARED"}), json!({}))
        .await;
    let path = format!("environments/{}/tokens", shared["id"].as_str().unwrap());
    let made = world.admin.clone().inside("s").post(&path, json!(null)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/kind"), "environment-token");
    let inside = world.anonymous().bearer(made.text("/data/attributes/token")).inside("s");
    assert_eq!(inside.get("me").await.text("/data/type"), "environments");
    let product = inside.post("products", document("products", json!({"name": "P"}), json!({}))).await;
    assert_eq!(product.status, 201, "{}", product.body);
    let outside = world.anonymous().bearer(made.text("/data/attributes/token"));
    assert_eq!(outside.get("products").await.error(), (401, "TOKEN_INVALID", ""));
}

#[tokio::test]
async fn an_explicit_environment_must_be_the_current_one() {
    let world = World::new().await;
    let env = world
        .make("environments", json!({"name": "S", "code": "s", "isolationStrategy": "SHARED"}), json!({}))
        .await;
    let env = env["id"].as_str().unwrap();
    let body = document("products", json!({"name": "P"}), one("environment", "environments", env));
    assert_eq!(world.admin.post("products", body.clone()).await.status, 403);
    assert_eq!(world.admin.clone().inside("s").post("products", body).await.status, 201);
    let null = document("products", json!({"name": "P"}), json!({"environment": {"data": null}}));
    assert_eq!(world.admin.post("products", null).await.status, 201);
}

#[tokio::test]
async fn parents_must_be_of_a_compatible_environment() {
    let world = World::new().await;
    world
        .make("environments", json!({"name": "S", "code": "s", "isolationStrategy": "SHARED"}), json!({}))
        .await;
    let inside = world.admin.clone().inside("s");
    let shared = inside.post("products", document("products", json!({"name": "P"}), json!({}))).await;
    let relation = one("product", "products", shared.text("/data/id"));
    let answer = world.admin.post("policies", document("policies", json!({"name": "x"}), relation)).await;
    assert_eq!(answer.error(), (422, "ENVIRONMENT_NOT_ALLOWED", "/data/relationships/environment"));
    assert_eq!(answer.detail(), "must be compatible with product environment");
    let global = world.product("Global").await;
    let relation = one("product", "products", &global);
    assert_eq!(
        inside.post("policies", document("policies", json!({"name": "x"}), relation)).await.status,
        201
    );
}

#[tokio::test]
async fn environments_may_embed_admins_and_take_everything_along() {
    let world = World::new().await;
    let admins = json!({"admins": {"data": [{"type": "users", "attributes": {"email": "In@Example.com", "password": "correct horse"}}]}});
    let made = world
        .admin
        .post("environments", document("environments", json!({"name": "Iso", "code": "iso"}), admins))
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/isolationStrategy"), "ISOLATED");
    let login = world
        .anonymous()
        .inside("iso")
        .basic("in@example.com", "correct horse")
        .post("tokens", json!(null))
        .await;
    assert_eq!(login.status, 201, "{}", login.body);
    let inside = world.anonymous().inside("iso").bearer(login.text("/data/attributes/token"));
    let product = inside.post("products", document("products", json!({"name": "P"}), json!({}))).await;
    assert_eq!(product.status, 201, "{}", product.body);
    let id = made.text("/data/id");
    let changed = change("environments", json!({"isolationStrategy": "SHARED"}));
    let answer = world.admin.patch(&format!("environments/{id}"), changed).await;
    assert_eq!(answer.error(), (400, "", "/data/attributes/isolationStrategy"), "immutable");
    assert_eq!(world.admin.delete("environments/iso").await.status, 204);
    assert_eq!(inside.get("products").await.error(), (400, "ENVIRONMENT_INVALID", "Keygen-Environment"));
}

/// Admins that come with an environment are users like any others.
#[tokio::test]
async fn what_is_wrong_with_an_embedded_admin_is_said_at_its_own() {
    let world = World::new().await;
    let admin = |attributes: serde_json::Value| json!({"type": "users", "attributes": attributes});
    let at = |index: usize, name: &str| format!("/data/relationships/admins/data/{index}/attributes/{name}");
    let jane = json!({"email": "jane@example.com"});
    let long = json!({"email": "jane@example.com", "metadata": {"k": "x".repeat(17_000)}});
    let named = json!({"email": "jane@example.com", "firstName": "x".repeat(256)});
    let short = json!({"email": "jane@example.com", "password": "short"});
    for (admins, status, code, pointer) in [
        (vec![json!({"email": "jane"})], 422, "USERS_EMAIL_INVALID", at(0, "email")),
        (vec![jane.clone(), jane.clone()], 422, "USERS_EMAIL_TAKEN", at(1, "email")),
        (
            vec![jane.clone(), json!({"email": "ADMIN@acme.example"})],
            422,
            "USERS_EMAIL_TAKEN",
            at(1, "email"),
        ),
        (vec![short], 422, "USERS_PASSWORD_TOO_SHORT", at(0, "password")),
        (vec![named], 422, "USERS_FIRST_NAME_TOO_LONG", at(0, "firstName")),
        (vec![long], 422, "USERS_METADATA_TOO_LONG", at(0, "metadata")),
        (vec![json!({"email": "x@y.zz", "role": "user"})], 400, "", at(0, "role")),
        (vec![json!({})], 400, "", at(0, "email")),
        (vec![jane; 11], 400, "", "/data/relationships/admins/data".to_owned()),
    ] {
        let admins: Vec<_> = admins.into_iter().map(admin).collect();
        let relations = json!({"admins": {"data": admins}});
        let body = document("environments", json!({"name": "Iso", "code": "iso"}), relations);
        let answer = world.admin.post("environments", body).await;
        assert_eq!(answer.error(), (status, code, pointer.as_str()), "{}", answer.body);
    }
    assert!(world.admin.get("environments").await.ids().is_empty());
}

#[tokio::test]
async fn the_account_shows_its_keys_and_changes_its_slug() {
    let world = World::new().await;
    let account = world.admin.get("accounts/acme").await;
    assert_eq!(account.status, 200, "{}", account.body);
    assert_eq!(account.text("/data/attributes/status"), "SUBSCRIBED");
    assert!(account.body["data"]["attributes"].get("secret").is_none());
    for pointer in ["/data/meta/publicKey", "/data/meta/keys/ed25519", "/data/meta/keys/ecdsa"] {
        assert!(account.text(pointer).len() > 40, "{pointer}");
    }
    assert_eq!(
        world.admin.patch("accounts/acme", change("accounts", json!({"slug": "A b"}))).await.error().1,
        "SLUG_INVALID"
    );
    let moved = world.admin.patch("accounts/acme", change("accounts", json!({"slug": "acme-2"}))).await;
    assert_eq!(moved.status, 200, "{}", moved.body);
    assert_eq!(world.admin.get("accounts/acme").await.status, 404);
    assert_eq!(world.admin.get("accounts/acme-2/products").await.status, 200);
    assert_eq!(world.admin.delete("accounts/acme-2").await.status, 403);
    assert_eq!(world.admin.post("/v1/accounts", json!({})).await.status, 404);
}
