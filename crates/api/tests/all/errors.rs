//! The golden catalogue of errors, from `licensing.md` §1, §2, §4 and §5: status, title, code, source and
//! wording, and which of two failures is reported.

use http::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Client, World, document, one};

const UNKNOWN: &str =
    "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)";

/// Sends a request and compares what came back with a row of the catalogue.
struct Row<'a> {
    client: &'a Client,
    method: Method,
    path: &'a str,
    body: &'a [u8],
    status: u16,
    code: &'a str,
    source: &'a str,
    detail: &'a str,
}

impl Row<'_> {
    async fn check(&self) -> Answer {
        let answer = self.client.raw(self.method.clone(), self.path, self.body.to_vec()).await;
        let expected = (self.status, self.code, self.source);
        assert_eq!(answer.error(), expected, "{} {}: {}", self.method, self.path, answer.body);
        if !self.detail.is_empty() {
            assert_eq!(answer.detail(), self.detail, "{} {}", self.method, self.path);
        }
        answer
    }
}

fn row<'a>(
    client: &'a Client,
    request: (&str, &'a str, &'a str),
    error: (u16, &'a str, &'a str),
    detail: &'a str,
) -> Row<'a> {
    let (method, path, body) = request;
    let (status, code, source) = error;
    let method = method.parse().unwrap();
    Row { client, method, path, body: body.as_bytes(), status, code, source, detail }
}

/// §1.2 and §1.4: failures below the API have no `meta`.
#[tokio::test]
async fn protocol() {
    let world = World::new().await;
    let admin = &world.admin;
    let html = admin.clone().header("accept", "text/html");
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    for row in [
        row(admin, ("GET", "nothing", ""), (404, "NOT_FOUND", ""), UNKNOWN),
        row(admin, ("POST", "me", "{}"), (404, "NOT_FOUND", ""), UNKNOWN),
        row(admin, ("GET", "/v1", ""), (404, "NOT_FOUND", ""), UNKNOWN),
        row(admin, ("GET", "/v2/products", ""), (404, "NOT_FOUND", ""), UNKNOWN),
        row(admin, ("GET", "products//x", ""), (404, "NOT_FOUND", ""), UNKNOWN),
        row(admin, ("BREW", "products", ""), (400, "HTTP_METHOD_INVALID", ""), ""),
        row(&html, ("GET", "products", ""), (400, "MIME_TYPE_INVALID", ""), ""),
        row(admin, ("GET", "products/%zz", ""), (400, "URI_INVALID", ""), ""),
        row(admin, ("GET", "products/%00", ""), (400, "ENCODING_INVALID", ""), ""),
        row(admin, ("GET", "products/%ff", ""), (400, "ENCODING_INVALID", ""), ""),
        row(admin, ("GET", "products?a[=1", ""), (400, "PARAMETERS_INVALID", ""), ""),
        row(admin, ("GET", "products?a=%", ""), (400, "PARAMETERS_INVALID", ""), ""),
        row(admin, ("GET", "products?a=%00", ""), (400, "ENCODING_INVALID", ""), ""),
        row(admin, ("POST", "products", "{"), (400, "JSON_INVALID", ""), ""),
        row(admin, ("POST", "products", &deep), (400, "JSON_INVALID", ""), ""),
        row(admin, ("POST", "products", "{\"data\":\"\\u0000\"}"), (400, "ENCODING_INVALID", ""), ""),
    ] {
        let answer = row.check().await;
        assert!(answer.body.get("meta").is_none(), "{}", answer.body);
    }
    let anyone = html.bearer("nonsense");
    assert_eq!(anyone.get("ping").await.status, 200, "ping takes any Accept and any credential");
}

