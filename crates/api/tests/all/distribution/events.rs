//! The events of packages, releases and artifacts (`distribution.md` §12).

use http::Method;
use keyway_domain::resources::EventLog;
use serde_json::{Value, json};

use super::shop::{Shop, belonging};
use crate::events::{beyond, caused, logged};
use crate::world::{change, document, id, one};

/// The names of what has been logged beside the entries that are known, sorted.
async fn since(shop: &Shop, known: &[EventLog]) -> Vec<String> {
    let mut names: Vec<String> = beyond(shop, known).await.into_iter().map(|log| log.event).collect();
    names.sort();
    names
}

#[tokio::test]
async fn every_mutation_is_logged_once() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let package = shop.package("p", None).await;
    let entitlement = shop.entitlement("PRO").await;
    let (artifact, _) = shop.start(&release, json!({ "filename": "a" })).await;
    let of_product = belonging(&shop.product, None);
    let of_release = one("release", "releases", &release);
    let constraint = json!({
        "type": "constraints",
        "relationships": { "entitlement": { "data": { "type": "entitlements", "id": entitlement } } },
    });
    let at = |path: &str| format!("releases/{release}{path}");
    let nothing = || json!(null);
    for (method, path, body, event) in [
        (
            Method::POST,
            "packages".to_owned(),
            document("packages", json!({ "name": "q", "key": "q" }), of_product.clone()),
            "package.created",
        ),
        (
            Method::PATCH,
            format!("packages/{package}"),
            change("packages", json!({ "name": "P" })),
            "package.updated",
        ),
        (
            Method::POST,
            "releases".to_owned(),
            document("releases", json!({ "version": "2.0.0", "channel": "stable" }), of_product),
            "release.created",
        ),
        (Method::PATCH, at(""), change("releases", json!({ "name": "One" })), "release.updated"),
        (Method::POST, at("/actions/publish"), nothing(), "release.published"),
        (Method::POST, at("/actions/yank"), nothing(), "release.yanked"),
        (
            Method::PUT,
            at("/package"),
            json!({ "data": { "type": "packages", "id": package } }),
            "release.package.updated",
        ),
        (Method::POST, at("/constraints"), json!({ "data": [constraint] }), "release.constraints.attached"),
        (
            Method::POST,
            "artifacts".to_owned(),
            document("artifacts", json!({ "filename": "b" }), of_release),
            "artifact.created",
        ),
        (
            Method::PATCH,
            format!("artifacts/{artifact}"),
            change("artifacts", json!({ "signature": "s" })),
            "artifact.updated",
        ),
        (Method::DELETE, format!("artifacts/{artifact}"), nothing(), "artifact.deleted"),
    ] {
        let events = caused(&shop, &shop.admin, method, &path, body).await;
        let names: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
        assert_eq!(names, [event], "{path}");
        assert_eq!(events.first().unwrap().whodunnit_id, Some(shop.admin_id), "{path}");
    }
    let attached = shop.admin.get(&at("/constraints")).await.ids();
    let body = json!({ "data": [{ "type": "constraints", "id": attached.first().unwrap() }] });
    let before = logged(&shop).await;
    shop.admin.send(Method::DELETE, &at("/constraints"), Some(body)).await;
    shop.admin.delete(&format!("releases/{release}")).await;
    shop.admin.delete(&format!("packages/{package}")).await;
    shop.settle().await;
    let events = since(&shop, &before).await;
    assert_eq!(events, ["package.deleted", "release.constraints.detached", "release.deleted"]);
}

