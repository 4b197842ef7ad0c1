//! Users (`licensing.md` §11, §2.2) and the privilege rule (§3.4).

use keyway_crypto::token::TokenKind;
use serde_json::json;

use crate::world::{World, change, document, one};

#[tokio::test]
async fn addresses_are_folded_unique_and_aliases() {
    let world = World::new().await;
    let body = document(
        "users",
        json!({"email": " Jane@Example.com ", "firstName": "Jane", "lastName": "Doe"}),
        json!({}),
    );
    let made = world.admin.post("users", body.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/email"), "jane@example.com");
    assert_eq!(made.text("/data/attributes/fullName"), "Jane Doe");
    assert_eq!(made.text("/data/attributes/role"), "user");
    assert_eq!(made.text("/data/attributes/status"), "ACTIVE");
    assert_eq!(made.at("/data/attributes/permissions").as_array().unwrap().len(), 54, "the default set");
    assert!(made.at("/data/attributes/password").is_null());
    assert_eq!(world.admin.post("users", body).await.error(), (422, "EMAIL_TAKEN", "/data/attributes/email"));
    assert_eq!(world.admin.get("users/JANE@example.com").await.status, 200);
    let bad = document("users", json!({"email": "jane"}), json!({}));
    assert_eq!(
        world.admin.post("users", bad).await.error(),
        (422, "EMAIL_INVALID", "/data/attributes/email")
    );
    let bad = document("users", json!({"email": "x@y.z", "role": "king"}), json!({}));
    assert_eq!(world.admin.post("users", bad).await.error(), (400, "", "/data/attributes/role"));
}

#[tokio::test]
async fn lists_show_customers_unless_roles_are_asked_for() {
    let world = World::new().await;
    let jane = world.user("jane@example.com", "user").await;
    let dev = world.user("dev@example.com", "developer").await;
    assert_eq!(world.admin.get("users").await.ids(), std::slice::from_ref(&jane));
    assert_eq!(world.admin.get("users?roles[]=developer").await.ids(), [dev]);
    assert_eq!(world.admin.get("users?roles[]=user&roles[]=admin&roles[]=developer").await.ids().len(), 3);
    assert_eq!(world.admin.get("users?status=ACTIVE").await.ids(), std::slice::from_ref(&jane));
    assert!(world.admin.get("users?status=banned").await.ids().is_empty());
    world.admin.post(&format!("users/{jane}/actions/ban"), json!(null)).await;
    assert_eq!(world.admin.get("users?status=banned").await.ids(), std::slice::from_ref(&jane));
    let product = world.product("App").await;
    let token = world.token_of(&format!("products/{product}")).await;
    assert_eq!(token.get("users").await.ids(), [jane]);
}

#[tokio::test]
async fn passwords_open_tokens_in_the_order_of_the_checks() {
    let world = World::new().await;
    let body =
        document("users", json!({"email": "jane@example.com", "password": "correct horse"}), json!({}));
    let jane = world.admin.post("users", body).await;
    assert_eq!(jane.status, 201, "{}", jane.body);
    world.user("managed@example.com", "user").await;
    let anyone = world.anonymous();
    for (user, password, code) in [
        ("jane@", "x", "EMAIL_REQUIRED"),
        ("nobody@example.com", "x", "EMAIL_INVALID"),
        ("managed@example.com", "", "PASSWORD_NOT_SUPPORTED"),
        ("jane@example.com", "", "PASSWORD_REQUIRED"),
        ("jane@example.com", "wrong horse", "PASSWORD_INVALID"),
    ] {
        let answer = anyone.clone().basic(user, password).post("tokens", json!(null)).await;
        assert_eq!(answer.error(), (401, code, "Authorization"), "{}", answer.body);
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"keygen\""));
    }
    let logged_in =
        anyone.clone().basic("Jane@Example.com", "correct horse").post("tokens", json!(null)).await;
    assert_eq!(logged_in.status, 201, "{}", logged_in.body);
    assert_eq!(logged_in.text("/data/attributes/kind"), "user-token");
    assert_eq!(logged_in.text("/data/attributes/expiry"), "2026-06-15T12:00:00.000Z");
    let token = anyone.clone().bearer(logged_in.text("/data/attributes/token"));
    assert_eq!(token.get("me").await.text("/data/attributes/email"), "jane@example.com");
    let elsewhere = anyone.basic("jane@example.com", "correct horse").get("me").await;
    assert_eq!(elsewhere.status, 401, "passwords are for token generation only");
    for (password, code) in [("short", "PASSWORD_TOO_SHORT"), (&"x".repeat(73), "PASSWORD_TOO_LONG")] {
        let body = document("users", json!({"email": "new@example.com", "password": password}), json!({}));
        let answer = world.admin.post("users", body).await;
        assert_eq!(answer.error(), (422, code, "/data/attributes/password"));
    }
}

