//! What the operations of `licensing.md` refuse though its form is right (§1.4, and the tables of §2 to §12): code and
//! pointer of each, asked for by an admin.

use serde_json::{Value, json};

use super::placed;
use super::stage::Stage;

/// The id of nothing.
const NOBODY: &str = "01a0f1c2-0000-7000-8000-00000000000f";

/// Method, path, body; status, code and pointer.
type Refusal = (&'static str, String, Value, u16, String, String);

async fn play(refusals: Vec<Refusal>) {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    for (method, path, body, status, code, pointer) in refusals {
        let (filled, sent) = stage.fill(&path, &body.to_string()).await;
        let sent: Value = serde_json::from_str(&sent).unwrap();
        let answer = stage.client('A').send(method.parse().unwrap(), &placed(&filled), Some(sent)).await;
        let errors = answer.body["errors"].as_array().map_or(0, Vec::len);
        if answer.error() != (status, code.as_str(), pointer.as_str()) || errors != 1 {
            let body: String = body.to_string().chars().take(200).collect();
            wrong.push(format!(
                "{method} {path} {body}: {} {}, not {code} {pointer}",
                answer.status, answer.body
            ));
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// A collection, as it is made and changed: what a new record needs, and which record is changed.
struct Kind {
    kind: &'static str,
    attributes: Value,
    relationships: Value,
    existing: &'static str,
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "data": { "type": kind, "id": id } })
}

fn references(kind: &str, ids: &[&str]) -> Value {
    json!({ "data": ids.iter().map(|id| json!({ "type": kind, "id": id })).collect::<Vec<_>>() })
}

impl Kind {
    fn new(kind: &'static str, existing: &'static str, attributes: Value, relationships: Value) -> Self {
        Self { kind, attributes, relationships, existing }
    }
    fn document(
        &self,
        mut attributes: Value,
        more: &Value,
        mut relationships: Value,
        named: &Value,
    ) -> Value {
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        relationships.as_object_mut().unwrap().extend(named.as_object().unwrap().clone());
        let mut data = json!({ "type": self.kind, "attributes": attributes });
        if relationships.as_object().is_some_and(|all| !all.is_empty()) {
            data["relationships"] = relationships;
        }
        json!({ "data": data })
    }
    /// A creation that is refused for an attribute.
    fn new_with(&self, name: &str, value: Value, failure: &str) -> Refusal {
        let body = self.document(
            self.attributes.clone(),
            &json!({ name: value }),
            self.relationships.clone(),
            &json!({}),
        );
        (
            "POST",
            format!("/{}", self.kind),
            body,
            422,
            code(name, failure),
            format!("/data/attributes/{name}"),
        )
    }
    /// A change that is refused for an attribute.
    fn changed_to(&self, name: &str, value: Value, failure: &str) -> Refusal {
        let body = self.document(json!({}), &json!({ name: value }), json!({}), &json!({}));
        let path = format!("/{}/{{{}}}", self.kind, self.existing);
        ("PATCH", path, body, 422, code(name, failure), format!("/data/attributes/{name}"))
    }
    /// Both.
    fn either_with(&self, name: &str, value: &Value, failure: &str) -> [Refusal; 2] {
        [self.new_with(name, value.clone(), failure), self.changed_to(name, value.clone(), failure)]
    }
    /// A creation that is refused for a relation.
    fn related_to(&self, name: &str, kind: &str, id: &str, failure: &str) -> Refusal {
        let named = json!({ name: reference(kind, id) });
        let body = self.document(self.attributes.clone(), &json!({}), self.relationships.clone(), &named);
        (
            "POST",
            format!("/{}", self.kind),
            body,
            422,
            code(name, failure),
            format!("/data/relationships/{name}"),
        )
    }
    /// A change that names what cannot be changed.
    fn fixed(&self, name: &str, value: Value) -> Refusal {
        let body = self.document(json!({}), &json!({ name: value }), json!({}), &json!({}));
        let path = format!("/{}/{{{}}}", self.kind, self.existing);
        ("PATCH", path, body, 400, String::new(), format!("/data/attributes/{name}"))
    }
    /// A creation with an id that is somebody's.
    fn with_id_of(&self, name: &str) -> Refusal {
        let mut body =
            self.document(self.attributes.clone(), &json!({}), self.relationships.clone(), &json!({}));
        body["data"]["id"] = json!(name);
        ("POST", format!("/{}", self.kind), body, 422, "ID_CONFLICT".to_owned(), "/data/id".to_owned())
    }
    /// Metadata of too many bytes and of too many keys.
    fn metadata(&self) -> Vec<Refusal> {
        let many: serde_json::Map<_, _> = (0..65).map(|n| (format!("k{n}"), json!(n))).collect();
        let large = json!({ "k": "x".repeat(16_384) });
        [json!(many), large]
            .iter()
            .flat_map(|value| self.either_with("metadata", value, "TOO_LONG"))
            .collect()
    }
}

/// §1.4: an attribute's name in capitals, and what is wrong with it.
fn code(name: &str, failure: &str) -> String {
    let mut code = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            code.push('_');
        }
        code.push(c.to_ascii_uppercase());
    }
    format!("{code}_{failure}")
}

