//! Every statement that can be generated is prepared, and the hot ones use their index.

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::machine::liveness;
use keyway_domain::resources::{
    ALL, Account, Artifact, Component, Constraint, ContentBlob, ContentEdge, ContentManifest, ContentRoot,
    ContentTag, ContentUpload, Engine, Entitlement, Environment, EventLog, GroupOwner, License,
    LicenseEntitlement, LicenseUser, Machine, Manifest, Package, PackageTag, PartUpload, PolicyEntitlement,
    PoolKey, Process, Product, Release, RequestLog, Rollout, Token, User,
};
use keyway_jsonapi::{Declared as _, FilterContext, Kind, QueryValue, Resource, Scope, Value};
use keyway_testkit::TestDatabase;

use super::{count, find, list};
use crate::arg::Arg;
use crate::db::Pools;
use crate::dialect::Dialect;
use crate::lane::{self, Shares};
use crate::migrate::migrate;
use crate::session::Session;
use crate::statement::{Sql, Statement};
use crate::unique::UniqueIndex;
use crate::{Options, Order, Page, Sort};

async fn pools() -> (TestDatabase, Pools) {
    let place = TestDatabase::new();
    let pools = Pools::open(&Options::at(place.url(), 1).unwrap()).await.unwrap();
    migrate(pools.migration().await.unwrap()).await.unwrap();
    (place, pools)
}

fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}
fn some_id() -> RecordId {
    "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap()
}

/// The steps of the plan; preparing it proves that the statement is understood.
async fn plan(session: &mut Session, statement: &Statement) -> Vec<String> {
    let dialect = session.dialect();
    let explained = statement.explained(dialect);
    let rows = session.rows(explained).await.unwrap_or_else(|error| panic!("{error}: {}", statement.text()));
    let column = if dialect == Dialect::Sqlite { 3 } else { 0 };
    rows.iter().map(|row| row.text(column).unwrap()).collect()
}

/// Values of every shape a filter may meet, for every filter.
fn query_values() -> Vec<QueryValue> {
    let text = |text: &str| QueryValue::Text(text.to_owned());
    let member = |key: &str, value: &QueryValue| QueryValue::Map(vec![(key.to_owned(), value.clone())]);
    let texts =
        ["true", "0", "0190163d-8694-739b-aea5-966c26f8ad92", "a@b.example", "stable", "ACTIVE", "", "x\0"];
    let mut values: Vec<_> = texts.into_iter().map(text).collect();
    values.push(QueryValue::List(vec![text("a"), text("5"), text("null")]));
    let keys = ["type", "id", "role", "within", "in", "before", "after", "on", "inside", "outside", "a_key"];
    for key in keys {
        values.push(member(key, &text("2026-01-01T00:00:00Z")));
        values.push(member(key, &text("P3D")));
    }
    values.push(member("nested", &member("deep", &QueryValue::List(vec![text("1"), text("b")]))));
    values
}

fn filtered(resource: &Resource) -> Vec<(String, Scope)> {
    let context = FilterContext { now: Timestamp::from_micros(1_700_000_000_000_000) };
    let mut scopes = vec![("nothing".to_owned(), Scope::All)];
    for filter in resource.filters {
        let all = query_values();
        let met = all.iter().filter_map(|value| (filter.scope)(value, &context));
        scopes.extend(met.map(|scope| (filter.name.to_owned(), scope)));
    }
    scopes
}

fn pages(resource: &'static Resource) -> Vec<Page> {
    let after = Page { after: Some(some_id()), limit: Some(10), ..Page::default() };
    let mut pages = vec![
        Page::default(),
        Page::newest(10),
        Page { order: Order::Asc, ..after.clone() },
        after,
        Page { limit: Some(10), offset: 20, ..Page::default() },
    ];
    if resource == Release::RESOURCE {
        pages.push(Page { sort: Sort::ReleaseVersion, ..Page::newest(1) });
    }
    if resource == Artifact::RESOURCE {
        pages.push(Page { sort: Sort::ArtifactVersion, ..Page::newest(10) });
    }
    pages
}

