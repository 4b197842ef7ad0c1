//! What is kept of requests, and who may read it (`licensing.md` §14).

use keyway_domain::resources::RequestLog;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Page;
use serde_json::{Value, json};

use crate::world::{Answer, PORTAL, World, document, id, one};

async fn rows(world: &World) -> Vec<Record> {
    world.api.flush_logs().await.unwrap();
    world.db.list(RequestLog::RESOURCE, world.account, &Scope::All, &Page::all()).await.unwrap()
}

async fn logged(world: &World) -> Vec<RequestLog> {
    rows(world).await.iter().map(|record| record.typed().unwrap()).collect()
}

/// The paths of what was logged, below the API.
async fn paths(world: &World) -> Vec<String> {
    let shown =
        |log: RequestLog| format!("{} {} {}", log.method.unwrap(), log.url.unwrap(), log.status.unwrap());
    logged(world).await.into_iter().map(shown).collect()
}

#[tokio::test]
async fn requests_are_logged_with_who_asked_and_what_about() {
    let world = World::new().await;
    let admin = world.admin.logged().header("user-agent", "toolkit/1.0").header("accept", "application/json");
    let made = admin.make("products", json!({ "name": "App" }), json!({})).await;
    let product = id(&made);
    assert_eq!(admin.get(&format!("products/{product}/policies?limit=3")).await.status, 200);
    assert_eq!(admin.delete(&format!("products/{product}")).await.status, 204);
    assert_eq!(admin.get("products").await.status, 200);
    assert_eq!(world.anonymous().logged().get("products").await.status, 401);
    let log = logged(&world).await;
    let of = |log: &RequestLog| (log.requestor_type.clone(), log.requestor_id);
    let about = |log: &RequestLog| (log.resource_type.clone(), log.resource_id.map(|id| id.to_string()));
    let products = (Some("products".to_owned()), Some(product.clone()));
    let expected = [products.clone(), products.clone(), products, (None, None), (None, None)];
    assert_eq!(log.iter().map(about).collect::<Vec<_>>(), expected);
    let by_admin = (Some("users".to_owned()), Some(world.admin_id));
    assert!(log.iter().take(4).all(|log| of(log) == by_admin));
    assert_eq!(log.last().map(of), Some((None, None)));
    let creation = log.first().unwrap();
    assert_eq!(creation.ip.as_deref(), Some("127.0.0.1"));
    assert_eq!(creation.user_agent.as_deref(), Some("toolkit/1.0"));
    assert_eq!(creation.request_headers, Some(json!({ "Accept": "application/json" })));
    let sent: Value = serde_json::from_str(creation.request_body.as_deref().unwrap()).unwrap();
    assert_eq!(sent, document("products", json!({ "name": "App" }), json!({})));
    let answered: Value = serde_json::from_str(creation.response_body.as_deref().unwrap()).unwrap();
    assert_eq!(answered["data"]["attributes"], made["attributes"]);
    let headers = creation.response_headers.as_ref().unwrap();
    assert_eq!(headers["Keygen-Account"], world.account.to_string());
    assert_eq!(headers["Content-Type"], "application/json; charset=utf-8");
    assert!(headers.get("X-Request-Id").is_none(), "{headers}");
    assert_eq!(
        paths(&world).await,
        [
            "POST /v1/products 201".to_owned(),
            format!("GET /v1/products/{product}/policies?limit=3 200"),
            format!("DELETE /v1/products/{product} 204"),
            "GET /v1/products 200".to_owned(),
            "GET /v1/products 401".to_owned(),
        ]
    );
}

#[tokio::test]
async fn an_event_leads_to_its_request() {
    let world = World::new().await;
    let product = id(&world.admin.logged().make("products", json!({ "name": "App" }), json!({})).await);
    world.api.flush_logs().await.unwrap();
    let event = world.admin.get(&format!("event-logs?resource={product}")).await;
    let path = event.text("/data/0/relationships/request/links/related").to_owned();
    let request = world.admin.get(path.strip_prefix("/v1/").unwrap()).await;
    assert_eq!((request.status, request.text("/data/attributes/url")), (200, "/v1/products"));
}

#[tokio::test]
async fn some_requests_are_not_logged() {
    let world = World::new().await;
    let admin = world.admin.logged();
    for path in
        ["ping", "accounts/acme", "request-logs", "event-logs", "accounts/acme/request-logs", "unheard/of"]
    {
        admin.get(path).await;
    }
    admin.post("search", json!({ "meta": { "type": "users", "query": { "email": "acme" } } })).await;
    admin.get("accounts/nobody/products").await;
    assert_eq!(paths(&world).await, [] as [String; 0]);
}

