//! A vendor's shop: a product with packages, releases and files, and everybody who may come by.

use std::sync::Arc;

use bytes::Bytes;
use keyway_access::{EnvironmentView, Surface, credentials};
use keyway_api::BlobRefusal;
use keyway_base::Clock;
use keyway_blob::Staged;
use keyway_catalog::Asking;
use keyway_crypto::signed_url::Grant;
use keyway_jobs::{Parts, Runner};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::world::{Answer, Client, ENGINES, World, document, id, one};

pub(super) struct Shop {
    pub(super) world: World,
    pub(super) product: String,
}

impl std::ops::Deref for Shop {
    type Target = World;
    fn deref(&self) -> &World {
        &self.world
    }
}

/// The relationships of a release or package.
pub(super) fn belonging(product: &str, package: Option<&str>) -> Value {
    let mut all = one("product", "products", product);
    if let Some(package) = package {
        all["package"] = one("package", "packages", package)["package"].clone();
    }
    all
}

/// A constraint as a request has it.
pub(super) fn constraint(entitlement: &str) -> Value {
    let data = json!({ "type": "entitlements", "id": entitlement });
    json!({ "type": "constraints", "relationships": { "entitlement": { "data": data } } })
}

/// The channel of a version's pre-release word.
pub(super) fn channel(version: &str) -> &'static str {
    let label = version.split_once('-').map_or("", |(_, label)| label);
    let channels = ["rc", "beta", "alpha", "dev"];
    channels.into_iter().find(|channel| label.starts_with(channel)).unwrap_or("stable")
}

impl Shop {
    /// With an OPEN, LICENSED or CLOSED product.
    pub(super) async fn open(strategy: &str) -> Self {
        let world = World::new().await;
        let attributes = json!({ "name": "App", "code": "app", "distributionStrategy": strategy });
        let product = id(&world.make("products", attributes, json!({})).await);
        Self { world, product }
    }
    /// A package.
    pub(super) async fn package(&self, key: &str, engine: Option<&str>) -> String {
        let attributes = json!({ "name": key, "key": key, "engine": engine });
        id(&self.make("packages", attributes, belonging(&self.product, None)).await)
    }
    /// What is answered to a new release.
    pub(super) async fn try_release(&self, attributes: Value, package: Option<&str>) -> Answer {
        let mut all = json!({ "version": "1.0.0", "channel": "stable" });
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        self.admin.post("releases", document("releases", all, belonging(&self.product, package))).await
    }
    /// A release in the channel of its version, published.
    pub(super) async fn release(&self, version: &str, package: Option<&str>) -> String {
        self.release_with(version, json!({ "status": "PUBLISHED" }), package).await
    }
    /// A release in the channel of its version. Each is a second newer than the one before.
    pub(super) async fn release_with(
        &self,
        version: &str,
        attributes: Value,
        package: Option<&str>,
    ) -> String {
        self.clock.advance(std::time::Duration::from_secs(1));
        let mut all = json!({ "version": version, "channel": channel(version) });
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        let made = self.try_release(all, package).await;
        assert_eq!(made.status, 201, "{version}: {}", made.body);
        id(&made.body["data"])
    }
    /// What is answered to a new artifact.
    pub(super) async fn try_artifact(&self, release: &str, attributes: Value) -> Answer {
        let body = document("artifacts", attributes, one("release", "releases", release));
        self.admin.post("artifacts", body).await
    }
    /// An artifact that waits for its bytes, and where they go.
    pub(super) async fn start(&self, release: &str, attributes: Value) -> (String, String) {
        self.clock.advance(std::time::Duration::from_secs(1));
        let made = self.try_artifact(release, attributes).await;
        assert_eq!(made.status, 307, "{}", made.body);
        (id(&made.body["data"]), made.text("/data/links/redirect").to_owned())
    }
    /// An artifact with its bytes, read by the job.
    pub(super) async fn artifact(&self, release: &str, filename: &str, bytes: &'static [u8]) -> String {
        let (id, url) = self.start(release, json!({ "filename": filename })).await;
        self.put(&url, bytes).await.unwrap();
        self.settle().await;
        id
    }
    /// The grant in a signed URL.
    pub(super) fn grant(&self, url: &str) -> Grant {
        let token = url.strip_prefix("https://api.example.com/-/blobs/").unwrap();
        self.urls.read(token, self.clock.wall()).unwrap()
    }
    pub(super) async fn stage(&self, bytes: &'static [u8]) -> Staged {
        let mut staging = self.blobs.stage(self.account, u64::MAX, None).await.unwrap();
        staging.write(Bytes::from_static(bytes)).await.unwrap();
        staging.finish().await.unwrap()
    }
    /// Sends bytes to a signed URL, as the front end does.
    pub(super) async fn put(&self, url: &str, bytes: &'static [u8]) -> Result<(), BlobRefusal> {
        let grant = self.grant(url);
        self.api.admit(&grant).await?;
        self.api.uploaded(&grant, self.stage(bytes).await).await
    }
    /// Runs the jobs that are due.
    pub(super) async fn settle(&self) {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let parts = Parts {
            db: self.db.clone(),
            blobs: self.blobs.clone(),
            engines: ENGINES,
            clock,
            mailer: None,
            wake: Arc::new(Notify::new()),
        };
        Runner::new(parts).run_until_idle().await.unwrap();
    }
    /// An artifact as the admin sees it.
    pub(super) async fn attributes(&self, artifact: &str) -> Value {
        let answer = self.admin.get(&format!("artifacts/{artifact}?prefer=no-download")).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.at("/data/attributes").clone()
    }
    /// A client on the surface of an engine.
    pub(super) async fn asking_of(&self, engine: &'static str, client: &Client) -> Asking {
        let account = self.catalog.resolve(None, None).await.unwrap();
        let presented = credentials(client.headers(), "", Surface::Engine).unwrap();
        let principal = self.catalog.principal(&account, None, Surface::Engine, &presented).await.unwrap();
        Asking { account, environment: EnvironmentView::Global, principal, engine, request: None }
    }
    /// A client of the product's own token.
    pub(super) async fn product_token(&self, product: &str) -> Client {
        self.token_of(&format!("products/{product}")).await
    }
    /// A licence of the product, by its key.
    pub(super) async fn licensed(&self, policy: Value, license: Value) -> Client {
        let policy = self.policy(&self.product, policy).await;
        let (_, key) = self.license(&policy, license).await;
        self.key(&key)
    }
}