fn long(characters: usize) -> Value {
    json!("x".repeat(characters + 1))
}

fn entitlements() -> Kind {
    Kind::new("entitlements", "new-entitlement", json!({"name": "x", "code": "{unique}"}), json!({}))
}

fn policies() -> Kind {
    let relationships = json!({ "product": reference("products", "{product}") });
    Kind::new("policies", "policy", json!({"name": "x", "floating": true}), relationships)
}

fn licenses() -> Kind {
    Kind::new("licenses", "license", json!({}), json!({ "policy": reference("policies", "{policy}") }))
}

fn machines() -> Kind {
    let relationships = json!({ "license": reference("licenses", "{license}") });
    Kind::new("machines", "machine", json!({"fingerprint": "{unique}"}), relationships)
}

#[tokio::test]
async fn codes_and_names() {
    let environments =
        Kind::new("environments", "new-environment", json!({"name": "x", "code": "{unique}"}), json!({}));
    let products = Kind::new("products", "product", json!({"name": "x"}), json!({}));
    let groups = Kind::new("groups", "group", json!({"name": "x"}), json!({}));
    let mut all = Vec::new();
    for kind in [&environments, &products, &entitlements()] {
        all.extend(kind.either_with("code", &json!(NOBODY), "INVALID"));
        all.extend(kind.either_with("code", &json!("actions"), "NOT_ALLOWED"));
        all.extend(kind.either_with("code", &json!("Action"), "NOT_ALLOWED"));
        all.extend(kind.either_with("code", &long(255), "TOO_LONG"));
    }
    all.extend(environments.either_with("code", &json!("S"), "TAKEN"));
    for kind in [&environments, &products, &entitlements(), &groups, &policies()] {
        all.extend(kind.either_with("name", &long(255), "TOO_LONG"));
    }
    for kind in [&products, &entitlements(), &groups, &policies()] {
        all.extend(kind.metadata());
    }
    for name in ["maxUsers", "maxLicenses", "maxMachines"] {
        all.extend(groups.either_with(name, &json!(-1), "INVALID"));
        all.extend(groups.either_with(name, &json!(2_147_483_648_i64), "INVALID"));
    }
    all.push(environments.new_with("isolationStrategy", json!("isolated"), "NOT_ALLOWED"));
    all.push(environments.fixed("isolationStrategy", json!("SHARED")));
    all.extend(products.either_with("distributionStrategy", &json!("FREE"), "NOT_ALLOWED"));
    all.extend(products.either_with("permissions", &json!(["product.create"]), "NOT_ALLOWED"));
    all.extend(products.either_with("permissions", &json!(["product.sell"]), "NOT_ALLOWED"));
    all.extend(products.either_with("url", &json!("ftp://x.yz"), "PROTOCOL_INVALID"));
    all.extend(products.either_with("url", &json!("https://x..yz"), "HOST_INVALID"));
    all.extend(products.either_with("url", &json!("no url"), "INVALID"));
    play(all).await;
}

