//! Artifacts as records (`distribution.md` §5.3, §7).

use serde_json::{Value, json};

use super::shop::Shop;
use crate::world::{change, document, id};

#[tokio::test]
async fn an_artifact_says_what_it_is() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let made = shop
        .try_artifact(
            &release,
            json!({ "filename": "dir/App 1.AppImage", "filetype": " .AppImage", "platform": " Linux ", "arch": "",
                    "filesize": 5, "checksum": "x", "signature": "y", "metadata": { "a": 1 } }),
        )
        .await;
    assert_eq!(made.status, 307, "{}", made.body);
    let artifact = id(&made.body["data"]);
    assert_eq!(
        made.at("/data/attributes"),
        &json!({
            "filename": "dir/App 1.AppImage", "filetype": "appimage", "filesize": 5, "platform": "linux",
            "arch": null, "signature": "y", "checksum": "x", "status": "WAITING", "failure": null,
            "metadata": { "a": 1 }, "created": "2026-06-01T12:00:01.000Z", "updated": "2026-06-01T12:00:01.000Z",
        })
    );
    let path = format!("/v1/accounts/{}/artifacts/{artifact}", shop.account);
    assert_eq!(made.text("/data/links/self"), path);
    assert_eq!(made.text("/data/links/related"), format!("{path}/dir%2FApp%201.AppImage"));
    assert_eq!(made.header("location"), Some(made.text("/data/links/redirect")));
    assert_eq!(made.text("/data/relationships/release/data/id"), release);
    let names = ["dir/App%201.AppImage", "dir%2FApp%201.AppImage"].map(str::to_owned);
    let vanity = names.clone().map(|name| format!("{artifact}/{name}"));
    for name in names.into_iter().chain(vanity).chain([artifact.clone()]) {
        assert_eq!(shop.admin.get(&format!("artifacts/{name}")).await.status, 200, "{name}");
    }
    for name in [format!("{artifact}/other"), "dir".to_owned(), format!("{artifact}/dir")] {
        assert_eq!(
            shop.admin.get(&format!("artifacts/{name}")).await.error(),
            (404, "NOT_FOUND", ""),
            "{name}"
        );
    }
}

#[tokio::test]
async fn names_and_sizes_are_checked() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    shop.start(&release, json!({ "filename": "taken.exe" })).await;
    let filename = "/data/attributes/filename";
    for (attributes, error) in [
        (json!({}), (400, "", filename)),
        (json!({ "filename": "" }), (400, "", filename)),
        (json!({ "filename": "taken.exe" }), (422, "FILENAME_TAKEN", filename)),
        (json!({ "filename": "../etc/passwd" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "a/../../b" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "/etc/passwd" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "a\\b" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "a//b" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "a\nb" }), (422, "FILENAME_INVALID", filename)),
        (json!({ "filename": "f".repeat(256) }), (422, "FILENAME_TOO_LONG", filename)),
        (json!({ "filename": "a.exe", "filetype": "dmg" }), (422, "FILENAME_EXTENSION_INVALID", filename)),
        (json!({ "filename": "a", "filesize": -1 }), (422, "FILESIZE_INVALID", "/data/attributes/filesize")),
        (
            json!({ "filename": "a", "filesize": 5_368_709_121i64 }),
            (422, "FILESIZE_INVALID", "/data/attributes/filesize"),
        ),
        (json!({ "filename": "a", "filesize": "5" }), (400, "", "/data/attributes/filesize")),
        (json!({ "filename": "a", "filesize": 1e30 }), (400, "", "/data/attributes/filesize")),
        (
            json!({ "filename": "a", "checksum": "c".repeat(4097) }),
            (422, "CHECKSUM_TOO_LONG", "/data/attributes/checksum"),
        ),
        (
            json!({ "filename": "a", "signature": "c".repeat(4097) }),
            (422, "SIGNATURE_TOO_LONG", "/data/attributes/signature"),
        ),
        (
            json!({ "filename": "a", "platform": "p".repeat(256) }),
            (422, "PLATFORM_TOO_LONG", "/data/attributes/platform"),
        ),
        (json!({ "filename": "a", "status": "UPLOADED" }), (400, "", "/data/attributes/status")),
        (json!({ "filename": "a", "failure": "x" }), (400, "", "/data/attributes/failure")),
    ] {
        assert_eq!(shop.try_artifact(&release, attributes.clone()).await.error(), error, "{attributes}");
    }
    let unknown = shop.try_artifact(&shop.admin_id.to_string(), json!({ "filename": "a" })).await;
    assert_eq!(unknown.error(), (422, "RELEASE_NOT_FOUND", "/data/relationships/release"));
    let alone =
        shop.admin.post("artifacts", document("artifacts", json!({ "filename": "a" }), json!({}))).await;
    assert_eq!(alone.error(), (400, "", "/data/relationships"));
    let list = shop.admin.get("artifacts").await.ids();
    assert_eq!(list.len(), 1, "nothing of these is there");
    let other = shop.release("2.0.0", None).await;
    assert_eq!(shop.try_artifact(&other, json!({ "filename": "taken.exe" })).await.status, 307);
}