/// §1.1, §1.9, §3.1: account before version before environment before credentials before the record.
#[tokio::test]
async fn the_order_of_decisions() {
    let world = World::new().await;
    let bad = world.anonymous().bearer("nonsense");
    let nowhere = bad.clone().inside("nowhere");
    let old = nowhere.clone().header("keygen-version", "3.0");
    let no_account = "The requested account 'other' was not found";
    for row in [
        row(&old, ("GET", "accounts/other/products/x", ""), (404, "NOT_FOUND", ""), no_account),
        row(
            &old,
            ("GET", "accounts/acme/products/x", ""),
            (400, "INVALID_API_VERSION", "Keygen-Version"),
            "",
        ),
        row(
            &nowhere,
            ("GET", "products/x", ""),
            (400, "ENVIRONMENT_INVALID", "Keygen-Environment"),
            "is invalid",
        ),
        row(&bad, ("GET", "products/x", ""), (401, "TOKEN_INVALID", ""), ""),
        row(
            &world.admin,
            ("GET", "products/x", ""),
            (404, "NOT_FOUND", ""),
            "The requested product 'x' was not found",
        ),
        row(
            &bad,
            ("GET", "products?environment=zz", ""),
            (400, "ENVIRONMENT_INVALID", "environment"),
            "is invalid",
        ),
        row(
            &bad,
            ("GET", "products?environment=", ""),
            (400, "ENVIRONMENT_INVALID", "environment"),
            "is invalid",
        ),
    ] {
        let answer = row.check().await;
        let id = answer.text("/meta/id");
        assert_eq!(answer.header("x-request-id"), Some(id));
    }
    for version in ["1.0", "v1.7", "1.8"] {
        let client = world.admin.clone().header("keygen-version", version);
        let answer = client.get("products").await;
        assert_eq!(
            (answer.status, answer.header("keygen-version")),
            (200, Some(version.trim_start_matches('v')))
        );
    }
    let by_id = format!("accounts/{}/products", world.account);
    assert_eq!(world.admin.get(&by_id).await.status, 200);
    assert_eq!(world.admin.get("accounts/ACME/products").await.status, 200);
}

/// §2: credentials, and the challenge.
#[tokio::test]
async fn credentials() {
    let world = World::new().await;
    let anyone = world.anonymous();
    let uuid = world.account.to_string();
    let cases = [
        (anyone.clone(), "TOKEN_MISSING", "Bearer"),
        (anyone.clone().bearer("x"), "TOKEN_INVALID", "Bearer"),
        (anyone.clone().bearer(&uuid), "TOKEN_FORMAT_INVALID", "Bearer"),
        (anyone.clone().header("authorization", "Token x"), "TOKEN_INVALID", "Token"),
        (anyone.clone().header("authorization", "License x"), "LICENSE_INVALID", "License"),
        (anyone.clone().basic("license", "x"), "LICENSE_INVALID", "Basic"),
        (anyone.clone().basic("token", "x"), "TOKEN_INVALID", "Basic"),
        (anyone.clone().basic("x", ""), "TOKEN_INVALID", "Basic"),
    ];
    for (client, code, scheme) in cases {
        let answer = client.get("products").await;
        assert_eq!(answer.error(), (401, code, ""), "{}", answer.body);
        let challenge = format!("{scheme} realm=\"keygen\"");
        assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()), "{code}");
    }
    for query in ["auth=license:x", "auth=token:x", "auth=x", "token=x"] {
        let answer = anyone.get(&format!("products?{query}")).await;
        assert_eq!(answer.status, 401, "{query}");
        assert_ne!(answer.error().1, "TOKEN_MISSING", "{query}");
    }
    assert_eq!(anyone.get(&format!("products?token={}", world.admin.secret())).await.status, 200);
}

/// §1.2: the schema's failures, on a real endpoint.
#[tokio::test]
async fn schemas() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policies = |attributes: Value| document("policies", attributes, one("product", "products", &product));
    let ok = json!({"name": "x"});
    let with = |name: &str, value: Value| {
        let mut attributes = ok.clone();
        attributes[name] = value;
        policies(attributes)
    };
    for (body, pointer, detail) in [
        (json!({}), "/data", "is missing"),
        (json!([1]), "/data", "type mismatch (received array expected object)"),
        (json!({"data": {}}), "/data/type", "is missing"),
        (document("keys", ok.clone(), json!({})), "/data/type", "is invalid"),
        (policies(json!({})), "/data/attributes/name", "is missing"),
        (with("name", json!(null)), "/data/attributes/name", "cannot be null"),
        (with("name", json!("")), "/data/attributes/name", "cannot be blank"),
        (with("name", json!(4)), "/data/attributes/name", "type mismatch (received integer expected string)"),
        (
            with("strict", json!("yes")),
            "/data/attributes/strict",
            "type mismatch (received string expected boolean)",
        ),
        (
            with("maxMachines", json!(1.5)),
            "/data/attributes/maxMachines",
            "type mismatch (received float expected integer)",
        ),
        (with("concurrent", json!(true)), "/data/attributes/concurrent", "unpermitted parameter"),
        (
            with("require_environment_scope", json!(true)),
            "/data/attributes/requireEnvironmentScope",
            "unpermitted parameter",
        ),
        (
            with("metadata", json!({"a": {"b": {"c": {}}}})),
            "/data/attributes/metadata/a/b/c",
            "maximum depth of 2 exceeded",
        ),
        (document("policies", ok.clone(), json!({})), "/data/relationships", "is missing"),
        (
            document("policies", ok.clone(), one("product", "products", "x")),
            "/data/relationships/product/data/id",
            "type mismatch (received string expected UUID string)",
        ),
        (
            document("policies", ok.clone(), one("product", "users", &product)),
            "/data/relationships/product/data/type",
            "is invalid",
        ),
    ] {
        let answer = world.admin.post("policies", body.clone()).await;
        assert_eq!(answer.error(), (400, "", pointer), "{body} {}", answer.body);
        assert_eq!(answer.detail(), detail, "{body}");
        assert_eq!(answer.text("/errors/0/title"), "Bad request");
    }
    let null = with("maxMachines", json!(null));
    assert_eq!(world.admin.post("policies", null).await.status, 201, "a null that means something");
}

