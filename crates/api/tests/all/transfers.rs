//! Moving licences to other policies (`licensing.md` §8.4).

use serde_json::{Value, json};

use crate::world::{Answer, Client, World, one};

async fn transfer(client: &Client, license: &str, policy: &str) -> Answer {
    let body = json!({"data": {"type": "policies", "id": policy}});
    client.put(&format!("licenses/{license}/policy"), body).await
}

#[tokio::test]
async fn each_incompatibility_is_refused() {
    let world = World::new().await;
    let product = world.product("App").await;
    let wide = |strategy: &str| json!({"machineUniquenessStrategy": strategy});
    let deep = |strategy: &str| json!({"componentUniquenessStrategy": strategy});
    for (from, to, fits) in [
        (json!({}), json!({"usePool": true}), false),
        (json!({}), json!({"encrypted": true}), false),
        (json!({}), json!({"scheme": "ED25519_SIGN"}), false),
        (json!({"scheme": "ECDSA_P256_SIGN"}), json!({"scheme": "ED25519_SIGN"}), false),
        (json!({"scheme": "ED25519_SIGN"}), json!({"scheme": "ED25519_SIGN", "strict": true}), true),
        (wide("UNIQUE_PER_LICENSE"), wide("UNIQUE_PER_POLICY"), false),
        (wide("UNIQUE_PER_POLICY"), wide("UNIQUE_PER_PRODUCT"), false),
        (wide("UNIQUE_PER_PRODUCT"), wide("UNIQUE_PER_ACCOUNT"), false),
        (wide("UNIQUE_PER_ACCOUNT"), wide("UNIQUE_PER_LICENSE"), true),
        (deep("UNIQUE_PER_MACHINE"), deep("UNIQUE_PER_LICENSE"), false),
        (deep("UNIQUE_PER_LICENSE"), deep("UNIQUE_PER_POLICY"), false),
        (deep("UNIQUE_PER_POLICY"), deep("UNIQUE_PER_PRODUCT"), false),
        (deep("UNIQUE_PER_PRODUCT"), deep("UNIQUE_PER_ACCOUNT"), false),
        (deep("UNIQUE_PER_ACCOUNT"), deep("UNIQUE_PER_MACHINE"), true),
    ] {
        let (old, new) =
            (world.policy(&product, from.clone()).await, world.policy(&product, to.clone()).await);
        let (license, key) = world.license(&old, json!({})).await;
        let answer = transfer(&world.admin, &license, &new).await;
        if fits {
            assert_eq!(answer.text("/data/relationships/policy/data/id"), new, "{from} to {to}");
            assert_eq!(answer.text("/data/attributes/key"), key, "a key is not made again");
        } else {
            let expected = (422, "POLICY_NOT_COMPATIBLE", "/data/relationships/policy");
            assert_eq!(answer.error(), expected, "{from} to {to}");
        }
    }
}

#[tokio::test]
async fn the_expiry_is_kept_or_counted_anew() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"duration": 86_400})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let started = json!("2026-06-02T12:00:00.000Z");
    for (terms, expiry) in [
        (json!({"duration": 2_629_746}), started),
        (
            json!({"duration": 2_629_746, "transferStrategy": "RESET_EXPIRY"}),
            json!("2026-07-01T12:00:00.000Z"),
        ),
        (json!({"transferStrategy": "RESET_EXPIRY"}), Value::Null),
        (json!({"duration": 86_400}), Value::Null),
    ] {
        let to = world.policy(&product, terms.clone()).await;
        let moved = transfer(&world.admin, &license, &to).await;
        assert_eq!(moved.at("/data/attributes/expiry"), &expiry, "{terms}");
    }
    let event = world.admin.get("event-logs?limit=1").await;
    assert_eq!(event.text("/data/0/attributes/event"), "license.policy.updated");
}

