//! What endpoints are told of what happens (`licensing.md` §12.2): by rows that are written with the change.

use std::time::Duration;

use keyway_api::ApiTeller;
use keyway_base::RecordId;
use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::{License, WebhookEvent};
use keyway_events::{DELIVER, TELL, Teller};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Changes;
use serde_json::{Value, json};

use crate::webhooks::{endpoint, stored};
use crate::world::{START, World, change, document, id, one};

const LEASE: Duration = Duration::from_secs(60);

/// The documents that were told, with their events' names, oldest first.
async fn told(world: &World) -> Vec<(String, Value)> {
    let events = stored(world).await;
    let read = |event: &WebhookEvent| (event.event.clone(), serde_json::from_str(&event.payload).unwrap());
    events.iter().map(read).collect()
}

async fn told_last(world: &World) -> Value {
    told(world).await.pop().unwrap().1
}

/// An endpoint with these attributes, and of this product.
async fn listen(world: &World, attributes: Value, product: Option<&str>) -> String {
    let mut all = json!({ "url": "https://hooks.example.net/" });
    all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    let relations = product.map_or(json!({}), |product| one("product", "products", product));
    id(&world.make("webhook-endpoints", all, relations).await)
}

#[tokio::test]
async fn an_event_is_told_with_its_change_and_sent_by_a_job() {
    let world = World::new().await;
    let to = endpoint(&world, &["product.created", "product.updated"]).await;
    let product = world.product("App").await;
    let shown = world.admin.get(&format!("products/{product}")).await.body;
    let events = stored(&world).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.event.as_str(), event.status.as_str()), ("product.created", "DELIVERING"));
    assert_eq!(event.webhook_endpoint_id.to_string(), to);
    assert_eq!(serde_json::from_str::<Value>(&event.payload).unwrap(), shown);
    assert_eq!(event.idempotency_token.len(), 64);
    let job = world.db.claim(START, LEASE, &[DELIVER]).await.unwrap().unwrap();
    assert_eq!(job.key, event.id.to_string());

    let refused =
        world.admin.patch(&format!("products/{product}"), change("products", json!({ "url": "x" }))).await;
    assert_eq!(refused.status, 422);
    world.entitlement("PRO").await;
    assert_eq!(stored(&world).await.len(), 1, "neither what did not happen nor what nobody listens to");
    let path = format!("products/{product}");
    assert_eq!(world.admin.patch(&path, change("products", json!({ "name": "Game" }))).await.status, 200);
    assert_eq!(told_last(&world).await["data"]["attributes"]["name"], "Game");
}

#[tokio::test]
async fn nobody_listening_costs_no_row_and_no_job() {
    let world = World::new().await;
    world.product("App").await;
    assert_eq!(stored(&world).await, []);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn subscriptions_hold_from_the_next_event_on() {
    let world = World::new().await;
    let to = endpoint(&world, &["*"]).await;
    world.product("One").await;
    let path = format!("webhook-endpoints/{to}");
    let only = change("webhook-endpoints", json!({ "subscriptions": ["user.created"] }));
    assert_eq!(world.admin.patch(&path, only).await.status, 200);
    world.product("Two").await;
    assert_eq!(stored(&world).await.len(), 1);
    world.user("ann@x.yz", "user").await;
    assert_eq!(stored(&world).await.len(), 2);
    assert_eq!(world.admin.delete(&path).await.status, 204);
    world.user("bob@x.yz", "user").await;
    assert_eq!(stored(&world).await.len(), 2);
}

#[tokio::test]
async fn a_deletion_tells_of_the_record_as_it_was() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({ "name": "Ann's" })).await;
    let licensee = world.user("ann@x.yz", "user").await;
    let users = json!({ "data": [{ "type": "users", "id": licensee }] });
    assert_eq!(world.admin.post(&format!("licenses/{license}/users"), users).await.status, 200);
    let shown = world.admin.get(&format!("licenses/{license}")).await.body;
    endpoint(&world, &["license.deleted"]).await;
    assert_eq!(world.admin.delete(&format!("licenses/{license}")).await.status, 204);
    assert_eq!(told(&world).await, [("license.deleted".to_owned(), shown)]);
}

