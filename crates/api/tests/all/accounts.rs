//! Founding accounts and changing them (`licensing.md` §4.1).

use keyway_base::SlotKey;
use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Scope, Value};
use keyway_store::Changes;
use serde_json::{Value as Json, json};

use crate::world::{Answer, World, change, document};

fn admin(attributes: Json) -> Json {
    json!({ "type": "users", "attributes": attributes })
}

/// Asks for an account with these admins.
async fn found(world: &World, attributes: Json, admins: Json) -> Answer {
    let body = document("accounts", attributes, json!({ "admins": { "data": admins } }));
    world.anonymous().post("accounts", body).await
}

#[tokio::test]
async fn anybody_founds_an_account() {
    let world = World::of_many().await;
    let first = json!({"email": " Boss@Other-Shop.Example ", "password": "secret", "firstName": "B"});
    let second = json!({"email": "second@other-shop.example"});
    let founded = found(&world, json!({"protected": true}), json!([admin(first), admin(second)])).await;
    assert_eq!(founded.status, 201, "{}", founded.body);
    let id = founded.text("/data/id").to_owned();
    assert_eq!(founded.header("location"), Some(&*format!("https://api.example.com/v1/accounts/{id}")));
    assert_eq!(founded.text("/data/attributes/slug"), "other-shop-example");
    assert_eq!(founded.text("/data/attributes/name"), "other-shop.example");
    assert_eq!(founded.text("/data/attributes/apiVersion"), "1.8");
    assert_eq!(founded.text("/data/attributes/status"), "SUBSCRIBED");
    assert_eq!(founded.at("/data/attributes/protected"), true);
    let anonymous = world.anonymous();
    let by_password = anonymous.clone().basic("boss@other-shop.example", "secret");
    let token = by_password.post("accounts/other-shop-example/tokens", Json::Null).await;
    let boss = anonymous.bearer(token.text("/data/attributes/token"));
    let shown = boss.get("accounts/other-shop-example").await;
    assert_eq!(shown.body["data"], founded.body["data"]);
    let admins = boss.get(&format!("accounts/{id}/users?roles[]=admin")).await;
    assert_eq!(admins.ids().len(), 2);
    assert_eq!(boss.get("accounts/acme/users").await.error().1, "TOKEN_INVALID");
    let own = boss.get("accounts/other-shop-example/event-logs").await.body.to_string();
    assert_eq!(own.matches("user.created").count(), 2, "{own}");
}

#[tokio::test]
async fn what_cannot_be_founded() {
    let world = World::of_many().await;
    let boss = || admin(json!({"email": "boss@other.example"}));
    for (attributes, admins, expected) in [
        (json!({"slug": "ACME"}), json!([boss()]), (422, "SLUG_INVALID", "/data/attributes/slug")),
        (json!({"slug": "acme"}), json!([boss()]), (422, "SLUG_TAKEN", "/data/attributes/slug")),
        (json!({"slug": "actions"}), json!([boss()]), (422, "SLUG_NOT_ALLOWED", "/data/attributes/slug")),
        (json!({"apiVersion": "1.8"}), json!([boss()]), (400, "", "/data/attributes/apiVersion")),
        (json!({"cname": "a.b"}), json!([boss()]), (400, "", "/data/attributes/cname")),
        (json!({}), json!([]), (422, "USERS_TOO_SHORT", "/data/relationships/admins")),
        (
            json!({}),
            json!([boss(), admin(json!({"email": "x"}))]),
            (422, "USERS_EMAIL_INVALID", "/data/relationships/admins/data/1/attributes/email"),
        ),
        (
            json!({}),
            json!([boss(), boss()]),
            (422, "USERS_EMAIL_TAKEN", "/data/relationships/admins/data/1/attributes/email"),
        ),
        (
            json!({}),
            json!([admin(json!({"email": "a@b.c", "password": "short"}))]),
            (422, "USERS_PASSWORD_TOO_SHORT", "/data/relationships/admins/data/0/attributes/password"),
        ),
        (
            json!({}),
            json!([admin(json!({"email": "a@b.c", "role": "admin"}))]),
            (400, "", "/data/relationships/admins/data/0/attributes/role"),
        ),
    ] {
        let answer = found(&world, attributes.clone(), admins.clone()).await;
        assert_eq!(answer.error(), expected, "{attributes} {admins}: {}", answer.body);
    }
    let many: Vec<Json> = (0..11).map(|i| admin(json!({"email": format!("a{i}@b.c")}))).collect();
    assert_eq!(found(&world, json!({}), json!(many)).await.status, 400);
    let without = world.anonymous().post("accounts", document("accounts", json!({}), json!({}))).await;
    assert_eq!((without.status, without.error().2), (400, "/data/relationships"));
    assert_eq!(world.admin.post("accounts/acme/accounts", json!({})).await.status, 404);
}

