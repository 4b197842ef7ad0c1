//! JSON that every reader reads the same: UTF-8, an object at the root, no key twice, not too deep.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::{ArchiveError, Quoted};

/// Parses a JSON object; a byte order mark before it is passed over.
///
/// `max_depth` counts objects and arrays inside one another, the root being the first.
///
/// # Errors
/// [`ArchiveError::Json`] where the text is not UTF-8 or not JSON, the root is not an object, an object has a key
/// twice, or the nesting is deeper than `max_depth`.
pub fn parse_object_strict(bytes: &[u8], max_depth: usize) -> Result<Map<String, Value>, ArchiveError> {
    match parse_strict(bytes, max_depth)? {
        Value::Object(map) => Ok(map),
        _ => Err(refused("the root is not an object".to_owned())),
    }
}

/// As [`parse_object_strict`], whatever the root is.
pub(crate) fn parse_strict(bytes: &[u8], max_depth: usize) -> Result<Value, ArchiveError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(text).map_err(|_| refused("it is not UTF-8".to_owned()))?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let value =
        Strict { levels: max_depth }.deserialize(&mut parser).map_err(|error| refused(error.to_string()))?;
    parser.end().map_err(|error| refused(error.to_string()))?;
    Ok(value)
}

fn refused(problem: String) -> ArchiveError {
    ArchiveError::Json { problem }
}

/// Builds a value; `levels` is how many more objects and arrays may be opened.
#[derive(Clone, Copy)]
struct Strict {
    levels: usize,
}

impl Strict {
    fn inner<E: de::Error>(self) -> Result<Self, E> {
        let levels = self.levels.checked_sub(1).ok_or_else(|| E::custom("it is nested too deeply"))?;
        Ok(Strict { levels })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut map = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            if map.contains_key(&key) {
                return Err(de::Error::custom(format_args!("key {} appears twice", Quoted::new(key))));
            }
            let value = entries.next_value_seed(inner)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &[u8], depth: usize) -> String {
        parse_object_strict(text, depth).unwrap_err().to_string()
    }

    #[test]
    fn an_ordinary_object_is_read_as_serde_json_reads_it() {
        let text = r#"{"name":"a","n":[1,-2,3.5,null,true],"o":{"ä":"\u00e4"}}"#;
        let map = parse_object_strict(text.as_bytes(), 32).unwrap();
        assert_eq!(Value::Object(map), serde_json::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert!(parse_object_strict(b"\xef\xbb\xbf{}", 1).unwrap().is_empty());
    }

    #[test]
    fn a_key_twice_is_refused_at_any_depth() {
        assert!(problem(br#"{"name":"a","name":"b"}"#, 32).contains("key 'name' appears twice"));
        assert!(problem(br#"{"x":[{"a":1,"\u0061":2}]}"#, 32).contains("key 'a' appears twice"));
    }

    #[test]
    fn depth_is_limited() {
        assert!(parse_object_strict(br#"{"a":[{}]}"#, 3).is_ok());
        assert!(problem(br#"{"a":[{}]}"#, 2).contains("nested too deeply"));
        let deep = [b"{\"a\":".repeat(100_000), b"1".to_vec()].concat();
        assert!(problem(&deep, 32).contains("nested too deeply"));
        assert!(problem(&deep, usize::MAX).contains("recursion limit"));
    }

    #[test]
    fn what_is_not_one_utf8_object_is_refused() {
        assert!(problem(b"[]", 32).contains("root is not an object"));
        assert!(problem(b"{\"a\":\"\xff\"}", 32).contains("not UTF-8"));
        assert!(problem(b"{} {}", 32).contains("trailing characters"));
        assert!(problem(b"{\"a\":}", 32).contains("line 1"));
        assert!(problem(b"", 32).contains("EOF"));
    }
}
