//! Machines as records: what they show, how they are found, changed and done away with.

use serde_json::{Value, json};

use super::{Site, events_of};
use crate::world::{change, id, one};

#[tokio::test]
async fn a_machine_reads_through_its_licence_and_policy() {
    let site = Site::under(json!({"maxProcesses": 7, "heartbeatDuration": 120})).await;
    let more = json!({"name": "Desk", "ip": "10.0.0.1", "hostname": "desk", "platform": "linux", "cores": 8,
        "memory": 9_007_199_254_740_993_i64, "disk": 512, "metadata": {"Floor Nr": 3}});
    let made = site.activate("4d:Eq:UV.D3", more).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let machine = id(&made.body["data"]);
    let account = site.world.account;
    assert_eq!(
        made.header("location"),
        Some(format!("https://api.example.com/v1/accounts/{account}/machines/{machine}").as_str())
    );
    for (attribute, value) in [
        ("fingerprint", json!("4d:Eq:UV.D3")),
        ("cores", json!(8)),
        ("memory", json!(9_007_199_254_740_993_i64)),
        ("disk", json!(512)),
        ("name", json!("Desk")),
        ("ip", json!("10.0.0.1")),
        ("hostname", json!("desk")),
        ("platform", json!("linux")),
        ("requireHeartbeat", json!(false)),
        ("heartbeatStatus", json!("NOT_STARTED")),
        ("heartbeatDuration", json!(120)),
        ("lastCheckOut", json!(null)),
        ("lastHeartbeat", json!(null)),
        ("nextHeartbeat", json!(null)),
        ("maxProcesses", json!(7)),
        ("metadata", json!({"floorNr": 3})),
        ("created", json!("2026-06-01T12:00:00.000Z")),
    ] {
        assert_eq!(made.body["data"]["attributes"][attribute], value, "{attribute}");
    }
    let relations = &made.body["data"]["relationships"];
    assert_eq!(relations["product"]["data"]["id"], json!(site.product));
    assert_eq!(relations["license"]["data"]["id"], json!(site.license));
    for empty in ["group", "owner", "environment"] {
        assert_eq!(relations[empty]["data"], json!(null), "{empty}");
    }
    for name in ["product", "group", "license", "owner", "components", "processes"] {
        let path = format!("/v1/accounts/{account}/machines/{machine}/{name}");
        assert_eq!(relations[name]["links"]["related"], json!(path), "{name}");
    }
    let license = site.world.admin.get(&format!("licenses/{}", site.license)).await;
    assert_eq!(
        license.at("/data/relationships/machines/meta"),
        &json!({"cores": 8, "memory": 9_007_199_254_740_993_i64, "disk": 512, "count": 1})
    );
    assert_eq!(events_of(&site.world, &machine).await, ["machine.created"]);
}

#[tokio::test]
async fn the_oldest_of_those_that_share_a_fingerprint_is_meant_by_it() {
    let site = Site::under(json!({})).await;
    let first = site.machine("a b.c").await;
    let other = site.another(&site.policy).await;
    let body = crate::world::document(
        "machines",
        json!({"fingerprint": "a b.c"}),
        one("license", "licenses", &other),
    );
    let second = id(&site.world.admin.post("machines", body).await.body["data"]);
    let admin = &site.world.admin;
    assert_eq!(admin.get("machines/a%20b.c").await.text("/data/id"), first);
    let compact = second.replace('-', "").to_uppercase();
    assert_eq!(admin.get(&format!("machines/{compact}")).await.text("/data/id"), second);
    let missing = admin.get("machines/a%20b.c%0A").await;
    assert_eq!((missing.status, missing.detail()), (404, "The requested machine 'a b.c\n' was not found"));
    assert_eq!(admin.delete("machines/a%20b.c").await.status, 204);
    assert_eq!(admin.get("machines/a%20b.c").await.text("/data/id"), second);
}

