//! What is kept of licences that were validated: nothing that was changed is answered from it, and nothing else is asked of
//! the database.

use std::time::Duration;

use http::Method;
use keyway_jsonapi::{Declared, Scope, Value as Column};
use serde_json::{Value, json};

use crate::world::{Answer, World, change, document, id, one};

/// A licence with all there is to one.
struct Case {
    world: World,
    license: String,
    key: String,
    policy: String,
    owner: String,
    machine: String,
}

impl Case {
    async fn new() -> Self {
        let world = World::new().await;
        let product = world.product("App").await;
        let terms = json!({
            "floating": true, "strict": true, "requireCheckIn": true, "checkInInterval": "day",
            "checkInIntervalCount": 1, "maxMachines": 3, "maxProcesses": 5, "duration": 86_400 * 365,
        });
        let policy = world.policy(&product, terms).await;
        let owner = world.user("ann@example.com", "user").await;
        let mut relations = one("policy", "policies", &policy);
        relations["owner"] = one("owner", "users", &owner)["owner"].clone();
        let made = world.make("licenses", json!({ "name": "Ann's \"status\":" }), relations).await;
        let (license, key) = (id(&made), made["attributes"]["key"].as_str().unwrap().to_owned());
        let machine = activated(&world, &license, "a").await;
        Self { world, license, key, policy, owner, machine }
    }

    async fn by_key(&self, scope: Value) -> Answer {
        let body = json!({ "meta": { "key": self.key, "scope": scope } });
        self.world.admin.post("licenses/actions/validate-key", body).await
    }

    /// Asserts that by key the same is answered as by id, which asks the database; gives what was answered.
    async fn assert_current(&self, after: &str) -> Value {
        let scope = json!({ "fingerprint": "a" });
        let first = self.by_key(scope.clone()).await;
        let second = self.by_key(scope.clone()).await;
        self.world.api.flush_logs().await.unwrap();
        let path = format!("licenses/{}/actions/validate", self.license);
        let by_id = self.world.admin.post(&path, json!({ "meta": { "scope": scope } })).await;
        assert_eq!(second.raw.bytes(), by_id.raw.bytes(), "{after}:\n{}\n{}", second.body, by_id.body);
        assert_eq!(first.body["meta"], by_id.body["meta"], "{after}");
        self.by_key(json!({})).await;
        by_id.body
    }

    async fn send(&self, method: Method, path: &str, body: Value) {
        let path = path.replace("{license}", &format!("licenses/{}", self.license));
        let path = path.replace("{machine}", &format!("machines/{}", self.machine));
        let path = path.replace("{policy}", &format!("policies/{}", self.policy));
        let path = path.replace("{owner}", &format!("users/{}", self.owner));
        let answer = self.world.admin.send(method.clone(), &path, Some(body)).await;
        assert!(matches!(answer.status, 200..=204), "{method} {path}: {} {}", answer.status, answer.body);
    }
}

async fn activated(world: &World, license: &str, fingerprint: &str) -> String {
    let attributes = json!({ "fingerprint": fingerprint, "cores": 4 });
    id(&world.make("machines", attributes, one("license", "licenses", license)).await)
}

fn several(kind: &str, ids: &[&str]) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({ "type": kind, "id": id })).collect();
    json!({ "data": items })
}