#[tokio::test]
async fn what_is_said_of_a_file_can_be_changed_while_it_stays_true() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let artifact = shop.artifact(&release, "a.bin", b"abc").await;
    let patch = |attributes: Value| {
        let (admin, path) = (shop.admin.clone(), format!("artifacts/{artifact}"));
        async move { admin.patch(&path, change("artifacts", attributes)).await }
    };
    for attribute in ["filename", "filetype", "platform", "arch", "status"] {
        let refused = patch(json!({ attribute: "x" })).await;
        assert_eq!(refused.error(), (400, "", format!("/data/attributes/{attribute}").as_str()));
        assert_eq!(refused.detail(), "unpermitted parameter");
    }
    let sha1 = "a9993e364706816aba3e25717850c26c9cd0d89d";
    let good = patch(json!({ "filesize": 3, "checksum": sha1, "signature": "s", "metadata": {} })).await;
    assert_eq!((good.status, good.text("/data/attributes/checksum")), (200, sha1), "{}", good.body);
    assert_eq!(
        patch(json!({ "filesize": 4 })).await.error(),
        (422, "FILESIZE_INVALID", "/data/attributes/filesize")
    );
    let wrong = patch(json!({ "checksum": "b9993e364706816aba3e25717850c26c9cd0d89d" })).await;
    assert_eq!(wrong.error(), (422, "CHECKSUM_INVALID", "/data/attributes/checksum"));
    let opaque = patch(json!({ "checksum": "whatever this is", "filesize": null })).await;
    assert_eq!(opaque.status, 200, "{}", opaque.body);
}