#[tokio::test]
async fn every_filter_of_every_resource_prepares() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let mut statements = 0;
    for resource in ALL {
        for (_, scope) in filtered(resource) {
            for page in pages(resource) {
                plan(&mut session, &list(dialect, resource, Some(account()), &scope, &page)).await;
                statements += 1;
            }
            plan(&mut session, &find(dialect, resource, Some(account()), &scope)).await;
            plan(&mut session, &count(dialect, resource, account(), &scope.negate())).await;
        }
    }
    assert!(statements > 500, "only {statements} were tried");
}

/// Look-ups on hot paths, and the index that each must use.
fn hot() -> Vec<(&'static Resource, Scope, &'static str)> {
    let id = some_id();
    let child = Scope::id("package_id", id).and(Scope::text("child", "sha256:x"));
    let key =
        |engine: &str, name: &str| Scope::text("engine", engine).and(Scope::text("normalised_key", name));
    vec![
        (License::RESOURCE, Scope::text("key", "K"), "licenses_key"),
        (PoolKey::RESOURCE, Scope::text("key", "K"), "keys_key"),
        (PoolKey::RESOURCE, Scope::id("policy_id", id), "keys_policy"),
        (Token::RESOURCE, Scope::Is("digest", Value::Bytes(vec![1])), "tokens_digest"),
        (User::RESOURCE, Scope::text("email", "a@b.example"), "users_email"),
        (Account::RESOURCE, Scope::IsCaseless("slug", "acme".into()), "accounts_slug"),
        (Environment::RESOURCE, Scope::IsCaseless("code", "x".into()), "environments_code"),
        (Entitlement::RESOURCE, Scope::IsCaseless("code", "x".into()), "entitlements_code"),
        (Product::RESOURCE, Scope::text("code", "app"), "products_code"),
        (Engine::RESOURCE, Scope::text("key", "npm"), "engines_key"),
        (Package::RESOURCE, key("npm", "widget"), "packages_key"),
        (Package::RESOURCE, Scope::text("key", "widget"), "packages_vendor_key"),
        (Release::RESOURCE, Scope::id("package_id", id), "releases_package"),
        (Release::RESOURCE, Scope::text("version", "1.0.0"), "releases_by_version"),
        (Release::RESOURCE, Scope::text("tag", "latest"), "releases_by_tag"),
        (Constraint::RESOURCE, Scope::id("release_id", id), "constraints_pair"),
        (Rollout::RESOURCE, Scope::id("release_id", id), "rollouts_release"),
        (Artifact::RESOURCE, Scope::id("release_id", id), "artifacts_filename"),
        (Artifact::RESOURCE, Scope::text("filename", "a.tgz"), "artifacts_by_filename"),
        (Manifest::RESOURCE, Scope::id("release_id", id), "manifests_release"),
        (PartUpload::RESOURCE, Scope::id("artifact_id", id), "part_uploads_artifact"),
        (PartUpload::RESOURCE, Scope::text("blob_key", "a/b"), "part_uploads_blob"),
        (PackageTag::RESOURCE, Scope::id("package_id", id), "package_tags_tag"),
        (PackageTag::RESOURCE, Scope::id("release_id", id), "package_tags_release"),
        (ContentBlob::RESOURCE, Scope::id("package_id", id), "content_blobs_digest"),
        (ContentBlob::RESOURCE, Scope::text("digest", "sha256:x"), "content_blobs_by_digest"),
        (ContentBlob::RESOURCE, Scope::text("blob_key", "a/b"), "content_blobs_blob"),
        (ContentManifest::RESOURCE, Scope::id("package_id", id), "content_manifests_digest"),
        (ContentEdge::RESOURCE, Scope::id("package_id", id), "content_edges_pair"),
        (ContentEdge::RESOURCE, child, "content_edges_child"),
        (ContentTag::RESOURCE, Scope::id("package_id", id), "content_tags_tag"),
        (ContentTag::RESOURCE, Scope::id("release_id", id), "content_tags_release"),
        (ContentRoot::RESOURCE, Scope::id("package_id", id), "content_roots_package"),
        (ContentRoot::RESOURCE, Scope::id("release_id", id), "content_roots_release"),
        (ContentUpload::RESOURCE, Scope::id("package_id", id), "content_uploads_package"),
        (LicenseUser::RESOURCE, Scope::id("license_id", id), "license_users_pair"),
        (LicenseUser::RESOURCE, Scope::id("user_id", id), "license_users_user"),
        (LicenseEntitlement::RESOURCE, Scope::id("license_id", id), "license_entitlements_pair"),
        (PolicyEntitlement::RESOURCE, Scope::id("policy_id", id), "policy_entitlements_pair"),
        (GroupOwner::RESOURCE, Scope::id("group_id", id), "group_owners_pair"),
        (GroupOwner::RESOURCE, Scope::id("user_id", id), "group_owners_user"),
        (User::RESOURCE, Scope::id("group_id", id), "users_group"),
        (License::RESOURCE, Scope::id("group_id", id), "licenses_group"),
        (Machine::RESOURCE, Scope::text("fingerprint", "F"), "machines_by_fingerprint"),
        (Machine::RESOURCE, Scope::id("license_id", id), "machines_license"),
        (Machine::RESOURCE, Scope::id("product_id", id), "machines_product"),
        (Machine::RESOURCE, Scope::id("owner_id", id), "machines_owner"),
        (Machine::RESOURCE, Scope::id("group_id", id), "machines_group"),
        (Component::RESOURCE, Scope::text("fingerprint", "F"), "components_by_fingerprint"),
        (Component::RESOURCE, Scope::id("machine_id", id), "components_machine"),
        (Component::RESOURCE, Scope::id("license_id", id), "components_license"),
        (Process::RESOURCE, Scope::id("machine_id", id), "processes_machine"),
        (Process::RESOURCE, Scope::id("license_id", id), "processes_license"),
        (Process::RESOURCE, Scope::id("product_id", id), "processes_product"),
        (License::RESOURCE, Scope::id("owner_id", id), "licenses_owner"),
        (License::RESOURCE, Scope::id("product_id", id), "licenses_product"),
        (License::RESOURCE, Scope::id("policy_id", id), "licenses_policy"),
        (Token::RESOURCE, Scope::id("bearer_id", id), "tokens_bearer"),
    ]
}

