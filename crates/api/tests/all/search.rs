//! `POST /search` (`licensing.md` §14).

use std::collections::BTreeSet;

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
    let person = json!({ "email": "jane@x.yz", "firstName": "Jane", "lastName": "van Doe" });
    let person = id(&world.make("users", person, json!({})).await);
    let owner = json!({ "data": { "type": "users", "id": person } });
    assert_eq!(world.admin.put(&format!("licenses/{license}/owner"), owner).await.status, 200);
    for (kind, query, expected) in [
        ("product", json!({ "name": "great" }), Some(&product)),
        ("policies", json!({ "name": "YEAR", "product": "app" }), Some(&policy)),
        ("policy", json!({ "product": product }), Some(&policy)),
        ("entitlement", json!({ "code": "features" }), Some(&entitlement)),
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
async fn what_cannot_be_searched_is_refused() {
    let world = World::new().await;
    for (meta, pointer, detail) in [
        (
            json!({ "type": "engine", "query": { "key": "npm" } }),
            "/meta/type",
            "search type 'engine' is not supported",
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
