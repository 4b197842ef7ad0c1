//! Version 1.0, where a release is one file (`distribution.md` §11).

use serde_json::{Value, json};

use super::shop::{Shop, belonging};
use crate::world::{Client, change, document, id};

fn first(client: &Client) -> Client {
    client.clone().header("keygen-version", "1.0")
}

/// A release of a file, with its bytes; gives the release's id.
async fn publish(shop: &Shop, version: &str, bytes: &'static [u8]) -> String {
    shop.clock.advance(std::time::Duration::from_secs(1));
    let attributes = json!({"version": version, "channel": "stable", "platform": "win32", "filetype": "exe",
        "filename": format!("App-{version}.exe"), "filesize": bytes.len()});
    let vendor = first(&shop.admin);
    let body = document("releases", attributes, belonging(&shop.product, None));
    let made = vendor.put("releases", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.text("/data/attributes/status"), "NOT_PUBLISHED");
    let release = id(&made.body["data"]);
    let way = vendor.put(&format!("releases/{release}/artifact"), Value::Null).await;
    assert_eq!(way.status, 307, "{}", way.body);
    shop.put(way.header("location").unwrap(), bytes).await.unwrap();
    shop.settle().await;
    release
}

#[tokio::test]
async fn a_release_is_made_with_its_file_and_shows_it() {
    let shop = Shop::open("OPEN").await;
    let release = publish(&shop, "1.0.0", b"one").await;
    let path = format!("releases/{release}");
    let shown = first(&shop.anonymous()).get(&path).await;
    for (name, value) in [
        ("filename", json!("App-1.0.0.exe")),
        ("filetype", json!("exe")),
        ("platform", json!("win32")),
        ("filesize", json!(3)),
        ("signature", Value::Null),
        ("status", json!("PUBLISHED")),
    ] {
        assert_eq!(shown.at(&format!("/data/attributes/{name}")), &value, "{name}");
    }
    let link = shown.text("/data/relationships/artifact/links/related");
    assert_eq!(link, format!("/v1/accounts/{}/releases/{release}/artifact", shop.account));
    let artifact = shown.text("/data/relationships/artifact/data/id").to_owned();
    assert_eq!(shown.at("/data/relationships/artifacts"), &Value::Null);
    let now = shop.anonymous().get(&path).await;
    assert_eq!(now.at("/data/attributes/filename"), &Value::Null);
    assert!(now.at("/data/relationships/artifacts").is_object() && now.at("/data/former").is_null());
    let file = first(&shop.anonymous()).get(&format!("artifacts/{artifact}?prefer=no-download")).await;
    assert_eq!(file.text("/data/attributes/key"), "App-1.0.0.exe");
    assert_eq!(file.text("/data/relationships/product/data/id"), shop.product);
    let changed = first(&shop.admin);
    let body = change("releases", json!({"signature": "s", "filename": "App-1.0.0.exe"}));
    let changed = changed.patch(&path, body).await;
    assert_eq!(changed.text("/data/attributes/signature"), "s", "{}", changed.body);
    let body = change("releases", json!({"filename": "Other.exe"}));
    let refused = first(&shop.admin).patch(&path, body).await;
    assert_eq!(refused.error(), (400, "", "/data/attributes/filename"), "{}", refused.body);
    assert_eq!(shop.admin.patch(&path, change("releases", json!({"signature": "s"}))).await.status, 400);
}

#[tokio::test]
async fn a_file_that_does_not_fit_makes_no_release() {
    let shop = Shop::open("OPEN").await;
    let attributes =
        json!({"version": "1.0.0", "channel": "stable", "filename": "App.exe", "filetype": "dmg"});
    let body = document("releases", attributes, belonging(&shop.product, None));
    let refused = first(&shop.admin).post("releases", body).await;
    assert_eq!(refused.error(), (422, "FILENAME_EXTENSION_INVALID", "/data/attributes/filename"));
    assert!(shop.admin.get("releases").await.ids().is_empty());
}

#[tokio::test]
async fn the_file_is_fetched_and_withdrawn() {
    let shop = Shop::open("OPEN").await;
    let release = publish(&shop, "1.0.0", b"one").await;
    let (anyone, path) = (first(&shop.anonymous()), format!("releases/{release}/artifact"));
    let found = anyone.get(&path).await;
    assert_eq!(found.status, 303, "{}", found.body);
    assert_eq!(found.header("location"), Some(found.text("/data/links/redirect")));
    for ttl in ["59", "604801", "x", ""] {
        let refused = anyone.get(&format!("{path}?ttl={ttl}")).await;
        assert_eq!(refused.error(), (400, "", "ttl"), "{ttl}");
    }
    assert_eq!(anyone.get(&format!("{path}?ttl=60")).await.status, 303);
    assert_eq!(anyone.get("releases/1.0.0/artifact").await.status, 404, "by id alone");
    assert_eq!(shop.anonymous().get(&path).await.detail(), UNKNOWN, "in 1.0 alone");
    assert_eq!(anyone.delete(&path).await.status, 401);
    assert_eq!(first(&shop.admin).delete(&path).await.status, 204);
    shop.settle().await;
    let gone = anyone.get(&path).await;
    assert_eq!((gone.status, gone.detail()), (404, "artifact does not exist (ensure it has been uploaded)"));
}

const UNKNOWN: &str =
    "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)";

