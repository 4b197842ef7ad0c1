//! `POST /search` (`licensing.md` §14).

use std::collections::BTreeSet;

use keyway_crypto::token::TokenKind;
use serde_json::{Value, json};

use crate::world::{Answer, World, document, id, one};

async fn search(world: &World, kind: &str, query: Value) -> Answer {
    let answer = world.admin.post("search", json!({ "meta": { "type": kind, "query": query } })).await;
    assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
    answer
}

/// What is found; on a frozen day no order can be told.
async fn found(world: &World, kind: &str, query: Value) -> BTreeSet<String> {
    search(world, kind, query).await.ids().into_iter().collect()
}

#[tokio::test]
async fn releases_are_found_by_every_attribute() {
    let world = World::new().await;
    let product = world.product("Great App").await;
    let other = world.product("Other").await;
    let mut releases = Vec::new();
    for (product, version, tag) in
        [(&product, "1.0.0", "latest"), (&product, "1.0.1", "older"), (&other, "2.0.0", "latest")]
    {
        let attributes = json!({
            "version": version, "channel": "stable", "tag": tag, "metadata": { "buildNumber": 7, "for": version }
        });
        let made = world.make("releases", attributes, one("product", "products", product)).await;
        releases.push(id(&made));
    }
    let [first, second, third] = releases.try_into().unwrap();
    let all = vec![third.clone(), second.clone(), first.clone()];
    for (query, expected) in [
        (json!({ "id": first }), vec![first.clone()]),
        (json!({ "version": "1.0" }), vec![second.clone(), first.clone()]),
        (json!({ "tag": "LATEST" }), vec![third.clone(), first.clone()]),
        (json!({ "product": product }), vec![second.clone(), first.clone()]),
        (json!({ "product": "great" }), vec![second.clone(), first.clone()]),
        (json!({ "metadata": { "buildNumber": 7 } }), all.clone()),
        (json!({ "metadata": { "for": "1.0.1" } }), vec![second.clone()]),
        (json!({ "tag": "latest", "version": "2.0" }), vec![third.clone()]),
        (json!({ "version": "1_0" }), vec![]),
    ] {
        assert_eq!(found(&world, "release", query.clone()).await, BTreeSet::from_iter(expected), "{query}");
    }
    let part = first.get(4..30).unwrap();
    assert_eq!(found(&world, "releases", json!({ "id": part })).await, BTreeSet::from([first.clone()]));
    let either =
        json!({ "meta": { "type": "release", "op": "OR", "query": { "tag": "older", "version": "2.0" } } });
    let both = world.admin.post("search", either.clone()).await.ids().into_iter().collect();
    assert_eq!(BTreeSet::from([second, third]), both);
    let page = world.admin.post("search?page[number]=2&page[size]=1", either).await;
    assert_eq!(
        (page.status, page.ids().len(), page.at("/links/meta/count")),
        (200, 1, &json!(2)),
        "{}",
        page.body
    );
}

#[tokio::test]
async fn other_types_are_found() {
    let world = World::new().await;
    let product = world.product("Great App").await;
    let policy = world.policy(&product, json!({ "name": "Yearly" })).await;
    let (license, key) = world.license(&policy, json!({ "name": "For Jane" })).await;
    let entitlement = world.entitlement("PRO_FEATURES").await;
    let group = id(&world.make("groups", json!({ "name": "Customers of 2026" }), json!({})).await);
    let person = json!({ "email": "jane@x.yz", "firstName": "Jane", "lastName": "van Doe" });
    let person = id(&world.make("users", person, json!({})).await);
    let owner = json!({ "data": { "type": "users", "id": person } });
    assert_eq!(world.admin.put(&format!("licenses/{license}/owner"), owner).await.status, 200);
    for (kind, query, expected) in [
        ("product", json!({ "name": "great" }), Some(&product)),
        ("policies", json!({ "name": "YEAR", "product": "app" }), Some(&policy)),
        ("policy", json!({ "product": product }), Some(&policy)),
        ("entitlement", json!({ "code": "features" }), Some(&entitlement)),
        ("group", json!({ "name": "CUSTOMERS" }), Some(&group)),
        ("groups", json!({ "name": "nobody" }), None),
        ("license", json!({ "key": key }), Some(&license)),
        ("license", json!({ "key": key.get(..8) }), None),
        ("license", json!({ "owner": "jane@" }), Some(&license)),
        ("license", json!({ "user": person, "policy": "year" }), Some(&license)),
        ("license", json!({ "user": "nobody" }), None),
        ("user", json!({ "fullName": "jane VAN" }), Some(&person)),
        ("user", json!({ "name": "doe", "role": "user" }), Some(&person)),
        ("user", json!({ "lastName": "jane" }), None),
    ] {
        let expected: BTreeSet<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&world, kind, query.clone()).await, expected, "{kind} {query}");
    }
}

