//! Webhook endpoints and what they were told (`licensing.md` §12).

use keyway_crypto::token::TokenKind;
use keyway_domain::resources::{WebhookEndpoint, WebhookEvent};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::{Changes, Inserted, Page};
use serde_json::{Value, json};

use crate::matrix::webhooks::told;
use crate::world::{Answer, START, World, change, document, id, one};

const URL: &str = "https://hooks.example.net/keyway";

/// Asks for an endpoint with these attributes.
async fn ask(world: &World, attributes: Value) -> Answer {
    world.admin.post("webhook-endpoints", document("webhook-endpoints", attributes, json!({}))).await
}

/// An endpoint for these events.
pub(crate) async fn endpoint(world: &World, subscriptions: &[&str]) -> String {
    let attributes = json!({ "url": URL, "subscriptions": subscriptions });
    id(&world.make("webhook-endpoints", attributes, json!({})).await)
}

/// Something that was told to an endpoint.
async fn plant(world: &World, endpoint: &str, event: &str) -> String {
    let scope = Scope::id("id", endpoint.parse::<keyway_base::RecordId>().unwrap());
    let found = world.db.find(WebhookEndpoint::RESOURCE, world.account, &scope).await.unwrap();
    let planted = told(&found.unwrap().typed().unwrap(), START);
    let planted = WebhookEvent { event: event.to_owned(), ..planted };
    let planted_id = planted.id.to_string();
    let mut write = world.db.begin().await.unwrap();
    assert_eq!(write.insert(&planted.into_record()).await.unwrap(), Inserted::Yes);
    write.commit(Changes::none()).await.unwrap();
    planted_id
}

/// The webhook events that are stored.
pub(crate) async fn stored(world: &World) -> Vec<WebhookEvent> {
    let page = Page::all();
    let records = world.db.list(WebhookEvent::RESOURCE, world.account, &Scope::All, &page).await.unwrap();
    records.iter().map(|record: &Record| record.typed().unwrap()).collect()
}

#[tokio::test]
async fn an_endpoint_has_defaults_and_can_be_changed() {
    let world = World::new().await;
    let made = ask(&world, json!({ "url": URL })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/type"), "webhook-endpoints");
    let attributes = made.at("/data/attributes");
    assert_eq!(attributes["url"], URL);
    assert_eq!(attributes["subscriptions"], json!(["*"]));
    assert_eq!(attributes["signatureAlgorithm"], "ed25519");
    assert_eq!(attributes["apiVersion"], "1.8");
    assert_eq!(*made.at("/data/relationships/product/data"), Value::Null);
    assert_eq!(*made.at("/data/relationships/environment/data"), Value::Null);
    let path = format!("webhook-endpoints/{}", id(&made.body["data"]));
    assert_eq!(
        made.header("location"),
        Some(format!("https://api.example.com{}", made.text("/data/links/self")).as_str())
    );

    let sent = json!({
        "url": "https://other.example.net/", "subscriptions": ["license.created", "license.deleted"],
        "signatureAlgorithm": "rsa-pss-sha256", "apiVersion": "1.5",
    });
    let changed = world.admin.patch(&path, change("webhook-endpoints", sent.clone())).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(changed.at("/data/attributes")[name], *value, "{name}");
    }
    assert_eq!(world.admin.get("webhook-endpoints").await.ids().len(), 1);
    assert_eq!(world.admin.delete(&path).await.status, 204);
    assert_eq!(
        world.admin.get(&path).await.detail(),
        format!("The requested webhook endpoint '{}' was not found", path.rsplit('/').next().unwrap())
    );
}

#[tokio::test]
async fn the_version_that_is_spoken_is_the_default_and_type_has_several_spellings() {
    let world = World::new().await;
    let old = world.admin.clone().header("keygen-version", "1.3");
    for kind in ["webhook-endpoints", "webhook-endpoint", "webhook_endpoints", "webhookEndpoint"] {
        let body = document(kind, json!({ "url": URL }), json!({}));
        let made = old.post("webhook-endpoints", body).await;
        assert_eq!(made.status, 201, "{kind}: {}", made.body);
        assert_eq!(made.text("/data/attributes/apiVersion"), "1.3");
    }
}

