//! Keys and pools (`licensing.md` §7.1).

use serde_json::{Value, json};

use crate::world::{Answer, World, change, document, id, one};

/// A product and a policy of it with a pool.
async fn pool(world: &World) -> (String, String) {
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"usePool": true})).await;
    (product, policy)
}

async fn add(world: &World, policy: &str, key: &str) -> Answer {
    world.admin.post("keys", document("keys", json!({ "key": key }), one("policy", "policies", policy))).await
}

#[tokio::test]
async fn a_key_is_made_for_a_policy_with_a_pool() {
    let world = World::new().await;
    let (product, policy) = pool(&world).await;
    let made = add(&world, &policy, "first-key").await;
    assert_eq!((made.status, made.text("/data/attributes/key")), (201, "first-key"), "{}", made.body);
    assert_eq!(made.text("/data/relationships/policy/data/id"), policy);
    assert_eq!(made.text("/data/relationships/product/data/id"), product);
    let key = made.text("/data/id").to_owned();
    let path = format!("keys/{key}");
    assert_eq!(world.admin.get(&format!("{path}/policy")).await.text("/data/id"), policy);
    assert_eq!(world.admin.get(&format!("{path}/product")).await.text("/data/id"), product);
    let changed = world.admin.patch(&path, change("keys", json!({"key": "other-key"}))).await;
    assert_eq!((changed.status, changed.text("/data/attributes/key")), (200, "other-key"));
    let moved = document("keys", json!({}), one("policy", "policies", &policy));
    assert_eq!(world.admin.patch(&path, moved).await.error(), (400, "", "/data/relationships"));
    assert_eq!(world.admin.delete(&path).await.status, 204);
    assert_eq!(world.admin.get(&path).await.status, 404);
}

#[tokio::test]
async fn every_refusal_of_a_key() {
    let world = World::new().await;
    let (product, policy) = pool(&world).await;
    let plain = world.policy(&product, json!({})).await;
    let (license, taken) = world.license(&plain, json!({})).await;
    add(&world, &policy, "first-key").await;
    let at = "/data/attributes/key";
    for (policy, key, code, pointer) in [
        (&policy, "first-key", "KEY_TAKEN", at),
        (&policy, "seven77", "KEY_TOO_SHORT", at),
        (&policy, "k".repeat(1025).as_str(), "KEY_TOO_LONG", at),
        (&policy, license.as_str(), "KEY_CONFLICT", at),
        (&policy, taken.as_str(), "KEY_CONFLICT", at),
        (&plain, "a-good-key", "POLICY_NOT_SUPPORTED", "/data/relationships/policy"),
        (&license, "a-good-key", "POLICY_NOT_FOUND", "/data/relationships/policy"),
    ] {
        let answer = add(&world, policy, key).await;
        assert_eq!(answer.error(), (422, code, pointer), "{key}: {}", answer.body);
    }
    let answer =
        world.admin.post("keys", document("keys", json!({}), one("policy", "policies", &policy))).await;
    assert_eq!(answer.error(), (400, "", at));
    let answer = world.admin.post("keys", document("keys", json!({"key": "a-good-key"}), json!({}))).await;
    assert_eq!(answer.status, 400);
    assert_eq!(add(&world, &policy, &"k".repeat(1024)).await.status, 201);
    assert_eq!(add(&world, &policy, "eight888").await.status, 201);
    let chosen = document("licenses", json!({"key": "eight888"}), one("policy", "policies", &plain));
    assert_eq!(world.admin.post("licenses", chosen).await.error(), (422, "KEY_CONFLICT", at));
}

#[tokio::test]
async fn keys_are_listed_by_product_and_policy() {
    let world = World::new().await;
    let (product, policy) = pool(&world).await;
    let other = world.policy(&product, json!({"usePool": true})).await;
    let foreign = pool(&world).await.1;
    let mut ids = Vec::new();
    for (policy, key) in [(&policy, "key-number-1"), (&other, "key-number-2"), (&foreign, "key-number-3")] {
        ids.push(id(&add(&world, policy, key).await.body["data"]));
    }
    assert_eq!(world.admin.get("keys").await.ids().len(), 3);
    assert_eq!(world.admin.get(&format!("keys?policy={policy}")).await.ids(), ids[..1]);
    assert_eq!(world.admin.get(&format!("keys?product={product}")).await.ids().len(), 2);
    let path = format!("policies/{policy}/pool");
    assert_eq!(world.admin.get(&path).await.ids(), ids[..1]);
    assert_eq!(world.admin.get(&format!("{path}/{}", ids[0])).await.status, 200);
    assert_eq!(world.admin.get(&format!("{path}/{}", ids[1])).await.status, 404, "of another pool");
    let ours = world.token_of(&format!("products/{product}")).await;
    assert_eq!(ours.get("keys").await.ids().len(), 2, "a product sees its own");
    assert_eq!(ours.get(&format!("keys/{}", ids[2])).await.status, 404);
}