/// Whether the rows that are wanted come from this index.
fn uses(dialect: Dialect, plan: &[String], index: &str) -> bool {
    let wanted = |step: &String| match dialect {
        Dialect::Sqlite => step.starts_with("SEARCH t0") && step.contains(&format!("INDEX {index} (")),
        Dialect::Postgres => {
            step.contains(&format!("using {index} on "))
                || step.contains(&format!("Bitmap Index Scan on {index}"))
        }
    };
    plan.iter().any(wanted)
}

/// Whether rows are sorted, or a table is read from end to end.
fn toils(plan: &[String]) -> bool {
    plan.iter().any(|step| ["TEMP B-TREE", "Sort", "Seq Scan"].iter().any(|toil| step.contains(toil)))
}

/// What PostgreSQL's planner measures: tables with many rows. SQLite's is told what to assume.
async fn populated() -> (TestDatabase, Pools) {
    let (place, pools) = pools().await;
    let mut session = pools.transaction().await.unwrap();
    if session.dialect() == Dialect::Postgres {
        for resource in ALL.iter().filter(|resource| **resource != Account::RESOURCE) {
            session.execute(rows_of(resource, 3_000)).await.unwrap();
        }
        session.script("ANALYZE").await.unwrap();
        session.commit().await.unwrap();
    }
    (place, pools)
}

/// Whether no two rows have the same in a column.
fn is_unique(resource: &Resource, column: &str) -> bool {
    let alone = |index: &UniqueIndex| index.table == resource.table && index.columns == [column];
    crate::unique::ALL.iter().any(alone)
}

/// So many rows of one account, ten for each record that they refer to first.
fn rows_of(resource: &'static Resource, count: i64) -> Statement {
    let mut sql = Sql::new(Dialect::Postgres);
    sql.push("INSERT INTO ").push(resource.table).push(" (");
    sql.separated(", ", resource.columns, |sql, column| {
        sql.push(column.name);
    })
    .push(") SELECT ");
    let mut refers = false;
    sql.separated(", ", resource.columns, |sql, column| {
        match (column.name, column.kind) {
            ("account_id", _) => drop(sql.param(Arg::shown(account()))),
            ("environment_id", _) => drop(sql.push("NULL")),
            // As those that were made some time ago: such are in one partition.
            ("id", _) if is_partitioned(resource) => drop(sql.push("'0190163d-' || i")),
            ("id", _) => drop(sql.push("'id ' || i")),
            (name, Kind::Id) if is_unique(resource, name) => drop(sql.push("'id ' || i")),
            (_, Kind::Id) if !std::mem::replace(&mut refers, true) => drop(sql.push("'id ' || i / 10")),
            (_, Kind::Id) => drop(sql.push("'id ' || i")),
            (_, Kind::Bool) => drop(sql.push("FALSE")),
            (_, Kind::Int | Kind::Time) => drop(sql.push("i")),
            (_, Kind::Text) => drop(sql.push("'text ' || i")),
            (_, Kind::Json) => drop(sql.push("'{}'")),
            (_, Kind::Bytes) => drop(sql.push("('bytes ' || i)::bytea")),
        };
    })
    .push(" FROM generate_series(1, ");
    sql.param(Arg::int(count)).push(") AS n(i)");
    sql.finish()
}

