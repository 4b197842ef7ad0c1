//! A server over a small account: product and policy, a good and a suspended licence, the package `widget` of
//! the engine `toy` with one release of two files; an API that echoes.

mod behind;
mod seed;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use keyway_base::{AccountId, Clock, ManualClock, RecordId, Secret, Timestamp};
use keyway_blob::{BlobKey, BlobStore, DiskOptions, Urls};
use keyway_catalog::{CacheLimits, Catalog, Tenancy};
use keyway_crypto::signed_url::{Grant, KeyId, Method, UrlKeys};
use keyway_domain::resources::{Account, ContentManifest, ContentTag, Package};
use keyway_frontend::{FrontParts, Server, Settings, Telemetry};
use keyway_jsonapi::{Field, Record, Value};
use keyway_store::{Changes, Db, Options, Tombstone};
use keyway_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use self::behind::Behind;
use self::seed::{insert, published, put_blob, seed, seed_account};
use crate::shelf::Shelf;
use crate::toy::ENGINES;
use crate::wire::Wire;

pub(crate) use self::behind::ROOM;
pub(crate) use self::seed::{account_keys, filled};

pub(crate) const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);
pub(crate) const GOOD: &str = "GOOD-KEY";
/// The key of another licence that is as good.
pub(crate) const SPARE: &str = "SPARE-KEY";
pub(crate) const SUSPENDED: &str = "SUSPENDED-KEY";
/// A token of the product.
pub(crate) const PUBLISHER: &str = "prod-f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefv3";
/// The contents of `widget.zip`.
pub(crate) const SMALL: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

pub(crate) struct World {
    pub(crate) address: SocketAddr,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) blobs: BlobStore,
    pub(crate) behind: Arc<Behind>,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) account: AccountId,
    /// The product that licences and packages are of.
    pub(crate) product: RecordId,
    pub(crate) db: Db,
    license: Mutex<Record>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    directory: TempDir,
    _place: TestDatabase,
}

