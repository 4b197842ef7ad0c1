//! Archives of images that are uploaded through the API fill the repositories of their releases.

use keyway_base::ContentDigest;
use keyway_crypto::digest::sha256;
use keyway_domain::resources::ContentBlob;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Changes, Page};
use serde_json::{Value, json};

use super::shop::Shop;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// The files of an OCI layout.
#[derive(Default)]
struct Layout {
    files: Vec<(String, Vec<u8>)>,
    named: Vec<Value>,
}

fn hex(bytes: &[u8]) -> String {
    hex_of(sha256(bytes).as_bytes())
}

fn hex_of(digest: &[u8; 32]) -> String {
    ContentDigest::Sha256(*digest).hex()
}

impl Layout {
    fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let hex = hex(bytes);
        self.files.push((format!("blobs/sha256/{hex}"), bytes.to_vec()));
        json!({ "mediaType": media_type, "digest": format!("sha256:{hex}"), "size": bytes.len() })
    }
    /// An image of one layer, under a name of the archive.
    fn image(mut self, name: &str, layer: &[u8]) -> Self {
        let config = self.blob("application/vnd.oci.image.config.v1+json", b"{}");
        let layer = self.blob("application/vnd.oci.image.layer.v1.tar", layer);
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer],
            "annotations": { "of": name },
        });
        let mut named = self.blob(MANIFEST, manifest.to_string().as_bytes());
        named["annotations"] = json!({ "org.opencontainers.image.ref.name": name });
        self.named.push(named);
        self
    }
    fn tar(mut self) -> &'static [u8] {
        let index = json!({ "schemaVersion": 2, "manifests": self.named });
        self.files.push(("index.json".to_owned(), index.to_string().into_bytes()));
        self.files.push(("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
        self.files.sort();
        self.files.dedup();
        let mut tar = Vec::new();
        for (name, bytes) in &self.files {
            tar.extend(header(name, bytes.len()));
            tar.extend(bytes);
            tar.resize(tar.len().next_multiple_of(512), 0);
        }
        tar.resize(tar.len() + 1024, 0);
        Box::leak(tar.into_boxed_slice())
    }
}

