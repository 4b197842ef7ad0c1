//! Rollouts of releases (`updaters.md` §5).

use std::time::Duration;

use http::Method;
use keyway_base::Clock as _;
use keyway_domain::resources::Rollout;
use keyway_domain::rollout::Plan;
use keyway_jsonapi::{Declared as _, Scope};
use keyway_store::Page;
use serde_json::{Value, json};

use super::shop::Shop;
use crate::events::caused;
use crate::world::{Answer, Client, change, document, id, one};

async fn try_rollout(client: &Client, release: &str, attributes: Value) -> Answer {
    client.post("rollouts", document("rollouts", attributes, one("release", "releases", release))).await
}

async fn rollout(shop: &Shop, release: &str, attributes: Value) -> String {
    let made = try_rollout(&shop.admin, release, attributes).await;
    assert_eq!(made.status, 201, "{}", made.body);
    id(&made.body["data"])
}

#[tokio::test]
async fn a_rollout_says_how_its_release_is_handed_out() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let attributes = json!({
        "percentage": 12.5, "startsAt": "2026-12-01T00:00:00Z", "endsAt": "2026-12-08T00:00:00Z",
        "forced": true, "critical": true, "minimumVersion": "1.5.0",
    });
    let made = try_rollout(&shop.admin, &release, attributes).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("rollouts/{}", made.text("/data/id"));
    let expected = json!({
        "percentage": 12.5, "startsAt": "2026-12-01T00:00:00.000Z", "endsAt": "2026-12-08T00:00:00.000Z",
        "paused": null, "halted": null, "reason": null, "forced": true, "critical": true,
        "minimumVersion": "1.5.0",
    });
    let shown = shop.admin.get(&path).await;
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(shown.at(&format!("/data/attributes/{name}")), value, "{name}");
    }
    assert_eq!(shown.text("/data/type"), "rollouts");
    assert_eq!(shown.text("/data/relationships/release/data/id"), release);
    assert!(!shown.body.to_string().contains("seed"), "{}", shown.body);
    let plain = rollout(&shop, &shop.release("1.0.0", None).await, json!({ "percentage": 0 })).await;
    let plain = shop.admin.get(&format!("rollouts/{plain}")).await;
    assert_eq!(plain.at("/data/attributes/forced"), &json!(false));
    assert_eq!(plain.at("/data/attributes/percentage"), &json!(0));
    let patched = shop
        .admin
        .patch(&path, change("rollouts", json!({ "percentage": 50, "startsAt": null, "endsAt": null })))
        .await;
    assert_eq!(patched.at("/data/attributes/percentage"), &json!(50), "{}", patched.body);
    assert_eq!(patched.at("/data/attributes/endsAt"), &Value::Null);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_where_it_stands() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let pointer = |name: &str| format!("/data/attributes/{name}");
    let (starts, ends) = ("2026-12-01T00:00:00Z", "2026-12-08T00:00:00Z");
    for (attributes, error, name) in [
        (json!({}), (400, ""), "percentage"),
        (json!({ "percentage": null }), (400, ""), "percentage"),
        (json!({ "percentage": "10" }), (400, ""), "percentage"),
        (json!({ "percentage": 10.001 }), (400, ""), "percentage"),
        (json!({ "percentage": -1 }), (422, "PERCENTAGE_INVALID"), "percentage"),
        (json!({ "percentage": 100.01 }), (422, "PERCENTAGE_INVALID"), "percentage"),
        (json!({ "percentage": 10, "startsAt": "soon" }), (400, ""), "startsAt"),
        (json!({ "percentage": 10, "endsAt": ends }), (422, "ENDS_AT_INVALID"), "endsAt"),
        (json!({ "percentage": 10, "startsAt": ends, "endsAt": starts }), (422, "ENDS_AT_INVALID"), "endsAt"),
        (
            json!({ "percentage": 10, "minimumVersion": "two" }),
            (422, "MINIMUM_VERSION_INVALID"),
            "minimumVersion",
        ),
        (
            json!({ "percentage": 10, "minimumVersion": "2.0.1" }),
            (422, "MINIMUM_VERSION_INVALID"),
            "minimumVersion",
        ),
        (json!({ "percentage": 10, "forced": "yes" }), (400, ""), "forced"),
        (json!({ "percentage": 10, "paused": starts }), (400, ""), "paused"),
        (json!({ "percentage": 10, "seed": "00" }), (400, ""), "seed"),
    ] {
        let refused = try_rollout(&shop.admin, &release, attributes.clone()).await;
        let (status, code, at) = refused.error();
        assert_eq!(((status, code), at), (error, pointer(name).as_str()), "{attributes}: {}", refused.body);
    }
    let too_much = try_rollout(&shop.admin, &release, json!({ "percentage": 101 })).await;
    assert_eq!(too_much.detail(), "must be less than or equal to 100");
    let nowhere = try_rollout(&shop.admin, &shop.admin_id.to_string(), json!({ "percentage": 10 })).await;
    assert_eq!(nowhere.error(), (422, "RELEASE_NOT_FOUND", "/data/relationships/release"));
    rollout(&shop, &release, json!({ "percentage": 10 })).await;
    let second = try_rollout(&shop.admin, &release, json!({ "percentage": 20 })).await;
    assert_eq!(second.error(), (422, "RELEASE_TAKEN", "/data/relationships/release"));
}

