//! Conditional requests (RFC 9110 §13): entity tags, compared as each header asks.

use http::HeaderMap;
use http::header::{IF_NONE_MATCH, IF_RANGE};

/// Whether `If-None-Match` names one of the tags (weak comparison) or `*`. `tags` are whole entity tags with
/// their quotes. `false` without the header.
pub fn none_match_names(headers: &HeaderMap, tags: &[&[u8]]) -> bool {
    let values = headers.get_all(IF_NONE_MATCH).iter();
    values.into_iter().any(|value| {
        let bytes = value.as_bytes().trim_ascii();
        bytes == b"*" || EntityTags(bytes).any(|tag| tags.iter().any(|ours| opaque(ours) == opaque(tag)))
    })
}

/// Whether a `Range` may be honoured: there is no `If-Range`, or it names the current tag (strong comparison;
/// dates never match, since files here have no modification date).
pub fn range_applies(headers: &HeaderMap, tag: &[u8]) -> bool {
    let Some(value) = headers.get(IF_RANGE) else { return true };
    let value = value.as_bytes().trim_ascii();
    value == tag && !value.starts_with(b"W/")
}

fn opaque(tag: &[u8]) -> &[u8] {
    tag.strip_prefix(b"W/").unwrap_or(tag)
}

/// The entity tags of a list; what is not one ends it.
struct EntityTags<'a>(&'a [u8]);

impl<'a> Iterator for EntityTags<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let skipped = self.0.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b',')).count();
        let list = self.0.get(skipped..)?;
        let weak = if list.starts_with(b"W/") { 2 } else { 0 };
        let quoted = list.get(weak..)?.strip_prefix(b"\"")?;
        let length = weak + 2 + quoted.iter().position(|byte| *byte == b'"')?;
        let (tag, rest) = list.split_at_checked(length)?;
        self.0 = rest;
        Some(tag)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderName;

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn if_none_match_compares_weakly() {
        for (values, expected) in [
            (&["\"abc\""][..], true),
            (&["W/\"abc\""], true),
            (&["\"x\", \"abc\""], true),
            (&["\"x\",W/\"abc\" "], true),
            (&["\"x\"", "\"abc-gz\""], true),
            (&["\"a,b\", \"abc\""], true),
            (&["*"], true),
            (&["\"ab\""], false),
            (&["abc"], false),
            (&["\"abc"], false),
            (&[""], false),
            (&["x, \"abc\""], false),
            (&[], false),
        ] {
            let headers = headers(IF_NONE_MATCH, values);
            assert_eq!(none_match_names(&headers, &[b"\"abc\"", b"\"abc-gz\""]), expected, "{values:?}");
        }
    }

    #[test]
    fn if_range_compares_strongly() {
        for (values, expected) in [
            (&[][..], true),
            (&["\"abc\""], true),
            (&["W/\"abc\""], false),
            (&["\"other\""], false),
            (&["Sun, 22 Nov 2026 03:29:13 GMT"], false),
        ] {
            assert_eq!(range_applies(&headers(IF_RANGE, values), b"\"abc\""), expected, "{values:?}");
        }
        assert!(!range_applies(&headers(IF_RANGE, &["W/\"abc\""]), b"W/\"abc\""));
    }
}