/// `licensing.md` §14: what pages of the portal ask is not logged.
#[tokio::test]
async fn what_the_portal_asks_is_not_logged() {
    let world = World::new().await;
    let from = |origin: &str| world.admin.logged().header("origin", origin);
    for (origin, path) in [(PORTAL, "products"), ("https://portal.example.com.evil.example", "licenses")] {
        assert_eq!(from(origin).get(path).await.status, 200);
    }
    assert_eq!(world.anonymous().logged().header("origin", PORTAL).get("products").await.status, 401);
    assert_eq!(paths(&world).await, ["GET /v1/licenses 200"]);
}

fn attributes(answer: &Answer, pointer: &str) -> Vec<String> {
    answer.at(pointer).as_object().unwrap().keys().cloned().collect()
}

#[tokio::test]
async fn a_list_has_no_bodies() {
    let world = World::new().await;
    world.admin.logged().make("products", json!({ "name": "App" }), json!({})).await;
    world.api.flush_logs().await.unwrap();
    let list = world.admin.get("request-logs").await;
    let names = [
        "url",
        "method",
        "status",
        "userAgent",
        "ip",
        "requestHeaders",
        "requestBody",
        "responseHeaders",
        "responseBody",
        "responseSignature",
        "created",
        "updated",
    ];
    assert_eq!(attributes(&list, "/data/0/attributes"), names);
    assert_eq!(
        attributes(&list, "/data/0/relationships"),
        ["account", "environment", "requestor", "resource"]
    );
    for name in ["requestHeaders", "requestBody", "responseHeaders", "responseBody", "responseSignature"] {
        assert_eq!(list.at(&format!("/data/0/attributes/{name}")), &Value::Null, "{name}");
    }
    let shown = world.admin.get(&format!("request-logs/{}", list.text("/data/0/id"))).await;
    assert_eq!(attributes(&shown, "/data/attributes"), names);
    assert!(shown.text("/data/attributes/requestBody").contains("\"App\""));
    assert_eq!(shown.text("/data/attributes/status"), "201");
    let unknown = world.admin.get(&format!("request-logs/{}", world.account)).await;
    assert_eq!(unknown.detail(), format!("The requested request log '{}' was not found", world.account));
    let page = world.admin.get("request-logs?page[number]=1&page[size]=1").await;
    assert_eq!(attributes(&page, "/links"), ["self", "prev", "next"], "logs are not counted");
}

#[tokio::test]
async fn entries_are_found_by_what_was_asked_by_whom_and_when() {
    let world = World::new().await;
    let product = world.product("App").await;
    let token = world.token_of(&format!("products/{product}")).await.logged();
    let admin = world.admin.logged();
    let policy = one("product", "products", &product);
    let policy = id(&admin.make("policies", json!({ "name": "P" }), policy).await);
    assert_eq!(token.get(&format!("policies/{policy}")).await.status, 200);
    assert_eq!(token.get("products").await.status, 403);
    world.api.flush_logs().await.unwrap();
    let (admin, none) = (world.admin_id, world.account);
    for (query, found) in [
        (String::new(), 3),
        (format!("requestor={admin}"), 1),
        (format!("requestor[type]=product&requestor[id]={product}"), 2),
        ("requestor[type]=users".to_owned(), 1),
        (format!("requestor[]=products&requestor[]={product}"), 2),
        (format!("requestor[]=users&requestor[]={product}"), 0),
        (format!("requestor={none}"), 0),
        ("requestor=nobody".to_owned(), 0),
        (format!("resource={policy}"), 2),
        (format!("resource[type]=policy&resource[id]={policy}"), 2),
        (format!("resource[type]=products&resource[id]={policy}"), 0),
        ("ip=127.".to_owned(), 3),
        ("ip=127.0.0.1".to_owned(), 3),
        ("ip=27.0".to_owned(), 0),
        ("method=GET".to_owned(), 2),
        ("method=post".to_owned(), 1),
        ("url=POLICIES/".to_owned(), 1),
        ("url=/v1".to_owned(), 3),
        ("status=403".to_owned(), 1),
        ("status=40".to_owned(), 0),
        ("date[start]=2026-06-01&date[end]=2026-06-02".to_owned(), 3),
        ("date[start]=2026-05-01&date[end]=2026-05-02".to_owned(), 0),
        ("unheard=of".to_owned(), 3),
    ] {
        assert_eq!(world.admin.get(&format!("request-logs?{query}")).await.ids().len(), found, "{query}");
    }
}

