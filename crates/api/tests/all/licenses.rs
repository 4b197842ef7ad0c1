//! Licences (`licensing.md` §8).

use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{START, World, change, document, one};

#[tokio::test]
async fn a_licence_is_made_with_a_key_and_reads_through_its_policy() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"duration": 2_629_746, "maxUses": 5, "floating": true})).await;
    let made = world
        .make("licenses", json!({"name": "Jane", "maxUsers": 3}), one("policy", "policies", &policy))
        .await;
    let key = made["attributes"]["key"].as_str().unwrap();
    assert!(key.len() == 37 && key.ends_with("-V3"), "{key}");
    for (attribute, value) in [
        ("expiry", json!("2026-07-01T12:00:00.000Z")),
        ("status", json!("ACTIVE")),
        ("uses", json!(0)),
        ("maxUses", json!(5)),
        ("maxUsers", json!(3)),
        ("maxMachines", json!(null)),
        ("floating", json!(true)),
        ("protected", json!(false)),
        ("scheme", json!(null)),
        ("requireCheckIn", json!(false)),
        ("version", json!(null)),
        ("lastValidated", json!(null)),
        ("nextCheckIn", json!(null)),
    ] {
        assert_eq!(made["attributes"][attribute], value, "{attribute}");
    }
    assert_eq!(made["attributes"]["permissions"].as_array().unwrap().len(), 37);
    assert_eq!(made["relationships"]["users"]["meta"], json!({"count": 0}));
    assert_eq!(
        made["relationships"]["machines"]["meta"],
        json!({"cores": 0, "memory": 0, "disk": 0, "count": 0})
    );
    assert_eq!(made["relationships"]["product"]["data"]["id"], json!(product));
    assert_eq!(made["relationships"]["owner"]["data"], json!(null));
    let order: Vec<&String> = made["relationships"].as_object().unwrap().keys().collect();
    assert_eq!(order.first().map(|name| name.as_str()), Some("account"));
    assert!(made["relationships"].get("user").is_none());
    assert_eq!(world.admin.get(&format!("licenses/{key}")).await.status, 200, "the key is an alias");
}

#[tokio::test]
async fn keys_and_ids_of_the_client_s_choice() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let chosen = "0190163d-8694-739b-aea5-966c26f8ad91";
    let post = |id: Option<&str>, attributes: Value| {
        let mut body = document("licenses", attributes, one("policy", "policies", &policy));
        if let Some(id) = id {
            body["data"]["id"] = json!(id);
        }
        let admin = world.admin.clone();
        async move { admin.post("licenses", body).await }
    };
    let made = post(Some(chosen), json!({"key": "my/own key+ü"})).await;
    assert_eq!((made.status, made.text("/data/id")), (201, chosen), "{}", made.body);
    assert_eq!(world.admin.get("licenses/my%2Fown%20key+%C3%BC").await.status, 200);
    for (id, attributes, code, pointer) in [
        (Some(chosen), json!({}), "ID_CONFLICT", "/data/id"),
        (None, json!({"key": "my/own key+ü"}), "KEY_TAKEN", "/data/attributes/key"),
        (None, json!({"key": "short"}), "KEY_TOO_SHORT", "/data/attributes/key"),
        (None, json!({"key": "k".repeat(16_385)}), "KEY_TOO_LONG", "/data/attributes/key"),
        (None, json!({"key": chosen}), "KEY_CONFLICT", "/data/attributes/key"),
        (None, json!({"key": "actions"}), "KEY_NOT_ALLOWED", "/data/attributes/key"),
        (None, json!({"maxMachines": 0}), "MAX_MACHINES_INVALID", "/data/attributes/maxMachines"),
        (None, json!({"name": "n".repeat(1025)}), "NAME_TOO_LONG", "/data/attributes/name"),
    ] {
        let answer = post(id, attributes).await;
        assert_eq!(answer.error(), (422, code, pointer), "{}", answer.body);
    }
    let body = change("licenses", json!({"key": "another key"}));
    let answer = world.admin.patch(&format!("licenses/{chosen}"), body).await;
    assert_eq!(answer.error(), (400, "", "/data/attributes/key"), "keys are immutable");
    let pooled = world.policy(&product, json!({"usePool": true})).await;
    let body = document("licenses", json!({}), one("policy", "policies", &pooled));
    assert_eq!(world.admin.post("licenses", body).await.error().1, "POLICY_POOL_EMPTY");
}

