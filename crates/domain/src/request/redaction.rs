//! Leaving out of the log what nobody may read there (`licensing.md` §14): values under names that say that they
//! are secret, in bodies at any depth and in queries, and whatever a path or an answer repeats of them.

use keyway_jsonapi::fold_key;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::Value as Json;

use keyway_base::RecordId;

/// What the names of secrets contain.
const SECRET: &[&str] = &[
    "passw",
    "digest",
    "priv",
    "key",
    "token",
    "secret",
    "crypt",
    "salt",
    "certificate",
    "otp",
    "redirect",
    "cvv",
    "cvc",
    "ssn",
    "auth",
];
/// What is in URLs that are good for who has them: files on their way to and from the store.
const SIGNED: &[&str] = &["X-Amz-Signature=", "/-/blobs/"];
/// Collections whose records may be named in paths by what is secret.
const NAMED_BY_SECRETS: &[&str] = &["licenses", "tokens", "keys"];
/// Shorter values are too likely to be found by chance in what is no repetition.
const SHORTEST_IN_URL: usize = 4;
/// The same for values of bodies, many of which are words.
const SHORTEST_IN_BODY: usize = 8;
/// What stays as it is in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What was found to be secret in one request.
#[derive(Debug, Default)]
pub struct Redaction {
    secrets: Vec<String>,
}

/// Whether a value under this name is secret.
fn is_secret(name: &str) -> bool {
    holds_a_word(&name.to_lowercase()) || holds_a_word(&fold_key(name))
}

/// One walk for all words: this is asked of every name in every body.
fn holds_a_word(text: &str) -> bool {
    let rests = text.char_indices().filter_map(|(at, _)| text.get(at..));
    rests.into_iter().any(|rest| SECRET.iter().any(|word| rest.starts_with(word)))
}

/// A value as it is shown instead.
fn mask(value: &str) -> String {
    let letters: Vec<char> = value.chars().collect();
    let kept = match letters.len() {
        0 | 1 => 0,
        2..20 => 1,
        _ => 4,
    };
    let (first, last) = (letters.iter().take(kept), letters.iter().skip(letters.len() - kept));
    first.chain(&['.'; 3]).chain(last).collect()
}

/// A part of a URL without its escapes.
fn decoded(part: &str) -> String {
    percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned()
}

impl Redaction {
    /// A path and its query, as received.
    pub fn url(&mut self, path: &str, query: &str) -> String {
        let mut before = "";
        let segments: Vec<String> = path
            .split('/')
            .map(|segment| {
                let shown = self.segment(before, segment);
                before = segment;
                shown
            })
            .collect();
        let path = segments.join("/");
        if query.is_empty() {
            return path;
        }
        let parameters: Vec<String> = query.split('&').map(|parameter| self.parameter(parameter)).collect();
        format!("{path}?{}", parameters.join("&"))
    }

    /// A segment of a path. Ids tell nothing.
    fn segment(&mut self, before: &str, segment: &str) -> String {
        let is_word = segment.is_empty() || segment == "actions" || segment.parse::<RecordId>().is_ok();
        if is_word || !NAMED_BY_SECRETS.contains(&before) {
            return segment.to_owned();
        }
        let name = percent_decode_str(segment).decode_utf8_lossy().into_owned();
        let shown = utf8_percent_encode(&mask(&name), PLAIN).to_string();
        self.keep(segment.to_owned(), SHORTEST_IN_URL);
        self.keep(name, SHORTEST_IN_URL);
        shown
    }

    fn parameter(&mut self, parameter: &str) -> String {
        let Some((name, value)) = parameter.split_once('=') else { return parameter.to_owned() };
        if !is_secret(&decoded(name)) {
            return parameter.to_owned();
        }
        let secret = decoded(value);
        let shown = format!("{name}={}", utf8_percent_encode(&mask(&secret), PLAIN));
        self.keep(value.to_owned(), SHORTEST_IN_URL);
        // what follows a name, as in `license:KEY`, may be repeated by itself
        if let Some((_, unnamed)) = secret.split_once(':') {
            self.keep(unnamed.to_owned(), SHORTEST_IN_URL);
        }
        self.keep(secret, SHORTEST_IN_URL);
        shown
    }

    /// Remembers what must not be repeated.
    fn keep(&mut self, secret: String, shortest: usize) {
        if secret.chars().count() >= shortest && !self.secrets.contains(&secret) {
            self.secrets.push(secret);
        }
    }

    /// The body of a request: JSON, or nothing is kept of it.
    pub fn sent(&mut self, body: &[u8]) -> Option<String> {
        let mut json = parsed(body)?;
        self.hide(&mut json, false);
        Some(json.to_string())
    }

    /// The body of an answer: JSON, or nothing is kept of it.
    pub fn answered(&mut self, body: &[u8]) -> Option<String> {
        let mut json = parsed(body)?;
        self.hide(&mut json, false);
        self.unrepeat(&mut json);
        Some(json.to_string())
    }

    /// A text without what the request has told in secret.
    pub fn text(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for secret in &self.secrets {
            if shown.contains(secret) {
                shown = shown.replace(secret, &mask(secret));
            }
        }
        shown
    }

    /// Masks every value below a name that says that it is secret, and signed URLs under any name.
    fn hide(&mut self, json: &mut Json, secret: bool) {
        match json {
            Json::Object(members) => {
                for (name, value) in members {
                    self.hide(value, secret || is_secret(name));
                }
            }
            Json::Array(items) => items.iter_mut().for_each(|item| self.hide(item, secret)),
            Json::String(text) if secret || SIGNED.iter().any(|sign| text.contains(sign)) => {
                let masked = mask(text);
                let told = std::mem::replace(text, masked);
                if told.parse::<RecordId>().is_err() {
                    self.keep(told, SHORTEST_IN_BODY);
                }
            }
            Json::Number(number) if secret => *json = mask(&number.to_string()).into(),
            Json::String(_) | Json::Number(_) | Json::Bool(_) | Json::Null => {}
        }
    }

