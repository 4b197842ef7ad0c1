//! What clients of a container registry push goes by the API's own rules and shows in it.

mod lasting;
mod races;
mod refused;
mod uploads;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keyway_access::{EnvironmentView, PackageSnapshot, Surface, credentials};
use keyway_base::{ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{BlobKey, Grown, GrowthState};
use keyway_catalog::{Asking, Known};
use keyway_crypto::digest::sha256;
use keyway_domain::resources::{
    ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag, ContentUpload,
};
use keyway_engine::{ContentEdit, ContentOutcome, Denial, MountFrom, NewManifest, NewTag, Outcome, Reason};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Page;
use serde_json::{Value, json};

use super::shop::Shop;
use crate::events::{beyond, logged};
use crate::world::{Client, change, id};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const REPOSITORY: &str = "app/widget";
const TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

fn digest(bytes: &[u8]) -> ContentDigest {
    ContentDigest::Sha256(*sha256(bytes).as_bytes())
}

fn movable(name: &str) -> NewTag {
    NewTag { name: name.to_owned(), version: None }
}

fn version(name: &str) -> NewTag {
    NewTag { name: name.to_owned(), version: Some(name.trim_start_matches('v').to_owned()) }
}

/// An image of these layers; its bytes only have to be told apart.
fn image(name: &str, layers: &[&[u8]], tags: Vec<NewTag>) -> NewManifest {
    let bytes = Bytes::from(format!("manifest of {name}"));
    NewManifest {
        digest: digest(&bytes),
        media_type: TYPE.to_owned(),
        bytes,
        artifact_type: None,
        subject: None,
        annotations: None,
        blobs: layers.iter().map(|layer| digest(layer)).collect(),
        foreign: Vec::new(),
        manifests: Vec::new(),
        tags,
    }
}

/// What was done, where the rules of the data refused nothing.
fn content(outcome: Outcome) -> ContentOutcome {
    match outcome {
        Outcome::Content(content) => content,
        other => panic!("{other:?}"),
    }
}

impl Shop {
    async fn asking(&self, client: &Client) -> Asking {
        self.asking_of("oci", client).await
    }
    async fn grown(&self, state: GrowthState, bytes: &[u8]) -> Grown {
        let mut growing = self.blobs.resume(state, u64::MAX).await.unwrap();
        growing.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        growing.finish().await.unwrap()
    }
    /// Sends a blob in one request.
    async fn send_blob(
        &self,
        client: &Client,
        repository: &str,
        bytes: &[u8],
    ) -> Result<ContentOutcome, Denial> {
        let state = self.blobs.grow(self.account, ContentAlgorithm::Sha256);
        let grown = self.grown(state, bytes).await;
        self.api.complete_upload(&self.asking(client).await, repository, None, grown).await.map(content)
    }
    async fn edit_as(&self, client: &Client, to: &str, edit: ContentEdit) -> Result<ContentOutcome, Denial> {
        self.clock.advance(Duration::from_secs(1));
        self.api.edit_content(&self.asking(client).await, to, &edit).await.map(content)
    }
    async fn edit_content(&self, edit: ContentEdit) -> ContentOutcome {
        self.edit_as(&self.admin, REPOSITORY, edit).await.unwrap()
    }
    async fn put_manifest(&self, new: NewManifest) -> ContentOutcome {
        self.edit_content(ContentEdit::Manifest(Box::new(new))).await
    }
    /// Pushes an image of one layer as the admin; it has to be taken.
    async fn pushed(&self, name: &str, tags: Vec<NewTag>) -> ContentDigest {
        self.send_blob(&self.admin, REPOSITORY, name.as_bytes()).await.unwrap();
        let new = image(name, &[name.as_bytes()], tags);
        let digest = new.digest;
        assert_eq!(self.put_manifest(new).await, ContentOutcome::Manifest { digest, subject: None });
        digest
    }
    pub(super) async fn repository(&self) -> Arc<Known<PackageSnapshot>> {
        let account = self.catalog.resolve(None, None).await.unwrap();
        self.catalog.package(&account, None, "oci", REPOSITORY).await.unwrap().unwrap()
    }
    /// Its tags with the versions of their releases: `1.0.0=1.0.0 latest`.
    pub(super) async fn tags_of_content(&self) -> String {
        let found = self.repository().await;
        let package = &found.package;
        let shown = package.content.tags.iter().map(|tag| match tag.release {
            Some(at) => {
                let release = package.releases.get(usize::try_from(at).unwrap()).unwrap();
                format!("{}={}", tag.name, release.version)
            }
            None => tag.name.clone(),
        });
        shown.collect::<Vec<_>>().join(" ")
    }
    /// Every release with its status.
    async fn statuses(&self) -> Vec<(String, String)> {
        let answer = self.admin.get("releases").await;
        let releases = answer.body["data"].as_array().unwrap().clone();
        let text = |release: &Value, name: &str| release["attributes"][name].as_str().unwrap().to_owned();
        releases.iter().map(|release| (text(release, "version"), text(release, "status"))).collect()
    }
    async fn rows<T: Declared>(&self) -> Vec<T> {
        let rows = self.db.list(T::RESOURCE, self.account, &Scope::All, &Page::all()).await.unwrap();
        rows.iter().map(|row| row.typed().unwrap()).collect()
    }
    async fn find_blob(&self, client: &Client, repository: &str, bytes: &[u8]) -> Option<u64> {
        let found = self.api.find_blob(&self.asking(client).await, repository, &digest(bytes)).await;
        found.unwrap().map(|(_, size)| size)
    }
    async fn begin(&self, client: &Client, repository: &str) -> Result<RecordId, Denial> {
        let algorithm = ContentAlgorithm::Sha256;
        let begun = self.api.begin_upload(&self.asking(client).await, repository, algorithm).await?;
        match content(begun) {
            ContentOutcome::Upload { id, size: 0 } => Ok(id),
            other => panic!("{other:?}"),
        }
    }
    async fn opened(&self, client: &Client, repository: &str, upload: RecordId) -> Option<GrowthState> {
        self.api.open_upload(&self.asking(client).await, repository, upload).await.unwrap()
    }
}

async fn shop() -> Shop {
    Shop::open("LICENSED").await
}

#[tokio::test]
async fn a_push_of_a_version_publishes_a_release() {
    let shop = shop().await;
    let before = logged(&shop).await;
    let token = shop.product_token(&shop.product).await;
    assert!(matches!(shop.send_blob(&token, REPOSITORY, b"layer").await, Ok(ContentOutcome::Blob { .. })));
    let new = image("one", &[b"layer"], vec![version("v1.0.0-beta.1"), movable("latest")]);
    let manifest = new.digest;
    shop.edit_as(&token, REPOSITORY, ContentEdit::Manifest(Box::new(new))).await.unwrap();

    let release = &shop.admin.get("releases").await.body["data"][0];
    assert_eq!(release["attributes"]["version"], "1.0.0-beta.1");
    assert_eq!(
        (&release["attributes"]["status"], &release["attributes"]["channel"]),
        (&json!("PUBLISHED"), &json!("beta"))
    );
    let package = &shop.admin.get("packages").await.body["data"][0];
    assert_eq!(
        (&package["attributes"]["key"], &package["attributes"]["engine"]),
        (&json!(REPOSITORY), &json!("oci"))
    );
    let events: Vec<String> = beyond(&shop, &before).await.into_iter().map(|entry| entry.event).collect();
    assert!(events.contains(&"package.created".to_owned()) && events.contains(&"release.created".to_owned()));

    assert_eq!(shop.tags_of_content().await, "latest v1.0.0-beta.1=1.0.0-beta.1");
    let found = shop.repository().await;
    let (_, stored) = found.package.content.manifest(&manifest).unwrap();
    assert_eq!(
        (&*stored.bytes, stored.media_type.as_str(), &*stored.owners),
        (&b"manifest of one"[..], TYPE, &[0][..])
    );
    let (_, layer) = found.package.content.blob(&digest(b"layer")).unwrap();
    assert_eq!((layer.size, &*layer.owners), (5, &[0][..]));
}

#[tokio::test]
async fn the_tag_of_a_published_release_stays() {
    let shop = shop().await;
    let first = shop.pushed("first", vec![version("1.0.0"), movable("stable")]).await;
    // The same again is fine, also under another spelling of the version.
    shop.pushed("first", vec![version("1.0.0"), version("v1.0.0")]).await;
    shop.send_blob(&shop.admin, REPOSITORY, b"second").await.unwrap();
    let second = image("second", &[b"second"], vec![movable("stable"), version("1.0.0")]);
    let refused = ContentOutcome::TagReleased { tag: "1.0.0".into(), version: "1.0.0".into(), gone: false };
    assert_eq!(shop.put_manifest(second).await, refused);
    // All of it was refused: the other tag has not moved, and there is no such manifest.
    let found = shop.repository().await;
    assert_eq!(found.package.content.tag("stable").unwrap().digest, first);
    assert_eq!(found.package.content.manifests.len(), 1);
    let second = shop.pushed("second", vec![movable("stable")]).await;
    assert_eq!(shop.repository().await.package.content.tag("stable").unwrap().digest, second);
    assert_eq!(shop.statuses().await, [("1.0.0".to_owned(), "PUBLISHED".to_owned())]);
}

#[tokio::test]
async fn a_product_may_have_pushes_wait_as_drafts() {
    let shop = shop().await;
    let path = format!("products/{}", shop.product);
    let changed = shop.admin.patch(&path, change("products", json!({ "pushStatus": "DRAFT" }))).await;
    assert_eq!((changed.status, changed.text("/data/attributes/pushStatus")), (200, "DRAFT"));
    shop.pushed("first", vec![version("1.0.0")]).await;
    let second = shop.pushed("second", vec![version("1.0.0")]).await;
    assert_eq!(shop.statuses().await, [("1.0.0".to_owned(), "DRAFT".to_owned())]);
    assert_eq!(shop.repository().await.package.content.tag("1.0.0").unwrap().digest, second);
    assert_eq!(shop.admin.post("releases/1.0.0/actions/publish", json!(null)).await.status, 200);
    let third = image("third", &[], vec![version("1.0.0")]);
    assert!(matches!(shop.put_manifest(third).await, ContentOutcome::TagReleased { gone: false, .. }));
    let odd = shop.admin.patch(&path, change("products", json!({ "pushStatus": "YANKED" }))).await;
    assert!((400..500).contains(&odd.status), "{}", odd.body);
}

#[tokio::test]
async fn a_release_that_loses_its_tag_is_withdrawn_for_good() {
    let shop = shop().await;
    shop.pushed("first", vec![version("1.0.0"), movable("latest")]).await;
    let untag = |tag: &str| ContentEdit::Untag { tag: tag.to_owned() };
    assert_eq!(shop.edit_content(untag("latest")).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(untag("latest")).await, ContentOutcome::ManifestUnknown);
    assert_eq!(shop.statuses().await, [("1.0.0".to_owned(), "PUBLISHED".to_owned())]);
    assert_eq!(shop.edit_content(untag("1.0.0")).await, ContentOutcome::Deleted);
    assert_eq!(shop.statuses().await, [("1.0.0".to_owned(), "YANKED".to_owned())]);
    assert_eq!(shop.tags_of_content().await, "");
    let again = image("first", &[b"first"], vec![version("1.0.0")]);
    assert!(matches!(shop.put_manifest(again).await, ContentOutcome::TagReleased { gone: true, .. }));

    let second = shop.pushed("second", vec![version("1.1.0")]).await;
    let delete = ContentEdit::DeleteManifest { digest: second };
    assert_eq!(shop.edit_content(delete.clone()).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(delete).await, ContentOutcome::ManifestUnknown);
    assert!(shop.statuses().await.iter().all(|(_, status)| status == "YANKED"));
    assert_eq!(shop.rows::<ContentEdge>().await.len(), 1, "those of the first");
}

#[tokio::test]
async fn a_deleted_release_takes_along_what_only_it_brought() {
    let shop = shop().await;
    let first = shop.pushed("first", vec![version("1.0.0")]).await;
    let second = shop.pushed("second", vec![version("1.1.0"), movable("latest")]).await;
    let mut about = image("signature", &[], Vec::new());
    about.subject = Some(first);
    shop.put_manifest(about).await;
    let mut index = image("index", &[], vec![version("2.0.0")]);
    index.manifests = vec![second];
    shop.put_manifest(index).await;
    for gone in ["1.0.0", "1.1.0"] {
        assert_eq!(shop.admin.delete(&format!("releases/{gone}")).await.status, 204);
    }
    shop.settle().await;
    let left: Vec<String> = shop.rows::<ContentManifest>().await.into_iter().map(|row| row.digest).collect();
    assert_eq!(left, [second.to_string(), digest(b"manifest of index").to_string()]);
    assert_eq!(shop.tags_of_content().await, "2.0.0=2.0.0 latest");
    let again = image("first", &[b"first"], vec![version("1.0.0")]);
    assert!(matches!(shop.put_manifest(again).await, ContentOutcome::TagReleased { gone: true, .. }));
    // A day later nothing has asked for the layer; its bytes go after their grace.
    let key: BlobKey = shop.rows::<ContentBlob>().await.first().unwrap().blob_key.parse().unwrap();
    shop.clock.advance(DAY);
    shop.settle().await;
    assert_eq!(shop.rows::<ContentBlob>().await.len(), 1);
    shop.clock.advance(DAY * 365 * 100);
    shop.settle().await;
    assert!(shop.blobs.head(&key).await.is_err());
    let kept: BlobKey = shop.rows::<ContentBlob>().await.first().unwrap().blob_key.parse().unwrap();
    assert_eq!(shop.blobs.head(&kept).await.unwrap().len, 6);
    assert_eq!(shop.rows::<ContentBlob>().await.first().unwrap().digest, digest(b"second").to_string());
}

#[tokio::test]
async fn a_deleted_package_leaves_nothing() {
    let shop = shop().await;
    shop.pushed("first", vec![version("1.0.0"), movable("latest")]).await;
    shop.begin(&shop.admin, REPOSITORY).await.unwrap();
    assert_eq!(shop.admin.delete(&format!("packages/{}", shop.package_id().await)).await.status, 204);
    shop.settle().await;
    shop.clock.advance(DAY);
    shop.settle().await;
    assert_eq!(shop.rows::<ContentBlob>().await, []);
    assert_eq!(shop.rows::<ContentManifest>().await, []);
    assert_eq!(shop.rows::<ContentEdge>().await, []);
    assert_eq!(shop.rows::<ContentTag>().await, []);
    assert_eq!(shop.rows::<ContentRoot>().await, []);
    assert_eq!(shop.rows::<ContentUpload>().await, []);
}

impl Shop {
    async fn package_id(&self) -> String {
        self.admin.get("packages").await.body["data"][0]["id"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn manifests_need_their_blobs_and_keep_them() {
    let shop = shop().await;
    shop.send_blob(&shop.admin, REPOSITORY, b"here").await.unwrap();
    let new = image("one", &[b"here", b"missing", b"here"], Vec::new());
    assert_eq!(shop.put_manifest(new).await, ContentOutcome::BlobsMissing(vec![digest(b"missing")]));
    let mut new = image("one", &[b"here"], Vec::new());
    new.foreign = vec![digest(b"elsewhere")];
    new.subject = Some(digest(b"never"));
    let put = shop.put_manifest(new).await;
    assert!(matches!(put, ContentOutcome::Manifest { subject: Some(_), .. }), "{put:?}");
    let delete = |bytes: &[u8]| ContentEdit::DeleteBlob { digest: digest(bytes) };
    assert_eq!(shop.edit_content(delete(b"here")).await, ContentOutcome::BlobInUse);
    assert_eq!(shop.edit_content(delete(b"missing")).await, ContentOutcome::BlobUnknown);
    let gone = ContentEdit::DeleteManifest { digest: digest(b"manifest of one") };
    assert_eq!(shop.edit_content(gone).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(delete(b"here")).await, ContentOutcome::Deleted);
    assert_eq!(shop.find_blob(&shop.admin, REPOSITORY, b"here").await, None);
}

#[tokio::test]
async fn a_blob_that_a_manifest_waited_for_is_seen_at_once() {
    let shop = shop().await;
    let mut new = image("one", &[], vec![version("1.0.0")]);
    new.foreign = vec![digest(b"late")];
    shop.put_manifest(new).await;
    assert!(shop.repository().await.package.content.blobs.is_empty());
    shop.send_blob(&shop.admin, REPOSITORY, b"late").await.unwrap();
    assert_eq!(shop.repository().await.package.content.blobs.len(), 1);
}

#[tokio::test]
async fn an_environment_pushes_into_its_own_repositories() {
    let shop = shop().await;
    shop.pushed("first", vec![movable("latest")]).await;
    let attributes = json!({ "name": "Staging", "code": "staging", "isolationStrategy": "SHARED" });
    let environment = id(&shop.make("environments", attributes, json!({})).await);
    let mut asking = shop.asking(&shop.admin).await;
    let staging = shop.catalog.environment(&asking.account, "staging").await.unwrap().unwrap();
    let presented = credentials(shop.admin.headers(), "", Surface::Engine).unwrap();
    let known = shop.catalog.principal(&asking.account, Some(&staging), Surface::Engine, &presented).await;
    asking.principal = known.unwrap();
    asking.environment = EnvironmentView::Shared(environment.parse().unwrap());

    let push = || ContentEdit::Manifest(Box::new(image("second", &[b"first"], vec![movable("latest")])));
    let refused = shop.api.edit_content(&asking, REPOSITORY, &push()).await.unwrap_err();
    assert!(refused.message.contains("environment is not compatible"), "{}", refused.message);
    let algorithm = ContentAlgorithm::Sha256;
    let mount = ContentEdit::Mount {
        digest: digest(b"first"),
        from: MountFrom::Named(REPOSITORY.to_owned()),
        algorithm,
    };
    let mounted = shop.api.edit_content(&asking, "app/staged", &mount).await;
    assert_eq!(
        mounted.map(content),
        Ok(ContentOutcome::Blob { digest: digest(b"first") }),
        "global ones are read"
    );
    let pushed = shop.api.edit_content(&asking, "app/staged", &push()).await;
    assert!(matches!(pushed, Ok(Outcome::Content(ContentOutcome::Manifest { .. }))), "{pushed:?}");
    assert_eq!(
        shop.find_blob(&shop.admin, "app/staged", b"first").await,
        None,
        "not there for the global one"
    );
    let first = digest(b"manifest of first");
    assert_eq!(shop.repository().await.package.content.tag("latest").unwrap().digest, first);
}
