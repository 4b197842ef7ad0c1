//! The schema against the declarations: a column that is declared but not migrated, or the other way round,
//! is noticed here.

use std::collections::BTreeSet;

use keyway_domain::resources::{ALL, Account};
use keyway_jsonapi::{Declared as _, Kind, Resource};

use keyway_testkit::TestDatabase;

use super::{LEDGER, checksum, migrate, run};
use crate::arg::Arg;
use crate::db::Pools;
use crate::dialect::Dialect;
use crate::row::Row;
use crate::session::Session;
use crate::statement::Statement;
use crate::{Db, Options, StoreError, unique};

async fn empty() -> (TestDatabase, Pools) {
    let place = TestDatabase::new();
    let pools = Pools::open(&Options::at(place.url(), 1).unwrap()).await.unwrap();
    (place, pools)
}

async fn pools() -> (TestDatabase, Pools) {
    let (place, pools) = empty().await;
    migrate(pools.migration().await.unwrap()).await.unwrap();
    (place, pools)
}

async fn rows(session: &mut Session, text: &'static str, argument: &str) -> Vec<Row> {
    session.rows(Statement::fixed(text, vec![Arg::text(argument)])).await.unwrap()
}

const fn sql_type(dialect: Dialect, kind: Kind) -> &'static str {
    match (dialect, kind) {
        (Dialect::Sqlite, Kind::Bool | Kind::Int | Kind::Time) => "INTEGER",
        (Dialect::Sqlite, Kind::Text | Kind::Id | Kind::Json) => "TEXT",
        (Dialect::Sqlite, Kind::Bytes) => "BLOB",
        (Dialect::Postgres, Kind::Bool) => "boolean",
        (Dialect::Postgres, Kind::Int | Kind::Time) => "bigint",
        (Dialect::Postgres, Kind::Text | Kind::Id | Kind::Json) => "text in C",
        (Dialect::Postgres, Kind::Bytes) => "bytea",
    }
}

/// Name, type and whether null is allowed, in order.
async fn columns(session: &mut Session, table: &str) -> Vec<(String, String, bool)> {
    let info = match session.dialect() {
        Dialect::Sqlite => "SELECT name, type, \"notnull\" FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT column_name::text, data_type || coalesce(' in ' || collation_name, ''), \
             CASE is_nullable WHEN 'NO' THEN 1::bigint ELSE 0 END FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    let rows = rows(session, info, table).await;
    let read = |row: &Row| (row.text(0).unwrap(), row.text(1).unwrap(), row.int(2).unwrap() == 0);
    rows.iter().map(read).collect()
}

fn declared(dialect: Dialect, resource: &Resource) -> Vec<(String, String, bool)> {
    let column = |column: &keyway_jsonapi::Column| {
        (column.name.to_owned(), sql_type(dialect, column.kind).to_owned(), column.nullable)
    };
    resource.columns.iter().map(column).collect()
}

#[tokio::test]
async fn every_declared_column_is_in_the_schema_and_no_other() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    for resource in ALL {
        let found = columns(&mut session, resource.table).await;
        assert_eq!(found, declared(session.dialect(), resource), "{}", resource.table);
    }
}

#[tokio::test]
async fn every_table_is_strict_and_keyed_by_account() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    const STRICT: &str = "SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name = $1";
    let key_of = match session.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk",
        Dialect::Postgres => {
            "SELECT a.attname::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid \
             AND a.attnum = ANY (i.indkey) WHERE i.indrelid = $1::regclass AND i.indisprimary \
             ORDER BY array_position(i.indkey::int2[], a.attnum)"
        }
    };
    for resource in ALL {
        let key = rows(&mut session, key_of, resource.table).await;
        let key: Vec<_> = key.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(key, ["account_id", "id"], "{}", resource.table);
        if session.dialect() == Dialect::Sqlite {
            let strict = rows(&mut session, STRICT, resource.table).await;
            assert_eq!(strict.first().unwrap().int(0), Some(1), "{}", resource.table);
        }
    }
}