#[tokio::test]
async fn a_download_is_two_events_of_the_one_who_downloads() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let artifact = shop.artifact(&release, "a", b"abc").await;
    let customer = shop.licensed(json!({}), json!({})).await;
    let path = format!("artifacts/{artifact}");
    let events = caused(&shop, &customer, Method::GET, &path, json!(null)).await;
    let told: Vec<(&str, String)> =
        events.iter().map(|event| (event.event.as_str(), event.resource_id.to_string())).collect();
    assert_eq!(told, [("artifact.downloaded", artifact.clone()), ("release.downloaded", release.clone())]);
    assert!(events.iter().all(|event| event.whodunnit_type.as_deref() == Some("licenses")));
    for (client, path, count) in [
        (customer.clone().header("prefer", "no-redirect"), path.clone(), 2),
        (customer.clone(), format!("releases/{release}/artifacts/a"), 2),
        (customer.clone().header("range", "bytes=0-"), path.clone(), 2),
        (customer.clone(), format!("products/{}/artifacts/a", shop.product), 2),
        (customer.clone().header("prefer", "no-download"), path.clone(), 0),
        (customer.clone().header("range", "bytes=1-1"), path.clone(), 0),
        (customer.clone(), format!("releases/{release}"), 0),
        (customer.clone(), "artifacts".to_owned(), 0),
        (customer.clone(), "artifacts/nosuch".to_owned(), 0),
    ] {
        let known = logged(&shop).await;
        client.get(&path).await;
        assert_eq!(since(&shop, &known).await.len(), count, "{path}");
    }
    let known = logged(&shop).await;
    customer.send(Method::HEAD, &path, None).await;
    assert_eq!(since(&shop, &known).await, [] as [&str; 0], "a look is no download");
}

#[tokio::test]
async fn an_upload_is_logged_to_its_end() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("widget", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    for (filename, bytes, events) in [
        ("notes.txt", b"hello".as_slice(), vec!["artifact.upload.succeeded", "artifact.uploaded"]),
        ("widget-1.0.0.tgz", b"no archive", vec!["artifact.upload.failed", "artifact.upload.processing"]),
    ] {
        let (artifact, url) = shop.start(&release, json!({ "filename": filename })).await;
        let before = logged(&shop).await;
        shop.put(&url, bytes).await.unwrap();
        shop.settle().await;
        assert_eq!(since(&shop, &before).await, events, "{filename}");
        for log in beyond(&shop, &before).await {
            let of = (log.resource_id.to_string(), log.whodunnit_id, log.request_id);
            assert_eq!(of, (artifact.clone(), None, None), "{filename}");
        }
    }
    let (_, _) = shop.start(&release, json!({ "filename": "late" })).await;
    let before = logged(&shop).await;
    shop.clock.advance(std::time::Duration::from_secs(3_601));
    shop.settle().await;
    assert_eq!(since(&shop, &before).await, ["artifact.upload.failed"]);
}

#[tokio::test]
async fn an_upgrade_says_from_where_to_where() {
    let shop = Shop::open("LICENSED").await;
    shop.release("1.0.0", None).await;
    let next = shop.release("1.1.0", None).await;
    let events = caused(&shop, &shop.admin, Method::GET, "releases/1.0.0/upgrade", json!(null)).await;
    let event = events.first().unwrap();
    assert_eq!((events.len(), event.event.as_str()), (1, "release.upgraded"));
    assert_eq!(event.resource_id.to_string(), next);
    assert_eq!(event.metadata, Some(json!({ "current": "1.0.0", "next": "1.1.0" })));
    let before = logged(&shop).await;
    shop.admin.get("releases/1.1.0/upgrade").await;
    assert_eq!(since(&shop, &before).await, [] as [&str; 0], "none was found");
}

#[tokio::test]
async fn a_change_tells_what_changed() {
    let shop = Shop::open("LICENSED").await;
    let made = shop.try_release(json!({ "tag": "latest" }), None).await;
    let release = id(&made.body["data"]);
    let body = change("releases", json!({ "tag": "v1", "description": "New" }));
    let events = caused(&shop, &shop.admin, Method::PATCH, &format!("releases/{release}"), body).await;
    let expected = json!({ "diff": { "description": [null, "New"], "tag": ["latest", "v1"] } });
    assert_eq!(events.first().and_then(|event| event.metadata.clone()), Some(expected));
    let same = change("releases", json!({ "tag": "v1" }));
    let events = caused(&shop, &shop.admin, Method::PATCH, &format!("releases/{release}"), same).await;
    assert_eq!(events.first().map(|event| event.metadata.clone()), Some(None::<Value>));
}
