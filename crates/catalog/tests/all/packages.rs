//! Packages, product releases and names.

use std::sync::Arc;

use keyway_access::{CredentialScheme, PackageSnapshot};
use keyway_base::Timestamp;
use keyway_catalog::{CacheLimits, Known};
use keyway_domain::resources::{Entitlement, Environment, Manifest, User};
use keyway_engine::Status;
use keyway_jsonapi::Value;
use keyway_store::{Changes, Tombstone};

use crate::world::{START, World, credential};

async fn package(world: &World, key: &str) -> Option<Arc<Known<PackageSnapshot>>> {
    world.catalog.package(&world.account, None, "paper", key).await.unwrap()
}

fn versions(snapshot: &PackageSnapshot) -> Vec<&str> {
    snapshot.package.releases.iter().map(|release| release.version.verbatim()).collect()
}

#[tokio::test]
async fn a_snapshot_is_sorted_by_the_ecosystem_and_carries_rules_and_manifests() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let widget = world.package(&product, "Widget").await;
    for version in ["1.10.0", "1.9.0", "2.0.0-beta.1"] {
        world.release(&widget, version).await;
    }
    let mut release = world.release_record(&product, Some(&widget), "1.2.0");
    release.set("status", Value::Text("YANKED".into()));
    release.set("metadata", Value::Json(serde_json::json!({ "yanked_reason": "burns" })));
    release.set("backdated_at", Value::Time(Timestamp::from_micros(5)));
    world.put(&release).await;
    let artifact = world.artifact(&release, "widget.tgz").await;
    let mut manifest = world.record::<Manifest>();
    manifest.set("release_id", Value::Id(release.id()));
    manifest.set("artifact_id", Value::Id(artifact.id()));
    manifest.set("kind", Value::Text("sheet".into()));
    manifest.set("content", Value::Bytes(b"bytes".to_vec()));
    world.put(&manifest).await;
    let mut entitlement = world.record::<Entitlement>();
    entitlement.set("code", Value::Text("PRO".into()));
    world.put(&entitlement).await;
    world.constraint(&release, &entitlement).await;

    let snapshot = package(&world, "widget").await.unwrap();
    assert_eq!(versions(&snapshot), ["2.0.0-beta.1", "1.10.0", "1.9.0", "1.2.0"]);
    assert_eq!(snapshot.package.key, "Widget");
    assert_eq!(snapshot.product, product.id().into());
    let (last, rule) = (snapshot.package.releases.last().unwrap(), snapshot.rules.last().unwrap());
    assert_eq!((last.status, last.notice.as_deref()), (Status::Yanked, Some("burns")));
    assert_eq!(rule.effective, Timestamp::from_micros(5));
    assert_eq!(snapshot.entitlements, [(entitlement.id().into(), "PRO".to_owned())]);
    assert!(rule.constraints.contains(0));
    assert_eq!(snapshot.rules.first().map(|rule| rule.constraints.is_empty()), Some(true));
    let file = last.artifacts.first().unwrap();
    assert!(file.uploaded);
    assert_eq!(file.manifest("sheet").map(|sheet| &*sheet.bytes), Some(&b"bytes"[..]));
    assert_eq!(snapshot.package.position(&last.version), Some(3));
}

#[tokio::test]
async fn cached_absences_end_and_changes_are_seen_at_once() {
    let world = World::new().await;
    let mut product = world.product("LICENSED").await;
    assert!(package(&world, "widget").await.is_none());
    let mut widget = world.package(&product, "widget").await;
    let empty = package(&world, "widget").await.unwrap();
    assert!(empty.package.releases.is_empty());
    let release = world.release(&widget, "1.0.0").await;
    assert_eq!(versions(&package(&world, "widget").await.unwrap()), ["1.0.0"]);
    let mut artifact = world.artifact(&release, "a").await;
    let count = |snapshot: &PackageSnapshot| {
        snapshot.package.releases.iter().flat_map(|r| &r.artifacts).filter(|a| a.uploaded).count()
    };
    assert_eq!(count(&package(&world, "widget").await.unwrap()), 1);
    world.change(&mut artifact, "status", Value::Text("YANKED".into())).await;
    assert_eq!(count(&package(&world, "widget").await.unwrap()), 0);
    world.change(&mut product, "distribution_strategy", Value::Text("CLOSED".into())).await;
    let closed = package(&world, "widget").await.unwrap();
    assert_eq!(closed.strategy, keyway_domain::resources::DistributionStrategy::Closed);
    world.change(&mut widget, "normalised_key", Value::Text("gadget".into())).await;
    assert!(package(&world, "widget").await.is_none());
    assert!(package(&world, "gadget").await.is_some());
    world.remove(&product).await;
    assert!(package(&world, "gadget").await.is_none(), "a product that is gone takes its packages along");
}