#[tokio::test]
async fn a_new_password_ends_the_other_tokens() {
    let world = World::new().await;
    let body =
        document("users", json!({"email": "jane@example.com", "password": "correct horse"}), json!({}));
    let jane = world.admin.post("users", body).await.text("/data/id").to_owned();
    let path = format!("users/{jane}");
    let (used, other) = (world.token_of(&path).await, world.token_of(&path).await);
    let action = format!("{path}/actions/update-password");
    let wrong =
        used.post(&action, json!({"meta": {"oldPassword": "x", "newPassword": "battery staple"}})).await;
    assert_eq!(wrong.error(), (401, "PASSWORD_INVALID", "/meta/oldPassword"));
    let right = json!({"meta": {"oldPassword": "correct horse", "newPassword": "battery staple"}});
    assert_eq!(world.admin.post(&action, right.clone()).await.status, 403, "by the user alone");
    assert_eq!(used.post(&action, right).await.status, 200);
    assert_eq!(used.get("me").await.status, 200);
    assert_eq!(other.get("me").await.error(), (401, "TOKEN_INVALID", ""));
    let login =
        world.anonymous().basic("jane@example.com", "battery staple").post("tokens", json!(null)).await;
    assert_eq!(login.status, 201);
}

#[tokio::test]
async fn a_ban_stops_the_user_and_their_licences_at_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let jane = world.user("jane@example.com", "user").await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &jane)["owner"].clone();
    let license = world.make("licenses", json!({}), relations).await;
    let key = world.key(license["attributes"]["key"].as_str().unwrap());
    let token = world.token_of(&format!("users/{jane}")).await;
    assert_eq!((key.get("me").await.status, token.get("me").await.status), (200, 200));
    let ban = format!("users/{jane}/actions/ban");
    assert_eq!(world.admin.post(&ban, json!(null)).await.text("/data/attributes/status"), "BANNED");
    assert_eq!(world.admin.post(&ban, json!(null)).await.status, 200, "banning is idempotent");
    assert_eq!(token.get("me").await.error(), (403, "USER_BANNED", ""));
    assert_eq!(key.get("me").await.error(), (403, "LICENSE_BANNED", ""));
    let shown = world.admin.get(&format!("licenses/{}", license["id"].as_str().unwrap())).await;
    assert_eq!(shown.text("/data/attributes/status"), "BANNED");
    assert_eq!(world.admin.post(&format!("users/{jane}/actions/unban"), json!(null)).await.status, 200);
    assert_eq!((key.get("me").await.status, token.get("me").await.status), (200, 200));
    let admin = world.admin.post(&format!("users/{}/actions/ban", world.admin_id), json!(null)).await;
    assert_eq!(admin.status, 403);
    assert!(admin.detail().contains("must have a user role"), "{}", admin.detail());
}

#[tokio::test]
async fn the_last_admin_stays() {
    let world = World::new().await;
    let path = format!("users/{}", world.admin_id);
    for (answer, what) in [
        (world.admin.delete(&path).await, "deleted"),
        (world.admin.patch(&path, change("users", json!({"role": "developer"}))).await, "demoted"),
        (
            world.admin.patch(&path, change("users", json!({"permissions": ["license.read"]}))).await,
            "stripped",
        ),
    ] {
        let refusal = (422, "ACCOUNT_ADMINS_REQUIRED", "/data/relationships/account");
        assert_eq!(answer.error(), refusal, "{what}: {}", answer.body);
    }
    world.user("second@example.com", "admin").await;
    assert_eq!(world.admin.delete(&path).await.status, 204);
}

