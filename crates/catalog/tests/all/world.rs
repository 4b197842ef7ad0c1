//! A small account to look things up in.

use std::sync::Arc;

use keyway_access::{Credential, CredentialScheme, Presented, Principal, Surface};
use keyway_base::{AccountId, ManualClock, RecordId, Secret, Timestamp};
use keyway_catalog::{AccountFacts, CacheLimits, Catalog, EnvironmentFacts, Known, PrincipalError};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::{license_key, token};
use keyway_domain::resources::{
    Account, Artifact, Constraint, License, Package, Policy, Product, Release, Token,
};
use keyway_domain::touch::{Mutation, Related, ReleasePlace, belongs_to_a_release, touches};
use keyway_engine::{
    Access, Act, AnyEngine, BadPath, Challenge, Context, Denial, Descriptor, Engine, Engines, Head, Ingested,
    Need, Outcome, Plain, Reject, Reply, Sent, Site, Upload,
};
use keyway_jsonapi::{Declared, Field, Kind, Record, Scope, Value};
use keyway_store::{Changes, Db, Inserted, Options, Write};
use keyway_testkit::TestDatabase;
use keyway_versions::Scheme;

pub(crate) const START: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) account: Arc<AccountFacts>,
    pub(crate) options: Options,
    _place: TestDatabase,
}

/// An engine of which only the descriptor is used.
struct Paper;

static DESCRIPTOR: Descriptor = Descriptor {
    key: "paper",
    name: "Paper",
    scheme: Scheme::Npm,
    challenge: Challenge::Basic,
    http2: true,
    normalise: |key| Ok(key.to_lowercase()),
    ingests: &[],
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
        Plain::status(http::StatusCode::NOT_FOUND).into()
    }
    fn refuse(&self, (): &(), _: Site<'_>, _: &Denial) -> Plain {
        Plain::status(http::StatusCode::FORBIDDEN)
    }
    fn bad_path(&self, _: &BadPath) -> Plain {
        Plain::status(http::StatusCode::NOT_FOUND)
    }
    fn act(&self, (): &(), _: &Context<'_>, _: &mut Sent<'_>) -> Result<Act, Plain> {
        Ok(Act::Read)
    }
    fn render(&self, (): &(), _: &Context<'_>, _: &Outcome) -> Reply {
        Plain::status(http::StatusCode::OK).into()
    }
    fn ingest(&self, _: &mut Upload<'_>) -> Result<Ingested, Reject> {
        Err(Reject("paper is not read".to_owned()))
    }
}

