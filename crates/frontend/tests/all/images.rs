//! An image in a repository, and how its manifest and blobs are handed out.

use std::time::Duration;

use keyway_domain::resources::{ContentBlob, ContentEdge, ContentManifest, ContentTag, Package, Release};
use keyway_jsonapi::Value;

use crate::registry::{basic, sha256};
use crate::wire::Reply;
use crate::world::{GOOD, PUBLISHER, SPARE, SUSPENDED, World, filled};

const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// An image in the repository `app`: its manifest, and its only blob.
struct Image {
    manifest: String,
    layer: Vec<u8>,
}

impl Image {
    fn new() -> Self {
        let layer: Vec<u8> = (0..=250).cycle().take(2048).collect();
        Self { manifest: format!("{{\"layer\":\"{}\"}}", sha256(&layer)), layer }
    }

    fn digest(&self) -> String {
        sha256(self.manifest.as_bytes())
    }

    /// Puts it into the repository, as the release 1.0.0, with a tag that moves beside the release's.
    async fn stock(&self, world: &World) {
        let text = |text: &str| Value::Text(text.to_owned());
        let mut package = filled::<Package>(world.account);
        package.set("product_id", Value::Id(world.product));
        for column in ["key", "normalised_key", "name"] {
            package.set(column, text("app"));
        }
        package.set("engine", text("oci"));
        let mut release = filled::<Release>(world.account);
        release.set("product_id", Value::Id(world.product));
        release.set("package_id", Value::Id(package.id()));
        for (column, value) in
            [("version", "1.0.0"), ("version_key", "1.0.0"), ("channel", "stable"), ("status", "PUBLISHED")]
        {
            release.set(column, text(value));
        }
        let mut manifest = filled::<ContentManifest>(world.account);
        manifest.set("digest", text(&self.digest()));
        manifest.set("media_type", text(TYPE));
        manifest.set("content", Value::Bytes(self.manifest.clone().into_bytes()));
        let mut blob = filled::<ContentBlob>(world.account);
        blob.set("digest", text(&sha256(&self.layer)));
        blob.set("size", Value::Int(i64::try_from(self.layer.len()).unwrap()));
        blob.set("blob_key", text(&world.put(&self.layer).await.to_string()));
        let mut edge = filled::<ContentEdge>(world.account);
        edge.set("parent", text(&self.digest()));
        edge.set("child", text(&sha256(&self.layer)));
        let tag = |name: &str, release: Option<Value>| {
            let mut tag = filled::<ContentTag>(world.account);
            tag.set("tag", text(name));
            tag.set("digest", text(&self.digest()));
            tag.set("release_id", release.unwrap_or(Value::Null));
            tag
        };
        let tags = [tag("1.0.0", Some(Value::Id(release.id()))), tag("latest", None)];
        let mut rows = vec![manifest, blob, edge];
        rows.extend(tags);
        rows.iter_mut().for_each(|row| row.set("package_id", Value::Id(package.id())));
        let records: Vec<_> = [package, release].into_iter().chain(rows).collect();
        world.insert(&records).await;
    }
}

async fn ask(world: &World, method: &str, path: &str, key: &str, header: Option<(&str, &str)>) -> Reply {
    let authorization = basic("license", key);
    let mut headers = vec![("Authorization", authorization.as_str())];
    headers.extend(header);
    world.wire().await.ask(method, &format!("/v2/app/{path}"), &headers, b"").await
}

#[tokio::test]
async fn a_manifest_is_handed_out_as_it_came() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let digest = image.digest();
    let tag = format!("\"{digest}\"");
    for reference in ["1.0.0", "latest", &digest] {
        let path = format!("manifests/{reference}");
        let whole = ask(&world, "GET", &path, GOOD, Some(("Accept-Encoding", "gzip"))).await;
        assert_eq!((whole.status, whole.text()), (200, image.manifest.as_str()), "{reference}");
        let head = ask(&world, "HEAD", &path, GOOD, None).await;
        for reply in [&whole, &head] {
            assert_eq!(reply.header("content-type"), Some(TYPE));
            assert_eq!(reply.header("content-length"), Some(image.manifest.len().to_string().as_str()));
            assert_eq!(reply.header("docker-content-digest"), Some(digest.as_str()));
            assert_eq!(reply.header("etag"), Some(tag.as_str()));
            assert_eq!(reply.header("content-encoding"), None);
        }
        assert!(head.status == 200 && head.body.is_empty());
        for method in ["GET", "HEAD"] {
            let again = ask(&world, method, &path, GOOD, Some(("If-None-Match", &tag))).await;
            assert_eq!((again.status, again.body.len()), (304, 0));
            assert_eq!(again.header("docker-content-digest"), Some(digest.as_str()));
        }
    }
    assert_eq!(ask(&world, "GET", "manifests/2.0.0", GOOD, None).await.status, 404);
    let suspended = ask(&world, "GET", "manifests/1.0.0", SUSPENDED, None).await;
    assert_eq!(suspended.status, 401);
    assert!(suspended.text().contains("the licence is suspended"), "{}", suspended.text());
    let nobody = world.wire().await.get("/v2/app/manifests/1.0.0", &[]).await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn a_pull_is_one_download() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let tag = format!("\"{}\"", image.digest());
    ask(&world, "HEAD", "manifests/1.0.0", GOOD, None).await;
    ask(&world, "GET", "manifests/1.0.0", GOOD, Some(("If-None-Match", &tag))).await;
    ask(&world, "GET", &format!("blobs/{}", sha256(&image.layer)), GOOD, None).await;
    assert!(world.behind.served.lock().unwrap().is_empty());
    ask(&world, "GET", "manifests/1.0.0", GOOD, None).await;
    let served = world.behind.served.lock().unwrap();
    let [pull] = &served[..] else { panic!("{served:?}") };
    assert_eq!((pull.engine, pull.download.artifact), ("oci", None));
    assert!(pull.origin.who.is_some_and(|(kind, _)| kind == "licenses"));
}

