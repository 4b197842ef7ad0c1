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
        "webhook_endpoints" => touched.add(SlotKey::Webhooks(record.account())),
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
mod tests;