#[tokio::test]
async fn the_newest_key_is_popped() {
    let world = World::new().await;
    let (product, policy) = pool(&world).await;
    let path = format!("policies/{policy}/pool");
    for key in ["older-key", "newer-key"] {
        assert_eq!(add(&world, &policy, key).await.status, 201);
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let popped = world.admin.delete(&path).await;
    assert_eq!((popped.status, popped.text("/data/attributes/key")), (200, "newer-key"), "{}", popped.body);
    assert_eq!(
        world.admin.get("event-logs?limit=1").await.text("/data/0/attributes/event"),
        "policy.pool.popped"
    );
    assert_eq!(world.admin.delete(&path).await.text("/data/attributes/key"), "older-key");
    let empty = world.admin.delete(&path).await;
    assert_eq!((empty.error(), empty.detail()), ((422, "", "/data/relationships/pool"), "pool is empty"));
    let plain = world.policy(&product, json!({})).await;
    let refused = world.admin.delete(&format!("policies/{plain}/pool")).await;
    let expected = ((422, "", "/data/relationships/pool"), "pool is not supported");
    assert_eq!((refused.error(), refused.detail()), expected);
}

fn license(policy: &str, attributes: Value) -> Value {
    document("licenses", attributes, one("policy", "policies", policy))
}

#[tokio::test]
async fn a_licence_under_a_policy_with_a_pool_gets_a_key_of_it() {
    let world = World::new().await;
    let (_, policy) = pool(&world).await;
    add(&world, &policy, "pooled-key").await;
    let unfit = license(&policy, json!({"maxUses": -1}));
    assert_eq!(world.admin.post("licenses", unfit).await.error().1, "MAX_USES_INVALID");
    assert_eq!(world.admin.get("keys").await.ids().len(), 1, "a refusal takes nothing");
    let chosen = world.admin.post("licenses", license(&policy, json!({"key": "a chosen key"}))).await;
    assert_eq!((chosen.status, chosen.text("/data/attributes/key")), (201, "a chosen key"));
    let made = world.admin.post("licenses", license(&policy, json!({}))).await;
    assert_eq!((made.status, made.text("/data/attributes/key")), (201, "pooled-key"));
    let empty = world.admin.post("licenses", license(&policy, json!({}))).await;
    assert_eq!(empty.error(), (422, "POLICY_POOL_EMPTY", "/data/relationships/policy"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_key_is_given_once() {
    let world = World::new().await;
    let (_, policy) = pool(&world).await;
    for n in 0..5 {
        assert_eq!(add(&world, &policy, &format!("key-number-{n}")).await.status, 201);
    }
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let (admin, policy) = (world.admin.clone(), policy.clone());
            tokio::spawn(async move {
                match n % 2 {
                    0 => admin.delete(&format!("policies/{policy}/pool")).await,
                    _ => admin.post("licenses", license(&policy, json!({}))).await,
                }
            })
        })
        .collect();
    let mut given = Vec::new();
    let mut refused = 0;
    for task in tasks {
        let answer = task.await.unwrap();
        match answer.status {
            200 | 201 => given.push(answer.text("/data/attributes/key").to_owned()),
            422 => refused += 1,
            status => panic!("{status} {}", answer.body),
        }
    }
    given.sort();
    assert_eq!(given, (0..5).map(|n| format!("key-number-{n}")).collect::<Vec<_>>());
    assert_eq!((refused, world.admin.get("keys").await.ids().len()), (3, 0));
}

#[tokio::test]
async fn keys_go_with_their_policy_and_product() {
    let world = World::new().await;
    let (product, policy) = pool(&world).await;
    let other = world.policy(&product, json!({"usePool": true})).await;
    add(&world, &policy, "key-number-1").await;
    add(&world, &other, "key-number-2").await;
    assert_eq!(world.admin.delete(&format!("policies/{policy}")).await.status, 204);
    assert_eq!(world.admin.get("keys").await.text("/data/0/attributes/key"), "key-number-2");
    assert_eq!(world.admin.delete(&format!("products/{product}")).await.status, 204);
    assert!(world.admin.get("keys").await.ids().is_empty());
}
