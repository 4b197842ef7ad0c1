//! Policies (`licensing.md` §7).

use serde_json::{Value, json};

use crate::world::{World, change, document, one};

/// The defaults of the table in §7.
#[tokio::test]
async fn what_is_not_sent_has_its_default() {
    let world = World::new().await;
    let product = world.product("App").await;
    let made = world.make("policies", json!({"name": "Basic"}), one("product", "products", &product)).await;
    for (attribute, default) in [
        ("duration", json!(null)),
        ("strict", json!(false)),
        ("floating", json!(false)),
        ("scheme", json!(null)),
        ("usePool", json!(false)),
        ("encrypted", json!(false)),
        ("protected", json!(false)),
        ("maxMachines", json!(1)),
        ("maxUsers", json!(null)),
        ("machineUniquenessStrategy", json!("UNIQUE_PER_LICENSE")),
        ("machineMatchingStrategy", json!("MATCH_ANY")),
        ("componentUniquenessStrategy", json!("UNIQUE_PER_MACHINE")),
        ("componentMatchingStrategy", json!("MATCH_ANY")),
        ("expirationStrategy", json!("RESTRICT_ACCESS")),
        ("expirationBasis", json!("FROM_CREATION")),
        ("renewalBasis", json!("FROM_EXPIRY")),
        ("transferStrategy", json!("KEEP_EXPIRY")),
        ("authenticationStrategy", json!("TOKEN")),
        ("machineLeasingStrategy", json!("PER_LICENSE")),
        ("processLeasingStrategy", json!("PER_MACHINE")),
        ("overageStrategy", json!("NO_OVERAGE")),
        ("requireProductScope", json!(false)),
        ("requireCheckIn", json!(false)),
        ("requireHeartbeat", json!(false)),
        ("heartbeatDuration", json!(null)),
        ("heartbeatCullStrategy", json!("DEACTIVATE_DEAD")),
        ("heartbeatResurrectionStrategy", json!("NO_REVIVE")),
        ("heartbeatBasis", json!("FROM_FIRST_PING")),
        ("metadata", json!({})),
    ] {
        assert_eq!(made["attributes"][attribute], default, "{attribute}");
    }
    assert!(made["attributes"].get("requireEnvironmentScope").is_none(), "cannot be seen");
    assert_eq!(made["relationships"]["product"]["data"]["id"], json!(product));
    let hearts = json!({"name": "x", "requireHeartbeat": true, "floating": true});
    let hearts = world.make("policies", hearts, one("product", "products", &product)).await;
    assert_eq!(hearts["attributes"]["heartbeatBasis"], json!("FROM_CREATION"));
    assert_eq!(hearts["attributes"]["maxMachines"], json!(null), "floating");
}