#[tokio::test]
async fn machines_are_found_by_what_they_are_and_run() {
    let world = World::new().await;
    let product = world.product("Great App").await;
    let policy = world.policy(&product, json!({ "name": "Yearly", "maxUsers": 2 })).await;
    let (license, _) = world.license(&policy, json!({ "name": "For Jane" })).await;
    let [owner, user] = ["jane@x.yz", "joe@x.yz"].map(|email| world.user(email, "user"));
    let (owner, user) = (owner.await, user.await);
    let users = json!({ "data": [{ "type": "users", "id": owner }, { "type": "users", "id": user }] });
    assert_eq!(world.admin.post(&format!("licenses/{license}/users"), users).await.status, 200);
    let attributes =
        json!({ "fingerprint": "AB:CD:EF:01", "name": "Jane's laptop", "metadata": { "room": 7 } });
    let mut relations = one("license", "licenses", &license);
    relations["owner"] = json!({ "data": { "type": "users", "id": owner } });
    let machine = id(&world.make("machines", attributes, relations).await);
    for (query, is_found) in [
        (json!({ "id": machine }), true),
        (json!({ "id": machine.get(3..20) }), true),
        (json!({ "fingerprint": "cd:ef" }), true),
        (json!({ "fingerprint": "CDEF" }), false),
        (json!({ "name": "LAPTOP" }), true),
        (json!({ "license": license }), true),
        (json!({ "license": "for jane" }), true),
        (json!({ "owner": "jane@" }), true),
        (json!({ "owner": "joe@" }), false),
        (json!({ "user": "joe@" }), true),
        (json!({ "user": owner }), true),
        (json!({ "user": "nobody" }), false),
        (json!({ "product": "great" }), true),
        (json!({ "policy": "yearly" }), true),
        (json!({ "policy": policy, "product": product }), true),
        (json!({ "policy": product }), false),
        (json!({ "metadata": { "room": 7 } }), true),
        (json!({ "metadata": { "room": 8 } }), false),
    ] {
        let expected: BTreeSet<String> = is_found.then(|| machine.clone()).into_iter().collect();
        assert_eq!(found(&world, "machine", query.clone()).await, expected, "{query}");
    }
    let refused = json!({ "meta": { "type": "machines", "query": { "hostname": "abc" } } });
    let detail = "search query 'hostname' is not supported for resource type 'machine'";
    assert_eq!(world.admin.post("search", refused).await.detail(), detail);
}

