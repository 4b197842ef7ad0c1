//! A database in a directory of its own, and records that can be stored.

use std::sync::atomic::{AtomicI64, Ordering};

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::{Account, License, Package, Product, Release};
use keyway_jsonapi::{Declared, Kind, Record, Resource, Scope, Value};
use keyway_store::{Changes, Db, Inserted, Options, Page};
use keyway_testkit::TestDatabase;

pub(crate) const LICENSES: &Resource = License::RESOURCE;
pub(crate) const PRODUCTS: &Resource = Product::RESOURCE;
pub(crate) const PACKAGES: &Resource = Package::RESOURCE;
pub(crate) const RELEASES: &Resource = Release::RESOURCE;

pub(crate) struct World {
    pub(crate) db: Db,
    pub(crate) account: AccountId,
    url: String,
    /// The database, where it is this world's own.
    _place: Option<TestDatabase>,
    clock: AtomicI64,
}

impl World {
    pub(crate) async fn new() -> Self {
        let place = TestDatabase::new();
        let world = Self::at(&place).await;
        Self { _place: Some(place), ..world }
    }
    /// A world in a database that is given.
    pub(crate) async fn at(place: &TestDatabase) -> Self {
        let db = open(place.url()).await;
        let clock = AtomicI64::new(1_700_000_000_000_000);
        let account = AccountId::generate(Timestamp::from_micros(clock.load(Ordering::Relaxed)));
        Self { db, account, url: place.url().to_owned(), _place: None, clock }
    }
    /// Another handle on the same file, as another process would have it.
    pub(crate) async fn another(&self) -> Db {
        open(&self.url).await
    }
    /// A moment later than all before.
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.clock.fetch_add(1_000_000, Ordering::Relaxed))
    }
    /// A record with something in every column that must not be null; texts differ from record to record.
    pub(crate) fn record(&self, resource: &'static Resource) -> Record {
        let now = self.now();
        let id = if resource == Account::RESOURCE { self.account.into() } else { RecordId::generate(now) };
        let mut record = Record::new(resource, id, self.account, None, now);
        for column in resource.columns.iter().filter(|column| !column.nullable) {
            if record.get(column.name).is_null() {
                record.set(column.name, filler(column.kind, id, now));
            }
        }
        record
    }
    /// Stores a record with these values.
    pub(crate) async fn add(&self, resource: &'static Resource, values: &[(&str, Value)]) -> Record {
        let mut record = self.record(resource);
        values.iter().for_each(|(column, value)| record.set(column, value.clone()));
        self.insert(&record).await;
        record
    }
    /// Stores a record as it is.
    pub(crate) async fn insert(&self, record: &Record) {
        let mut write = self.db.begin().await.unwrap();
        assert_eq!(write.insert(record).await.unwrap(), Inserted::Yes);
        write.commit(Changes::none()).await.unwrap();
    }
    /// The ids of what matches, oldest first.
    pub(crate) async fn matching(&self, resource: &'static Resource, scope: &Scope) -> Vec<RecordId> {
        let records = self.db.list(resource, self.account, scope, &Page::all()).await.unwrap();
        records.iter().map(Record::id).collect()
    }
}

async fn open(url: &str) -> Db {
    Db::open(&Options::at(url, 2).unwrap()).await.unwrap()
}

fn filler(kind: Kind, id: RecordId, now: Timestamp) -> Value {
    match kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int => Value::Int(0),
        Kind::Text => Value::Text(format!("text of {id}")),
        Kind::Id => Value::Id(id),
        Kind::Time => Value::Time(now),
        Kind::Json => Value::Json(serde_json::json!({})),
        Kind::Bytes => Value::Bytes(id.as_bytes().to_vec()),
    }
}

/// A text value.
pub(crate) fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
