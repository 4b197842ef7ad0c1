//! The records of the small account.

use std::sync::OnceLock;

use bytes::Bytes;
use keyway_base::{AccountId, RecordId};
use keyway_blob::{BlobKey, BlobStore};
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::resources::{Account, Artifact, License, Package, Policy, Product, Release, Token};
use keyway_jsonapi::{Declared, Field, Kind, Record, Value};
use keyway_store::{Changes, Db, Inserted};

use super::{GOOD, PUBLISHER, SMALL, SPARE, START, SUSPENDED};

pub(super) async fn put_blob(blobs: &BlobStore, account: AccountId, content: &[u8]) -> BlobKey {
    let mut staging = blobs.stage(account, 1 << 30, None).await.unwrap();
    staging.write(Bytes::copy_from_slice(content)).await.unwrap();
    blobs.commit(staging.finish().await.unwrap()).await.unwrap()
}

/// Generating keys takes long: once for all tests.
pub(crate) fn account_keys() -> &'static AccountKeys {
    static KEYS: OnceLock<AccountKeys> = OnceLock::new();
    KEYS.get_or_init(|| AccountKeys::generate().unwrap())
}

pub(super) async fn seed_account(db: &Db, slug: &str, cname: Option<&str>) -> AccountId {
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
pub(super) async fn seed(db: &Db, blobs: &BlobStore, account: AccountId, big: &[u8]) -> Record {
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
pub(super) fn published(product: &Value, package: &Record) -> Record {
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

pub(super) async fn insert(db: &Db, account: AccountId, records: &[Record]) {
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