#[tokio::test]
async fn an_endpoint_of_a_product_hears_of_what_the_product_may_read() {
    let world = World::new().await;
    let (own, foreign) = (world.product("App").await, world.product("Game").await);
    listen(&world, json!({}), Some(&own)).await;
    for product in [&foreign, &own] {
        let policy = world.policy(product, json!({})).await;
        let (license, _) = world.license(&policy, json!({})).await;
        assert_eq!(world.admin.delete(&format!("licenses/{license}")).await.status, 204);
    }
    world.entitlement("PRO").await;
    world.make("environments", json!({ "name": "e", "code": "e" }), json!({})).await;
    let names: Vec<String> = told(&world).await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["policy.created", "license.created", "license.deleted", "entitlement.created"]);
    let payloads = told(&world).await;
    assert!(payloads.iter().all(|(_, payload)| !payload.to_string().contains(&foreign)), "{payloads:?}");
}

#[tokio::test]
async fn an_endpoint_of_a_product_hears_of_no_second_factors_and_goes_with_its_product() {
    let world = World::new().await;
    let product = world.product("App").await;
    listen(&world, json!({}), Some(&product)).await;
    let attributes = json!({"email": "jane@example.com", "password": "correct horse"});
    let user = id(&world.make("users", attributes, json!({})).await);
    let jane = world.token_of(&format!("users/{user}")).await;
    let body = json!({"meta": {"password": "correct horse"}});
    assert_eq!(jane.post(&format!("users/{user}/second-factors"), body).await.status, 201);
    let names: Vec<String> = told(&world).await.into_iter().map(|(name, _)| name).collect();
    assert!(!names.iter().any(|name| name.starts_with("second-factor")), "{names:?}");
    assert!(names.contains(&"user.created".to_owned()), "{names:?}");
    assert_eq!(world.admin.delete(&format!("products/{product}")).await.status, 204);
    world.entitlement("PRO").await;
    assert!(told(&world).await.iter().all(|(name, _)| name != "entitlement.created"));
    assert_eq!(world.admin.get("webhook-endpoints").await.ids(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_hears_of_its_own_environment_alone() {
    let world = World::new().await;
    let shared = json!({ "name": "s", "code": "s", "isolationStrategy": "SHARED" });
    world.make("environments", shared, json!({})).await;
    let inside = world.admin.clone().inside("s");
    let attributes = json!({ "url": "https://inside.example.net/" });
    inside.make("webhook-endpoints", attributes, json!({})).await;
    listen(&world, json!({}), None).await;
    inside.make("products", json!({ "name": "Inside" }), json!({})).await;
    world.product("Global").await;
    let heard: Vec<(String, Value)> = stored(&world)
        .await
        .iter()
        .map(|event| {
            let payload: Value = serde_json::from_str(&event.payload).unwrap();
            (event.endpoint.clone(), payload["data"]["attributes"]["name"].clone())
        })
        .collect();
    let expected = [("https://inside.example.net/", "Inside"), ("https://hooks.example.net/", "Global")];
    assert_eq!(heard, expected.map(|(url, name)| (url.to_owned(), json!(name))));
}

#[tokio::test]
async fn a_document_has_the_version_of_its_endpoint() {
    let world = World::new().await;
    let policy = world.policy(&world.product("App").await, json!({})).await;
    let owner = world.user("ann@x.yz", "user").await;
    listen(&world, json!({ "apiVersion": "1.5", "subscriptions": ["license.created"] }), None).await;
    listen(&world, json!({ "subscriptions": ["license.created"] }), None).await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &owner)["owner"].clone();
    let old = world.admin.clone().header("keygen-version", "1.0");
    let named = json!({ "name": "Ann's" });
    let made = world.admin.post("licenses", document("licenses", named, relations)).await;
    assert_eq!(made.status, 201);
    let [(_, then), (_, now)] = &told(&world).await[..] else { panic!("two are told") };
    let old_style = world.admin.clone().header("keygen-version", "1.5");
    let path = format!("licenses/{}", id(&made.body["data"]));
    assert_eq!(*then, old_style.get(&path).await.body);
    assert_eq!(*now, world.admin.get(&path).await.body);
    assert_ne!(then, now);
    assert_eq!(old.get(&path).await.status, 200, "whoever asks in another version changes nothing of it");
}

#[tokio::test]
async fn a_validation_tells_how_it_went() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let validations = ["license.validation.succeeded", "license.validation.failed"];
    endpoint(&world, &validations).await;
    listen(&world, json!({ "apiVersion": "1.1", "subscriptions": validations }), None).await;
    let path = format!("licenses/{license}/actions/validate");
    let asked = json!({ "meta": { "nonce": 42, "scope": { "product": product } } });
    let answer = world.key(&key).post(&path, asked).await;
    assert_eq!(answer.status, 200);
    let events = told(&world).await;
    let (name, payload) = &events[0];
    assert_eq!(name, "license.validation.succeeded");
    assert_eq!(payload["meta"], *answer.at("/meta"));
    assert_eq!(
        (&payload["meta"]["nonce"], &payload["meta"]["scope"]["product"]),
        (&json!(42), &json!(product))
    );
    assert_eq!(payload["data"]["id"], license);
    assert_eq!(events[1].1["meta"]["constant"], "VALID");
    let other = json!({ "meta": { "scope": { "product": policy } } });
    world.key(&key).post(&path, other).await;
    let events = told(&world).await;
    assert_eq!(
        (events[2].0.as_str(), &events[2].1["meta"]["valid"]),
        ("license.validation.failed", &json!(false))
    );
    world.key(&key).get(&path).await;
    assert_eq!(told(&world).await.len(), 4, "the quick form is no event");
}

#[tokio::test]
async fn a_validation_by_key_is_told_of_before_it_is_answered() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    endpoint(&world, &["license.validation.succeeded"]).await;
    for nonce in 0..3 {
        let asked = json!({ "meta": { "key": key, "nonce": nonce } });
        let answer = world.anonymous().post("licenses/actions/validate-key", asked).await;
        let events = told(&world).await;
        let (name, payload) = &events[nonce];
        assert_eq!((events.len(), name.as_str()), (nonce + 1, "license.validation.succeeded"));
        assert_eq!(payload["meta"], *answer.at("/meta"));
        assert_eq!(payload["data"]["id"], license);
        assert_eq!(payload["data"]["attributes"]["lastValidated"], *answer.at("/meta/ts"));
    }
    let unheard = json!({ "meta": { "key": key, "scope": { "product": policy } } });
    assert_eq!(world.anonymous().post("licenses/actions/validate-key", unheard).await.status, 200);
    world.api.flush_logs().await.unwrap();
    assert_eq!(told(&world).await.len(), 3, "to what failed nobody listens");
}

