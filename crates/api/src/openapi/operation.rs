//! Operations: from an endpoint to what OpenAPI says of it.

use keyway_access::Asks;
use serde_json::{Map, Value, json};

use super::{answer, error, parameter, request};
use crate::endpoint::{Endpoint, Operation, Verb};

/// The operation of an endpoint.
pub(super) fn describe(endpoint: &Endpoint) -> Value {
    let mut operation = Map::new();
    operation.insert("operationId".to_owned(), name(endpoint).into());
    operation.insert("summary".to_owned(), summary(endpoint).into());
    operation.insert("tags".to_owned(), json!([tag(endpoint)]));
    let asks = endpoint.action().map(Asks::of);
    if endpoint.verb == Verb::Patch {
        operation.insert("description".to_owned(), "`PUT` does the same.".into());
    }
    if let Some(security) = security(endpoint, asks.as_ref()) {
        operation.insert("security".to_owned(), security);
    }
    let parameters = parameter::of(endpoint);
    if !parameters.is_empty() {
        operation.insert("parameters".to_owned(), parameters.into());
    }
    if let Some(body) = request::body(endpoint) {
        operation.insert("requestBody".to_owned(), body);
    }
    operation.insert("responses".to_owned(), responses(endpoint));
    let codes = error::codes(endpoint);
    if !codes.is_empty() {
        operation.insert("x-error-codes".to_owned(), codes.into());
    }
    if let Some(asks) = asks {
        if let Some(permission) = asks.permission {
            operation.insert("x-permission".to_owned(), permission.as_str().into());
        }
        let roles: Vec<&str> = asks.roles.iter().map(|role| role.as_str()).collect();
        operation.insert("x-roles".to_owned(), roles.into());
    }
    operation.into()
}

/// Who may come: nobody in particular, everybody, or only who says who they are.
fn security(endpoint: &Endpoint, asks: Option<&Asks>) -> Option<Value> {
    let Some(asks) = asks else { return Some(json!([])) };
    let public = asks.public && !endpoint.hard;
    let Value::Array(mut ways) = parameter::credentials() else { return None };
    public.then(|| {
        ways.insert(0, json!({}));
        ways.into()
    })
}

fn responses(endpoint: &Endpoint) -> Value {
    let mut all = Map::new();
    for given in answer::given(endpoint) {
        all.insert(given.status.to_string(), answer::response(&given));
    }
    for (status, response) in error::of(endpoint) {
        all.insert(status.to_string(), response);
    }
    all.into()
}

/// The operation's name: its method and path, `GET /licenses/{id}/users` being `getLicensesIdUsers`.
pub(super) fn name(endpoint: &Endpoint) -> String {
    let mut name = endpoint.verb.as_str().to_lowercase();
    let path = if endpoint.path.is_empty() { "account" } else { endpoint.path };
    for word in path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let (first, rest) = word.split_at(1);
        name.push_str(&first.to_uppercase());
        name.push_str(rest);
    }
    name
}

/// The collection that the operation is of.
pub(super) fn tag(endpoint: &Endpoint) -> &'static str {
    let first = endpoint.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    if first.is_empty() { "accounts" } else { first }
}

fn summary(endpoint: &Endpoint) -> String {
    let words = |kind: &str| kind.replace('-', " ");
    let of = |parent: &str| format!("of one of the {}", words(parent));
    match endpoint.operation {
        Operation::List(hooks) => format!("List {}", words(hooks.resource().kind)),
        Operation::Show(hooks) => format!("Show one of the {}", words(hooks.resource().kind)),
        Operation::Create(hooks) => format!("Make one of the {}", words(hooks.resource().kind)),
        Operation::Update(hooks) => format!("Change one of the {}", words(hooks.resource().kind)),
        Operation::Delete(hooks) => format!("Delete one of the {}", words(hooks.resource().kind)),
        Operation::Children(nested) => {
            format!("List {} {}", words(nested.child.resource().kind), of(nested.parent.resource().kind))
        }
        Operation::Child(nested) => {
            format!(
                "Show one of the {} {}",
                words(nested.child.resource().kind),
                of(nested.parent.resource().kind)
            )
        }
        Operation::Related(related) => {
            format!("Show {} {}", words(last(endpoint.path)), of(related.parent.resource().kind))
        }
        Operation::Act(..) | Operation::Open(_) | Operation::Outside(_) | Operation::Fixed(_) => {
            act(endpoint)
        }
    }
}

/// What an action does, by its path: the action's own word, or what its method does to what the path ends with.
fn act(endpoint: &Endpoint) -> String {
    let what = last(endpoint.path).replace('-', " ");
    if endpoint.path.contains("/actions/") {
        let mut letters = what.chars();
        let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        return format!("{first}{}", letters.as_str());
    }
    let verb = match endpoint.verb {
        Verb::Get => "Show",
        Verb::Post => "Make or add",
        Verb::Patch => "Change",
        Verb::Put => "Replace",
        Verb::Delete => "Delete or remove",
    };
    format!("{verb} {what}")
}

/// The last word of a path that is no capture.
fn last(path: &'static str) -> &'static str {
    path.rsplit('/').find(|segment| !segment.starts_with('{') && !segment.is_empty()).unwrap_or("account")
}
