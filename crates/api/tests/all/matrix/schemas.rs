//! What every operation of `licensing.md` refuses by its form alone (§1.2, §1.4, §1.6): requests that would succeed, each
//! with one thing wrong. Of that, and of nothing else, the answer tells.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::stage::Stage;
use super::{COLUMNS, licensing, placed, template, webhooks};
use crate::world::Answer;

/// Bodies with more in them than the matrix's.
const FULL: &[(&str, &str, &str)] = &[
    (
        "POST",
        "/tokens",
        r#"{"data":{"type":"tokens","attributes":{"name":"x","permissions":["license.read"]},
            "relationships":{"bearer":{"data":{"type":"users","id":"{user}"}}}}}"#,
    ),
    ("POST", "/users/{user}/tokens", r#"{"data":{"type":"tokens","attributes":{"name":"x"}}}"#),
    ("POST", "/products/{product}/tokens", r#"{"data":{"type":"tokens","attributes":{"name":"x"}}}"#),
    ("POST", "/environments/{environment}/tokens", r#"{"data":{"type":"tokens","attributes":{"name":"x"}}}"#),
    (
        "POST",
        "/licenses/{license}/tokens",
        r#"{"data":{"type":"tokens","attributes":{"maxActivations":1,"maxDeactivations":1}}}"#,
    ),
    (
        "POST",
        "/environments",
        r#"{"data":{"type":"environments","attributes":{"name":"x","code":"{unique}","isolationStrategy":"SHARED"},
            "relationships":{"admins":{"data":[{"type":"users","attributes":{"email":"{unique}@x.yz",
            "password":"correct horse","firstName":"x","lastName":"x","metadata":{"a":1}}}]}}}}"#,
    ),
    (
        "POST",
        "/users",
        r#"{"data":{"type":"users","attributes":{"email":"{unique}@x.yz","firstName":"x","lastName":"x",
            "password":"correct horse","permissions":["license.read"],"metadata":{"a":1}},
            "relationships":{"group":{"data":{"type":"groups","id":"{group}"}}}}}"#,
    ),
    (
        "POST",
        "/products",
        r#"{"data":{"type":"products","attributes":{"name":"x","code":"{unique}","url":"https://x.yz",
            "distributionStrategy":"OPEN","platforms":["x"],"permissions":["license.read"],"metadata":{"a":1}}}}"#,
    ),
    (
        "POST",
        "/groups",
        r#"{"data":{"type":"groups","attributes":{"name":"x","maxUsers":1,"maxLicenses":1,"maxMachines":1,
            "metadata":{"a":1}}}}"#,
    ),
    (
        "PATCH",
        "/policies/{policy}",
        r#"{"data":{"type":"policies","attributes":{"duration":86400,"strict":false,"floating":true,"protected":false,
            "maxMachines":2,"maxProcesses":2,"maxUsers":2,"maxCores":2,"maxMemory":2,"maxDisk":2,"maxUses":2,
            "machineUniquenessStrategy":"UNIQUE_PER_LICENSE","overageStrategy":"NO_OVERAGE",
            "requireProductScope":false,"requireCheckIn":true,"checkInInterval":"day","checkInIntervalCount":1,
            "heartbeatDuration":60,"metadata":{"a":1}}}}"#,
    ),
    (
        "PATCH",
        "/licenses/{license}",
        r#"{"data":{"type":"licenses","attributes":{"name":"x","suspended":false,"protected":false,"maxMachines":2,
            "maxCores":2,"maxMemory":2,"maxDisk":2,"maxUses":2,"maxProcesses":2,"maxUsers":2,
            "permissions":["license.read"],"metadata":{"a":1}}}}"#,
    ),
    (
        "POST",
        "/licenses/actions/validate-key",
        r#"{"meta":{"key":"{key}","encrypted":false,"scope":{"fingerprint":"x"}}}"#,
    ),
    (
        "POST",
        "/licenses/{license}/actions/validate",
        r#"{"meta":{"scope":{"product":"x","policy":"x","machine":"x","user":"x","fingerprint":"x",
            "fingerprints":["x"],"components":["x"],"entitlements":["x"],"checksum":"x","version":"x",
            "environment":"x"}}}"#,
    ),
    ("POST", "/licenses/{license}/actions/increment-usage", r#"{"meta":{"increment":1}}"#),
    (
        "POST",
        "/licenses/{license}/actions/check-out",
        r#"{"meta":{"encrypt":true,"algorithm":"base64+ed25519","ttl":3600,"include":["product"]}}"#,
    ),
    (
        "POST",
        "/machines",
        r#"{"data":{"type":"machines","id":"01a0f1c2-0000-7000-8000-000000000000","attributes":{
            "fingerprint":"{unique}","name":"x","ip":"x","hostname":"x","platform":"x","cores":1,"memory":1,"disk":1,
            "metadata":{"a":1}},"relationships":{"license":{"data":{"type":"licenses","id":"{license}"}},
            "components":{"data":[{"type":"components","attributes":{"fingerprint":"x","name":"x","metadata":{"a":1}}}]}}}}"#,
    ),
    ("POST", "/machines/{machine}/actions/generate-offline-proof", r#"{"meta":{"dataset":{"a":1}}}"#),
    (
        "POST",
        "/webhook-endpoints",
        r#"{"data":{"type":"webhook-endpoints","attributes":{"url":"https://hooks.example.net/{unique}",
            "subscriptions":["license.created"],"signatureAlgorithm":"ed25519","apiVersion":"1.8"},
            "relationships":{"product":{"data":{"type":"products","id":"{product}"}}}}}"#,
    ),
];