#[tokio::test]
async fn users_and_tokens() {
    let users = Kind::new("users", "user", json!({"email": "{unique}@x.yz"}), json!({}));
    let mut all = users.metadata();
    all.extend(users.either_with("email", &json!("x"), "INVALID"));
    all.extend(users.either_with("email", &json!("Licensee@x.yz "), "TAKEN"));
    all.extend(users.either_with("email", &json!(format!("{}@x.yz", "x".repeat(255))), "TOO_LONG"));
    all.extend(users.either_with("firstName", &long(255), "TOO_LONG"));
    all.extend(users.either_with("lastName", &long(255), "TOO_LONG"));
    all.extend(users.either_with("password", &json!("12345"), "TOO_SHORT"));
    all.extend(users.either_with("password", &long(72), "TOO_LONG"));
    all.extend(users.either_with("permissions", &json!(["product.create"]), "NOT_ALLOWED"));
    all.extend(users.either_with("permissions", &json!(["product.sell"]), "NOT_ALLOWED"));
    all.push(users.related_to("group", "groups", NOBODY, "NOT_FOUND"));
    for (path, beyond) in [
        ("/tokens", "account.sell"),
        ("/users/{user}/tokens", "product.create"),
        ("/products/{product}/tokens", "product.create"),
        ("/licenses/{license}/tokens", "license.create"),
        ("/environments/{environment}/tokens", "environment.create"),
    ] {
        let mut with = |name: &str, value: Value, status: u16, failure: &str| {
            let body = json!({"data": {"type": "tokens", "attributes": {name: value}}});
            let code = if failure.is_empty() { String::new() } else { code(name, failure) };
            all.push(("POST", path.to_owned(), body, status, code, format!("/data/attributes/{name}")));
        };
        with("permissions", json!([beyond]), 422, "NOT_ALLOWED");
        with("name", long(255), 422, "TOO_LONG");
        for name in ["maxActivations", "maxDeactivations"] {
            match path.contains("licenses") {
                true => with(name, json!(-1), 422, "INVALID"),
                false => with(name, json!(1), 400, ""),
            }
        }
    }
    let bearer = json!({"data": {"type": "tokens", "relationships": {"bearer": reference("users", NOBODY)}}});
    let pointer = "/data/relationships/bearer".to_owned();
    all.push(("POST", "/tokens".to_owned(), bearer, 422, "BEARER_NOT_FOUND".to_owned(), pointer));
    play(all).await;
}

