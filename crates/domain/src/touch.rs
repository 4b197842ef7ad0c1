//! The touch table: which mutation makes which slots stale (`docs/freshness.md`).
//!
//! A cached principal depends on `Access`, on the `Credential` digest it was found by, on its `Token`, on the
//! `User`, and on each `License` it holds. A cached package depends on `Access` and on its `Package` and
//! `PackageKey` (or `Unpackaged` and the product). A list of names depends on `Engine`. The table below is the
//! other half: a row for each mutation of each resource. What is not in it touches nothing.

use std::collections::BTreeSet;

use keyway_base::{AccountId, RecordId, Slot, SlotKey};
use keyway_jsonapi::{Record, Resource, Value};

/// What the table must know of a mutation beside the record.
#[derive(Debug, Clone, Default)]
pub struct Related {
    /// Digests of the credentials that the record answers to, before and after: a licence's key, a token's
    /// secret. They end cached absences.
    pub credentials: Vec<[u8; 32]>,
    /// Where a release, artifact, constraint, rollout or manifest belongs, before and after.
    pub places: Vec<ReleasePlace>,
    /// Whether a manifest refers to the blob already.
    pub is_awaited: bool,
}

/// The package, or the product without a package, that a release belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePlace {
    /// The product.
    pub product: RecordId,
    /// The package and its engine's key.
    pub package: Option<(RecordId, Option<String>)>,
}

/// A mutation of one record: created when there is no `before`, deleted when there is no `after`.
#[derive(Debug, Clone, Copy)]
pub struct Mutation<'a> {
    /// The record as it was.
    pub before: Option<&'a Record>,
    /// The record as it is now.
    pub after: Option<&'a Record>,
}

impl<'a> Mutation<'a> {
    fn either(self) -> Option<&'a Record> {
        self.after.or(self.before)
    }
    fn both(self) -> impl Iterator<Item = &'a Record> {
        self.before.into_iter().chain(self.after)
    }
    /// Whether existence or any of these columns changed.
    fn changes(self, columns: &[&str]) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => {
                columns.iter().any(|column| before.get(column) != after.get(column))
            }
            _ => true,
        }
    }
    /// Whether what the metadata says under a key changed.
    fn changes_said(self, key: &str) -> bool {
        match (self.before, self.after) {
            (Some(before), Some(after)) => said(before, key) != said(after, key),
            _ => true,
        }
    }
    /// Whether existence or any column but the given ones (and `updated_at`) changed.
    fn changes_beside(self, columns: &[&str]) -> bool {
        let (Some(before), Some(after)) = (self.before, self.after) else { return true };
        let all = before.resource.columns.iter().map(|column| column.name);
        let mut relevant = all.filter(|name| *name != "updated_at" && !columns.contains(name));
        relevant.any(|name| before.get(name) != after.get(name))
    }
}

/// What a record's metadata says under a key.
fn said<'a>(record: &'a Record, key: &str) -> Option<&'a serde_json::Value> {
    match record.get("metadata") {
        Value::Json(metadata) => metadata.get(key),
        _ => None,
    }
}

/// Columns of a licence that no decision reads: changing them touches nothing.
const LICENSE_QUIET: &[&str] = &[
    "metadata",
    "uses",
    "last_validated_version",
    "last_validated_checksum",
    "last_validated_at",
    "last_check_in_at",
    "last_check_out_at",
    "lock",
    "max_machines",
    "max_processes",
    "max_users",
    "max_cores",
    "max_memory",
    "max_disk",
    "max_uses",
    "group_id",
];

/// Columns of products, environments and entitlements that no decision reads.
const PRODUCT_QUIET: &[&str] = &["metadata", "url", "platforms", "push_status"];
/// Columns of a policy that decisions read.
const POLICY_LOUD: &[&str] = &[
    "product_id",
    "protected",
    "duration",
    "expiration_basis",
    "expiration_strategy",
    "authentication_strategy",
    "pinned_channel",
    "pinned_constraint",
];

/// The only key of a product's or package's metadata that decisions read: whether updaters are given feeds of ours
/// where the vendor uploaded some.
pub const GENERATED_FEEDS: &str = "generated_feeds";

