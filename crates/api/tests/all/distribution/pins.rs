//! What the vendor holds a licence's updates to.

use serde_json::{Value, json};

use super::shop::Shop;
use crate::world::{Client, change};

async fn next(client: &Client, query: &str) -> Option<String> {
    let answer = client.get(&format!("releases/1.0.0/upgrade{query}")).await;
    (answer.status == 200).then(|| answer.text("/meta/next").to_owned())
}

#[tokio::test]
async fn pins_are_a_channel_and_a_range_of_versions() {
    let shop = Shop::open("LICENSED").await;
    let policy = shop.policy(&shop.product, json!({ "pinnedChannel": "rc", "pinnedConstraint": "1" })).await;
    let (license, _) = shop.license(&policy, json!({})).await;
    let pins = |answer: &crate::world::Answer| {
        (
            answer.at("/data/attributes/pinnedChannel").clone(),
            answer.at("/data/attributes/pinnedConstraint").clone(),
        )
    };
    let policy = format!("policies/{policy}");
    let license = format!("licenses/{license}");
    assert_eq!(pins(&shop.admin.get(&policy).await), (json!("rc"), json!("1")));
    assert_eq!(pins(&shop.admin.get(&license).await), (json!("rc"), json!("1")), "its policy's");
    let own = shop.admin.patch(&license, change("licenses", json!({ "pinnedChannel": "stable" }))).await;
    assert_eq!(pins(&own), (json!("stable"), json!("1")));
    for (path, kind) in [(&policy, "policies"), (&license, "licenses")] {
        for (attributes, error) in [
            (
                json!({ "pinnedChannel": "nightly" }),
                (422, "PINNED_CHANNEL_NOT_ALLOWED", "/data/attributes/pinnedChannel"),
            ),
            (
                json!({ "pinnedConstraint": "newest" }),
                (422, "PINNED_CONSTRAINT_INVALID", "/data/attributes/pinnedConstraint"),
            ),
            (json!({ "pinnedChannel": 1 }), (400, "", "/data/attributes/pinnedChannel")),
        ] {
            let refused = shop.admin.patch(path, change(kind, attributes.clone())).await;
            assert_eq!(refused.error(), error, "{kind} {attributes}: {}", refused.body);
        }
        let nulls = json!({ "pinnedChannel": null, "pinnedConstraint": null });
        assert_eq!(shop.admin.patch(path, change(kind, nulls)).await.status, 200);
    }
    assert_eq!(pins(&shop.admin.get(&license).await), (Value::Null, Value::Null));
}

#[tokio::test]
async fn an_upgrade_stays_within_the_pins_whatever_is_asked_for() {
    let shop = Shop::open("LICENSED").await;
    for version in ["1.0.0", "1.1.0", "1.2.0-beta.1", "2.0.0", "2.1.0-beta.1"] {
        shop.release(version, None).await;
    }
    for (pins, query, expected) in [
        (json!({}), "", Some("2.0.0")),
        (json!({}), "?channel=beta", Some("2.1.0-beta.1")),
        (json!({ "pinnedChannel": "stable" }), "?channel=beta", Some("2.0.0")),
        (json!({ "pinnedChannel": "beta" }), "", Some("2.1.0-beta.1")),
        (json!({ "pinnedConstraint": "1" }), "", Some("1.1.0")),
        (json!({ "pinnedConstraint": "1" }), "?constraint=2", None),
        (json!({ "pinnedConstraint": "1", "pinnedChannel": "beta" }), "", Some("1.2.0-beta.1")),
        (json!({ "pinnedConstraint": "1.0.0" }), "", None),
    ] {
        let by_policy = shop.licensed(pins.clone(), json!({})).await;
        assert_eq!(next(&by_policy, query).await.as_deref(), expected, "policy {pins} {query}");
        let own = shop.licensed(json!({}), pins.clone()).await;
        assert_eq!(next(&own, query).await.as_deref(), expected, "licence {pins} {query}");
    }
    assert_eq!(next(&shop.admin, "").await.as_deref(), Some("2.0.0"));
}
