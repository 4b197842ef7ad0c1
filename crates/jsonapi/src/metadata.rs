//! The limits of metadata (`licensing.md` §1.5).

use serde_json::{Map, Value};

use crate::{ApiError, Failure, Invalid, camel_key};

/// Container levels below the object itself that a request may have.
const REQUEST_DEPTH: usize = 2;
/// Bytes of JSON.
const MAX_BYTES: usize = 16_384;
/// Keys, counted at every level.
const MAX_KEYS: usize = 64;

/// Refuses metadata that nests too deeply.
///
/// # Errors
/// 400 whose pointer goes to the first offending path.
pub fn check_depth(metadata: &Map<String, Value>, pointer: &str) -> Result<(), ApiError> {
    metadata.iter().try_for_each(|(key, value)| depth(value, 1, &format!("{pointer}/{}", camel_key(key))))
}

fn depth(value: &Value, level: usize, pointer: &str) -> Result<(), ApiError> {
    if (value.is_object() || value.is_array()) && level > REQUEST_DEPTH {
        return Err(ApiError::schema(pointer, format!("maximum depth of {REQUEST_DEPTH} exceeded")));
    }
    match value {
        Value::Object(members) => members
            .iter()
            .try_for_each(|(key, value)| depth(value, level + 1, &format!("{pointer}/{}", camel_key(key)))),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| depth(value, level + 1, &format!("{pointer}/{index}"))),
        _ => Ok(()),
    }
}

/// What the model has against a metadata object, if anything: too many bytes, too many keys.
pub fn check_size(metadata: &Value) -> Option<Invalid> {
    let too_long = |detail: String| Invalid::attribute("metadata", Failure::Kind("TOO_LONG"), detail);
    if keys(metadata) > MAX_KEYS {
        return Some(too_long(format!("too many keys (exceeded limit of {MAX_KEYS} keys)")));
    }
    let bytes = metadata.to_string().len();
    (bytes > MAX_BYTES).then(|| too_long(format!("is too long (maximum is {MAX_BYTES} bytes)")))
}

fn keys(value: &Value) -> usize {
    match value {
        Value::Object(members) => members.len() + members.values().map(keys).sum::<usize>(),
        Value::Array(items) => items.iter().map(keys).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn two_levels_below_the_root_are_enough() {
        for (metadata, fits) in [
            (json!({"a": 1}), true),
            (json!({"a": {"b": {"c": 1}}}), true),
            (json!({"a": [{"c": 1}]}), true),
            (json!({"a": {"b": {"c": {}}}}), false),
            (json!({"a": [[[]]]}), false),
        ] {
            assert_eq!(check_depth(metadata.as_object().unwrap(), "").is_ok(), fits, "{metadata}");
        }
    }

    #[test]
    fn sixty_four_keys_and_sixteen_kibibytes() {
        let nested = |n: usize| {
            let inner: Map<String, Value> = (0..n).map(|i| (format!("k{i}"), json!(1))).collect();
            json!({ "outer": inner })
        };
        assert!(check_size(&nested(63)).is_none(), "64 with the outer one");
        assert_eq!(check_size(&nested(64)).unwrap().code(), "METADATA_TOO_LONG");
        let long = |n: usize| json!({ "k": "x".repeat(n) });
        assert!(check_size(&long(16_384 - 8)).is_none());
        assert!(check_size(&long(16_384 - 7)).is_some());
    }
}