/// The slots that a mutation makes stale.
pub fn touches(mutation: Mutation<'_>, related: &Related) -> BTreeSet<Slot> {
    let mut slots = BTreeSet::new();
    let Some(record) = mutation.either() else { return slots };
    let mut touched = Touched { account: record.account(), slots: &mut slots };
    match record.resource.table {
        "accounts" => touched.account(mutation),
        "environments" | "products" | "entitlements" | "policy_entitlements"
            if mutation.changes_beside(PRODUCT_QUIET) || mutation.changes_said(GENERATED_FEEDS) =>
        {
            touched.add(SlotKey::Access(record.account()));
        }
        "policies" if mutation.changes(POLICY_LOUD) => touched.add(SlotKey::Access(record.account())),
        "users" => touched.user(mutation),
        "tokens" => touched.token(mutation),
        "licenses" => touched.license(mutation),
        "license_entitlements" => touched.id(mutation, "license_id", SlotKey::License),
        "license_users" => {
            touched.id(mutation, "license_id", SlotKey::License);
            touched.id(mutation, "user_id", SlotKey::User);
        }
        "packages" => touched.package(mutation),
        "package_tags" | "content_manifests" | "content_tags" | "content_roots" => {
            touched.id(mutation, "package_id", SlotKey::Package);
        }
        // A blob that is new to a repository is part of nothing yet, unless a manifest was there before it.
        "content_blobs" if mutation.after.is_none() || related.is_awaited => {
            touched.id(mutation, "package_id", SlotKey::Package);
        }
        _ => {}
    }
    for digest in &related.credentials {
        touched.add(SlotKey::Credential(record.account(), digest));
    }
    for place in &related.places {
        touched.place(place);
    }
    slots
}

/// Whether the table needs [`Related::places`] for records of this resource.
pub fn belongs_to_a_release(resource: &Resource) -> bool {
    matches!(resource.table, "releases" | "constraints" | "rollouts" | "artifacts" | "manifests")
}

struct Touched<'s> {
    account: AccountId,
    slots: &'s mut BTreeSet<Slot>,
}

impl Touched<'_> {
    fn add(&mut self, key: SlotKey<'_>) {
        self.slots.insert(key.into());
    }

    /// The slots of the ids in a column, before and after.
    fn id(&mut self, mutation: Mutation<'_>, column: &str, key: fn(AccountId, RecordId) -> SlotKey<'static>) {
        for id in mutation.both().filter_map(|record| record.get(column).as_id()) {
            self.add(key(self.account, id));
        }
    }

    /// An account touches itself and, when they change, the names it is found by.
    fn account(&mut self, mutation: Mutation<'_>) {
        self.add(SlotKey::Account(self.account));
        if !mutation.changes(&["slug", "cname"]) {
            return;
        }
        for record in mutation.both() {
            for name in ["slug", "cname"].into_iter().filter_map(|column| record.get(column).as_text()) {
                self.add(SlotKey::AccountName(&name.to_ascii_lowercase()));
            }
        }
    }

    fn user(&mut self, mutation: Mutation<'_>) {
        if mutation.changes(&["email", "role", "permissions", "banned_at", "first_name", "last_name"]) {
            self.id(mutation, "id", SlotKey::User);
        }
    }

    fn token(&mut self, mutation: Mutation<'_>) {
        if mutation.changes(&["digest", "expiry", "permissions", "bearer_id", "bearer_type"]) {
            self.id(mutation, "id", SlotKey::Token);
            for digest in mutation.both().filter_map(|record| record.get("digest").as_bytes()) {
                self.add(SlotKey::Credential(self.account, digest));
            }
        }
    }

    /// A licence touches its own slot and its owner's, so that a user's entry need not name those it lacks yet.
    fn license(&mut self, mutation: Mutation<'_>) {
        if mutation.changes_beside(LICENSE_QUIET) {
            self.id(mutation, "id", SlotKey::License);
            self.id(mutation, "owner_id", SlotKey::User);
        }
    }

    fn package(&mut self, mutation: Mutation<'_>) {
        if !mutation.changes_beside(&["metadata"]) && !mutation.changes_said(GENERATED_FEEDS) {
            return;
        }
        self.id(mutation, "id", SlotKey::Package);
        for record in mutation.both() {
            let Value::Text(key) = record.get("normalised_key") else { continue };
            let engine = record.get("engine").as_text().unwrap_or("");
            self.add(SlotKey::PackageKey(self.account, engine, key));
            self.add(SlotKey::Engine(self.account, engine));
        }
    }

    fn place(&mut self, place: &ReleasePlace) {
        match &place.package {
            Some((id, engine)) => {
                self.add(SlotKey::Package(self.account, *id));
                self.add(SlotKey::Engine(self.account, engine.as_deref().unwrap_or("")));
            }
            None => self.add(SlotKey::Unpackaged(self.account, place.product)),
        }
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, Timestamp};
    use keyway_jsonapi::Declared;

    use super::*;
    use crate::resources::{
        Account, Artifact, Constraint, ContentBlob, License, LicenseUser, Package, Policy, Product, Release,
        Rollout, Token,
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
}