#[tokio::test]
async fn owners_move_what_is_not_protected_to_what_is_not() {
    let world = World::new().await;
    let product = world.product("App").await;
    let open = world.policy(&product, json!({"protected": false})).await;
    let other = world.policy(&product, json!({"protected": false})).await;
    let closed = world.policy(&product, json!({"protected": true})).await;
    let jane = world.user("jane@example.com", "user").await;
    let token = world.token_of(&format!("users/{jane}")).await;
    let licensed = async |policy: &str, attributes: Value| {
        let mut relations = one("policy", "policies", policy);
        relations["owner"] = one("owner", "users", &jane)["owner"].clone();
        world.make("licenses", attributes, relations).await["id"].as_str().unwrap().to_owned()
    };
    for (from, attributes, to, status) in [
        (&open, json!({}), &other, 200),
        (&open, json!({}), &closed, 403),
        (&closed, json!({}), &open, 403),
        (&open, json!({"protected": true}), &other, 403),
        (&closed, json!({"protected": false}), &other, 200),
    ] {
        let license = licensed(from, attributes.clone()).await;
        let answer = transfer(&token, &license, to).await;
        assert_eq!(answer.status, status, "{attributes}: {}", answer.body);
    }
    let (foreign, _) = world.license(&open, json!({})).await;
    assert_eq!(transfer(&token, &foreign, &other).await.status, 404);
}

#[tokio::test]
async fn the_owner_by_its_former_name_has_its_own_event() {
    let world = World::new().await;
    let product = world.product("App").await;
    let (license, _) = world.license(&world.policy(&product, json!({})).await, json!({})).await;
    let jane = world.user("jane@example.com", "user").await;
    for (name, event) in [("user", "license.user.updated"), ("owner", "license.owner.updated")] {
        let path = format!("licenses/{license}/{name}");
        let owned = world.admin.put(&path, json!({"data": {"type": "users", "id": jane}})).await;
        assert_eq!(owned.text("/data/relationships/owner/data/id"), jane);
        assert_eq!(world.admin.get(&path).await.text("/data/id"), jane);
        assert_eq!(world.admin.get("event-logs?limit=1").await.text("/data/0/attributes/event"), event);
        let unknown = json!({"data": {"type": "users", "id": license}});
        assert_eq!(world.admin.put(&path, unknown).await.error().1, "OWNER_NOT_FOUND");
        assert_eq!(world.admin.put(&path, json!({"data": null})).await.status, 200);
    }
}

#[tokio::test]
async fn usage_counts_both_ways_within_its_limits() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"maxUses": 10})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let act = async |name: &str, meta: Value| {
        world.admin.post(&format!("licenses/{license}/actions/{name}-usage"), json!({ "meta": meta })).await
    };
    for (name, meta, uses) in [
        ("increment", json!({}), 1),
        ("increment", json!({"increment": 9}), 10),
        ("increment", json!({"increment": -3}), 7),
        ("decrement", json!({"decrement": 2}), 5),
        ("decrement", json!({}), 4),
        ("reset", json!({}), 0),
    ] {
        assert_eq!(act(name, meta.clone()).await.at("/data/attributes/uses"), &json!(uses), "{name} {meta}");
    }
    assert_eq!(act("increment", json!({"increment": 11})).await.error().1, "USES_LIMIT_EXCEEDED");
    assert_eq!(act("increment", json!({"increment": -1})).await.error().1, "USES_INVALID");
    assert_eq!(act("decrement", json!({"decrement": 1})).await.error().1, "USES_INVALID");
    for (name, pointer) in [("increment", "/meta/increment"), ("decrement", "/meta/decrement")] {
        for huge in [json!(i64::MAX), json!(u64::MAX), json!(1e30)] {
            let answer = act(name, json!({ name: huge })).await;
            let told = (answer.status, answer.text("/errors/0/source/pointer"));
            assert!(
                told == (400, pointer) || name == "decrement" && answer.status == 422,
                "{huge} {}",
                answer.body
            );
        }
        assert_eq!(act(name, json!({ name: "1" })).await.error(), (400, "", pointer));
    }
}