#[tokio::test]
async fn nothing_secret_that_was_sent_is_kept() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let license = one("policy", "policies", &policy);
    let key = "MY-LICENCE-KEY-0123456789";
    let password = "correct horse battery";
    let admin = world.admin.logged();
    admin.make("licenses", json!({ "key": key, "metadata": { "apiToken": "tell-nobody" } }), license).await;
    admin.make("users", json!({ "email": "a@b.example", "password": password }), json!({})).await;
    let anonymous = world.anonymous().logged();
    let validated = anonymous.post("licenses/actions/validate-key", json!({ "meta": { "key": key } })).await;
    assert_eq!(validated.at("/meta/valid"), &json!(true));
    let by_password = anonymous.clone().basic("a@b.example", password).post("tokens", json!(null)).await;
    let token = by_password.text("/data/attributes/token").to_owned();
    let missing = admin.get("licenses/SOME%20OTHER-KEY").await;
    assert_eq!(missing.detail(), "The requested license 'SOME OTHER-KEY' was not found");
    for path in
        [format!("me?token={token}"), format!("me?auth=license:{key}"), format!("licenses/{key}/users")]
    {
        anonymous.get(&path).await;
    }
    world.key(key).logged().get("me").await;
    admin.get(&format!("licenses/{key}")).await;
    let wrong = json!({ "meta": { "oldPassword": "a wrong password", "newPassword": "another password" } });
    let user = by_password.text("/data/relationships/bearer/data/id");
    let path = format!("users/{user}/actions/update-password");
    let answer = anonymous.clone().bearer(&token).post(&path, wrong).await;
    assert_eq!(answer.status, 401);
    anonymous.raw(http::Method::POST, "tokens", format!("password={password}").into_bytes()).await;
    let rows = rows(&world).await;
    assert_eq!(rows.len(), 11, "what is no JSON does not get that far");
    let kept = format!("{rows:?}");
    let admin_token = admin.secret();
    for secret in [
        key,
        password,
        &token,
        &admin_token,
        "tell-nobody",
        "SOME OTHER-KEY",
        "SOME%20OTHER-KEY",
        "a wrong password",
        "another password",
        "uthorization",
    ] {
        assert!(!kept.contains(secret), "{secret} in {kept}");
    }
    assert!(kept.contains("MY-L...6789"), "{kept}");
}

#[tokio::test]
async fn entries_are_seen_in_their_environment_only() {
    let world = World::new().await;
    let attributes = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    let environment = id(&world.make("environments", attributes, json!({})).await);
    let path = format!("environments/{environment}/tokens");
    let made = world.admin.clone().inside("s").post(&path, json!(null)).await;
    let inside = world.anonymous().bearer(made.text("/data/attributes/token")).inside("s");
    assert_eq!(inside.logged().get("products").await.status, 200);
    assert_eq!(world.admin.logged().get("products").await.status, 200);
    world.api.flush_logs().await.unwrap();
    let seen = inside.get("request-logs?requestor[type]=environment").await;
    assert_eq!(seen.ids().len(), 1);
    assert_eq!(seen.text("/data/0/relationships/environment/data/id"), environment);
    assert_eq!(seen.text("/data/0/relationships/requestor/data/type"), "environments");
    let global = world.admin.get("request-logs").await;
    assert_eq!(global.ids().len(), 1);
    let other = format!("request-logs/{}", seen.text("/data/0/id"));
    assert_eq!(world.admin.get(&other).await.status, 404);
}

#[tokio::test]
async fn a_server_that_logs_no_requests_says_so() {
    let world = World::without_request_logs().await;
    world.admin.logged().get("products").await;
    for path in ["request-logs", "request-logs/0190163d-8694-739b-aea5-966c26f8ad91"] {
        let answer = world.admin.get(path).await;
        assert_eq!((answer.status, answer.text("/errors/0/title")), (405, "Not supported"));
        assert_eq!(answer.headers.get("allow").map(|value| value.as_bytes()), Some(&b""[..]));
    }
    assert_eq!(rows(&world).await.len(), 0);
}