static ENGINES: &[&dyn AnyEngine] = &[&Paper];

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(CacheLimits::default()).await
    }

    pub(crate) async fn with(limits: CacheLimits) -> Self {
        let place = TestDatabase::new();
        let options = Options::at(place.url(), 4).unwrap();
        let db = Db::open(&options).await.unwrap();
        let clock = Arc::new(ManualClock::at(START));
        let keys = AccountKeys::generate().unwrap();
        let id = RecordId::generate(START);
        let mut account = filled::<Account>(id.into());
        account.set("id", Value::Id(id));
        account.set("slug", Value::Text("acme".into()));
        account.set("secret", Value::Text(keys.secret().text().expose().clone()));
        account.set("keys", Value::Text(keys.to_text().into_inner()));
        let mut write = db.begin().await.unwrap();
        assert_eq!(write.insert(&account).await.unwrap(), Inserted::Yes);
        write.commit(Changes::none()).await.unwrap();
        let catalog = Catalog::new(db.clone(), Engines::new(ENGINES), clock.clone(), limits);
        let account = catalog.resolve(None, None).await.unwrap();
        Self { db, clock, catalog, account, options, _place: place }
    }

    /// A record with every column that must have a value filled in.
    pub(crate) fn record<T: Declared>(&self) -> Record {
        filled::<T>(self.account.id)
    }

    pub(crate) async fn put(&self, record: &Record) {
        put_into(&self.db, &self.account, record).await;
    }

    pub(crate) async fn put_all(&self, records: &[Record]) {
        let mut write = self.db.begin().await.unwrap();
        for record in records {
            assert_eq!(write.insert(record).await.unwrap(), Inserted::Yes);
        }
        write.commit(Changes::everything(self.account.id)).await.unwrap();
    }

    pub(crate) async fn change(&self, record: &mut Record, column: &'static str, value: Value) {
        change_in(&self.db, &self.account, record, column, value).await;
    }

    pub(crate) async fn remove(&self, record: &Record) {
        let mut write = self.db.begin().await.unwrap();
        let related = related(&mut write, &self.account, record).await;
        assert!(write.delete(record.resource, self.account.id, record.id()).await.unwrap());
        let slots = touches(Mutation { before: Some(record), after: None }, &related);
        write.commit(Changes::of(self.account.id, slots)).await.unwrap();
    }

    pub(crate) async fn product(&self, strategy: &str) -> Record {
        let mut product = self.record::<Product>();
        product.set("distribution_strategy", Value::Text(strategy.into()));
        product.set("push_status", Value::Text("PUBLISHED".into()));
        product.set("code", Value::Text(format!("code-{}", product.id())));
        self.put(&product).await;
        product
    }

    pub(crate) async fn policy(&self, product: &Record) -> Record {
        let mut policy = self.record::<Policy>();
        policy.set("product_id", Value::Id(product.id()));
        policy.set("authentication_strategy", Value::Text("MIXED".into()));
        policy.set("expiration_strategy", Value::Text("REVOKE_ACCESS".into()));
        self.put(&policy).await;
        policy
    }

    pub(crate) fn license_record(&self, policy: &Record, key: &str) -> Record {
        let mut license = self.record::<License>();
        license.set("product_id", policy.get("product_id").clone());
        license.set("policy_id", Value::Id(policy.id()));
        license.set("key", Value::Text(key.into()));
        license
    }

    pub(crate) async fn license(&self, policy: &Record, key: &str) -> Record {
        let license = self.license_record(policy, key);
        self.put(&license).await;
        license
    }

    pub(crate) async fn token(&self, kind: &str, bearer: &Record, text: &str) -> Record {
        let mut record = self.record::<Token>();
        let digest = token::digest(self.account.secret(), text);
        record.set("digest", Value::Bytes(digest.as_bytes().to_vec()));
        record.set("bearer_type", Value::Text(kind.into()));
        record.set("bearer_id", Value::Id(bearer.id()));
        self.put(&record).await;
        record
    }

    pub(crate) fn package_record(&self, product: &Record, key: &str) -> Record {
        let mut package = self.record::<Package>();
        package.set("product_id", Value::Id(product.id()));
        package.set("key", Value::Text(key.into()));
        package.set("normalised_key", Value::Text(key.to_lowercase()));
        package.set("engine", Value::Text("paper".into()));
        package
    }

    pub(crate) async fn package(&self, product: &Record, key: &str) -> Record {
        let package = self.package_record(product, key);
        self.put(&package).await;
        package
    }

    pub(crate) fn release_record(&self, product: &Record, package: Option<&Record>, version: &str) -> Record {
        let mut release = self.record::<Release>();
        release.set("product_id", Value::Id(product.id()));
        release.set("package_id", package.map_or(Value::Null, |package| Value::Id(package.id())));
        release.set("version", Value::Text(version.into()));
        release.set("version_key", Value::Text(version.into()));
        release.set("channel", Value::Text("stable".into()));
        release.set("status", Value::Text("PUBLISHED".into()));
        release
    }

    pub(crate) async fn release(&self, package: &Record, version: &str) -> Record {
        let product =
            self.db.find(Product::RESOURCE, self.account.id, &owner(package)).await.unwrap().unwrap();
        let release = self.release_record(&product, Some(package), version);
        self.put(&release).await;
        release
    }

    pub(crate) async fn artifact(&self, release: &Record, filename: &str) -> Record {
        let mut artifact = self.record::<Artifact>();
        artifact.set("release_id", Value::Id(release.id()));
        artifact.set("filename", Value::Text(filename.into()));
        artifact.set("status", Value::Text("UPLOADED".into()));
        artifact.set("blob_key", Value::Text("blob".into()));
        self.put(&artifact).await;
        artifact
    }

    pub(crate) async fn constraint(&self, release: &Record, entitlement: &Record) -> Record {
        let mut constraint = self.record::<Constraint>();
        constraint.set("release_id", Value::Id(release.id()));
        constraint.set("entitlement_id", Value::Id(entitlement.id()));
        self.put(&constraint).await;
        constraint
    }

    /// As the JSON:API has it, where a licence that does not stand is refused outright.
    pub(crate) async fn by_key(&self, key: &str) -> Result<Arc<Known<Principal>>, PrincipalError> {
        self.catalog.principal(&self.account, None, Surface::Api, &license_credential(key)).await
    }

    /// As engines have it, where the view of a package refuses.
    pub(crate) async fn by(
        &self,
        presented: &Presented,
        environment: Option<&EnvironmentFacts>,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        self.catalog.principal(&self.account, environment, Surface::Engine, presented).await
    }

    pub(crate) async fn refusal(&self, key: &str) -> &'static str {
        match self.by_key(key).await {
            Err(PrincipalError::Auth(failure)) => failure.code,
            other => panic!("{key} is not refused: {other:?}"),
        }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(std::time::Duration::from_secs(seconds));
    }
}