/// Bytes of `big.bin`: too many for any buffer on the way.
pub(crate) fn big() -> &'static [u8] {
    static BIG: LazyLock<Vec<u8>> = LazyLock::new(|| (0..=250).cycle().take(24 << 20).collect());
    &BIG
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A world whose release has the file `big.bin` too.
    pub(crate) async fn large(change: impl FnOnce(&mut Settings)) -> Self {
        Self::made(big(), change).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::made(b"not big", change).await
    }

    async fn made(big: &[u8], change: impl FnOnce(&mut Settings)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = TestDatabase::new();
        let db = Db::open(&Options::at(place.url(), 2).unwrap()).await.unwrap();
        let mut options = DiskOptions::new(directory.path().join("blobs"));
        options.reserve = 0;
        let blobs = BlobStore::open(options).await.unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let account = seed_account(&db, "acme", None).await;
        let license = seed(&db, &blobs, account, big).await;
        let behind = Arc::new(Behind::default());
        let shelf = Arc::new(Shelf::new(blobs.clone(), clock.clone()));
        let key = put_blob(&blobs, account, SMALL).await;
        *behind.file.lock().unwrap() = Some((key, SMALL.len() as u64));
        let mut settings = Settings::new("127.0.0.1:0".parse().unwrap());
        settings.domain = Some("example.com".to_owned());
        change(&mut settings);
        let urls = Arc::new(Urls::new("http://127.0.0.1", UrlKeys::new(KeyId(1), &Secret::new(vec![1; 32]))));
        let tenancy = Tenancy { mode: settings.mode, ..Tenancy::default() };
        let limits = CacheLimits::default();
        let server = Server::bind(FrontParts {
            catalog: Catalog::with_tenancy(db.clone(), ENGINES, clock.clone(), limits, tenancy),
            engines: ENGINES,
            blobs: blobs.clone(),
            urls: urls.clone(),
            api: behind.clone(),
            uploads: behind.clone(),
            registry: shelf.clone(),
            readiness: behind.clone(),
            clock: clock.clone(),
            telemetry: Arc::new(Telemetry::new(ENGINES)),
            settings,
            #[cfg(feature = "test-support")]
            support: None,
        });
        let server = server.await.unwrap();
        let address = server.address();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        let (stop, running) = (Some(stop), Some(running));
        let product = license.get("product_id").as_id().unwrap();
        let license = Mutex::new(license);
        Self {
            address,
            clock,
            urls,
            blobs,
            behind,
            shelf,
            account,
            product,
            db,
            license,
            stop,
            running,
            directory,
            _place: place,
        }
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire::connect(self.address).await
    }

    /// Begins to stop the server; the task ends when it has stopped.
    pub(crate) fn stop(&mut self) -> JoinHandle<()> {
        self.stop.take().unwrap().send(()).unwrap();
        self.running.take().unwrap()
    }

    /// Suspends the good licence, as another process would: through the database and its change log.
    pub(crate) async fn suspend(&self) {
        let mut license = self.license.lock().unwrap().clone();
        license.set("suspended", true.into_value());
        let mut write = self.db.begin().await.unwrap();
        assert!(write.update(&license, &["suspended"]).await.unwrap());
        write.commit(Changes::everything(self.account)).await.unwrap();
    }

    /// Pauses the account's subscription.
    pub(crate) async fn pause(&self) {
        let mut account = filled::<Account>(self.account);
        account.set("id", Value::Id(self.account.into()));
        account.set("subscription_state", Value::Text("paused".into()));
        let mut write = self.db.begin().await.unwrap();
        assert!(write.update(&account, &["subscription_state"]).await.unwrap());
        write.commit(Changes::everything(self.account)).await.unwrap();
    }

    /// Lets the good licence expire.
    pub(crate) async fn expire(&self, at: Timestamp) {
        let mut license = self.license.lock().unwrap().clone();
        license.set("expiry", Value::Time(at));
        let mut write = self.db.begin().await.unwrap();
        assert!(write.update(&license, &["expiry"]).await.unwrap());
        write.commit(Changes::everything(self.account)).await.unwrap();
    }

    /// Puts a manifest into the repository `image`, as version and tag 1.0.0.
    pub(crate) async fn add_manifest(&self, digest: &str, media_type: &str, content: &[u8]) {
        let product = self.license.lock().unwrap().get("product_id").clone();
        let mut package = filled::<Package>(self.account);
        package.set("product_id", product.clone());
        package.set("key", Value::Text("image".into()));
        package.set("normalised_key", Value::Text("image".into()));
        package.set("engine", Value::Text("oci".into()));
        let release = published(&product, &package);
        let mut manifest = filled::<ContentManifest>(self.account);
        manifest.set("package_id", Value::Id(package.id()));
        manifest.set("digest", Value::Text(digest.into()));
        manifest.set("media_type", Value::Text(media_type.into()));
        manifest.set("content", Value::Bytes(content.to_vec()));
        let mut tag = filled::<ContentTag>(self.account);
        tag.set("package_id", Value::Id(package.id()));
        tag.set("tag", Value::Text("1.0.0".into()));
        tag.set("digest", Value::Text(digest.into()));
        tag.set("release_id", Value::Id(release.id()));
        insert(&self.db, self.account, &[package, release, manifest, tag]).await;
    }

    /// Adds an account with nothing in it, and with a host of its own.
    pub(crate) async fn add_account(&self, slug: &str, host: &str) {
        let id = seed_account(&self.db, slug, Some(host)).await;
        *self.behind.other.lock().unwrap() = Some((id, slug.to_owned()));
    }

    /// Adds records.
    pub(crate) async fn insert(&self, records: &[Record]) {
        insert(&self.db, self.account, records).await;
    }

    /// Deletes a package that never was here: its name stays ours.
    pub(crate) async fn bury(&self, name: &str) {
        let account = self.account;
        let grave = Tombstone { account, engine: "toy", package: name, version: "", filename: "" };
        let mut write = self.db.begin().await.unwrap();
        write.tombstone(&grave, Timestamp::from_micros(0)).await.unwrap();
        write.commit(Changes::everything(account)).await.unwrap();
    }

    /// The path of a signed URL.
    pub(crate) fn signed(&self, change: impl FnOnce(&mut Grant)) -> String {
        let mut grant = Grant {
            method: Method::Put,
            account: self.account,
            blob: "upload".to_owned(),
            artifact: Some(RecordId::generate(START).into()),
            part: None,
            principal: "license".to_owned(),
            length_cap: Some(1 << 30),
            expires: self.clock.wall().plus(Duration::from_secs(60)),
            filename: None,
            content_type: None,
        };
        change(&mut grant);
        self.urls.url(&grant).strip_prefix("http://127.0.0.1").unwrap().to_owned()
    }

    /// How many uploads are in staging.
    pub(crate) fn staged(&self) -> usize {
        std::fs::read_dir(self.directory.path().join("blobs/staging")).unwrap().count()
    }

    pub(crate) async fn put(&self, content: &[u8]) -> BlobKey {
        put_blob(&self.blobs, self.account, content).await
    }
}