/// Texts that nothing can be as long as, and with more words than any name, cost little and find nothing.
#[tokio::test]
async fn nothing_is_found_by_endless_texts() {
    let world = World::new().await;
    for text in ["a ".repeat(200_000), "a ".repeat(400), "a".repeat(300_000), "% ".repeat(500)] {
        for (kind, attribute) in [("users", "fullName"), ("licenses", "owner"), ("machines", "user")] {
            assert!(
                found(&world, kind, json!({ attribute: text })).await.is_empty(),
                "{kind} {}",
                text.len()
            );
        }
    }
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused() {
    let world = World::new().await;
    for (meta, pointer, detail) in [
        (
            json!({ "type": "engine", "query": { "key": "npm" } }),
            "/meta/type",
            "search type 'engine' is not supported",
        ),
        (
            json!({ "type": "groups", "query": { "code": "abc" } }),
            "/meta/query/code",
            "search query 'code' is not supported for resource type 'group'",
        ),
        (
            json!({ "type": "request-log", "query": { "ip": "12" } }),
            "/meta/query/ip",
            "search query for 'ip' is too small (minimum 3 characters)",
        ),
        (json!({ "type": "release", "query": {} }), "/meta/query", "cannot be blank"),
        (
            json!({ "type": "release", "query": { "releaseName": "abc" } }),
            "/meta/query/releaseName",
            "search query 'releaseName' is not supported for resource type 'release'",
        ),
        (
            json!({ "type": "users", "query": { "firstName": "ab" } }),
            "/meta/query/firstName",
            "search query for 'firstName' is too small (minimum 3 characters)",
        ),
        (
            json!({ "type": "release", "query": { "metadata": "abc" } }),
            "/meta/query/metadata",
            "search query for 'metadata' must be a hash of key-value search terms",
        ),
        (json!({ "type": "release", "query": { "tag": null } }), "/meta/query/tag", "cannot be null"),
        (json!({ "type": "release", "query": { "tag": "abc" }, "op": "NOR" }), "/meta/op", "is invalid"),
        (json!({ "type": "release" }), "/meta/query", "is missing"),
        (json!({ "query": { "tag": "abc" } }), "/meta/type", "is missing"),
        (
            json!({ "type": "release", "query": { "version": 100 } }),
            "/meta/query/version",
            "type mismatch (received integer expected string)",
        ),
    ] {
        let answer = world.admin.post("search", json!({ "meta": meta })).await;
        assert_eq!((answer.status, answer.at("/errors/0/source/pointer")), (400, &json!(pointer)), "{meta}");
        assert_eq!(answer.detail(), detail, "{meta}");
    }
    let none = world.admin.post("search", document("searches", json!({}), json!({}))).await;
    assert_eq!(none.status, 400);
}

#[tokio::test]
async fn requests_are_found_by_who_asked_what_and_how() {
    let world = World::new().await;
    let product = world.product("Great App").await;
    let token = world.token_of(&format!("products/{product}")).await.logged();
    assert_eq!(token.get(&format!("products/{product}")).await.status, 200);
    assert_eq!(token.get("products").await.status, 403);
    let admin = world.admin.logged();
    let policy = one("product", "products", &product);
    let policy = id(&admin.make("policies", json!({ "name": "Yearly" }), policy).await);
    world.api.flush_logs().await.unwrap();
    let all = world.admin.get("request-logs").await;
    let of = |method: &str, status: &str| {
        let rows = all.at("/data").as_array().unwrap();
        let is =
            |row: &&Value| row["attributes"]["method"] == method && row["attributes"]["status"] == status;
        rows.iter().find(is).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (shown, refused, made) = (of("GET", "200"), of("GET", "403"), of("POST", "201"));
    let admin = world.admin_id.to_string();
    for (query, expected) in [
        (json!({ "id": shown }), vec![&shown]),
        (json!({ "requestor": product }), vec![&shown, &refused]),
        (json!({ "requestor": "great" }), vec![&shown, &refused]),
        (json!({ "requestor": "admin@acme" }), vec![&made]),
        (json!({ "requestor": admin }), vec![&made]),
        (json!({ "resource": policy }), vec![&made]),
        (json!({ "resource": "yearly" }), vec![&made]),
        (json!({ "resource": "Great App", "status": "200" }), vec![&shown]),
        (json!({ "method": "post" }), vec![&made]),
        (json!({ "url": "/V1/policies" }), vec![&made]),
        (json!({ "ip": "0.0.1" }), vec![&shown, &refused, &made]),
        (json!({ "status": "500" }), vec![]),
    ] {
        let expected: BTreeSet<String> = expected.into_iter().cloned().collect();
        assert_eq!(found(&world, "request-log", query.clone()).await, expected, "{query}");
    }
    let row = search(&world, "request-logs", json!({ "id": made })).await;
    assert_eq!(row.at("/data/0/attributes/requestBody"), &Value::Null, "a list has no bodies");
}

/// `licensing.md` §3.4: the team searches, and for each type who may list it.
#[tokio::test]
async fn a_type_is_searched_by_those_who_may_list_it() {
    let world = World::new().await;
    let query = |kind: &str, name: &str| json!({ "meta": { "type": kind, "query": { name: "abc" } } });
    for (role, kind, logs) in [
        ("developer", TokenKind::Developer, 200),
        ("sales-agent", TokenKind::Sales, 403),
        ("support-agent", TokenKind::Support, 403),
        ("read-only", TokenKind::ReadOnly, 200),
    ] {
        let member = world.user(&format!("{role}@acme.example"), role).await;
        let member = world.speak_for(&member, kind).await;
        assert_eq!(member.post("search", query("request-log", "url")).await.status, logs, "{role}");
        assert_eq!(member.post("search", query("group", "name")).await.status, 200, "{role}");
    }
    let user = world.user("jane@x.yz", "user").await;
    let user = world.speak_for(&user, TokenKind::User).await;
    assert_eq!(user.post("search", query("group", "name")).await.status, 403);
    assert_eq!(world.anonymous().post("search", query("group", "name")).await.status, 401);
}

/// Groups of other environments are not found.
#[tokio::test]
async fn what_is_in_another_environment_is_not_found() {
    let world = World::new().await;
    let attributes = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    world.make("environments", attributes, json!({})).await;
    let inside = world.admin.clone().inside("s");
    let group = id(&inside.make("groups", json!({ "name": "Within" }), json!({})).await);
    let query = json!({ "meta": { "type": "groups", "query": { "name": "within" } } });
    assert_eq!(inside.post("search", query.clone()).await.ids(), [group]);
    assert!(world.admin.post("search", query).await.ids().is_empty());
}