#[tokio::test]
async fn a_reload_of_the_same_rows_keeps_its_identity() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let widget = world.package(&product, "widget").await;
    let mut release = world.release(&widget, "1.0.0").await;
    let first = package(&world, "widget").await.unwrap();
    world.db.freshness().bump_all();
    let again = package(&world, "widget").await.unwrap();
    assert!(!Arc::ptr_eq(&first, &again), "it was loaded again");
    assert_eq!(first.identity(), again.identity());
    world.change(&mut release, "tag", Value::Text("latest".into())).await;
    assert_ne!(package(&world, "widget").await.unwrap().identity(), first.identity());
}

#[tokio::test]
async fn environments_see_their_own_and_shared_ones_the_global_packages_too() {
    let world = World::new().await;
    let product = world.product("OPEN").await;
    world.package(&product, "global").await;
    let mut facts = Vec::new();
    for (code, isolation) in [("iso", "ISOLATED"), ("sha", "SHARED")] {
        let mut environment = world.record::<Environment>();
        environment.set("code", Value::Text(code.into()));
        environment.set("isolation_strategy", Value::Text(isolation.into()));
        world.put(&environment).await;
        let mut inner = world.product("OPEN").await;
        inner.set("id", Value::Id(keyway_base::RecordId::generate(START)));
        inner.set("code", Value::Null);
        inner.set("environment_id", Value::Id(environment.id()));
        world.put(&inner).await;
        let mut own = world.package_record(&inner, code);
        own.set("environment_id", Value::Id(environment.id()));
        world.put(&own).await;
        facts.push(world.catalog.environment(&world.account, code).await.unwrap().unwrap());
    }
    let places = [None, facts.first().map(|e| &**e), facts.last().map(|e| &**e)];
    for (key, expected) in
        [("global", [true, false, true]), ("iso", [false, true, false]), ("sha", [false, false, true])]
    {
        for (place, expected) in places.iter().zip(expected) {
            let found = world.catalog.package(&world.account, *place, "paper", key).await.unwrap();
            assert_eq!(found.is_some(), expected, "{key} in {place:?}");
        }
    }
}

#[tokio::test]
async fn releases_of_a_product_are_found_with_and_without_a_package() {
    let world = World::new().await;
    let product = world.product("OPEN").await;
    let code = product.get("code").as_text().unwrap().to_owned();
    let find = async |product: &str, package: Option<&str>| {
        let found = world.catalog.product_releases(&world.account, None, product, package).await.unwrap();
        found.map(|snapshot| versions(&snapshot).join(" "))
    };
    assert_eq!(find(&code, None).await.as_deref(), Some(""));
    assert_eq!(find(&code, Some("Widget")).await, None);
    world.put(&world.release_record(&product, None, "1.0.0")).await;
    let widget = world.package(&product, "Widget").await;
    world.release(&widget, "2.0.0").await;
    assert_eq!(find(&code, None).await.as_deref(), Some("1.0.0"));
    assert_eq!(find(&product.id().to_string(), None).await.as_deref(), Some("1.0.0"));
    for name in ["Widget", "widget", &widget.id().to_string()] {
        assert_eq!(find(&code, Some(name)).await.as_deref(), Some("2.0.0"), "{name}");
    }
    assert_eq!(find("nobody", None).await, None);
    let other = world.product("OPEN").await;
    assert_eq!(find(&other.id().to_string(), Some("widget")).await, None, "a package of another product");
}