#[tokio::test]
async fn hot_look_ups_use_their_index() {
    let (_place, pools) = populated().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    for (resource, scope, index) in hot() {
        let tenant = (resource != Account::RESOURCE).then(account);
        for statement in
            [find(dialect, resource, tenant, &scope), list(dialect, resource, tenant, &scope, &Page::all())]
        {
            let plan = plan(&mut session, &statement).await;
            assert!(uses(dialect, &plan, index), "{index}: {plan:#?}\n{}", statement.text());
        }
    }
    // Where neither licence nor fingerprint is shared, the index of either is as good as that of both.
    let pair = Scope::id("license_id", some_id()).and(Scope::text("fingerprint", "F"));
    let steps = plan(&mut session, &find(dialect, Machine::RESOURCE, Some(account()), &pair)).await;
    let indexes = ["machines_fingerprint", "machines_license", "machines_by_fingerprint"];
    assert!(indexes.iter().any(|index| uses(dialect, &steps, index)), "{steps:#?}");
    let one_of = Scope::In("fingerprint", vec![Value::Text("F".to_owned())]);
    let statement = list(dialect, Machine::RESOURCE, Some(account()), &one_of, &Page::all());
    let steps = plan(&mut session, &statement).await;
    assert!(uses(dialect, &steps, "machines_by_fingerprint"), "{steps:#?}");
}

#[tokio::test]
async fn look_ups_by_id_use_the_primary_key() {
    let (_place, pools) = populated().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    for resource in ALL {
        let statement = find(dialect, resource, Some(account()), &Scope::id("id", some_id()));
        let plan = plan(&mut session, &statement).await;
        let key = match dialect {
            // A table with a row or two, where any index will do.
            Dialect::Postgres if *resource == Account::RESOURCE => continue,
            // Of partitions, that one alone which such an id is in.
            Dialect::Postgres if is_partitioned(resource) => format!("{}_before_pkey", resource.table),
            Dialect::Sqlite => format!("sqlite_autoindex_{}_1", resource.table),
            Dialect::Postgres => format!("{}_pkey", resource.table),
        };
        // A table that is its own primary key has no index of that name.
        let itself = plan.iter().any(|step| step.contains("USING PRIMARY KEY ("));
        assert!(itself || uses(dialect, &plan, &key), "{plan:#?}");
        // PostgreSQL sorts the one row that it has found.
        let sorts = dialect == Dialect::Postgres && !plan.iter().any(|step| step.contains("Seq Scan"));
        assert!(sorts || !toils(&plan), "{plan:#?}");
    }
}

const fn logs() -> [&'static Resource; 2] {
    [EventLog::RESOURCE, RequestLog::RESOURCE]
}

/// Whether PostgreSQL has a table in partitions.
fn is_partitioned(resource: &'static Resource) -> bool {
    logs().contains(&resource)
}

#[tokio::test]
async fn lists_of_logs_are_read_in_order_from_an_index_of_each_partition() {
    let (_place, pools) = populated().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let day = Scope::And(vec![
        Scope::Ge("created_at", Value::Time(Timestamp::from_micros(10))),
        Scope::Lt("created_at", Value::Time(Timestamp::from_micros(20))),
    ]);
    for (resource, scope) in logs().into_iter().flat_map(|log| [(log, Scope::All), (log, day.clone())]) {
        for page in [Page::newest(100), Page { after: Some(some_id()), ..Page::newest(100) }] {
            let statement = list(dialect, resource, Some(account()), &scope, &page);
            let plan = plan(&mut session, &statement).await;
            let toil = |step: &&String| {
                step.contains("Seq Scan") || step.contains("Sort ") && !step.contains("Sort Key")
            };
            assert_eq!(plan.iter().find(toil), None, "{plan:#?}\n{}", statement.text());
            let whole = |step: &&String| step.contains("Index Scan") && step.contains("_created");
            let parts = plan.iter().filter(whole).count();
            // By name those that the schema begins with; PostgreSQL names those of later partitions by their columns.
            assert!(dialect == Dialect::Sqlite && !toils(&plan) || parts >= 3, "{plan:#?}");
        }
    }
}

