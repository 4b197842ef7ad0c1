//! One record at a time: insert, find, update, delete, conflicts.

use keyway_base::{AccountId, Timestamp};
use keyway_domain::resources::{ALL, Account, Artifact, Entitlement, LicenseUser, Token, User};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Inserted, StoreError};

use crate::world::{LICENSES, PACKAGES, PRODUCTS, RELEASES, World, text};

#[tokio::test]
async fn every_resource_comes_back_as_it_was_stored() {
    let world = World::new().await;
    for resource in ALL {
        let sparse = world.record(resource);
        world.insert(&sparse).await;
        let found = world.db.find(resource, world.account, &Scope::id("id", sparse.id())).await.unwrap();
        assert_eq!(found.as_ref(), Some(&sparse), "{}", resource.table);
    }
}

#[tokio::test]
async fn every_kind_of_value_survives() {
    let world = World::new().await;
    let moment = Timestamp::from_micros(1_600_000_000_123_456);
    let metadata = serde_json::json!({ "z": 1, "a": [true, null, "ü"], "m": { "deep": 1.5 } });
    let license = world
        .add(
            LICENSES,
            &[
                ("name", text("naïve \u{1F511} '; DROP TABLE licenses; --")),
                ("expiry", Value::Time(moment)),
                ("suspended", Value::Bool(true)),
                ("protected", Value::Bool(false)),
                ("max_memory", Value::Int(i64::MAX)),
                ("metadata", Value::Json(metadata)),
            ],
        )
        .await;
    let found = world.db.find(LICENSES, world.account, &Scope::All).await.unwrap().unwrap();
    assert_eq!(found, license);
    let digest: Vec<u8> = (0..=255).collect();
    let token = world.add(Token::RESOURCE, &[("digest", Value::Bytes(digest.clone()))]).await;
    let by_digest = Scope::Is("digest", Value::Bytes(digest));
    assert_eq!(world.db.find(Token::RESOURCE, world.account, &by_digest).await.unwrap(), Some(token));
}

#[tokio::test]
async fn many_records_go_in_together_and_none_if_one_cannot() {
    let world = World::new().await;
    let mut records: Vec<Record> = (0..100).map(|_| world.record(LICENSES)).collect();
    records.extend((0..9).map(|_| world.record(PRODUCTS)));
    let mut write = world.db.begin().await.unwrap();
    write.insert_all(&records).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    for record in &records {
        let id = Scope::id("id", record.id());
        assert_eq!(world.db.find(record.resource, world.account, &id).await.unwrap().as_ref(), Some(record));
    }

    let mut again: Vec<Record> = (0..10).map(|_| world.record(LICENSES)).collect();
    again.extend(records.first().cloned());
    let mut write = world.db.begin().await.unwrap();
    let error = write.insert_all(&again).await.unwrap_err();
    assert!(matches!(error, StoreError::Statement { .. }), "{error}");
    drop(write);
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), 100);
}

#[tokio::test]
async fn find_gives_the_oldest_and_stays_in_its_account() {
    let world = World::new().await;
    let first = world.add(LICENSES, &[("name", text("same"))]).await;
    world.add(LICENSES, &[("name", text("same"))]).await;
    let same = Scope::text("name", "same");
    assert_eq!(world.db.find(LICENSES, world.account, &same).await.unwrap(), Some(first));
    let stranger = AccountId::generate(world.now());
    assert_eq!(world.db.find(LICENSES, stranger, &same).await.unwrap(), None);
    assert_eq!(world.db.count(LICENSES, stranger, &Scope::All).await.unwrap(), 0);
}

#[tokio::test]
async fn accounts_are_found_without_knowing_the_tenant() {
    let world = World::new().await;
    let account = world.add(Account::RESOURCE, &[("slug", text("Acme"))]).await;
    let by_slug = Scope::IsCaseless("slug", "aCME".into());
    assert_eq!(world.db.account(Account::RESOURCE, &by_slug).await.unwrap(), Some(account.clone()));
    assert_eq!(world.db.accounts(Account::RESOURCE).await.unwrap(), [account]);
}

