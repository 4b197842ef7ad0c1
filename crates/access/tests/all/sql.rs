//! The two interpreters of scopes, the store's SQL and this crate's memory, find the same rows in random worlds.

use std::collections::BTreeSet;

use keyway_access::worlds::{NOW, World, account, ids};
use keyway_access::{EnvironmentView, Principal, Rows, listed, matches, opened, upgradable, visible};
use keyway_base::RecordId;
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Resource, Scope};
use keyway_store::{Changes, Db, Inserted, Options, Page, Read};
use keyway_testkit::TestDatabase;

/// Every seed is a world of its own; more of them cost time, not thought.
const SEEDS: std::ops::Range<u64> = 0..10;

const RESOURCES: &[&Resource] = &[
    r::Environment::RESOURCE,
    r::Group::RESOURCE,
    r::User::RESOURCE,
    r::GroupOwner::RESOURCE,
    r::Product::RESOURCE,
    r::Entitlement::RESOURCE,
    r::Policy::RESOURCE,
    r::PolicyEntitlement::RESOURCE,
    r::PoolKey::RESOURCE,
    r::License::RESOURCE,
    r::LicenseEntitlement::RESOURCE,
    r::LicenseUser::RESOURCE,
    r::Machine::RESOURCE,
    r::Component::RESOURCE,
    r::Process::RESOURCE,
    r::Token::RESOURCE,
    r::Engine::RESOURCE,
    r::Platform::RESOURCE,
    r::Channel::RESOURCE,
    r::Package::RESOURCE,
    r::Release::RESOURCE,
    r::Constraint::RESOURCE,
    r::Rollout::RESOURCE,
    r::Artifact::RESOURCE,
];

async fn stored(world: &World, place: &TestDatabase) -> Db {
    let options = Options::at(place.url(), 1).expect("a test database has a URL");
    let db = Db::open(&options).await.expect("the database opens");
    let mut write = db.begin().await.expect("a transaction begins");
    for record in world.records() {
        let inserted = write.insert(&record).await.expect("the record fits its table");
        assert!(matches!(inserted, Inserted::Yes), "a {} is not unique", record.resource.name);
    }
    write.commit(Changes::none()).await.expect("the transaction commits");
    db
}

async fn by_sql(read: &mut Read, resource: &'static Resource, scope: &Scope) -> BTreeSet<RecordId> {
    ids(&read.list(resource, account(), scope, &Page::all()).await.expect("the scope is good SQL"))
}

fn by_memory(world: &World, resource: &'static Resource, scope: &Scope) -> BTreeSet<RecordId> {
    ids(world.rows(resource.table).iter().filter(|record| matches(scope, record, world)))
}

/// Everything that is asked on behalf of a caller.
fn questions(caller: &Principal, view: EnvironmentView) -> Vec<(&'static Resource, Scope)> {
    let seen = RESOURCES.iter().copied().map(|resource| (resource, visible(caller, resource, &view, NOW)));
    let lists = [r::Release::RESOURCE, r::Artifact::RESOURCE, r::Group::RESOURCE];
    let listed = lists.into_iter().map(|resource| (resource, listed(caller, resource, &view, NOW)));
    let opened = opened(caller, r::Group::RESOURCE, &view);
    let members = [r::User::RESOURCE, r::License::RESOURCE].map(|resource| (resource, opened.clone()));
    seen.chain(listed)
        .chain(members)
        .chain([(r::Release::RESOURCE, upgradable(caller, &view, NOW))])
        .collect()
}

#[tokio::test]
async fn both_interpreters_find_the_same_rows() {
    let mut found = 0;
    for seed in SEEDS {
        let world = World::random(seed);
        let place = TestDatabase::new();
        let db = stored(&world, &place).await;
        let mut read = db.read().await.expect("a snapshot");
        for view in world.views() {
            for caller in world.callers(view) {
                for (resource, scope) in questions(&caller, view) {
                    let rows = by_sql(&mut read, resource, &scope).await;
                    found += rows.len();
                    let expected = by_memory(&world, resource, &scope);
                    assert_eq!(
                        rows, expected,
                        "{} of {:?} in {view:?}, seed {seed}",
                        resource.kind, caller.who
                    );
                }
            }
        }
        drop(read);
        db.close().await;
    }
    assert!(found > 3_000, "the worlds are not empty: {found} rows");
}
