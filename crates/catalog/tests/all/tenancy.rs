//! Which account a request is for, in every mode, and that renaming one ends what is cached of its names
//! (`licensing.md` §1.1).

use std::sync::Arc;

use keyway_base::{RecordId, Timestamp};
use keyway_catalog::{AccountError, CacheLimits, Catalog, Mode, Tenancy};
use keyway_domain::resources::Account;
use keyway_engine::Engines;
use keyway_jsonapi::{Declared, Record, Scope, Value};

use crate::world::World;

/// After the world's account was made.
const LATER: Timestamp = Timestamp::from_micros(1_799_000_000_000_000);

/// A second account beside the world's, which is the older.
async fn second(world: &World, slug: &str) -> Record {
    let id = RecordId::generate(LATER);
    let first = world.db.find(Account::RESOURCE, world.account.id, &Scope::All).await.unwrap().unwrap();
    let mut record = Record::new(Account::RESOURCE, id, id.into(), None, first.created());
    for column in ["name", "api_version", "protected", "secret", "keys"] {
        record.set(column, first.get(column).clone());
    }
    record.set("slug", Value::Text(slug.to_owned()));
    record.set("created_at", Value::Time(LATER));
    world.put(&record).await;
    record
}

fn catalog(world: &World, mode: Mode, account: Option<&str>) -> Arc<Catalog> {
    let tenancy = Tenancy { mode, account: account.map(str::to_owned), lenient: false };
    let limits = CacheLimits::default();
    Catalog::with_tenancy(world.db.clone(), Engines::new(&[]), world.clock.clone(), limits, tenancy)
}

/// The slug of the account that is found, or what the client is told.
async fn found(catalog: &Catalog, segment: Option<&str>) -> String {
    match catalog.resolve(None, segment).await {
        Ok(account) => account.slug.clone(),
        Err(error) => error.told().detail().to_owned(),
    }
}

#[tokio::test]
async fn a_server_with_one_account_serves_it_alone() {
    let world = World::new().await;
    let other = second(&world, "other").await;
    let catalog = catalog(&world, Mode::Singleplayer, None);
    let own = world.account.id.to_string();
    let invalid = format!("account is invalid (expected {own})");
    for (segment, expected) in [
        (None, "acme"),
        (Some("acme"), "acme"),
        (Some("ACME"), "acme"),
        (Some(own.as_str()), "acme"),
        (Some(&*own.to_uppercase().replace('-', "")), "acme"),
        (Some("other"), &*invalid),
        (Some(&*other.id().to_string()), &*invalid),
        (Some("nobody"), "The requested account 'nobody' was not found"),
        (Some("a b"), "The requested account 'a b' was not found"),
    ] {
        assert_eq!(found(&catalog, segment).await, expected, "{segment:?}");
    }
}

#[tokio::test]
async fn the_one_account_can_be_chosen() {
    let world = World::new().await;
    let other = second(&world, "other").await;
    for name in ["other", "Other", &other.id().to_string()] {
        assert_eq!(found(&catalog(&world, Mode::Singleplayer, Some(name)), None).await, "other", "{name}");
    }
    let nobody = catalog(&world, Mode::Singleplayer, Some("nobody"));
    assert!(matches!(nobody.resolve(None, None).await, Err(AccountError::Unavailable(_))));
    assert_eq!(found(&nobody, Some("acme")).await, "The requested account 'acme' was not found");
}

#[tokio::test]
async fn a_server_with_many_asks_which() {
    let world = World::new().await;
    let other = second(&world, "other").await;
    let catalog = catalog(&world, Mode::Multiplayer, None);
    for (segment, expected) in [
        (None, "account is required"),
        (Some("acme"), "acme"),
        (Some("other"), "other"),
        (Some(&*other.id().to_string()), "other"),
        (Some("nobody"), "The requested account 'nobody' was not found"),
    ] {
        assert_eq!(found(&catalog, segment).await, expected, "{segment:?}");
    }
    let by_host = catalog.resolve(Some(other.id().into()), Some("acme")).await.unwrap();
    assert_eq!(by_host.slug, "other", "the host goes first");
}

#[tokio::test]
async fn names_are_cached_and_so_is_that_there_is_none_until_one_takes_them() {
    let world = World::new().await;
    let catalog = catalog(&world, Mode::Multiplayer, None);
    assert!(matches!(catalog.resolve(None, Some("other")).await, Err(AccountError::Unknown(_))));
    let mut other = second(&world, "other").await;
    assert_eq!(found(&catalog, Some("other")).await, "other");
    let twice = (
        catalog.resolve(None, Some("other")).await.unwrap(),
        catalog.resolve(None, Some(&other.id().to_string())).await.unwrap(),
    );
    assert!(Arc::ptr_eq(&twice.0, &twice.1), "whatever it is found by, an account is held once");
    assert!(matches!(catalog.resolve(None, Some("renamed")).await, Err(AccountError::Unknown(_))));
    world.change(&mut other, "slug", Value::Text("renamed".to_owned())).await;
    assert_eq!(found(&catalog, Some("renamed")).await, "renamed");
    assert!(matches!(catalog.resolve(None, Some("other")).await, Err(AccountError::Unknown(_))));
}

#[tokio::test]
async fn an_account_is_found_by_its_host_as_long_as_it_has_it() {
    let world = World::new().await;
    let mut other = second(&world, "other").await;
    let many = catalog(&world, Mode::Multiplayer, None);
    let one = catalog(&world, Mode::Singleplayer, None);
    let host = "get.other.example";
    assert!(many.account_of_host(host).await.unwrap().is_none());
    world.change(&mut other, "cname", Value::Text(host.to_owned())).await;
    assert_eq!(many.account_of_host(host).await.unwrap().unwrap().slug, "other");
    assert!(one.account_of_host(host).await.unwrap().is_none(), "not the account served here");
    world.change(&mut other, "cname", Value::Null).await;
    assert!(many.account_of_host(host).await.unwrap().is_none());
    let mut acme = world.db.find(Account::RESOURCE, world.account.id, &Scope::All).await.unwrap().unwrap();
    world.change(&mut acme, "cname", Value::Text(host.to_owned())).await;
    assert_eq!(one.account_of_host(host).await.unwrap().unwrap().slug, "acme");
}

#[tokio::test]
async fn for_tests_both_kinds_of_path_are_served() {
    let world = World::new().await;
    second(&world, "other").await;
    for mode in [Mode::Singleplayer, Mode::Multiplayer] {
        let account = Some("acme".to_owned()).filter(|_| mode == Mode::Multiplayer);
        let tenancy = Tenancy { mode, account, lenient: true };
        let limits = CacheLimits::default();
        let engines = Engines::new(&[]);
        let catalog = Catalog::with_tenancy(world.db.clone(), engines, world.clock.clone(), limits, tenancy);
        for (segment, expected) in [(None, "acme"), (Some("acme"), "acme"), (Some("other"), "other")] {
            assert_eq!(found(&catalog, segment).await, expected, "{mode} {segment:?}");
        }
    }
}