#[tokio::test]
async fn lists_are_filtered() {
    let site = Site::under(json!({})).await;
    let world = &site.world;
    let (jane, _) = site.licensee("jane@example.com").await;
    let mut body = site.body("one", json!({"ip": "10.0.0.1", "hostname": "desk", "metadata": {"floor": 3}}));
    body["data"]["relationships"]["owner"] = one("owner", "users", &jane)["owner"].clone();
    let one_id = id(&world.admin.post("machines", body).await.body["data"]);
    let two = site.machine("two").await;
    let other = site.another(&world.policy(&world.product("Other").await, json!({})).await).await;
    let body = crate::world::document(
        "machines",
        json!({"fingerprint": "three"}),
        one("license", "licenses", &other),
    );
    let three = id(&world.admin.post("machines", body).await.body["data"]);
    let both = vec![two.clone(), one_id.clone()];
    for (query, expected) in [
        ("fingerprint=two".to_owned(), vec![two.clone()]),
        ("ip=10.0.0.1".to_owned(), vec![one_id.clone()]),
        ("hostname=desk".to_owned(), vec![one_id.clone()]),
        (format!("product={}", site.product), both.clone()),
        (format!("policy={}", site.policy), both.clone()),
        (format!("license={other}"), vec![three.clone()]),
        (format!("key={}", site.key), both.clone()),
        (format!("owner={jane}"), vec![one_id.clone()]),
        ("owner=JANE@example.com".to_owned(), vec![one_id.clone()]),
        ("user=jane@example.com".to_owned(), both.clone()),
        ("metadata[floor]=3".to_owned(), vec![one_id.clone()]),
        ("group=nothing".to_owned(), vec![]),
        ("colour=red".to_owned(), vec![three.clone(), two.clone(), one_id.clone()]),
    ] {
        assert_eq!(world.admin.get(&format!("machines?{query}")).await.ids(), expected, "{query}");
    }
    for (path, expected) in [
        (format!("licenses/{}/machines", site.license), both.clone()),
        (format!("licenses/{}/machines?fingerprint=one", site.license), vec![one_id.clone()]),
        (format!("products/{}/machines", site.product), both.clone()),
        (format!("users/{jane}/machines"), both.clone()),
    ] {
        assert_eq!(world.admin.get(&path).await.ids(), expected, "{path}");
    }
    assert_eq!(world.admin.get(&format!("licenses/{other}/machines/two")).await.status, 404);
    assert_eq!(
        world.admin.get(&format!("licenses/{}/machines/two", site.license)).await.text("/data/id"),
        two
    );
    for (query, expected) in [
        (format!("machine={two}"), vec![site.license.clone()]),
        ("activations[gte]=2".to_owned(), vec![site.license.clone()]),
        ("activations[eq]=1".to_owned(), vec![other.clone()]),
        ("activations[lt]=1".to_owned(), vec![]),
        ("activated=true".to_owned(), vec![other.clone(), site.license.clone()]),
        ("activated=false".to_owned(), vec![]),
    ] {
        assert_eq!(world.admin.get(&format!("licenses?{query}")).await.ids(), expected, "{query}");
    }
}

#[tokio::test]
async fn what_may_be_changed_by_whom() {
    let site = Site::under(json!({"maxCores": 8})).await;
    let machine = site.machine("one").await;
    site.activate("two", json!({"cores": 4})).await;
    let path = format!("machines/{machine}");
    let license = site.world.key(&site.key);
    let named = license.patch(&path, change("machines", json!({"name": "x", "ip": null}))).await;
    assert_eq!((named.status, named.text("/data/attributes/name")), (200, "x"));
    for attributes in [json!({"cores": 2}), json!({"memory": 2}), json!({"disk": 1}), json!({"metadata": {}})]
    {
        let refused = license.patch(&path, change("machines", attributes.clone())).await;
        assert_eq!((refused.status, refused.detail()), (400, "unpermitted parameter"), "{attributes}");
        let done = site.world.admin.put(&path, change("machines", attributes.clone())).await;
        assert_eq!(done.status, 200, "{attributes}: {}", done.body);
    }
    let admin = &site.world.admin;
    let again = admin.patch(&path, change("machines", json!({"fingerprint": "new"}))).await;
    assert_eq!(again.error(), (400, "", "/data/attributes/fingerprint"));
    let grown = admin.patch(&path, change("machines", json!({"cores": 5}))).await;
    assert_eq!(grown.error(), (422, "MACHINE_CORE_LIMIT_EXCEEDED", "/data"));
    assert_eq!(grown.detail(), "machine core count has exceeded maximum allowed for license (8)");
    assert_eq!(admin.patch(&path, change("machines", json!({"cores": 4}))).await.status, 200);
    let none = admin.patch(&path, change("machines", json!({"cores": 0}))).await;
    assert_eq!(none.error(), (422, "CORES_INVALID", "/data/attributes/cores"));
}