/// §1.2: attributes of other roles are unknown to the caller; §3.1: creation reads its body before it asks.
#[tokio::test]
async fn reserved_attributes_are_unpermitted_and_bodies_come_before_permission() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"protected": false})).await;
    let user = world.user("jane@example.com", "user").await;
    let jane = world.token_of(&format!("users/{user}")).await;
    let body = document("licenses", json!({"maxUses": 1}), one("policy", "policies", &policy));
    assert_eq!(jane.post("licenses", body).await.error(), (400, "", "/data/attributes/maxUses"));
    let body = document("products", json!({"permissions": ["*"]}), json!({}));
    assert_eq!(jane.post("products", body).await.error(), (400, "", "/data/attributes/permissions"));
    let body = document("products", json!({"name": "x"}), json!({}));
    let answer = jane.post("products", body).await;
    assert_eq!(answer.error(), (403, "", ""));
    let expected =
        "You do not have permission to complete the request (user lacks permission to perform action)";
    assert_eq!(answer.detail(), expected);
    assert_eq!(answer.text("/errors/0/title"), "Access denied");
}

/// §1.6.
#[tokio::test]
async fn pages() {
    let world = World::new().await;
    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("page[size]=5", "page"),
        ("page=1", "page"),
        ("page[number]=0", "page[number]"),
        ("page[number]=101", "page[number]"),
        ("page[number]=1&page[size]=101", "page[size]"),
        ("page[cursor]=x", "page[cursor]"),
        ("order=up", "order"),
    ] {
        let answer = world.admin.get(&format!("products?{query}")).await;
        assert_eq!(answer.error(), (400, "", parameter), "{query}");
    }
    let user = world.user("jane@example.com", "user").await;
    let jane = world.token_of(&format!("users/{user}")).await;
    assert_eq!(jane.get("environments?limit=0").await.status, 400, "pagination before authorization");
    assert_eq!(jane.get("environments").await.status, 403);
}

/// §1.5.
#[tokio::test]
async fn metadata() {
    let world = World::new().await;
    let many = |n: usize| (0..n).map(|i| (format!("k{i}"), json!(i))).collect::<serde_json::Map<_, _>>();
    for (metadata, status) in [
        (json!(many(64)), 201),
        (json!(many(65)), 422),
        (json!({ "nested": many(63) }), 201),
        (json!({ "nested": many(64) }), 422),
        (json!({ "k": "x".repeat(17_000) }), 422),
        (json!(null), 201),
    ] {
        let body = document("products", json!({"name": "x", "metadata": metadata}), json!({}));
        let answer = world.admin.post("products", body).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 422 {
            assert_eq!(answer.error().1, "METADATA_TOO_LONG");
            assert_eq!(answer.text("/errors/0/title"), "Unprocessable resource");
        }
    }
}

/// §1.2: keys come back the same however they were spelled, and of two spellings the last one wins.
#[tokio::test]
async fn keys_are_folded() {
    let world = World::new().await;
    let body = r#"{"DATA":{"Type":"products","attributes":{"Name":"x","distribution-strategy":"OPEN",
        "metadata":{"example_key_1":1,"ExampleKey1":2,"ключ":3}}}}"#;
    let answer = world.admin.raw(Method::POST, "products", body.as_bytes().to_vec()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.at("/data/attributes/metadata"), &json!({"exampleKey1": 2, "": 3}));
    assert_eq!(answer.at("/data/attributes/distributionStrategy"), &json!("OPEN"));
}

/// §1.2: JSON when JSON comes first, JSON:API otherwise.
#[tokio::test]
async fn content_negotiation() {
    let world = World::new().await;
    for (accept, content_type) in [
        ("application/json", "application/json; charset=utf-8"),
        ("application/vnd.keygen+json", "application/vnd.api+json; charset=utf-8"),
        ("*/*", "application/vnd.api+json; charset=utf-8"),
        ("text/html, */*;q=0.1", "application/vnd.api+json; charset=utf-8"),
    ] {
        let answer = world.admin.clone().header("accept", accept).get("products").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)), "{accept}");
    }
}