/// What a body must have beside the `type` and `id` of what it names.
const REQUIRED: &[(&str, &str, &[&str])] = &[
    ("POST", "/settings", &["/data/attributes/key", "/data/attributes/value"]),
    ("POST", "/passwords", &["/meta/email", "/meta"]),
    ("POST", "/recover", &["/meta/email", "/meta"]),
    ("POST", "/environments", &["/data/attributes/name", "/data/attributes/code"]),
    ("POST", "/users", &["/data/attributes/email", "/data/attributes"]),
    ("POST", "/users/{}/actions/update-password", &["/meta/newPassword", "/meta"]),
    ("POST", "/users/{}/actions/reset-password", &["/meta/passwordResetToken", "/meta/newPassword", "/meta"]),
    ("POST", "/products", &["/data/attributes/name", "/data/attributes"]),
    ("POST", "/entitlements", &["/data/attributes/name", "/data/attributes/code"]),
    ("POST", "/groups", &["/data/attributes/name"]),
    ("POST", "/policies", &["/data/attributes/name", "/data/relationships/product", "/data/relationships"]),
    ("POST", "/keys", &["/data/attributes/key", "/data/relationships/policy", "/data/relationships"]),
    ("POST", "/licenses", &["/data/relationships/policy", "/data/relationships"]),
    ("POST", "/licenses/actions/validate-key", &["/meta/key", "/meta"]),
    ("POST", "/machines", &["/data/attributes/fingerprint", "/data/relationships/license"]),
    (
        "POST",
        "/components",
        &["/data/attributes/fingerprint", "/data/attributes/name", "/data/relationships/machine"],
    ),
    ("POST", "/processes", &["/data/attributes/pid", "/data/relationships/machine"]),
    ("POST", "/webhook-endpoints", &["/data/attributes/url"]),
    ("POST", "/search", &["/meta/type", "/meta/query", "/meta"]),
];

/// Members that may be anything.
const FREE: &[&str] = &["value", "query", "nonce"];
/// Members with keys of the caller's own.
const OPEN: &[&str] = &["metadata", "dataset", "query"];

/// Every request of the matrix with a body, and the fuller ones.
fn bodies() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let rows = licensing::ROWS.iter().chain(webhooks::ROWS);
    let rows = rows.map(|(method, path, body, _)| (*method, *path, *body)).chain(FULL.iter().copied());
    // Where there is one account, nobody makes another, whatever they send.
    rows.filter(|(_, path, body)| !body.is_empty() && *path != "/accounts")
}

/// Every place in a document, with what is there.
fn places(value: &Value, at: &str, all: &mut Vec<(String, Value)>) {
    all.push((at.to_owned(), value.clone()));
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), all));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{at}/{index}"), all));
        }
        _ => {}
    }
}

fn places_of(body: &str) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    places(&serde_json::from_str(body).unwrap(), "", &mut all);
    all
}

fn is_below(at: &str, names: &[&str]) -> bool {
    let segments: Vec<&str> = at.split('/').collect();
    segments.split_last().is_some_and(|(_, above)| above.iter().any(|segment| names.contains(segment)))
}

fn is_named(at: &str, names: &[&str]) -> bool {
    at.rsplit('/').next().is_some_and(|name| names.contains(&name))
}

