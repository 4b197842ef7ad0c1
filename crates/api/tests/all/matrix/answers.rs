//! What every operation of `licensing.md` answers with when it succeeds (§1.1, §1.3, and its tables of endpoints): the
//! exact status, the type of what is shown, where it is, and links that lead somewhere.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use serde_json::Value;

use super::stage::Stage;
use super::{licensing, placed, template, webhooks};
use crate::world::Answer;

/// Where a collection's records are of another type than its name says.
const TYPES: &[(&str, &str)] = &[
    ("me", "users"),
    ("profile", "users"),
    ("owner", "users"),
    ("user", "users"),
    ("owners", "group-owners"),
    ("pool", "keys"),
    ("policy", "policies"),
    ("product", "products"),
    ("license", "licenses"),
    ("machine", "machines"),
    ("group", "groups"),
    ("", "accounts"),
];

/// What attaching gives: the joins.
const JOINS: &[(&str, &str)] = &[
    ("/licenses/{}/users", "license-users"),
    ("/licenses/{}/entitlements", "license-entitlements"),
    ("/policies/{}/entitlements", "policy-entitlements"),
    ("/groups/{}/owners", "group-owners"),
];

fn named(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
}

/// The exact status of success, and the type of `data`; none where there is no document, or one without a type.
fn expected(method: &str, path: &str) -> (u16, Option<&'static str>) {
    let template = template(path);
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let collection = |name: &str| named(TYPES, name).unwrap_or_else(|| name.to_owned().leak());
    let last_named = *segments.iter().rev().find(|segment| !segment.starts_with('{')).unwrap();
    match (method, template.as_str()) {
        ("GET", "/ping" | "/openapi.json") => (200, None),
        ("GET", path) if path.ends_with("/actions/check-out") => (200, None),
        ("POST", "/passwords" | "/recover") => (204, None),
        ("POST", "/search") => (200, None),
        ("POST", "/licenses/{}/actions/check-out") => (200, Some("license-files")),
        ("POST", "/machines/{}/actions/check-out") => (200, Some("machine-files")),
        ("POST", "/licenses/{}/actions/generate-download-token") => (201, Some("tokens")),
        ("POST", "/webhook-events/{}/actions/retry") => (201, Some("webhook-events")),
        ("POST", "/users/{}/tokens" | "/products/{}/tokens" | "/licenses/{}/tokens") => (200, Some("tokens")),
        ("POST", path) if named(JOINS, path).is_some() => (200, named(JOINS, path)),
        ("POST", path) if path.contains("/actions/") => (200, Some(collection(segments[0]))),
        ("POST", _) => (201, Some(collection(last_named))),
        ("DELETE", "/policies/{}/pool") => (200, Some("keys")),
        ("DELETE", _) => (204, None),
        ("GET", path) if path.contains("/actions/") => (200, Some(collection(segments[0]))),
        ("PATCH" | "PUT", "/users/{}/second-factors/{}") => (200, Some("second-factors")),
        ("PATCH" | "PUT", _) => (200, Some(collection(segments[0]))),
        _ => (200, Some(collection(last_named))),
    }
}

/// The rows that an admin succeeds with.
fn successes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let rows = licensing::ROWS.iter().chain(webhooks::ROWS);
    rows.filter(|(.., expected)| expected.starts_with('.'))
        .map(|(method, path, body, _)| (*method, *path, *body))
}

async fn ask(stage: &mut Stage, method: &str, path: &str, body: &str) -> (String, Answer) {
    let (filled, body) = stage.fill(path, body).await;
    let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
    let path = placed(&filled);
    let answer = stage.client('A').send(method.parse().unwrap(), &path, body).await;
    stage.learn('A', &path, &answer);
    (path, answer)
}

fn types(answer: &Answer) -> BTreeSet<String> {
    let text = |object: &Value| object["type"].as_str().unwrap_or_default().to_owned();
    match answer.at("/data") {
        Value::Array(items) => items.iter().map(text).collect(),
        Value::Null => BTreeSet::new(),
        one => BTreeSet::from([text(one)]),
    }
}

