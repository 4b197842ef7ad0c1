//! What the server keeps for itself: signing keys, tombstones, the lock of a licence.

use keyway_base::{AccountId, Secret};
use keyway_jsonapi::{Scope, Value};
use keyway_store::{Changes, SigningKey, Tombstone};

use crate::world::{LICENSES, World};

#[tokio::test]
async fn signing_keys_rotate_and_two_processes_agree() {
    let world = World::new().await;
    let (first, second) = (world.now(), world.now());
    let key = |id, byte, created_at| SigningKey { id, secret: Secret::new(vec![byte; 32]), created_at };
    assert!(world.db.add_signing_key(&key(1, 0xaa, first)).await.unwrap());
    assert!(!world.db.add_signing_key(&key(1, 0xbb, first)).await.unwrap(), "another was faster");
    assert!(world.db.add_signing_key(&key(2, 0xcc, second)).await.unwrap());
    let keys = world.another().await.signing_keys().await.unwrap();
    assert_eq!(keys, [key(2, 0xcc, second), key(1, 0xaa, first)]);
    assert_eq!(world.db.drop_signing_keys(second).await.unwrap(), 1);
    assert_eq!(world.db.signing_keys().await.unwrap(), [key(2, 0xcc, second)]);
}

#[tokio::test]
async fn what_is_buried_stays_buried() {
    let world = World::new().await;
    let grave = Tombstone {
        account: world.account,
        engine: "npm",
        package: "widget",
        version: "1.0.0",
        filename: "",
    };
    assert!(!world.db.is_tombstoned(&grave).await.unwrap());
    let mut write = world.db.begin().await.unwrap();
    write.tombstone(&grave, world.now()).await.unwrap();
    write.tombstone(&grave, world.now()).await.unwrap();
    assert!(write.is_tombstoned(&grave).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert!(world.db.read().await.unwrap().is_tombstoned(&grave).await.unwrap());
    let others = [
        Tombstone { engine: "pypi", ..grave },
        Tombstone { version: "", ..grave },
        Tombstone { filename: "widget.tgz", ..grave },
        Tombstone { package: "wid\0get", ..grave },
        Tombstone { account: AccountId::generate(world.now()), ..grave },
    ];
    for other in others {
        assert!(!world.db.is_tombstoned(&other).await.unwrap(), "{other:?}");
    }
}

#[tokio::test]
async fn the_lock_of_a_licence_is_counted() {
    let world = World::new().await;
    let license = world.add(LICENSES, &[]).await;
    let mut write = world.db.begin().await.unwrap();
    write.lock_license(world.account, license.id().into()).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    let found = world.db.find(LICENSES, world.account, &Scope::All).await.unwrap().unwrap();
    assert_eq!(found.get("lock"), &Value::Int(1));
}