#[tokio::test]
async fn every_rule_has_its_code() {
    let world = World::new().await;
    let product = world.product("App").await;
    let post = |attributes: Value| {
        let mut all = json!({"name": "x"});
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        let body = document("policies", all, one("product", "products", &product));
        let admin = world.admin.clone();
        async move { admin.post("policies", body).await }
    };
    for (attributes, code, pointer) in [
        (json!({"name": "x".repeat(256)}), "NAME_TOO_LONG", "name"),
        (json!({"duration": 86_399}), "DURATION_INVALID", "duration"),
        (json!({"heartbeatDuration": 59}), "HEARTBEAT_DURATION_INVALID", "heartbeatDuration"),
        (json!({"maxMachines": 2}), "MAX_MACHINES_INVALID", "maxMachines"),
        (json!({"maxMachines": 0, "floating": true}), "MAX_MACHINES_INVALID", "maxMachines"),
        (json!({"maxUses": -1}), "MAX_USES_INVALID", "maxUses"),
        (json!({"expirationStrategy": "NEVER"}), "EXPIRATION_STRATEGY_NOT_ALLOWED", "expirationStrategy"),
        (json!({"scheme": "ROT13"}), "SCHEME_NOT_ALLOWED", "scheme"),
        (json!({"usePool": true, "encrypted": true}), "ENCRYPTED_NOT_SUPPORTED", "encrypted"),
        (json!({"usePool": true, "scheme": "ED25519_SIGN"}), "SCHEME_NOT_SUPPORTED", "scheme"),
        (json!({"scheme": "LEGACY_ENCRYPT"}), "SCHEME_INVALID", "scheme"),
        (json!({"encrypted": true, "scheme": "ED25519_SIGN"}), "SCHEME_NOT_ALLOWED", "scheme"),
        (json!({"requireCheckIn": true}), "CHECK_IN_INTERVAL_NOT_ALLOWED", "checkInInterval"),
        (
            json!({"requireCheckIn": true, "checkInInterval": "day", "checkInIntervalCount": 366}),
            "CHECK_IN_INTERVAL_COUNT_NOT_ALLOWED",
            "checkInIntervalCount",
        ),
        (json!({"overageStrategy": "ALLOW_1_5X_OVERAGE"}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (
            json!({"heartbeatResurrectionStrategy": "ALWAYS_REVIVE"}),
            "HEARTBEAT_RESURRECTION_STRATEGY_NOT_ALLOWED",
            "heartbeatResurrectionStrategy",
        ),
    ] {
        let answer = post(attributes.clone()).await;
        let pointer = format!("/data/attributes/{pointer}");
        assert_eq!(answer.error(), (422, code, pointer.as_str()), "{attributes}: {}", answer.body);
    }
    let unknown =
        document("policies", json!({"name": "x"}), one("product", "products", &world.account.to_string()));
    let answer = world.admin.post("policies", unknown).await;
    assert_eq!(answer.error(), (422, "PRODUCT_NOT_FOUND", "/data/relationships/product"));
    assert_eq!(answer.detail(), "must exist");
}

#[tokio::test]
async fn what_makes_keys_is_fixed_at_creation_and_the_product_too() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    for attribute in ["scheme", "encrypted", "usePool"] {
        let body = change("policies", json!({ attribute: null }));
        let answer = world.admin.patch(&format!("policies/{policy}"), body).await;
        let pointer = format!("/data/attributes/{attribute}");
        assert_eq!(answer.error(), (400, "", pointer.as_str()));
    }
    let body = document("policies", json!({}), one("product", "products", &product));
    let answer = world.admin.patch(&format!("policies/{policy}"), body).await;
    assert_eq!(answer.error(), (400, "", "/data/relationships"));
}

/// The rules hold for what a policy becomes, not only for what was sent.
#[tokio::test]
async fn a_change_must_leave_the_policy_whole() {
    let world = World::new().await;
    let product = world.product("App").await;
    let terms =
        json!({"floating": true, "maxMachines": 8, "maxUsers": 4, "overageStrategy": "ALLOW_1_25X_OVERAGE"});
    let policy = world.policy(&product, terms).await;
    let path = format!("policies/{policy}");
    for (attributes, code, pointer) in [
        (json!({"maxMachines": 6}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"maxCores": 2}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"maxMemory": 2}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"maxDisk": 2}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"maxProcesses": 2}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"maxUsers": 3}), "OVERAGE_STRATEGY_NOT_ALLOWED", "overageStrategy"),
        (json!({"floating": false, "overageStrategy": "NO_OVERAGE"}), "MAX_MACHINES_INVALID", "maxMachines"),
        (json!({"requireCheckIn": true}), "CHECK_IN_INTERVAL_NOT_ALLOWED", "checkInInterval"),
        (json!({"duration": 2_147_483_648_i64}), "DURATION_INVALID", "duration"),
        (json!({"heartbeatBasis": "FROM_BIRTH"}), "HEARTBEAT_BASIS_NOT_ALLOWED", "heartbeatBasis"),
    ] {
        let answer = world.admin.patch(&path, change("policies", attributes.clone())).await;
        let pointer = format!("/data/attributes/{pointer}");
        assert_eq!(answer.error(), (422, code, pointer.as_str()), "{attributes}: {}", answer.body);
    }
    for attributes in [
        json!({"overageStrategy": "ALLOW_1_5X_OVERAGE", "maxMachines": 6}),
        json!({"overageStrategy": "ALLOW_2X_OVERAGE", "maxMachines": 5}),
        json!({"maxMemory": 9_007_199_254_740_993_i64, "maxDisk": null, "maxMachines": null}),
        json!({"heartbeatCullStrategy": "KEEP_DEAD", "heartbeatResurrectionStrategy": "ALWAYS_REVIVE"}),
    ] {
        let answer = world.admin.put(&path, change("policies", attributes.clone())).await;
        assert_eq!(answer.status, 200, "{attributes}: {}", answer.body);
        for (name, value) in attributes.as_object().unwrap() {
            assert_eq!(&answer.body["data"]["attributes"][name], value, "{name}");
        }
    }
    let unkept = json!({"heartbeatCullStrategy": "DEACTIVATE_DEAD"});
    let answer = world.admin.patch(&path, change("policies", unkept)).await;
    assert_eq!(answer.error().1, "HEARTBEAT_RESURRECTION_STRATEGY_NOT_ALLOWED");
}