#[tokio::test]
async fn no_secret_is_told() {
    let world = World::new().await;
    endpoint(&world, &["*"]).await;
    let user =
        world.make("users", json!({ "email": "ann@x.yz", "password": "battery staple" }), json!({})).await;
    let token = world.admin.post(&format!("users/{}/tokens", id(&user)), json!(null)).await;
    let secret = token.text("/data/attributes/token").to_owned();
    let events = told(&world).await;
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["user.created", "token.generated"]);
    for (name, payload) in &events {
        let text = payload.to_string();
        assert!(
            !text.contains(&secret) && !text.contains("battery") && !text.contains("digest"),
            "{name}: {text}"
        );
    }
}

#[tokio::test]
async fn what_happens_in_the_background_is_told_by_a_job() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let scope = Scope::id("id", license.parse::<RecordId>().unwrap());
    let record = world.db.find(License::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    let happens = async || {
        let event = Event::of(&record, "expired").unwrap();
        let mut write = world.db.begin().await.unwrap();
        keyway_events::record(&mut write, &event, &Origin::default(), START).await.unwrap();
        write.commit(Changes::none()).await.unwrap();
    };
    happens().await;
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0, "nobody listens");
    endpoint(&world, &["license.expired"]).await;
    happens().await;
    assert_eq!(stored(&world).await, []);
    let job = world.db.claim(START, LEASE, &[TELL]).await.unwrap().unwrap();
    ApiTeller::new(&world.api).tell(&job).await.unwrap();
    let shown = world.admin.get(&format!("licenses/{license}")).await.body;
    assert_eq!(told(&world).await, [("license.expired".to_owned(), shown)]);
    assert!(world.db.claim(START, LEASE, &[TELL]).await.unwrap().is_none(), "the job is done");
    assert!(ApiTeller::new(&world.api).tell(&job).await.is_err(), "and cannot be done twice");
    assert_eq!(stored(&world).await.len(), 1);
}

#[tokio::test]
async fn the_secret_of_a_second_factor_is_told_nobody() {
    let world = World::new().await;
    let attributes = json!({"email": "jane@example.com", "password": "correct horse"});
    let user = id(&world.make("users", attributes, json!({})).await);
    endpoint(&world, &["second-factor.created"]).await;
    let jane = world.token_of(&format!("users/{user}")).await;
    let body = json!({"meta": {"password": "correct horse"}});
    let made = jane.post(&format!("users/{user}/second-factors"), body).await;
    let told = told_last(&world).await;
    assert_eq!(told["data"]["id"], made.text("/data/id"));
    assert_eq!(told["data"]["attributes"]["enabled"], false);
    assert!(!told.to_string().contains(made.text("/data/attributes/secret")), "{told}");
}
