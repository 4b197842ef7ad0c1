//! What stands in the way of an activation, and what an activation sets off.

use serde_json::{Value, json};

use super::Site;
use crate::world::{document, id, one};

#[tokio::test]
async fn bodies_are_strict() {
    let site = Site::under(json!({})).await;
    let admin = &site.world.admin;
    let of_license = one("license", "licenses", &site.license);
    for (body, status, code, pointer) in [
        (document("machines", json!({"fingerprint": "x"}), json!({})), 400, "", "/data/relationships"),
        (document("machines", json!({}), of_license.clone()), 400, "", "/data/attributes/fingerprint"),
        (site.body("", json!({})), 400, "", "/data/attributes/fingerprint"),
        (site.body("  ", json!({})), 400, "", "/data/attributes/fingerprint"),
        (site.body("actions", json!({})), 422, "FINGERPRINT_NOT_ALLOWED", "/data/attributes/fingerprint"),
        (
            site.body(&"x".repeat(4097), json!({})),
            422,
            "FINGERPRINT_TOO_LONG",
            "/data/attributes/fingerprint",
        ),
        (site.body("x", json!({"cores": 0})), 422, "CORES_INVALID", "/data/attributes/cores"),
        (site.body("x", json!({"memory": 0})), 422, "MEMORY_INVALID", "/data/attributes/memory"),
        (site.body("x", json!({"disk": -1})), 422, "DISK_INVALID", "/data/attributes/disk"),
        (site.body("x", json!({"heartbeatStatus": "ALIVE"})), 400, "", "/data/attributes/heartbeatStatus"),
    ] {
        assert_eq!(
            admin.post("machines", body.clone()).await.error(),
            (status, code, pointer),
            "{body:.200}"
        );
    }
    let nobody = one("license", "licenses", &site.world.account.to_string());
    let missing = admin.post("machines", document("machines", json!({"fingerprint": "x"}), nobody)).await;
    assert_eq!(missing.error(), (422, "LICENSE_NOT_FOUND", "/data/relationships/license"));
    let long = site.activate(&"é".repeat(4096), json!({})).await;
    assert_eq!(long.status, 201, "{}", long.body);
    let mut chosen = site.body("chosen", json!({}));
    chosen["data"]["id"] = json!(long.text("/data/id"));
    assert_eq!(admin.post("machines", chosen.clone()).await.error(), (422, "ID_CONFLICT", "/data/id"));
    chosen["data"]["id"] = json!("0190163d-8694-739b-aea5-966c26f8ad91");
    let made = site.world.key(&site.key).post("machines", chosen).await;
    assert_eq!(made.text("/data/id"), "0190163d-8694-739b-aea5-966c26f8ad91");
}