/// What a package's snapshot is loaded with: all rows of its releases in one query each.
#[tokio::test]
async fn rows_of_a_packages_releases_are_found_through_the_releases() {
    let (_place, pools) = populated().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let of_package = Scope::belongs("releases", "release_id", Scope::id("package_id", some_id()));
    let ids = Scope::In("release_id", (0..500).map(|_| Value::Id(some_id())).collect());
    for (resource, index) in [
        (Artifact::RESOURCE, "artifacts_filename"),
        (Constraint::RESOURCE, "constraints_pair"),
        (Rollout::RESOURCE, "rollouts_release"),
        (Manifest::RESOURCE, "manifests_release"),
    ] {
        let statement = list(dialect, resource, Some(account()), &ids, &Page::all());
        let by_ids = plan(&mut session, &statement).await;
        assert!(uses(dialect, &by_ids, index), "{by_ids:#?}");
        let statement = list(dialect, resource, Some(account()), &of_package, &Page::all());
        let related = plan(&mut session, &statement).await;
        assert!(uses(dialect, &related, index), "{related:#?}\n{}", statement.text());
        let releases = related
            .iter()
            .any(|step| step.contains("INDEX releases_package (") || step.contains("releases_package on"));
        assert!(releases, "{related:#?}\n{}", statement.text());
    }
}

#[tokio::test]
async fn lanes_are_gone_through_by_their_index_however_long_they_are() {
    let (_place, pools) = pools().await;
    let mut session = pools.reader().await.unwrap();
    let due = lane::due(session.dialect(), Timestamp::from_micros(0), Shares { lane: 1, account: 1 });
    let steps = plan(&mut session, &due).await;
    let uses = |index: &str| steps.iter().filter(|step| step.contains(index)).count();
    assert!(uses("jobs_lane") >= 2 && uses("jobs_leased") >= 2, "{steps:#?}");
    let reads_all = |step: &&String| step.contains("Seq Scan") || step.contains("SCAN jobs");
    assert_eq!(steps.iter().find(reads_all), None, "{steps:#?}");
}

/// The monitor asks once a minute which accounts have someone to judge.
#[tokio::test]
async fn accounts_with_heartbeats_to_judge_are_found_by_indexes() {
    let (_place, pools) = populated().await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let now = Timestamp::from_micros(1_795_000_000_000_000);
    let has = |table, scope| Scope::has(table, "account_id", scope);
    let scope = has("machines", liveness::departed(now))
        .or(has("processes", liveness::departed(now)))
        .or(has("machines", liveness::silent(now)))
        .or(has("processes", liveness::silent(now)))
        .or(has("policies", liveness::leaving_unheard(now)));
    let statement = list(dialect, Account::RESOURCE, None, &scope, &Page::all());
    let steps = plan(&mut session, &statement).await;
    // PostgreSQL goes by how many rows there are.
    if dialect == Dialect::Postgres {
        return;
    }
    for index in ["machines_heartbeat", "processes_heartbeat"] {
        let uses = steps.iter().filter(|step| step.contains(index)).count();
        assert!(uses >= 2, "{index}: {steps:#?}\n{}", statement.text());
    }
    let reads_all = |step: &&String| {
        ["machines", "processes", "licenses"].iter().any(|table| step.contains(&format!("SCAN {table}")))
    };
    assert_eq!(steps.iter().find(reads_all), None, "{steps:#?}");
}

