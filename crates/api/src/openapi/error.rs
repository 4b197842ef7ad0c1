//! Refusals.

use std::collections::BTreeMap;

use keyway_access::AuthFailure;
use keyway_jsonapi::{ApiError, Failure, Invalid, Resource};
use serde_json::{Map, Value, json};

use super::{answer, request};
use crate::endpoint::{Endpoint, Operation, Verb};
use crate::gate;

/// The statuses of refusals, each with the name of its response.
const NAMES: [(u16, &str); 14] = [
    (400, "bad-request"),
    (401, "unauthorized"),
    (402, "payment-required"),
    (403, "forbidden"),
    (404, "not-found"),
    (405, "not-supported"),
    (409, "conflict"),
    (413, "too-large"),
    (416, "range-not-satisfiable"),
    (422, "unprocessable"),
    (429, "too-many-requests"),
    (500, "internal"),
    (503, "unavailable"),
    (507, "no-room"),
];

/// The refusals of an endpoint.
pub(super) fn of(endpoint: &Endpoint) -> Vec<(u16, Value)> {
    let is_placed = !matches!(endpoint.operation, Operation::Fixed(_));
    let is_asked = endpoint.action().is_some() && is_placed;
    let writes = endpoint.verb != Verb::Get;
    let acts = writes || matches!(endpoint.operation, Operation::Act(..));
    let has_file = answer::given(endpoint).iter().any(|given| given.status == 206);
    let statuses = NAMES.into_iter().filter(|(status, _)| match status {
        401..=403 => is_asked,
        409 | 422 | 507 => acts,
        413 => writes,
        416 => has_file,
        405 | 500 => false,
        _ => is_placed || *status != 503,
    });
    let response = |name| json!({ "$ref": format!("#/components/responses/{name}") });
    statuses.map(|(status, name)| (status, response(name))).collect()
}

/// The codes of refusals that follow from what the endpoint takes, beside those that any request can meet.
pub(super) fn codes(endpoint: &Endpoint) -> Vec<String> {
    let mut all: Vec<String> = endpoint.contract.codes.iter().map(|code| (*code).to_owned()).collect();
    if let Operation::Create(hooks) | Operation::Update(hooks) = endpoint.operation {
        let (_, body) = request::schema(endpoint).unwrap_or_default();
        let sent = |part: &str, name: &str| {
            let at = "/properties/data/properties";
            body.pointer(&format!("{at}/{part}/properties/{}", keyway_jsonapi::camel_key(name))).is_some()
        };
        all.extend(declared(hooks.resource(), &sent));
    }
    all.dedup();
    all
}

fn declared(resource: &'static Resource, sent: &dyn Fn(&str, &str) -> bool) -> Vec<String> {
    let mut all = Vec::new();
    let mut add = |invalid: Invalid| all.push(invalid.code().into_owned());
    for attribute in resource.attributes.iter().filter(|attribute| sent("attributes", attribute.name)) {
        if attribute.max.is_some() {
            add(Invalid::attribute(attribute.name, Failure::Kind("TOO_LONG"), ""));
        }
        if attribute.range.is_some() {
            add(Invalid::attribute(attribute.name, Failure::Comparison, ""));
        }
        if attribute.one_of.is_some() {
            add(Invalid::attribute(attribute.name, Failure::Inclusion, ""));
        }
        if resource.aliases.iter().any(|alias| Some(alias.column) == attribute.column) {
            add(Invalid::taken(attribute.name));
        }
    }
    for relation in resource.relations.iter().filter(|relation| sent("relationships", relation.name)) {
        add(Invalid::missing_relation(relation.name));
    }
    all
}

/// The response of each status, with the refusals that any request can meet as examples.
pub(super) fn responses() -> Value {
    let mut catalogue: BTreeMap<u16, Vec<ApiError>> = BTreeMap::new();
    let of_credentials = AuthFailure::ALL.iter().map(|failure| gate::unauthenticated(failure, "Bearer"));
    for error in ApiError::catalogue().into_iter().chain(of_credentials) {
        catalogue.entry(error.status.as_u16()).or_default().push(error);
    }
    let none = Vec::new();
    let used = NAMES.into_iter().filter(|(status, _)| !matches!(status, 405 | 500));
    let response = |(status, name): (u16, &str)| {
        (name.to_owned(), response(status, catalogue.get(&status).unwrap_or(&none)))
    };
    used.map(response).collect::<Map<_, _>>().into()
}

fn response(status: u16, errors: &[ApiError]) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/errors" });
    let mut content = answer::documents(&schema);
    let examples: Map<String, Value> = errors.iter().filter_map(example).collect();
    if !examples.is_empty() {
        content["application/vnd.api+json"]["examples"] = examples.into();
    }
    let mut response = json!({ "description": text(status), "content": content });
    let header = |name: &str, kind: &str| json!({ name: { "schema": { "type": kind } } });
    match status {
        401 => response["headers"] = header("WWW-Authenticate", "string"),
        429 | 503 => response["headers"] = header("Retry-After", "integer"),
        _ => {}
    }
    response
}

fn example(error: &ApiError) -> Option<(String, Value)> {
    let body = error.body("0190163d-8694-739b-aea5-966c26f8ad91");
    Some((error.code()?.to_owned(), json!({ "value": body })))
}

const fn text(status: u16) -> &'static str {
    match status {
        400 => "The request makes no sense: its headers, query or body do not have the form they must have.",
        401 => "No credential, or one that is not valid.",
        402 => "The account has made its requests of the day.",
        403 => "The caller may not do this.",
        404 => "No such record, or none that the caller may know of.",
        409 => "Somebody else was quicker.",
        413 => "The body is too long.",
        416 => "There is no such part of the file.",
        422 => "What was sent cannot be done.",
        429 => "Too many requests.",
        503 => "The service cannot answer now.",
        507 => "There is no room left.",
        _ => "Something went wrong.",
    }
}

/// The schemas of errors.
pub(super) fn schemas() -> Map<String, Value> {
    let text = json!({ "type": "string" });
    let source = json!({
        "type": "object",
        "properties": { "pointer": text, "parameter": text, "header": text },
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    });
    let error = json!({
        "type": "object",
        "required": ["title", "detail"],
        "properties": { "title": text, "detail": text, "code": text, "source": source },
        "additionalProperties": false,
    });
    let errors = json!({
        "type": "object",
        "required": ["errors"],
        "properties": {
            "meta": { "type": "object", "properties": { "id": text }, "description": "Names the request." },
            "errors": { "type": "array", "items": { "$ref": "#/components/schemas/error" } },
        },
        "additionalProperties": false,
    });
    Map::from_iter([("error".to_owned(), error), ("errors".to_owned(), errors)])
}