#[tokio::test]
async fn an_endpoint_is_checked() {
    let world = World::new().await;
    let long = format!("https://hooks.example.net/{}", "a".repeat(4_096));
    for (attributes, code, pointer) in [
        (json!({ "url": "no url" }), "URL_INVALID", "/data/attributes/url"),
        (json!({ "url": "/path" }), "URL_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://user:pass@hooks.example.net/" }), "URL_INVALID", "/data/attributes/url"),
        (json!({ "url": long }), "URL_TOO_LONG", "/data/attributes/url"),
        (json!({ "url": "http://hooks.example.net/" }), "URL_PROTOCOL_INVALID", "/data/attributes/url"),
        (json!({ "url": "ftp://hooks.example.net/" }), "URL_PROTOCOL_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://localhost/" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://hooks.localhost/" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://intranet/" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://[::1]/" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://api.example.com/v1" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (json!({ "url": "https://npm.pkg.example.com/" }), "URL_HOST_INVALID", "/data/attributes/url"),
        (
            json!({ "url": URL, "subscriptions": [] }),
            "SUBSCRIPTIONS_TOO_SHORT",
            "/data/attributes/subscriptions",
        ),
        (
            json!({ "url": URL, "subscriptions": ["license.painted"] }),
            "SUBSCRIPTIONS_NOT_ALLOWED",
            "/data/attributes/subscriptions",
        ),
        (
            json!({ "url": URL, "subscriptions": ["*", "license.created"] }),
            "SUBSCRIPTIONS_NOT_ALLOWED",
            "/data/attributes/subscriptions",
        ),
        (
            json!({ "url": URL, "signatureAlgorithm": "md5" }),
            "SIGNATURE_ALGORITHM_NOT_ALLOWED",
            "/data/attributes/signatureAlgorithm",
        ),
        (
            json!({ "url": URL, "apiVersion": "2.0" }),
            "API_VERSION_NOT_ALLOWED",
            "/data/attributes/apiVersion",
        ),
    ] {
        let refused = ask(&world, attributes.clone()).await;
        assert_eq!(refused.error(), (422, code, pointer), "{attributes}");
    }
    for (attributes, detail) in [
        (json!({}), "is missing"),
        (json!({ "url": 1 }), "type mismatch (received integer expected string)"),
        (json!({ "url": URL, "subscriptions": "*" }), "type mismatch (received string expected array)"),
        (json!({ "url": URL, "name": "x" }), "unpermitted parameter"),
    ] {
        let refused = ask(&world, attributes.clone()).await;
        assert_eq!((refused.status, refused.detail()), (400, detail), "{attributes}");
    }
    for name in keyway_domain::event::names() {
        let made = ask(&world, json!({ "url": URL, "subscriptions": [name] })).await;
        assert_eq!(made.status, 201, "{name}: {}", made.body);
        let path = format!("webhook-endpoints/{}", id(&made.body["data"]));
        assert_eq!(world.admin.delete(&path).await.status, 204);
    }
}

#[tokio::test]
async fn a_product_makes_endpoints_that_it_does_not_see() {
    let world = World::new().await;
    let (own, other) = (world.product("App").await, world.product("Game").await);
    let product = world.token_of(&format!("products/{own}")).await;
    let made = product.make("webhook-endpoints", json!({ "url": URL }), json!({})).await;
    assert_eq!(made["relationships"]["product"]["data"]["id"], own);
    let foreign = document("webhook-endpoints", json!({ "url": URL }), one("product", "products", &other));
    assert_eq!(product.post("webhook-endpoints", foreign).await.status, 403);
    assert_eq!(product.get("webhook-endpoints").await.ids(), Vec::<String>::new());
    let path = format!("webhook-endpoints/{}", id(&made));
    assert_eq!(product.get(&path).await.status, 404);
    assert_eq!(product.patch(&path, change("webhook-endpoints", json!({ "url": URL }))).await.status, 404);
    assert_eq!(product.delete(&path).await.status, 404);

    let event = plant(&world, &id(&made), "license.created").await;
    assert_eq!(product.get("webhook-events").await.ids(), [event]);
    let unknown = one("product", "products", "0190163d-8694-739b-aea5-966c26f8ad91");
    let missing = document("webhook-endpoints", json!({ "url": URL }), unknown);
    let missing = world.admin.post("webhook-endpoints", missing).await;
    assert_eq!(missing.error(), (422, "PRODUCT_NOT_FOUND", "/data/relationships/product"));
}

#[tokio::test]
async fn what_was_told_is_listed_filtered_and_deleted() {
    let world = World::new().await;
    let to = endpoint(&world, &["user.banned"]).await;
    let first = plant(&world, &to, "license.created").await;
    let second = plant(&world, &to, "license.deleted").await;
    let listed = world.admin.get("webhook-events?page[number]=1&page[size]=10").await;
    assert_eq!(listed.ids(), [second.clone(), first.clone()]);
    assert_eq!(*listed.at("/links/next"), Value::Null);
    assert_eq!(*listed.at("/links/meta"), Value::Null, "they are not counted");
    let filtered = world.admin.get("webhook-events?events[]=license.created&events[]=x").await;
    assert_eq!(filtered.ids(), std::slice::from_ref(&first));
    let shown = world.admin.get(&format!("webhook-events/{first}")).await;
    assert_eq!(shown.text("/data/type"), "webhook-events");
    let mut attributes = shown.at("/data/attributes").clone();
    for time in ["created", "updated"] {
        assert!(attributes.as_object_mut().unwrap().remove(time).is_some(), "{time}");
    }
    let expected = json!({
        "endpoint": URL, "apiVersion": "1.8", "payload": "{\"data\":null}", "event": "license.created",
        "status": "FAILED", "lastResponseCode": 500, "lastResponseBody": "no",
    });
    assert_eq!(attributes, expected);
    assert_eq!(*shown.at("/data/meta"), json!({ "idempotencyToken": "a-token" }));
    assert_eq!(world.admin.delete(&format!("webhook-events/{first}")).await.status, 204);
    assert_eq!(world.admin.get("webhook-events").await.ids(), [second]);
}