#[tokio::test]
async fn every_change_is_in_the_next_answer() {
    let case = Case::new().await;
    let world = &case.world;
    let (pro, gold) = (world.entitlement("PRO").await, world.entitlement("GOLD").await);
    let bob = world.user("bob@example.com", "user").await;
    let group = id(&world.make("groups", json!({ "name": "Team" }), json!({})).await);
    let licenses = |attributes: Value| change("licenses", attributes);
    let none = || Value::Null;
    let (post, patch, put, delete) = (Method::POST, Method::PATCH, Method::PUT, Method::DELETE);
    let steps: Vec<(Method, &str, Value, &str)> = vec![
        (patch.clone(), "{license}", licenses(json!({ "name": "Another" })), "VALID"),
        (
            patch.clone(),
            "{license}",
            licenses(json!({ "metadata": { "status": "x", "lastValidated": 1.5 } })),
            "VALID",
        ),
        (post.clone(), "{license}/actions/suspend", none(), "SUSPENDED"),
        (post.clone(), "{license}/actions/reinstate", none(), "VALID"),
        (post.clone(), "{license}/actions/check-in", none(), "VALID"),
        (post.clone(), "{license}/actions/check-out", none(), "VALID"),
        (post.clone(), "{license}/actions/renew", none(), "VALID"),
        (post.clone(), "{license}/actions/increment-usage", none(), "VALID"),
        (post.clone(), "{license}/actions/reset-usage", none(), "VALID"),
        (post.clone(), "{license}/users", several("users", &[&bob]), "VALID"),
        (patch.clone(), "{license}", licenses(json!({ "maxUsers": 1 })), "TOO_MANY_USERS"),
        (delete.clone(), "{license}/users", several("users", &[&bob]), "VALID"),
        (post.clone(), "{license}/entitlements", several("entitlements", &[&pro]), "VALID"),
        (delete.clone(), "{license}/entitlements", several("entitlements", &[&pro]), "VALID"),
        (post.clone(), "{policy}/entitlements", several("entitlements", &[&gold]), "VALID"),
        (post.clone(), "{owner}/actions/ban", none(), "BANNED"),
        (post.clone(), "{owner}/actions/unban", none(), "VALID"),
        (put.clone(), "{license}/group", json!({ "data": { "type": "groups", "id": group } }), "VALID"),
        (patch.clone(), "{policy}", change("policies", json!({ "maxMachines": 7 })), "VALID"),
        (
            patch.clone(),
            "{policy}",
            change("policies", json!({ "requireUserScope": true })),
            "USER_SCOPE_REQUIRED",
        ),
        (patch.clone(), "{policy}", change("policies", json!({ "requireUserScope": false })), "VALID"),
        (patch.clone(), "{machine}", change("machines", json!({ "cores": 8 })), "VALID"),
        (patch.clone(), "{license}", licenses(json!({ "maxCores": 7 })), "TOO_MANY_CORES"),
        (patch.clone(), "{license}", licenses(json!({ "maxCores": null })), "VALID"),
        (post.clone(), "{machine}/actions/ping", none(), "VALID"),
        (post.clone(), "{machine}/actions/reset", none(), "VALID"),
        (put, "{license}/owner", json!({ "data": null }), "VALID"),
        (delete, "{machine}", none(), "NO_MACHINES"),
    ];
    assert_eq!(case.assert_current("nothing").await["meta"]["code"], "VALID");
    for (method, path, body, code) in steps {
        let after = format!("{method} {path} {body}");
        case.send(method, path, body).await;
        assert_eq!(case.assert_current(&after).await["meta"]["code"], code, "{after}");
    }
    activated(world, &case.license, "a").await;
    let activated = case.assert_current("an activation").await;
    assert_eq!(activated["data"]["relationships"]["machines"]["meta"]["count"], 1);
}

#[tokio::test]
async fn scopes_are_decided_from_what_is_kept_as_it_is_now() {
    let case = Case::new().await;
    let world = &case.world;
    let pro = world.entitlement("PRO").await;
    let code = async |scope: &Value| case.by_key(scope.clone()).await.text("/meta/code").to_owned();
    let entitled = json!({ "entitlements": ["PRO"] });
    assert_eq!(code(&entitled).await, "ENTITLEMENTS_MISSING");
    case.send(Method::POST, "{policy}/entitlements", several("entitlements", &[&pro])).await;
    assert_eq!(code(&entitled).await, "VALID");
    let renamed = change("entitlements", json!({ "code": "PLUS" }));
    case.send(Method::PATCH, &format!("entitlements/{pro}"), renamed).await;
    assert_eq!(code(&entitled).await, "ENTITLEMENTS_MISSING");
    let ann = json!({ "user": "ann@example.com" });
    assert_eq!(code(&ann).await, "VALID");
    case.send(Method::PATCH, "{owner}", change("users", json!({ "email": "anna@example.com" }))).await;
    assert_eq!(code(&ann).await, "USER_SCOPE_MISMATCH");
    for number in 0..6 {
        let of_it = one("machine", "machines", &case.machine);
        let body = document("processes", json!({ "pid": number.to_string() }), of_it);
        let status = world.admin.post("processes", body).await.status;
        assert_eq!(status, if number < 5 { 201 } else { 422 });
        assert_eq!(code(&json!({ "fingerprint": "a" })).await, "VALID");
    }
    case.send(Method::PATCH, "{license}", change("licenses", json!({ "maxProcesses": 4 }))).await;
    assert_eq!(code(&json!({ "fingerprint": "a" })).await, "TOO_MANY_PROCESSES");
}

#[tokio::test]
async fn what_the_clock_decides_is_decided_anew() {
    let case = Case::new().await;
    let world = &case.world;
    case.send(Method::POST, "{license}/actions/check-in", Value::Null).await;
    let valid = case.by_key(json!({})).await;
    assert_eq!((valid.text("/meta/code"), valid.text("/data/attributes/status")), ("VALID", "ACTIVE"));
    world.clock.advance(Duration::from_secs(2 * 86_400));
    let overdue = case.by_key(json!({})).await;
    assert_eq!(overdue.text("/meta/code"), "OVERDUE");
    assert_eq!(overdue.text("/data/attributes/lastValidated"), "2026-06-01T12:00:00.000Z");
    world.clock.advance(Duration::from_secs(361 * 86_400));
    assert_eq!(case.by_key(json!({})).await.text("/data/attributes/status"), "EXPIRING");
    world.clock.advance(Duration::from_secs(4 * 86_400));
    let expired = case.by_key(json!({})).await;
    assert_eq!(expired.text("/data/attributes/status"), "EXPIRED");
}