#[tokio::test]
async fn relations_must_exist_unless_the_rule_depends_on_them() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let nobody = world.account.to_string();
    let body = document("licenses", json!({}), one("policy", "policies", &nobody));
    assert_eq!(
        world.admin.post("licenses", body.clone()).await.error(),
        (422, "POLICY_NOT_FOUND", "/data/relationships/policy")
    );
    let token = world.token_of(&format!("products/{product}")).await;
    assert_eq!(token.post("licenses", body).await.status, 403);
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &nobody)["owner"].clone();
    let body = document("licenses", json!({}), relations);
    assert_eq!(
        world.admin.post("licenses", body).await.error(),
        (422, "OWNER_NOT_FOUND", "/data/relationships/owner")
    );
}

#[tokio::test]
async fn expiry_comes_in_every_form_and_null_clears_it() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({"expiry": "2026-06-02T00:00:00+02:00"})).await;
    let path = format!("licenses/{license}");
    let shown = world.admin.get(&path).await;
    assert_eq!(shown.text("/data/attributes/expiry"), "2026-06-01T22:00:00.000Z");
    assert_eq!(shown.text("/data/attributes/status"), "EXPIRING");
    for (sent, stored) in [
        (json!(1_780_315_200), json!("2026-06-01T12:00:00.000Z")),
        (json!("1780315200"), json!("2026-06-01T12:00:00.000Z")),
        (json!(null), json!(null)),
    ] {
        let changed = world.admin.patch(&path, change("licenses", json!({"expiry": sent}))).await;
        assert_eq!(changed.at("/data/attributes/expiry"), &stored, "{sent}");
    }
    let answer = world.admin.patch(&path, change("licenses", json!({"expiry": "soon"}))).await;
    assert_eq!(answer.detail(), "failed to coerce string to time");
}

#[tokio::test]
async fn suspension_refuses_the_very_next_request() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let customer = world.key(&key);
    assert_eq!(customer.get("me").await.status, 200);
    let action = |name: &str| format!("licenses/{license}/actions/{name}");
    let suspended = world.admin.post(&action("suspend"), json!({"ignored": true})).await;
    assert_eq!(suspended.text("/data/attributes/status"), "SUSPENDED");
    assert_eq!(customer.get("me").await.error(), (403, "LICENSE_SUSPENDED", ""));
    let again = world.admin.post(&action("suspend"), json!(null)).await;
    assert_eq!(again.error(), (422, "", "/data/attributes/suspended"));
    assert_eq!(
        (again.detail(), again.text("/errors/0/title")),
        ("is already suspended", "Unprocessable entity")
    );
    assert_eq!(world.admin.post(&action("reinstate"), json!(null)).await.status, 200);
    assert_eq!(customer.get("me").await.status, 200);
    assert_eq!(world.admin.post(&action("reinstate"), json!(null)).await.detail(), "is not suspended");
    assert_eq!(world.admin.delete(&action("revoke")).await.status, 204);
    assert_eq!(customer.get("me").await.error(), (401, "LICENSE_INVALID", ""));
}

#[tokio::test]
async fn renewal_counts_by_the_calendar() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"duration": 7_889_238})).await;
    let (license, _) = world.license(&policy, json!({"expiry": "2021-07-19T00:00:00Z"})).await;
    let renewed = world.admin.post(&format!("licenses/{license}/actions/renew"), json!(null)).await;
    assert_eq!(renewed.text("/data/attributes/expiry"), "2021-10-19T00:00:00.000Z");
    let perpetual = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&perpetual, json!({})).await;
    let refused = world.admin.post(&format!("licenses/{license}/actions/renew"), json!(null)).await;
    assert_eq!(refused.detail(), "cannot be renewed because the policy does not have a duration");
    let late = world.policy(&product, json!({"duration": 86_400, "expirationBasis": "FROM_FIRST_USE"})).await;
    let (license, _) = world.license(&late, json!({})).await;
    let refused = world.admin.post(&format!("licenses/{license}/actions/renew"), json!(null)).await;
    assert_eq!((refused.status, refused.at("/errors")), (422, &json!([])));
}