#[tokio::test]
async fn pausing_and_halting_are_told_with_their_reason() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let path = format!("rollouts/{}", rollout(&shop, &release, json!({ "percentage": 10 })).await);
    let act = |action: &str, body: Value| {
        let (path, client) = (format!("{path}/actions/{action}"), shop.admin.clone());
        async move { client.post(&path, body).await }
    };
    let nothing = || json!(null);
    let refused = act("resume", nothing()).await;
    assert_eq!((refused.error(), refused.detail()), ((422, "", "/data/attributes/paused"), "is not paused"));
    let paused = act("pause", json!({ "meta": { "reason": "it crashes" } })).await;
    assert_eq!((paused.status, paused.text("/data/attributes/reason")), (200, "it crashes"));
    let now = shop.clock.wall().to_string();
    assert_eq!(paused.text("/data/attributes/paused"), now);
    assert_eq!(act("pause", nothing()).await.detail(), "is already paused");
    let resumed = act("resume", nothing()).await;
    assert_eq!(resumed.at("/data/attributes/paused"), &Value::Null);
    assert_eq!(resumed.at("/data/attributes/reason"), &Value::Null);
    for (body, at) in [
        (json!({ "meta": { "reason": 1 } }), "/meta/reason"),
        (json!({ "meta": { "why": "x" } }), "/meta/why"),
        (json!({ "meta": { "reason": "x".repeat(1025) } }), "/meta/reason"),
    ] {
        assert_eq!(act("halt", body.clone()).await.error(), (400, "", at), "{body}");
    }
    let halted = act("halt", json!({ "meta": { "reason": "it eats data" } })).await;
    assert_eq!((halted.status, halted.text("/data/attributes/halted")), (200, now.as_str()));
    for action in ["pause", "resume", "halt"] {
        assert_eq!(act(action, nothing()).await.error(), (422, "", "/data/attributes/halted"), "{action}");
    }
}

#[tokio::test]
async fn each_change_is_an_event() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let body = document("rollouts", json!({ "percentage": 10 }), one("release", "releases", &release));
    let created = caused(&shop, &shop.admin, Method::POST, "rollouts", body).await;
    assert_eq!(created.iter().map(|event| event.event.as_str()).collect::<Vec<_>>(), ["rollout.created"]);
    let path = format!("rollouts/{}", created.first().unwrap().resource_id);
    let mut told = Vec::new();
    for (method, below, body) in [
        (Method::PATCH, "", change("rollouts", json!({ "percentage": 33.33 }))),
        (Method::POST, "/actions/pause", json!({ "meta": { "reason": "slow" } })),
        (Method::POST, "/actions/resume", json!(null)),
        (Method::POST, "/actions/halt", json!(null)),
        (Method::DELETE, "", json!(null)),
    ] {
        told.extend(caused(&shop, &shop.admin, method, &format!("{path}{below}"), body).await);
    }
    let names: Vec<&str> = told.iter().map(|event| event.event.as_str()).collect();
    let expected =
        ["rollout.updated", "rollout.paused", "rollout.resumed", "rollout.halted", "rollout.deleted"];
    assert_eq!(names, expected);
    assert_eq!(told[0].metadata, Some(json!({ "diff": { "percentage": [10, 33.33] } })));
    assert_eq!(told[1].metadata, Some(json!({ "reason": "slow" })));
}

#[tokio::test]
async fn a_product_handles_its_own_rollouts_and_customers_know_of_none() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let own = shop.product_token(&shop.product).await;
    let other = shop.product("Other").await;
    let foreign = shop.product_token(&other).await;
    assert_eq!(try_rollout(&foreign, &release, json!({ "percentage": 10 })).await.status, 403);
    let made = try_rollout(&own, &release, json!({ "percentage": 10 })).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("rollouts/{}", made.text("/data/id"));
    let listed = |client: &Client, query: &str| {
        let (client, path) = (client.clone(), format!("rollouts{query}"));
        async move { client.get(&path).await.ids().len() }
    };
    assert_eq!((listed(&own, "").await, listed(&foreign, "").await), (1, 0));
    for (query, count) in [
        (format!("?release={release}"), 1),
        (format!("?product={}", shop.product), 1),
        (format!("?product={other}"), 0),
        (format!("?release={other}"), 0),
    ] {
        assert_eq!(listed(&shop.admin, &query).await, count, "{query}");
    }
    let customer = shop.licensed(json!({}), json!({})).await;
    for client in [&foreign, &customer] {
        assert_eq!(client.get(&path).await.status, 404);
        assert_eq!(client.post(&format!("{path}/actions/halt"), json!(null)).await.status, 404);
        assert_eq!(client.delete(&path).await.status, 404);
    }
    assert_eq!(customer.get("rollouts").await.status, 403);
    assert_eq!(shop.anonymous().get("rollouts").await.status, 401);
    assert_eq!(own.delete(&path).await.status, 204);
}

