//! Until 1.4, keys inside metadata were shown in snake case; only those at its top were in camel case.

use keyway_jsonapi::fold_key;
use serde_json::{Map, Value};

use super::Route;
use super::documents::{each, object};

/// Shows nested keys in snake case.
pub(super) fn snake_case(document: &mut Value, _: Route) {
    each(document, "", |resource| {
        let metadata = object(resource, "attributes").and_then(|attributes| object(attributes, "metadata"));
        for value in metadata.into_iter().flat_map(|metadata| metadata.values_mut()) {
            *value = folded(std::mem::take(value));
        }
    });
}

fn folded(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter().map(|(key, value)| (fold_key(&key), folded(value)));
            Value::Object(members.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(folded).collect()),
        other => other,
    }
}
