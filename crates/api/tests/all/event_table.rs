//! The events of `licensing.md` §12.3 that making, changing and deleting a record is, for every resource that has them:
//! what the log says, and what endpoints are told.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::events::caused;
use crate::webhooks::{endpoint, stored};
use crate::world::{World, change, document, id, one};

/// A resource: its kind, the word that its events begin with, what it is made of, and an attribute with what it is
/// changed from and to, as the log tells that.
struct Row {
    kind: &'static str,
    word: &'static str,
    made: Value,
    relationships: Value,
    changed: Value,
    diff: Value,
}

fn row(kind: &'static str, word: &'static str, made: Value, relationships: Value, diff: Value) -> Row {
    let (name, pair) = diff.as_object().unwrap().iter().next().unwrap();
    let changed = json!({ name: pair[1] });
    Row { kind, word, made, relationships, changed, diff }
}

async fn rows(world: &World) -> Vec<Row> {
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let pooled = world.policy(&product, json!({ "usePool": true })).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let (other, _) = world.license(&policy, json!({})).await;
    let machine = document("machines", json!({ "fingerprint": "m" }), one("license", "licenses", &license));
    let machine = id(&world.admin.post("machines", machine).await.body["data"]);
    let named = |name: &str| json!({ "name": name });
    let diff = || json!({ "name": ["A", "B"] });
    let nothing = || json!({});
    vec![
        row("products", "product", named("A"), nothing(), diff()),
        row("policies", "policy", named("A"), one("product", "products", &product), diff()),
        row("licenses", "license", named("A"), one("policy", "policies", &policy), diff()),
        row(
            "machines",
            "machine",
            json!({ "name": "A", "fingerprint": "n" }),
            one("license", "licenses", &other),
            diff(),
        ),
        row(
            "components",
            "component",
            json!({ "name": "A", "fingerprint": "c" }),
            one("machine", "machines", &machine),
            diff(),
        ),
        Row {
            changed: json!({ "metadata": { "a": 2 } }),
            ..row(
                "processes",
                "process",
                json!({ "pid": "1", "metadata": { "a": 1 } }),
                one("machine", "machines", &machine),
                json!({ "metadata": [{ "a": 1 }, { "a": 2 }] }),
            )
        },
        row("entitlements", "entitlement", json!({ "name": "A", "code": "PRO" }), nothing(), diff()),
        row("environments", "environment", json!({ "name": "A", "code": "a" }), nothing(), diff()),
        row("groups", "group", named("A"), nothing(), diff()),
        Row {
            changed: json!({ "firstName": "B" }),
            ..row(
                "users",
                "user",
                json!({ "firstName": "A", "email": "a@example.com" }),
                nothing(),
                // shown in camel case, and kept as everything is kept
                json!({ "first_name": ["A", "B"] }),
            )
        },
        Row {
            changed: json!({ "key": "ANOTHER-KEY" }),
            ..row(
                "keys",
                "key",
                json!({ "key": "A-GOOD-KEY" }),
                one("policy", "policies", &pooled),
                json!({ "key": ["...", "..."] }),
            )
        },
    ]
}

/// What a request is in the log and is told to the endpoint: the same one event of the record.
async fn told_of(world: &World, method: Method, path: &str, body: Value, name: &str) -> (Value, Value) {
    let known: BTreeSet<_> = stored(world).await.into_iter().map(|told| told.id).collect();
    let mut events = caused(world, &world.admin, method, path, body).await;
    assert_eq!(events.len(), 1, "{name}: {events:?}");
    let event = events.remove(0);
    assert_eq!(event.event, name);
    assert_eq!(event.whodunnit_id, Some(world.admin_id), "{name}");
    let mut told = stored(world).await;
    told.retain(|told| !known.contains(&told.id));
    assert_eq!(told.iter().map(|told| told.event.as_str()).collect::<Vec<_>>(), [name]);
    let payload: Value = serde_json::from_str(&told.first().unwrap().payload).unwrap();
    assert_eq!(payload["data"]["id"], event.resource_id.to_string(), "{name}");
    (event.metadata.unwrap_or(Value::Null), payload["data"].clone())
}

#[tokio::test]
async fn making_changing_and_deleting_are_events_that_carry_the_record() {
    let world = World::new().await;
    let mut seen = BTreeSet::new();
    let rows = rows(&world).await;
    endpoint(&world, &["*"]).await;
    for Row { kind, word, made, relationships, changed, diff } in rows {
        let name = |what: &str| format!("{word}.{what}");
        let body = document(kind, made.clone(), relationships);
        let (said, shown) = told_of(&world, Method::POST, kind, body, &name("created")).await;
        assert_eq!((said, &shown["type"]), (Value::Null, &json!(kind)));
        for (attribute, value) in made.as_object().unwrap() {
            assert_eq!(shown["attributes"][attribute], *value, "{kind} {attribute}");
        }
        let path = format!("{kind}/{}", id(&shown));
        let body = change(kind, changed.clone());
        let (said, shown) = told_of(&world, Method::PATCH, &path, body, &name("updated")).await;
        assert_eq!(said, json!({ "diff": diff }), "{kind}");
        for (attribute, value) in changed.as_object().unwrap() {
            assert_eq!(shown["attributes"][attribute], *value, "{kind} as it is now");
        }
        let (said, gone) = told_of(&world, Method::DELETE, &path, json!(null), &name("deleted")).await;
        assert_eq!((said, &gone["attributes"]), (Value::Null, &shown["attributes"]), "{kind} as it was");
        assert_eq!(world.admin.get(&path).await.status, 404, "{kind}");
        seen.extend(["created", "updated", "deleted"].map(name));
    }
    // told of in tests of their own: those of files, rollouts, settings and second factors
    let elsewhere = ["artifact.", "package.", "release.", "rollout.", "account.settings.", "second-factor."];
    let all = keyway_domain::event::names().filter(|name| {
        let common =
            ["created", "updated", "deleted"].iter().any(|what| name.split('.').nth(1) == Some(what));
        common && elsewhere.iter().all(|other| !name.starts_with(other)) && *name != "account.updated"
    });
    let missing: Vec<&str> = all.filter(|name| !seen.contains(*name)).collect();
    assert_eq!(missing, Vec::<&str>::new(), "events of which nothing is shown here");
}
