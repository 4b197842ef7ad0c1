//! What is written into the event log, and who may read it (`licensing.md` §12.3, §14).

use http::Method;
use keyway_domain::resources::EventLog;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Page;
use serde_json::{Value, json};

use crate::world::{Client, World, change, document, id, one};

/// What has been logged so far.
pub(crate) async fn logged(world: &World) -> Vec<EventLog> {
    world.api.journal().flush().await.unwrap();
    let records = world.db.list(EventLog::RESOURCE, world.account, &Scope::All, &Page::all()).await.unwrap();
    records.iter().map(|record: &Record| record.typed().unwrap()).collect()
}

/// The events that a request causes.
pub(crate) async fn caused(
    world: &World,
    client: &Client,
    method: Method,
    path: &str,
    body: Value,
) -> Vec<EventLog> {
    let before = logged(world).await;
    let answer = client.send(method, path, Some(body)).await;
    assert!(answer.status < 400, "{path}: {} {}", answer.status, answer.body);
    beyond(world, &before).await
}

/// What has been logged beside the entries that are known.
pub(crate) async fn beyond(world: &World, known: &[EventLog]) -> Vec<EventLog> {
    let mut logged = logged(world).await;
    logged.retain(|log| known.iter().all(|known| known.id != log.id));
    logged
}

fn names(events: &[EventLog]) -> Vec<&str> {
    events.iter().map(|event| event.event.as_str()).collect()
}

fn metadata(events: &[EventLog]) -> Value {
    events.last().and_then(|event| event.metadata.clone()).unwrap_or(Value::Null)
}