#[tokio::test]
async fn check_in_and_usage() {
    let world = World::new().await;
    let product = world.product("App").await;
    let checked =
        json!({"requireCheckIn": true, "checkInInterval": "month", "checkInIntervalCount": 1, "maxUses": 2});
    let policy = world.policy(&product, checked).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let action = |name: &str| format!("licenses/{license}/actions/{name}");
    let checked = world.key(&key).post(&action("check-in"), json!(null)).await;
    assert_eq!(checked.text("/data/attributes/nextCheckIn"), "2026-07-01T12:00:00.000Z");
    // one that came a little earlier and was held up
    world.clock.set(START.minus(Duration::from_millis(20)));
    let overtaken = world.key(&key).post(&action("check-in"), json!(null)).await;
    assert_eq!(overtaken.text("/data/attributes/lastCheckIn"), "2026-06-01T12:00:00.000Z");
    let used = world.admin.post(&action("increment-usage"), json!({"meta": {"increment": 2}})).await;
    assert_eq!(used.at("/data/attributes/uses"), &json!(2));
    let over = world.admin.post(&action("increment-usage"), json!(null)).await;
    assert_eq!(over.error(), (422, "USES_LIMIT_EXCEEDED", "/data/attributes/uses"));
    let under = world.admin.post(&action("decrement-usage"), json!({"meta": {"decrement": 3}})).await;
    assert_eq!(under.error(), (422, "USES_INVALID", "/data/attributes/uses"));
    let huge = json!({"meta": {"increment": 9_223_372_036_854_775_807_i64}});
    assert_eq!(world.admin.post(&action("increment-usage"), huge).await.detail(), "integer is too large");
    assert_eq!(
        world.admin.post(&action("reset-usage"), json!(null)).await.at("/data/attributes/uses"),
        &json!(0)
    );
    let plain = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&plain, json!({})).await;
    let refused = world.admin.post(&format!("licenses/{license}/actions/check-in"), json!(null)).await;
    assert_eq!(refused.detail(), "cannot be checked in because the policy does not require it");
}

/// §7, §15: the first use starts the time of a licence that counts from it; the answer to it does not tell yet.
#[tokio::test]
async fn the_first_use_starts_the_time() {
    let world = World::new().await;
    let product = world.product("App").await;
    let terms = json!({"duration": 86_400, "expirationBasis": "FROM_FIRST_USE"});
    let policy = world.policy(&product, terms).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}");
    let action = |name: &str| format!("{path}/actions/{name}");
    for unused in ["reset-usage", "validate"] {
        assert_eq!(world.admin.post(&action(unused), json!(null)).await.status, 200, "{unused}");
    }
    assert_eq!(world.admin.get(&path).await.at("/data/attributes/expiry"), &Value::Null);
    let used = world.key(&key).post(&action("increment-usage"), json!(null)).await;
    assert_eq!(
        (used.at("/data/attributes/uses"), used.at("/data/attributes/expiry")),
        (&json!(1), &Value::Null)
    );
    let expiry = "2026-06-02T12:00:00.000Z";
    assert_eq!(world.admin.get(&path).await.text("/data/attributes/expiry"), expiry);
    world.clock.advance(Duration::from_secs(3_600));
    let again = world.admin.post(&action("increment-usage"), json!(null)).await;
    assert_eq!(again.text("/data/attributes/expiry"), expiry, "once");
    let eternal = world.policy(&product, json!({"expirationBasis": "FROM_FIRST_USE"})).await;
    let (license, _) = world.license(&eternal, json!({})).await;
    let path = format!("licenses/{license}");
    world.admin.post(&format!("{path}/actions/increment-usage"), json!(null)).await;
    assert_eq!(world.admin.get(&path).await.at("/data/attributes/expiry"), &Value::Null, "no duration");
}