#[tokio::test]
async fn a_protected_licence_s_machines_are_the_vendor_s_to_change() {
    let site = Site::under(json!({"protected": true})).await;
    let license = site.world.key(&site.key);
    let made = license.post("machines", site.body("one", json!({}))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("machines/{}", made.text("/data/id"));
    assert_eq!(license.patch(&path, change("machines", json!({"name": "x"}))).await.status, 403);
    assert_eq!(license.delete(&path).await.status, 204);
    let (user, jane) = site.licensee("jane@example.com").await;
    let mut body = site.body("two", json!({}));
    body["data"]["relationships"]["owner"] = one("owner", "users", &user)["owner"].clone();
    assert_eq!(jane.post("machines", body).await.status, 403);
}

#[tokio::test]
async fn owners_are_users_of_the_licence() {
    let site = Site::under(json!({})).await;
    let world = &site.world;
    let (jane, client) = site.licensee("jane@example.com").await;
    let stranger = world.user("stranger@example.com", "user").await;
    let mut body = site.body("one", json!({}));
    body["data"]["relationships"]["owner"] = one("owner", "users", &stranger)["owner"].clone();
    let refused = world.admin.post("machines", body.clone()).await;
    assert_eq!(refused.error(), (422, "OWNER_INVALID", "/data/relationships/owner"));
    assert_eq!(
        client.post("machines", body.clone()).await.status,
        403,
        "a licensee activates for nobody else"
    );
    body["data"]["relationships"]["owner"] = one("owner", "users", &jane)["owner"].clone();
    let made = client.post("machines", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let machine = made.text("/data/id").to_owned();
    assert_eq!(
        client.patch(&format!("machines/{machine}"), change("machines", json!({"name": "x"}))).await.status,
        200
    );
    let path = format!("machines/{machine}/owner");
    assert_eq!(world.admin.get(&path).await.text("/data/id"), jane);
    let to = |user: Value| json!({"data": user});
    let user = |id: &str| to(json!({"type": "users", "id": id}));
    let refused = world.admin.put(&path, user(&stranger)).await;
    assert_eq!(refused.error(), (422, "OWNER_INVALID", "/data/relationships/owner"));
    let refused = world.admin.put(&path, user(&world.account.to_string())).await;
    assert_eq!(refused.error(), (422, "OWNER_NOT_FOUND", "/data/relationships/owner"));
    let none = world.admin.put(&path, to(json!(null))).await;
    assert_eq!((none.status, none.at("/data/relationships/owner/data")), (200, &Value::Null));
    assert_eq!(world.admin.get(&path).await.at("/data"), &Value::Null);
    assert_eq!(world.admin.put(&path, user(&jane)).await.status, 200);
    assert_eq!(client.put(&path, to(json!(null))).await.status, 403);
    let logged = events_of(world, &machine).await;
    assert_eq!(logged.iter().filter(|name| *name == "machine.owner.updated").count(), 2);
    // Who may not use the licence any more does not own its machines.
    let users = json!({"data": [{"type": "users", "id": jane}]});
    let detached = world
        .admin
        .send(http::Method::DELETE, &format!("licenses/{}/users", site.license), Some(users))
        .await;
    assert_eq!(detached.status, 204);
    assert_eq!(world.admin.get(&path).await.at("/data"), &Value::Null);
    assert_eq!(client.get(&format!("machines/{machine}")).await.status, 404);
}

#[tokio::test]
async fn strangers_find_nothing() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let other = site.another(&site.policy).await;
    let other_key = site.world.admin.get(&format!("licenses/{other}")).await;
    let sibling = site.world.key(other_key.text("/data/attributes/key"));
    for path in [format!("machines/{machine}"), "machines/one".to_owned()] {
        let missing = sibling.get(&path).await;
        assert_eq!((missing.status, missing.error().1), (404, "NOT_FOUND"));
        assert_eq!(sibling.delete(&path).await.status, 404);
    }
    assert_eq!(sibling.get("machines").await.ids(), [] as [&str; 0]);
    assert_eq!(sibling.post("machines", site.body("two", json!({}))).await.status, 403, "not its licence");
    assert_eq!(site.world.anonymous().get("machines").await.error().1, "TOKEN_MISSING");
    let foreign = site.world.product("Other").await;
    let product = site.world.token_of(&format!("products/{foreign}")).await;
    assert_eq!(product.get(&format!("machines/{machine}")).await.status, 404);
    assert_eq!(product.post("machines", site.body("two", json!({}))).await.status, 403);
}

#[tokio::test]
async fn machines_go_with_what_they_are_of() {
    for gone in ["licenses", "policies", "products", "users"] {
        let site = Site::under(json!({})).await;
        let (jane, _) = site.licensee("jane@example.com").await;
        let mut body = site.body("one", json!({}));
        body["data"]["relationships"]["owner"] = one("owner", "users", &jane)["owner"].clone();
        body["data"]["relationships"]["components"] =
            json!({"data": [{"type": "components", "attributes": {"fingerprint": "c", "name": "disk"}}]});
        let made = site.world.admin.post("machines", body).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let id = match gone {
            "licenses" => &site.license,
            "policies" => &site.policy,
            "products" => &site.product,
            _ => &jane,
        };
        assert_eq!(site.world.admin.delete(&format!("{gone}/{id}")).await.status, 204);
        for kind in ["machines", "components"] {
            assert_eq!(site.world.admin.get(kind).await.ids(), [] as [&str; 0], "{kind} of deleted {gone}");
        }
    }
}