#[tokio::test]
async fn nobody_acts_on_a_higher_rank_or_makes_a_mightier_peer() {
    let world = World::new().await;
    let dev = world.user("dev@example.com", "developer").await;
    let dev = world.speak_for(&dev, TokenKind::Developer).await;
    let path = format!("users/{}", world.admin_id);
    let answer = dev.patch(&path, change("users", json!({"firstName": "x"}))).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(answer.detail().contains("lacks privileges to perform action on user"), "{}", answer.detail());
    let body = document("users", json!({"email": "x@example.com", "role": "admin"}), json!({}));
    assert_eq!(dev.post("users", body).await.error(), (400, "", "/data/attributes/role"));

    let limited = json!({"email": "limited@example.com", "role": "admin",
        "permissions": ["user.read", "user.create", "admin.create", "admin.read"]});
    let limited = world.make("users", limited, json!({})).await;
    let limited = world.speak_for(limited["id"].as_str().unwrap(), TokenKind::Admin).await;
    let mightier = document(
        "users",
        json!({"email": "y@example.com", "role": "admin", "permissions": ["*"]}),
        json!({}),
    );
    assert_eq!(limited.post("users", mightier).await.error().1, "PERMISSIONS_NOT_ALLOWED");
    let plain = document("users", json!({"email": "y@example.com", "role": "admin"}), json!({}));
    let made = limited.post("users", plain).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        made.at("/data/attributes/permissions").as_array().unwrap().len(),
        4,
        "no more than its maker"
    );
}

#[tokio::test]
async fn changing_the_role_ends_tokens_and_narrows_permissions() {
    let world = World::new().await;
    let jane = world.user("jane@example.com", "developer").await;
    let token = world.speak_for(&jane, TokenKind::Developer).await;
    assert_eq!(token.get("me").await.status, 200);
    let changed = world.admin.patch(&format!("users/{jane}"), change("users", json!({"role": "user"}))).await;
    assert_eq!(changed.at("/data/attributes/permissions").as_array().unwrap().len(), 54);
    assert_eq!(token.get("me").await.error(), (401, "TOKEN_INVALID", ""));
}

#[tokio::test]
async fn registration_is_open_until_the_account_is_protected() {
    let world = World::new().await;
    let register = |email: &str| {
        let anyone = world.anonymous();
        let body = document("users", json!({"email": email, "password": "correct horse"}), json!({}));
        async move { anyone.post("users", body).await }
    };
    assert_eq!(register("a@example.com").await.status, 201);
    let protect = world.admin.patch("accounts/acme", change("accounts", json!({"protected": true}))).await;
    assert_eq!(protect.at("/data/attributes/protected"), &json!(true));
    assert_eq!(register("b@example.com").await.status, 403);
    let body = document("users", json!({"email": "c@example.com", "role": "admin"}), json!({}));
    assert_eq!(world.anonymous().post("users", body).await.status, 400);
}

#[tokio::test]
async fn deleting_a_user_deletes_the_licences_they_own() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let jane = world.user("jane@example.com", "user").await;
    let mut relations = one("policy", "policies", &policy);
    relations["user"] = one("user", "users", &jane)["user"].clone();
    let license = world.make("licenses", json!({}), relations).await;
    assert_eq!(
        license["relationships"]["owner"]["data"]["id"],
        json!(jane),
        "`user` is another word for owner"
    );
    let token = world.token_of(&format!("users/{jane}")).await;
    assert_eq!(world.admin.delete(&format!("users/{jane}")).await.status, 204);
    assert_eq!(world.admin.get(&format!("licenses/{}", license["id"].as_str().unwrap())).await.status, 404);
    assert_eq!(token.get("me").await.status, 401);
}

#[tokio::test]
async fn promotion_gives_no_more_than_the_promoter_has() {
    let world = World::new().await;
    let jane = world.user("jane@example.com", "user").await;
    let limited = json!({"email": "limited@example.com", "role": "admin", "password": "correct horse",
        "permissions": ["user.read", "user.update", "admin.read", "admin.update", "license.read"]});
    let made = world.admin.post("users", document("users", limited, json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let limited = world.speak_for(made.text("/data/id"), TokenKind::Admin).await;
    let answer = limited.patch(&format!("users/{jane}"), change("users", json!({"role": "admin"}))).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let kept = answer.at("/data/attributes/permissions");
    assert_eq!(kept, &json!(["license.read", "user.read", "user.update"]));
}
