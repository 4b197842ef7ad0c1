//! The unique indexes, by name, so that a conflict can say what was taken.
//!
//! Insertion is `ON CONFLICT DO NOTHING`, which works alike on every database but does not say which index
//! stood in the way; the statements here ask.

use keyway_jsonapi::{Record, Value};

use crate::StoreError;
use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::statement::{Alias, Sql, Statement};

/// A unique index: within an account no two records agree in all of its columns.
#[derive(Debug, PartialEq, Eq)]
pub struct UniqueIndex {
    /// Its name in the database (`licenses_key`).
    pub name: &'static str,
    /// The table.
    pub table: &'static str,
    /// Its columns, `account_id` left out.
    pub columns: &'static [&'static str],
    /// Whether case is ignored, as the database folds it (ASCII).
    pub caseless: bool,
    /// It holds only where this column is null.
    pub without: Option<&'static str>,
    /// Whether it holds across accounts.
    pub global: bool,
}

/// The ids of all tables.
static ID: UniqueIndex = UniqueIndex::new("id", "", &["id"]);

/// Every unique index but the primary keys.
pub(crate) static ALL: &[UniqueIndex] = &[
    UniqueIndex::new("accounts_slug", "accounts", &["slug"]).caseless().global(),
    UniqueIndex::new("accounts_cname", "accounts", &["cname"]).caseless().global(),
    UniqueIndex::new("environments_code", "environments", &["code"]).caseless(),
    UniqueIndex::new("settings_key", "settings", &["key"]),
    UniqueIndex::new("users_email", "users", &["email"]),
    UniqueIndex::new("group_owners_pair", "group_owners", &["group_id", "user_id"]),
    UniqueIndex::new("second_factors_user", "second_factors", &["user_id"]),
    UniqueIndex::new("products_code", "products", &["code"]),
    UniqueIndex::new("entitlements_code", "entitlements", &["code"]).caseless(),
    UniqueIndex::new("policy_entitlements_pair", "policy_entitlements", &["policy_id", "entitlement_id"]),
    UniqueIndex::new("keys_key", "keys", &["key"]),
    UniqueIndex::new("licenses_key", "licenses", &["key"]),
    UniqueIndex::new("license_entitlements_pair", "license_entitlements", &["license_id", "entitlement_id"]),
    UniqueIndex::new("license_users_pair", "license_users", &["license_id", "user_id"]),
    UniqueIndex::new("machines_fingerprint", "machines", &["license_id", "fingerprint"]),
    UniqueIndex::new("components_fingerprint", "components", &["machine_id", "fingerprint"]),
    UniqueIndex::new("processes_pid", "processes", &["machine_id", "pid"]),
    UniqueIndex::new("tokens_digest", "tokens", &["digest"]),
    UniqueIndex::new("engines_key", "engines", &["key"]),
    UniqueIndex::new("platforms_key", "platforms", &["key"]),
    UniqueIndex::new("arches_key", "arches", &["key"]),
    UniqueIndex::new("channels_key", "channels", &["key"]),
    UniqueIndex::new("packages_key", "packages", &["engine", "normalised_key"]),
    UniqueIndex::new("packages_key_no_engine", "packages", &["normalised_key"]).without("engine"),
    UniqueIndex::new("package_tags_tag", "package_tags", &["package_id", "tag"]),
    UniqueIndex::new("content_blobs_digest", "content_blobs", &["package_id", "digest"]),
    UniqueIndex::new("content_manifests_digest", "content_manifests", &["package_id", "digest"]),
    UniqueIndex::new("content_edges_pair", "content_edges", &["package_id", "parent", "child"]),
    UniqueIndex::new("content_tags_tag", "content_tags", &["package_id", "tag"]),
    UniqueIndex::new("releases_version", "releases", &["product_id", "package_id", "version_key"]),
    UniqueIndex::new("releases_version_no_package", "releases", &["product_id", "version_key"])
        .without("package_id"),
    UniqueIndex::new("releases_tag", "releases", &["product_id", "package_id", "tag"]),
    UniqueIndex::new("releases_tag_no_package", "releases", &["product_id", "tag"]).without("package_id"),
    UniqueIndex::new("constraints_pair", "constraints", &["release_id", "entitlement_id"]),
    UniqueIndex::new("rollouts_release", "rollouts", &["release_id"]),
    UniqueIndex::new("artifacts_filename", "artifacts", &["release_id", "filename"]),
];

