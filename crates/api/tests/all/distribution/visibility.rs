//! What hides a release from whom: strategies, statuses, expiry windows, several licences, environments
//! (`distribution.md` §3).

use keyway_crypto::token::TokenKind;
use serde_json::{Value, json};

use super::shop::{Shop, belonging, constraint};
use crate::world::{document, id, one};

/// `distribution.md` §3.2, §3.3: what a strategy and a status hide.
#[tokio::test]
async fn strategies_and_statuses() {
    for (strategy, anonymous, holder, stranger, own, other) in [
        ("OPEN", 200, 200, 200, 200, 404),
        ("LICENSED", 404, 200, 404, 200, 404),
        ("CLOSED", 404, 404, 404, 200, 404),
    ] {
        let shop = Shop::open(strategy).await;
        let release = shop.release("1.0.0", None).await;
        let draft = shop.release_with("2.0.0", json!({}), None).await;
        let foreign = id(&shop.make("products", json!({ "name": "Other" }), json!({})).await);
        let policy = shop.policy(&foreign, json!({})).await;
        let (_, key) = shop.license(&policy, json!({})).await;
        let (own_token, other_token) =
            (shop.product_token(&shop.product).await, shop.product_token(&foreign).await);
        let holding = shop.licensed(json!({}), json!({})).await;
        for (client, name, expected) in [
            (shop.anonymous(), "anonymous", anonymous),
            (holding, "holder", holder),
            (shop.key(&key), "licence of another product", stranger),
            (own_token, "own product", own),
            (other_token, "other product", other),
        ] {
            let seen = client.get(&format!("releases/{release}")).await;
            assert_eq!(seen.status, expected, "{strategy} as {name}: {}", seen.body);
            let hidden = client.get(&format!("releases/{draft}")).await.status;
            assert_eq!(hidden, if name == "own product" { 200 } else { 404 }, "draft, {strategy} as {name}");
            let mut listed = client.get("releases").await.ids();
            listed.retain(|id| *id == release);
            assert_eq!(listed.len(), usize::from(expected == 200), "{strategy} as {name}");
        }
    }
}

/// `distribution.md` §3.5: four strategies, before and after the expiry.
#[tokio::test]
async fn expiry_windows() {
    for (strategy, before, after) in [
        ("RESTRICT_ACCESS", 200, 404),
        ("MAINTAIN_ACCESS", 200, 404),
        ("ALLOW_ACCESS", 200, 200),
        ("REVOKE_ACCESS", 403, 403),
    ] {
        let shop = Shop::open("LICENSED").await;
        let early = shop.release("1.0.0", None).await;
        let license = json!({ "expiry": "2026-06-01T13:00:00Z" });
        let customer = shop.licensed(json!({ "expirationStrategy": strategy }), license).await;
        shop.clock.advance(std::time::Duration::from_secs(7200));
        let late = shop.release("2.0.0", None).await;
        let attributes = json!({ "status": "PUBLISHED", "backdated": "2026-06-01T12:30:00Z" });
        let backdated = shop.release_with("3.0.0", attributes, None).await;
        let attributes = json!({ "status": "PUBLISHED", "backdated": "2026-06-01T13:00:00Z" });
        let exactly = shop.release_with("4.0.0", attributes, None).await;
        for (release, expected) in
            [(&early, before), (&late, after), (&backdated, before), (&exactly, before)]
        {
            let answer = customer.get(&format!("releases/{release}")).await;
            assert_eq!(answer.status, expected, "{strategy}: {}", answer.body);
        }
        if strategy == "REVOKE_ACCESS" {
            let refused = customer.get(&format!("releases/{early}")).await;
            assert_eq!(refused.error(), (403, "LICENSE_EXPIRED", ""));
        }
    }
}

