//! Cascades.

use std::time::Duration;

use keyway_base::{Slot, SlotKey};
use keyway_domain::resources::{
    Artifact, Constraint, Entitlement, License, LicenseEntitlement, LicenseUser, Manifest, Package, Policy,
    PolicyEntitlement, Product, Release, Token, User,
};
use keyway_jobs::kind;
use keyway_jsonapi::{Declared, Record, Value};

use crate::world::World;

async fn joined<T: Declared>(world: &World, columns: &[(&'static str, &Record)]) -> Record {
    let mut record = world.record::<T>();
    for (column, other) in columns {
        record.set(column, Value::Id(other.id()));
    }
    world.put(&record).await;
    record
}

async fn license(world: &World, policy: &Record, owner: Option<&Record>) -> Record {
    let mut license = world.record::<License>();
    license.set("product_id", Value::Id(world.product.id()));
    license.set("policy_id", Value::Id(policy.id()));
    license.set("owner_id", owner.map_or(Value::Null, |owner| Value::Id(owner.id())));
    world.put(&license).await;
    license
}

async fn token(world: &World, kind: &str, bearer: &Record) -> Record {
    let mut token = world.record::<Token>();
    token.set("bearer_type", Value::Text(kind.into()));
    token.set("bearer_id", Value::Id(bearer.id()));
    world.put(&token).await;
    token
}

async fn policy(world: &World) -> Record {
    joined::<Policy>(world, &[("product_id", &world.product)]).await
}

async fn delete(world: &World, record: &Record, kind: &str) {
    world.remove(record).await;
    world.enqueue(&kind::about(kind, world.account, record.id(), world.now())).await;
    world.run().await;
}

#[tokio::test]
async fn a_product_takes_everything_along_and_nothing_of_others() {
    let world = World::new().await;
    let policy = policy(&world).await;
    let entitlement = joined::<Entitlement>(&world, &[]).await;
    let user = user(&world).await;
    let license = license(&world, &policy, Some(&user)).await;
    joined::<PolicyEntitlement>(&world, &[("policy_id", &policy), ("entitlement_id", &entitlement)]).await;
    joined::<LicenseEntitlement>(&world, &[("license_id", &license), ("entitlement_id", &entitlement)]).await;
    joined::<LicenseUser>(&world, &[("license_id", &license), ("user_id", &user)]).await;
    joined::<Constraint>(&world, &[("release_id", &world.release), ("entitlement_id", &entitlement)]).await;
    token(&world, "products", &world.product).await;
    token(&world, "licenses", &license).await;
    token(&world, "users", &user).await;
    let artifact = world.sheet(b"hello").await;
    world.run().await;
    let blob = artifact.get("blob_key").as_text().unwrap().to_owned();
    let other = joined::<Product>(&world, &[]).await;
    let others = joined::<Package>(&world, &[("product_id", &other)]).await;

    delete(&world, &world.product, kind::PURGE_PRODUCT).await;
    assert_eq!(world.count::<Policy>().await, 0);
    assert_eq!(world.count::<License>().await, 0);
    assert_eq!(world.count::<LicenseEntitlement>().await, 0);
    assert_eq!(world.count::<PolicyEntitlement>().await, 0);
    assert_eq!(world.count::<LicenseUser>().await, 0);
    assert_eq!(world.count::<Release>().await, 0);
    assert_eq!(world.count::<Artifact>().await, 0);
    assert_eq!(world.count::<Manifest>().await, 0);
    assert_eq!(world.count::<Constraint>().await, 0);
    assert_eq!(world.count::<Token>().await, 1, "the user's own");
    assert_eq!(world.count::<User>().await, 1);
    assert_eq!(world.count::<Entitlement>().await, 1);
    assert_eq!(world.count::<Package>().await, 1);
    assert!(world.find::<Package>(&others).await.is_some());
    assert!(world.holds(&blob).await, "a grace");
    world.advance(kind::GRACE + Duration::from_secs(1));
    world.run().await;
    assert!(!world.holds(&blob).await);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

async fn user(world: &World) -> Record {
    let mut user = world.record::<User>();
    user.set("role", Value::Text("user".into()));
    world.put(&user).await;
    user
}

#[tokio::test]
async fn a_user_takes_owned_licences_along_and_leaves_others_licences() {
    let world = World::new().await;
    let policy = policy(&world).await;
    let (user, other) = (user(&world).await, user(&world).await);
    let owned = license(&world, &policy, Some(&user)).await;
    let foreign = license(&world, &policy, Some(&other)).await;
    joined::<LicenseUser>(&world, &[("license_id", &foreign), ("user_id", &user)]).await;
    joined::<LicenseUser>(&world, &[("license_id", &owned), ("user_id", &other)]).await;
    token(&world, "users", &user).await;
    token(&world, "licenses", &owned).await;
    delete(&world, &user, kind::PURGE_USER).await;
    assert!(world.find::<License>(&owned).await.is_none());
    assert!(world.find::<License>(&foreign).await.is_some());
    assert_eq!(world.count::<LicenseUser>().await, 0);
    assert_eq!(world.count::<Token>().await, 0);
}

#[tokio::test]
async fn an_entitlement_goes_from_policies_licences_and_releases() {
    let world = World::new().await;
    let policy = policy(&world).await;
    let license = license(&world, &policy, None).await;
    let (gone, kept) = (joined::<Entitlement>(&world, &[]).await, joined::<Entitlement>(&world, &[]).await);
    for entitlement in [&gone, &kept] {
        joined::<PolicyEntitlement>(&world, &[("policy_id", &policy), ("entitlement_id", entitlement)]).await;
        joined::<LicenseEntitlement>(&world, &[("license_id", &license), ("entitlement_id", entitlement)])
            .await;
        joined::<Constraint>(&world, &[("release_id", &world.release), ("entitlement_id", entitlement)])
            .await;
    }
    let noted = world.db.freshness().note();
    delete(&world, &gone, kind::PURGE_ENTITLEMENT).await;
    assert_eq!(world.count::<PolicyEntitlement>().await, 1);
    assert_eq!(world.count::<LicenseEntitlement>().await, 1);
    assert_eq!(world.count::<Constraint>().await, 1);
    for key in [
        SlotKey::Package(world.account, world.package.id()),
        SlotKey::License(world.account, license.id()),
        SlotKey::Access(world.account),
    ] {
        assert!(!world.db.freshness().is_fresh(noted, &[Slot::from(key)]), "{key:?}");
    }
}

#[tokio::test]
async fn a_large_cascade_is_a_chain_of_bounded_steps() {
    let world = World::new().await;
    let policy = policy(&world).await;
    for _ in 0..250 {
        license(&world, &policy, None).await;
    }
    world.remove(&policy).await;
    let job = kind::about(kind::PURGE_POLICY, world.account, policy.id(), world.now());
    world.enqueue(&job).await;
    assert_eq!(world.run().await, 251, "the policy's cascade, and one for each licence");
    assert_eq!(world.count::<License>().await, 0);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn a_withdrawn_artifact_loses_row_manifests_and_bytes() {
    let world = World::new().await;
    let mut artifact = world.sheet(b"hello").await;
    let twin = world.uploaded(world.waiting(&world.release, "twin.paper"), b"hello").await;
    world.run().await;
    let blob = artifact.get("blob_key").as_text().unwrap().to_owned();
    let purge = kind::about(kind::PURGE_ARTIFACT, world.account, artifact.id(), world.now());
    world.enqueue(&purge).await;
    world.run().await;
    assert!(world.find::<Artifact>(&artifact).await.is_some(), "one that is not withdrawn stays");

    artifact.set("status", Value::Text("YANKED".into()));
    world.update(&artifact, &["status"]).await;
    world.enqueue(&purge).await;
    world.run().await;
    assert!(world.find::<Artifact>(&artifact).await.is_none());
    assert!(world.manifests(&artifact).await.is_empty());
    assert_eq!(world.manifests(&twin).await.len(), 1);
    world.advance(kind::GRACE + Duration::from_secs(1));
    world.run().await;
    assert!(world.holds(&blob).await, "the twin has the same bytes");
}

#[tokio::test]
async fn an_environment_takes_everything_in_it_along() {
    let world = World::new().await;
    let environment = world.record::<keyway_domain::resources::Environment>();
    world.put(&environment).await;
    let inside = [("environment_id", &environment)];
    joined::<Product>(&world, &inside).await;
    joined::<Entitlement>(&world, &inside).await;
    token(&world, "environments", &environment).await;
    let policy = policy(&world).await;
    let mut license = world.record::<License>();
    license.set("policy_id", Value::Id(policy.id()));
    license.set("environment_id", Value::Id(environment.id()));
    world.put(&license).await;
    delete(&world, &environment, kind::PURGE_ENVIRONMENT).await;
    assert_eq!(world.count::<Product>().await, 1, "the global one");
    assert_eq!(world.count::<Policy>().await, 1);
    assert_eq!(world.count::<License>().await, 0);
    assert_eq!(world.count::<Entitlement>().await, 0);
    assert_eq!(world.count::<Token>().await, 0);
}