#[tokio::test]
async fn fingerprints_are_unique_as_far_as_the_policy_says() {
    // How many of: the same policy's other licence, another policy's, another product's may share it.
    for (strategy, shared, detail) in [
        ("UNIQUE_PER_LICENSE", [true, true, true], "has already been taken"),
        ("UNIQUE_PER_POLICY", [false, true, true], "has already been taken for this policy"),
        ("UNIQUE_PER_PRODUCT", [false, false, true], "has already been taken for this product"),
        ("UNIQUE_PER_ACCOUNT", [false, false, false], "has already been taken for this account"),
    ] {
        let terms = json!({"machineUniquenessStrategy": strategy, "floating": true});
        let site = Site::under(terms.clone()).await;
        let world = &site.world;
        site.machine("same").await;
        let again = site.activate("same", json!({})).await;
        assert_eq!(again.error(), (422, "FINGERPRINT_TAKEN", "/data/attributes/fingerprint"));
        assert_eq!(again.detail(), detail, "{strategy}");
        let sibling = site.another(&site.policy).await;
        let cousin = site.another(&world.policy(&site.product, terms.clone()).await).await;
        let foreign = site.another(&world.policy(&world.product("Other").await, terms).await).await;
        for (license, may) in [sibling, cousin, foreign].into_iter().zip(shared) {
            let body =
                document("machines", json!({"fingerprint": "same"}), one("license", "licenses", &license));
            let answer = world.admin.post("machines", body).await;
            assert_eq!(answer.status == 201, may, "{strategy}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn everything_that_is_wrong_is_told_together() {
    let terms = json!({"maxMachines": 1, "maxCores": 4, "maxMemory": 100, "maxDisk": 10});
    let site = Site::under(terms).await;
    let first = site.activate("one", json!({"cores": 4, "memory": 100, "disk": 10})).await;
    assert_eq!(first.status, 201, "{}", first.body);
    let stranger = site.world.user("stranger@example.com", "user").await;
    let mut body = site.body(first.text("/data/id"), json!({"cores": 1, "memory": 1, "disk": 1}));
    body["data"]["relationships"]["owner"] = one("owner", "users", &stranger)["owner"].clone();
    let refused = site.world.admin.post("machines", body).await;
    assert_eq!(
        refused.codes(),
        [
            "FINGERPRINT_CONFLICT",
            "OWNER_INVALID",
            "MACHINE_LIMIT_EXCEEDED",
            "MACHINE_CORE_LIMIT_EXCEEDED",
            "MACHINE_MEMORY_LIMIT_EXCEEDED",
            "MACHINE_DISK_LIMIT_EXCEEDED",
        ]
    );
    let limit = &refused.body["errors"][2];
    assert_eq!(limit["detail"], "machine count has exceeded maximum allowed for license (1)");
    assert_eq!(limit["source"]["pointer"], "/data");
    let again = site.activate("one", json!({})).await;
    assert_eq!(again.codes(), ["FINGERPRINT_TAKEN", "MACHINE_LIMIT_EXCEEDED"]);
}

#[tokio::test]
async fn the_first_machine_is_always_allowed_and_overage_lets_more_in() {
    let site = Site::under(json!({"floating": false, "overageStrategy": "ALLOW_2X_OVERAGE"})).await;
    site.machine("one").await;
    site.machine("two").await;
    assert_eq!(site.activate("three", json!({})).await.error().1, "MACHINE_LIMIT_EXCEEDED");
    let sized = Site::under(json!({"maxCores": 4})).await;
    let first = sized.activate("one", json!({"cores": 5})).await;
    assert_eq!(first.error(), (422, "MACHINE_CORE_LIMIT_EXCEEDED", "/data"), "size counts from the first on");
}

#[tokio::test]
async fn per_user_leasing_counts_each_user_s_machines_apart() {
    let site = Site::under(json!({"maxMachines": 1, "machineLeasingStrategy": "PER_USER"})).await;
    let (jane, _) = site.licensee("jane@example.com").await;
    let (john, _) = site.licensee("john@example.com").await;
    for (fingerprint, owner, status) in [
        ("1", None, 201),
        ("2", Some(&jane), 201),
        ("3", Some(&john), 201),
        ("4", Some(&jane), 422),
        ("5", None, 422),
    ] {
        let mut body = site.body(fingerprint, json!({}));
        if let Some(owner) = owner {
            body["data"]["relationships"]["owner"] = one("owner", "users", owner)["owner"].clone();
        }
        let answer = site.world.admin.post("machines", body).await;
        assert_eq!(answer.status, status, "{fingerprint}: {}", answer.body);
        if status == 422 {
            assert_eq!(answer.detail(), "machine count has exceeded maximum allowed for user (1)");
        }
    }
}

#[tokio::test]
async fn a_licence_s_token_counts_what_it_does() {
    let site = Site::under(json!({})).await;
    let path = format!("licenses/{}/tokens", site.license);
    let attributes = json!({"maxActivations": 2, "maxDeactivations": 1});
    let made =
        site.world.admin.post(&path, json!({"data": {"type": "tokens", "attributes": attributes}})).await;
    let client = site.world.anonymous().bearer(made.text("/data/attributes/token"));
    let token = format!("tokens/{}", made.text("/data/id"));
    let one = client.post("machines", site.body("one", json!({}))).await;
    assert_eq!(one.status, 201, "{}", one.body);
    assert_eq!(client.post("machines", site.body("two", json!({}))).await.status, 201);
    let third = client.post("machines", site.body("three", json!({}))).await;
    assert_eq!(third.error(), (422, "ACTIVATIONS_LIMIT_EXCEEDED", "/data/attributes/activations"));
    assert_eq!(third.detail(), "exceeds maximum allowed (2)");
    assert_eq!(client.delete("machines/one").await.status, 204);
    let second = client.delete("machines/two").await;
    assert_eq!(second.error(), (422, "DEACTIVATIONS_LIMIT_EXCEEDED", "/data/attributes/deactivations"));
    assert_eq!(client.get("machines/two").await.status, 200);
    let shown = site.world.admin.get(&token).await;
    let counters = [shown.at("/data/attributes/activations"), shown.at("/data/attributes/deactivations")];
    assert_eq!(counters, [&json!(2), &json!(1)]);
    assert_eq!(site.world.key(&site.key).delete("machines/two").await.status, 204, "keys count nothing");
}

#[tokio::test]
async fn the_first_activation_starts_the_clock_once() {
    let site = Site::under(json!({"duration": 86_400, "expirationBasis": "FROM_FIRST_ACTIVATION"})).await;
    let path = format!("licenses/{}", site.license);
    let expiry = || async { site.world.admin.get(&path).await.at("/data/attributes/expiry").clone() };
    assert_eq!(expiry().await, Value::Null);
    site.machine("one").await;
    let started = json!("2026-06-02T12:00:00.000Z");
    assert_eq!(expiry().await, started);
    site.world.clock.advance(std::time::Duration::from_secs(60));
    site.machine("two").await;
    assert_eq!(expiry().await, started);
}

#[tokio::test]
async fn validation_knows_the_machines() {
    let site =
        Site::under(json!({"strict": true, "maxMachines": 2, "overageStrategy": "ALLOW_2X_OVERAGE"})).await;
    let path = format!("licenses/{}/actions/validate", site.license);
    let code = |scope: Value| {
        let (admin, path) = (site.world.admin.clone(), path.clone());
        async move {
            let answer = admin.post(&path, json!({"meta": {"scope": scope}})).await;
            let valid = answer.at("/meta/valid").as_bool().unwrap();
            (answer.text("/meta/code").to_owned(), valid)
        }
    };
    assert_eq!(code(json!({})).await, ("NO_MACHINES".to_owned(), false));
    assert_eq!(code(json!({"fingerprint": "one"})).await, ("NO_MACHINES".to_owned(), false));
    let mut body = site.body("one", json!({}));
    body["data"]["relationships"]["components"] =
        json!({"data": [{"type": "components", "attributes": {"fingerprint": "c", "name": "disk"}}]});
    let machine = id(&site.world.admin.post("machines", body).await.body["data"]);
    for (scope, expected) in [
        (json!({"fingerprint": "one"}), "VALID"),
        (json!({"fingerprint": "two"}), "FINGERPRINT_SCOPE_MISMATCH"),
        (json!({"machine": machine}), "VALID"),
        (json!({"machine": site.license}), "MACHINE_SCOPE_MISMATCH"),
        (json!({"fingerprint": "one", "components": ["c"]}), "VALID"),
        (json!({"fingerprint": "one", "components": ["d"]}), "COMPONENTS_SCOPE_MISMATCH"),
    ] {
        assert_eq!(code(scope.clone()).await.0, expected, "{scope}");
    }
    site.machine("two").await;
    assert_eq!(code(json!({})).await, ("VALID".to_owned(), true));
    site.machine("three").await;
    assert_eq!(code(json!({})).await, ("TOO_MANY_MACHINES".to_owned(), true));
}

/// Two hundred activations at once: how many won. All others were told this code, none that we are busy.
async fn winners(terms: Value, size: Value, refusal: &str) -> usize {
    let site = Site::under(terms).await;
    let attempts = (0..200).map(|n| {
        let (admin, body) = (site.world.admin.clone(), site.body(&format!("machine {n}"), size.clone()));
        tokio::spawn(async move { admin.post("machines", body).await })
    });
    let attempts: Vec<_> = attempts.collect();
    let mut activated = 0;
    for attempt in attempts {
        let answer = attempt.await.unwrap();
        match answer.status {
            201 => activated += 1,
            422 => assert_eq!(answer.codes(), [refusal]),
            _ => panic!("{} {}", answer.status, answer.body),
        }
    }
    assert_eq!(site.world.admin.get("machines?limit=100").await.ids().len(), activated);
    activated
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_machines_are_activated_as_there_are_seats() {
    assert_eq!(winners(json!({"maxMachines": 5}), json!({}), "MACHINE_LIMIT_EXCEEDED").await, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_machines_are_activated_as_there_are_cores_for() {
    let (terms, size) = (json!({"maxCores": 23}), json!({"cores": 4}));
    assert_eq!(winners(terms, size, "MACHINE_CORE_LIMIT_EXCEEDED").await, 5, "of 4 each, and 3 left over");
}

/// One fingerprint, and a policy that wants it once: on eight licences at once it is activated on one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_fingerprint_is_activated_once() {
    let site = Site::under(json!({"machineUniquenessStrategy": "UNIQUE_PER_POLICY"})).await;
    let mut attempts = Vec::new();
    for _ in 0..8 {
        let license = site.another(&site.policy).await;
        let body = document("machines", json!({"fingerprint": "same"}), one("license", "licenses", &license));
        let admin = site.world.admin.clone();
        attempts.push(tokio::spawn(async move { admin.post("machines", body).await.status }));
    }
    let mut statuses = Vec::new();
    for attempt in attempts {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422, 422, 422, 422, 422, 422]);
}
