//! The description of this API in OpenAPI 3.1, made from the declarations: endpoints, resources, contracts of actions,
//! rules of access, errors. Nothing here is written by hand for one resource or one endpoint.

mod answer;
mod error;
mod form;
mod operation;
mod parameter;
mod record;
mod request;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use keyway_crypto::digest::sha256;
use serde_json::{Map, Value, json};

use crate::contract::{Contract, Data, Given};
use crate::endpoint::{Endpoint as E, Operation};
use crate::endpoints;
use crate::reply::Reply;
use crate::version::ApiVersion;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[E::get("/openapi.json", Operation::Fixed(reply))
    .accepts_any()
    .told(Contract::giving(&[Given::new(200, Data::Raw("application/json")), Given::new(304, Data::Empty)]))];

/// The description and its tag, made when it is first asked for.
static RENDERED: LazyLock<(Bytes, String)> = LazyLock::new(|| {
    let text = document().to_string();
    let digest: String =
        sha256(text.as_bytes()).as_bytes().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    (Bytes::from(text), format!("\"{digest}\""))
});

/// The description, or 304 to who has it.
fn reply(headers: &HeaderMap) -> Reply {
    let (body, tag) = &*RENDERED;
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let is_known = known.flat_map(|list| list.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    });
    let reply = Reply::nothing().header(header::ETAG, tag).header(header::CACHE_CONTROL, "no-cache");
    if is_known {
        return reply.status(StatusCode::NOT_MODIFIED);
    }
    reply.bytes(body.clone()).status(StatusCode::OK).header(header::CONTENT_TYPE, "application/json")
}

/// The description.
fn document() -> Value {
    json!({
        "openapi": "3.1.1",
        "info": {
            "title": "Keyway",
            "version": ApiVersion::CURRENT.to_string(),
            "summary": "Licensing and distribution of software.",
            "description": "JSON:API. Keys of bodies may be spelled in any case; answers are in camel case. \
                            `PUT` does what `PATCH` does where it has no meaning of its own, `HEAD` what `GET` does.",
        },
        "servers": [
            parameter::account_server(),
            { "url": "/v1", "description": "Where host or settings say whose the request is." },
        ],
        "security": parameter::credentials(),
        "tags": tags(),
        "paths": paths(),
        "components": {
            "schemas": schemas(),
            "responses": error::responses(),
            "parameters": parameter::shared(),
            "securitySchemes": parameter::schemes(),
        },
    })
}

/// The public endpoints of the current version.
fn described() -> impl Iterator<Item = &'static E> {
    endpoints::all().filter(|endpoint| !endpoint.first_only && !endpoint.internal)
}

fn paths() -> Value {
    let mut paths = Map::new();
    for endpoint in described() {
        let path = parameter::path(endpoint.path);
        let item = paths.entry(path).or_insert_with(|| parameter::path_item(endpoint));
        if let Value::Object(item) = item {
            item.insert(endpoint.verb.as_str().to_lowercase(), operation::describe(endpoint));
        }
    }
    paths.into()
}

fn tags() -> Value {
    let mut names: Vec<&str> = Vec::new();
    for name in described().map(operation::tag) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| json!({ "name": name })).collect()
}

fn schemas() -> Value {
    let mut schemas = error::schemas();
    schemas.extend(answer::shared());
    for resource in answer::resources(described()) {
        schemas.extend(record::schemas(resource));
    }
    schemas.extend(described().filter_map(request::schema));
    schemas.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut references = Vec::new();
        collect(&document, &mut references);
        assert!(references.len() > 500, "{}", references.len());
        for reference in references {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    }

    fn collect(value: &Value, references: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                if let Some(Value::String(reference)) = members.get("$ref") {
                    references.push(reference.clone());
                }
                members.values().for_each(|value| collect(value, references));
            }
            Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
            _ => {}
        }
    }

    #[test]
    fn operations_have_names_of_their_own() {
        let mut names: Vec<String> = described().map(operation::name).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// What is read by hand cannot be guessed.
    #[test]
    fn every_action_that_reads_says_what_it_gives() {
        let silent = described().filter(|endpoint| {
            let reads = endpoint.verb == crate::endpoint::Verb::Get;
            reads
                && matches!(endpoint.operation, Operation::Act(..) | Operation::Open(_))
                && endpoint.contract.gives.is_empty()
        });
        let silent: Vec<&str> = silent.map(|endpoint| endpoint.path).collect();
        assert!(silent.is_empty(), "these need `.told(…)` with what they give: {silent:?}");
    }
}