#[tokio::test]
async fn users_of_a_licence() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"maxUsers": 2})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let mut users = Vec::new();
    for n in 0..3 {
        users.push(world.user(&format!("u{n}@example.com"), "user").await);
    }
    let path = format!("licenses/{license}/users");
    let ids = |ids: &[&String]| json!({"data": ids.iter().map(|id| json!({"type": "users", "id": id})).collect::<Vec<_>>()});
    let owner = format!("licenses/{license}/owner");
    assert_eq!(world.admin.get(&owner).await.at("/data"), &Value::Null);
    let owned = world.admin.put(&owner, json!({"data": {"type": "users", "id": users[0]}})).await;
    assert_eq!(owned.text("/data/type"), "licenses", "the answer is the parent");
    assert_eq!(owned.at("/data/relationships/users/meta"), &json!({"count": 1}));
    assert_eq!(world.admin.get(&owner).await.text("/data/id"), users[0]);
    assert_eq!(world.admin.post(&path, ids(&[&users[0]])).await.error().1, "USER_CONFLICT");
    assert_eq!(
        world.admin.post(&path, ids(&[&users[1], &users[2]])).await.error(),
        (422, "USER_LIMIT_EXCEEDED", "/data/relationships/users")
    );
    let attached = world.admin.post(&path, ids(&[&users[1]])).await;
    assert_eq!(attached.text("/data/0/type"), "license-users");
    assert_eq!(world.admin.get(&path).await.ids().len(), 2, "owner included");
    assert_eq!(world.admin.get(&format!("{path}/{}", users[1])).await.status, 200);
    let licensee = world.token_of(&format!("users/{}", users[1])).await;
    assert_eq!(licensee.get("licenses").await.ids(), std::slice::from_ref(&license));
    let body = json!({"data": {"type": "users", "id": users[1]}});
    assert_eq!(
        world.admin.put(&owner, body).await.error(),
        (422, "OWNER_INVALID", "/data/relationships/owner")
    );
    let detach = |body| world.admin.send(http::Method::DELETE, &path, Some(body));
    assert_eq!(detach(ids(&[&users[0]])).await.error(), (403, "", "/data/0"), "the owner");
    assert_eq!(detach(ids(&[&users[2]])).await.error(), (422, "", "/data/0"), "not attached");
    assert_eq!(detach(ids(&[&users[1]])).await.status, 204);
    assert!(licensee.get("licenses").await.ids().is_empty(), "at once");
    let cleared = world.admin.patch(&owner, json!({"data": null})).await;
    assert_eq!(cleared.at("/data/relationships/owner/data"), &Value::Null);
}

#[tokio::test]
async fn entitlements_are_the_licence_s_and_the_policy_s() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, key) = world.license(&policy, json!({})).await;
    let (own, inherited) = (world.entitlement("OWN").await, world.entitlement("INHERITED").await);
    let ids = |id: &str| json!({"data": [{"type": "entitlements", "id": id}]});
    world.admin.post(&format!("policies/{policy}/entitlements"), ids(&inherited)).await;
    let path = format!("licenses/{license}/entitlements");
    assert_eq!(world.admin.post(&path, ids(&inherited)).await.error().1, "ENTITLEMENT_CONFLICT");
    assert_eq!(world.admin.post(&path, ids(&own)).await.text("/data/0/type"), "license-entitlements");
    assert_eq!(world.admin.post(&path, ids(&own)).await.error().1, "ENTITLEMENT_TAKEN");
    assert_eq!(world.admin.get(&path).await.ids().len(), 2);
    assert_eq!(world.key(&key).get(&path).await.ids().len(), 2);
    assert_eq!(world.key(&key).get("entitlements").await.ids().len(), 2, "holders see what they hold");
    let detach = |body| world.admin.send(http::Method::DELETE, &path, Some(body));
    assert_eq!(detach(ids(&inherited)).await.error(), (403, "", "/data/0"));
    assert_eq!(detach(ids(&own)).await.status, 204);
    assert_eq!(world.admin.delete(&format!("entitlements/{inherited}")).await.status, 204);
    assert!(world.admin.get(&path).await.ids().is_empty(), "deleting removes it everywhere");
}

