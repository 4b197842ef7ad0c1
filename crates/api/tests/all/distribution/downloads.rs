//! The way to an artifact's bytes (`distribution.md` §7.2).

use std::time::Duration;

use http::{Method, StatusCode};
use keyway_api::ApiBody;
use keyway_crypto::signed_url;
use serde_json::json;

use super::shop::Shop;
use crate::world::{Answer, id};

async fn uploaded(strategy: &str) -> (Shop, String, String) {
    let shop = Shop::open(strategy).await;
    let release = shop.release("1.0.0", None).await;
    let artifact = shop.artifact(&release, "dir/App.exe", b"bytes").await;
    (shop, release, artifact)
}

fn location(answer: &Answer) -> &str {
    answer.header("location").unwrap_or_else(|| panic!("no location in {} {}", answer.status, answer.body))
}

#[tokio::test]
async fn a_download_is_a_303_to_a_url_that_lives_a_minute() {
    let (shop, release, artifact) = uploaded("OPEN").await;
    for path in [
        format!("artifacts/{artifact}"),
        format!("artifacts/{artifact}/dir%2FApp.exe"),
        "artifacts/dir/App.exe".to_owned(),
        format!("releases/{release}/artifacts/dir%2FApp.exe"),
        "releases/1.0.0/artifacts/dir%2FApp.exe?product=".to_owned(),
    ] {
        let answer = shop.anonymous().get(&path).await;
        assert_eq!(answer.status, 303, "{path}: {}", answer.body);
        assert_eq!(location(&answer), answer.text("/data/links/redirect"));
        assert_eq!(answer.text("/data/id"), artifact);
        assert_eq!(answer.header("cache-control"), Some("no-transform, no-store, max-age=0"));
        let grant = shop.grant(location(&answer));
        assert_eq!(grant.method, signed_url::Method::Get);
        assert_eq!(grant.filename.as_deref(), Some("App.exe"));
        assert_eq!(grant.expires, keyway_base::Clock::wall(&*shop.clock).plus(Duration::from_secs(60)));
        shop.api.admit(&grant).await.unwrap();
    }
    let html = shop.anonymous().header("accept", "text/html").get(&format!("artifacts/{artifact}")).await;
    assert_eq!(html.status, 303);
    assert_eq!(html.header("content-type"), Some("application/vnd.api+json; charset=utf-8"));
}

#[tokio::test]
async fn preferences_say_link_or_nothing() {
    let (shop, _, artifact) = uploaded("OPEN").await;
    let path = format!("artifacts/{artifact}");
    let by_header = |value: &str| shop.anonymous().header("prefer", value);
    for (answer, status, link) in [
        (by_header("no-redirect").get(&path).await, 200, true),
        (by_header("no-download").get(&path).await, 200, false),
        (by_header("no-redirect, no-download").get(&path).await, 200, false),
        (shop.anonymous().get(&format!("{path}?prefer=no-redirect")).await, 200, true),
        (shop.anonymous().get(&format!("{path}?prefer=x,no-download")).await, 200, false),
        (shop.anonymous().get(&format!("{path}?prefer[]=no-download")).await, 303, true),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("location").is_some(), link);
        assert_eq!(answer.at("/data/links/redirect").is_string(), link);
    }
}

#[tokio::test]
async fn a_lifetime_is_the_vendor_s_to_choose() {
    let (shop, _, artifact) = uploaded("LICENSED").await;
    let product = shop.product_token(&shop.product).await;
    let customer = shop.licensed(json!({}), json!({})).await;
    let lives = |answer: &Answer| {
        shop.grant(location(answer)).expires.since(keyway_base::Clock::wall(&*shop.clock)).as_secs()
    };
    for (ttl, seconds) in [("1", 1), ("604800", 604_800), ("3600", 3600)] {
        for client in [&shop.admin, &product] {
            let answer = client.get(&format!("artifacts/{artifact}?ttl={ttl}")).await;
            assert_eq!(lives(&answer), seconds);
        }
        assert_eq!(
            lives(&customer.get(&format!("artifacts/{artifact}?ttl={ttl}")).await),
            60,
            "not the customer's"
        );
    }
    for ttl in ["0", "-1", "604801", "abc", "1.5", "", "99999999999999999999"] {
        let answer = shop.admin.get(&format!("artifacts/{artifact}?ttl={ttl}")).await;
        assert_eq!(answer.error(), (400, "", "ttl"), "{ttl}");
        assert_eq!(lives(&customer.get(&format!("artifacts/{artifact}?ttl={ttl}")).await), 60, "{ttl}");
    }
}

