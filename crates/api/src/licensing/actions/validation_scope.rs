//! The body of a validation (`licensing.md` §9.1).

use keyway_domain::license::validation::ValidationScope;
use keyway_jsonapi::schema::{Form, Node};
use serde_json::{Map, Value};

/// `meta {nonce?, scope?}`; nothing at all is fine.
pub(crate) fn by_id() -> Vec<Node> {
    vec![Node::object("meta", vec![nonce(), scope()])]
}

/// `meta {key, legacyEncrypted?, encrypted?, nonce?, scope?}`.
pub(crate) fn by_key() -> Vec<Node> {
    let members = vec![
        Node::new("key", Form::Text).required(),
        Node::new("legacy_encrypted", Form::Boolean),
        Node::new("encrypted", Form::Boolean),
        nonce(),
        scope(),
    ];
    vec![Node::object("meta", members).required()]
}

fn nonce() -> Node {
    Node::new("nonce", Form::Any)
}

fn scope() -> Node {
    let text = |name: &'static str| Node::new(name, Form::Text).blank();
    let list = |name: &'static str, item: Node| {
        Node::new(name, Form::List { item: Box::new(item), min: 0, max: 1000 })
    };
    let members = vec![
        text("product"),
        text("policy"),
        text("machine"),
        text("user").nullable(),
        text("fingerprint"),
        list("fingerprints", text("").nullable()),
        list("components", text("")),
        list("entitlements", text("")),
        text("checksum"),
        text("version"),
        text("environment").nullable(),
    ];
    Node::object("scope", members)
}

/// Reads a scope that fits the schema.
pub(crate) fn read(scope: &Map<String, Value>) -> ValidationScope {
    let text = |name: &str| scope.get(name).and_then(Value::as_str).map(str::to_owned);
    let nullable = |name: &str| scope.get(name).map(|value| value.as_str().map(str::to_owned));
    let several = |name: &str| {
        let items = scope.get(name)?.as_array()?;
        Some(items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Vec<_>>())
    };
    let present = |name: &str| several(name).map(|items| items.into_iter().flatten().collect());
    ValidationScope {
        environment: nullable("environment"),
        product: text("product"),
        policy: text("policy"),
        user: nullable("user"),
        machine: text("machine"),
        fingerprint: text("fingerprint"),
        fingerprints: several("fingerprints"),
        components: present("components"),
        entitlements: present("entitlements"),
        checksum: text("checksum"),
        version: text("version"),
    }
}
