//! Settings of an account (`licensing.md` §4.2).

use serde_json::{Value, json};

use crate::world::{Answer, World, change, document};

const PATH: &str = "accounts/acme/settings";

async fn set(world: &World, key: &str, value: Value) -> Answer {
    let attributes = json!({ "key": key, "value": value });
    world.admin.post(PATH, document("settings", attributes, json!({}))).await
}

#[tokio::test]
async fn a_setting_is_made_found_changed_and_deleted() {
    let world = World::new().await;
    let made = set(&world, "defaultLicensePermissions", json!(["license.read", "license.validate"])).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let id = made.text("/data/id");
    let path = format!("/v1/accounts/{}/settings/{id}", world.account);
    assert_eq!(made.header("location"), Some(&*format!("https://api.example.com{path}")));
    assert_eq!(made.text("/data/attributes/key"), "default_license_permissions");
    assert_eq!(made.at("/data/attributes/value"), &json!(["license.read", "license.validate"]));
    for name in [id, "default_license_permissions", "defaultLicensePermissions"] {
        let found = world.admin.get(&format!("{PATH}/{name}")).await;
        assert_eq!(found.body["data"], made.body["data"], "{name}");
    }
    let body = change("settings", json!({"value": ["license.read"]}));
    let changed = world.admin.patch(&format!("{PATH}/default_license_permissions"), body).await;
    assert_eq!(changed.at("/data/attributes/value"), &json!(["license.read"]));
    let body = change("settings", json!({"key": "default_user_permissions"}));
    let refused = world.admin.patch(&format!("{PATH}/{id}"), body).await;
    assert_eq!(refused.error(), (400, "", "/data/attributes/key"));
    assert_eq!(world.admin.get(PATH).await.ids(), [id]);
    assert_eq!(world.admin.delete(&format!("{PATH}/{id}")).await.status, 204);
    assert_eq!(world.admin.get(&format!("{PATH}/{id}")).await.status, 404);
    let log = world.admin.get("event-logs").await.body.to_string();
    for kind in ["created", "updated", "deleted"] {
        assert!(log.contains(&format!("account.settings.{kind}")), "{kind}: {log}");
    }
}

#[tokio::test]
async fn there_is_no_path_to_settings_without_the_account() {
    let world = World::new().await;
    set(&world, "default_user_permissions", json!([])).await;
    for path in ["settings", "settings/default_user_permissions"] {
        let refused = world.admin.get(path).await;
        assert!(refused.detail().starts_with("The requested endpoint was not found"), "{}", refused.body);
    }
}

#[tokio::test]
async fn what_cannot_be_set() {
    let world = World::new().await;
    let (key, value) = ("/data/attributes/key", "/data/attributes/value");
    for (name, said, expected) in [
        ("default_admin_permissions", json!([]), (422, "KEY_NOT_ALLOWED", key)),
        ("default_user_permissions", json!(["user.fly"]), (422, "VALUE_NOT_ALLOWED", value)),
        ("default_user_permissions", json!(["*"]), (422, "VALUE_NOT_ALLOWED", value)),
        ("default_user_permissions", json!(["license.read", null]), (422, "VALUE_NOT_ALLOWED", value)),
        ("default_license_permissions", json!(["license.create"]), (422, "VALUE_NOT_ALLOWED", value)),
        ("default_license_permissions", json!("license.read"), (422, "VALUE_NOT_ALLOWED", value)),
        ("default_license_permissions", Value::Null, (400, "", value)),
        ("default_product", json!("nobody"), (422, "VALUE_NOT_ALLOWED", value)),
    ] {
        assert_eq!(set(&world, name, said.clone()).await.error(), expected, "{name} {said}");
    }
    assert_eq!(set(&world, "default_user_permissions", json!([])).await.status, 201);
    let twice = set(&world, "defaultUserPermissions", json!([])).await;
    assert_eq!(twice.error(), (422, "KEY_TAKEN", key));
}

#[tokio::test]
async fn permissions_are_for_bearers_made_from_then_on() {
    let world = World::new().await;
    let product = crate::world::id(&world.make("products", json!({"name": "App"}), json!({})).await);
    let policy = world.policy(&product, json!({})).await;
    let (old, _) = world.license(&policy, json!({})).await;
    set(&world, "default_license_permissions", json!(["license.validate", "license.read"])).await;
    set(&world, "default_user_permissions", json!(["user.read"])).await;
    let (new, _) = world.license(&policy, json!({})).await;
    let new = world.admin.get(&format!("licenses/{new}")).await;
    assert_eq!(new.at("/data/attributes/permissions"), &json!(["license.read", "license.validate"]));
    let old = world.admin.get(&format!("licenses/{old}")).await;
    assert_eq!(old.at("/data/attributes/permissions").as_array().unwrap().len(), 37);
}

#[tokio::test]
async fn permissions_are_for_customers_that_are_given_none() {
    let world = World::new().await;
    set(&world, "default_user_permissions", json!(["user.read"])).await;
    for (attributes, expected) in [
        (json!({"email": "a@x.yz"}), json!(["user.read"])),
        (json!({"email": "b@x.yz", "permissions": ["license.read"]}), json!(["license.read"])),
        (json!({"email": "c@x.yz", "role": "developer"}), json!(["*"])),
    ] {
        let made = world.make("users", attributes, json!({})).await;
        let id = crate::world::id(&made);
        let stored = world.admin.get(&format!("users/{id}")).await;
        assert_eq!(stored.at("/data/attributes/permissions"), &expected, "{}", stored.body);
    }
}
