//! Updaters' polls: who is led to which release while it is rolled out, what is noted and what is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use keyway_base::{Clock as _, RecordId};
use keyway_domain::resources::{License, Package, Release, Rollout};
use keyway_domain::rollout::Plan;
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Page};

use crate::world::{GOOD, SPARE, SUSPENDED, World, filled};

/// The package has 1.0.0 and 1.1.0, and 2.0.0 with a rollout to so many hundredths of a percent.
pub(crate) struct Shop {
    pub(crate) world: World,
    pub(crate) rollout: Record,
}

/// A release of the package `widget`; gives its id.
pub(crate) async fn publish(world: &World, version: &str) -> RecordId {
    let named = Scope::text("normalised_key", "widget");
    let package =
        world.db.list(Package::RESOURCE, world.account, &named, &Page::all()).await.unwrap().remove(0);
    let text = |text: &str| Value::Text(text.to_owned());
    let mut release = filled::<Release>(world.account);
    release.set("product_id", Value::Id(world.product));
    release.set("package_id", Value::Id(package.id()));
    for (column, value) in
        [("version", version), ("version_key", version), ("channel", "stable"), ("status", "PUBLISHED")]
    {
        release.set(column, text(value));
    }
    world.insert(std::slice::from_ref(&release)).await;
    release.id()
}

impl Shop {
    pub(crate) async fn open(percentage: i64) -> Self {
        let world = World::new().await;
        publish(&world, "1.1.0").await;
        let release = publish(&world, "2.0.0").await;
        let mut rollout = filled::<Rollout>(world.account);
        rollout.set("release_id", Value::Id(release));
        rollout.set("percentage", Value::Int(percentage));
        rollout.set("seed", Value::Bytes(vec![7; 16]));
        world.insert(std::slice::from_ref(&rollout)).await;
        Self { world, rollout }
    }

    pub(crate) async fn change(&mut self, column: &'static str, value: Value) {
        self.rollout.set(column, value);
        let mut write = self.world.db.begin().await.unwrap();
        assert!(write.update(&self.rollout, &[column]).await.unwrap());
        write.commit(Changes::everything(self.world.account)).await.unwrap();
    }

    /// The version that a poll is offered, and the decision in the header.
    pub(crate) async fn poll(&self, key: &str, query: &str) -> (Option<String>, String) {
        let authorization = format!("License {key}");
        let path = format!("/v1/accounts/acme/engines/toy/widget/-update?{query}");
        let reply = self.world.wire().await.get(&path, &[("Authorization", &authorization)]).await;
        let version = (reply.status == 200).then(|| reply.text().to_owned());
        (version, reply.header("x-update-decision").unwrap_or_default().to_owned())
    }

    /// What each of so many installations is offered.
    async fn fleet(&self, count: u32) -> Vec<String> {
        let mut wire = self.world.wire().await;
        let authorization = format!("License {GOOD}");
        let mut offered = Vec::new();
        for number in 0..count {
            let path =
                format!("/v1/accounts/acme/engines/toy/widget/-update?version=1.0.0&fingerprint=m-{number}");
            let reply = wire.get(&path, &[("Authorization", &authorization)]).await;
            assert_eq!(reply.status, 200);
            offered.push(reply.text().to_owned());
        }
        offered
    }

    pub(crate) async fn metrics(&self) -> BTreeMap<String, u64> {
        let page = self.world.wire().await.get("/metrics", &[]).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        let lines = text.lines().filter(|line| line.starts_with("keyway_update_"));
        lines
            .map(|line| {
                let (series, count) = line.rsplit_once(' ').unwrap();
                (series.to_owned(), count.parse().unwrap())
            })
            .collect()
    }
}

#[tokio::test]
async fn the_first_tenth_stays_when_it_grows_to_a_half_and_pausing_stops_all() {
    let mut shop = Shop::open(1000).await;
    let first = shop.fleet(1000).await;
    let plan = Plan::of(&shop.rollout.typed().unwrap());
    for (number, offered) in first.iter().enumerate() {
        let is_in = plan.admits(Some(&format!("m-{number}")), shop.world.clock.wall());
        assert_eq!(offered, if is_in { "2.0.0" } else { "1.1.0" }, "m-{number}");
    }
    let led = |offered: &[String]| offered.iter().filter(|version| *version == "2.0.0").count();
    assert!((60..=140).contains(&led(&first)), "{} of 1,000", led(&first));
    shop.change("percentage", Value::Int(5000)).await;
    let half = shop.fleet(1000).await;
    assert!((420..=580).contains(&led(&half)), "{} of 1,000", led(&half));
    let dropped = first.iter().zip(&half).filter(|(first, half)| *first == "2.0.0" && *half != "2.0.0");
    assert_eq!(dropped.count(), 0);
    shop.change("paused_at", Value::Time(shop.world.clock.wall())).await;
    assert_eq!(led(&shop.fleet(1000).await), 0);
    shop.change("paused_at", Value::Null).await;
    assert_eq!(shop.fleet(1000).await, half, "the same as before");
    shop.change("percentage", Value::Int(10_000)).await;
    assert_eq!(led(&shop.fleet(100).await), 100);
}

