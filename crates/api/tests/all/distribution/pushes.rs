//! What the clients of an ecosystem publish goes by the API's own rules and shows in it (DESIGN §9).

use keyway_api::{Push, Wish};
use keyway_blob::BlobKey;
use keyway_engine::{Denial, Edit, Existing, Files, Manifest, Outcome, Publication, Reason};
use serde_json::{Value, json};

use super::shop::Shop;
use crate::world::{Client, change, id};

/// Blobs have the age of their files, whatever the clock of a test says.
const YEARS: std::time::Duration = std::time::Duration::from_secs(100 * 365 * 24 * 60 * 60);

fn publication(version: &str, tags: &[&str]) -> Publication {
    Publication {
        package: "@app/widget".to_owned(),
        version: version.to_owned(),
        filename: format!("widget-{version}.tgz"),
        filetype: Some("tgz"),
        media_type: "application/gzip",
        platform: None,
        description: None,
        notice: None,
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        files: Files::One,
        manifests: vec![Manifest { kind: "npm.full".to_owned(), bytes: b"{".to_vec().into() }],
    }
}

impl Shop {
    async fn push(&self, client: &Client, wish: Wish) -> Result<Outcome, Denial> {
        self.api.push(Push { asking: self.asking_of("npm", client).await, wish }).await
    }
    async fn send(
        &self,
        client: &Client,
        publication: Publication,
        bytes: &'static [u8],
    ) -> Result<Outcome, Denial> {
        self.clock.advance(std::time::Duration::from_secs(1));
        let staged = self.stage(bytes).await;
        self.push(client, Wish::Publish(Box::new(publication), staged)).await
    }
    /// Publishes as the admin; it has to be taken.
    async fn published(&self, version: &str, tags: &[&str]) {
        let outcome = self.send(&self.admin, publication(version, tags), b"bytes").await.unwrap();
        assert!(matches!(outcome, Outcome::Published { .. }), "{version}: {outcome:?}");
    }
    async fn edit(&self, edits: Vec<Edit>) -> Outcome {
        self.push(&self.admin, Wish::Change { package: "@app/widget".to_owned(), edits }).await.unwrap()
    }
    /// The tags of the package as engines see them, by version.
    async fn tags(&self) -> Vec<(String, String)> {
        let account = self.catalog.resolve(None, None).await.unwrap();
        let found = self.catalog.package(&account, None, "npm", "@app/widget").await.unwrap().unwrap();
        let package = &found.package;
        let version =
            |id| package.releases.iter().find(|release| release.id == id).unwrap().version.to_string();
        let mut tags: Vec<_> =
            package.tags.iter().map(|tag| (tag.name.clone(), version(tag.release))).collect();
        tags.sort();
        tags
    }
    async fn releases(&self) -> Vec<Value> {
        self.admin.get("releases").await.body["data"].as_array().unwrap().clone()
    }
}