#[tokio::test]
async fn policies_can_be_changed_where_they_fit() {
    let world = World::new().await;
    let (product, other) = (world.product("App").await, world.product("Other").await);
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/policy");
    let to = |policy: &str| json!({"data": {"type": "policies", "id": policy}});
    let reset = world.policy(&product, json!({"transferStrategy": "RESET_EXPIRY", "duration": 86_400})).await;
    let moved = world.admin.put(&path, to(&reset)).await;
    assert_eq!(moved.text("/data/attributes/expiry"), "2026-06-02T12:00:00.000Z");
    assert_eq!(world.admin.get(&path).await.text("/data/id"), reset);
    let pooled = world.policy(&product, json!({"usePool": true})).await;
    let foreign = world.policy(&other, json!({})).await;
    for policy in [&pooled, &foreign] {
        let answer = world.admin.put(&path, to(policy)).await;
        assert_eq!(answer.error(), (422, "POLICY_NOT_COMPATIBLE", "/data/relationships/policy"));
    }
    let answer = world.admin.put(&path, to(&world.account.to_string())).await;
    assert_eq!(answer.error(), (422, "POLICY_NOT_FOUND", "/data/relationships/policy"));
    assert_eq!(world.admin.put(&path, json!({"data": null})).await.error(), (400, "", "/data"));
    let token = world.token_of(&format!("products/{product}")).await;
    assert_eq!(token.put(&path, to(&foreign)).await.status, 403, "a product needs to own both");
}

#[tokio::test]
async fn lists_are_filtered() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let jane = world.user("jane@example.com", "user").await;
    let (plain, _) = world.license(&policy, json!({"metadata": {"tier": "gold", "seats": 5}})).await;
    let (suspended, _) = world.license(&policy, json!({"suspended": true})).await;
    let (expired, _) = world.license(&policy, json!({"expiry": "2026-05-01T00:00:00Z"})).await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &jane)["owner"].clone();
    let owned = world.make("licenses", json!({}), relations).await["id"].as_str().unwrap().to_owned();
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    for (query, expected) in [
        ("suspended=true", vec![&suspended]),
        ("suspended=0", vec![&plain, &expired, &owned]),
        ("owner=jane@example.com", vec![&owned]),
        ("user=jane@example.com", vec![&owned]),
        ("assigned=true", vec![&owned]),
        ("unassigned=1", vec![&plain, &suspended, &expired]),
        ("expired=true", vec![&expired]),
        ("metadata[tier]=gold", vec![&plain]),
        ("metadata[seats]=5", vec![&plain]),
        ("metadata[seats]=6", vec![]),
        ("policy=x", vec![]),
        ("status=SUSPENDED", vec![&suspended]),
        ("nonsense=1&suspended=", vec![&plain, &suspended, &expired, &owned]),
    ] {
        let found = world.admin.get(&format!("licenses?{query}")).await.ids();
        assert_eq!(sorted(found), sorted(expected.into_iter().cloned().collect()), "{query}");
    }
}

#[tokio::test]
async fn customers_serve_themselves_unless_it_is_protected() {
    let world = World::new().await;
    let product = world.product("App").await;
    let open = world.policy(&product, json!({"protected": false})).await;
    let closed = world.policy(&product, json!({"protected": true})).await;
    let jane = world.user("jane@example.com", "user").await;
    let token = world.token_of(&format!("users/{jane}")).await;
    let body = |policy: &str, owner: &str| {
        let mut relations = one("policy", "policies", policy);
        relations["owner"] = one("owner", "users", owner)["owner"].clone();
        document("licenses", json!({}), relations)
    };
    let made = token.post("licenses", body(&open, &jane)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(token.post("licenses", body(&closed, &jane)).await.status, 403);
    assert_eq!(token.post("licenses", body(&open, &world.admin_id.to_string())).await.status, 403);
    let id = made.text("/data/id");
    assert_eq!(token.get("licenses").await.ids(), [id]);
    assert_eq!(
        token.patch(&format!("licenses/{id}"), change("licenses", json!({"name": "x"}))).await.status,
        403
    );
    assert_eq!(token.delete(&format!("licenses/{id}")).await.status, 204);
}

#[tokio::test]
async fn an_inactive_licence_says_so() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    world.clock.advance(Duration::from_secs(91 * 86_400));
    let shown = world.admin.get(&format!("licenses/{license}")).await;
    assert_eq!(shown.text("/data/attributes/status"), "INACTIVE");
}
