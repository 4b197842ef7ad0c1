//! Addresses, parameters and credentials.

use keyway_base::Timestamp;
use keyway_jsonapi::{Filter, FilterContext, QueryValue, Resource};
use serde_json::{Value, json};

use crate::contract::{Asked, Data};
use crate::endpoint::{Endpoint, Operation};

use super::answer;

/// Keys that filters by parts may have, tried one after the other.
const KEYS: [&str; 15] = [
    "within", "in", "before", "after", "on", "inside", "outside", "eq", "gt", "gte", "lt", "lte", "start",
    "end", "any key",
];
/// Texts that filters may read, likewise.
const TEXTS: [&str; 6] = ["true", "1", "ACTIVE", "P1D", "2026-01-01", "0190163d-8694-739b-aea5-966c26f8ad91"];

/// A path of ours as a path of OpenAPI.
pub(super) fn path(template: &str) -> String {
    if template.is_empty() { "/".to_owned() } else { template.replace("{*", "{") }
}

/// What a path's operations have in common.
pub(super) fn path_item(endpoint: &Endpoint) -> Value {
    let captured =
        endpoint.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let captured = captured.map(|name| {
        let rest = name.strip_prefix('*');
        let text = match rest {
            Some(_) => "An id or another name; it may have slashes.",
            None => "An id, or another name where the resource has one.",
        };
        json!({
            "name": rest.unwrap_or(name), "in": "path", "required": true, "description": text,
            "schema": { "type": "string", "minLength": 1 },
        })
    });
    let common = ["version", "environment", "accept-signature"].map(reference);
    let placed = matches!(endpoint.operation, Operation::Fixed(_));
    let common = common.into_iter().filter(|_| !placed);
    let mut item = json!({ "parameters": captured.chain(common).collect::<Vec<_>>() });
    if matches!(endpoint.operation, Operation::Outside(_)) {
        item["servers"] = json!([{ "url": "/v1" }]);
    } else if endpoint.prefixed || endpoint.path.is_empty() {
        item["servers"] = json!([account_server()]);
    }
    item
}

/// Where an account is.
pub(super) fn account_server() -> Value {
    json!({
        "url": "/v1/accounts/{account}",
        "variables": { "account": { "default": "acme", "description": "Id or slug of the account." } },
    })
}

/// The query and the headers of an endpoint.
pub(super) fn of(endpoint: &Endpoint) -> Vec<Value> {
    let listed = answer::given(endpoint).iter().find_map(|given| match given.data {
        Data::Many(resource) => Some(Some(resource)),
        Data::Mixed(_) => Some(None),
        _ => None,
    });
    let is_read = matches!(endpoint.verb, crate::endpoint::Verb::Get) || endpoint.path == "/search";
    let mut all: Vec<Value> = endpoint.contract.asks.iter().map(asked).collect();
    if let Some(resource) = listed.filter(|_| is_read) {
        all.extend(["limit", "page", "order"].map(reference));
        let filtered = matches!(endpoint.operation, Operation::List(_) | Operation::Children(_));
        all.extend(resource.filter(|_| filtered).into_iter().flat_map(filters));
    }
    all
}

fn asked(asked: &Asked) -> Value {
    json!({ "name": asked.name, "in": asked.place, "description": asked.text, "schema": (asked.form)() })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/parameters/{name}") })
}

fn filters(resource: &'static Resource) -> impl Iterator<Item = Value> {
    resource.filters.iter().map(filter)
}

/// A filter: what it reads is tried.
fn filter(filter: &Filter) -> Value {
    let context = FilterContext { now: Timestamp::from_micros(1_767_225_600_000_000) };
    let reads = |value: &QueryValue| (filter.scope)(value, &context).is_some();
    let texts = || TEXTS.iter().map(|text| QueryValue::Text((*text).to_owned()));
    let reads_key = |key: &str| texts().any(|text| reads(&QueryValue::Map(vec![(key.to_owned(), text)])));
    let keys: Vec<&str> = KEYS.into_iter().filter(|key| reads_key(key)).collect();
    if keys.contains(&"any key") {
        return object(
            filter.name,
            &json!({ "type": "object", "additionalProperties": { "type": "string" } }),
        );
    }
    if !keys.is_empty() {
        let members: serde_json::Map<String, Value> =
            keys.into_iter().map(|key| (key.to_owned(), json!({ "type": "string" }))).collect();
        return object(filter.name, &json!({ "type": "object", "properties": members }));
    }
    let reads_text = |text: &str| reads(&QueryValue::Text(text.to_owned()));
    if reads_text("true") && !reads_text("ACTIVE") {
        return json!({ "name": filter.name, "in": "query", "schema": { "enum": ["true", "false"] } });
    }
    if texts().any(|text| reads(&QueryValue::List(vec![text]))) && !texts().any(|text| reads(&text)) {
        let name = format!("{}[]", filter.name);
        return json!({
            "name": name, "in": "query", "style": "form", "explode": true,
            "schema": { "type": "array", "items": { "type": "string" } },
        });
    }
    json!({ "name": filter.name, "in": "query", "schema": { "type": "string" } })
}

fn object(name: &str, schema: &Value) -> Value {
    json!({ "name": name, "in": "query", "style": "deepObject", "explode": true, "schema": schema })
}

/// Parameters that many operations have.
pub(super) fn shared() -> Value {
    let number = json!({ "type": "integer", "minimum": 1, "maximum": 100 });
    let text = json!({ "type": "string" });
    let header = |name: &str, text: &str, schema: &Value| json!({ "name": name, "in": "header", "description": text, "schema": schema });
    json!({
        "version": header("Keygen-Version", "The version of this API, `1.0` to `1.8`.", &text),
        "environment": header("Keygen-Environment", "Id or code of an environment.", &text),
        "accept-signature": header("Keygen-Accept-Signature", "How the answer is to be signed.", &text),
        "limit": { "name": "limit", "in": "query", "description": "How many, 10 unless told.", "schema": number },
        "page": {
            "name": "page", "in": "query", "style": "deepObject", "explode": true,
            "description": "A page by its number, or what comes after a record: `page[cursor]` is its id, or empty \
                            for the first page.",
            "schema": {
                "type": "object",
                "properties": { "number": number, "size": number, "cursor": text },
                "anyOf": [{ "required": ["number"] }, { "required": ["cursor"] }],
            },
        },
        "order": {
            "name": "order", "in": "query", "description": "Newest first unless told.",
            "schema": { "enum": ["asc", "desc"] },
        },
    })
}

/// What a request may identify itself with.
pub(super) fn schemes() -> Value {
    json!({
        "token": { "type": "http", "scheme": "bearer", "description": "A token, of whatever kind." },
        "license": {
            "type": "apiKey", "in": "header", "name": "Authorization",
            "description": "`License` and a licence key, where the policy lets keys in.",
        },
        "basic": {
            "type": "http", "scheme": "basic",
            "description": "`token:` and a token, `license:` and a key, or, where tokens are made, e-mail address \
                            and password.",
        },
        "query-token": { "type": "apiKey", "in": "query", "name": "token", "description": "A token." },
        "query-auth": {
            "type": "apiKey", "in": "query", "name": "auth",
            "description": "`token:` and a token, or `license:` and a key.",
        },
    })
}

/// Any of them.
pub(super) fn credentials() -> Value {
    json!([{ "token": [] }, { "license": [] }, { "basic": [] }, { "query-token": [] }, { "query-auth": [] }])
}
