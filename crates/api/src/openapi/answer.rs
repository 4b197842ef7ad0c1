//! Answers of success.

use keyway_domain::resources;
use keyway_jsonapi::Resource;
use serde_json::{Map, Value, json};

use super::record;
use crate::contract::{Data, Given};
use crate::endpoint::{Endpoint, Operation, Verb};

/// The answers of an endpoint.
pub(super) fn given(endpoint: &Endpoint) -> Vec<Given> {
    if !endpoint.contract.gives.is_empty() {
        return endpoint.contract.gives.to_vec();
    }
    vec![match endpoint.operation {
        Operation::List(hooks) => Given::new(200, Data::Many(hooks.resource())),
        Operation::Children(nested) => Given::new(200, Data::Many(nested.child.resource())),
        Operation::Show(hooks) | Operation::Update(hooks) => Given::new(200, Data::One(hooks.resource())),
        Operation::Child(nested) => Given::new(200, Data::One(nested.child.resource())),
        Operation::Create(hooks) => Given::new(201, Data::One(hooks.resource())).located(),
        Operation::Related(related) => Given::new(200, Data::Maybe(related.child.resource())),
        Operation::Delete(_) => Given::new(204, Data::Empty),
        Operation::Act(..) | Operation::Open(_) | Operation::Outside(_) | Operation::Fixed(_) => {
            usual(endpoint)
        }
    }]
}

/// What an action gives unless it says otherwise.
fn usual(endpoint: &Endpoint) -> Given {
    let named = collection(endpoint.path);
    match (endpoint.verb, named) {
        (Verb::Delete, _) => Given::new(204, Data::Empty),
        (_, Some(resource)) => Given::new(200, Data::One(resource)),
        (_, None) => Given::new(204, Data::Empty),
    }
}

/// The resource whose collection a path begins with.
pub(super) fn collection(path: &str) -> Option<&'static Resource> {
    let first = path.trim_start_matches('/').split('/').next()?;
    resources::ALL.iter().copied().find(|resource| resource.kind == first)
}

/// The resources that endpoints show, each once.
pub(super) fn resources(endpoints: impl Iterator<Item = &'static Endpoint>) -> Vec<&'static Resource> {
    let mut all: Vec<&'static Resource> = Vec::new();
    for given in endpoints.flat_map(given) {
        for resource in shown(given.data) {
            if !all.contains(&resource) {
                all.push(resource);
            }
        }
    }
    all
}

fn shown(data: Data) -> Vec<&'static Resource> {
    match data {
        Data::One(resource) | Data::Maybe(resource) | Data::Many(resource) => vec![resource],
        Data::Either(several) => several.to_vec(),
        Data::Mixed(several) => several(),
        Data::Empty | Data::Absent | Data::Made(_) | Data::Raw(_) => Vec::new(),
    }
}

/// The response object of an answer.
pub(super) fn response(given: &Given) -> Value {
    let mut response = json!({ "description": text(given) });
    match given.data {
        Data::Empty => {}
        Data::Raw(media_type) => {
            let schema =
                if media_type == "application/json" { json!({ "type": "object" }) } else { json!({}) };
            response["content"] = json!({ media_type: { "schema": schema } });
        }
        data => response["content"] = documents(&with_meta(schema(data), given.meta)),
    }
    if given.located {
        let address = json!({ "type": "string", "format": "uri" });
        response["headers"] = json!({ "Location": { "schema": address } });
    }
    response
}

/// A document, under both of its media types.
pub(super) fn documents(schema: &Value) -> Value {
    json!({
        "application/vnd.api+json": { "schema": schema },
        "application/json": { "schema": schema },
    })
}

fn text(given: &Given) -> &'static str {
    match (given.status, given.data) {
        (303 | 307, _) => "The address to go on to.",
        (304, _) => "Nothing has changed.",
        (206, _) => "The part that was asked for.",
        (201, _) => "Made.",
        (204, _) => "Done.",
        (_, Data::Empty) => "Yes.",
        (_, Data::Many(_) | Data::Mixed(_)) => "A list.",
        (_, Data::Raw(_)) => "A file.",
        _ => "A document.",
    }
}

fn schema(data: Data) -> Value {
    let named = |name: String| json!({ "$ref": format!("#/components/schemas/{name}") });
    let any = |several: Vec<&'static Resource>| {
        let all: Vec<Value> =
            several.into_iter().map(|resource| json!({ "$ref": record::reference(resource) })).collect();
        json!({ "anyOf": all })
    };
    match data {
        Data::One(resource) => named(record::one(resource)),
        Data::Maybe(resource) => named(record::maybe(resource)),
        Data::Many(resource) => named(record::many(resource)),
        Data::Either(several) => record::document(&any(several.to_vec())),
        Data::Mixed(several) => record::document(&json!({ "type": "array", "items": any(several()) })),
        Data::Made(schema) => record::document(&schema()),
        Data::Empty | Data::Absent | Data::Raw(_) => json!({ "type": "object" }),
    }
}

fn with_meta(document: Value, meta: Option<fn() -> Value>) -> Value {
    let Some(meta) = meta else { return document };
    let meta = json!({ "type": "object", "required": ["meta"], "properties": { "meta": meta() } });
    json!({ "allOf": [document, meta] })
}

/// Schemas that all resources share.
pub(super) fn shared() -> Map<String, Value> {
    let link = json!({ "type": ["string", "null"] });
    let related = json!({
        "type": "object",
        "required": ["related"],
        "properties": { "related": link },
        "additionalProperties": false,
    });
    let to_many = json!({
        "type": "object",
        "required": ["links"],
        "properties": { "links": { "$ref": "#/components/schemas/related" }, "meta": { "type": "object" } },
        "additionalProperties": false,
    });
    let counts = json!({
        "type": "object",
        "properties": { "pages": { "type": "integer" }, "count": { "type": "integer" } },
    });
    let pages = json!({
        "type": "object",
        "description": "The pages beside this one, where pages were asked for; counts where they are numbered.",
        "required": ["self"],
        "properties": {
            "self": link, "prev": link, "next": link, "first": link, "last": link, "meta": counts,
        },
        "additionalProperties": false,
    });
    Map::from_iter([
        ("related".to_owned(), related),
        ("to-many".to_owned(), to_many),
        ("pages".to_owned(), pages),
    ])
}