#[tokio::test]
async fn a_key_that_goes_and_comes_again_is_another_licence() {
    let case = Case::new().await;
    let world = &case.world;
    assert_eq!(case.by_key(json!({})).await.text("/data/id"), case.license);
    case.send(Method::DELETE, "{license}", Value::Null).await;
    let gone = case.by_key(json!({})).await;
    assert_eq!((gone.at("/data"), gone.text("/meta/code")), (&Value::Null, "NOT_FOUND"));
    let (again, _) = world.license(&case.policy, json!({ "key": case.key })).await;
    assert_eq!(case.by_key(json!({})).await.text("/data/id"), again);
}

#[tokio::test]
async fn what_is_kept_is_of_one_environment() {
    let case = Case::new().await;
    let world = &case.world;
    let sandbox = json!({ "name": "Sandbox", "code": "sandbox", "isolationStrategy": "ISOLATED" });
    let sandbox = world.admin.make("environments", sandbox, json!({})).await;
    assert_eq!(case.by_key(json!({})).await.text("/meta/code"), "VALID");
    let inside = world.anonymous().inside("sandbox");
    let body = json!({ "meta": { "key": case.key } });
    let answer = inside.post("licenses/actions/validate-key", body).await;
    assert_eq!(answer.text("/meta/code"), "NOT_FOUND", "{sandbox}");
}

#[tokio::test]
async fn a_licence_that_is_kept_costs_no_question() {
    let case = Case::new().await;
    let world = &case.world;
    let scope = json!({ "fingerprint": "a", "user": "ann@example.com" });
    assert_eq!(case.by_key(scope.clone()).await.text("/meta/code"), "VALID");
    world.api.flush_logs().await.unwrap();
    if world.db.is_shared() {
        // it is asked whether another node has changed anything
        return;
    }
    world.db.close().await;
    assert_eq!(case.by_key(scope.clone()).await.text("/meta/code"), "VALID");
    let old = world.admin.clone().header("keygen-version", "1.1");
    let body = json!({ "meta": { "key": case.key, "scope": scope } });
    let answer = old.post("licenses/actions/validate-key", body).await;
    assert_eq!((answer.status, answer.text("/meta/constant")), (200, "VALID"));
}

#[tokio::test]
async fn validations_are_noted_within_a_second_each_licence_once() {
    let case = Case::new().await;
    let world = &case.world;
    for _ in 0..3 {
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(case.by_key(json!({})).await.text("/meta/code"), "VALID");
    }
    assert_eq!(
        case.by_key(json!({ "fingerprint": "b" })).await.text("/meta/code"),
        "FINGERPRINT_SCOPE_MISMATCH"
    );
    world.api.flush_logs().await.unwrap();
    let license = keyway_domain::resources::License::RESOURCE;
    let named = Scope::id("id", case.license.parse::<keyway_base::RecordId>().unwrap());
    let found = world.db.find(license, world.account, &named).await.unwrap().unwrap();
    let last = "2026-06-01T12:00:03Z".parse().unwrap();
    assert_eq!(found.get("last_validated_at"), &Column::Time(last));
    assert_eq!(found.get("updated_at"), &Column::Time(found.created()), "a validation is no change");
    let logged = world.admin.get("event-logs?limit=100").await;
    let all = logged.body["data"].as_array().unwrap().iter();
    let codes = all.filter_map(|entry| {
        let attributes = &entry["attributes"];
        let kind = attributes["event"].as_str()?.strip_prefix("license.validation.")?;
        Some((kind.to_owned(), attributes["metadata"]["code"].clone()))
    });
    let codes: Vec<_> = codes.collect();
    let valid = ("succeeded".to_owned(), json!("VALID"));
    let mut expected = vec![("failed".to_owned(), json!("FINGERPRINT_SCOPE_MISMATCH"))];
    expected.extend([valid.clone(), valid.clone(), valid]);
    assert_eq!(codes, expected, "newest first");
}

#[tokio::test]
async fn what_one_node_has_answered_every_other_knows() {
    let case = Case::new().await;
    let world = &case.world;
    let there = world.another_node().await;
    let code = async || {
        if !world.db.is_shared() {
            // beside the embedded store there is but the shell, which is heard of within a second
            world.clock.advance(Duration::from_secs(1));
        }
        let body = json!({ "meta": { "key": case.key, "scope": { "fingerprint": "b" } } });
        there.post("licenses/actions/validate-key", body).await.text("/meta/code").to_owned()
    };
    assert_eq!(code().await, "FINGERPRINT_SCOPE_MISMATCH");
    activated(world, &case.license, "b").await;
    assert_eq!(code().await, "VALID");
    case.send(Method::POST, "{license}/actions/suspend", Value::Null).await;
    assert_eq!(code().await, "SUSPENDED");
    case.send(Method::POST, "{license}/actions/reinstate", Value::Null).await;
    assert_eq!(code().await, "VALID");
}