#[tokio::test]
async fn a_file_name_means_the_highest_release_and_the_query_narrows() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("p", Some("raw")).await;
    let mut made = Vec::new();
    for (version, package, platform) in [
        ("1.10.0", None, "linux"),
        ("1.9.0", None, "linux"),
        ("2.0.0-beta.1", None, "darwin"),
        ("0.1.0", Some(package.as_str()), "linux"),
    ] {
        let release = shop.release(version, package).await;
        let attributes = json!({ "filename": "latest.yml", "filetype": "yml", "platform": platform });
        made.push(shop.start(&release, attributes).await.0);
    }
    let releases = shop.admin.get("releases?order=asc").await.ids();
    let product = &shop.product;
    for (query, expected) in [
        (String::new(), 2),
        ("channel=stable".to_owned(), 0),
        ("release=1.9.0".to_owned(), 1),
        (format!("release={}", releases[1]), 1),
        (format!("product={product}&channel=stable"), 0),
        ("product=app&channel=stable".to_owned(), 0),
        ("package=p".to_owned(), 3),
        (format!("package={package}"), 3),
        ("engine=raw".to_owned(), 3),
        ("package=&platform=linux".to_owned(), 0),
        ("platform=darwin".to_owned(), 2),
        ("filetype=.YML".to_owned(), 2),
        ("arch=".to_owned(), 2),
        ("status=waiting".to_owned(), 2),
    ] {
        let found = shop.admin.get(&format!("artifacts/latest.yml?{query}")).await;
        assert_eq!(found.status, 200, "{query}: {}", found.body);
        assert_eq!(id(&found.body["data"]), made[expected], "{query}");
        assert!(
            shop.admin.get(&format!("artifacts?{query}")).await.ids().contains(&made[expected]),
            "{query}"
        );
    }
    for query in
        ["status=UPLOADED", "platform=", "product=nosuch", "channel=nightly", "release=9.9.9", "arch=x86"]
    {
        assert_eq!(shop.admin.get(&format!("artifacts/latest.yml?{query}")).await.status, 404, "{query}");
        assert_eq!(shop.admin.get(&format!("artifacts?{query}")).await.ids(), [] as [String; 0], "{query}");
    }
    let first = &releases[0];
    assert_eq!(
        shop.admin.get(&format!("releases/{first}/artifacts?platform=linux")).await.ids(),
        [made[0].clone()]
    );
    assert_eq!(
        shop.admin.get(&format!("releases/{first}/artifacts?platform=x")).await.ids(),
        [] as [String; 0]
    );
    assert_eq!(
        shop.admin.get(&format!("releases/{first}/artifacts/latest.yml")).await.text("/data/id"),
        made[0]
    );
    assert_eq!(shop.admin.get(&format!("releases/{first}/artifacts/{}", made[1])).await.status, 404);
}

#[tokio::test]
async fn deleting_withdraws_at_once_and_removes_in_time() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release("1.0.0", None).await;
    let artifact = shop.artifact(&release, "a.bin", b"abc").await;
    let path = format!("artifacts/{artifact}");
    let deleted = shop.admin.delete(&path).await;
    assert_eq!(deleted.status, 204, "{}", deleted.body);
    let shown = shop.admin.get(&path).await;
    assert_eq!((shown.status, shown.text("/data/attributes/status")), (200, "YANKED"), "no link any more");
    assert_eq!(shop.admin.delete(&path).await.status, 204, "once more is no harm");
    shop.settle().await;
    assert_eq!(shop.admin.get(&path).await.status, 404);
    assert_eq!(shop.admin.delete(&path).await.status, 404);
    let again = shop.artifact(&release, "a.bin", b"abc").await;
    assert_eq!(shop.attributes(&again).await["status"], "UPLOADED", "the name is free, the bytes are kept");
    shop.clock.advance(std::time::Duration::from_secs(3600));
    shop.settle().await;
    assert_eq!(
        shop.admin.get(&format!("artifacts/{again}")).await.status,
        303,
        "the other's blob is still there"
    );
}

#[tokio::test]
async fn names_of_files_that_customers_had_are_not_reused_in_npm_and_python() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("widget", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let failed = shop.artifact(&release, "widget-1.0.0.tgz", b"no tarball").await;
    assert_eq!(shop.attributes(&failed).await["status"], "FAILED");
    assert_ne!(shop.attributes(&failed).await["failure"], json!(null));
    shop.admin.delete(&format!("artifacts/{failed}")).await;
    shop.settle().await;
    shop.start(&release, json!({ "filename": "widget-1.0.0.tgz" })).await;
    let readme = shop.artifact(&release, "README", b"text").await;
    shop.admin.delete(&format!("artifacts/{readme}")).await;
    shop.settle().await;
    let again = shop.try_artifact(&release, json!({ "filename": "README" })).await;
    assert_eq!(again.error(), (422, "FILENAME_TAKEN", "/data/attributes/filename"));
}
