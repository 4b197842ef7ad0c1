//! API versions end to end (`licensing.md` §1.9): which one is spoken, and that bodies and documents pass through.

use serde_json::{Value, json};

use crate::world::{Client, World, change, document, id, one};

fn speaking(client: &Client, version: &str) -> Client {
    client.clone().header("keygen-version", version)
}

#[tokio::test]
async fn policies_of_earlier_versions() {
    let world = World::new().await;
    let product = world.product("App").await;
    let relation = || one("product", "products", &product);
    let old = json!({"name": "x", "concurrent": false, "leasingStrategy": "PER_LICENSE",
        "fingerprintMatchingStrategy": "MATCH_ALL"});
    let made =
        speaking(&world.admin, "1.1").post("policies", document("policies", old.clone(), relation())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for (name, value) in [
        ("concurrent", json!(false)),
        ("overageStrategy", json!("NO_OVERAGE")),
        ("leasingStrategy", json!("PER_LICENSE")),
        ("fingerprintMatchingStrategy", json!("MATCH_ALL")),
        ("heartbeatBasis", json!("FROM_FIRST_PING")),
        ("processLeasingStrategy", Value::Null),
    ] {
        assert_eq!(made.at(&format!("/data/attributes/{name}")), &value, "{name}");
    }
    let path = format!("policies/{}", id(&made.body["data"]));
    let now = world.admin.get(&path).await;
    assert_eq!(now.text("/data/attributes/processLeasingStrategy"), "PER_LICENSE");
    assert_eq!(now.text("/data/attributes/machineMatchingStrategy"), "MATCH_ALL");
    assert_eq!(now.at("/data/attributes/concurrent"), &Value::Null);
    let changed =
        speaking(&world.admin, "1.1").patch(&path, change("policies", json!({"concurrent": true}))).await;
    assert_eq!(changed.text("/data/attributes/overageStrategy"), "ALWAYS_ALLOW_OVERAGE");
    let refused = world.admin.post("policies", document("policies", old, relation())).await;
    assert_eq!(refused.status, 400, "old names are unknown to newer versions: {}", refused.body);
    assert_eq!(refused.detail(), "unpermitted parameter");
    let odd = json!({"name": "x", "leasingStrategy": "SOMETIMES"});
    let refused = speaking(&world.admin, "1.6").post("policies", document("policies", odd, relation())).await;
    assert_eq!(refused.error(), (422, "LEASING_STRATEGY_NOT_ALLOWED", "/data/attributes/leasingStrategy"));
}

#[tokio::test]
async fn licences_had_users_and_validations_constants() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let user = world.user("jane@example.com", "user").await;
    let relations = |user: &str| {
        let mut all = one("policy", "policies", &policy);
        all["user"] = one("user", "users", user)["user"].clone();
        all
    };
    let old = speaking(&world.admin, "1.5");
    let made = old.post("licenses", document("licenses", json!({}), relations(&user))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/relationships/user/data/id"), user);
    let link = made.text("/data/relationships/user/links/related").to_owned();
    let below = link.strip_prefix("/v1/").unwrap();
    assert!(link.ends_with("/user"), "{link}");
    assert_eq!(id(&old.get(below).await.body["data"]), user);
    let license = id(&made.body["data"]);
    let now = world.admin.get(&format!("licenses/{license}")).await;
    assert_eq!(now.text("/data/relationships/owner/data/id"), user);
    let nobody = world.account.to_string();
    let refused = old.post("licenses", document("licenses", json!({}), relations(&nobody))).await;
    assert_eq!(refused.error(), (422, "USER_NOT_FOUND", "/data/relationships/user"));
    let now = world.admin.post("licenses", document("licenses", json!({}), relations(&nobody))).await;
    assert_eq!(now.error(), (422, "USER_NOT_FOUND", "/data/relationships/user"), "both names are known now");
    let path = format!("licenses/{license}/actions/validate");
    assert_eq!(speaking(&world.admin, "1.1").get(&path).await.text("/meta/constant"), "VALID");
    assert_eq!(speaking(&world.admin, "1.2").get(&path).await.text("/meta/code"), "VALID");
    let listed = old.get("licenses").await;
    assert_eq!(listed.text("/data/0/relationships/user/data/id"), user);
}

#[tokio::test]
async fn metadata_and_passwords_of_earlier_versions() {
    let world = World::new().await;
    let attributes = json!({"name": "x", "metadata": {"topKey": {"nestedKey": 1}}});
    let product = id(&world.make("products", attributes, json!({})).await);
    let path = format!("products/{product}");
    let metadata = |answer: &crate::world::Answer| answer.at("/data/attributes/metadata").clone();
    let old = speaking(&world.admin, "1.4").get(&path).await;
    assert_eq!(metadata(&old), json!({"topKey": {"nested_key": 1}}));
    assert_eq!(metadata(&world.admin.get(&path).await), json!({"topKey": {"nestedKey": 1}}));
    let jane = world.anonymous().basic("jane@example.com", "secret");
    let refused = jane.post("tokens", Value::Null).await;
    assert_eq!(refused.error(), (401, "EMAIL_INVALID", "Authorization"));
    let refused = speaking(&jane, "1.7").post("tokens", Value::Null).await;
    assert_eq!(refused.error(), (401, "CREDENTIALS_INVALID", "Authorization"));
    assert_eq!(refused.detail(), "email and password must be valid");
}

#[tokio::test]
async fn machines_of_earlier_versions() {
    let world = World::new().await;
    let product = world.product("App").await;
    let terms = json!({"floating": true, "requireHeartbeat": true, "heartbeatBasis": "FROM_CREATION"});
    let policy = world.policy(&product, terms).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let [boss, jane] =
        [world.user("boss@example.com", "user").await, world.user("jane@example.com", "user").await];
    let reference = |user: &str| json!({"type": "users", "id": user});
    let owner = format!("licenses/{license}/owner");
    assert_eq!(world.admin.put(&owner, json!({"data": reference(&boss)})).await.status, 200);
    let users = format!("licenses/{license}/users");
    assert_eq!(world.admin.post(&users, json!({"data": [reference(&jane)]})).await.status, 200);
    let mut relations = one("license", "licenses", &license);
    relations["owner"] = json!({"data": reference(&jane)});
    let body = document("machines", json!({"fingerprint": "old"}), relations);
    let made = speaking(&world.admin, "1.2").post("machines", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/heartbeatStatus"), "NOT_STARTED");
    assert_eq!(made.at("/data/attributes/lastHeartbeat"), &Value::Null);
    let path = format!("machines/{}", id(&made.body["data"]));
    let now = world.admin.get(&path).await;
    assert_eq!(now.text("/data/attributes/heartbeatStatus"), "ALIVE");
    assert_eq!(now.text("/data/relationships/owner/data/id"), jane);
    assert_eq!((now.at("/data/relationships/user"), now.at("/data/former")), (&Value::Null, &Value::Null));
    let old = speaking(&world.admin, "1.5");
    for shown in
        [old.get(&path).await.body["data"].clone(), old.get("machines").await.body["data"][0].clone()]
    {
        assert_eq!(shown["relationships"]["user"]["data"]["id"], json!(boss), "the licence's owner");
        assert_eq!(shown["relationships"].get("owner"), None);
        assert_eq!(shown.get("former"), None);
        let link = shown["relationships"]["user"]["links"]["related"].as_str().unwrap().to_owned();
        assert_eq!(id(&old.get(link.strip_prefix("/v1/").unwrap()).await.body["data"]), boss);
    }
}
