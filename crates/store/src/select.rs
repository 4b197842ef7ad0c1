//! The statements that read records of any resource.

#[cfg(test)]
mod plans;

use keyway_base::{AccountId, RecordId};
use keyway_jsonapi::{Resource, Scope};

use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::scope_sql::push_scope;
use crate::statement::{Alias, Sql, Statement};
use crate::{Order, Page, Sort};

/// Latest version first (`distribution.md` §6.3). Releases without a semver come last.
const BY_VERSION: [(&str, &str); 7] = [
    ("semver_major", " DESC NULLS LAST"),
    ("semver_minor", " DESC NULLS LAST"),
    ("semver_patch", " DESC NULLS LAST"),
    ("semver_pre_word", " DESC NULLS FIRST"),
    ("semver_pre_num", " DESC NULLS LAST"),
    ("semver_build_word", " DESC NULLS LAST"),
    ("semver_build_num", " DESC NULLS LAST"),
];

/// The oldest record that matches. Without an account it looks at every tenant.
pub(crate) fn find(
    dialect: Dialect,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
) -> Statement {
    let mut sql = Sql::new(dialect);
    push_columns(&mut sql, resource);
    push_from(&mut sql, resource, account, scope);
    push_created(&mut sql, " ASC");
    sql.push(" LIMIT 1");
    sql.finish()
}

/// A part of the records that match.
pub(crate) fn list(
    dialect: Dialect,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
    page: &Page,
) -> Statement {
    let mut sql = Sql::new(dialect);
    push_columns(&mut sql, resource);
    let releases = sql.alias();
    if page.sort == Sort::ArtifactVersion {
        push_join(&mut sql, resource, releases);
    } else {
        sql.push(" FROM ").push(resource.table).push(" ").name(Alias::MAIN);
    }
    push_where(&mut sql, account, scope);
    if let Some(after) = page.after {
        push_after(&mut sql, resource, page.order, after);
    }
    match page.sort {
        Sort::Created if page.order == Order::Asc => push_created(&mut sql, " ASC"),
        Sort::Created => push_created(&mut sql, " DESC"),
        Sort::ReleaseVersion => push_versions(&mut sql, Alias::MAIN),
        Sort::ArtifactVersion => push_versions(&mut sql, releases),
    }
    push_limit(&mut sql, page);
    sql.finish()
}

/// How many records match.
pub(crate) fn count(
    dialect: Dialect,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("SELECT count(*)");
    push_from(&mut sql, resource, Some(account), scope);
    sql.finish()
}

fn push_columns(sql: &mut Sql, resource: &'static Resource) {
    sql.push("SELECT ");
    sql.separated(", ", resource.columns, |sql, column| {
        sql.column(Alias::MAIN, column.name);
    });
}

fn push_from(sql: &mut Sql, resource: &'static Resource, account: Option<AccountId>, scope: &Scope) {
    sql.push(" FROM ").push(resource.table).push(" ").name(Alias::MAIN);
    push_where(sql, account, scope);
}

/// Artifacts with their releases, which order them.
fn push_join(sql: &mut Sql, resource: &'static Resource, releases: Alias) {
    sql.push(" FROM ").push(resource.table).push(" ").name(Alias::MAIN);
    sql.push(" JOIN releases ").name(releases).push(" ON ");
    sql.column(releases, "account_id").push(" = ").column(Alias::MAIN, "account_id").push(" AND ");
    sql.column(releases, "id").push(" = ").column(Alias::MAIN, "release_id");
}

/// The tenant and the condition.
pub(crate) fn push_where(sql: &mut Sql, account: Option<AccountId>, scope: &Scope) {
    sql.push(" WHERE ");
    if let Some(account) = account {
        sql.tenant(Alias::MAIN, account).push(" AND ");
    }
    push_scope(sql, Alias::MAIN, scope);
}

/// Only rows after the row with this id. An unknown id compares with null, so nothing follows it.
fn push_after(sql: &mut Sql, resource: &'static Resource, order: Order, after: RecordId) {
    let cursor = sql.alias();
    sql.push(" AND (").column(Alias::MAIN, "created_at").push(", ").column(Alias::MAIN, "id");
    sql.push(match order {
        Order::Asc => ") > (SELECT ",
        Order::Desc => ") < (SELECT ",
    });
    sql.column(cursor, "created_at").push(", ").column(cursor, "id");
    sql.push(" FROM ").push(resource.table).push(" ").name(cursor).push(" WHERE ");
    if sql.same_tenant(cursor) {
        sql.push(" AND ");
    }
    sql.column(cursor, "id").push(" = ").param(Arg::shown(after)).push(")");
}

fn push_created(sql: &mut Sql, direction: &'static str) {
    sql.push(" ORDER BY ").column(Alias::MAIN, "created_at").push(direction).push(", ");
    sql.column(Alias::MAIN, "id").push(direction);
}

fn push_versions(sql: &mut Sql, releases: Alias) {
    sql.push(" ORDER BY ");
    for (column, direction) in BY_VERSION {
        sql.column(releases, column).push(direction).push(", ");
    }
    sql.column(Alias::MAIN, "created_at").push(" DESC, ").column(Alias::MAIN, "id").push(" DESC");
}

fn push_limit(sql: &mut Sql, page: &Page) {
    if page.limit.is_none() && page.offset == 0 {
        return;
    }
    // SQLite has no offset without a limit.
    sql.push(" LIMIT ").param(Arg::int(page.limit.map_or(i64::MAX, i64::from)));
    if page.offset > 0 {
        sql.push(" OFFSET ").param(Arg::int(page.offset.into()));
    }
}
