//! Other processes, and a database that is away.

use std::time::Duration;

use keyway_access::Presented;
use keyway_catalog::{CatalogError, PrincipalError};
use keyway_jsonapi::Value;
use keyway_store::Db;

use crate::world::{World, change_in};

#[tokio::test]
async fn what_another_process_writes_is_seen_within_the_lease() {
    let world = World::new().await;
    let policy = world.policy(&world.product("LICENSED").await).await;
    let mut license = world.license(&policy, "KEY").await;
    assert!(world.by_key("KEY").await.is_ok());
    let shell = Db::open(&world.options).await.unwrap();
    change_in(&shell, &world.account, &mut license, "suspended", Value::Bool(true)).await;
    world.advance(1);
    assert_eq!(world.refusal("KEY").await, "LICENSE_SUSPENDED");
}

#[tokio::test]
async fn the_tail_reads_in_the_background_until_it_is_told_to_stop() {
    let world = World::new().await;
    let policy = world.policy(&world.product("LICENSED").await).await;
    let mut license = world.license(&policy, "KEY").await;
    assert!(world.by_key("KEY").await.is_ok());
    let shell = Db::open(&world.options).await.unwrap();
    change_in(&shell, &world.account, &mut license, "suspended", Value::Bool(true)).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let tail = tokio::spawn(world.catalog.clone().run_tail(async move { drop(stopped.await) }));
    // The clock stands still, so the lease never runs out: only the tail can end the entry.
    let refused = async {
        while world.by_key("KEY").await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), refused).await.unwrap();
    assert_eq!(world.refusal("KEY").await, "LICENSE_SUSPENDED");
    stop.send(()).unwrap();
    tail.await.unwrap();
}

#[tokio::test]
async fn without_the_change_log_only_public_content_is_answered_for() {
    let world = World::new().await;
    let (open, licensed) = (world.product("OPEN").await, world.product("LICENSED").await);
    world.package(&open, "free").await;
    world.package(&licensed, "paid").await;
    world.license(&world.policy(&licensed).await, "KEY").await;
    for key in ["free", "paid"] {
        assert!(world.catalog.package(&world.account, None, "paper", key).await.unwrap().is_some());
    }
    assert!(world.by_key("KEY").await.is_ok());

    world.db.close().await;
    assert!(world.by_key("KEY").await.is_ok(), "the lease is still good");
    world.advance(1);
    assert!(matches!(world.by_key("KEY").await, Err(PrincipalError::Unavailable(_))));
    assert!(world.by(&Presented::Anonymous, None).await.is_ok());
    assert!(world.catalog.resolve(None, None).await.is_ok());
    let free = world.catalog.package(&world.account, None, "paper", "free").await.unwrap();
    assert!(free.is_some());
    let paid = world.catalog.package(&world.account, None, "paper", "paid").await;
    assert!(matches!(paid, Err(CatalogError::Store { .. })), "{paid:?}");
    assert!(world.catalog.names(&world.account, None, "paper").await.is_err());
}
