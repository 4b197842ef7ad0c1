//! An account with a package of a paper engine, and files to upload.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use keyway_base::{AccountId, Clock as _, ManualClock, RecordId, Timestamp};
use keyway_blob::{BlobKey, BlobStore, DiskOptions};
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::resources::{Account, Artifact, Manifest, Package, Product, Release};
use keyway_engine::{
    Access, Act, AnyEngine, BadPath, Challenge, Context, Denial, Descriptor, Engine, Engines, Head, Ingested,
    Need, Outcome, Plain, Reject, Reply, Sent, Site, Upload,
};
use keyway_jobs::{Parts, Runner, kind};
use keyway_jsonapi::{Declared, Field, Kind, Record, Scope, Value};
use keyway_store::{Changes, Db, Inserted, NewJob, Options};
use keyway_testkit::TestDatabase;
use keyway_versions::Scheme;
use tempfile::TempDir;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Takes the first line of a file as its manifest, with what it is told beside it. `a.paper` and `a-back.paper` are read
/// together.
struct Paper;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "paper",
    name: "Paper",
    scheme: Scheme::Npm,
    challenge: Challenge::Basic,
    http2: true,
    normalise: |key| Ok(key.to_lowercase()),
    ingests: &[".paper"],
    body_limit: 0,
    redirects: true,
    registry: false,
    updates: false,
    newest_tag: None,
    setup: "",
};

impl Engine for Paper {
    type Op = ();
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }
    fn parse(&self, _: &Head<'_>) -> Result<(), BadPath> {
        Err(BadPath::Unknown)
    }
    fn need<'o>(&self, (): &'o ()) -> Need<'o> {
        Need::Nothing
    }
    fn variant(&self, (): &()) -> Option<u32> {
        None
    }
    fn reply(&self, (): &(), _: &Context<'_>, _: &Access<'_>) -> Reply {
        self.bad_path(&BadPath::Unknown).into()
    }
    fn refuse(&self, (): &(), _: Site<'_>, _: &Denial) -> Plain {
        self.bad_path(&BadPath::Unknown)
    }
    fn bad_path(&self, _: &BadPath) -> Plain {
        Plain::status(keyway_engine::Reason::NotLicensed.status())
    }
    fn act(&self, (): &(), _: &Context<'_>, _: &mut Sent<'_>) -> Result<Act, Plain> {
        Ok(Act::Read)
    }
    fn render(&self, (): &(), _: &Context<'_>, _: &Outcome) -> Reply {
        self.bad_path(&BadPath::Unknown).into()
    }
    fn companion(&self, filename: &str) -> Option<String> {
        let stem = filename.strip_suffix(".paper")?;
        Some(match stem.strip_suffix("-back") {
            Some(front) => format!("{front}.paper"),
            None => format!("{stem}-back.paper"),
        })
    }
    fn ingest(&self, upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
        let mut text = String::new();
        upload.body.read_to_string(&mut text).map_err(|error| Reject(error.to_string()))?;
        match text.lines().next() {
            Some("panic") => panic!("a defect of the engine"),
            Some("crumpled") => Err(Reject("the sheet is crumpled".to_owned())),
            line => {
                let mut said =
                    format!("{} {} {}", upload.package_key, upload.version, line.unwrap_or_default());
                for (beside, text) in [(" sealed by ", upload.public_key), (" signed ", upload.signature)] {
                    said.extend(text.into_iter().flat_map(|text| [beside, text]));
                }
                for other in upload.companion {
                    said += &format!(" with [{}]", String::from_utf8_lossy(&other.bytes));
                }
                let kind = "sheet".to_owned();
                Ok(Ingested {
                    manifests: vec![keyway_engine::Manifest { kind, bytes: said.into_bytes().into() }],
                })
            }
        }
    }
}

