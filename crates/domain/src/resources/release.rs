//! Releases (`distribution.md` §5.2): one version of a product or package.

use keyway_jsonapi::{
    Alias, Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, Value, resource, text_enum,
};

use super::filter::id_filter;

/// The keys of the channels.
pub(super) const CHANNELS: &[&str] = &["stable", "rc", "beta", "alpha", "dev"];

text_enum! {
    /// Where a release stands (`distribution.md` §3.3).
    ReleaseStatus {
        /// Seen by the vendor only.
        Draft = "DRAFT",
        /// Out.
        Published = "PUBLISHED",
        /// Withdrawn.
        Yanked = "YANKED",
    }
}

resource! {
    /// A release. `version` is verbatim; `version_key` is what makes versions equal; the `semver_*` columns
    /// order releases in SQL (`distribution.md` §6.2) and are null where the ecosystem's version has no semver.
    Release (kind: "releases", name: "release", noun: "release", table: "releases") {
        /// The product.
        product_id: keyway_base::ProductId,
        /// The package, if any.
        package_id: Option<keyway_base::PackageId>,
        /// Display name.
        name: Option<String>,
        /// Release notes.
        description: Option<String>,
        /// `stable`, `rc`, `beta`, `alpha`, `dev`.
        channel: String,
        /// Where it stands.
        status: ReleaseStatus,
        /// A movable name.
        tag: Option<String>,
        /// The version, verbatim in ecosystems with an engine, normalised otherwise.
        version: String,
        /// The version's normalised form: equal keys are equal versions.
        version_key: String,
        /// Semver.
        semver_major: Option<i64>,
        /// Semver.
        semver_minor: Option<i64>,
        /// Semver.
        semver_patch: Option<i64>,
        /// Pre-release, as written.
        semver_prerelease: Option<String>,
        /// Build metadata, as written.
        semver_build: Option<String>,
        /// Sort column.
        semver_pre_word: Option<String>,
        /// Sort column.
        semver_pre_num: Option<i64>,
        /// Sort column.
        semver_build_word: Option<String>,
        /// Sort column.
        semver_build_num: Option<i64>,
        /// The date that access windows see instead of the creation date.
        backdated_at: Option<keyway_base::Timestamp>,
        /// When it was yanked.
        yanked_at: Option<keyway_base::Timestamp>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("description", 16_384).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("channel", Shape::Text)
            .required()
            .schema(CHANNELS)
            .write(Roles::ALL, Roles::NONE),
        Attribute::new("status", Shape::Text).schema(&["DRAFT", "PUBLISHED"]).write(Roles::ALL, Roles::NONE),
        Attribute::text("tag", 255).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::text("version", 255).required().write(Roles::ALL, Roles::NONE),
        Attribute::new("semver", Shape::Metadata).computed(),
        Attribute::metadata().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::time("backdated").column("backdated_at").nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::time("yanked").column("yanked_at"),
    ]
    relations: [
        Relation::one("product", "products", "product_id").create(Roles::ALL).required(),
        Relation::one("package", "packages", "package_id").create(Roles::ALL).nullable(),
        Relation::many("entitlements", "entitlements"),
        Relation::many("constraints", "constraints").create(Roles::ALL),
        Relation::many("artifacts", "artifacts"),
        Relation::many("upgrade", "releases"),
    ]
    aliases: [Alias::exact("version"), Alias::exact("tag")]
    filters: [
        Filter { name: "status", scope: |value, _| value.text().map(|text| Scope::text("status", text.to_uppercase())) },
        Filter { name: "channel", scope: |value, _| channel("channel", value) },
        id_filter!("product", "product_id"),
        Filter { name: "package", scope: |value, _| package("package_id", value) },
        Filter { name: "engine", scope: |value, _| engine("package_id", value) },
        Filter { name: "yanked", scope: |value, _| super::filter::flag(value, Scope::text("status", "YANKED")) },
        Filter { name: "entitlements", scope: |value, _| entitlements(value) },
        Filter { name: "constraints", scope: |value, _| entitlements(value) },
    ]
    events: [
        "created", "updated", "deleted", "published", "yanked", "upgraded", "downloaded", "package.updated",
        "constraints.attached", "constraints.detached",
    ]
}

/// The channel's lattice (`distribution.md` §6.4), by key or id; an unknown channel matches nothing.
pub(super) fn channel(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    if let Ok(id) = text.parse::<keyway_base::RecordId>() {
        let branches = ["stable", "rc", "beta", "alpha", "dev"].map(|key| {
            let named = Scope::Exists {
                table: "channels",
                local: "account_id",
                foreign: "account_id",
                scope: Box::new(Scope::id("id", id).and(Scope::text("key", key))),
            };
            named.and(included(column, key))
        });
        return Some(branches.into_iter().fold(Scope::None, Scope::or));
    }
    Some(included(column, text))
}

fn included(column: &'static str, channel: &str) -> Scope {
    let channels: &[&str] = match channel {
        "stable" => &["stable"],
        "rc" => &["stable", "rc"],
        "beta" => &["stable", "rc", "beta"],
        "alpha" => &["stable", "rc", "beta", "alpha"],
        "dev" => &["dev"],
        _ => return Scope::None,
    };
    Scope::In(column, channels.iter().map(|key| Value::Text((*key).to_owned())).collect())
}

/// By id or key; blank means "has none".
pub(super) fn package(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let QueryValue::Text(text) = value else { return None };
    Some(match text.trim() {
        "" => Scope::IsNull(column),
        text => match text.parse::<keyway_base::RecordId>() {
            Ok(id) => Scope::id(column, id),
            Err(_) => Scope::belongs("packages", column, Scope::text("key", text)),
        },
    })
}

/// By id or key; blank means "has none".
pub(super) fn engine(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let QueryValue::Text(text) = value else { return None };
    Some(match text.trim() {
        "" => Scope::IsNull(column).or(Scope::belongs("packages", column, Scope::IsNull("engine"))),
        text => {
            let engine = match text.parse::<keyway_base::RecordId>() {
                Ok(id) => Scope::Exists {
                    table: "engines",
                    local: "engine",
                    foreign: "key",
                    scope: Box::new(Scope::id("id", id)),
                },
                Err(_) => Scope::text("engine", text),
            };
            Scope::belongs("packages", column, engine)
        }
    })
}

/// Releases whose constraint set is a subset of the given codes.
fn entitlements(value: &QueryValue) -> Option<Scope> {
    let QueryValue::List(items) = value else { return None };
    let codes: Vec<Value> =
        items.iter().filter_map(QueryValue::text).map(|t| Value::Text(t.to_owned())).collect();
    let outside = Scope::belongs("entitlements", "entitlement_id", Scope::In("code", codes)).negate();
    Some(Scope::has("constraints", "release_id", outside).negate())
}
