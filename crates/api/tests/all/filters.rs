//! What lists are filtered by (`licensing.md` §8.2, §11), through the database.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;

use crate::world::{World, id, one};

/// Asks for a list by each query; records go by a letter.
async fn check(world: &World, list: &str, records: &[(char, String)], queries: &[(&str, &str)]) {
    let mut wrong = Vec::new();
    for (query, expected) in queries {
        let found = world.admin.get(&format!("{list}?limit=100&{query}")).await.ids();
        let letter =
            |id: &String| records.iter().find(|(_, known)| known == id).map_or('?', |(letter, _)| *letter);
        let found: BTreeSet<char> = found.iter().map(letter).collect();
        if found != expected.chars().collect() {
            wrong.push(format!("{query}: {found:?}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{list}:\n{}", wrong.join("\n"));
}

#[tokio::test]
async fn licences_by_their_dates() {
    let world = World::new().await;
    let policy = world.policy(&world.product("App").await, json!({})).await;
    let mut records = Vec::new();
    for (letter, expiry) in [
        ('a', json!(null)),
        ('b', json!("2026-06-02T12:00:00Z")),
        ('c', json!("2026-06-11T12:00:00Z")),
        ('d', json!("2026-05-31T12:00:00Z")),
        ('e', json!("2026-05-01T00:00:00Z")),
    ] {
        records.push((letter, world.license(&policy, json!({ "expiry": expiry })).await.0));
    }
    let by_expiry = [
        ("expiring=true", "b"),
        ("expiring=1", "b"),
        ("expiring=0", "acde"),
        ("expires[within]=5d", "b"),
        ("expires[within]=P11D", "bc"),
        ("expires[within]=864000", "bc"),
        ("expires[within]=P1DT5H", "b"),
        ("expires[in]=10d", "c"),
        ("expires[on]=2026-06-11", "c"),
        ("expires[after]=2026-06-05T00:00:00Z", "c"),
        ("expires[after]=1780660800", "c"),
        ("expires[after]=2026-06-01T12:00:00Z&expires[before]=2026-06-05T00:00:00Z", "b"),
        ("expired=true", "de"),
        ("expired=0", "abc"),
        ("expired[within]=2d", "d"),
        ("expired[in]=1d", "d"),
        ("expired[on]=2026-05-01", "e"),
        ("expired[before]=2026-05-15T00:00:00Z", "e"),
        ("expired[after]=2026-05-15T00:00:00Z", "d"),
        ("status=EXPIRED", "de"),
        ("status=EXPIRING", "b"),
        ("status=ACTIVE", "abcde"),
        ("status=expired", "de"),
        ("expires[within]=soon", ""),
        ("expired[on]=someday", ""),
        ("activity[inside]=x", ""),
        ("expires[nonsense]=5d", "abcde"),
        ("expires=", "abcde"),
        ("expired[within]=", "abcde"),
    ];
    check(&world, "licenses", &records, &by_expiry).await;
    world.clock.advance(Duration::from_secs(100 * 86_400));
    let validated =
        world.admin.post(&format!("licenses/{}/actions/validate", records[0].1), json!(null)).await;
    assert_eq!(validated.status, 200, "{}", validated.body);
    let by_activity = [
        ("activity[inside]=30d", "a"),
        ("activity[inside]=2592000", "a"),
        ("activity[outside]=P30D", "bcde"),
        ("activity[before]=2026-07-01T00:00:00Z", "bcde"),
        ("activity[after]=2026-07-01T00:00:00Z", "a"),
        ("activity[after]=1780315200", "abcde"),
        ("status=INACTIVE", "bcde"),
        ("status=ACTIVE", "a"),
    ];
    check(&world, "licenses", &records, &by_activity).await;
}

#[tokio::test]
async fn users_by_what_they_hold() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({"floating": true})).await;
    let mut records = Vec::new();
    for letter in ['a', 'b', 'c', 'd'] {
        let attributes =
            json!({ "email": format!("{letter}@x.yz"), "metadata": { "tier": letter, "seats": 5 } });
        records.push((letter, id(&world.make("users", attributes, json!({})).await)));
    }
    let user = |index: usize| records[index].1.as_str();
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", user(0))["owner"].clone();
    let license = id(&world.make("licenses", json!({}), relations).await);
    let licensee = json!({ "data": [{ "type": "users", "id": user(1) }] });
    assert_eq!(world.admin.post(&format!("licenses/{license}/users"), licensee).await.status, 200);
    let group = id(&world.make("groups", json!({"name": "x"}), json!({})).await);
    let joined = json!({ "data": { "type": "groups", "id": group } });
    assert_eq!(world.admin.put(&format!("users/{}/group", user(2)), joined).await.status, 200);
    let banned = world.admin.post(&format!("users/{}/actions/ban", user(3)), json!(null)).await;
    assert_eq!(banned.status, 200, "{}", banned.body);
    let other = world.product("Other").await;
    let [of_product, of_other, of_license, of_group] = [
        format!("product={product}"),
        format!("product={other}"),
        format!("license={license}"),
        format!("group={group}"),
    ];
    let queries = [
        ("", "abcd"),
        (of_product.as_str(), "ab"),
        (of_other.as_str(), ""),
        (of_license.as_str(), "ab"),
        (of_group.as_str(), "c"),
        ("product=x", ""),
        ("assigned=true", "a"),
        ("active=1", "a"),
        ("assigned=false", "bcd"),
        ("status=BANNED", "d"),
        ("status=ACTIVE", "abc"),
        ("status=INACTIVE", ""),
        ("metadata[tier]=b", "b"),
        ("metadata[seats]=5", "abcd"),
        ("metadata[tier]=b&metadata[seats]=6", ""),
        ("nonsense=1", "abcd"),
    ];
    check(&world, "users", &records, &queries).await;
    world.clock.advance(Duration::from_secs(91 * 86_400));
    check(&world, "users", &records, &[("status=INACTIVE", "abc"), ("status=ACTIVE", "")]).await;
    let used = world.admin.post(&format!("licenses/{license}/actions/validate"), json!(null)).await;
    assert_eq!(used.status, 200, "{}", used.body);
    check(&world, "users", &records, &[("status=ACTIVE", "ab"), ("status=INACTIVE", "c")]).await;
}