#[tokio::test]
async fn every_table_is_known_by_name() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    let all = match session.dialect() {
        Dialect::Sqlite => {
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name <> $1"
        }
        Dialect::Postgres => {
            "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition \
             AND relnamespace = current_schema()::regnamespace AND relname <> $1"
        }
    };
    let found = rows(&mut session, all, "schema_migrations").await;
    let found: BTreeSet<_> = found.iter().map(|row| row.text(0).unwrap()).collect();
    let known: BTreeSet<_> = session.dialect().tables().map(str::to_owned).collect();
    assert_eq!(found, known, "a move would leave tables behind");
}

/// The definitions of indexes that begin like this, as SQLite has them, in order.
async fn indexes(session: &mut Session, beginning: &str) -> Vec<String> {
    let text = match session.dialect() {
        Dialect::Sqlite => {
            "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE $1 || '%' ORDER BY name"
        }
        Dialect::Postgres => {
            "SELECT * FROM (SELECT regexp_replace(replace(replace(indexdef, schemaname || '.', ''), \
             'USING btree ', ''), 'WHERE \\((.*)\\)$', 'WHERE \\1') AS def FROM pg_indexes \
             WHERE schemaname = current_schema() AND indexname NOT LIKE '%\\_pkey') i \
             WHERE def LIKE $1 || '%' ORDER BY def COLLATE \"C\""
        }
    };
    rows(session, text, beginning).await.iter().map(|row| row.text(0).unwrap()).collect()
}

/// The definition of a unique index, as the list in `unique.rs` implies it. Licence keys, also while they wait in a
/// pool, fingerprints and process ids are too long for an index of PostgreSQL.
fn definition(dialect: Dialect, index: &unique::UniqueIndex) -> String {
    let fold = |column: &&str| match (dialect, index.table, *column) {
        (Dialect::Postgres, "licenses" | "keys", "key") | (Dialect::Postgres, _, "fingerprint" | "pid") => {
            format!("hashtextextended({column}, (0)::bigint), hashtextextended({column}, (1)::bigint)")
        }
        _ if index.caseless => format!("lower({column})"),
        _ => (*column).to_owned(),
    };
    let account = (!index.global).then(|| "account_id".to_owned());
    let columns: Vec<_> = account.into_iter().chain(index.columns.iter().map(fold)).collect();
    let only = index.without.map(|column| format!(" WHERE {column} IS NULL")).unwrap_or_default();
    format!("CREATE UNIQUE INDEX {} ON {} ({}){only}", index.name, index.table, columns.join(", "))
}

#[tokio::test]
async fn the_list_of_unique_indexes_is_that_of_the_schema() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    let internal = |sql: &String| !sql.contains(" ON jobs ");
    let found = indexes(&mut session, "CREATE UNIQUE INDEX ").await;
    let mut found: Vec<_> = found.into_iter().filter(internal).collect();
    found.sort();
    let mut expected: Vec<_> = unique::ALL.iter().map(|index| definition(session.dialect(), index)).collect();
    expected.sort();
    assert_eq!(found, expected);
    for index in unique::ALL.iter().filter(|index| index.global) {
        assert_eq!(index.table, Account::RESOURCE.table, "{} must carry the account", index.name);
    }
}

#[tokio::test]
async fn every_table_can_be_listed_by_creation() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    for resource in ALL {
        let found = indexes(&mut session, &format!("CREATE INDEX {}_created ", resource.table)).await;
        assert!(found[0].ends_with("(account_id, created_at, id)"), "{}", found[0]);
    }
}

