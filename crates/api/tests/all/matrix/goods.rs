//! What the stage's product has to give: a package, releases, a file that has arrived.

use std::sync::Arc;

use bytes::Bytes;
use keyway_base::Clock;
use keyway_jobs::{Parts, Runner};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::stage::Stage;
use crate::world::{ENGINES, document, id, one};

impl Stage {
    /// A package with two releases; the older asks for the entitlement and has a file.
    pub(super) async fn stock(&mut self) {
        let package = self.new_package("stocked", Some("raw")).await;
        self.name("package", package.clone());
        let relations = self.of_product(Some(&package));
        let attributes = |version| json!({"version": version, "channel": "stable", "status": "PUBLISHED"});
        let release = id(&self.make("releases", attributes("1.0.0"), relations.clone()).await);
        self.make("releases", attributes("2.0.0"), relations).await;
        let constraint = self.constrain(&release).await;
        self.name("constraint", constraint);
        let artifact = self.upload(&release).await;
        self.name("artifact", artifact);
        self.name("release", release);
        for (name, path) in
            [("engine", "engines"), ("platform", "platforms"), ("arch", "arches"), ("channel", "channels")]
        {
            let listed = self.admin.get(path).await.ids();
            self.name(name, listed.first().unwrap_or_else(|| panic!("no {path}")).clone());
        }
    }

    pub(super) async fn new_package(&self, key: &str, engine: Option<&str>) -> String {
        let attributes = json!({"name": key, "key": key, "engine": engine});
        id(&self.make("packages", attributes, self.of_product(None)).await)
    }

    /// A published release without a package.
    pub(super) async fn new_release(&self, version: &str) -> String {
        let attributes = json!({"version": version, "channel": "stable", "status": "PUBLISHED"});
        id(&self.make("releases", attributes, self.of_product(None)).await)
    }

    /// A rollout of a release to a tenth.
    pub(super) async fn new_rollout(&self, release: &str) -> String {
        let attributes = json!({ "percentage": 10 });
        id(&self.make("rollouts", attributes, one("release", "releases", release)).await)
    }

    /// Makes a release ask for the entitlement; gives the constraint.
    pub(super) async fn constrain(&self, release: &str) -> String {
        let entitlement = one("entitlement", "entitlements", self.known("entitlement"));
        let body = json!({"data": [{"type": "constraints", "relationships": entitlement}]});
        let answer = self.admin.post(&format!("releases/{release}/constraints"), body).await;
        answer.text("/data/0/id").to_owned()
    }

    /// A file that waits for its bytes; gives its id and where they go.
    pub(super) async fn new_artifact(&self, release: &str, name: &str) -> (String, String) {
        let attributes = json!({"filename": name, "platform": "linux", "arch": "x86_64"});
        let body = document("artifacts", attributes, one("release", "releases", release));
        let answer = self.admin.post("artifacts", body).await;
        assert_eq!(answer.status, 307, "{}", answer.body);
        (answer.text("/data/id").to_owned(), answer.text("/data/links/redirect").to_owned())
    }

    async fn upload(&self, release: &str) -> String {
        let (artifact, url) = self.new_artifact(release, "app.bin").await;
        let world = self.world();
        let token = url.rsplit('/').next().unwrap();
        let grant = world.urls.read(token, world.clock.wall()).unwrap();
        let mut staging = world.blobs.stage(world.account, u64::MAX, None).await.unwrap();
        staging.write(Bytes::from_static(b"bytes")).await.unwrap();
        world.api.uploaded(&grant, staging.finish().await.unwrap()).await.unwrap();
        let clock: Arc<dyn Clock> = world.clock.clone();
        let (db, blobs, wake) = (world.db.clone(), world.blobs.clone(), Arc::new(Notify::new()));
        let parts = Parts { db, blobs, engines: ENGINES, clock, mailer: None, wake };
        Runner::new(parts).run_until_idle().await.unwrap();
        artifact
    }

    fn of_product(&self, package: Option<&str>) -> Value {
        let mut relations = one("product", "products", self.known("product"));
        if let Some(package) = package {
            relations["package"] = one("package", "packages", package)["package"].clone();
        }
        relations
    }
}
