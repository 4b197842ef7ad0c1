//! Many at once: one wins, the others are told, and nothing is counted twice.

use serde_json::{Value, json};

use crate::world::{Answer, World, document, id, one};

/// Sends the same request eight times at once; gives the statuses, sorted.
async fn at_once(world: &World, path: &str, body: &Value) -> (Vec<u16>, Vec<Answer>) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (admin, path, body) = (world.admin.clone(), path.to_owned(), body.clone());
            tokio::spawn(async move { admin.post(&path, body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    (statuses, answers)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_given_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let body = document("licenses", json!({"key": "the one key"}), one("policy", "policies", &policy));
    let (statuses, answers) = at_once(&world, "licenses", &body).await;
    assert_eq!(statuses, [201, 422, 422, 422, 422, 422, 422, 422]);
    let refused = answers.iter().filter(|answer| answer.status == 422);
    assert!(refused.into_iter().all(|answer| answer.error().1 == "KEY_TAKEN"));
    assert_eq!(world.admin.get("licenses").await.ids().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_seat_is_given_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"maxUsers": 1})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/users");
    let mut tasks = Vec::new();
    for n in 0..6 {
        let user = world.user(&format!("u{n}@example.com"), "user").await;
        let body = json!({"data": [{"type": "users", "id": user}]});
        let (admin, path) = (world.admin.clone(), path.clone());
        tasks.push(tokio::spawn(async move { admin.post(&path, body).await.status }));
    }
    let mut attached = 0;
    for task in tasks {
        attached += usize::from(task.await.unwrap() == 200);
    }
    assert_eq!((attached, world.admin.get(&path).await.ids().len()), (1, 1));
}

/// Two admins who delete each other at once: one of them stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_admin_is_never_deleted() {
    let world = World::new().await;
    let rival = world.user("rival@example.com", "admin").await;
    let other = world.speak_for(&rival, keyway_crypto::token::TokenKind::Admin).await;
    let (first, second) = (world.admin.clone(), other);
    let (of_rival, of_first) = (format!("users/{rival}"), format!("users/{}", world.admin_id));
    let one = tokio::spawn(async move { first.delete(&of_rival).await.status });
    let two = tokio::spawn(async move { second.delete(&of_first).await.status });
    let statuses = [one.await.unwrap(), two.await.unwrap()];
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
}

/// A group with room for three takes three of eight that come at once, however they come.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_place_in_a_group_is_given_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let limits = json!({"name": "Team", "maxUsers": 3, "maxLicenses": 3});
    let group = id(&world.make("groups", limits, json!({})).await);
    let of_group = json!({"data": {"type": "groups", "id": group}});
    let mut tasks = Vec::new();
    for n in 0..8 {
        let user = world.user(&format!("u{n}@example.com"), "user").await;
        let (admin, body) = (world.admin.clone(), of_group.clone());
        let path = format!("users/{user}/group");
        tasks.push(tokio::spawn(async move { admin.put(&path, body).await }));
    }
    for _ in 0..8 {
        let mut relations = one("policy", "policies", &policy);
        relations["group"] = of_group.clone();
        let (admin, body) = (world.admin.clone(), document("licenses", json!({}), relations));
        tasks.push(tokio::spawn(async move { admin.post("licenses", body).await }));
    }
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    let (users, licenses) = answers.split_at(8);
    for (got, kind, done, code) in [
        (users, "users", 200, "GROUP_USER_LIMIT_EXCEEDED"),
        (licenses, "licenses", 201, "GROUP_LICENSE_LIMIT_EXCEEDED"),
    ] {
        assert_eq!(got.iter().filter(|answer| answer.status == done).count(), 3, "{kind}");
        let refused = got.iter().filter(|answer| answer.error() == (422, code, "/data/relationships/group"));
        assert_eq!(refused.count(), 5, "{kind}");
        assert_eq!(world.admin.get(&format!("groups/{group}/{kind}")).await.ids().len(), 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_is_counted() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"maxUses": 5})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/increment-usage");
    let (statuses, _) = at_once(&world, &path, &json!(null)).await;
    assert_eq!(statuses, [200, 200, 200, 200, 200, 422, 422, 422]);
}

/// A client that hangs up does not cut a change in two: what was begun is finished, and seen at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_up_does_not_undo() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let customer = world.key(&key);
    assert_eq!(customer.get("me").await.status, 200);
    let path = format!("licenses/{license}/actions/suspend");
    let admin = world.admin.clone();
    let request = tokio::spawn(async move { admin.post(&path, json!(null)).await.status });
    // Waits until the operation has begun, then drops the one who asked for it.
    while world.admin.get(&format!("licenses/{license}")).await.text("/data/attributes/status") == "ACTIVE" {
        tokio::task::yield_now().await;
    }
    request.abort();
    let _ = request.await;
    assert_eq!(customer.get("me").await.error(), (403, "LICENSE_SUSPENDED", ""));
}