#[tokio::test]
async fn rollouts_go_with_their_release() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("2.0.0", None).await;
    let path = format!("rollouts/{}", rollout(&shop, &release, json!({ "percentage": 10 })).await);
    assert_eq!(shop.admin.delete(&format!("releases/{release}")).await.status, 204);
    shop.settle().await;
    assert_eq!(shop.admin.get(&path).await.status, 404);
}

/// The version that an upgrade from 1.0.0 leads to.
async fn next(client: &Client, query: &str) -> Option<String> {
    let answer = client.get(&format!("releases/1.0.0/upgrade{query}")).await;
    (answer.status == 200).then(|| answer.text("/meta/next").to_owned())
}

#[tokio::test]
async fn an_upgrade_leads_those_who_are_left_out_to_the_release_before() {
    let shop = Shop::open("LICENSED").await;
    for version in ["1.0.0", "1.1.0"] {
        shop.release(version, None).await;
    }
    let release = shop.release("2.0.0", None).await;
    let path = format!("rollouts/{}", rollout(&shop, &release, json!({ "percentage": 10 })).await);
    let customer = shop.licensed(json!({}), json!({})).await;
    let rows = shop.db.list(Rollout::RESOURCE, shop.account, &Scope::All, &Page::all()).await.unwrap();
    let plan = Plan::of(&rows[0].typed().unwrap());
    let led = |percentage: u32| {
        let (admin, path, customer) = (shop.admin.clone(), path.clone(), customer.clone());
        async move {
            admin.patch(&path, change("rollouts", json!({ "percentage": percentage }))).await;
            let mut led = Vec::new();
            for number in 0..60 {
                led.push(next(&customer, &format!("?fingerprint=machine-{number}")).await.unwrap());
            }
            led
        }
    };
    let first = led(10).await;
    for (number, version) in first.iter().enumerate() {
        let is_in = plan.admits(Some(&format!("machine-{number}")), shop.clock.wall());
        assert_eq!(version, if is_in { "2.0.0" } else { "1.1.0" }, "machine-{number}");
    }
    let half = led(50).await;
    assert!(first.iter().zip(&half).all(|(first, half)| first != "2.0.0" || half == "2.0.0"));
    let in_half = half.iter().filter(|version| *version == "2.0.0").count();
    assert!((15..=45).contains(&in_half), "{in_half} of 60");
    assert_eq!(
        next(&customer.clone().header("x-user-staging-id", "machine-1"), "").await.as_ref(),
        half.get(1)
    );
    assert_eq!(next(&customer, "?stagingId=machine-2").await.as_ref(), half.get(2));
    shop.admin.post(&format!("{path}/actions/pause"), json!(null)).await;
    for number in 0..60 {
        let version = next(&customer, &format!("?fingerprint=machine-{number}")).await;
        assert_eq!(version.as_deref(), Some("1.1.0"), "machine-{number}");
    }
    for vendor in [&shop.admin, &shop.product_token(&shop.product).await] {
        assert_eq!(next(vendor, "").await.as_deref(), Some("2.0.0"), "the vendor waits for nothing");
    }
    shop.admin.delete(&path).await;
    assert_eq!(next(&customer, "").await.as_deref(), Some("2.0.0"), "without a rollout it is for everybody");
}

#[tokio::test]
async fn an_upgrade_waits_for_the_start_and_grows_to_everybody() {
    let shop = Shop::open("OPEN").await;
    shop.release("1.0.0", None).await;
    let release = shop.release("2.0.0", None).await;
    let at = |hours: u64| shop.clock.wall().plus(Duration::from_secs(hours * 3600)).to_string();
    let attributes = json!({ "percentage": 0, "startsAt": at(1), "endsAt": at(11) });
    rollout(&shop, &release, attributes).await;
    let anonymous = shop.anonymous();
    let led = || {
        let anonymous = anonymous.clone();
        async move {
            let mut led = 0;
            for number in 0..40 {
                led += usize::from(next(&anonymous, &format!("?fingerprint={number}")).await.is_some());
            }
            led
        }
    };
    assert_eq!(led().await, 0);
    shop.clock.advance(Duration::from_secs(6 * 3600));
    let halfway = led().await;
    assert!((8..=32).contains(&halfway), "{halfway} of 40");
    assert_eq!(next(&anonymous, "").await, None, "nothing is known of it");
    shop.clock.advance(Duration::from_secs(6 * 3600));
    assert_eq!(led().await, 40);
    assert_eq!(next(&anonymous, "").await.as_deref(), Some("2.0.0"));
}
