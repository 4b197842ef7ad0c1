//! Bytes that arrive at a signed URL (`distribution.md` §7.1, §8).

use std::time::Duration;

use http::StatusCode;
use keyway_crypto::signed_url::Method;
use serde_json::json;

use super::shop::Shop;
use crate::world::id;

#[tokio::test]
async fn an_upload_goes_from_waiting_to_uploaded() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
    let attributes = json!({ "filename": "a.bin", "filesize": 3, "checksum": sha1 });
    let (artifact, url) = shop.start(&release, attributes).await;
    let grant = shop.grant(&url);
    assert_eq!(grant.method, Method::Put);
    assert_eq!(grant.expires, keyway_base::Clock::wall(&*shop.clock).plus(Duration::from_secs(3600)));
    assert_eq!(grant.length_cap, Some(5 << 30));
    assert_eq!(shop.attributes(&artifact).await["status"], "WAITING");
    shop.put(&url, b"abc").await.unwrap();
    assert_eq!(shop.attributes(&artifact).await["status"], "PROCESSING");
    shop.settle().await;
    assert_eq!(shop.attributes(&artifact).await["status"], "UPLOADED");
}

#[tokio::test]
async fn a_link_instead_of_a_redirect_is_a_preference() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let body = |name: &str| {
        crate::world::document(
            "artifacts",
            json!({ "filename": name }),
            crate::world::one("release", "releases", &release),
        )
    };
    let by_header = shop.admin.clone().header("prefer", "respond-async, no-redirect");
    for (answer, status) in [
        (by_header.post("artifacts", body("a")).await, 200),
        (shop.admin.post("artifacts?prefer=no-redirect", body("b")).await, 200),
        (shop.admin.post("artifacts?prefer[]=no-redirect", body("c")).await, 307),
        (shop.admin.post("artifacts", body("d")).await, 307),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.header("location"), Some(answer.text("/data/links/redirect")));
    }
}

#[tokio::test]
async fn the_same_bytes_may_come_again_and_others_may_not() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "a.bin" })).await;
    shop.put(&url, b"abc").await.unwrap();
    shop.put(&url, b"abc").await.unwrap();
    assert_eq!(
        shop.put(&url, b"abd").await.unwrap_err().status,
        StatusCode::CONFLICT,
        "while it is processed"
    );
    shop.settle().await;
    shop.put(&url, b"abc").await.unwrap();
    assert_eq!(shop.put(&url, b"abd").await.unwrap_err().status, StatusCode::CONFLICT);
    assert_eq!(
        shop.attributes(&artifact).await["status"],
        "UPLOADED",
        "the same bytes do not start it again"
    );
}

#[tokio::test]
async fn of_two_uploads_at_once_one_wins() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "a.bin" })).await;
    let (one, other) = tokio::join!(shop.put(&url, b"one"), shop.put(&url, b"other"));
    let refusals: Vec<StatusCode> =
        [one, other].into_iter().filter_map(Result::err).map(|refusal| refusal.status).collect();
    assert_eq!(refusals, [StatusCode::CONFLICT]);
    shop.settle().await;
    assert_eq!(shop.attributes(&artifact).await["status"], "UPLOADED");
}

#[tokio::test]
async fn what_was_declared_must_be_true() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    for (name, attributes) in [
        ("size", json!({ "filename": "size", "filesize": 4 })),
        ("checksum", json!({ "filename": "checksum", "checksum": "0".repeat(64) })),
    ] {
        let (artifact, url) = shop.start(&release, attributes).await;
        shop.put(&url, b"abc").await.unwrap();
        shop.settle().await;
        let found = shop.attributes(&artifact).await;
        assert_eq!(found["status"], "FAILED", "{name}");
        assert!(found["failure"].as_str().unwrap().contains(name), "{found}");
        assert_eq!(shop.put(&url, b"abcd").await.unwrap_err().status, StatusCode::CONFLICT, "{name}");
    }
}

#[tokio::test]
async fn a_url_ends_with_its_artifact_its_holder_and_its_hour() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "gone" })).await;
    shop.admin.delete(&format!("artifacts/{artifact}")).await;
    assert_eq!(shop.put(&url, b"abc").await.unwrap_err().status, StatusCode::NOT_FOUND);

    let publisher = shop.product_token(&shop.product).await;
    let body = crate::world::document(
        "artifacts",
        json!({ "filename": "a" }),
        crate::world::one("release", "releases", &release),
    );
    let made = publisher.post("artifacts", body).await;
    let url = made.text("/data/links/redirect").to_owned();
    let (grant, staged) = (shop.grant(&url), shop.stage(b"abc").await);
    shop.api.admit(&grant).await.unwrap();
    let token = id(&shop.admin.get(&format!("products/{}/tokens", shop.product)).await.body["data"][0]);
    assert_eq!(shop.admin.delete(&format!("tokens/{token}")).await.status, 204);
    assert_eq!(shop.api.admit(&grant).await.unwrap_err().status, StatusCode::FORBIDDEN);
    drop(staged);

    let (late, url) = shop.start(&release, json!({ "filename": "late" })).await;
    let grant = shop.grant(&url);
    shop.clock.advance(Duration::from_secs(3601));
    shop.settle().await;
    let found = shop.attributes(&late).await;
    assert_eq!((&found["status"], found["failure"].is_string()), (&json!("FAILED"), true), "{found}");
    let refused = shop.api.uploaded(&grant, shop.stage(b"abc").await).await.unwrap_err();
    assert_eq!(refused.status, StatusCode::CONFLICT);
    let token = url.rsplit('/').next().unwrap();
    assert!(shop.urls.read(token, keyway_base::Clock::wall(&*shop.clock)).is_err());
}

#[tokio::test]
async fn bytes_that_no_artifact_took_are_removed() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "a" })).await;
    let grant = shop.grant(&url);
    let staged = shop.stage(b"lost").await;
    let key = keyway_blob::BlobKey::of_content(shop.account, staged.digests().sha256);
    shop.put(&url, b"taken").await.unwrap();
    assert_eq!(shop.api.uploaded(&grant, staged).await.unwrap_err().status, StatusCode::CONFLICT);
    assert!(shop.blobs.head(&key).await.is_err(), "refused before they became a blob");
    shop.settle().await;
    shop.admin.delete(&format!("artifacts/{artifact}")).await;
    shop.settle().await;
    let taken = keyway_blob::BlobKey::of_content(shop.account, shop.stage(b"taken").await.digests().sha256);
    assert!(shop.blobs.head(&taken).await.is_ok(), "kept for its grace");
}
