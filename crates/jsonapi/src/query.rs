//! Query strings with brackets (`licensing.md` §1.2, §1.6): `a=1`, `a[]=1`, `a[b]=1`, `a[b][]=1`.

use percent_encoding::percent_decode;

use crate::{ApiError, QueryValue};

/// The deepest nesting of brackets.
const MAX_DEPTH: usize = 8;
/// The most parameters.
const MAX_PARAMETERS: usize = 256;

/// A parsed query string.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Query(Vec<(String, QueryValue)>);

impl Query {
    /// Parses a query string, without its `?`. Of the same parameter twice, the last one wins.
    ///
    /// # Errors
    /// 400 `PARAMETERS_INVALID` when brackets or percent signs make no sense or one name has two shapes, 400
    /// `ENCODING_INVALID` for invalid UTF-8 and NUL bytes.
    pub fn parse(raw: &str) -> Result<Self, ApiError> {
        let mut query = Self::default();
        for (count, pair) in raw.split('&').filter(|pair| !pair.is_empty()).enumerate() {
            if count >= MAX_PARAMETERS {
                return Err(ApiError::parameters_invalid());
            }
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decode(name)?, decode(value)?);
            let path = path(&name)?;
            let (first, rest) = path.split_first().ok_or_else(ApiError::parameters_invalid)?;
            insert(&mut query.0, first, rest, value)?;
        }
        Ok(query)
    }
    /// A parameter.
    pub fn get(&self, name: &str) -> Option<&QueryValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }
    /// A parameter that is a text and not blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }
    /// The parameters, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &QueryValue)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
    /// The parameters as flat pairs of bracketed names and texts, sorted by name.
    pub fn flat(&self) -> Vec<(String, String)> {
        let mut flat = Vec::new();
        for (name, value) in &self.0 {
            flatten(name.clone(), value, &mut flat);
        }
        flat.sort_by(|left, right| left.0.cmp(&right.0));
        flat
    }
}

fn flatten(name: String, value: &QueryValue, flat: &mut Vec<(String, String)>) {
    match value {
        QueryValue::Text(text) => flat.push((name, text.clone())),
        QueryValue::List(items) => items.iter().for_each(|item| flatten(format!("{name}[]"), item, flat)),
        QueryValue::Map(entries) => {
            entries.iter().for_each(|(key, value)| flatten(format!("{name}[{key}]"), value, flat));
        }
    }
}

fn decode(text: &str) -> Result<String, ApiError> {
    let bytes = text.as_bytes();
    let malformed = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%').any(|(at, _)| {
        !bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    });
    if malformed {
        return Err(ApiError::parameters_invalid());
    }
    let spaced = text.replace('+', " ");
    let decoded =
        percent_decode(spaced.as_bytes()).decode_utf8().map_err(|_| ApiError::encoding_invalid())?;
    if decoded.contains('\0') {
        return Err(ApiError::encoding_invalid());
    }
    Ok(decoded.into_owned())
}

/// Splits `a[b][]` into `a`, `b` and an empty key.
fn path(name: &str) -> Result<Vec<String>, ApiError> {
    let Some((head, mut rest)) = name.split_once('[') else { return Ok(vec![name.to_owned()]) };
    let mut keys = vec![head.to_owned()];
    loop {
        let (key, after) = rest.split_once(']').ok_or_else(ApiError::parameters_invalid)?;
        keys.push(key.to_owned());
        if keys.len() > MAX_DEPTH || head.is_empty() {
            return Err(ApiError::parameters_invalid());
        }
        match after.strip_prefix('[') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(keys),
            None => return Err(ApiError::parameters_invalid()),
        }
    }
}

fn insert(
    entries: &mut Vec<(String, QueryValue)>,
    key: &str,
    rest: &[String],
    value: String,
) -> Result<(), ApiError> {
    match entries.iter_mut().find(|(known, _)| known == key) {
        Some((_, known)) => merge(known, rest, value),
        None => {
            entries.push((key.to_owned(), fresh(rest, value)));
            Ok(())
        }
    }
}

/// The value that a path below a new name makes.
fn fresh(path: &[String], value: String) -> QueryValue {
    match path.split_first() {
        None => QueryValue::Text(value),
        Some((key, rest)) if key.is_empty() => QueryValue::List(vec![fresh(rest, value)]),
        Some((key, rest)) => QueryValue::Map(vec![(key.clone(), fresh(rest, value))]),
    }
}

fn merge(known: &mut QueryValue, path: &[String], value: String) -> Result<(), ApiError> {
    match (known, path.split_first()) {
        (QueryValue::Text(text), None) => *text = value,
        (QueryValue::List(items), Some((key, rest))) if key.is_empty() => items.push(fresh(rest, value)),
        (QueryValue::Map(entries), Some((key, rest))) if !key.is_empty() => {
            return insert(entries, key, rest, value);
        }
        _ => return Err(ApiError::parameters_invalid()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(value: &str) -> QueryValue {
        QueryValue::Text(value.to_owned())
    }

    #[test]
    fn reads_texts_lists_and_maps() {
        let query = Query::parse("a=1&b[]=x&b[]=y&page[number]=2&page[size]=5&m[a][b]=c&a=2&e=&f").unwrap();
        assert_eq!(query.text("a"), Some("2"), "the last one wins");
        assert_eq!(query.get("b"), Some(&QueryValue::List(vec![text("x"), text("y")])));
        assert_eq!(query.get("page").and_then(|page| page.get("size")), Some(&text("5")));
        let inner = query.get("m").and_then(|m| m.get("a")).and_then(|a| a.get("b"));
        assert_eq!(inner, Some(&text("c")));
        assert_eq!(query.get("e"), Some(&text("")));
        assert_eq!(query.text("f"), None, "blank is no text");
    }

    #[test]
    fn decodes_each_part_once() {
        let query = Query::parse("page%5Bsize%5D=1&q=a+b%20c%2525").unwrap();
        assert_eq!(query.get("page").and_then(|page| page.get("size")), Some(&text("1")));
        assert_eq!(query.text("q"), Some("a b c%25"));
    }

    #[test]
    fn refuses_nonsense() {
        for bad in [
            "a[=1",
            "a[b=1",
            "a=1&a[b]=2",
            "a[]=1&a=2",
            "a[b]c=1",
            "[a]=1",
            "a=%zz",
            "a=%2",
            "a[b][c][d][e][f][g][h][i]=1",
        ] {
            let error = Query::parse(bad).unwrap_err();
            assert_eq!(error.code(), Some("PARAMETERS_INVALID"), "{bad}");
        }
        for bad in ["a=%00", "a=%ff", "%00=1"] {
            assert_eq!(Query::parse(bad).unwrap_err().code(), Some("ENCODING_INVALID"), "{bad}");
        }
        let many: Vec<String> = (0..300).map(|i| format!("a{i}=1")).collect();
        assert!(Query::parse(&many.join("&")).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn never_panics_and_what_is_read_reads_back_the_same(raw in "[a-c\\[\\]=&%0-9]{0,40}") {
            if let Ok(query) = Query::parse(&raw) {
                let pairs = query.flat();
                let encode = |(name, value): &(String, String)| {
                    format!("{}={}", crate::links::encode(name), crate::links::encode(value))
                };
                let written: Vec<String> = pairs.iter().map(encode).collect();
                prop_assert_eq!(Query::parse(&written.join("&")).map(|again| again.flat()), Ok(pairs));
            }
        }
    }
}