#[tokio::test]
async fn names_are_sorted_narrowed_and_kept_up_to_date() {
    let world = World::new().await;
    let (open, licensed) = (world.product("OPEN").await, world.product("LICENSED").await);
    world.package(&open, "zebra").await;
    world.package(&licensed, "Ant").await;
    let mut license = world.license(&world.policy(&licensed).await, "KEY").await;
    let anonymous = world.by(&keyway_access::Presented::Anonymous, None).await.unwrap();
    let seen = async |principal: &keyway_access::Principal| {
        let listing = world.catalog.names(&world.account, None, "paper").await.unwrap();
        let names = world.catalog.names_seen(principal, &listing);
        names.0.iter().map(|name| name.key.as_str()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(seen(&anonymous).await, "zebra");
    assert_eq!(seen(&*world.by_key("KEY").await.unwrap()).await, "Ant zebra");
    world.package(&open, "bee").await;
    assert_eq!(seen(&anonymous).await, "bee zebra");

    // An admin who holds a licence of a product is not the product's own token.
    let mut admin = world.record::<User>();
    admin.set("role", Value::Text("admin".into()));
    world.put(&admin).await;
    world.change(&mut license, "owner_id", Value::Id(admin.id())).await;
    for (kind, bearer, expected) in [
        ("users", &admin, "Ant bee zebra"),
        ("products", &licensed, "Ant"),
        ("users", &admin, "Ant bee zebra"),
    ] {
        let token = world.token(kind, bearer, "secret").await;
        let caller = world.by(&credential(CredentialScheme::Bearer, "secret"), None).await.unwrap();
        assert_eq!(seen(&caller).await, expected, "{kind}");
        world.remove(&token).await;
    }
}

#[tokio::test]
async fn caches_stay_within_their_bounds() {
    let bound = 256 * 1024;
    let world =
        World::with(CacheLimits { packages: bound, absences: 32 * 1024, ..CacheLimits::default() }).await;
    let product = world.product("OPEN").await;
    let packages: Vec<_> =
        (0..200).map(|at| world.package_record(&product, &format!("package-{at:04}"))).collect();
    let releases: Vec<_> = packages
        .iter()
        .map(|package| {
            let mut release = world.release_record(&product, Some(package), "1.0.0");
            release.set("description", Value::Text("x".repeat(8_000)));
            release
        })
        .collect();
    world.put_all(&packages).await;
    world.put_all(&releases).await;
    for at in 0..200 {
        assert!(package(&world, &format!("package-{at:04}")).await.is_some());
        assert!(package(&world, &format!("absent-{at:04}")).await.is_none());
    }
    let held = world.catalog.sizes().packages;
    assert!(held <= bound + 32 * 1024, "{held} bytes");
    assert!(held > bound / 2, "the cache is used: {held} bytes");
}

#[tokio::test]
async fn a_release_that_the_engine_cannot_read_is_left_out() {
    let world = World::new().await;
    let product = world.product("OPEN").await;
    let widget = world.package(&product, "widget").await;
    world.release(&widget, "1.0.0").await;
    world.release(&widget, "not a version").await;
    assert_eq!(versions(&package(&world, "widget").await.unwrap()), ["1.0.0"]);
}

#[tokio::test]
async fn names_stay_reserved_in_other_environments_and_after_their_package() {
    let world = World::new().await;
    let reserved = async |key: &str| world.catalog.is_reserved(&world.account, "paper", key).await.unwrap();
    assert!(!reserved("widget").await);
    let product = world.product("LICENSED").await;
    let mut environment = world.record::<Environment>();
    environment.set("code", Value::Text("inner".into()));
    world.put(&environment).await;
    let mut widget = world.package_record(&product, "Widget");
    widget.set("environment_id", Value::Id(environment.id()));
    world.put(&widget).await;
    assert!(package(&world, "widget").await.is_none(), "of another environment");
    assert!(reserved("widget").await);
    world.remove(&widget).await;
    assert!(!reserved("widget").await, "it had nothing and was not buried");

    let gadget = world.package(&product, "Gadget").await;
    assert!(reserved("gadget").await);
    let account = world.account.id;
    let grave = Tombstone { account, engine: "paper", package: "gadget", version: "", filename: "" };
    let mut write = world.db.begin().await.unwrap();
    write.tombstone(&grave, START).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    world.remove(&gadget).await;
    assert!(package(&world, "gadget").await.is_none());
    assert!(reserved("gadget").await, "buried");
}
