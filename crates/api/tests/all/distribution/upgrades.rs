//! `GET /releases/:id/upgrade` (`distribution.md` §6.5).

use serde_json::json;

use super::shop::Shop;
use crate::world::id;

#[tokio::test]
async fn the_highest_upgrade_is_found() {
    let shop = Shop::open("OPEN").await;
    let first = shop.release("1.0.0", None).await;
    for version in ["1.1.0", "2.0.0", "2.1.0-beta.1", "3.0.0-dev.1"] {
        shop.release(version, None).await;
    }
    shop.release_with("4.0.0", json!({}), None).await;
    let yanked = shop.release("5.0.0", None).await;
    shop.admin.post(&format!("releases/{yanked}/actions/yank"), json!(null)).await;
    let channels = shop.admin.get("channels").await;
    let beta =
        channels.body["data"].as_array().unwrap().iter().find(|c| c["attributes"]["key"] == "beta").unwrap();
    for (path, next) in [
        ("1.0.0/upgrade".to_owned(), Some("2.0.0")),
        (format!("{first}/upgrade"), Some("2.0.0")),
        ("1.0.0/upgrade?channel=beta".to_owned(), Some("2.1.0-beta.1")),
        (format!("1.0.0/upgrade?channel={}", id(beta)), Some("2.1.0-beta.1")),
        ("1.0.0/upgrade?channel=dev".to_owned(), Some("3.0.0-dev.1")),
        ("1.0.0/upgrade?channel=nightly".to_owned(), None),
        ("1.0.0/upgrade?constraint=1".to_owned(), Some("1.1.0")),
        ("1.0.0/upgrade?constraint=~%3E1.0".to_owned(), Some("1.1.0")),
        ("1.0.0/upgrade?constraint=".to_owned(), Some("2.0.0")),
        ("1.0.0/upgrade?package=".to_owned(), Some("2.0.0")),
        ("1.0.0/upgrade?package=nosuch".to_owned(), None),
        ("1.0.0/upgrade?product=nosuch".to_owned(), None),
        ("2.0.0/upgrade".to_owned(), None),
        ("9.9.9/upgrade".to_owned(), None),
    ] {
        let answer = shop.anonymous().get(&format!("releases/{path}")).await;
        match next {
            Some(next) => {
                assert_eq!(answer.status, 200, "{path}: {}", answer.body);
                assert_eq!(answer.text("/data/attributes/version"), next, "{path}");
                assert_eq!(answer.at("/meta"), &json!({ "current": "1.0.0", "next": next }), "{path}");
            }
            None => assert_eq!(answer.error(), (404, "NOT_FOUND", ""), "{path}"),
        }
    }
    let bad = shop.anonymous().get("releases/1.0.0/upgrade?constraint=A").await;
    assert_eq!(bad.error(), (400, "CONSTRAINT_INVALID", "constraint"));
    assert_eq!(bad.detail(), "invalid constraint format");
}

#[tokio::test]
async fn upgrades_stay_in_their_package_and_order() {
    let shop = Shop::open("OPEN").await;
    let python = shop.package("widget", Some("pypi")).await;
    let npm = shop.package("widget", Some("npm")).await;
    shop.release("9.0.0", None).await;
    let old = shop.release("1.0", Some(&python)).await;
    for version in ["1.0.post1", "1!0.1"] {
        shop.release(version, Some(&python)).await;
    }
    shop.release("1.9.0", Some(&npm)).await;
    shop.release("1.10.0", Some(&npm)).await;
    let upgrade = |name: String| {
        let client = shop.anonymous();
        async move { client.get(&format!("releases/{name}")).await }
    };
    assert_eq!(upgrade(format!("{old}/upgrade")).await.text("/meta/next"), "1!0.1");
    assert_eq!(upgrade(format!("1.9.0/upgrade?package={npm}")).await.text("/meta/next"), "1.10.0");
    assert_eq!(upgrade(format!("{old}/upgrade?package={npm}")).await.status, 404);
}

#[tokio::test]
async fn customers_upgrade_within_what_they_have() {
    let shop = Shop::open("LICENSED").await;
    let pro = shop.entitlement("PRO").await;
    shop.release("1.0.0", None).await;
    shop.release("1.1.0", None).await;
    let constrained = shop.release("2.0.0", None).await;
    let item = json!({ "type": "constraints", "relationships": { "entitlement": { "data": { "type": "entitlements", "id": pro } } } });
    shop.admin.post(&format!("releases/{constrained}/constraints"), json!({ "data": [item] })).await;
    let customer = shop.licensed(json!({}), json!({})).await;
    let next = |answer: crate::world::Answer| answer.at("/meta/next").clone();
    assert_eq!(next(customer.get("releases/1.0.0/upgrade").await), json!("1.1.0"));
    assert_eq!(next(shop.admin.get("releases/1.0.0/upgrade").await), json!("2.0.0"));
    assert_eq!(shop.anonymous().get("releases/1.0.0/upgrade").await.status, 404);
    let developer = shop.user("dev@acme.example", "developer").await;
    let developer = shop.speak_for(&developer, keyway_crypto::token::TokenKind::Developer).await;
    assert_eq!(developer.get("releases/1.0.0").await.status, 200);
    assert_eq!(
        developer.get("releases/1.0.0/upgrade").await.status,
        404,
        "counts as nobody here, as upstream"
    );
}