/// One change of a body, and what it is refused with.
struct Case {
    change: Box<dyn Fn(&mut Value)>,
    pointer: String,
    detail: String,
}

impl Case {
    fn new(pointer: &str, detail: impl Into<String>, change: impl Fn(&mut Value) + 'static) -> Self {
        Self { change: Box::new(change), pointer: pointer.to_owned(), detail: detail.into() }
    }
    /// Another value at a place.
    fn put(at: &str, value: Value, detail: impl Into<String>) -> Self {
        let place = at.to_owned();
        Self::new(at, detail, move |body| *body.pointer_mut(&place).unwrap() = value.clone())
    }
    /// Nothing at a place.
    fn without(at: &str) -> Self {
        let (above, name) =
            at.rsplit_once('/').map(|(above, name)| (above.to_owned(), name.to_owned())).unwrap();
        Self::new(at, "is missing", move |body| {
            body.pointer_mut(&above).unwrap().as_object_mut().unwrap().remove(&name).unwrap();
        })
    }
}

/// Plays every case of every body; each is refused with a single error, which is a 400 without a code.
async fn play(cases: impl Fn(&str, &str, &str) -> Vec<Case>) {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    let mut count = 0;
    for (method, path, body) in bodies() {
        for case in cases(method, path, body) {
            let (filled, sent) = stage.fill(path, body).await;
            let mut sent: Value = serde_json::from_str(&sent).unwrap();
            (case.change)(&mut sent);
            // A password is changed by its user alone.
            let client = stage.client(if path.ends_with("update-password") { 'O' } else { 'A' });
            let answer = client.send(method.parse().unwrap(), &placed(&filled), Some(sent)).await;
            let expected = (400, "", case.pointer.as_str());
            let errors = answer.body["errors"].as_array().map_or(0, Vec::len);
            if answer.error() != expected || answer.detail() != case.detail || errors != 1 {
                wrong.push(format!(
                    "{method} {path} at {}: not {:?} but {} {}",
                    case.pointer, case.detail, answer.status, answer.body
                ));
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} cases");
    assert!(wrong.is_empty(), "{} of {count} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn keys_of_no_schema() {
    play(|_, _, body| {
        let objects = places_of(body).into_iter().filter(|(at, value)| {
            value.is_object() && !is_named(at, OPEN) && !is_below(at, OPEN) && !is_below(at, FREE)
        });
        let odd = |at: String| {
            Case::new(&format!("{at}/oddKey"), "unpermitted parameter", move |body| {
                body.pointer_mut(&at).unwrap()["odd_key"] = json!(1);
            })
        };
        objects.map(|(at, _)| odd(at)).collect()
    })
    .await;
}

#[tokio::test]
async fn values_of_another_type() {
    play(|_, _, body| {
        let odd = |at: &str, value: &Value| {
            let (put, received, expected) = match value {
                Value::Object(_) => (json!([1]), "array", "object"),
                Value::Array(_) => (json!("x"), "string", "array"),
                Value::String(_) if is_named(at, &["id"]) => (json!({"x": 1}), "object", "UUID string"),
                Value::String(_) => (json!(7), "integer", "string"),
                Value::Number(_) => (json!("7"), "string", "integer"),
                Value::Bool(_) => (json!("true"), "string", "boolean"),
                Value::Null => return None,
            };
            Some(Case::put(at, put, format!("type mismatch (received {received} expected {expected})")))
        };
        let all = places_of(body).into_iter().filter(|(at, _)| {
            !at.is_empty() && !is_named(at, FREE) && !is_below(at, FREE) && !is_below(at, OPEN)
        });
        all.filter_map(|(at, value)| odd(&at, &value)).collect()
    })
    .await;
}

#[tokio::test]
async fn names_of_no_record() {
    play(|_, _, body| {
        let named = |at: &str| match at.rsplit('/').next() {
            Some("type") if !at.starts_with("/meta") => Some(Case::put(at, json!("oddities"), "is invalid")),
            Some("id") => {
                let detail = "type mismatch (received string expected UUID string)";
                Some(Case::put(at, json!("not-a-uuid"), detail))
            }
            _ => None,
        };
        places_of(body).into_iter().filter_map(|(at, _)| named(&at)).collect()
    })
    .await;
}

#[tokio::test]
async fn values_that_are_needed() {
    play(|method, path, body| {
        let is_of = |(of, at, _): &&(&str, &str, &[&str])| *of == method && *at == template(path);
        let needed = REQUIRED.iter().find(is_of).map_or(&[][..], |(_, _, needed)| needed);
        let mut cases = Vec::new();
        for (at, value) in places_of(body) {
            let names = value.is_string() && is_named(&at, &["type"]) && !at.starts_with("/meta");
            let identifies = at.ends_with("/data/id") && at.starts_with("/data/relationships");
            let links = at.starts_with("/data/relationships/") && at.ends_with("/data") && value.is_object();
            let is_needed = needed.contains(&at.as_str());
            if names || identifies || links || is_needed {
                cases.push(Case::without(&at));
            }
            if names || identifies || is_needed && !at.ends_with("relationships") {
                cases.push(Case::put(&at, Value::Null, "cannot be null"));
            }
            if is_needed && value.is_string() {
                cases.push(Case::put(&at, json!(""), "cannot be blank"));
                cases.push(Case::put(&at, json!("  "), "cannot be blank"));
            }
        }
        cases
    })
    .await;
}

/// What a collection's records are called in messages (§1.4), where it is not the collection in the singular.
fn word(collection: &str) -> &str {
    match collection {
        "policies" => "policy",
        "processes" => "machine process",
        "components" => "machine component",
        "pool" => "key",
        "owners" => "group owner",
        "webhook-endpoints" => "webhook endpoint",
        "webhook-events" => "webhook event",
        "request-logs" => "request log",
        "event-logs" => "event log",
        "second-factors" => "second factor",
        plural => plural.trim_end_matches('s'),
    }
}

/// Whatever a path names, what nobody knows of is not found, be it the record itself or one below it.
#[tokio::test]
async fn records_that_are_not_there() {
    let mut stage = Stage::set().await;
    let unknown = "01a0f1c2-0000-7000-8000-00000000000f";
    let mut wrong = Vec::new();
    for (method, path, body, _) in licensing::ROWS.iter().chain(webhooks::ROWS) {
        let segments: Vec<&str> = path.split('/').collect();
        for (index, _) in segments.iter().enumerate().filter(|(_, segment)| segment.starts_with('{')) {
            let mut named = segments.clone();
            named[index] = unknown;
            let (filled, sent) = stage.fill(&named.join("/"), body).await;
            let sent = (!sent.is_empty()).then(|| serde_json::from_str(&sent).unwrap());
            let answer = stage.client('A').send(method.parse().unwrap(), &placed(&filled), sent).await;
            let detail = format!("The requested {} '{unknown}' was not found", word(segments[index - 1]));
            if answer.error() != (404, "NOT_FOUND", "") || answer.detail() != detail {
                wrong.push(format!("{method} {}: not {detail:?} but {}", named.join("/"), answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// §1.6: bad pages and orders are refused before permission is asked for (§3.1).
#[tokio::test]
async fn pages_that_cannot_be() {
    let mut stage = Stage::set().await;
    let mut lists = BTreeSet::new();
    let mut wrong = Vec::new();
    for (method, path, _, expected) in
        licensing::ROWS.iter().chain(webhooks::ROWS).filter(|row| row.0 == "GET")
    {
        let (filled, _) = stage.fill(path, "").await;
        let path = placed(&filled);
        let listed = stage.client('A').get(&path).await;
        if !listed.at("/data").is_array() {
            continue;
        }
        lists.insert(template(&filled));
        let mut check = |answer: &Answer, query: &str, parameter: &str| {
            if answer.error() != (400, "", parameter) {
                wrong.push(format!("{method} {path}?{query}: {} {}", answer.status, answer.body));
            }
        };
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("page[size]=5", "page"),
            ("page=1", "page"),
            ("page[number]=0", "page[number]"),
            ("page[number]=101", "page[number]"),
            ("page[number]=1&page[size]=101", "page[size]"),
            ("page[cursor]=x", "page[cursor]"),
            ("order=up", "order"),
        ] {
            let answer = stage.client('A').send(Method::GET, &format!("{path}?{query}"), None).await;
            check(&answer, query, parameter);
        }
        for (caller, _) in COLUMNS.chars().zip(expected.chars()).filter(|(_, symbol)| *symbol == '3') {
            check(&stage.client(caller).get(&format!("{path}?limit=0")).await, "limit=0", "limit");
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(lists.len() > 30, "only {lists:?}");
}
