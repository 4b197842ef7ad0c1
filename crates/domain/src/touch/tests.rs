//! The table of what each mutation touches, row by row.

use keyway_base::{AccountId, Timestamp};
use keyway_jsonapi::Declared;

use super::*;
use crate::resources::{
    Account, Artifact, Constraint, ContentBlob, License, LicenseUser, Package, Policy, Product, Release,
    Rollout, Token, WebhookEndpoint,
};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn record<T: Declared>() -> Record {
    Record::new(T::RESOURCE, RecordId::generate(NOW), account(), None, NOW)
}
fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}
fn update(before: &Record, column: &str, value: Value) -> BTreeSet<Slot> {
    let mut after = before.clone();
    after.set(column, value);
    touches(Mutation { before: Some(before), after: Some(&after) }, &Related::default())
}
fn create(after: &Record) -> BTreeSet<Slot> {
    touches(Mutation { before: None, after: Some(after) }, &Related::default())
}
fn slots(keys: &[SlotKey<'_>]) -> BTreeSet<Slot> {
    keys.iter().map(|key| Slot::from(*key)).collect()
}

#[test]
fn a_licence_touches_itself_and_its_owners_old_and_new() {
    let (old, new) = (RecordId::generate(NOW), RecordId::generate(NOW));
    let mut license = record::<License>();
    license.set("owner_id", Value::Id(old));
    let own = SlotKey::License(account(), license.id());
    let owner = SlotKey::User(account(), old);
    assert_eq!(create(&license), slots(&[own, owner]));
    assert_eq!(update(&license, "suspended", Value::Bool(true)), slots(&[own, owner]));
    assert_eq!(update(&license, "expiry", Value::Time(NOW)), slots(&[own, owner]));
    let moved = update(&license, "owner_id", Value::Id(new));
    assert_eq!(moved, slots(&[own, owner, SlotKey::User(account(), new)]));
}

#[test]
fn counters_and_metadata_touch_nothing() {
    let license = record::<License>();
    for column in ["last_validated_at", "last_check_in_at"] {
        assert!(update(&license, column, Value::Time(NOW)).is_empty(), "{column}");
    }
    assert!(update(&license, "uses", Value::Int(1)).is_empty());
    assert!(update(&license, "metadata", Value::Json(serde_json::json!({"a": 1}))).is_empty());
    let policy = record::<Policy>();
    assert!(update(&policy, "name", Value::Text("x".into())).is_empty());
}

#[test]
fn policies_and_products_touch_access() {
    let access = slots(&[SlotKey::Access(account())]);
    let policy = record::<Policy>();
    assert_eq!(update(&policy, "expiration_strategy", Value::Text("REVOKE_ACCESS".into())), access);
    assert_eq!(update(&policy, "authentication_strategy", Value::Text("NONE".into())), access);
    assert_eq!(update(&policy, "pinned_channel", Value::Text("beta".into())), access);
    assert_eq!(update(&policy, "pinned_constraint", Value::Text("1".into())), access);
    assert_eq!(update(&record::<Product>(), "distribution_strategy", Value::Text("OPEN".into())), access);
}

#[test]
fn an_account_touches_its_old_and_new_names() {
    let mut acme = record::<Account>();
    acme.set("slug", Value::Text("Acme".into()));
    acme.set("cname", Value::Text("get.acme.example".into()));
    let own = SlotKey::Account(account());
    let (slug, host) = (SlotKey::AccountName("acme"), SlotKey::AccountName("get.acme.example"));
    assert_eq!(create(&acme), slots(&[own, slug, host]));
    assert_eq!(update(&acme, "name", Value::Text("x".into())), slots(&[own]));
    let renamed = update(&acme, "slug", Value::Text("acme-inc".into()));
    assert_eq!(renamed, slots(&[own, slug, host, SlotKey::AccountName("acme-inc")]));
    assert_eq!(update(&acme, "cname", Value::Null), slots(&[own, slug, host]));
}

#[test]
fn credentials_end_cached_absences() {
    let mut token = record::<Token>();
    token.set("digest", Value::Bytes(vec![7; 32]));
    let own = SlotKey::Token(account(), token.id());
    let old = SlotKey::Credential(account(), &[7; 32]);
    assert_eq!(create(&token), slots(&[own, old]));
    let regenerated = update(&token, "digest", Value::Bytes(vec![8; 32]));
    assert_eq!(regenerated, slots(&[own, old, SlotKey::Credential(account(), &[8; 32])]));
    let license = record::<License>();
    let related = Related { credentials: vec![[9; 32]], ..Related::default() };
    let touched = touches(Mutation { before: None, after: Some(&license) }, &related);
    assert!(touched.contains(&Slot::from(SlotKey::Credential(account(), &[9; 32]))));
}

#[test]
fn a_renamed_package_touches_both_names() {
    let mut package = record::<Package>();
    package.set("engine", Value::Text("npm".into()));
    package.set("normalised_key", Value::Text("old".into()));
    let touched = update(&package, "normalised_key", Value::Text("new".into()));
    let expected = slots(&[
        SlotKey::Package(account(), package.id()),
        SlotKey::PackageKey(account(), "npm", "old"),
        SlotKey::PackageKey(account(), "npm", "new"),
        SlotKey::Engine(account(), "npm"),
    ]);
    assert_eq!(touched, expected);
}

#[test]
fn metadata_that_asks_for_our_feeds_touches_what_feeds_are_made_of() {
    let asked = |asked: bool| Value::Json(serde_json::json!({ "generated_feeds": asked, "a": 1 }));
    let mut package = record::<Package>();
    package.set("engine", Value::Text("electron".into()));
    package.set("normalised_key", Value::Text("app".into()));
    let own = slots(&[
        SlotKey::Package(account(), package.id()),
        SlotKey::PackageKey(account(), "electron", "app"),
        SlotKey::Engine(account(), "electron"),
    ]);
    assert_eq!(update(&package, "metadata", asked(true)), own);
    assert!(update(&package, "metadata", Value::Json(serde_json::json!({ "a": 1 }))).is_empty());
    let access = slots(&[SlotKey::Access(account())]);
    let mut product = record::<Product>();
    assert_eq!(update(&product, "metadata", asked(false)), access);
    product.set("metadata", asked(false));
    assert_eq!(update(&product, "metadata", asked(true)), access);
    assert!(update(&product, "metadata", asked(false)).is_empty());
}

#[test]
fn a_blob_touches_its_repository_once_it_is_part_of_something() {
    let package = RecordId::generate(NOW);
    let mut blob = record::<ContentBlob>();
    blob.set("package_id", Value::Id(package));
    let own = slots(&[SlotKey::Package(account(), package)]);
    let added = Mutation { before: None, after: Some(&blob) };
    assert_eq!(touches(added, &Related::default()), slots(&[]));
    assert_eq!(touches(added, &Related { is_awaited: true, ..Related::default() }), own);
    let removed = Mutation { before: Some(&blob), after: None };
    assert_eq!(touches(removed, &Related::default()), own);
}

#[test]
fn attaching_a_user_touches_licence_and_user() {
    let (license, user) = (RecordId::generate(NOW), RecordId::generate(NOW));
    let mut join = record::<LicenseUser>();
    join.set("license_id", Value::Id(license));
    join.set("user_id", Value::Id(user));
    let expected = slots(&[SlotKey::License(account(), license), SlotKey::User(account(), user)]);
    assert_eq!(create(&join), expected);
    assert_eq!(touches(Mutation { before: Some(&join), after: None }, &Related::default()), expected);
}

#[test]
fn whatever_hangs_on_a_release_touches_where_it_belongs() {
    for resource in [Release::RESOURCE, Constraint::RESOURCE, Rollout::RESOURCE, Artifact::RESOURCE] {
        assert!(belongs_to_a_release(resource), "{}", resource.table);
    }
    assert!(!belongs_to_a_release(Product::RESOURCE));
}

#[test]
fn releases_touch_their_package_or_their_product() {
    let (product, package) = (RecordId::generate(NOW), RecordId::generate(NOW));
    let artifact = record::<Artifact>();
    let inside = ReleasePlace { product, package: Some((package, Some("pypi".into()))) };
    let outside = ReleasePlace { product, package: None };
    let related = Related { places: vec![inside, outside], ..Related::default() };
    let touched = touches(Mutation { before: Some(&artifact), after: None }, &related);
    let expected = slots(&[
        SlotKey::Package(account(), package),
        SlotKey::Engine(account(), "pypi"),
        SlotKey::Unpackaged(account(), product),
    ]);
    assert_eq!(touched, expected);
}

#[test]
fn a_webhook_endpoint_touches_those_of_the_account() {
    let endpoint = record::<WebhookEndpoint>();
    let own = slots(&[SlotKey::Webhooks(account())]);
    assert_eq!(create(&endpoint), own);
    assert_eq!(update(&endpoint, "subscriptions", Value::Json(serde_json::json!([]))), own);
}