#[tokio::test]
async fn update_writes_the_named_columns_only() {
    let world = World::new().await;
    let stored = world.add(LICENSES, &[("name", text("before")), ("uses", Value::Int(1))]).await;
    let mut changed = stored.clone();
    changed.set("name", text("after"));
    changed.set("uses", Value::Int(99));
    changed.set("updated_at", Value::Time(world.now()));
    let mut write = world.db.begin().await.unwrap();
    assert!(write.update(&changed, &["name"]).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    let found = world.db.find(LICENSES, world.account, &Scope::All).await.unwrap().unwrap();
    assert_eq!(found.get("name"), &text("after"));
    assert_eq!(found.get("uses"), &Value::Int(1));
    assert_eq!(found.get("updated_at"), changed.get("updated_at"));
}

#[tokio::test]
async fn update_and_delete_say_when_the_record_is_gone() {
    let world = World::new().await;
    let record = world.add(LICENSES, &[]).await;
    let mut write = world.db.begin().await.unwrap();
    assert!(write.delete(LICENSES, world.account, record.id()).await.unwrap());
    assert!(!write.delete(LICENSES, world.account, record.id()).await.unwrap());
    assert!(!write.update(&record, &["name"]).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(world.matching(LICENSES, &Scope::All).await, []);
}

#[tokio::test]
async fn delete_where_takes_what_matches_and_counts_it() {
    let world = World::new().await;
    let product = world.add(PRODUCTS, &[("code", text("app"))]).await;
    let ours = [("product_id", Value::Id(product.id()))];
    world.add(LICENSES, &ours).await;
    world.add(LICENSES, &ours).await;
    let other = world.add(LICENSES, &[]).await;
    let mut write = world.db.begin().await.unwrap();
    let of_app = Scope::belongs("products", "product_id", Scope::text("code", "app"));
    assert_eq!(write.delete_where(LICENSES, world.account, &of_app).await.unwrap(), 2);
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(world.matching(LICENSES, &Scope::All).await, [other.id()]);
}

/// What a second record must not repeat, the values that both have, and the index that says so.
type Duplicate = (&'static Resource, Vec<(&'static str, Value)>, &'static str);

fn duplicates(world: &World) -> Vec<Duplicate> {
    let id = Value::Id(world.account.into());
    let npm = vec![("engine", text("npm")), ("normalised_key", text("widget"))];
    let version = vec![("product_id", id.clone()), ("version_key", text("1.0.0"))];
    let packaged = [version.clone(), vec![("package_id", id.clone())]].concat();
    let tag = vec![("product_id", id.clone()), ("tag", text("latest"))];
    let tag_packaged = [tag.clone(), vec![("package_id", id.clone())]].concat();
    let pair = vec![("license_id", id.clone()), ("user_id", id.clone())];
    let file = vec![("release_id", id), ("filename", text("a/b.tgz"))];
    vec![
        (LICENSES, vec![("key", text("KEY"))], "licenses_key"),
        (User::RESOURCE, vec![("email", text("a@b.example"))], "users_email"),
        (Token::RESOURCE, vec![("digest", Value::Bytes(vec![1, 2]))], "tokens_digest"),
        (PRODUCTS, vec![("code", text("app"))], "products_code"),
        (Entitlement::RESOURCE, vec![("code", text("PRO"))], "entitlements_code"),
        (PACKAGES, npm, "packages_key"),
        (PACKAGES, vec![("normalised_key", text("installer"))], "packages_key_no_engine"),
        (RELEASES, packaged, "releases_version"),
        (RELEASES, version, "releases_version_no_package"),
        (RELEASES, tag_packaged, "releases_tag"),
        (RELEASES, tag, "releases_tag_no_package"),
        (LicenseUser::RESOURCE, pair, "license_users_pair"),
        (Artifact::RESOURCE, file, "artifacts_filename"),
    ]
}

fn with(mut record: Record, values: &[(&'static str, Value)]) -> Record {
    values.iter().for_each(|(column, value)| record.set(column, value.clone()));
    record
}

#[tokio::test]
async fn an_insertion_that_repeats_something_names_the_index_and_writes_nothing() {
    for (resource, values, index) in duplicates(&World::new().await) {
        let world = World::new().await;
        world.add(resource, &values).await;
        let mut write = world.db.begin().await.unwrap();
        let inserted = write.insert(&with(world.record(resource), &values)).await.unwrap();
        assert!(
            matches!(inserted, Inserted::Conflict(found) if found.name == index),
            "{index}: {inserted:?}"
        );
        let other = world.record(resource);
        assert_eq!(write.insert(&other).await.unwrap(), Inserted::Yes, "the transaction goes on");
        write.commit(Changes::none()).await.unwrap();
        assert_eq!(world.matching(resource, &Scope::All).await.len(), 2, "{index}");
    }
}

#[tokio::test]
async fn an_update_that_repeats_something_is_refused_and_the_transaction_goes_on() {
    for (resource, values, index) in duplicates(&World::new().await) {
        let world = World::new().await;
        world.add(resource, &values).await;
        let second = world.add(resource, &[]).await;
        let columns: Vec<&str> = values.iter().map(|(column, _)| *column).collect();
        let mut write = world.db.begin().await.unwrap();
        let error = write.update(&with(second.clone(), &values), &columns).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(found) if found.name == index), "{index}: {error}");
        assert!(write.update(&second, &columns).await.unwrap(), "a record is no rival of itself");
        write.commit(Changes::none()).await.unwrap();
    }
}

#[tokio::test]
async fn codes_that_differ_in_case_only_are_one_code() {
    let world = World::new().await;
    world.add(Entitlement::RESOURCE, &[("code", text("Pro"))]).await;
    let mut write = world.db.begin().await.unwrap();
    let second = with(world.record(Entitlement::RESOURCE), &[("code", text("pRO"))]);
    let inserted = write.insert(&second).await.unwrap();
    assert!(matches!(inserted, Inserted::Conflict(index) if index.columns == ["code"]), "{inserted:?}");
}

#[tokio::test]
async fn an_id_can_be_used_once() {
    let world = World::new().await;
    let first = world.add(LICENSES, &[]).await;
    let again = with(world.record(LICENSES), &[("id", Value::Id(first.id()))]);
    let mut write = world.db.begin().await.unwrap();
    let inserted = write.insert(&again).await.unwrap();
    assert!(matches!(inserted, Inserted::Conflict(index) if index.columns == ["id"]), "{inserted:?}");
}

#[tokio::test]
async fn a_nul_byte_is_refused_before_the_database_sees_it() {
    let world = World::new().await;
    let mut write = world.db.begin().await.unwrap();
    let error = write.insert(&with(world.record(LICENSES), &[("name", text("a\0b"))])).await.unwrap_err();
    assert!(matches!(error, StoreError::NulByte { column: "name" }), "{error}");
    assert_eq!(world.matching(LICENSES, &Scope::text("name", "a\0b")).await, []);
}

#[tokio::test]
async fn a_missing_value_is_a_defect_not_a_null() {
    let world = World::new().await;
    let mut write = world.db.begin().await.unwrap();
    let error = write.insert(&with(world.record(LICENSES), &[("key", Value::Null)])).await.unwrap_err();
    assert!(matches!(error, StoreError::Statement { .. }), "{error}");
    let error = write.update(&world.record(LICENSES), &["no_such_column"]).await.unwrap_err();
    assert!(error.to_string().contains("no_such_column"), "{error}");
}

#[tokio::test]
async fn a_long_licence_key_is_kept_found_and_unique() {
    let world = World::new().await;
    // Nothing that a database could squeeze into less.
    let long: String = (0..16 * 1024_u32)
        .map(|i| char::from(33 + (i.wrapping_mul(2_654_435_761) >> 24) as u8 % 90))
        .collect();
    let first = world.add(LICENSES, &[("key", text(&long))]).await;
    world.add(LICENSES, &[("key", text(&long[1..]))]).await;
    assert_eq!(world.matching(LICENSES, &Scope::text("key", &long)).await, [first.id()]);
    let mut again = world.record(LICENSES);
    again.set("key", text(&long));
    let mut write = world.db.begin().await.unwrap();
    match write.insert(&again).await.unwrap() {
        Inserted::Conflict(index) => assert_eq!(index.name, "licenses_key"),
        Inserted::Yes => panic!("the key is there already"),
    }
}