/// `distribution.md` §3.4, §3.6: entitlements are not pooled, and one good licence is enough.
#[tokio::test]
async fn licences_of_a_user_are_tried_one_by_one() {
    let shop = Shop::open("LICENSED").await;
    let (pro, plus) = (shop.entitlement("PRO").await, shop.entitlement("PLUS").await);
    let release = shop.release("1.0.0", None).await;
    let body = json!({ "data": [constraint(&pro), constraint(&plus)] });
    shop.admin.post(&format!("releases/{release}/constraints"), body).await;
    let user = shop.user("u@example.com", "user").await;
    let policy = shop.policy(&shop.product, json!({})).await;
    let mut licenses = Vec::new();
    for entitlements in [vec![&pro], vec![&plus]] {
        let (license, _) = shop.license(&policy, json!({})).await;
        let items: Vec<Value> =
            entitlements.iter().map(|id| json!({ "type": "entitlements", "id": id })).collect();
        shop.admin.post(&format!("licenses/{license}/entitlements"), json!({ "data": items })).await;
        let body = json!({ "data": { "type": "users", "id": user } });
        shop.admin.put(&format!("licenses/{license}/owner"), body).await;
        licenses.push(license);
    }
    let client = shop.speak_for(&user, TokenKind::User).await;
    let path = format!("releases/{release}");
    assert_eq!(client.get(&path).await.status, 404, "one holds one half, the other the other");
    let body = json!({ "data": [{ "type": "entitlements", "id": plus }] });
    shop.admin.post(&format!("licenses/{}/entitlements", licenses[0]), body).await;
    assert_eq!(client.get(&path).await.status, 200);
    shop.admin.post(&format!("licenses/{}/actions/suspend", licenses[1]), json!(null)).await;
    assert_eq!(client.get(&path).await.status, 200, "the other is good");
    shop.admin.post(&format!("licenses/{}/actions/suspend", licenses[0]), json!(null)).await;
    for path in [path.as_str(), "releases", "artifacts", "releases/1.0.0/upgrade"] {
        let refused = client.get(path).await;
        assert_eq!(refused.status, 403, "{path}: {}", refused.body);
        assert!(refused.detail().contains("license is suspended"), "{path}: {}", refused.detail());
    }
}

/// `distribution.md` §3.8.
#[tokio::test]
async fn environments_keep_their_own() {
    let shop = Shop::open("OPEN").await;
    let global = shop.release("1.0.0", None).await;
    for (code, isolation) in [("alone", "ISOLATED"), ("open", "SHARED")] {
        let attributes = json!({ "name": code, "code": code, "isolationStrategy": isolation });
        shop.make("environments", attributes, json!({})).await;
    }
    let path = format!("releases/{global}");
    let (alone, inside) = (shop.admin.clone().inside("alone"), shop.admin.clone().inside("open"));
    assert_eq!(alone.get(&path).await.error(), (401, "TOKEN_INVALID", ""), "a global token is none there");
    assert_eq!(shop.anonymous().inside("alone").get(&path).await.status, 404);
    assert_eq!(shop.anonymous().inside("open").get(&path).await.status, 200);
    assert_eq!(inside.get(&path).await.status, 200);
    let refused = inside.post(&format!("{path}/actions/yank"), json!(null)).await;
    assert_eq!(refused.status, 403, "global records are not changed from here");
    assert_eq!(shop.anonymous().inside("nosuch").get(&path).await.error().1, "ENVIRONMENT_INVALID");
    let body = document(
        "releases",
        json!({ "version": "2.0.0", "channel": "stable" }),
        belonging(&shop.product, None),
    );
    let made = inside.post("releases", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(made.at("/data/relationships/environment/data").is_object());
    let release = id(&made.body["data"]);
    let body = document("artifacts", json!({ "filename": "a" }), one("release", "releases", &release));
    assert_eq!(inside.post("artifacts", body).await.status, 307);
    assert_eq!(shop.admin.get(&format!("releases/{release}")).await.status, 404);
    assert_eq!(shop.admin.get("channels").await.status, 200);
    assert_eq!(inside.get("channels").await.ids().len(), 1);
}