#[tokio::test]
async fn what_is_below_a_policy() {
    let world = World::new().await;
    let (product, other) = (world.product("App").await, world.product("Other").await);
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let (suspended, _) = world.license(&policy, json!({"suspended": true})).await;
    let (foreign, _) = world.license(&world.policy(&other, json!({})).await, json!({})).await;
    let path = format!("policies/{policy}/licenses");
    for (query, expected) in [
        (String::new(), vec![&suspended, &license]),
        ("?suspended=true".to_owned(), vec![&suspended]),
        (format!("?product={product}&suspended=false"), vec![&license]),
        (format!("?product={other}"), vec![]),
    ] {
        let found = world.admin.get(&format!("{path}{query}")).await.ids();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    assert_eq!(world.admin.get(&format!("{path}/{license}")).await.text("/data/id"), license);
    assert_eq!(world.admin.get(&format!("{path}/{foreign}")).await.status, 404);
    assert_eq!(world.admin.get(&format!("policies/{policy}/product")).await.text("/data/id"), product);
    assert_eq!(world.admin.get(&format!("policies?product={other}")).await.ids().len(), 1);
}

#[tokio::test]
async fn entitlements_are_attached_all_or_none() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (a, b) = (world.entitlement("A").await, world.entitlement("B").await);
    let path = format!("policies/{policy}/entitlements");
    let ids = |ids: &[&str]| json!({"data": ids.iter().map(|id| json!({"type": "entitlements", "id": id})).collect::<Vec<_>>()});
    let unknown = world.account.to_string();
    let answer = world.admin.post(&path, ids(&[&a, &unknown])).await;
    assert_eq!(answer.error(), (422, "ENTITLEMENT_NOT_FOUND", "/data/relationships/entitlement"));
    assert!(world.admin.get(&path).await.ids().is_empty(), "nothing was attached");
    let attached = world.admin.post(&path, ids(&[&a, &b])).await;
    assert_eq!(attached.status, 200, "{}", attached.body);
    assert_eq!(attached.text("/data/0/type"), "policy-entitlements");
    assert_eq!(attached.text("/data/1/relationships/entitlement/data/id"), b);
    for again in [ids(&[&a]), ids(&[&a, &a])] {
        assert_eq!(world.admin.post(&path, again).await.error().1, "ENTITLEMENT_TAKEN");
    }
    assert_eq!(
        world.admin.post(&path, ids(&[])).await.detail(),
        "length must be between 1 and 100 (inclusive)"
    );
    assert_eq!(world.admin.get(&path).await.ids().len(), 2);
    assert_eq!(world.admin.get(&format!("{path}/{a}")).await.status, 200);
    let detach = |body| world.admin.send(http::Method::DELETE, &path, Some(body));
    let answer = detach(ids(&[&a, &unknown])).await;
    assert_eq!(answer.error(), (422, "", "/data/1"));
    assert_eq!(world.admin.get(&path).await.ids().len(), 2, "nothing was detached");
    assert_eq!(detach(ids(&[&a])).await.status, 204);
    assert_eq!(world.admin.get(&path).await.ids(), [b]);
}

#[tokio::test]
async fn products_work_within_themselves() {
    let world = World::new().await;
    let (ours, theirs) = (world.product("Ours").await, world.product("Theirs").await);
    let foreign = world.policy(&theirs, json!({})).await;
    let token = world.token_of(&format!("products/{ours}")).await;
    let own = token
        .post("policies", document("policies", json!({"name": "x"}), one("product", "products", &ours)))
        .await;
    assert_eq!(own.status, 201, "{}", own.body);
    let stolen = token
        .post("policies", document("policies", json!({"name": "x"}), one("product", "products", &theirs)))
        .await;
    assert_eq!(stolen.status, 403);
    assert_eq!(token.get(&format!("policies/{foreign}")).await.status, 404);
    assert_eq!(token.get("policies").await.ids().len(), 1);
    assert_eq!(token.get("products").await.status, 403, "a product cannot list products");
    assert_eq!(token.get(&format!("products/{ours}")).await.status, 200);
}