    fn unrepeat(&self, json: &mut Json) {
        match json {
            Json::Object(members) => members.values_mut().for_each(|value| self.unrepeat(value)),
            Json::Array(items) => items.iter_mut().for_each(|item| self.unrepeat(item)),
            Json::String(text) => *text = self.text(text),
            Json::Number(_) | Json::Bool(_) | Json::Null => {}
        }
    }
}

fn parsed(body: &[u8]) -> Option<Json> {
    if body.is_empty() { None } else { serde_json::from_slice(body).ok() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_masked_by_their_length() {
        for (value, expected) in [
            ("", "..."),
            ("x", "..."),
            ("ab", "a...b"),
            ("p@ssw0rd", "p...d"),
            ("1234567890123456789", "1...9"),
            ("12345678901234567890", "1234...7890"),
            ("ééé", "é...é"),
        ] {
            assert_eq!(mask(value), expected, "{value}");
        }
    }

    #[test]
    fn signed_urls_are_masked_under_any_name() {
        let part = json!({ "parts": [
            { "number": 1, "url": "https://s3.example.com/b/k?partNumber=1&X-Amz-Signature=abc" },
            { "number": 2, "url": "https://pkg.example.com/-/blobs/abc.def" },
            { "number": 3, "url": "https://hooks.example.com/mine" },
        ] });
        let shown = Redaction::default().answered(part.to_string().as_bytes()).unwrap();
        assert!(!shown.contains("Signature") && !shown.contains("abc.def"), "{shown}");
        assert!(shown.contains("https://hooks.example.com/mine"), "{shown}");
    }

    #[test]
    fn names_of_secrets_are_known_however_they_are_written() {
        for name in [
            "password",
            "oldPassword",
            "resetPasswordToken",
            "Digest",
            "private",
            "licenseKey",
            "TOKEN",
            "clientSecret",
            "encrypted",
            "salt",
            "certificate",
            "otp",
            "redirectUrl",
            "cvv",
            "cvc",
            "ssn",
            "Authorization",
            "pass-word-token",
            "x[api_key]",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["name", "email", "fingerprint", "version", "metadata", "id", "url", "ip", "status"] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn values_below_such_names_are_masked_at_any_depth() {
        let body = json!({ "data": { "attributes": {
            "name": "App", "key": "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "otp": 123_456, "keys": ["one", { "a": "two" }],
            "metadata": { "nested": { "apiToken": "abc", "enabled": true } }, "secret": null,
        } } });
        let shown = Redaction::default().sent(body.to_string().as_bytes()).unwrap();
        let shown: Json = serde_json::from_str(&shown).unwrap();
        let expected = json!({ "data": { "attributes": {
            "name": "App", "key": "ABCD...WXYZ", "otp": "1...6", "keys": ["o...e", { "a": "t...o" }],
            "metadata": { "nested": { "apiToken": "a...c", "enabled": true } }, "secret": null,
        } } });
        assert_eq!(shown, expected);
    }

    #[test]
    fn only_json_is_kept() {
        for body in [&b""[..], b"key=value", b"-----BEGIN LICENSE FILE-----", b"{\"key\": "] {
            assert_eq!(Redaction::default().sent(body), None);
            assert_eq!(Redaction::default().answered(body), None);
        }
    }

    #[test]
    fn urls_keep_ids_and_words_and_no_secret() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let path = |rest: &str| format!("/v1/accounts/acme/{rest}");
        for (given, query, expected) in [
            (path("licenses"), "limit=1&metadata[a]=b", path("licenses?limit=1&metadata[a]=b")),
            (path(&format!("licenses/{id}/users")), "", path(&format!("licenses/{id}/users"))),
            (path("licenses/actions/validate-key"), "", path("licenses/actions/validate-key")),
            (path("licenses/AB%2FCD"), "", path("licenses/A...D")),
            (path("users/a@b.c"), "token=user-0123456789abcdef", path("users/a@b.c?token=user...cdef")),
            (path("me"), "auth=license:ABCD&x", path("me?auth=l...D&x")),
            (path("me"), "a%75th=se+cret", path("me?a%75th=s...t")),
            (path("me"), "metadata%5BapiKey%5D=abc", path("me?metadata%5BapiKey%5D=a...c")),
        ] {
            assert_eq!(Redaction::default().url(&given, query), expected);
        }
    }

    #[test]
    fn answers_do_not_repeat_what_the_request_told_in_secret() {
        let mut redaction = Redaction::default();
        redaction.url("/v1/licenses/AB%20CD-EF", "auth=license:WXYZ-1234");
        redaction.sent(br#"{"meta":{"key":"long-enough","scope":"x"}}"#);
        let body = json!({ "errors": [{ "detail": "The requested license 'AB CD-EF' was not found" }],
            "secret": "JBSWY3DPEHPK3PXP", "uri": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXP",
            "links": { "self": "/v1/licenses/AB%20CD-EF?WXYZ-1234" }, "note": ["it was long-enough"] });
        let shown = redaction.answered(body.to_string().as_bytes()).unwrap();
        for secret in ["AB CD-EF", "AB%20CD-EF", "WXYZ-1234", "long-enough", "JBSWY3DPEHPK3PXP"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(shown.contains("The requested license 'A...F' was not found"), "{shown}");
    }
}
