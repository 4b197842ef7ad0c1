//! Polls that are answered as before: only where everything that the answer was made from is the same.

use std::time::Duration;

use keyway_base::{Clock as _, RecordId};
use keyway_domain::resources::{Constraint, Entitlement, License, LicenseEntitlement, Policy, Release};
use keyway_domain::rollout::Plan;
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Page};

use crate::updates::{Shop, publish};
use crate::wire::Reply;
use crate::world::{GOOD, SPARE, World, filled};

/// What every test asks for: an upgrade from the oldest release.
const POLL: &str = "version=1.0.0";

async fn license(world: &World, key: &str) -> Record {
    let named = Scope::text("key", key);
    world.db.list(License::RESOURCE, world.account, &named, &Page::all()).await.unwrap().remove(0)
}

async fn release(world: &World, version: &str) -> Record {
    let named = Scope::text("version", version);
    world.db.list(Release::RESOURCE, world.account, &named, &Page::all()).await.unwrap().remove(0)
}

/// Changes a record, as another process would: through the database and its change log.
async fn change(world: &World, mut record: Record, column: &'static str, value: Value) {
    record.set(column, value);
    let mut write = world.db.begin().await.unwrap();
    assert!(write.update(&record, &[column]).await.unwrap());
    write.commit(Changes::everything(world.account)).await.unwrap();
}

/// A poll with other headers or at another address.
async fn ask(shop: &Shop, path: &str, headers: &[(&str, &str)]) -> Reply {
    shop.world.wire().await.get(path, headers).await
}

/// How many answers were given again, and how many were made.
async fn kept_and_made(shop: &Shop) -> (u64, u64) {
    let page = shop.world.wire().await.get("/metrics", &[]).await;
    let count = |result: &str| {
        let series = format!("keyway_documents_total{{result=\"{result}\"}} ");
        let line = page.text().lines().find_map(|line| line.strip_prefix(&series).map(str::to_owned));
        line.map_or(0, |count| count.parse().unwrap())
    };
    (count("hit"), count("rendered"))
}

/// A shop whose newest release is everybody's, and has been offered to both licences already.
async fn open() -> Shop {
    let shop = Shop::open(10_000).await;
    for key in [GOOD, SPARE, GOOD] {
        assert_eq!(shop.poll(key, POLL).await.0.as_deref(), Some("2.0.0"));
    }
    shop
}

/// What is offered, and in which words.
async fn offered(shop: &Shop, key: &str) -> (Option<String>, String) {
    let first = shop.poll(key, POLL).await;
    assert_eq!(shop.poll(key, POLL).await, first, "the same again");
    first
}

#[tokio::test]
async fn one_answer_serves_all_who_see_the_same_and_each_is_noted() {
    let shop = open().await;
    assert_eq!(kept_and_made(&shop).await, (2, 1));
    let polls = shop.metrics().await;
    assert_eq!(polls["keyway_update_polls_total{engine=\"toy\",decision=\"offer\"}"], 3);
    let noted: Vec<_> = {
        let upgraded = shop.world.behind.upgraded.lock().unwrap();
        upgraded.iter().map(|(upgrade, origin)| (upgrade.next.clone(), origin.who.unwrap().1)).collect()
    };
    let (good, spare) = (license(&shop.world, GOOD).await.id(), license(&shop.world, SPARE).await.id());
    assert_eq!(noted, [("2.0.0".to_owned(), good), ("2.0.0".to_owned(), spare)]);
}

#[tokio::test]
async fn polls_that_are_one_installations_or_bear_a_credential_are_not_remembered() {
    let shop = Shop::open(10_000).await;
    let path = format!("/v1/accounts/acme/engines/toy/widget/-update?{POLL}&auth=license:{GOOD}");
    for _ in 0..2 {
        assert_eq!(ask(&shop, &path, &[]).await.status, 200);
        for query in ["fingerprint=a&version=1.0.0", "version=1.0.0&stagingId=b"] {
            assert_eq!(shop.poll(GOOD, query).await.0.as_deref(), Some("2.0.0"));
        }
    }
    assert_eq!(kept_and_made(&shop).await, (0, 6));
}

#[tokio::test]
async fn a_suspension_shows_at_once_and_to_the_one_it_is_about() {
    let shop = open().await;
    shop.world.suspend().await;
    let (version, line) = offered(&shop, GOOD).await;
    assert!(version.is_none() && line.starts_with("none; reason=suspended"), "{line}");
    assert_eq!(offered(&shop, SPARE).await.0.as_deref(), Some("2.0.0"));
}

