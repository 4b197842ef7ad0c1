//! Reading request bodies (`licensing.md` §1.2): JSON of bounded depth, every key folded, no NUL bytes.

use serde_json::{Map, Value};

use crate::{ApiError, fold_key};

/// The deepest nesting of containers that a body may have.
pub const MAX_DEPTH: usize = 32;

/// Reads a body. No body at all is an empty object; a root that is not an object becomes its `data` member.
/// Of members that are the same once folded, the last one wins.
///
/// # Errors
/// 400 `ENCODING_INVALID` for invalid UTF-8 and NUL bytes (escaped ones too), 400 `JSON_INVALID` for what is
/// not JSON or nests deeper than [`MAX_DEPTH`].
pub fn parse_body(bytes: &[u8]) -> Result<Map<String, Value>, ApiError> {
    let text = std::str::from_utf8(bytes).map_err(|_| ApiError::encoding_invalid())?;
    if text.contains('\0') {
        return Err(ApiError::encoding_invalid());
    }
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let value: Value = serde_json::from_str(text).map_err(|_| ApiError::json_invalid())?;
    match fold(value, 0)? {
        Value::Object(members) => Ok(members),
        other => Ok(Map::from_iter([("data".to_owned(), other)])),
    }
}

fn fold(value: Value, depth: usize) -> Result<Value, ApiError> {
    if depth > MAX_DEPTH {
        return Err(ApiError::json_invalid());
    }
    Ok(match value {
        Value::Object(members) => {
            let mut folded = Map::with_capacity(members.len());
            for (key, value) in members {
                refuse_nul(&key)?;
                folded.insert(fold_key(&key), fold(value, depth + 1)?);
            }
            Value::Object(folded)
        }
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| fold(item, depth + 1)).collect::<Result<_, _>>()?)
        }
        Value::String(text) => {
            refuse_nul(&text)?;
            Value::String(text)
        }
        other => other,
    })
}

fn refuse_nul(text: &str) -> Result<(), ApiError> {
    if text.contains('\0') { Err(ApiError::encoding_invalid()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Result<Value, Option<String>> {
        parse_body(text.as_bytes()).map(Value::Object).map_err(|e| e.code().map(str::to_owned))
    }

    #[test]
    fn folds_keys_at_every_depth_and_leaves_values_alone() {
        let body = r#"{"Data":{"attributes":{"maxMachines":1,"metadata":{"Foo Bar":[{"x-y":"FROM_NOW"}]}}}}"#;
        let expected =
            json!({"data":{"attributes":{"max_machines":1,"metadata":{"foo_bar":[{"x_y":"FROM_NOW"}]}}}});
        assert_eq!(read(body), Ok(expected));
        assert_eq!(read(r#"{"fooBar":1,"foo_bar":2}"#), Ok(json!({"foo_bar":2})), "the last one wins");
    }

    #[test]
    fn wraps_other_roots_and_accepts_nothing() {
        assert_eq!(read("[1]"), Ok(json!({"data":[1]})));
        assert_eq!(read("null"), Ok(json!({"data":null})));
        assert_eq!(read("  "), Ok(json!({})));
    }

    #[test]
    fn refuses_what_is_not_json_or_hides_nul_bytes() {
        let deep = format!("{}{}", "[".repeat(34), "]".repeat(34));
        let deepest = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for bad in ["{", "{\"a\":1,}", "nul", deep.as_str(), deepest.as_str()] {
            assert_eq!(read(bad), Err(Some("JSON_INVALID".to_owned())), "{:.20}", bad);
        }
        for bad in ["{\"a\":\"\\u0000\"}", "{\"a\\u0000\":1}", "\0"] {
            assert_eq!(read(bad), Err(Some("ENCODING_INVALID".to_owned())), "{bad:?}");
        }
        assert_eq!(parse_body(&[b'"', 0xff, b'"']).unwrap_err().code(), Some("ENCODING_INVALID"));
    }
}
