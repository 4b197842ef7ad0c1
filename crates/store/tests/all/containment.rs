//! Metadata filters: JSON containment (`licensing.md` §1.5), as PostgreSQL's `@>` defines it.

use keyway_jsonapi::{Scope, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::world::{LICENSES, World};

/// Whether `wanted` is contained in `stored`.
fn contains(stored: &Json, wanted: &Json) -> bool {
    match (stored, wanted) {
        (Json::Object(stored), Json::Object(wanted)) => {
            wanted.iter().all(|(key, value)| stored.get(key).is_some_and(|found| contains(found, value)))
        }
        (Json::Array(stored), Json::Array(wanted)) => {
            wanted.iter().all(|value| stored.iter().any(|found| contains(found, value)))
        }
        (Json::Number(stored), Json::Number(wanted)) => stored.as_f64() == wanted.as_f64(),
        _ => stored == wanted,
    }
}

async fn matches(world: &World, wanted: Vec<Json>) -> bool {
    !world.matching(LICENSES, &Scope::JsonContains("metadata", wanted)).await.is_empty()
}

#[tokio::test]
async fn cases() {
    let world = World::new().await;
    let stored = json!({
        "tier": "gold", "seats": 5, "price": 9.5, "trial": false, "note": null, "digits": "5", "json": "[1]",
        "ids": [1, 2, "2", { "a": 1, "b": 2 }], "owner": { "name": "Ann", "tags": ["x", "y"] }, "empty": {},
    });
    world.add(LICENSES, &[("metadata", Value::Json(stored))]).await;
    let yes = [
        json!({}),
        json!({ "tier": "gold" }),
        json!({ "tier": "gold", "seats": 5 }),
        json!({ "seats": 5.0 }),
        json!({ "price": 9.5 }),
        json!({ "trial": false }),
        json!({ "note": null }),
        json!({ "digits": "5" }),
        json!({ "json": "[1]" }),
        json!({ "ids": [2] }),
        json!({ "ids": ["2", 1, 1] }),
        json!({ "ids": [] }),
        json!({ "ids": [{ "a": 1 }] }),
        json!({ "owner": {} }),
        json!({ "owner": { "tags": ["y"] } }),
        json!({ "empty": {} }),
    ];
    for wanted in yes {
        assert!(matches(&world, vec![wanted.clone()]).await, "{wanted}");
    }
    let no = [
        json!({ "tier": "Gold" }),
        json!({ "missing": null }),
        json!({ "seats": "5" }),
        json!({ "digits": 5 }),
        json!({ "trial": 0 }),
        json!({ "trial": null }),
        json!({ "note": false }),
        json!({ "json": [1] }),
        json!({ "ids": [3] }),
        json!({ "ids": { "0": 1 } }),
        json!({ "ids": 1 }),
        json!({ "ids": [{ "a": 2 }] }),
        json!({ "owner": "Ann" }),
        json!({ "owner": { "name": "Bob" } }),
        json!({ "empty": [] }),
        json!(["tier"]),
        json!({ "tier": "go\0ld" }),
    ];
    for wanted in no {
        assert!(!matches(&world, vec![wanted.clone()]).await, "{wanted}");
    }
    assert!(matches(&world, vec![json!({ "seats": "5" }), json!({ "seats": 5 })]).await, "either reading");
    assert!(!matches(&world, vec![]).await, "no reading");
}

fn document() -> impl Strategy<Value = Json> {
    let scalar = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (0..3_i64).prop_map(Json::from),
        "[ab\"\\[{}]{0,2}".prop_map(Json::from),
    ];
    scalar.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::vec(("[abc]", inner), 0..3).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

#[test]
fn any_document() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::new());
    let license = runtime.block_on(world.add(LICENSES, &[]));
    proptest!(ProptestConfig::with_cases(96), |(stored in document(), wanted in document())| {
        let expected = contains(&stored, &wanted);
        let mut license = license.clone();
        license.set("metadata", Value::Json(stored));
        let found = runtime.block_on(async {
            let mut write = world.db.begin().await.unwrap();
            assert!(write.update(&license, &["metadata"]).await.unwrap());
            let scope = Scope::JsonContains("metadata", vec![wanted]);
            // Read inside the transaction and let it go: nothing need reach the disk.
            write.count(LICENSES, world.account, &scope).await.unwrap()
        });
        prop_assert_eq!(found == 1, expected);
    });
}
