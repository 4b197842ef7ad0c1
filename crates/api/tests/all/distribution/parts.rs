//! Uploads in parts beside what the end-to-end tests show: time, ends and leftovers.

use std::time::Duration;

use bytes::Bytes;
use keyway_blob::BlobError;
use serde_json::json;

use super::shop::Shop;
use crate::world::{Answer, document, one};

const PART: usize = 5 << 20;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Begins the upload of a file of two parts, the second of one byte.
async fn begin(shop: &Shop) -> String {
    let release = shop.release("1.0.0", None).await;
    let attributes = json!({ "filename": "big.bin", "filesize": PART + 1 });
    let body = document("artifacts", attributes, one("release", "releases", &release));
    let client = shop.admin.clone().header("prefer", "multipart; part-size=5242880");
    let made = client.post("artifacts", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.at("/meta/upload/partCount"), &json!(2));
    made.text("/data/id").to_owned()
}

async fn sign(shop: &Shop, artifact: &str) -> Answer {
    shop.admin.post(&format!("artifacts/{artifact}/actions/sign-parts"), json!({})).await
}

async fn complete(shop: &Shop, artifact: &str) -> Answer {
    shop.admin.post(&format!("artifacts/{artifact}/actions/complete-upload"), json!({})).await
}

/// Sends a part as the front end does.
async fn put(shop: &Shop, url: &str, bytes: Vec<u8>) {
    let grant = shop.grant(url);
    let upload = shop.api.part(&grant).await.unwrap();
    let mut part = shop.blobs.stage_part(&upload, grant.part.unwrap()).await.unwrap();
    part.write(Bytes::from(bytes)).await.unwrap();
    part.finish().await.unwrap();
}

#[tokio::test]
async fn a_file_of_parts_is_read_and_offered() {
    let shop = Shop::open("LICENSED").await;
    let artifact = begin(&shop).await;
    let signed = sign(&shop, &artifact).await;
    put(&shop, signed.text("/meta/parts/0/url"), vec![7; PART]).await;
    put(&shop, signed.text("/meta/parts/1/url"), vec![8]).await;
    let done = complete(&shop, &artifact).await;
    assert_eq!((done.status, done.text("/data/attributes/status")), (200, "PROCESSING"), "{}", done.body);
    shop.settle().await;
    assert_eq!(shop.attributes(&artifact).await["status"], "UPLOADED");
    let late = shop.api.part(&shop.grant(signed.text("/meta/parts/0/url"))).await.unwrap_err();
    assert_eq!(late.status, 409, "{late}");
}

#[tokio::test]
async fn an_upload_has_a_week_and_leaves_nothing() {
    let shop = Shop::open("LICENSED").await;
    let artifact = begin(&shop).await;
    let signed = sign(&shop, &artifact).await;
    put(&shop, signed.text("/meta/parts/1/url"), vec![8]).await;
    let upload = shop.api.part(&shop.grant(signed.text("/meta/parts/1/url"))).await.unwrap();
    shop.clock.advance(DAY * 6);
    shop.settle().await;
    let signed = sign(&shop, &artifact).await;
    assert_eq!(signed.status, 200, "still good after six days: {}", signed.body);
    assert!(signed.at("/meta/parts/0/etag").is_null() && signed.at("/meta/parts/1/etag").is_string());
    shop.clock.advance(DAY);
    let over = complete(&shop, &artifact).await;
    assert_eq!((over.status, over.text("/errors/0/code")), (422, "UPLOAD_EXPIRED"), "{}", over.body);
    shop.settle().await;
    let found = shop.attributes(&artifact).await;
    assert_eq!(found["status"], "FAILED");
    assert_eq!(found["failure"], "the file was not uploaded within a week");
    assert!(
        matches!(shop.blobs.parts(&upload, 1..=2).await, Err(BlobError::NoUpload(_))),
        "the part is freed"
    );
}

#[tokio::test]
async fn parts_are_not_a_way_around_a_revoked_token() {
    let shop = Shop::open("LICENSED").await;
    let artifact = begin(&shop).await;
    let product = shop.product_token(&shop.product).await;
    let signed = product.post(&format!("artifacts/{artifact}/actions/sign-parts"), json!({})).await;
    let grant = shop.grant(signed.text("/meta/parts/0/url"));
    assert!(shop.api.part(&grant).await.is_ok());
    let tokens = shop.admin.get(&format!("products/{}/tokens", shop.product)).await;
    let token = tokens.text("/data/0/id").to_owned();
    assert_eq!(shop.admin.delete(&format!("tokens/{token}")).await.status, 204);
    assert_eq!(shop.api.part(&grant).await.unwrap_err().status, 403);
}