#[tokio::test]
async fn policies_and_keys() {
    let policies = policies();
    let mut all = Vec::new();
    for name in ["maxMachines", "maxProcesses", "maxUsers", "maxCores", "maxMemory", "maxDisk"] {
        all.extend(policies.either_with(name, &json!(0), "INVALID"));
    }
    for name in
        ["maxMachines", "maxProcesses", "maxUsers", "maxCores", "maxUses", "duration", "heartbeatDuration"]
    {
        all.extend(policies.either_with(name, &json!(2_147_483_648_i64), "INVALID"));
    }
    all.extend(policies.either_with("maxUses", &json!(-1), "INVALID"));
    all.extend(policies.either_with("duration", &json!(86_399), "INVALID"));
    all.extend(policies.either_with("heartbeatDuration", &json!(59), "INVALID"));
    for name in [
        "machineUniquenessStrategy",
        "machineMatchingStrategy",
        "componentUniquenessStrategy",
        "componentMatchingStrategy",
        "expirationStrategy",
        "expirationBasis",
        "renewalBasis",
        "transferStrategy",
        "authenticationStrategy",
        "machineLeasingStrategy",
        "processLeasingStrategy",
        "overageStrategy",
        "heartbeatCullStrategy",
        "heartbeatResurrectionStrategy",
        "heartbeatBasis",
        "checkInInterval",
    ] {
        all.extend(policies.either_with(name, &json!("AS_YOU_LIKE"), "NOT_ALLOWED"));
    }
    all.push(policies.new_with("scheme", json!("ROT13"), "NOT_ALLOWED"));
    for name in ["scheme", "encrypted", "usePool"] {
        all.push(policies.fixed(name, Value::Null));
    }
    all.push(policies.related_to("product", "products", NOBODY, "NOT_FOUND"));
    let pool = "/policies/{policy}/pool".to_owned();
    let pointer = "/data/relationships/pool".to_owned();
    all.push(("DELETE", pool, Value::Null, 422, String::new(), pointer));
    let keys = Kind::new(
        "keys",
        "key-of-pool",
        json!({"key": "{unique}"}),
        json!({ "policy": reference("policies", "{pool-policy}") }),
    );
    all.extend(keys.either_with("key", &json!("1234567"), "TOO_SHORT"));
    all.extend(keys.either_with("key", &long(1024), "TOO_LONG"));
    all.extend(keys.either_with("key", &json!("{key}"), "CONFLICT"));
    all.extend(keys.either_with("key", &json!("{license}"), "CONFLICT"));
    all.push(keys.related_to("policy", "policies", NOBODY, "NOT_FOUND"));
    all.push(keys.related_to("policy", "policies", "{policy}", "NOT_SUPPORTED"));
    play(all).await;
}

#[tokio::test]
async fn licences() {
    let licenses = licenses();
    let mut all = licenses.metadata();
    for name in ["maxMachines", "maxProcesses", "maxUsers", "maxCores", "maxMemory", "maxDisk"] {
        all.extend(licenses.either_with(name, &json!(0), "INVALID"));
    }
    for name in ["maxMachines", "maxProcesses", "maxUsers", "maxCores", "maxUses"] {
        all.extend(licenses.either_with(name, &json!(2_147_483_648_i64), "INVALID"));
    }
    all.extend(licenses.either_with("maxUses", &json!(-1), "INVALID"));
    all.extend(licenses.either_with("name", &long(1024), "TOO_LONG"));
    all.extend(licenses.either_with("permissions", &json!(["license.create"]), "NOT_ALLOWED"));
    all.push(licenses.new_with("key", json!("12345"), "TOO_SHORT"));
    all.push(licenses.new_with("key", long(16_384), "TOO_LONG"));
    all.push(licenses.new_with("key", json!("actions"), "NOT_ALLOWED"));
    all.push(licenses.new_with("key", json!("{key}"), "TAKEN"));
    all.push(licenses.new_with("key", json!("{license}"), "CONFLICT"));
    all.push(licenses.fixed("key", json!("another key")));
    for name in ["status", "uses", "scheme", "version", "lastValidated", "nextCheckIn"] {
        all.push(licenses.fixed(name, Value::Null));
    }
    all.push(licenses.with_id_of("{license}"));
    all.push(licenses.related_to("policy", "policies", NOBODY, "NOT_FOUND"));
    all.push(licenses.related_to("owner", "users", NOBODY, "NOT_FOUND"));
    all.push(licenses.related_to("group", "groups", NOBODY, "NOT_FOUND"));
    let below = |rest: &str| format!("/licenses/{{license}}/{rest}");
    let mut put = |rest: &str, body: Value, code: &str, name: &str| {
        all.push(("PUT", below(rest), body, 422, code.to_owned(), format!("/data/relationships/{name}")));
    };
    put("policy", reference("policies", NOBODY), "POLICY_NOT_FOUND", "policy");
    put("policy", reference("policies", "{pool-policy}"), "POLICY_NOT_COMPATIBLE", "policy");
    for rest in ["owner", "user"] {
        put(rest, reference("users", NOBODY), "OWNER_NOT_FOUND", "owner");
        put(rest, reference("users", "{licensee}"), "OWNER_INVALID", "owner");
    }
    put("group", reference("groups", NOBODY), "GROUP_NOT_FOUND", "group");
    let attribute = |method: &'static str, action: &str, meta: Value, status, code: &str, at: &str| {
        (
            method,
            below(&format!("actions/{action}")),
            json!({ "meta": meta }),
            status,
            code.to_owned(),
            at.to_owned(),
        )
    };
    let uses = "/data/attributes/uses";
    all.push(attribute("POST", "decrement-usage", json!({"decrement": 9}), 422, "USES_INVALID", uses));
    for (action, name) in [("increment-usage", "increment"), ("decrement-usage", "decrement")] {
        let pointer = format!("/meta/{name}");
        for odd in [json!("1"), json!(1.5), json!(1e40)] {
            all.push(attribute("POST", action, json!({ name: odd }), 400, "", &pointer));
        }
    }
    play(all).await;
}