fn by(outcome: &Outcome) -> Existing {
    match outcome {
        Outcome::Exists { by, .. } => *by,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_push_shows_in_the_api_and_its_bytes_stay() {
    let shop = Shop::open("LICENSED").await;
    let token = shop.product_token(&shop.product).await;
    let outcome = shop.send(&token, publication("1.0.0-rc.1", &["latest"]), b"hello").await.unwrap();
    assert!(matches!(outcome, Outcome::Published { .. }), "{outcome:?}");

    let package = shop.admin.get("packages/@app%2Fwidget").await;
    assert_eq!(package.text("/data/attributes/engine"), "npm");
    assert_eq!(package.text("/data/relationships/product/data/id"), shop.product);
    let release = shop.releases().await.remove(0);
    assert_eq!(release["attributes"]["version"], "1.0.0-rc.1");
    assert_eq!(release["attributes"]["channel"], "rc");
    assert_eq!(release["attributes"]["status"], "PUBLISHED");
    let artifacts = shop.admin.get(&format!("releases/{}/artifacts", id(&release))).await;
    let artifact = &artifacts.body["data"][0];
    assert_eq!(artifact["attributes"]["filename"], "widget-1.0.0-rc.1.tgz");
    assert_eq!(artifact["attributes"]["status"], "UPLOADED");
    assert_eq!(artifact["attributes"]["filesize"], 5);

    shop.clock.advance(YEARS);
    shop.settle().await;
    let key = BlobKey::of_content(shop.account, keyway_crypto::digest::sha256(b"hello"));
    assert_eq!(shop.blobs.head(&key).await.unwrap().len, 5);
}

#[tokio::test]
async fn bytes_of_a_refused_push_go_away() {
    let shop = Shop::open("LICENSED").await;
    shop.published("1.0.0", &[]).await;
    let refused = shop.send(&shop.admin, publication("1.0.0", &[]), b"other").await.unwrap();
    assert_eq!(by(&refused), Existing::Other);
    let key = BlobKey::of_content(shop.account, keyway_crypto::digest::sha256(b"other"));
    assert!(shop.blobs.head(&key).await.is_ok());
    shop.clock.advance(YEARS);
    shop.settle().await;
    assert!(shop.blobs.head(&key).await.is_err());
}

#[tokio::test]
async fn equal_versions_that_are_spelled_differently_share_a_release_where_the_engine_says() {
    let shop = Shop::open("LICENSED").await;
    let sent = async |version: &str, files: Files| {
        let publication = Publication { files, ..publication(version, &[]) };
        shop.send(&shop.admin, publication, b"bytes").await.unwrap()
    };
    let first = sent("1.0.0", Files::SeveralOfSpelling).await;
    assert!(matches!(first, Outcome::Published { .. }), "{first:?}");
    assert_eq!(by(&sent("1.0.0+b", Files::SeveralOfSpelling).await), Existing::Other);
    let joined = sent("1.0.0+b", Files::Several).await;
    assert!(matches!(joined, Outcome::Published { .. }), "{joined:?}");
    assert_eq!(shop.releases().await.len(), 1);
}

#[tokio::test]
async fn a_version_is_published_once() {
    let shop = Shop::open("LICENSED").await;
    shop.published("1.0.0", &[]).await;
    let again = shop.send(&shop.admin, publication("1.0.0", &[]), b"bytes").await.unwrap();
    assert_eq!(by(&again), Existing::Same);
    let build = shop.send(&shop.admin, publication("1.0.0+build", &[]), b"other").await.unwrap();
    assert_eq!(by(&build), Existing::Other);
    assert!(matches!(
        shop.edit(vec![Edit::Withdraw { version: "1.0.0".to_owned() }]).await,
        Outcome::Changed
    ));
    let withdrawn = shop.send(&shop.admin, publication("1.0.0", &[]), b"bytes").await.unwrap();
    assert_eq!(by(&withdrawn), Existing::Gone);
    let releases = shop.releases().await;
    assert_eq!(releases.len(), 1);
    assert_eq!(releases[0]["attributes"]["status"], "YANKED");
    shop.admin.delete(&format!("releases/{}", id(&releases[0]))).await;
    shop.published("2.0.0", &[]).await;
    shop.admin.delete(&format!("releases/{}", id(&shop.releases().await[0]))).await;
    let deleted = shop.send(&shop.admin, publication("2.0.0", &[]), b"bytes").await.unwrap();
    assert_eq!(by(&deleted), Existing::Gone);
}

#[tokio::test]
async fn of_two_pushes_at_once_one_wins() {
    let shop = Shop::open("LICENSED").await;
    let (one, two) = tokio::join!(
        shop.send(&shop.admin, publication("1.0.0", &[]), b"one"),
        shop.send(&shop.admin, publication("1.0.0", &[]), b"two"),
    );
    let outcomes = [one.unwrap(), two.unwrap()];
    let won = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Published { .. })).count();
    let lost = outcomes.iter().filter(|outcome| matches!(outcome, Outcome::Exists { .. })).count();
    assert_eq!((won, lost), (1, 1), "{outcomes:?}");
    assert_eq!(shop.releases().await.len(), 1);
}

#[tokio::test]
async fn customers_and_other_products_are_refused() {
    let shop = Shop::open("OPEN").await;
    let customer = shop.licensed(json!({}), json!({})).await;
    let other = shop.product("Other").await;
    let stranger = shop.product_token(&other).await;
    shop.published("1.0.0", &[]).await;
    for client in [&customer, &stranger] {
        let denied = shop.send(client, publication("1.1.0", &[]), b"x").await.unwrap_err();
        assert_eq!(denied.reason, Reason::PermissionMissing, "{denied:?}");
        let edits = vec![Edit::Withdraw { version: "1.0.0".to_owned() }];
        let wish = Wish::Change { package: "@app/widget".to_owned(), edits };
        let refused = shop.push(client, wish).await;
        assert!(matches!(refused, Err(_) | Ok(Outcome::Absent(_))), "{refused:?}");
    }
    let releases = shop.releases().await;
    assert_eq!(releases.len(), 1);
    assert_eq!(releases[0]["attributes"]["status"], "PUBLISHED");
}