#[tokio::test]
async fn telling_again_is_another_event_with_the_same_token() {
    let world = World::new().await;
    let to = endpoint(&world, &["user.banned"]).await;
    let first = plant(&world, &to, "license.created").await;
    let path = format!("webhook-events/{first}/actions/retry");
    let again = world.admin.post(&path, json!(null)).await;
    assert_eq!(again.status, 201, "{}", again.body);
    assert_ne!(id(&again.body["data"]), first);
    assert_eq!(*again.at("/data/meta"), json!({ "idempotencyToken": "a-token" }));
    assert_eq!(again.text("/data/attributes/status"), "DELIVERING");
    assert_eq!(*again.at("/data/attributes/lastResponseCode"), Value::Null);
    let due =
        world.db.claim(START, std::time::Duration::from_secs(1), &[keyway_events::DELIVER]).await.unwrap();
    assert_eq!(due.unwrap().key, id(&again.body["data"]));

    assert_eq!(world.admin.delete(&format!("webhook-endpoints/{to}")).await.status, 204);
    let gone = world.admin.post(&path, json!(null)).await;
    assert_eq!((gone.status, gone.detail()), (422, "webhook event failed to retry"));
    assert_eq!(stored(&world).await.len(), 2, "what was told outlives the endpoint");
}

#[tokio::test]
async fn endpoints_are_of_their_environment() {
    let world = World::new().await;
    world
        .make("environments", json!({ "name": "s", "code": "s", "isolationStrategy": "SHARED" }), json!({}))
        .await;
    let inside = world.admin.clone().inside("s");
    let made = inside.make("webhook-endpoints", json!({ "url": URL }), json!({})).await;
    assert!(made["relationships"]["environment"]["data"]["id"].is_string());
    let path = format!("webhook-endpoints/{}", id(&made));
    assert_eq!(world.admin.get(&path).await.status, 404);
    assert_eq!(inside.get(&path).await.status, 200);
    let support = world.user("support@x.yz", "support-agent").await;
    let support = world.speak_for(&support, TokenKind::Support).await;
    assert_eq!(support.get("webhook-endpoints").await.status, 403);
}

/// An account has a hundred endpoints at most, however they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_endpoint_is_made_once() {
    let world = World::new().await;
    let first = endpoint(&world, &["license.created"]).await;
    let scope = Scope::id("id", first.parse::<keyway_base::RecordId>().unwrap());
    let found = world.db.find(WebhookEndpoint::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    let found: WebhookEndpoint = found.typed().unwrap();
    let more: Vec<Record> = (0..98)
        .map(|_| {
            let id = keyway_base::RecordId::generate(START);
            WebhookEndpoint { id, ..found.clone() }.into_record()
        })
        .collect();
    let mut write = world.db.begin().await.unwrap();
    write.insert_all(&more).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let admin = world.admin.clone();
            let body = document("webhook-endpoints", json!({ "url": URL }), json!({}));
            tokio::spawn(async move { admin.post("webhook-endpoints", body).await })
        })
        .collect();
    let mut refused = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.status != 201 {
            refused += 1;
            let (status, code, pointer) = answer.error();
            assert_eq!((status, code, pointer), (422, "WEBHOOK_ENDPOINT_LIMIT_EXCEEDED", "/data"));
            assert!(answer.detail().contains("limit of 100 webhook endpoints"), "{}", answer.body);
        }
    }
    let count = world.db.count(WebhookEndpoint::RESOURCE, world.account, &Scope::All).await.unwrap();
    assert_eq!((refused, count), (5, 100));
    let changed = change("webhook-endpoints", json!({ "subscriptions": ["*"] }));
    assert_eq!(world.admin.patch(&format!("webhook-endpoints/{first}"), changed).await.status, 200);
    assert_eq!(world.admin.delete(&format!("webhook-endpoints/{first}")).await.status, 204);
    assert_eq!(ask(&world, json!({ "url": URL })).await.status, 201, "there is room again");
}