impl UniqueIndex {
    const fn new(name: &'static str, table: &'static str, columns: &'static [&'static str]) -> Self {
        Self { name, table, columns, caseless: false, without: None, global: false }
    }
    const fn caseless(mut self) -> Self {
        self.caseless = true;
        self
    }
    const fn without(mut self, column: &'static str) -> Self {
        self.without = Some(column);
        self
    }
    const fn global(mut self) -> Self {
        self.global = true;
        self
    }

    /// Whether writing these columns can violate it.
    fn concerns(&self, columns: &[&str]) -> bool {
        let mut own = self.columns.iter().chain(self.without.as_ref());
        own.any(|column| columns.contains(column))
    }

    /// The statement that finds another record that stands in the way of this one; `None` when none can:
    /// nulls differ from each other.
    fn rival(&self, dialect: Dialect, record: &Record) -> Result<Option<Statement>, StoreError> {
        let holds = self.without.is_none_or(|column| record.get(column).is_null());
        if !holds || self.columns.iter().any(|column| record.get(column).is_null()) {
            return Ok(None);
        }
        let mut sql = Sql::new(dialect);
        sql.push("SELECT 1 FROM ").push(record.resource.table).push(" ").name(Alias::MAIN).push(" WHERE ");
        if !self.global {
            sql.column(Alias::MAIN, "account_id").push(" = ").param(Arg::shown(record.account()));
            sql.push(" AND ");
        }
        for column in self.columns {
            self.push_equal(&mut sql, column, record.get(column))?;
        }
        if let Some(column) = self.without {
            sql.column(Alias::MAIN, column).push(" IS NULL AND ");
        }
        if self.columns == ["id"] {
            sql.push("TRUE LIMIT 1");
        } else {
            sql.column(Alias::MAIN, "id").push(" <> ").param(Arg::shown(record.id())).push(" LIMIT 1");
        }
        Ok(Some(sql.finish()))
    }

    fn push_equal(&self, sql: &mut Sql, column: &'static str, value: &Value) -> Result<(), StoreError> {
        let arg = Arg::compared(value).ok_or(StoreError::NulByte { column })?;
        match arg {
            Arg::Text(Some(text)) if self.caseless => {
                sql.push("lower(").column(Alias::MAIN, column).push(") = ");
                sql.param(Arg::text(text.to_ascii_lowercase()));
            }
            arg => sql.dialect().push_equal(sql, Alias::MAIN, column, arg),
        }
        sql.push(" AND ");
        Ok(())
    }
}

/// An index, and the statement that tells whether a record of it stands in the way.
pub(crate) type Rival = (&'static UniqueIndex, Statement);

/// What can stand in the way of inserting the record.
///
/// # Errors
/// [`StoreError::NulByte`] for a text that cannot be stored.
pub(crate) fn rivals_of_new(dialect: Dialect, record: &Record) -> Result<Vec<Rival>, StoreError> {
    rivals(dialect, record, std::iter::once(&ID).chain(of_table(record)))
}

/// What can stand in the way of writing these columns of the record.
///
/// # Errors
/// [`StoreError::NulByte`] for a text that cannot be stored.
pub(crate) fn rivals_of_update(
    dialect: Dialect,
    record: &Record,
    columns: &[&str],
) -> Result<Vec<Rival>, StoreError> {
    rivals(dialect, record, of_table(record).filter(|index| index.concerns(columns)))
}

fn of_table(record: &Record) -> impl Iterator<Item = &'static UniqueIndex> {
    ALL.iter().filter(|index| index.table == record.resource.table)
}

fn rivals(
    dialect: Dialect,
    record: &Record,
    indexes: impl Iterator<Item = &'static UniqueIndex>,
) -> Result<Vec<Rival>, StoreError> {
    let mut rivals = Vec::new();
    for index in indexes {
        if let Some(statement) = index.rival(dialect, record)? {
            rivals.push((index, statement));
        }
    }
    Ok(rivals)
}