static ENGINES: &[&dyn AnyEngine] = &[&Paper];

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("still not: {what}"));
}

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) blobs: BlobStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) parts: Parts,
    pub(crate) runner: Arc<Runner>,
    pub(crate) account: AccountId,
    pub(crate) start: Timestamp,
    pub(crate) product: Record,
    pub(crate) package: Record,
    pub(crate) release: Record,
    _directory: TempDir,
    _place: TestDatabase,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = TestDatabase::new();
        let db = Db::open(&Options::at(place.url(), 2).unwrap()).await.unwrap();
        let options = DiskOptions { reserve: 0, ..DiskOptions::new(directory.path().join("blobs")) };
        let blobs = BlobStore::open(options).await.unwrap();
        let start = now_by(&blobs).await;
        let clock = Arc::new(ManualClock::at(start));
        let keys = AccountKeys::generate().unwrap();
        let id = RecordId::generate(start);
        let mut account = filled::<Account>(id.into(), start);
        account.set("id", Value::Id(id));
        account.set("secret", Value::Text(keys.secret().text().expose().clone()));
        account.set("keys", Value::Text(keys.to_text().into_inner()));
        let product = filled::<Product>(id.into(), start);
        let mut package = filled::<Package>(id.into(), start);
        package.set("product_id", Value::Id(product.id()));
        package.set("key", Value::Text("Acme".into()));
        package.set("engine", Value::Text("paper".into()));
        let mut release = filled::<Release>(id.into(), start);
        release.set("product_id", Value::Id(product.id()));
        release.set("package_id", Value::Id(package.id()));
        release.set("version", Value::Text("1.0.0".into()));
        let parts = Parts {
            db: db.clone(),
            blobs: blobs.clone(),
            engines: Engines::new(ENGINES),
            clock: clock.clone(),
            mailer: None,
            wake: Arc::new(Notify::new()),
        };
        let runner = Runner::new(parts.clone());
        let account_id = id.into();
        let world = Self {
            db,
            blobs,
            clock,
            parts,
            runner,
            account: account_id,
            start,
            product,
            package,
            release,
            _directory: directory,
            _place: place,
        };
        for record in [&account, &world.product, &world.package, &world.release] {
            world.put(record).await;
        }
        world
    }

    pub(crate) fn record<T: Declared>(&self) -> Record {
        filled::<T>(self.account, self.start)
    }

    pub(crate) async fn put(&self, record: &Record) {
        let mut write = self.db.begin().await.unwrap();
        assert_eq!(write.insert(record).await.unwrap(), Inserted::Yes);
        write.commit(Changes::none()).await.unwrap();
    }

    pub(crate) async fn update(&self, record: &Record, columns: &[&str]) {
        let mut write = self.db.begin().await.unwrap();
        assert!(write.update(record, columns).await.unwrap());
        write.commit(Changes::none()).await.unwrap();
    }

    pub(crate) async fn remove(&self, record: &Record) {
        let mut write = self.db.begin().await.unwrap();
        assert!(write.delete(record.resource, self.account, record.id()).await.unwrap());
        write.commit(Changes::none()).await.unwrap();
    }

    /// An artifact that waits for its file.
    pub(crate) fn waiting(&self, release: &Record, filename: &str) -> Record {
        let mut artifact = self.record::<Artifact>();
        artifact.set("release_id", Value::Id(release.id()));
        artifact.set("filename", Value::Text(filename.into()));
        artifact.set("status", Value::Text("WAITING".into()));
        artifact
    }

    pub(crate) async fn store(&self, bytes: &[u8]) -> BlobKey {
        let mut staging = self.blobs.stage(self.account, 1 << 20, None).await.unwrap();
        staging.write(Bytes::copy_from_slice(bytes)).await.unwrap();
        self.blobs.commit(staging.finish().await.unwrap()).await.unwrap()
    }

    /// An artifact whose file has just come in, and the job to read it.
    pub(crate) async fn uploaded(&self, mut artifact: Record, bytes: &[u8]) -> Record {
        let key = self.store(bytes).await;
        artifact.set("status", Value::Text("PROCESSING".into()));
        artifact.set("blob_key", Value::Text(key.to_string()));
        self.put(&artifact).await;
        self.enqueue(&kind::about(kind::INGEST, self.account, artifact.id(), self.now())).await;
        artifact
    }

    /// An artifact of the paper engine with this file.
    pub(crate) async fn sheet(&self, bytes: &[u8]) -> Record {
        self.uploaded(self.waiting(&self.release, "a.paper"), bytes).await
    }

    pub(crate) async fn enqueue(&self, job: &NewJob) {
        let mut write = self.db.begin().await.unwrap();
        write.enqueue(job).await.unwrap();
        write.commit(Changes::none()).await.unwrap();
    }

    pub(crate) async fn run(&self) -> usize {
        self.runner.run_until_idle().await.unwrap()
    }

    pub(crate) async fn find<T: Declared>(&self, record: &Record) -> Option<T> {
        let found = self.db.find(T::RESOURCE, self.account, &Scope::id("id", record.id())).await.unwrap();
        found.map(|record| record.typed().unwrap())
    }

    pub(crate) async fn artifact(&self, record: &Record) -> Artifact {
        self.find(record).await.unwrap()
    }

    pub(crate) async fn manifests(&self, artifact: &Record) -> Vec<Manifest> {
        let scope = Scope::id("artifact_id", artifact.id());
        let page = keyway_store::Page::all();
        let rows = self.db.list(Manifest::RESOURCE, self.account, &scope, &page).await.unwrap();
        rows.iter().map(|row| row.typed().unwrap()).collect()
    }

    pub(crate) async fn count<T: Declared>(&self) -> u64 {
        self.db.count(T::RESOURCE, self.account, &Scope::All).await.unwrap()
    }

    pub(crate) async fn holds(&self, key: &str) -> bool {
        self.blobs.head(&key.parse().unwrap()).await.is_ok()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.wall()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// The time by the file system's clock, which the age of blobs is told by.
async fn now_by(blobs: &BlobStore) -> Timestamp {
    let account = AccountId::generate(Timestamp::from_micros(0));
    let mut staging = blobs.stage(account, 16, None).await.unwrap();
    staging.write(Bytes::from_static(b"now")).await.unwrap();
    let key = blobs.commit(staging.finish().await.unwrap()).await.unwrap();
    let now = blobs.head(&key).await.unwrap().modified;
    blobs.delete(&key).await.unwrap();
    now
}

fn filled<T: Declared>(account: AccountId, now: Timestamp) -> Record {
    let id = RecordId::generate(now);
    let mut record = Record::new(T::RESOURCE, id, account, None, now);
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
            (Kind::Bytes, _) => Value::Bytes(id.as_bytes().to_vec()),
            (Kind::Id, _) => Value::Id(id),
            (Kind::Time, _) => Value::Time(now),
        };
        record.set(column.name, value);
    }
    record
}
