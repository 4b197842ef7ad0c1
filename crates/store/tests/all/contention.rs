//! What a transaction has looked at still holds when it commits, on one handle and on two.

use std::sync::Arc;

use keyway_jsonapi::{Scope, Value};
use keyway_store::{Changes, Db, Inserted, StoreError, retrying};

use crate::world::{LICENSES, PRODUCTS, World, text};

const SEATS: u64 = 3;

/// Adds a licence while fewer than [`SEATS`] are there; says whether it did.
async fn take_a_seat(world: &World, db: &Db) -> Result<bool, StoreError> {
    let record = world.record(LICENSES);
    let mut write = db.begin().await?;
    if write.count(LICENSES, world.account, &Scope::All).await? >= SEATS {
        return Ok(false);
    }
    assert_eq!(write.insert(&record).await?, Inserted::Yes);
    write.commit(Changes::none()).await?;
    Ok(true)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_seat_is_sold_once() {
    let world = Arc::new(World::new().await);
    let other = world.another().await;
    let tasks: Vec<_> = (0..12)
        .map(|number| {
            let db = if number % 2 == 0 { world.db.clone() } else { other.clone() };
            let world = Arc::clone(&world);
            tokio::spawn(async move { retrying(|| take_a_seat(&world, &db)).await })
        })
        .collect();
    let mut taken = 0;
    for task in tasks {
        taken += u64::from(task.await.unwrap().unwrap());
    }
    assert_eq!(taken, SEATS);
    assert_eq!(world.db.count(LICENSES, world.account, &Scope::All).await.unwrap(), SEATS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_given_out_once_and_the_others_are_told() {
    let world = Arc::new(World::new().await);
    let other = world.another().await;
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let db = if number % 2 == 0 { world.db.clone() } else { other.clone() };
            let mut record = world.record(PRODUCTS);
            record.set("code", text("app"));
            tokio::spawn(retrying(move || {
                let (db, record) = (db.clone(), record.clone());
                async move {
                    let mut write = db.begin().await?;
                    let inserted = write.insert(&record).await?;
                    write.commit(Changes::none()).await?;
                    Ok::<_, StoreError>(inserted)
                }
            }))
        })
        .collect();
    let mut yes = 0;
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Inserted::Yes => yes += 1,
            Inserted::Conflict(index) => assert_eq!(index.name, "products_code"),
        }
    }
    assert_eq!(yes, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_that_everybody_writes_loses_nothing() {
    let world = Arc::new(World::new().await);
    let other = world.another().await;
    let license = world.add(LICENSES, &[]).await;
    let tasks: Vec<_> = (0..10)
        .map(|number| {
            let db = if number % 2 == 0 { world.db.clone() } else { other.clone() };
            let (account, id) = (world.account, license.id());
            tokio::spawn(retrying(move || {
                let db = db.clone();
                async move {
                    let mut write = db.begin().await?;
                    let mut found = write.find(LICENSES, account, &Scope::id("id", id)).await?.unwrap();
                    let Value::Int(uses) = *found.get("uses") else { panic!("uses is a number") };
                    found.set("uses", Value::Int(uses + 1));
                    assert!(write.update(&found, &["uses"]).await?);
                    write.commit(Changes::none()).await
                }
            }))
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let found = world.db.find(LICENSES, world.account, &Scope::All).await.unwrap().unwrap();
    assert_eq!(found.get("uses"), &Value::Int(10));
}