fn header(name: &str, size: usize) -> [u8; 512] {
    let mut header = [0; 512];
    let size = format!("{size:011o}");
    let fields: [(usize, &[u8]); 8] = [
        (0, name.as_bytes()),
        (100, b"0000644"),
        (108, b"0000000"),
        (116, b"0000000"),
        (124, size.as_bytes()),
        (136, b"00000000000"),
        (148, b"        "),
        (156, b"0"),
    ];
    for (at, field) in fields {
        header[at..at + field.len()].copy_from_slice(field);
    }
    header[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A shop with a repository, and a release of it.
async fn shop(version: &str, attributes: Value) -> (Shop, String, String) {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("app/widget", Some("oci")).await;
    let release = shop.release_with(version, attributes, Some(&package)).await;
    (shop, package, release)
}

impl Shop {
    /// An archive as the admin sees it once it was read.
    async fn archive(&self, release: &str, name: &str, bytes: &'static [u8]) -> Value {
        let artifact = self.artifact(release, name, bytes).await;
        self.attributes(&artifact).await
    }
}

#[tokio::test]
async fn one_image_is_its_release() {
    let (shop, _, release) = shop("1.0.0+5", json!({ "tag": "stable" })).await;
    let tar = Layout::default().image("whatever", b"layer").tar();
    let read = shop.archive(&release, "image.tar", tar).await;
    assert_eq!(read["status"], "UPLOADED", "{read}");
    let report = &read["metadata"]["imageReport"];
    assert_eq!((&report["format"], &report["manifests"]), (&json!("oci-layout"), &json!(1)), "{read}");
    assert_eq!(shop.tags_of_content().await, "1.0.0_5=1.0.0+5 stable=1.0.0+5");
    let found = shop.repository().await;
    let content = &found.package.content;
    let (_, manifest) = content.manifest(&content.tag("stable").unwrap().digest).unwrap();
    assert_eq!((manifest.media_type.as_str(), &*manifest.owners), (MANIFEST, &[0][..]));
    let blobs: Vec<(u64, &[u32])> = content.blobs.iter().map(|blob| (blob.size, &*blob.owners)).collect();
    assert_eq!((blobs.len(), blobs.iter().map(|blob| blob.0).sum::<u64>()), (2, 7));
    assert!(blobs.iter().all(|(_, owners)| *owners == [0]));
    // The same once more, under another name, changes nothing.
    let again = shop.archive(&release, "again.tar", tar).await;
    assert_eq!(again["status"], "UPLOADED", "{again}");
    assert_eq!(shop.repository().await.package.content.manifests.len(), 1);
}

#[tokio::test]
async fn several_images_keep_their_names() {
    let (shop, package, release) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let tar = Layout::default().image("app-amd64", b"one").image("registry.example/app:arm64", b"two").tar();
    assert_eq!(shop.archive(&release, "images.tar", tar).await["status"], "UPLOADED");
    assert_eq!(shop.tags_of_content().await, "app-amd64 arm64");
    let named = async |tag: &str| shop.repository().await.package.content.tag(tag).unwrap().digest;
    let (first, second) = (named("app-amd64").await, named("arm64").await);
    // A draft takes no tag from customers, and gives only what is free.
    let draft = shop.release_with("1.1.0", json!({}), Some(&package)).await;
    let other = Layout::default().image("app-amd64", b"three").image("riscv", b"four").tar();
    let read = shop.archive(&draft, "other.tar", other).await;
    let warnings = &read["metadata"]["imageReport"]["warnings"]["shown"];
    assert!(warnings[0].as_str().is_some_and(|text| text.contains("the tag app-amd64")), "{read}");
    assert_eq!(shop.tags_of_content().await, "app-amd64 arm64 riscv");
    assert_eq!(named("app-amd64").await, first);
    // It takes them once it is published, and no second time.
    let path = format!("releases/{draft}/actions");
    assert_eq!(shop.admin.post(&format!("{path}/publish"), json!(null)).await.status, 200);
    assert_ne!(named("app-amd64").await, first);
    // What is published moves them.
    let back = Layout::default().image("app-amd64", b"one").image("riscv", b"four").tar();
    assert_eq!(shop.archive(&release, "back.tar", back).await["status"], "UPLOADED");
    for action in ["yank", "publish"] {
        assert_eq!(shop.admin.post(&format!("{path}/{action}"), json!(null)).await.status, 200);
    }
    assert_eq!(named("app-amd64").await, first);
    let moved = Layout::default().image("app-amd64", b"two").image("riscv", b"four").tar();
    assert_eq!(shop.archive(&release, "moved.tar", moved).await["status"], "UPLOADED");
    assert_ne!(named("app-amd64").await, first);
    assert_eq!(named("arm64").await, second);
}

#[tokio::test]
async fn a_draft_called_as_a_tag_that_moves_does_not_take_it() {
    let (shop, package, release) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let tar = Layout::default().image("latest", b"one").image("edge", b"two").tar();
    assert_eq!(shop.archive(&release, "images.tar", tar).await["status"], "UPLOADED");
    let latest = shop.repository().await.package.content.tag("latest").unwrap().digest;
    let draft = shop.release_with("2.0.0", json!({ "tag": "latest" }), Some(&package)).await;
    let read = shop.archive(&draft, "image.tar", Layout::default().image("x", b"three").tar()).await;
    assert_eq!(read["status"], "UPLOADED", "{read}");
    assert_eq!(shop.tags_of_content().await, "2.0.0=2.0.0 edge latest");
    assert_eq!(shop.repository().await.package.content.tag("latest").unwrap().digest, latest);
}

#[tokio::test]
async fn a_release_of_an_environment_fills_no_global_repository() {
    let (shop, package, _) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let attributes = json!({ "name": "Staging", "code": "staging", "isolationStrategy": "SHARED" });
    shop.make("environments", attributes, json!({})).await;
    let staging = shop.admin.clone().inside("staging");
    let product = json!({ "type": "products", "id": shop.product });
    let body = json!({ "data": {
        "type": "releases",
        "attributes": { "version": "2.0.0", "channel": "stable" },
        "relationships": {
            "product": { "data": product },
            "package": { "data": { "type": "packages", "id": package } },
        },
    }});
    let release = staging.post("releases", body).await;
    assert_eq!(release.status, 201, "{}", release.body);
    let body = json!({ "data": {
        "type": "artifacts",
        "attributes": { "filename": "image.tar" },
        "relationships": { "release": { "data": { "type": "releases", "id": release.text("/data/id") } } },
    }});
    let made = staging.post("artifacts", body).await;
    let url = made.headers["location"].to_str().unwrap().to_owned();
    shop.put(&url, Layout::default().image("x", b"layer").tar()).await.unwrap();
    shop.settle().await;
    let read = staging.get(&format!("artifacts/{}", made.text("/data/id"))).await;
    assert_eq!(read.text("/data/attributes/status"), "FAILED", "{}", read.body);
    assert!(read.text("/data/attributes/failure").contains("another environment"), "{}", read.body);
    assert_eq!(shop.tags_of_content().await, "");
}

#[tokio::test]
async fn a_release_whose_images_were_deleted_takes_no_others() {
    let (shop, _, release) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let first = shop.artifact(&release, "first.tar", Layout::default().image("x", b"one").tar()).await;
    assert_eq!(shop.admin.delete(&format!("artifacts/{first}")).await.status, 204);
    shop.settle().await;
    let refused = shop.archive(&release, "second.tar", Layout::default().image("x", b"two").tar()).await;
    assert_eq!(refused["status"], "FAILED", "{refused}");
    assert!(refused["failure"].as_str().is_some_and(|why| why.contains("make another release")), "{refused}");
    assert_eq!(shop.tags_of_content().await, "");
}

#[tokio::test]
async fn a_name_that_is_another_version_is_refused() {
    let (shop, _, release) = shop("1.0.0", json!({})).await;
    let tar = Layout::default().image("1.0.0", b"one").image("v2.0.0", b"two").tar();
    let refused = shop.archive(&release, "images.tar", tar).await;
    assert_eq!(refused["status"], "FAILED", "{refused}");
    assert!(refused["failure"].as_str().is_some_and(|why| why.contains("release 2.0.0")), "{refused}");
    assert_eq!(shop.tags_of_content().await, "");
    let tar = Layout::default().image("1.0.0", b"one").image("2.0", b"two").tar();
    assert_eq!(shop.archive(&release, "more.tar", tar).await["status"], "UPLOADED");
    assert_eq!(shop.tags_of_content().await, "1.0.0=1.0.0 2.0");
}

#[tokio::test]
async fn a_name_of_the_release_that_is_no_tag_is_told() {
    let (shop, _, release) = shop("1.0.0", json!({ "tag": "not a tag" })).await;
    let read = shop.archive(&release, "image.tar", Layout::default().image("x", b"layer").tar()).await;
    assert_eq!(read["status"], "UPLOADED", "{read}");
    let warnings = &read["metadata"]["imageReport"]["warnings"]["shown"];
    assert!(warnings[0].as_str().is_some_and(|text| text.starts_with("not a tag")), "{read}");
    assert_eq!(shop.tags_of_content().await, "1.0.0=1.0.0");
}

#[tokio::test]
async fn what_is_no_archive_of_images_is_refused_or_kept_as_it_is() {
    let (shop, _, release) = shop("1.0.0", json!({})).await;
    let refused = shop.archive(&release, "notes.tar", b"not a tar at all").await;
    assert_eq!(refused["status"], "FAILED", "{refused}");
    let kept = shop.archive(&release, "notes.txt", b"plain").await;
    assert_eq!(kept["status"], "UPLOADED", "{kept}");
    assert!(shop.repository().await.package.content.manifests.is_empty());
}

#[tokio::test]
async fn a_deleted_archive_takes_its_images_along() {
    let (shop, _, release) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let tar = Layout::default().image("x", b"layer").tar();
    let artifact = shop.artifact(&release, "image.tar", tar).await;
    let again = shop.artifact(&release, "again.tar", tar).await;
    for (artifact, tags) in [(artifact, "1.0.0=1.0.0"), (again, "")] {
        assert_eq!(shop.tags_of_content().await, "1.0.0=1.0.0");
        assert_eq!(shop.admin.delete(&format!("artifacts/{artifact}")).await.status, 204);
        shop.settle().await;
        assert_eq!(shop.tags_of_content().await, tags);
    }
    assert!(shop.repository().await.package.content.manifests.is_empty());
}

#[tokio::test]
async fn an_archive_does_not_share_bytes_that_were_lost() {
    let (shop, _, release) = shop("1.0.0", json!({})).await;
    let tar = Layout::default().image("x", b"layer").tar();
    let other = shop.package("app/other", Some("oci")).await;
    let first = shop.release_with("1.0.0", json!({}), Some(&other)).await;
    assert_eq!(shop.archive(&first, "image.tar", tar).await["status"], "UPLOADED");
    let lost = format!("{}/{}", shop.account, "0a".repeat(16));
    let mut write = shop.db.begin().await.unwrap();
    for mut row in write.all(ContentBlob::RESOURCE, shop.account, &Scope::All).await.unwrap() {
        row.set("blob_key", keyway_jsonapi::Value::Text(lost.clone()));
        assert!(write.update(&row, &["blob_key"]).await.unwrap());
    }
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(shop.archive(&release, "image.tar", tar).await["status"], "UPLOADED");
    let rows = shop.db.list(ContentBlob::RESOURCE, shop.account, &Scope::All, &Page::all()).await.unwrap();
    let (theirs, ours): (Vec<_>, Vec<_>) =
        rows.iter().partition(|row| row.get("package_id").as_id().unwrap().to_string() == other);
    assert_eq!((theirs.len(), ours.len()), (2, 2));
    for row in ours {
        let key = row.get("blob_key").as_text().unwrap().parse().unwrap();
        assert_eq!(i64::try_from(shop.blobs.head(&key).await.unwrap().len).ok(), row.get("size").as_int());
    }
}

#[tokio::test]
async fn a_release_takes_no_tag_from_a_newer_one() {
    let (shop, package, first) = shop("1.0.0", json!({ "status": "PUBLISHED" })).await;
    let of = |layer: &'static [u8]| {
        Layout::default().image("latest", layer).image("edge", layer).image("1.0", layer).tar()
    };
    shop.archive(&first, "first.tar", of(b"first")).await;
    let named = async |tag: &str| shop.repository().await.package.content.tag(tag).unwrap().digest;
    let drafts = ["1.1.0", "2.0.0", "3.0.0-rc.1"];
    let mut waiting = Vec::new();
    for (version, layer) in drafts.into_iter().zip([&b"1.1"[..], b"2.0", b"3.0"]) {
        let draft = shop.release_with(version, json!({}), Some(&package)).await;
        assert_eq!(shop.archive(&draft, "images.tar", of(layer)).await["status"], "UPLOADED");
        waiting.push(format!("releases/{draft}/actions/publish"));
    }
    let publish = async |at: usize| shop.admin.post(&waiting[at], json!(null)).await.status;
    let before = named("latest").await;
    assert_eq!(publish(1).await, 200);
    let second = named("latest").await;
    assert_ne!(second, before);
    // The older one leaves them all; the one that is not stable leaves `latest`.
    let edge = named("edge").await;
    assert_eq!(publish(0).await, 200);
    assert_eq!((named("latest").await, named("edge").await), (second, edge));
    assert_eq!(publish(2).await, 200);
    assert_eq!(named("latest").await, second);
    assert_ne!(named("edge").await, edge);
}