/// What is attached to a record: all of it or nothing.
#[tokio::test]
async fn attachments() {
    let many: Vec<String> = (0..101).map(|n| format!("01a0f1c2-0000-7000-8000-{n:012}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut all: Vec<Refusal> = Vec::new();
    for (path, kind, name, attached) in [
        ("/licenses/{license}/users", "users", "user", "{licensee}"),
        ("/licenses/{license}/entitlements", "entitlements", "entitlement", "{entitlement}"),
        ("/policies/{policy}/entitlements", "entitlements", "entitlement", "{policy-entitlement}"),
        ("/groups/{group}/owners", "users", "user", "{licensee}"),
    ] {
        let mut add = |method, body, status, code: &str, pointer: &str| {
            all.push((method, path.to_owned(), body, status, code.to_owned(), pointer.to_owned()));
        };
        let fresh = if kind == "users" { "{new-user}" } else { "{new-entitlement}" };
        let related = format!("/data/relationships/{name}");
        let code = |failure: &str| format!("{}_{failure}", name.to_ascii_uppercase());
        add("POST", references(kind, &[attached]), 422, &code("TAKEN"), &related);
        add("POST", references(kind, &[fresh, NOBODY]), 422, &code("NOT_FOUND"), &related);
        add("DELETE", references(kind, &[NOBODY]), 422, "", "/data/0");
        add("DELETE", references(kind, &[attached, NOBODY]), 422, "", "/data/1");
        for method in ["POST", "DELETE"] {
            add(method, references(kind, &[]), 400, "", "/data");
            add(method, references(kind, &many), 400, "", "/data");
            add(method, references("policies", &[attached]), 400, "", "/data/0/type");
            add(method, json!({ "data": [null] }), 400, "", "/data/0");
        }
    }
    for (path, kind, name, inherited) in [
        ("/licenses/{license}/users", "users", "user", "{user}"),
        ("/licenses/{license}/entitlements", "entitlements", "entitlement", "{policy-entitlement}"),
    ] {
        let code = format!("{}_CONFLICT", name.to_ascii_uppercase());
        let related = format!("/data/relationships/{name}");
        all.push(("POST", path.to_owned(), references(kind, &[inherited]), 422, code, related));
        let body = references(kind, &[inherited]);
        all.push(("DELETE", path.to_owned(), body, 403, String::new(), "/data/0".to_owned()));
    }
    play(all).await;
}

#[tokio::test]
async fn machines_and_what_belongs_to_them() {
    let machines = machines();
    let mut all = machines.metadata();
    for name in ["name", "ip", "hostname", "platform"] {
        all.extend(machines.either_with(name, &long(255), "TOO_LONG"));
    }
    for name in ["cores", "memory", "disk"] {
        all.extend(machines.either_with(name, &json!(0), "INVALID"));
    }
    all.extend(machines.either_with("cores", &json!(2_147_483_648_i64), "INVALID"));
    all.push(machines.new_with("fingerprint", json!("machine"), "TAKEN"));
    all.push(machines.new_with("fingerprint", json!("{machine}"), "CONFLICT"));
    all.push(machines.new_with("fingerprint", json!("actions"), "NOT_ALLOWED"));
    all.push(machines.new_with("fingerprint", long(4096), "TOO_LONG"));
    for name in ["fingerprint", "heartbeatStatus", "lastHeartbeat", "maxProcesses", "requireHeartbeat"] {
        all.push(machines.fixed(name, json!("x")));
    }
    all.push(machines.with_id_of("{machine}"));
    all.push(machines.related_to("license", "licenses", NOBODY, "NOT_FOUND"));
    all.push(machines.related_to("owner", "users", NOBODY, "NOT_FOUND"));
    all.push(machines.related_to("owner", "users", "{stranger}", "INVALID"));
    all.push(machines.related_to("group", "groups", NOBODY, "NOT_FOUND"));
    for (rest, id, code, name) in [
        ("owner", NOBODY, "OWNER_NOT_FOUND", "owner"),
        ("owner", "{stranger}", "OWNER_INVALID", "owner"),
        ("group", NOBODY, "GROUP_NOT_FOUND", "group"),
    ] {
        let body = reference(if rest == "group" { "groups" } else { "users" }, id);
        let pointer = format!("/data/relationships/{name}");
        all.push(("PUT", format!("/machines/{{machine}}/{rest}"), body, 422, code.to_owned(), pointer));
    }
    let on_machine = json!({ "machine": reference("machines", "{machine}") });
    let components = Kind::new(
        "components",
        "component",
        json!({"fingerprint": "{unique}", "name": "x"}),
        on_machine.clone(),
    );
    let processes = Kind::new("processes", "process", json!({"pid": "{unique}"}), on_machine);
    all.extend(components.either_with("name", &long(255), "TOO_LONG"));
    for (kind, name, taken) in [(&components, "fingerprint", "component"), (&processes, "pid", "process")] {
        all.push(kind.new_with(name, json!(taken), "TAKEN"));
        all.push(kind.new_with(name, json!("actions"), "NOT_ALLOWED"));
        all.push(kind.new_with(name, long(4096), "TOO_LONG"));
        all.push(kind.fixed(name, json!("x")));
        all.push(kind.related_to("machine", "machines", NOBODY, "NOT_FOUND"));
        all.extend(kind.metadata());
    }
    for name in ["status", "interval", "lastHeartbeat"] {
        all.push(processes.fixed(name, json!("x")));
    }
    all.push(processes.with_id_of("{process}"));
    play(all).await;
}

#[tokio::test]
async fn webhook_endpoints() {
    let endpoints = Kind::new(
        "webhook-endpoints",
        "new-webhook-endpoint",
        json!({"url": "https://hooks.example.net/x"}),
        json!({}),
    );
    let mut all = Vec::new();
    for (name, value, failure) in [
        ("url", json!("http://hooks.example.net"), "PROTOCOL_INVALID"),
        ("url", json!("https://localhost"), "HOST_INVALID"),
        ("url", json!("https://api.example.com/x"), "HOST_INVALID"),
        ("url", json!("https://undotted"), "HOST_INVALID"),
        ("url", json!("nothing"), "INVALID"),
        ("url", json!(format!("https://hooks.example.net/{}", "x".repeat(4096))), "TOO_LONG"),
        ("subscriptions", json!([]), "TOO_SHORT"),
        ("subscriptions", json!(["*", "license.created"]), "NOT_ALLOWED"),
        ("subscriptions", json!(["license.sold"]), "NOT_ALLOWED"),
        ("signatureAlgorithm", json!("hmac"), "NOT_ALLOWED"),
        ("apiVersion", json!("2.0"), "NOT_ALLOWED"),
    ] {
        all.extend(endpoints.either_with(name, &value, failure));
    }
    all.push(endpoints.related_to("product", "products", NOBODY, "NOT_FOUND"));
    play(all).await;
}
