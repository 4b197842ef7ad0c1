//! Parameters of queries and forms: pairs in order, decoded as forms are (`+` is a space).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The parameters of a query, or of a form in a body.
#[derive(Debug, Clone, Copy)]
pub struct Query<'q>(pub &'q str);

impl<'q> Query<'q> {
    /// Every value of a name, in order. Values that are not UTF-8 are passed over.
    pub fn all(self, name: &str) -> impl Iterator<Item = Cow<'q, str>> {
        self.0
            .split('&')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .filter(move |(key, _)| {
                *key == name || (is_coded(key) && decoded(key).is_some_and(|key| key == name))
            })
            .filter_map(|(_, value)| decoded(value))
    }

    /// The first value of a name.
    pub fn first(self, name: &str) -> Option<Cow<'q, str>> {
        self.all(name).next()
    }
}

/// Whether a text may stand for another one than itself.
fn is_coded(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b'%' | b'+'))
}

fn decoded(text: &str) -> Option<Cow<'_, str>> {
    if !is_coded(text) {
        return Some(Cow::Borrowed(text));
    }
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return percent_decode_str(&spaced).decode_utf8().ok().map(|text| Cow::Owned(text.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

/// What may stand in the value of a parameter as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/')
    .remove(b':')
    .remove(b',');

/// The value of a parameter, encoded.
pub fn encoded(value: &str) -> String {
    utf8_percent_encode(value, PLAIN).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_once_and_in_order() {
        let query = Query("scope=a%3Ab+c&x&scope=%2525&sc%6fpe=d&bad=%ff&empty=");
        let scopes: Vec<_> = query.all("scope").collect();
        assert_eq!(scopes, ["a:b c", "%25", "d"]);
        assert_eq!(query.first("x").as_deref(), Some(""));
        assert_eq!(query.first("empty").as_deref(), Some(""));
        assert_eq!(query.first("bad"), None);
        assert_eq!(query.first("none"), None);
    }

    #[test]
    fn values_survive() {
        for value in ["repository:a/b:pull,push", "a b&c=d%", "ä+", "sha256:00"] {
            let query = format!("v={}", encoded(value));
            assert_eq!(Query(&query).first("v").as_deref(), Some(value));
        }
    }
}