#[tokio::test]
async fn where_there_is_one_account_nobody_founds_another() {
    let world = World::new().await;
    let answer = found(&world, json!({}), json!([admin(json!({"email": "a@b.c"}))])).await;
    assert_eq!(answer.error(), (404, "NOT_FOUND", ""));
}

#[tokio::test]
async fn an_account_has_a_host_that_is_not_ours() {
    let world = World::new().await;
    for (host, code) in [
        ("get.acme.com", ""),
        ("GET.acme.com.", ""),
        ("localhost", "CNAME_INVALID"),
        ("127.0.0.1", "CNAME_INVALID"),
        ("https://acme.com", "CNAME_INVALID"),
        ("acme.com:443", "CNAME_INVALID"),
        ("api.example.com", "CNAME_NOT_ALLOWED"),
        ("npm.pkg.example.com", "CNAME_NOT_ALLOWED"),
        ("example.com", "CNAME_NOT_ALLOWED"),
    ] {
        let answer = world.admin.patch("accounts/acme", change("accounts", json!({ "cname": host }))).await;
        assert_eq!(answer.error().1, code, "{host}: {}", answer.body);
    }
    let shown = world.admin.get("accounts/acme").await;
    assert_eq!(shown.text("/data/attributes/cname"), "get.acme.com");
    let none = world.admin.patch("accounts/acme", change("accounts", json!({ "cname": null }))).await;
    assert_eq!(none.at("/data/attributes/cname"), &Json::Null);
}

/// What whoever runs the server says of the account.
async fn set(world: &World, column: &str, value: Value) {
    let found = world.db.find(Account::RESOURCE, world.account, &Scope::All).await.unwrap();
    let mut account = found.unwrap();
    let column = account.resource.columns.iter().find(|known| known.name == column).unwrap().name;
    account.set(column, value);
    let mut write = world.db.begin().await.unwrap();
    write.update(&account, &[column]).await.unwrap();
    write.commit(Changes::of(world.account, [SlotKey::Account(world.account).into()])).await.unwrap();
}

#[tokio::test]
async fn an_account_that_rests_is_not_served_but_can_be_looked_at() {
    let world = World::new().await;
    for (state, served) in [
        ("pending", true),
        ("trialing", true),
        ("canceling", true),
        ("paused", false),
        ("canceled", false),
        ("subscribed", true),
    ] {
        set(&world, "subscription_state", Value::Text(state.to_owned())).await;
        let answer = world.admin.get("products").await;
        if served {
            assert_eq!(answer.status, 200, "{state}: {}", answer.body);
        } else {
            assert_eq!(answer.status, 403, "{state}");
            assert_eq!(answer.text("/errors/0/title"), "Account does not have an active subscription");
            // before a credential is looked at, and after the version is
            assert_eq!(world.anonymous().bearer("nobody's").get("products").await.status, 403, "{state}");
            let odd = world.admin.clone().header("keygen-version", "9.9");
            assert_eq!(odd.get("products").await.error().1, "INVALID_API_VERSION");
        }
        assert_eq!(world.anonymous().get("ping").await.status, 200, "{state}");
        let account = world.admin.get("accounts/acme").await;
        assert_eq!(account.text("/data/attributes/status"), state.to_uppercase());
    }
}

#[tokio::test]
async fn requests_beyond_the_limit_of_the_day_are_to_be_paid_for() {
    let world = World::new().await;
    set(&world, "daily_request_limit", Value::Int(2)).await;
    let statuses = async || {
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(world.admin.get("products").await.status);
        }
        all
    };
    assert_eq!(statuses().await, [200, 200, 402]);
    let refused = world.anonymous().get("products").await;
    assert_eq!((refused.status, refused.text("/errors/0/title")), (402, "Payment required"));
    world.clock.advance(std::time::Duration::from_hours(24));
    assert_eq!(statuses().await, [200, 200, 402], "a new day");
    set(&world, "daily_request_limit", Value::Null).await;
    assert_eq!(statuses().await, [200, 200, 200]);
}