#[tokio::test]
async fn a_new_package_goes_to_the_product_that_its_name_begins_with() {
    let shop = Shop::open("OPEN").await;
    shop.product("Other").await;
    shop.published("1.0.0", &[]).await;
    let package = shop.admin.get("packages/@app%2Fwidget").await;
    assert_eq!(package.text("/data/relationships/product/data/id"), shop.product);
    let stray = Publication { package: "@nobody/widget".to_owned(), ..publication("1.0.0", &[]) };
    match shop.send(&shop.admin, stray, b"x").await.unwrap() {
        Outcome::Invalid(text) => assert!(text.contains("which product"), "{text}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(shop.admin.get("packages").await.ids().len(), 1);
}

#[tokio::test]
async fn a_new_package_goes_to_the_product_that_the_account_names() {
    let shop = Shop::open("OPEN").await;
    let other = shop.product("Other").await;
    let attributes = json!({ "key": "default_product", "value": other });
    let body = crate::world::document("settings", attributes, json!({}));
    assert_eq!(shop.admin.post("accounts/acme/settings", body).await.status, 201);
    shop.published("1.0.0", &[]).await;
    let package = shop.admin.get("packages/@app%2Fwidget").await;
    assert_eq!(package.text("/data/relationships/product/data/id"), other);
    // A product's own token speaks for itself; a product that is gone is nobody's.
    let token = shop.product_token(&shop.product).await;
    let own = Publication { package: "@other/own".to_owned(), ..publication("1.0.0", &[]) };
    shop.send(&token, own, b"own").await.unwrap();
    let package = shop.admin.get("packages/@other%2Fown").await;
    assert_eq!(package.text("/data/relationships/product/data/id"), shop.product);
    shop.admin.delete(&format!("products/{other}")).await;
    let next = Publication { package: "next".to_owned(), ..publication("1.0.0", &[]) };
    shop.send(&shop.admin, next, b"next").await.unwrap();
    let package = shop.admin.get("packages/next").await;
    assert_eq!(package.text("/data/relationships/product/data/id"), shop.product);
}

#[tokio::test]
async fn a_draft_that_waits_for_its_file_is_filled_and_published() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("@app/widget", Some("npm")).await;
    let release = shop.release_with("1.0.0", json!({}), Some(&package)).await;
    let (artifact, url) = shop.start(&release, json!({ "filename": "widget-1.0.0.tgz" })).await;
    shop.published("1.0.0", &["latest"]).await;
    assert_eq!(shop.attributes(&artifact).await["status"], "UPLOADED");
    let shown = shop.admin.get(&format!("releases/{release}")).await;
    assert_eq!(shown.text("/data/attributes/status"), "PUBLISHED");
    let late = shop.put(&url, b"late").await.unwrap_err();
    assert_eq!(late.status, 409);
}

#[tokio::test]
async fn tags_stay_where_they_were_put() {
    let pairs = |tags: &[(&str, &str)]| -> Vec<(String, String)> {
        tags.iter().map(|(tag, version)| ((*tag).to_owned(), (*version).to_owned())).collect()
    };
    let shop = Shop::open("LICENSED").await;
    shop.published("1.0.0", &["latest"]).await;
    shop.published("2.0.0", &["next"]).await;
    assert_eq!(shop.tags().await, pairs(&[("latest", "1.0.0"), ("next", "2.0.0")]));
    shop.published("1.1.0", &["latest", "lts"]).await;
    let put = |tag: &str, version: &str| Edit::Tag { tag: tag.to_owned(), version: version.to_owned() };
    assert!(matches!(shop.edit(vec![put("stable", "1.1.0"), put("next", "1.1.0")]).await, Outcome::Changed));
    let all = [("latest", "1.1.0"), ("lts", "1.1.0"), ("next", "1.1.0"), ("stable", "1.1.0")];
    assert_eq!(shop.tags().await, pairs(&all));

    // all of it, or nothing
    let missing = shop.edit(vec![put("lts", "1.0.0"), put("next", "9.9.9")]).await;
    assert!(matches!(missing, Outcome::Absent(_)), "{missing:?}");
    assert_eq!(shop.tags().await, pairs(&all));

    // a newer stable version of the API's lets `latest` follow again, an older one does not
    let package = id(&shop.admin.get("packages/@app%2Fwidget").await.body["data"]);
    shop.release("1.0.5", Some(&package)).await;
    assert_eq!(shop.tags().await.len(), 4);
    shop.release("3.0.0", Some(&package)).await;
    assert_eq!(shop.tags().await, pairs(&[("lts", "1.1.0"), ("next", "1.1.0"), ("stable", "1.1.0")]));

    // a release's own tag wins, until npm puts it elsewhere
    let releases = shop.releases().await;
    let first = releases.iter().find(|release| release["attributes"]["version"] == "1.0.0").unwrap();
    let path = format!("releases/{}", id(first));
    assert_eq!(shop.admin.patch(&path, change("releases", json!({ "tag": "lts" }))).await.status, 200);
    assert_eq!(shop.tags().await, pairs(&[("next", "1.1.0"), ("stable", "1.1.0")]));
    shop.edit(vec![put("lts", "2.0.0"), Edit::Untag { tag: "next".to_owned() }]).await;
    assert_eq!(shop.tags().await, pairs(&[("lts", "2.0.0"), ("stable", "1.1.0")]));
    assert_eq!(shop.admin.get(&path).await.at("/data/attributes/tag"), &Value::Null);
}

#[tokio::test]
async fn notices_are_the_metadata_of_releases() {
    let shop = Shop::open("LICENSED").await;
    shop.published("1.0.0", &[]).await;
    let path = format!("releases/{}", id(&shop.releases().await[0]));
    let metadata = json!({ "metadata": { "team": "core" } });
    assert_eq!(shop.admin.patch(&path, change("releases", metadata)).await.status, 200);
    for (text, expected) in
        [(Some("use 2"), json!({ "team": "core", "deprecated": "use 2" })), (None, json!({ "team": "core" }))]
    {
        let text = text.map(str::to_owned);
        shop.edit(vec![Edit::Notice { version: "1.0.0".to_owned(), text }]).await;
        assert_eq!(shop.admin.get(&path).await.at("/data/attributes/metadata"), &expected);
    }
}