#[tokio::test]
async fn every_success_has_its_status_and_type() {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    for (method, path, body) in successes() {
        let (_, answer) = ask(&mut stage, method, path, body).await;
        let (status, kind) = expected(method, path);
        let shown = types(&answer);
        let fits = kind.is_none_or(|kind| shown.iter().all(|shown| shown == kind));
        if answer.status != status || !fits || (status == 204) != answer.body.is_null() && kind.is_some() {
            wrong.push(format!("{method} {path}: {} {shown:?}, not {status} {kind:?}", answer.status));
        }
        // §1.1: the address of what was made is that which it shows of itself
        let own = answer.at("/data/links/self").as_str().map(|link| format!("https://api.example.com{link}"));
        if answer.status == 201 && answer.header("location") != own.as_deref() {
            wrong.push(format!("{method} {path}: {:?}, not {own:?}", answer.header("location")));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// §1.1: every update takes both verbs.
#[tokio::test]
async fn every_update_takes_both_verbs() {
    let mut stage = Stage::set().await;
    let mut count = 0;
    for (_, path, body) in successes().filter(|(method, ..)| *method == "PATCH") {
        let (_, patched) = ask(&mut stage, "PATCH", path, body).await;
        let (_, put) = ask(&mut stage, "PUT", path, body).await;
        assert_eq!((patched.status, put.status), (200, 200), "{path}: {}", put.body);
        count += 1;
    }
    assert!(count > 20, "only {count}");
}

/// §1.1: a UUID is one in any case, with dashes or without.
#[tokio::test]
async fn ids_are_read_in_every_spelling() {
    let mut stage = Stage::set().await;
    let reads = |(method, path, _): &(&str, &str, &str)| *method == "GET" && path.contains('{');
    for (_, path, _) in successes().filter(reads) {
        let (filled, _) = stage.fill(path, "").await;
        let spelled = |segment: &str| match segment.parse::<keyway_base::RecordId>() {
            Ok(_) => segment.replace('-', "").to_uppercase(),
            Err(_) => segment.to_owned(),
        };
        let spelled = filled.split('/').map(spelled).collect::<Vec<_>>().join("/");
        let [usual, odd] = [placed(&filled), placed(&spelled)];
        let [usual, odd] = [stage.client('A').get(&usual).await, stage.client('A').get(&odd).await];
        assert_eq!((odd.status, types(&odd)), (usual.status, types(&usual)), "{spelled}: {}", odd.body);
    }
}

/// Every link in what is shown, by where it stands.
fn links(value: &Value, at: &str, all: &mut BTreeMap<String, String>) {
    if let Value::Object(members) = value {
        for (name, value) in members {
            match value {
                Value::String(link) if at.ends_with("/links") => {
                    drop(all.insert(format!("{at}/{name}"), link.clone()))
                }
                value => links(value, &format!("{at}/{name}"), all),
            }
        }
    }
}

/// Who made a request that nobody logged, and what is gone, is linked to all the same; so are joins, which are read
/// through what they join.
const LEAD_NOWHERE: &[&str] = &["event-logs", "license-users", "license-entitlements", "policy-entitlements"];

/// §1.1, §1.3: links are paths with the account's id, and lead somewhere; but for the group of what is in none.
#[tokio::test]
async fn every_link_leads_somewhere() {
    let mut stage = Stage::set().await;
    let root = format!("/v1/accounts/{}", stage.world().account);
    let (mut wrong, mut followed) = (Vec::new(), BTreeSet::new());
    for (_, path, _) in successes().filter(|(method, ..)| *method == "GET") {
        let (_, answer) = ask(&mut stage, "GET", path, "").await;
        let object = match answer.at("/data") {
            Value::Array(items) => items.first().cloned().unwrap_or_default(),
            one => one.clone(),
        };
        if LEAD_NOWHERE.contains(&object["type"].as_str().unwrap_or_default()) {
            continue;
        }
        let mut all = BTreeMap::new();
        links(&object, "", &mut all);
        for (at, link) in all {
            if !link.starts_with(&root) {
                wrong.push(format!("{path} {at}: {link}"));
            }
            if !followed.insert(link.clone()) {
                continue;
            }
            let found = stage.client('A').send(Method::GET, &link, None).await;
            let groupless = link.ends_with("/group") && found.status == 404;
            if found.status != 200 && !groupless {
                wrong.push(format!("{path} {at}: {link} {}", found.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(followed.len() > 60, "only {}", followed.len());
}