#[tokio::test]
async fn who_pulls_again_within_the_hour_has_pulled_once() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let pulled = async |key: &str, reference: &str| {
        assert_eq!(ask(&world, "GET", &format!("manifests/{reference}"), key, None).await.status, 200);
        world.behind.served.lock().unwrap().len()
    };
    assert_eq!(pulled(GOOD, "1.0.0").await, 1);
    for reference in ["1.0.0", "latest", &image.digest()] {
        assert_eq!(pulled(GOOD, reference).await, 1, "{reference}");
    }
    assert_eq!(pulled(SPARE, "latest").await, 2, "another licence");
    assert_eq!(pulled(PUBLISHER, "latest").await, 3, "the vendor");
    assert_eq!(pulled(SPARE, "1.0.0").await, 3);
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(pulled(GOOD, "1.0.0").await, 4, "an hour later");
    assert_eq!(pulled(GOOD, "latest").await, 4);
    let served = world.behind.served.lock().unwrap();
    let who: Vec<_> = served.iter().map(|served| served.origin.who).collect();
    assert!(who[0] == who[3] && who[0] != who[1] && who[1] != who[2], "{who:?}");
}

#[tokio::test]
async fn a_licences_time_starts_with_what_is_sent() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let (manifest, blob) = (image.digest(), sha256(&image.layer));
    for (path, digest) in [(format!("manifests/{manifest}"), manifest), (format!("blobs/{blob}"), blob)] {
        let known = format!("\"{digest}\"");
        ask(&world, "HEAD", &path, GOOD, None).await;
        assert_eq!(ask(&world, "GET", &path, GOOD, Some(("If-None-Match", &known))).await.status, 304);
        assert_eq!(world.behind.started.lock().unwrap().len(), 0, "{path}");
        assert_eq!(ask(&world, "GET", &path, GOOD, None).await.status, 200);
        assert_eq!(std::mem::take(&mut *world.behind.started.lock().unwrap()).len(), 1, "{path}");
    }
    let path = format!("blobs/{}", sha256(&image.layer));
    assert_eq!(ask(&world, "GET", &path, GOOD, Some(("Range", "bytes=5000-"))).await.status, 416);
    assert_eq!(world.behind.started.lock().unwrap().len(), 0);
}

/// `spec/oci.md` §1.2, "ranges".
#[tokio::test]
async fn blobs_come_whole_and_in_ranges() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let digest = sha256(&image.layer);
    let path = format!("blobs/{digest}");
    let whole = ask(&world, "GET", &path, GOOD, None).await;
    assert_eq!((whole.status, &whole.body), (200, &image.layer));
    let head = ask(&world, "HEAD", &path, GOOD, None).await;
    for reply in [&whole, &head] {
        assert_eq!(reply.header("content-length"), Some("2048"));
        assert_eq!(reply.header("docker-content-digest"), Some(digest.as_str()));
        assert_eq!(reply.header("etag"), Some(format!("\"{digest}\"").as_str()));
        assert_eq!(reply.header("accept-ranges"), Some("bytes"));
    }
    for (range, span) in [
        ("500-1499", Some((500, 1499))),
        ("500-", Some((500, 2047))),
        ("-500", Some((1548, 2047))),
        ("2000-5000", Some((2000, 2047))),
        ("500-0", None),
        ("5000-10000", None),
    ] {
        let reply = ask(&world, "GET", &path, GOOD, Some(("Range", &format!("bytes={range}")))).await;
        match span {
            Some((first, last)) => {
                let expected = image.layer.get(first..=last).unwrap();
                assert_eq!((reply.status, reply.body.as_slice()), (206, expected), "{range}");
                let content_range = format!("bytes {first}-{last}/2048");
                assert_eq!(reply.header("content-range"), Some(content_range.as_str()));
            }
            None => assert_eq!(reply.status, 416, "{range}"),
        }
    }
    assert_eq!(ask(&world, "GET", &path, SUSPENDED, None).await.status, 401);
}

#[tokio::test]
async fn a_blob_that_no_manifest_names_yet_is_the_publishers() {
    let (world, image) = (World::new().await, Image::new());
    image.stock(&world).await;
    let content = b"on its way";
    let digest = sha256(content);
    let path = format!("uploads/?digest={digest}");
    let authorization = basic("product", PUBLISHER);
    let headers = [("Authorization", authorization.as_str())];
    let sent = world.wire().await.ask("POST", &format!("/v2/app/blobs/{path}"), &headers, content).await;
    assert_eq!(sent.status, 201, "{}", sent.text());
    let path = format!("blobs/{digest}");
    let head = ask(&world, "HEAD", &path, PUBLISHER, None).await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
    assert_eq!(ask(&world, "GET", &path, PUBLISHER, None).await.body, content);
    assert_eq!(ask(&world, "GET", &path, GOOD, None).await.status, 404);
    let absent = format!("blobs/{}", sha256(b"nowhere"));
    assert_eq!(ask(&world, "GET", &absent, PUBLISHER, None).await.status, 404);
}
