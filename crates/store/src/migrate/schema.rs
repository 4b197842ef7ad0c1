//! The schema against the declarations: a column that is declared but not migrated, or the other way round,
//! is noticed here.

use keyway_domain::resources::{ALL, Account};
use keyway_jsonapi::{Declared as _, Kind, Resource};

use super::{LEDGER, SQLITE, checksum, migrate};
use crate::arg::Arg;
use crate::row::Row;
use crate::session::Session;
use crate::sqlite::SqlitePools;
use crate::statement::Statement;
use crate::{StoreError, unique};

async fn pools() -> (tempfile::TempDir, SqlitePools) {
    let directory = tempfile::tempdir().unwrap();
    let pools = SqlitePools::open(&directory.path().join("keyway.db"), 1).await.unwrap();
    migrate(pools.transaction().await.unwrap()).await.unwrap();
    (directory, pools)
}

async fn rows(session: &mut Session, text: &'static str, argument: &str) -> Vec<Row> {
    session.rows(Statement::fixed(text, vec![Arg::text(argument)])).await.unwrap()
}

const fn sql_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Bool | Kind::Int | Kind::Time => "INTEGER",
        Kind::Text | Kind::Id | Kind::Json => "TEXT",
        Kind::Bytes => "BLOB",
    }
}

/// Name, type and whether null is allowed, in order.
async fn columns(session: &mut Session, table: &str) -> Vec<(String, String, bool)> {
    const INFO: &str = "SELECT name, type, \"notnull\" FROM pragma_table_info($1) ORDER BY cid";
    let rows = rows(session, INFO, table).await;
    let read = |row: &Row| (row.text(0).unwrap(), row.text(1).unwrap(), row.int(2).unwrap() == 0);
    rows.iter().map(read).collect()
}

fn declared(resource: &Resource) -> Vec<(String, String, bool)> {
    let column = |column: &keyway_jsonapi::Column| {
        (column.name.to_owned(), sql_type(column.kind).to_owned(), column.nullable)
    };
    resource.columns.iter().map(column).collect()
}

#[tokio::test]
async fn every_declared_column_is_in_the_schema_and_no_other() {
    let (_directory, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    for resource in ALL {
        assert_eq!(columns(&mut session, resource.table).await, declared(resource), "{}", resource.table);
    }
}

#[tokio::test]
async fn every_table_is_strict_and_keyed_by_account() {
    let (_directory, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    const KEY: &str = "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk";
    const STRICT: &str = "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = $1";
    for resource in ALL {
        let key = rows(&mut session, KEY, resource.table).await;
        let key: Vec<_> = key.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(key, ["account_id", "id"], "{}", resource.table);
        let strict = rows(&mut session, STRICT, resource.table).await;
        assert_eq!(strict.first().unwrap().int(0), Some(1), "{}", resource.table);
    }
}

/// The definition of a unique index, as the list in `unique.rs` implies it.
fn definition(index: &unique::UniqueIndex) -> String {
    let fold = |column: &&str| if index.caseless { format!("lower({column})") } else { (*column).to_owned() };
    let account = (!index.global).then(|| "account_id".to_owned());
    let columns: Vec<_> = account.into_iter().chain(index.columns.iter().map(fold)).collect();
    let only = index.without.map(|column| format!(" WHERE {column} IS NULL")).unwrap_or_default();
    format!("CREATE UNIQUE INDEX {} ON {} ({}){only}", index.name, index.table, columns.join(", "))
}

#[tokio::test]
async fn the_list_of_unique_indexes_is_that_of_the_schema() {
    let (_directory, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    const UNIQUE: &str = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE $1 ORDER BY name";
    let rows = rows(&mut session, UNIQUE, "CREATE UNIQUE INDEX%").await;
    let internal = |sql: &String| !sql.contains(" ON jobs ");
    let found: Vec<_> = rows.iter().map(|row| row.text(0).unwrap()).filter(internal).collect();
    let mut expected: Vec<_> = unique::ALL.iter().map(definition).collect();
    expected.sort();
    assert_eq!(found, expected);
    for index in unique::ALL.iter().filter(|index| index.global) {
        assert_eq!(index.table, Account::RESOURCE.table, "{} must carry the account", index.name);
    }
}

#[tokio::test]
async fn every_table_can_be_listed_by_creation() {
    let (_directory, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    const INDEX: &str = "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = $1";
    for resource in ALL {
        let found = rows(&mut session, INDEX, &format!("{}_created", resource.table)).await;
        let sql = found.first().unwrap().text(0).unwrap();
        assert!(sql.ends_with("(account_id, created_at, id)"), "{sql}");
    }
}

#[tokio::test]
async fn running_again_changes_nothing() {
    let (_directory, pools) = pools().await;
    migrate(pools.transaction().await.unwrap()).await.unwrap();
    let mut session = pools.reader().await.unwrap();
    let ledger = Statement::fixed("SELECT version, checksum FROM schema_migrations", Vec::new());
    let rows = session.rows(ledger).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| (row.int(0).unwrap(), row.text(1).unwrap())).collect();
    let expected: Vec<_> = SQLITE.iter().map(|step| (step.version, checksum(step.text))).collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn a_database_of_another_build_is_refused() {
    let (_directory, pools) = pools().await;
    for (text, expected) in [
        ("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1", "another text"),
        ("INSERT INTO schema_migrations VALUES (9999, '9999_future', '')", "use a newer keyway"),
    ] {
        let mut session = pools.transaction().await.unwrap();
        session.script(text).await.unwrap();
        session.commit().await.unwrap();
        let error = migrate(pools.transaction().await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let pools = SqlitePools::open(&directory.path().join("keyway.db"), 1).await.unwrap();
    let mut session = pools.transaction().await.unwrap();
    session.script(LEDGER).await.unwrap();
    // The last table of the first step is in the way.
    session.script("CREATE TABLE tombstones (x INTEGER)").await.unwrap();
    session.commit().await.unwrap();
    let error = migrate(pools.transaction().await.unwrap()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Migration { name, .. } if name == "0001_spine"), "{error:?}");
    let mut session = pools.reader().await.unwrap();
    assert!(columns(&mut session, "accounts").await.is_empty());
}
