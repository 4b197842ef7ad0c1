//! A server over a small account: product and policy, a good and a suspended licence, the package `widget` of
//! the engine `toy` with one release of two files; an API that echoes.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use keyway_base::{AccountId, Clock, LicenseId, ManualClock, RecordId, Secret, Timestamp};
use keyway_blob::{BlobKey, BlobStore, DiskOptions, InParts, Staged, Urls};
use keyway_catalog::{CacheLimits, Catalog, Tenancy};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::signed_url::{Grant, KeyId, Method, UrlKeys};
use keyway_domain::resources::{
    Account, Artifact, ContentManifest, ContentTag, License, Package, Policy, Product, Release, Token,
};
use keyway_engine::{Denial, Outcome};
use keyway_frontend::{
    ApiAnswer, ApiAnswerBody, ApiCall, Boxed, FrontParts, JsonApi, Push, Readiness, Refusal, Served, Server,
    Settings, Telemetry, Uploads,
};
use keyway_jsonapi::{ApiError, Declared, Field, Kind, Record, Value};
use keyway_store::{Changes, Db, Inserted, Options, Tombstone};
use keyway_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use crate::shelf::Shelf;
use crate::toy::ENGINES;
use crate::wire::Wire;

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
    db: Db,
    license: Mutex<Record>,
    stop: Option<oneshot::Sender<()>>,
    running: Option<JoinHandle<()>>,
    directory: TempDir,
    _place: TestDatabase,
}

/// What stands behind the front end, and what happened to it.
#[derive(Default)]
pub(crate) struct Behind {
    pub(crate) uploads: Mutex<Vec<Staged>>,
    pub(crate) pushes: Mutex<Vec<Push>>,
    pub(crate) served: Mutex<Vec<Served>>,
    /// The licences whose time was started.
    pub(crate) started: Mutex<Vec<LicenseId>>,
    pub(crate) conflict: AtomicBool,
    pub(crate) unready: AtomicBool,
    pub(crate) mutations: AtomicUsize,
    /// Lets `POST /v1/slow` go on.
    pub(crate) go_on: Notify,
    /// Tells that `POST /v1/slow` arrived.
    pub(crate) arrived: Notify,
    file: Mutex<Option<(BlobKey, u64)>>,
    /// The account that has a host of its own, and its slug.
    other: Mutex<Option<(AccountId, String)>>,
}

impl JsonApi for Behind {
    fn handle(&self, call: ApiCall) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move {
            let mut headers = HeaderMap::new();
            let (status, body) = match call.path.as_str() {
                "/v1/panic" => panic!("the API was told to"),
                "/v1/secret" => (StatusCode::UNAUTHORIZED, Bytes::new()),
                "/v1/slow" => {
                    self.arrived.notify_one();
                    self.go_on.notified().await;
                    self.mutations.fetch_add(1, Ordering::SeqCst);
                    (StatusCode::CREATED, Bytes::from_static(b"{}"))
                }
                "/v1/forbidden" => (StatusCode::FORBIDDEN, Bytes::new()),
                "/v1/nothing" => (StatusCode::NO_CONTENT, Bytes::new()),
                "/v1/away" => (StatusCode::SEE_OTHER, Bytes::from_static(b"{\"links\":{}}")),
                "/v1/missing" => (StatusCode::NOT_FOUND, Bytes::from_static(b"{\"errors\":[]}")),
                "/v1/made" => (StatusCode::CREATED, Bytes::from_static(b"{\"data\":1}")),
                "/v1/file" => {
                    let (blob, size) = self.file.lock().unwrap().unwrap();
                    let (filename, content_type) = ("Widget 1.zip".to_owned(), "application/zip".to_owned());
                    let body = ApiAnswerBody::File { blob, digest: None, filename, content_type, size };
                    return ApiAnswer { status: StatusCode::OK, headers, body };
                }
                _ => {
                    headers.insert("keygen-version", HeaderValue::from_static("1.8"));
                    if let Some((id, slug)) = self.other.lock().unwrap().as_ref()
                        && call.host_account == Some(*id)
                    {
                        headers.insert("x-slug", slug.parse().unwrap());
                    }
                    if let Some(link) = &call.short_link {
                        let account = link.account.as_deref().unwrap_or("-");
                        headers.insert("x-short", format!("{account} {}", link.below).parse().unwrap());
                    }
                    let line = format!("{} {}?{} {}", call.method, call.path, call.query, call.peer);
                    (StatusCode::OK, Bytes::from([line.as_bytes(), b" ", &call.body].concat()))
                }
            };
            ApiAnswer { status, headers, body: ApiAnswerBody::Bytes(body) }
        })
    }
    fn ignores_body(&self, method: &http::Method, path: &str) -> bool {
        method == http::Method::PUT && path == "/v1/bodiless"
    }
    fn refuse(&self, call: ApiCall, error: ApiError) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move { Self::error(&call, &error) })
    }
}