#[tokio::test]
async fn parts_and_heads_are_answered_here() {
    let (shop, _, artifact) = uploaded("OPEN").await;
    let path = format!("artifacts/{artifact}");
    let part = shop.anonymous().header("range", "bytes=0-1").get(&path).await;
    let head = shop.anonymous().send(Method::HEAD, &path, None).await;
    for answer in [part, head] {
        assert_eq!(answer.status, 200);
        let ApiBody::File(file) = &answer.raw.body else { panic!("not a file: {:?}", answer.raw.body) };
        assert_eq!((file.size, file.filename.as_str()), (5, "App.exe"));
        assert_eq!(file.artifact.to_string(), artifact);
        assert_eq!(file.etag.len(), 64);
        assert!(file.blob.ends_with(&file.etag));
    }
    let stated =
        shop.anonymous().header("range", "bytes=0-1").header("prefer", "no-download").get(&path).await;
    assert_eq!((stated.status, stated.text("/data/id")), (200, artifact.as_str()));
}

#[tokio::test]
async fn what_cannot_be_downloaded_is_only_described_to_the_vendor() {
    let shop = Shop::open("OPEN").await;
    let release = shop.release("1.0.0", None).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "a" })).await;
    let path = format!("artifacts/{artifact}");
    let plain = |answer: &Answer| (answer.status, answer.header("location").is_some());
    assert_eq!(plain(&shop.admin.get(&path).await), (200, false), "WAITING");
    assert_eq!(shop.anonymous().get(&path).await.status, 404);
    shop.put(&url, b"abc").await.unwrap();
    assert_eq!(plain(&shop.admin.get(&path).await), (200, false), "PROCESSING");
    assert_eq!(shop.anonymous().get(&path).await.status, 404);
    shop.settle().await;
    assert_eq!(plain(&shop.anonymous().get(&path).await), (303, true), "UPLOADED");
    shop.admin.post(&format!("releases/{release}/actions/yank"), json!(null)).await;
    assert_eq!(plain(&shop.admin.get(&path).await), (200, false), "of a yanked release");
    assert_eq!(shop.anonymous().get(&path).await.status, 404);
    shop.admin.post(&format!("releases/{release}/actions/publish"), json!(null)).await;
    assert_eq!(plain(&shop.anonymous().get(&path).await), (303, true), "out again");
}

#[tokio::test]
async fn a_link_ends_with_its_holder_and_its_file() {
    let (shop, _, artifact) = uploaded("LICENSED").await;
    let policy = shop.policy(&shop.product, json!({})).await;
    let (license, key) = shop.license(&policy, json!({})).await;
    let path = format!("artifacts/{artifact}");
    let answer = shop.key(&key).get(&path).await;
    let grant = shop.grant(location(&answer));
    shop.api.admit(&grant).await.unwrap();
    shop.admin.post(&format!("licenses/{license}/actions/suspend"), json!(null)).await;
    assert_eq!(shop.api.admit(&grant).await.unwrap_err().status, StatusCode::FORBIDDEN);
    assert_eq!(shop.key(&key).get(&path).await.error(), (403, "LICENSE_SUSPENDED", ""));
    let grant = shop.grant(location(&shop.admin.get(&path).await));
    shop.admin.delete(&path).await;
    assert_eq!(shop.api.admit(&grant).await.unwrap_err().status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_first_download_may_start_the_licence() {
    let (shop, _, artifact) = uploaded("LICENSED").await;
    let attributes = json!({ "expirationBasis": "FROM_FIRST_DOWNLOAD", "duration": 86_400 });
    let policy = shop.policy(&shop.product, attributes).await;
    let (license, key) = shop.license(&policy, json!({})).await;
    let customer = shop.key(&key);
    let expiry = || {
        let (admin, path) = (shop.admin.clone(), format!("licenses/{license}"));
        async move { admin.get(&path).await.at("/data/attributes/expiry").clone() }
    };
    assert_eq!(expiry().await, json!(null));
    assert_eq!(customer.get(&format!("artifacts/{artifact}?prefer=no-download")).await.status, 200);
    assert_eq!(expiry().await, json!(null), "looking is not downloading");
    assert_eq!(customer.get(&format!("artifacts/{artifact}")).await.status, 303);
    let set = expiry().await;
    assert!(set.is_string(), "{set}");
    shop.clock.advance(Duration::from_secs(60));
    assert_eq!(customer.get(&format!("artifacts/{artifact}")).await.status, 303);
    assert_eq!(expiry().await, set, "only the first counts");
}

#[tokio::test]
async fn below_a_product_a_credential_is_needed() {
    let (shop, _, artifact) = uploaded("OPEN").await;
    for product in [shop.product.clone(), "app".to_owned()] {
        for name in [artifact.as_str(), "dir/App.exe"] {
            let path = format!("products/{product}/artifacts/{name}");
            assert_eq!(shop.anonymous().get(&path).await.error(), (401, "TOKEN_MISSING", ""));
            assert_eq!(shop.admin.get(&path).await.status, 303, "{path}");
        }
    }
    let other = id(&shop.make("products", json!({ "name": "Other" }), json!({})).await);
    assert_eq!(shop.admin.get(&format!("products/{other}/artifacts/{artifact}")).await.status, 404);
}