#[tokio::test]
async fn lists_are_read_in_order_from_an_index() {
    let (_place, pools) = pools().await;
    fill(&pools, 20_000).await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let of_product = Scope::id("product_id", some_id());
    let visible = Scope::IsNull("environment_id");
    for (scope, index) in [
        (Scope::All, "licenses_created"),
        (visible, "licenses_created"),
        (of_product, "licenses_product"),
        (Scope::text("policy_id", "policy 1"), "licenses_policy"),
        (Scope::id("owner_id", some_id()), "licenses_owner"),
        (Scope::id("group_id", some_id()), "licenses_group"),
    ] {
        for page in [
            Page::newest(10),
            Page { order: Order::Asc, ..Page::newest(10) },
            Page { after: Some(some_id()), ..Page::newest(10) },
            Page { offset: 990, ..Page::newest(10) },
        ] {
            let statement = list(dialect, License::RESOURCE, Some(account()), &scope, &page);
            let plan = plan(&mut session, &statement).await;
            assert!(uses(dialect, &plan, index), "{page:?}: {plan:#?}\n{}", statement.text());
            assert!(!toils(&plan), "{page:?}: {plan:#?}");
        }
    }
}

/// What is found from an index of its own: few rows among very many, or many in the order of the list.
#[tokio::test]
async fn filters_of_few_licences_read_few() {
    let (_place, pools) = pools().await;
    fill(&pools, 20_000).await;
    let mut session = pools.reader().await.unwrap();
    let dialect = session.dialect();
    let suspended = Scope::Is("suspended", Value::Bool(true));
    let gold = Scope::JsonContains("metadata", vec![serde_json::json!({ "tier": "gold" })]);
    let banned = Scope::belongs("users", "owner_id", Scope::IsNull("banned_at").negate());
    let ends = |first: i64, last: i64| {
        Scope::And(vec![
            Scope::IsNull("environment_id"),
            Scope::Ge("expiry", Value::Time(Timestamp::from_micros(first))),
            Scope::Le("expiry", Value::Time(Timestamp::from_micros(last))),
        ])
    };
    let (soon, some_day) = (ends(10, 30 * 86_400_000_000), ends(10, 90 * 86_400_000_000));
    let of_user = Scope::id("owner_id", some_id()).or(Scope::has(
        "license_users",
        "license_id",
        Scope::id("user_id", some_id()),
    ));
    for (scope, index, sorts) in [
        (suspended, "licenses_suspended", false),
        (gold, "metadata_entries", false),
        (banned, "users_banned", true),
        (some_day, "licenses_expiry", true),
        // Of each part no more is sorted than the list has.
        (soon, "licenses_expiry_day", true),
        (of_user.clone(), "licenses_owner", true),
        (of_user, "license_users", true),
    ] {
        let statement = list(dialect, License::RESOURCE, Some(account()), &scope, &Page::newest(100));
        let plan = plan(&mut session, &statement).await;
        let used = |step: &String| match dialect {
            Dialect::Sqlite if index == "license_users" => step.contains("INDEX license_users_user ("),
            Dialect::Sqlite => {
                step.contains(&format!("INDEX {index} (")) || step.contains("t1 USING PRIMARY KEY (")
            }
            Dialect::Postgres => step.contains(index),
        };
        assert!(plan.iter().any(used), "{index}: {plan:#?}\n{}", statement.text());
        assert!(sorts || !toils(&plan), "{index}: {plan:#?}\n{}", statement.text());
        let alone = |step: &String| {
            step.contains(&format!("COVERING INDEX {index} (")) || step.contains("Index Only Scan")
        };
        let read_all = |step: &&String| step.contains("Seq Scan") || step.contains("SCAN licenses");
        assert_eq!(plan.iter().find(read_all), None, "{plan:#?}");
        assert!(
            !index.starts_with("licenses_expiry") || plan.iter().any(alone),
            "{plan:#?}\n{}",
            statement.text()
        );
    }
}

/// So many licences, in one statement.
async fn fill(pools: &Pools, licenses: i64) {
    let mut session = pools.transaction().await.unwrap();
    let statement = Statement::fixed(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         INSERT INTO licenses (id, account_id, created_at, updated_at, product_id, policy_id, key, suspended, \
         uses, permissions, metadata, lock) \
         SELECT 'id ' || i, $2, i, i, 'product ' || i % 100, 'policy ' || i % 2, 'key ' || i, FALSE, 0, '[]', '{}', 0 FROM n",
        vec![Arg::int(licenses), Arg::shown(account())],
    );
    assert_eq!(session.execute(statement).await.unwrap(), licenses.unsigned_abs());
    if session.dialect() == Dialect::Postgres {
        session.script("ANALYZE licenses").await.unwrap();
    }
    session.commit().await.unwrap();
}
