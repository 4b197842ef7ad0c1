//! Products and entitlements: what the interpreter does for every resource.

use serde_json::json;

use crate::world::{World, change, document, id};

#[tokio::test]
async fn a_product_is_made_shown_changed_and_deleted() {
    let world = World::new().await;
    let made = world
        .admin
        .post(
            "products",
            document(
                "products",
                json!({"name": "App", "code": "app", "metadata": {"Some Key": 1}}),
                json!({}),
            ),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let product = id(&made.body["data"]);
    let account = world.account;
    let expected = format!("/v1/accounts/{account}/products/{product}");
    assert_eq!(made.header("location"), Some(format!("https://api.example.com{expected}").as_str()));
    assert_eq!(made.header("content-type"), Some("application/vnd.api+json; charset=utf-8"));
    assert_eq!(
        made.body["data"]["attributes"],
        json!({
            "name": "App", "code": "app", "distributionStrategy": "LICENSED", "pushStatus": "PUBLISHED",
            "url": null, "platforms": null,
            "permissions": ["*"], "metadata": {"someKey": 1},
            "created": "2026-06-01T12:00:00.000Z", "updated": "2026-06-01T12:00:00.000Z",
        })
    );
    assert_eq!(made.body["data"]["links"], json!({ "self": expected }));
    let related = made.at("/data/relationships/policies/links/related");
    assert_eq!(related, &json!(format!("{expected}/policies")));
    let keys: Vec<&String> = made.body["data"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["id", "type", "attributes", "relationships", "links"]);

    for name in [product.as_str(), "app", &product.replace('-', ""), &product.to_uppercase()] {
        assert_eq!(world.admin.get(&format!("products/{name}")).await.status, 200, "{name}");
    }
    for method in [http::Method::PATCH, http::Method::PUT] {
        let body = Some(change("product", json!({"name": method.as_str(), "metadata": {}})));
        let changed =
            world.admin.send(method.clone(), &format!("accounts/acme/products/{product}"), body).await;
        assert_eq!(changed.text("/data/attributes/name"), method.as_str());
        assert_eq!(changed.at("/data/attributes/metadata"), &json!({}));
        assert_eq!(changed.at("/data/attributes/code"), &json!("app"), "what is not sent stays");
    }
    let deleted = world.admin.delete(&format!("products/{product}")).await;
    assert_eq!((deleted.status, deleted.raw.bytes().unwrap().len()), (204, 0));
    let gone = world.admin.get(&format!("products/{product}")).await;
    assert_eq!(gone.error(), (404, "NOT_FOUND", ""));
    assert_eq!(gone.detail(), format!("The requested product '{product}' was not found"));
}

#[tokio::test]
async fn lists_are_paged_in_three_styles_and_ordered() {
    let world = World::new().await;
    let mut made = Vec::new();
    for n in 0..5 {
        world.clock.advance(std::time::Duration::from_secs(1));
        made.push(world.entitlement(&format!("E{n}")).await);
    }
    made.reverse();
    assert_eq!(world.admin.get("entitlements").await.ids(), made);
    let limited = world.admin.get("entitlements?limit=2&order=ASC").await;
    assert_eq!(limited.ids(), [made[4].clone(), made[3].clone()]);
    assert!(limited.body.get("links").is_none());
    let second = world.admin.get("accounts/acme/entitlements?page[number]=2&page[size]=2&token=x").await;
    assert_eq!(second.ids(), made[2..4]);
    let path = format!("/v1/accounts/{}/entitlements", world.account);
    assert_eq!(second.text("/links/next"), format!("{path}?page%5Bnumber%5D=3&page%5Bsize%5D=2"));
    assert_eq!(second.at("/links/meta"), &json!({"pages": 3, "count": 5}));
    let mut cursor = String::new();
    let mut seen = Vec::new();
    loop {
        let page = world.admin.get(&format!("entitlements?page[cursor]={cursor}&page[size]=2")).await;
        seen.extend(page.ids());
        if page.at("/links/next").is_null() {
            break;
        }
        cursor = page.ids().last().unwrap().clone();
    }
    assert_eq!(seen, made);
    for (size, more) in [(4, true), (5, false), (6, false)] {
        let page = world.admin.get(&format!("entitlements?page[cursor]=&page[size]={size}")).await;
        assert_eq!((page.ids(), page.at("/links/next").is_string()), (made[..size.min(5)].to_vec(), more));
    }
    let unknown = world.admin.get(&format!("entitlements?page[cursor]={}", world.admin_id)).await;
    assert!(unknown.ids().is_empty());
}

#[tokio::test]
async fn codes_are_unique_and_no_uuids() {
    let world = World::new().await;
    world.entitlement("Pro").await;
    let post = |code: &str| {
        let body = document("entitlements", json!({"name": "x", "code": code}), json!({}));
        let admin = world.admin.clone();
        async move { admin.post("entitlements", body).await }
    };
    assert_eq!(post("PRO").await.error(), (422, "CODE_TAKEN", "/data/attributes/code"));
    assert_eq!(post("actions").await.error(), (422, "CODE_NOT_ALLOWED", "/data/attributes/code"));
    let uuid = world.account.to_string();
    assert_eq!(post(&uuid).await.error(), (422, "CODE_INVALID", "/data/attributes/code"));
    assert_eq!(world.admin.get("entitlements/Pro").await.status, 200);
}

#[tokio::test]
async fn home_pages_are_web_addresses() {
    let world = World::new().await;
    for (url, code) in [
        ("https://example.com/a?b", ""),
        ("ftp://example.com", "URL_PROTOCOL_INVALID"),
        ("example.com", "URL_PROTOCOL_INVALID"),
        ("http://.", "URL_HOST_INVALID"),
        ("http://a b", "URL_INVALID"),
    ] {
        let body = document("products", json!({"name": "x", "url": url}), json!({}));
        let answer = world.admin.post("products", body).await;
        assert_eq!(answer.codes().first().copied().unwrap_or(""), code, "{url}: {}", answer.body);
    }
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let world = World::new().await;
    let get = world.admin.get("products").await;
    let head = world.admin.send(http::Method::HEAD, "products", None).await;
    assert_eq!(head.status, 200);
    assert!(head.raw.bytes().unwrap().is_empty());
    assert_eq!(head.header("content-length"), Some(get.body.to_string().len().to_string().as_str()));
}

#[tokio::test]
async fn deleting_a_product_takes_its_licences_along() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let customer = world.key(&key);
    assert_eq!(customer.get("me").await.status, 200);
    assert_eq!(world.admin.delete(&format!("products/{product}")).await.status, 204);
    assert_eq!(customer.get("me").await.error(), (401, "LICENSE_INVALID", ""));
    assert_eq!(world.admin.get(&format!("licenses/{license}")).await.status, 404);
    assert_eq!(world.admin.get(&format!("policies/{policy}")).await.status, 404);
}