#[tokio::test]
async fn files_that_cannot_be_had() {
    let shop = Shop::open("OPEN").await;
    let release = shop.release("1.0.0", None).await;
    let (vendor, path) = (first(&shop.admin), format!("releases/{release}/artifact"));
    shop.start(&release, json!({"filename": "a.exe"})).await;
    let waiting = vendor.get(&path).await;
    let detail = "artifact is unavailable (ensure it has been fully uploaded)";
    assert_eq!((waiting.status, waiting.detail()), (404, detail));
    shop.start(&release, json!({"filename": "b.exe"})).await;
    let several = vendor.get(&path).await;
    let detail = "multiple artifacts are not supported by this release (see upgrading from v1.0 to v1.1)";
    assert_eq!((several.status, several.detail()), (422, detail));
    assert_eq!(shop.admin.post(&format!("releases/{release}/actions/yank"), Value::Null).await.status, 200);
    let yanked = vendor.get(&path).await;
    assert_eq!((yanked.status, yanked.detail()), (422, "has been yanked"));
}

#[tokio::test]
async fn upgrades_are_told_by_platform_and_file_type() {
    let shop = Shop::open("OPEN").await;
    let one = publish(&shop, "1.0.0", b"one").await;
    publish(&shop, "1.1.0", b"two").await;
    publish(&shop, "2.0.0", b"three").await;
    let anyone = first(&shop.anonymous());
    let asked = |more: &str| {
        format!(
            "releases/actions/upgrade?product={}&platform=win32&filetype=exe&version={more}",
            shop.product
        )
    };
    let found = anyone.get(&asked("1.0.0")).await;
    assert_eq!(found.status, 303, "{}", found.body);
    assert_eq!(found.at("/meta"), &json!({"current": "1.0.0", "next": "2.0.0"}));
    assert_eq!(found.text("/data/attributes/filename"), "App-2.0.0.exe");
    assert_eq!(found.header("location"), Some(found.text("/data/links/redirect")));
    let within = anyone.get(&asked("1.0.5&constraint=1.0")).await;
    assert_eq!(within.text("/meta/next"), "1.1.0", "a version that is no release");
    let by_id = anyone.get(&format!("releases/{one}/actions/upgrade?constraint=1.0")).await;
    assert_eq!(by_id.text("/meta/next"), "1.1.0");
    for none in ["2.0.0", "1.0.0&constraint=3.0"] {
        assert_eq!(anyone.get(&asked(none)).await.status, 204, "{none}");
    }
    let other = asked("1.0.0").replace("win32", "darwin");
    assert_eq!(anyone.get(&other).await.status, 204);
    for (query, code, parameter) in [
        (asked("1.0.0").replace("platform=win32", ""), "UPGRADE_PLATFORM_INVALID", "platform"),
        (asked("1.0.0").replace("filetype=exe", ""), "UPGRADE_FILETYPE_INVALID", "filetype"),
        (asked(""), "UPGRADE_VERSION_INVALID", "version"),
        (asked("x"), "UPGRADE_VERSION_INVALID", "version"),
        ("releases/actions/upgrade".to_owned(), "UPGRADE_PRODUCT_INVALID", "product"),
        (asked("1.0.0&constraint=1.0-beta"), "UPGRADE_CONSTRAINT_INVALID", "constraint"),
        (asked("1.0.0&channel=nightly"), "UPGRADE_CHANNEL_INVALID", "channel"),
    ] {
        assert_eq!(anyone.get(&query).await.error(), (400, code, parameter), "{query}");
    }
    assert_eq!(shop.anonymous().get(&asked("1.0.0")).await.status, 404, "in 1.0 alone");
}

#[tokio::test]
async fn lists_are_narrowed_by_what_the_files_are() {
    let shop = Shop::open("OPEN").await;
    let one = publish(&shop, "1.0.0", b"one").await;
    let two = publish(&shop, "1.1.0", b"two").await;
    let anyone = first(&shop.anonymous());
    let bare = shop.release("2.0.0", None).await;
    let none: [&str; 0] = [];
    for (query, expected) in [
        ("filetype=.EXE", &[&*two, &*one][..]),
        ("platform=win32&arch=", &[&*two, &*one]),
        ("platform=darwin", &none),
        ("version=1.0.0", &[&*one]),
        ("version=1.0.0&filetype=dmg", &none),
        ("version=2.0.0", &[&*bare]),
    ] {
        assert_eq!(anyone.get(&format!("releases?{query}")).await.ids(), expected, "{query}");
        assert_eq!(shop.anonymous().get(&format!("releases?{query}")).await.ids().len(), 3, "{query}");
    }
}

/// The publisher of that time sends the file itself, says that it is JSON, and sends it again where it is led.
#[tokio::test]
async fn what_is_sent_beside_the_way_for_the_bytes_is_not_looked_at() {
    let shop = Shop::open("OPEN").await;
    let release = shop.release("1.0.0", None).await;
    shop.start(&release, json!({"filename": "a.exe"})).await;
    let vendor = first(&shop.admin).header("content-type", "application/json");
    let vendor = vendor.header("user-agent", "electron-builder");
    let path = format!("releases/{release}/artifact");
    let way = vendor.raw(http::Method::PUT, &path, vec![0xff, 0, b'{']).await;
    assert_eq!(way.status, 307, "{}", way.body);
    let path = format!("/v1/accounts/acme/{path}");
    assert!(shop.api.ignores_body(&http::Method::PUT, &path));
    assert!(!shop.api.ignores_body(&http::Method::POST, "/v1/releases"));
    assert!(!shop.api.ignores_body(&http::Method::DELETE, &path));
}