#[tokio::test]
async fn licences_are_told_apart_where_installations_are_not() {
    let shop = Shop::open(5000).await;
    let scope = Scope::text("key", GOOD).or(Scope::text("key", SPARE));
    let licenses =
        shop.world.db.list(License::RESOURCE, shop.world.account, &scope, &Page::all()).await.unwrap();
    let plan = Plan::of(&shop.rollout.typed().unwrap());
    assert_eq!(licenses.len(), 2);
    for license in licenses {
        let key = license.get("key").as_text().unwrap();
        let is_in = plan.admits(Some(&license.id().to_string()), shop.world.clock.wall());
        let (version, decision) = shop.poll(key, "version=1.0.0").await;
        let (expected, line) = match is_in {
            true => ("2.0.0", "offer; version=2.0.0; channel=stable"),
            false => ("1.1.0", "offer; version=1.1.0; channel=stable; passed-over=2.0.0; reason=rollout"),
        };
        assert_eq!((version.as_deref(), decision.as_str()), (Some(expected), line));
    }
}

#[tokio::test]
async fn a_rollout_begins_and_grows_by_the_clock() {
    let mut shop = Shop::open(0).await;
    let at = |shop: &Shop, hours: u64| {
        Value::Time(shop.world.clock.wall().plus(Duration::from_secs(3600 * hours)))
    };
    let (starts, ends) = (at(&shop, 1), at(&shop, 11));
    shop.change("starts_at", starts).await;
    shop.change("ends_at", ends).await;
    let led = async |shop: &Shop| shop.fleet(200).await.iter().filter(|version| *version == "2.0.0").count();
    assert_eq!(led(&shop).await, 0);
    shop.world.clock.advance(Duration::from_secs(6 * 3600));
    let halfway = led(&shop).await;
    assert!((65..=135).contains(&halfway), "{halfway} of 200, without any change in between");
    shop.world.clock.advance(Duration::from_secs(6 * 3600));
    assert_eq!(led(&shop).await, 200);
}

#[tokio::test]
async fn an_upgrade_is_noted_once_in_a_window() {
    let shop = Shop::open(10_000).await;
    let noted = || {
        let upgraded = shop.world.behind.upgraded.lock().unwrap();
        upgraded
            .iter()
            .map(|(upgrade, _)| (upgrade.current.clone(), upgrade.next.clone()))
            .collect::<Vec<_>>()
    };
    let pair = |current: &str| (current.to_owned(), "2.0.0".to_owned());
    for _ in 0..3 {
        shop.poll(GOOD, "version=1.0.0&fingerprint=a").await;
    }
    assert_eq!(noted(), [pair("1.0.0")]);
    shop.poll(GOOD, "version=1.1.0&fingerprint=b").await;
    shop.poll(GOOD, "version=1.1.0").await;
    shop.poll(SPARE, "version=1.1.0").await;
    let all = [pair("1.0.0"), pair("1.1.0")];
    assert_eq!(noted(), all, "of each licence one: installations are what clients say they are");
    shop.poll(GOOD, "version=2.0.0&fingerprint=a").await;
    shop.poll(GOOD, "version=3.0.0&fingerprint=c").await;
    shop.poll(GOOD, "fingerprint=d").await;
    shop.poll(GOOD, "version=nonsense&fingerprint=e").await;
    shop.poll(SUSPENDED, "version=1.0.0&fingerprint=f").await;
    assert_eq!(noted().len(), 2, "nothing that is no upgrade of a known version is noted");
    shop.world.clock.advance(Duration::from_secs(3600));
    shop.poll(GOOD, "version=1.0.0&fingerprint=a").await;
    assert_eq!(noted().len(), 3);
    let upgraded = shop.world.behind.upgraded.lock().unwrap();
    let (upgrade, origin) = &upgraded[0];
    assert_eq!(RecordId::from(upgrade.release), shop.rollout.get("release_id").as_id().unwrap());
    assert!(origin.who.is_some_and(|(kind, _)| kind == "licenses") && origin.request.is_some());
}

#[tokio::test]
async fn polls_and_clients_are_counted() {
    let shop = Shop::open(0).await;
    for (key, query) in [
        (GOOD, "version=1.0.0&fingerprint=a"),
        (GOOD, "version=1.0.0&fingerprint=a"),
        (GOOD, "version=1.0.0&fingerprint=b"),
        (GOOD, "version=1.1.0&fingerprint=c&channel=beta"),
        (GOOD, "version=0.0.7&fingerprint=d"),
        (GOOD, "version=v2.0.0&fingerprint=e"),
        (GOOD, "version=nonsense"),
        (SUSPENDED, "version=1.0.0"),
        ("NO-SUCH-KEY", "version=1.0.0"),
    ] {
        shop.poll(key, query).await;
    }
    let polls =
        |decision: &str| format!("keyway_update_polls_total{{engine=\"toy\",decision=\"{decision}\"}}");
    let clients = |version: &str, channel: &str| {
        format!(
            "keyway_update_clients_total{{account=\"acme\",package=\"widget\",version=\"{version}\",channel=\"{channel}\",platform=\"linux\"}}"
        )
    };
    let expected = [
        (polls("offer"), 4),
        (polls("rollout"), 1),
        (polls("up-to-date"), 1),
        (polls("bad-version"), 1),
        (polls("suspended"), 1),
        (polls("license-key-invalid"), 1),
        (clients("1.0.0", "stable"), 2),
        (clients("1.1.0", "beta"), 1),
        (clients("other", "stable"), 1),
        (clients("2.0.0", "stable"), 1),
    ];
    assert_eq!(shop.metrics().await, BTreeMap::from(expected));
}