impl Behind {
    /// An error as the API would answer it, as far as these tests look.
    fn error(call: &ApiCall, error: &ApiError) -> ApiAnswer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/vnd.api+json; charset=utf-8"));
        headers.insert("keygen-version", HeaderValue::from_static("1.8"));
        if let Some(seconds) = error.retry_after {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        let body = error.body(&call.request_id.to_string()).to_string();
        ApiAnswer { status: error.status, headers, body: ApiAnswerBody::Bytes(body.into()) }
    }
}

impl Uploads for Behind {
    fn admit<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<(), Refusal>> {
        let revoked = grant.principal == "revoked";
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "access was revoked");
        Box::pin(async move { if revoked { Err(refusal) } else { Ok(()) } })
    }
    fn part<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<InParts, Refusal>> {
        Box::pin(async move {
            self.admit(grant).await?;
            Ok(InParts { key: grant.blob.parse().unwrap(), id: String::new(), size: 12, part_size: 5 })
        })
    }
    fn uploaded(&self, _: Grant, staged: Staged) -> Boxed<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if self.conflict.load(Ordering::SeqCst) {
                return Err(Refusal::new(StatusCode::CONFLICT, "the artifact was uploaded already"));
            }
            self.uploads.lock().unwrap().push(staged);
            Ok(())
        })
    }
    fn downloaded(&self, _: AccountId, license: LicenseId) -> Boxed<'_, Result<(), Refusal>> {
        self.started.lock().unwrap().push(license);
        Box::pin(async { Ok(()) })
    }
    fn push(&self, push: Push) -> Boxed<'_, Result<Outcome, Denial>> {
        Box::pin(async move {
            self.pushes.lock().unwrap().push(push);
            Ok(Outcome::Changed)
        })
    }
    fn served(&self, served: Served) {
        self.served.lock().unwrap().push(served);
    }
}

impl Readiness for Behind {
    fn check(&self) -> Boxed<'_, Result<(), String>> {
        let unready = self.unready.load(Ordering::SeqCst);
        Box::pin(
            async move { if unready { Err("the database cannot be reached".to_owned()) } else { Ok(()) } },
        )
    }
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

async fn put_blob(blobs: &BlobStore, account: AccountId, content: &[u8]) -> BlobKey {
    let mut staging = blobs.stage(account, 1 << 30, None).await.unwrap();
    staging.write(Bytes::copy_from_slice(content)).await.unwrap();
    blobs.commit(staging.finish().await.unwrap()).await.unwrap()
}

/// Generating keys takes long: once for all tests.
pub(crate) fn account_keys() -> &'static AccountKeys {
    static KEYS: OnceLock<AccountKeys> = OnceLock::new();
    KEYS.get_or_init(|| AccountKeys::generate().unwrap())
}

async fn seed_account(db: &Db, slug: &str, cname: Option<&str>) -> AccountId {
    let keys = account_keys();
    let id = RecordId::generate(START);
    let mut account = filled::<Account>(id.into());
    account.set("id", Value::Id(id));
    account.set("slug", Value::Text(slug.into()));
    account.set("cname", cname.map(str::to_owned).into_value());
    account.set("name", Value::Text("Acme".into()));
    account.set("secret", Value::Text(keys.secret().text().expose().clone()));
    account.set("keys", Value::Text(keys.to_text().into_inner()));
    insert(db, id.into(), &[account]).await;
    id.into()
}