#[tokio::test]
async fn running_again_changes_nothing() {
    let (_place, pools) = pools().await;
    migrate(pools.migration().await.unwrap()).await.unwrap();
    let mut session = pools.reader().await.unwrap();
    let ledger = Statement::fixed("SELECT version, checksum FROM schema_migrations", Vec::new());
    let rows = session.rows(ledger).await.unwrap();
    let read: Vec<_> = rows.iter().map(|row| (row.int(0).unwrap(), row.text(1).unwrap())).collect();
    let steps = session.dialect().migrations();
    let expected: Vec<_> = steps.iter().map(|step| (step.version, checksum(step.text))).collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn what_was_logged_before_there_were_partitions_is_there_after() {
    const ENTRIES: &str = "INSERT INTO event_logs (id, account_id, created_at, updated_at, event, \
                           resource_type, resource_id) VALUES ('0190163d-8694-739b-aea5-966c26f8ad91', \
                           'acme', 7, 7, 'license.created', 'licenses', 'l'), ('ffff', 'acme', 8, 8, \
                           'license.deleted', 'licenses', 'l')";
    let (_place, pools) = empty().await;
    let mut session = pools.migration().await.unwrap();
    session.script(LEDGER).await.unwrap();
    let steps = session.dialect().migrations();
    run(&mut session, &steps[0]).await.unwrap();
    session.script(ENTRIES).await.unwrap();
    session.commit().await.unwrap();
    migrate(pools.migration().await.unwrap()).await.unwrap();
    let mut session = pools.reader().await.unwrap();
    let found = rows(&mut session, "SELECT event FROM event_logs WHERE account_id = $1 ORDER BY id", "acme");
    let found: Vec<_> = found.await.iter().map(|row| row.text(0).unwrap()).collect();
    assert_eq!(found, ["license.created", "license.deleted"]);
    if session.dialect() == Dialect::Postgres {
        let places = "SELECT tableoid::regclass::text FROM event_logs WHERE account_id = $1 ORDER BY id";
        let places = rows(&mut session, places, "acme").await;
        let places: Vec<_> = places.iter().map(|row| row.text(0).unwrap()).collect();
        assert_eq!(places, ["event_logs_before", "event_logs_default"]);
    }
}

#[tokio::test]
async fn a_database_of_another_build_is_refused() {
    let (_place, pools) = pools().await;
    for (text, expected) in [
        ("UPDATE schema_migrations SET checksum = 'other' WHERE version = 1", "another text"),
        ("INSERT INTO schema_migrations VALUES (9999, '9999_future', '')", "use a newer keyway"),
    ] {
        let mut session = pools.transaction().await.unwrap();
        session.script(text).await.unwrap();
        session.commit().await.unwrap();
        let error = migrate(pools.migration().await.unwrap()).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_behind() {
    let (_place, pools) = empty().await;
    let mut session = pools.transaction().await.unwrap();
    session.script(LEDGER).await.unwrap();
    // The last table of the first step is in the way.
    session.script("CREATE TABLE tombstones (x BIGINT)").await.unwrap();
    session.commit().await.unwrap();
    let error = migrate(pools.migration().await.unwrap()).await.unwrap_err();
    assert!(matches!(&error, StoreError::Migration { name, .. } if name == "0001_spine"), "{error:?}");
    let mut session = pools.reader().await.unwrap();
    assert!(columns(&mut session, "accounts").await.is_empty());
}

#[tokio::test]
async fn what_is_to_be_run_is_told_before_and_after() {
    let place = TestDatabase::new();
    let options = Options::at(place.url(), 1).unwrap();
    let before = Db::migrations(&options).await.unwrap();
    assert!(!before.is_empty() && before.iter().all(|step| !step.done), "{before:?}");
    assert!(before[0].text.contains("CREATE TABLE accounts"));
    assert_eq!(Db::migrations(&options).await.unwrap(), before, "asking runs nothing");
    Db::open(&options).await.unwrap().close().await;
    let after = Db::migrations(&options).await.unwrap();
    assert!(after.len() == before.len() && after.iter().all(|step| step.done), "{after:?}");
}