#[tokio::test]
async fn an_expiry_that_passes_shows_without_any_change() {
    let shop = Shop::open(10_000).await;
    let policy = shop.world.db.list(Policy::RESOURCE, shop.world.account, &Scope::All, &Page::all()).await;
    let policy = policy.unwrap().remove(0);
    change(&shop.world, policy, "expiration_strategy", Value::Text("REVOKE_ACCESS".to_owned())).await;
    shop.world.expire(shop.world.clock.wall().plus(Duration::from_secs(3600))).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"));
    shop.world.clock.advance(Duration::from_secs(3601));
    let (version, line) = offered(&shop, GOOD).await;
    assert!(version.is_none() && line.contains("reason=expired"), "{version:?} {line}");
    assert_eq!(offered(&shop, SPARE).await.0.as_deref(), Some("2.0.0"));
}

#[tokio::test]
async fn a_yanked_release_is_offered_no_more() {
    let shop = open().await;
    let newest = release(&shop.world, "2.0.0").await;
    change(&shop.world, newest, "status", Value::Text("YANKED".to_owned())).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("1.1.0"));
}

#[tokio::test]
async fn a_new_release_is_offered_at_once() {
    let shop = open().await;
    publish(&shop.world, "2.1.0").await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.1.0"));
}

#[tokio::test]
async fn a_rollout_that_is_paused_or_changed_shows_at_once() {
    let mut shop = open().await;
    let now = shop.world.clock.wall();
    shop.change("paused_at", Value::Time(now)).await;
    let (version, line) = offered(&shop, GOOD).await;
    assert_eq!(version.as_deref(), Some("1.1.0"));
    assert!(line.ends_with("passed-over=2.0.0; reason=rollout"), "{line}");
    shop.change("paused_at", Value::Null).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"));
    shop.change("percentage", Value::Int(0)).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("1.1.0"));
    let (starts, ends) = (now, now.plus(Duration::from_secs(3600)));
    shop.change("starts_at", Value::Time(starts)).await;
    shop.change("ends_at", Value::Time(ends)).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("1.1.0"));
    shop.world.clock.advance(Duration::from_secs(3601));
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"), "by the clock alone");
}

#[tokio::test]
async fn an_entitlement_that_is_asked_for_or_given_shows_at_once() {
    let shop = open().await;
    let mut entitlement = filled::<Entitlement>(shop.world.account);
    entitlement.set("code", Value::Text("PRO".to_owned()));
    let mut constraint = filled::<Constraint>(shop.world.account);
    constraint.set("release_id", Value::Id(release(&shop.world, "2.0.0").await.id()));
    constraint.set("entitlement_id", Value::Id(entitlement.id()));
    shop.world.insert(&[entitlement.clone(), constraint]).await;
    let (version, line) = offered(&shop, GOOD).await;
    assert_eq!(version.as_deref(), Some("1.1.0"));
    assert!(line.contains("reason=not-entitled") && line.contains("PRO"), "{line}");
    let mut given = filled::<LicenseEntitlement>(shop.world.account);
    given.set("license_id", Value::Id(license(&shop.world, GOOD).await.id()));
    given.set("entitlement_id", Value::Id(entitlement.id()));
    shop.world.insert(&[given]).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"));
    assert_eq!(offered(&shop, SPARE).await.0.as_deref(), Some("1.1.0"), "it was given to the other one");
}

#[tokio::test]
async fn a_pin_shows_at_once_and_to_the_one_it_is_for() {
    let shop = open().await;
    let good = license(&shop.world, GOOD).await;
    change(&shop.world, good.clone(), "pinned_constraint", Value::Text("~> 1.0".to_owned())).await;
    let (version, line) = offered(&shop, GOOD).await;
    assert_eq!(version.as_deref(), Some("1.1.0"));
    assert!(line.contains("reason=pinned"), "{line}");
    change(&shop.world, good.clone(), "pinned_constraint", Value::Null).await;
    assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"));
    change(&shop.world, good, "pinned_channel", Value::Text("beta".to_owned())).await;
    let (_, line) = offered(&shop, GOOD).await;
    assert!(line.contains("channel=beta"), "{line}");
    let (_, line) = offered(&shop, SPARE).await;
    assert!(line.contains("channel=stable"), "{line}");
}

