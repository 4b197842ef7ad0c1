//! Lists by metadata: what the entries answer is what the documents hold, whatever happens to the records.

use keyway_base::RecordId;
use keyway_domain::resources::{Machine, User};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Order, Page};
use serde_json::{Value as Json, json};

use crate::world::{LICENSES, World};

fn has(wanted: Json) -> Scope {
    Scope::JsonContains("metadata", vec![wanted])
}

async fn add(world: &World, metadata: Json) -> Record {
    world.add(LICENSES, &[("metadata", Value::Json(metadata))]).await
}

#[tokio::test]
async fn lists_follow_what_is_written() {
    let world = World::new().await;
    let mut record = add(&world, json!({ "tier": "gold", "seats": 5 })).await;
    let id = record.id();
    let found = async |wanted: Json| world.matching(LICENSES, &has(wanted)).await;
    assert_eq!(found(json!({ "tier": "gold" })).await, [id]);
    record.set("metadata", Value::Json(json!({ "tier": "iron" })));
    let mut write = world.db.begin().await.unwrap();
    assert!(write.update(&record, &["metadata"]).await.unwrap());
    assert_eq!(write.all(LICENSES, world.account, &has(json!({ "tier": "iron" }))).await.unwrap().len(), 1);
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(found(json!({ "tier": "gold" })).await, []);
    assert_eq!(found(json!({ "seats": 5 })).await, []);
    assert_eq!(found(json!({ "tier": "iron" })).await, [id]);
    let mut write = world.db.begin().await.unwrap();
    assert!(write.delete(LICENSES, world.account, id).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(found(json!({ "tier": "iron" })).await, []);
    // The same id again, without metadata: nothing of the first may be left.
    record.set("metadata", Value::Json(json!({})));
    world.insert(&record).await;
    assert_eq!(found(json!({ "tier": "iron" })).await, []);
}

/// Whatever lists can be filtered by metadata and grows with the customers.
#[tokio::test]
async fn users_and_machines_are_found_too() {
    let world = World::new().await;
    for resource in [User::RESOURCE, Machine::RESOURCE] {
        let record = world.add(resource, &[("metadata", Value::Json(json!({ "tier": "gold" })))]).await;
        assert_eq!(world.matching(resource, &has(json!({ "tier": "gold" }))).await, [record.id()]);
        assert_eq!(world.matching(resource, &has(json!({ "tier": "iron" }))).await, []);
    }
    assert_eq!(world.matching(LICENSES, &has(json!({ "tier": "gold" }))).await, [], "of another kind");
}

#[tokio::test]
async fn pages_and_counts_are_those_of_the_documents() {
    let world = World::new().await;
    let mut gold = Vec::new();
    for number in 0..9 {
        let tier = if number % 3 == 0 { "iron" } else { "gold" };
        let id = add(&world, json!({ "tier": tier, "number": number })).await.id();
        gold.extend((tier == "gold").then_some(id));
    }
    let scope = Scope::All.and(has(json!({ "tier": "gold" }))).and(Scope::IsNull("owner_id"));
    assert_eq!(world.db.count(LICENSES, world.account, &scope).await.unwrap(), 6);
    let page = async |page: Page| -> Vec<RecordId> {
        let records = world.db.list(LICENSES, world.account, &scope, &page).await.unwrap();
        records.iter().map(Record::id).collect()
    };
    assert_eq!(page(Page::all()).await, gold);
    assert_eq!(page(Page { limit: Some(2), offset: 1, ..Page::all() }).await, gold[1..3]);
    let after = Page { after: Some(gold[3]), limit: Some(2), ..Page::default() };
    assert_eq!(page(Page { order: Order::Desc, ..after.clone() }).await, [gold[2], gold[1]]);
    assert_eq!(page(Page { order: Order::Asc, ..after }).await, gold[4..]);
    assert_eq!(page(Page { after: Some(RecordId::generate(world.now())), ..Page::all() }).await, []);
}

/// Numbers, texts that look like them, and what is too long or too deep to be entered.
#[tokio::test]
async fn every_spelling_is_found_as_the_document_has_it() {
    let world = World::new().await;
    let long = "é".repeat(129);
    let short = "é".repeat(128);
    let documents = [
        json!({ "v": 5 }),
        json!({ "v": 5.0 }),
        json!({ "v": "5" }),
        json!({ "v": 5.5 }),
        json!({ "v": "5.0" }),
        json!({ "v": 1e300 }),
        json!({ "v": i64::MAX }),
        json!({ "v": u64::MAX }),
        json!({ "v": true }),
        json!({ "v": "true" }),
        json!({ "v": null }),
        json!({ "v": "null" }),
        json!({ "v": long }),
        json!({ "v": short }),
        json!({ "v": [5] }),
        json!({ "v": { "w": 5 } }),
        json!({ (long.as_str()): 1 }),
        json!({ (short.as_str()): 1 }),
        json!({ "v": "" }),
        json!({ "": "v" }),
        json!({ "v": -7 }),
    ];
    let mut ids = Vec::new();
    for document in &documents {
        ids.push(add(&world, document.clone()).await.id());
    }
    for (document, id) in documents.iter().zip(&ids) {
        let expected: Vec<RecordId> = match document.to_string().as_str() {
            r#"{"v":5}"# | r#"{"v":5.0}"# => ids[..2].to_vec(),
            _ => vec![*id],
        };
        assert_eq!(world.matching(LICENSES, &has(document.clone())).await, expected, "{document}");
    }
    let either = Scope::JsonContains("metadata", vec![json!({ "v": "5.0" }), json!({ "v": 5 })]);
    assert_eq!(world.matching(LICENSES, &either).await, [ids[0], ids[1], ids[4]]);
}