/// A request with its body, the event that it is, and the metadata of that.
type Row = ((Method, String), Value, &'static str, Value);

/// Each of an admin's requests is one event.
async fn hold(world: &World, rows: Vec<Row>) {
    for ((method, path), body, event, expected) in rows {
        let events = caused(world, &world.admin, method, &path, body).await;
        assert_eq!(names(&events), [event], "{path}");
        assert_eq!(metadata(&events), expected, "{path}");
        let first = events.first().unwrap();
        assert_eq!(
            (first.whodunnit_type.as_deref(), first.whodunnit_id),
            (Some("users"), Some(world.admin_id))
        );
        assert!(first.request_id.is_some(), "{path}");
    }
}

#[tokio::test]
async fn licensing_changes_are_logged() {
    let world = World::new().await;
    let product = world.product("App").await;
    let terms = json!({
        "duration": 864_000, "requireCheckIn": true, "checkInInterval": "day", "checkInIntervalCount": 1
    });
    let policy = world.policy(&product, terms).await;
    let other_policy = world.policy(&product, json!({ "duration": 864_000 })).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let entitlement = world.entitlement("PRO").await;
    let user = world.user("user@x.yz", "user").await;
    let licensee = world.user("licensee@x.yz", "user").await;
    let identifiers = |kind: &str, id: &str| json!({ "data": [{ "type": kind, "id": id }] });
    let identifier = |kind: &str, id: &str| json!({ "data": { "type": kind, "id": id } });
    let entitlements = identifiers("entitlements", &entitlement);
    let codes = json!({ "codes": ["PRO"] });
    let none = json!(null);
    let post = |path: &str| (Method::POST, format!("licenses/{license}/{path}"));
    let rows: Vec<Row> = vec![
        (
            (Method::POST, "products".into()),
            document("products", json!({ "name": "x" }), json!({})),
            "product.created",
            none.clone(),
        ),
        (
            (Method::PATCH, format!("products/{product}")),
            change("products", json!({ "name": "Game" })),
            "product.updated",
            json!({ "diff": { "name": ["App", "Game"] } }),
        ),
        (
            (Method::PATCH, format!("users/{user}")),
            change("users", json!({ "password": "battery staple" })),
            "user.updated",
            none.clone(),
        ),
        (post("actions/suspend"), none.clone(), "license.suspended", none.clone()),
        (post("actions/reinstate"), none.clone(), "license.reinstated", none.clone()),
        (post("actions/renew"), none.clone(), "license.renewed", none.clone()),
        (post("actions/check-in"), none.clone(), "license.checked-in", none.clone()),
        (post("actions/check-out"), none.clone(), "license.checked-out", none.clone()),
        (post("actions/validate"), none.clone(), "license.validation.succeeded", json!({ "code": "VALID" })),
        (
            post("actions/validate"),
            json!({ "meta": { "scope": { "product": other_policy } } }),
            "license.validation.failed",
            json!({ "code": "PRODUCT_SCOPE_MISMATCH" }),
        ),
        (post("actions/increment-usage"), none.clone(), "license.usage.incremented", none.clone()),
        (post("actions/decrement-usage"), none.clone(), "license.usage.decremented", none.clone()),
        (post("actions/reset-usage"), none.clone(), "license.usage.reset", none.clone()),
        (post("entitlements"), entitlements.clone(), "license.entitlements.attached", codes.clone()),
        (
            (Method::DELETE, format!("licenses/{license}/entitlements")),
            entitlements.clone(),
            "license.entitlements.detached",
            codes.clone(),
        ),
        (
            (Method::POST, format!("policies/{policy}/entitlements")),
            entitlements,
            "policy.entitlements.attached",
            codes,
        ),
        (
            (Method::PUT, format!("licenses/{license}/owner")),
            identifier("users", &user),
            "license.owner.updated",
            none.clone(),
        ),
        (post("users"), identifiers("users", &licensee), "license.users.attached", none.clone()),
        (
            (Method::DELETE, format!("licenses/{license}/users")),
            identifiers("users", &licensee),
            "license.users.detached",
            none.clone(),
        ),
        (
            (Method::PUT, format!("licenses/{license}/policy")),
            identifier("policies", &other_policy),
            "license.policy.updated",
            none.clone(),
        ),
        (post("tokens"), none.clone(), "token.generated", none.clone()),
        ((Method::POST, format!("users/{user}/actions/ban")), none.clone(), "user.banned", none.clone()),
        ((Method::POST, format!("users/{user}/actions/unban")), none.clone(), "user.unbanned", none.clone()),
        (
            (Method::DELETE, format!("licenses/{license}/actions/revoke")),
            none.clone(),
            "license.revoked",
            none.clone(),
        ),
        ((Method::DELETE, format!("policies/{policy}")), none.clone(), "policy.deleted", none.clone()),
    ];
    hold(&world, rows).await;
}

#[tokio::test]
async fn tokens_are_logged_by_their_own_words() {
    let world = World::new().await;
    let token = id(&world.admin.post("tokens", json!(null)).await.body["data"]);
    for (method, event) in [(Method::PUT, "token.regenerated"), (Method::DELETE, "token.revoked")] {
        let events = caused(&world, &world.admin, method, &format!("tokens/{token}"), json!(null)).await;
        assert_eq!(names(&events), [event]);
        assert_eq!(events.first().map(|event| event.resource_id.to_string()), Some(token.clone()));
    }
}

#[tokio::test]
async fn what_is_refused_or_only_read_is_not_logged() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let before = logged(&world).await.len();
    for (method, path, body, status) in [
        (Method::GET, format!("licenses/{license}"), json!(null), 200),
        (Method::GET, format!("licenses/{license}/actions/validate"), json!(null), 200),
        (Method::POST, format!("licenses/{license}/actions/reinstate"), json!(null), 422),
        (Method::POST, "products".into(), document("products", json!({}), json!({})), 400),
        (Method::DELETE, "licenses/nosuch".into(), json!(null), 404),
    ] {
        assert_eq!(world.admin.send(method, &path, Some(body)).await.status, status, "{path}");
    }
    assert_eq!(logged(&world).await.len(), before);
}