fn owner(package: &Record) -> Scope {
    Scope::Is("id", package.get("product_id").clone())
}

pub(crate) fn license_credential(key: &str) -> Presented {
    credential(CredentialScheme::License, key)
}

pub(crate) fn credential(scheme: CredentialScheme, secret: &str) -> Presented {
    Presented::One(Credential { scheme, secret: Secret::new(secret.to_owned()), user: None })
}

/// Writes a record as the API does: with the slots that the touch table names.
pub(crate) async fn put_into(db: &Db, account: &AccountFacts, record: &Record) {
    let mut write = db.begin().await.unwrap();
    assert_eq!(write.insert(record).await.unwrap(), Inserted::Yes);
    let related = related(&mut write, account, record).await;
    let slots = touches(Mutation { before: None, after: Some(record) }, &related);
    write.commit(Changes::of(account.id, slots)).await.unwrap();
}

pub(crate) async fn change_in(
    db: &Db,
    account: &AccountFacts,
    record: &mut Record,
    column: &'static str,
    value: Value,
) {
    let before = record.clone();
    record.set(column, value);
    let mut write = db.begin().await.unwrap();
    assert!(write.update(record, &[column]).await.unwrap());
    let related = related(&mut write, account, record).await;
    let slots = touches(Mutation { before: Some(&before), after: Some(record) }, &related);
    write.commit(Changes::of(account.id, slots)).await.unwrap();
}

async fn related(write: &mut Write, account: &AccountFacts, record: &Record) -> Related {
    let mut related = Related::default();
    if let (true, Some(key)) = (record.resource == License::RESOURCE, record.get("key").as_text()) {
        related.credentials.push(*license_key::digest(account.secret(), key).as_bytes());
    }
    if !belongs_to_a_release(record.resource) {
        return related;
    }
    let release = match record.get("release_id").as_id() {
        Some(id) => write.find(Release::RESOURCE, account.id, &Scope::id("id", id)).await.unwrap().unwrap(),
        None => record.clone(),
    };
    let package = match release.get("package_id").as_id() {
        Some(id) => write.find(Package::RESOURCE, account.id, &Scope::id("id", id)).await.unwrap(),
        None => None,
    };
    let engine = |package: &Record| package.get("engine").as_text().map(str::to_owned);
    related.places.push(ReleasePlace {
        product: release.get("product_id").as_id().unwrap(),
        package: package.map(|package| (package.id(), engine(&package))),
    });
    related
}

fn filled<T: Declared>(account: AccountId) -> Record {
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
