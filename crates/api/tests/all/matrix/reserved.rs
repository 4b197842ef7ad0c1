//! Attributes and relations that are some roles' alone (`licensing.md` §8.1, §10.1, §10.3, §10.4, §11): to the others
//! they are in no schema. Where a record is changed, permission is asked for first (§3.1), but for users.

use serde_json::{Value, json};

use super::placed;
use super::stage::Stage;
use crate::world::{Answer, document};

/// The callers that are asked, as the matrix calls them.
const CALLERS: &str = "ADSTREPOUL";

/// Method, path, where in the body; the value, and who may send it.
type Reserved = (&'static str, &'static str, &'static str, Value, &'static str);

fn rows() -> Vec<Reserved> {
    let (creates, updates) = ("ADSEP", "ADSTEP");
    let limits = ["maxMachines", "maxCores", "maxMemory", "maxDisk", "maxUses", "maxProcesses", "maxUsers"];
    let group = json!({ "data": { "type": "groups", "id": "{group}" } });
    let mut rows: Vec<Reserved> = vec![
        ("POST", "/licenses", "/data/id", json!("{fresh-id}"), creates),
        ("POST", "/licenses", "/data/attributes/expiry", json!("2030-01-01T00:00:00Z"), creates),
        ("POST", "/licenses", "/data/attributes/suspended", json!(false), creates),
        ("POST", "/licenses", "/data/attributes/protected", json!(false), creates),
        ("POST", "/licenses", "/data/attributes/permissions", json!(["license.read"]), "ADEP"),
        ("POST", "/licenses", "/data/attributes/metadata", json!({"a": 1}), CALLERS),
        ("POST", "/licenses", "/data/attributes/name", json!("x"), CALLERS),
        ("POST", "/licenses", "/data/relationships/group", group.clone(), updates),
        ("PATCH", "/licenses/{license}", "/data/attributes/expiry", Value::Null, updates),
        ("PATCH", "/licenses/{license}", "/data/attributes/suspended", json!(false), updates),
        ("PATCH", "/licenses/{license}", "/data/attributes/protected", Value::Null, updates),
        ("PATCH", "/licenses/{license}", "/data/attributes/metadata", json!({}), updates),
        ("PATCH", "/licenses/{license}", "/data/attributes/permissions", json!(["*"]), "ADEP"),
        ("POST", "/machines", "/data/id", json!("{fresh-id}"), CALLERS),
        ("POST", "/machines", "/data/attributes/metadata", json!({"a": 1}), CALLERS),
        ("POST", "/machines", "/data/attributes/cores", json!(1), CALLERS),
        ("POST", "/machines", "/data/relationships/group", group, updates),
        ("PATCH", "/machines/{machine}", "/data/attributes/name", json!("x"), CALLERS),
        ("PATCH", "/machines/{machine}", "/data/attributes/metadata", json!({}), creates),
        ("PATCH", "/components/{component}", "/data/attributes/name", json!("x"), CALLERS),
        ("PATCH", "/components/{component}", "/data/attributes/metadata", json!({}), updates),
        ("PATCH", "/processes/{process}", "/data/attributes/metadata", json!({}), updates),
        ("POST", "/users", "/data/attributes/role", json!("user"), "A"),
        ("POST", "/users", "/data/attributes/permissions", json!(["license.read"]), "ADEP"),
        ("POST", "/users", "/data/attributes/metadata", json!({"a": 1}), CALLERS),
        ("POST", "/users", "/data/attributes/password", json!("correct horse"), CALLERS),
        ("PATCH", "/users/{whom}", "/data/attributes/role", json!("user"), "A"),
        ("PATCH", "/users/{whom}", "/data/attributes/password", json!("correct horse"), "ADEP"),
        ("PATCH", "/users/{whom}", "/data/attributes/permissions", json!(["license.read"]), "ADEP"),
        ("PATCH", "/users/{whom}", "/data/attributes/metadata", json!({}), creates),
        ("PATCH", "/users/{whom}", "/data/attributes/lastName", json!("x"), CALLERS),
        ("POST", "/products", "/data/attributes/permissions", json!(["license.read"]), "ADE"),
        ("PATCH", "/products/{product}", "/data/attributes/permissions", json!(["*"]), "ADE"),
        (
            "POST",
            "/machines/{machine}/actions/generate-offline-proof",
            "/meta/dataset",
            json!({"a": 1}),
            updates,
        ),
    ];
    for (name, pointer) in limits.map(|name| (name, format!("/data/attributes/{name}"))) {
        let pointer: &'static str = pointer.leak();
        rows.push(("POST", "/licenses", pointer, json!(1), creates));
        let unlimited = if name == "maxUses" { json!(1000) } else { Value::Null };
        rows.push(("PATCH", "/licenses/{license}", pointer, unlimited, updates));
    }
    for name in ["/data/attributes/cores", "/data/attributes/memory", "/data/attributes/disk"] {
        rows.push(("PATCH", "/machines/{machine}", name, Value::Null, creates));
    }
    rows
}

/// A body without anything that is reserved.
fn plain(method: &str, path: &str) -> Value {
    let kind = path.split('/').nth(1).unwrap();
    if path.ends_with("generate-offline-proof") {
        return json!({ "meta": {} });
    }
    let one = |name: &str, kind: &str, id: &str| json!({ name: { "data": { "type": kind, "id": id } } });
    match (method, kind) {
        ("POST", "licenses") => document(kind, json!({}), one("policy", "policies", "{policy}")),
        ("POST", "machines") => {
            document(kind, json!({"fingerprint": "{unique}"}), one("license", "licenses", "{license}"))
        }
        ("POST", "users") => document(kind, json!({"email": "{unique}@x.yz"}), json!({})),
        ("POST", "products") => document(kind, json!({"name": "x"}), json!({})),
        _ => document(kind, json!({}), json!({})),
    }
}

/// Puts a value where a pointer leads, through objects that may not be there.
fn put(body: &mut Value, pointer: &str, value: Value) {
    let place = pointer.split('/').skip(1).fold(body, |place, name| &mut place[name]);
    *place = value;
}

fn is_right(method: &str, path: &str, may: bool, pointer: &str, answer: &Answer) -> bool {
    let unpermitted = answer.error() == (400, "", pointer) && answer.detail() == "unpermitted parameter";
    let body_first = method == "POST" && !path.contains("/actions/") || path.starts_with("/users");
    match (may, body_first) {
        // who may send it may still lack permission
        (true, _) => [200, 201, 403, 404].contains(&answer.status),
        (false, true) => unpermitted || answer.status == 404,
        (false, false) => unpermitted || [403, 404].contains(&answer.status),
    }
}

#[tokio::test]
async fn what_is_some_roles_alone() {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    let mut heard = 0;
    for (method, path, pointer, value, roles) in rows() {
        for caller in CALLERS.chars() {
            // A customer changes only themselves.
            let path = path.replace("{whom}", if caller == 'O' { "{user}" } else { "{new-user}" });
            let mut body = plain(method, &path);
            put(&mut body, pointer, value.clone());
            let fresh = keyway_base::RecordId::generate(crate::world::START).to_string();
            let (filled, sent) = stage.fill(&path, &body.to_string().replace("{fresh-id}", &fresh)).await;
            let sent: Value = serde_json::from_str(&sent).unwrap();
            let answer =
                stage.client(caller).send(method.parse().unwrap(), &placed(&filled), Some(sent)).await;
            heard += u32::from(answer.status < 300);
            if !is_right(method, &path, roles.contains(caller), pointer, &answer) {
                wrong.push(format!("{caller} {method} {path} {pointer}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(heard > 150, "only {heard} were heard");
}