#[tokio::test]
async fn installations_are_told_apart_by_their_headers() {
    let shop = Shop::open(5000).await;
    let plan = Plan::of(&shop.rollout.typed().unwrap());
    let path = format!("/v1/accounts/acme/engines/toy/widget/-update?{POLL}");
    let authorization = format!("License {GOOD}");
    for header in ["X-Machine-Fingerprint", "X-User-Staging-Id"] {
        for number in (0..20).chain(0..20) {
            let id = format!("m-{number}");
            let reply = ask(&shop, &path, &[("Authorization", &authorization), (header, &id)]).await;
            let is_in = plan.admits(Some(&id), shop.world.clock.wall());
            assert_eq!(reply.text(), if is_in { "2.0.0" } else { "1.1.0" }, "{header}: {id}");
        }
    }
    let (kept, made) = kept_and_made(&shop).await;
    assert_eq!((kept, made), (78, 2), "one for those who are in, one for those who are not");
}

#[tokio::test]
async fn each_host_and_spelling_is_given_addresses_of_its_own() {
    let shop = open().await;
    let id: RecordId = shop.world.account.into();
    let authorization = format!("License {GOOD}");
    for _ in 0..2 {
        for (host, path, base) in [
            (
                "127.0.0.1",
                "/v1/accounts/acme/engines/toy".to_owned(),
                "http://127.0.0.1/v1/accounts/acme/engines/toy",
            ),
            ("localhost", "/v1/engines/toy".to_owned(), "http://localhost/v1/engines/toy"),
            ("127.0.0.1", "/v1/engines/toy".to_owned(), "http://127.0.0.1/v1/engines/toy"),
            (
                "127.0.0.1",
                format!("/v1/accounts/{id}/engines/toy"),
                &format!("http://127.0.0.1/v1/accounts/{id}/engines/toy"),
            ),
        ] {
            let path = format!("{path}/widget/-update?{POLL}");
            let reply = ask(&shop, &path, &[("Host", host), ("Authorization", &authorization)]).await;
            assert_eq!((reply.status, reply.header("x-base")), (200, Some(base)), "{host} {path}");
        }
        let host = ("Host", "toy.pkg.example.com");
        let reply =
            ask(&shop, &format!("/widget/-update?{POLL}"), &[host, ("Authorization", &authorization)]).await;
        let base = reply.header("x-base").unwrap();
        assert!(base.contains("://toy.pkg.example.com") && !base.contains("/v1/"), "{base}");
    }
}

#[tokio::test]
async fn a_vendor_and_a_customer_share_nothing() {
    let shop = Shop::open(0).await;
    let path = format!("/v1/accounts/acme/engines/toy/widget/-update?{POLL}");
    let (customer, vendor) = (format!("License {GOOD}"), format!("Bearer {}", crate::world::PUBLISHER));
    for _ in 0..2 {
        for (who, version) in [(&customer, "1.1.0"), (&vendor, "2.0.0")] {
            assert_eq!(ask(&shop, &path, &[("Authorization", who)]).await.text(), version);
        }
        let nobody = ask(&shop, &path, &[]).await;
        let decision = nobody.header("x-update-decision").unwrap();
        assert!(nobody.status == 204 && decision.contains("license-key-missing"), "{decision}");
    }
}

#[tokio::test]
async fn other_polls_and_other_engines_share_nothing() {
    let shop = open().await;
    let authorization = format!("License {GOOD}");
    for (query, version) in [("version=1.0.0&constraint=1.1", Some("1.1.0")), ("version=2.0.0", None)] {
        assert_eq!(offered(&shop, GOOD).await.0.as_deref(), Some("2.0.0"));
        assert_eq!(shop.poll(GOOD, query).await.0.as_deref(), version, "{query}");
    }
    let path = format!("/v1/accounts/acme/engines/plain/widget/-update?{POLL}");
    assert_eq!(ask(&shop, &path, &[("Authorization", &authorization)]).await.status, 404);
    let mut wire = shop.world.wire().await;
    let path = format!("/v1/accounts/acme/engines/toy/widget/-update?{POLL}");
    let head = wire.ask("HEAD", &path, &[("Authorization", &authorization)], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("5")));
    let put = wire.ask("PUT", &path, &[("Authorization", &authorization)], b"x").await;
    assert_ne!(put.status, 204, "a poll that is remembered answers no other method");
}