#[tokio::test]
async fn the_log_can_be_read_and_narrowed() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let renamed = change("products", json!({ "name": "Game", "metadata": { "some_key": 1 } }));
    world.admin.patch(&format!("products/{product}"), renamed).await;
    world.clock.advance(std::time::Duration::from_secs(3 * 86_400));
    let late = world.product("Late").await;
    let all = world.admin.get("event-logs").await;
    assert_eq!(all.ids().len(), 4);
    let newest = &all.body["data"][0];
    assert_eq!(newest["type"], "event-logs");
    assert_eq!(newest["attributes"]["event"], "product.created");
    let attributes: Vec<&String> = newest["attributes"].as_object().unwrap().keys().collect();
    assert_eq!(attributes, ["event", "metadata", "created", "updated"]);
    let related: Vec<&String> = newest["relationships"].as_object().unwrap().keys().collect();
    assert_eq!(related, ["account", "environment", "request", "whodunnit", "resource"]);
    assert_eq!(newest["relationships"]["resource"]["data"], json!({ "type": "products", "id": late }));
    let whodunnit = json!({ "type": "users", "id": world.admin_id.to_string() });
    assert_eq!(newest["relationships"]["whodunnit"]["data"], whodunnit);
    let request = newest["relationships"]["request"]["data"]["id"].as_str().unwrap();
    let updated = world.admin.get("event-logs?event=product.updated").await;
    let diff = updated.at("/data/0/attributes/metadata/diff").clone();
    assert_eq!(diff, json!({ "name": ["App", "Game"], "metadata": [{}, { "someKey": 1 }] }));
    for (query, found) in [
        ("event=policy.created".to_owned(), 1),
        ("event=policy".to_owned(), 0),
        ("events[]=policy.created&events[]=product.updated".to_owned(), 2),
        (format!("resource={product}"), 2),
        (format!("resource[type]=product&resource[id]={policy}"), 0),
        (format!("resource[type]=policies&resource[id]={policy}"), 1),
        (format!("resource[]=policies&resource[]={policy}"), 1),
        ("resource[type]=products".to_owned(), 3),
        (format!("whodunnit={}", world.admin_id), 4),
        (format!("whodunnit={product}"), 0),
        (format!("request={request}"), 1),
        (format!("request={}", request.get(..8).unwrap()), 4),
        ("date[start]=2026-06-01&date[end]=2026-06-02".to_owned(), 3),
        ("date[start]=2026-06-01&date[end]=2026-06-05".to_owned(), 4),
        ("date[start]=2026-05-01&date[end]=2026-05-02".to_owned(), 0),
    ] {
        assert_eq!(world.admin.get(&format!("event-logs?{query}")).await.ids().len(), found, "{query}");
    }
    let shown = world.admin.get(&format!("event-logs/{}", id(newest))).await;
    assert_eq!(shown.at("/data"), newest);
    let unknown = world.admin.get(&format!("event-logs/{product}")).await;
    assert_eq!(unknown.detail(), format!("The requested event log '{product}' was not found"));
    let page = world.admin.get("event-logs?page[number]=1&page[size]=4").await;
    let links: Vec<&String> = page.at("/links").as_object().unwrap().keys().collect();
    assert_eq!(links, ["self", "prev", "next"], "logs are not counted");
    assert!(page.at("/links/next").is_string());
    let past = world.admin.get("event-logs?page[number]=2&page[size]=3").await;
    assert_eq!((past.ids().len(), past.at("/links/next")), (1, &Value::Null));
}

#[tokio::test]
async fn a_global_log_shows_nothing_of_an_environment() {
    let world = World::new().await;
    let attributes = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    let environment = id(&world.make("environments", attributes, json!({})).await);
    let path = format!("environments/{environment}/tokens");
    let made = world.admin.clone().inside("s").post(&path, json!(null)).await;
    let inside = world.anonymous().bearer(made.text("/data/attributes/token")).inside("s");
    let product = id(&inside.make("products", json!({ "name": "Inside" }), json!({})).await);
    let about = format!("event-logs?resource={product}");
    let seen = inside.get(&about).await;
    assert_eq!(seen.ids().len(), 1);
    assert_eq!(seen.at("/data/0/relationships/environment/data/id"), &json!(environment));
    assert_eq!(seen.at("/data/0/relationships/whodunnit/data/type"), &json!("environments"));
    assert_eq!(world.admin.get(&about).await.ids().len(), 0);
}

#[tokio::test]
async fn a_product_that_acts_is_named() {
    let world = World::new().await;
    let product = world.product("App").await;
    let token = world.token_of(&format!("products/{product}")).await;
    let body = document("packages", json!({ "name": "p", "key": "p" }), one("product", "products", &product));
    let events = caused(&world, &token, Method::POST, "packages", body).await;
    assert_eq!(names(&events), ["package.created"]);
    let who = events.first().map(|event| (event.whodunnit_type.clone(), event.whodunnit_id));
    assert_eq!(who, Some((Some("products".to_owned()), product.parse().ok())));
}
