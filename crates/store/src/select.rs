//! The statements that read records of any resource.

mod arms;
#[cfg(test)]
mod plans;

use keyway_base::AccountId;
use keyway_jsonapi::{Resource, Scope};

use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::metadata_entry::MetadataEntry;
use crate::scope_sql::push_scope;
use crate::statement::{Alias, Sql, Statement};
use crate::{Order, Page, Sort};
use arms::Arms;

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
    let source = push_from(&mut sql, resource, account, scope);
    source.push_created(&mut sql, Order::Asc);
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
    let arms = account.and_then(|account| Some((account, Arms::of(resource, scope, page)?)));
    if let Some((account, arms)) = arms.filter(|_| page.sort == Sort::Created) {
        arms.push(&mut sql, resource, account, page);
        return sql.finish();
    }
    match page.sort {
        Sort::Created if is_late(scope, page) => push_late(&mut sql, resource, account, scope, page),
        Sort::Created => {
            let source = push_from(&mut sql, resource, account, scope);
            source.push_page(&mut sql, resource, page);
        }
        Sort::ReleaseVersion => {
            push_from(&mut sql, resource, account, scope).push_after(&mut sql, resource, page);
            push_versions(&mut sql, Alias::MAIN);
            push_limit(&mut sql, page);
        }
        Sort::ArtifactVersion => {
            let releases = sql.alias();
            push_join(&mut sql, resource, releases);
            push_where(&mut sql, account, scope);
            Source::of(Alias::MAIN).push_after(&mut sql, resource, page);
            push_versions(&mut sql, releases);
            push_limit(&mut sql, page);
        }
    }
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

/// Where rows come from in the order of their creation.
struct Source {
    table: Alias,
    id: &'static str,
}

impl Source {
    const fn of(table: Alias) -> Self {
        Self { table, id: "id" }
    }

    /// The part of the rows that a page has.
    fn push_page(&self, sql: &mut Sql, resource: &'static Resource, page: &Page) {
        self.push_after(sql, resource, page);
        self.push_created(sql, page.order);
        push_limit(sql, page);
    }

    /// Only rows after the row that the page begins behind. An unknown id compares with null, so nothing follows it.
    fn push_after(&self, sql: &mut Sql, resource: &'static Resource, page: &Page) {
        let Some(after) = page.after else { return };
        let cursor = sql.alias();
        sql.push(" AND (").column(self.table, "created_at").push(", ").column(self.table, self.id);
        sql.push(match page.order {
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

    fn push_created(&self, sql: &mut Sql, order: Order) {
        let direction = match order {
            Order::Asc => " ASC",
            Order::Desc => " DESC",
        };
        sql.push(" ORDER BY ").column(self.table, "created_at").push(direction).push(", ");
        sql.column(self.table, self.id).push(direction);
    }
}

fn push_columns(sql: &mut Sql, resource: &'static Resource) {
    sql.push("SELECT ");
    sql.separated(", ", resource.columns, |sql, column| {
        sql.column(Alias::MAIN, column.name);
    });
}

/// The table and the condition; from the entries of metadata where they can say which rows.
fn push_from(
    sql: &mut Sql,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
) -> Source {
    let entry = account.and_then(|account| Some((account, MetadataEntry::of(resource, scope)?)));
    let Some((account, entry)) = entry else {
        push_table(sql, resource, Alias::MAIN);
        push_where(sql, account, scope);
        return Source::of(Alias::MAIN);
    };
    let entries = sql.alias();
    // SQLite takes the tables of a CROSS JOIN in their order.
    sql.push(" FROM metadata_entries ").name(entries).push(" CROSS JOIN ");
    sql.push(resource.table).push(" ").name(Alias::MAIN).push(" WHERE ");
    sql.tenant(entries, account).push(" AND ");
    entry.push(sql, entries, resource.table);
    sql.push(" AND ");
    sql.same_tenant(Alias::MAIN);
    sql.push(" AND ").column(Alias::MAIN, "id").push(" = ").column(entries, "record_id").push(" AND ");
    push_scope(sql, Alias::MAIN, scope);
    if entry.is_ordered() { Source { table: entries, id: "record_id" } } else { Source::of(Alias::MAIN) }
}

fn push_table(sql: &mut Sql, resource: &'static Resource, alias: Alias) {
    sql.push(" FROM ").push(resource.table).push(" ").name(alias);
}

/// Whether a page's rows are found first and read afterwards: where an index of times says which rows match, they may
/// be very many, in another order than the page's.
fn is_late(scope: &Scope, page: &Page) -> bool {
    page.limit.is_some() && asks_when(scope)
}

fn asks_when(scope: &Scope) -> bool {
    match scope {
        Scope::And(all) => all.iter().any(asks_when),
        Scope::Lt(column, _) | Scope::Le(column, _) | Scope::Gt(column, _) | Scope::Ge(column, _) => {
            *column != "created_at"
        }
        _ => false,
    }
}

/// The rows of a page, by ids that are found without reading more than an index has.
fn push_late(
    sql: &mut Sql,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
    page: &Page,
) {
    push_table(sql, resource, Alias::MAIN);
    let found = sql.alias();
    sql.push(" WHERE ");
    if let Some(account) = account {
        sql.tenant(Alias::MAIN, account).push(" AND ");
    }
    sql.column(Alias::MAIN, "id").push(" IN (SELECT ").column(found, "id");
    push_table(sql, resource, found);
    sql.push(" WHERE ");
    if sql.same_tenant(found) {
        sql.push(" AND ");
    }
    push_scope(sql, found, scope);
    Source::of(found).push_page(sql, resource, page);
    sql.push(")");
    Source::of(Alias::MAIN).push_created(sql, page.order);
}

/// Artifacts with their releases, which order them.
fn push_join(sql: &mut Sql, resource: &'static Resource, releases: Alias) {
    push_table(sql, resource, Alias::MAIN);
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