/// Makes everything below the account; gives back the good licence.
async fn seed(db: &Db, blobs: &BlobStore, account: AccountId, big: &[u8]) -> Record {
    let mut product = filled::<Product>(account);
    product.set("distribution_strategy", Value::Text("LICENSED".into()));
    product.set("push_status", Value::Text("PUBLISHED".into()));
    let mut policy = filled::<Policy>(account);
    policy.set("product_id", Value::Id(product.id()));
    policy.set("authentication_strategy", Value::Text("MIXED".into()));
    policy.set("expiration_basis", Value::Text("FROM_FIRST_DOWNLOAD".into()));
    policy.set("duration", Value::Int(86_400));
    let license = |key: &str, suspended: bool| {
        let mut license = filled::<License>(account);
        license.set("product_id", Value::Id(product.id()));
        license.set("policy_id", Value::Id(policy.id()));
        license.set("key", Value::Text(key.into()));
        license.set("name", Value::Text(key.to_lowercase()));
        license.set("suspended", suspended.into_value());
        license
    };
    let (good, spare, suspended) = (license(GOOD, false), license(SPARE, false), license(SUSPENDED, true));
    let mut package = filled::<Package>(account);
    package.set("product_id", Value::Id(product.id()));
    package.set("key", Value::Text("widget".into()));
    package.set("normalised_key", Value::Text("widget".into()));
    package.set("name", Value::Text("Widget".into()));
    package.set("engine", Value::Text("toy".into()));
    let release = published(&Value::Id(product.id()), &package);
    let small = artifact(blobs, &release, "widget.zip", SMALL).await;
    let large = artifact(blobs, &release, "big.bin", big).await;
    let mut token = filled::<Token>(account);
    token.set("bearer_type", Value::Text("products".into()));
    token.set("bearer_id", Value::Id(product.id()));
    token.set("kind", Value::Text("product-token".into()));
    let digest = keyway_crypto::token::digest(account_keys().secret(), PUBLISHER);
    token.set("digest", Value::Bytes(digest.as_bytes().to_vec()));
    let records = [product, policy, good.clone(), spare, suspended, package, release, small, large, token];
    insert(db, account, &records).await;
    good
}

/// Version 1.0.0 of a package.
fn published(product: &Value, package: &Record) -> Record {
    let mut release = filled::<Release>(package.account());
    release.set("product_id", product.clone());
    release.set("package_id", Value::Id(package.id()));
    release.set("version", Value::Text("1.0.0".into()));
    release.set("version_key", Value::Text("1.0.0".into()));
    release.set("channel", Value::Text("stable".into()));
    release.set("status", Value::Text("PUBLISHED".into()));
    release
}

async fn artifact(blobs: &BlobStore, release: &Record, filename: &str, content: &[u8]) -> Record {
    let account = release.account();
    let key = put_blob(blobs, account, content).await;
    let digests = keyway_crypto::digest::Digests::of(content);
    let mut artifact = filled::<Artifact>(account);
    artifact.set("release_id", Value::Id(release.id()));
    artifact.set("filename", Value::Text(filename.into()));
    artifact.set("status", Value::Text("UPLOADED".into()));
    artifact.set("blob_key", Value::Text(key.to_string()));
    artifact.set("content_type", Value::Text("application/zip".into()));
    artifact.set("content_length", Value::Int(i64::try_from(content.len()).unwrap()));
    for (column, bytes) in [
        ("md5", digests.md5.as_bytes().as_slice()),
        ("sha1", digests.sha1.as_bytes().as_slice()),
        ("sha256", digests.sha256.as_bytes().as_slice()),
        ("sha512", digests.sha512.as_bytes().as_slice()),
    ] {
        artifact.set(column, Value::Bytes(bytes.to_vec()));
    }
    artifact
}

async fn insert(db: &Db, account: AccountId, records: &[Record]) {
    let mut write = db.begin().await.unwrap();
    for record in records {
        assert_eq!(write.insert(record).await.unwrap(), Inserted::Yes);
    }
    write.commit(Changes::everything(account)).await.unwrap();
}

/// A record with every column that must have a value filled in.
pub(crate) fn filled<T: Declared>(account: AccountId) -> Record {
    let id = RecordId::generate(START);
    let mut record = Record::new(T::RESOURCE, id, account, None, START);
    for column in T::RESOURCE.columns.iter().filter(|column| !column.nullable) {
        if !record.get(column.name).is_null() {
            continue;
        }
        let attribute = T::RESOURCE.attributes.iter().find(|attribute| attribute.column == Some(column.name));
        let texts = attribute.and_then(|attribute| attribute.one_of.or(attribute.schema_one_of));
        let value = match (column.kind, texts) {
            (Kind::Text, Some(texts)) => Value::Text((*texts.first().unwrap()).to_owned()),
            (Kind::Text, None) => Value::Text(format!("{}-{id}", column.name)),
            (Kind::Json, _) if column.name == "permissions" => Value::Json(serde_json::json!(["*"])),
            (Kind::Json, _) => Value::Json(serde_json::json!({})),
            (Kind::Int, _) => Value::Int(0),
            (Kind::Bool, _) => false.into_value(),
            (Kind::Bytes, _) => Value::Bytes(Vec::new()),
            (Kind::Id, _) => Value::Id(id),
            (Kind::Time, _) => Value::Time(START),
        };
        record.set(column.name, value);
    }
    record
}
