//! What an engine sees of a request before anything is looked up.

use std::borrow::Cow;

use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The head of a request to an engine.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method as received (`HEAD` stays `HEAD`).
    pub method: &'a Method,
    /// The path below the engine's root, percent-encoding untouched, always beginning with `/`.
    pub path: &'a str,
    /// The query without `?`; empty when there is none.
    pub query: &'a str,
    /// The request's headers.
    pub headers: &'a HeaderMap,
}

impl<'a> Head<'a> {
    /// The path's segments as they were sent (not decoded), without the leading slash; one empty last
    /// segment stands for a trailing slash.
    pub fn segments(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.path.strip_prefix('/').unwrap_or(self.path).split('/')
    }
    /// A header's value when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
    /// Whether the method reads (`GET` or `HEAD`).
    pub fn is_read(&self) -> bool {
        matches!(*self.method, Method::GET | Method::HEAD)
    }
}

/// A path or method outside the engine's grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    /// No such endpoint: answered 404 in the engine's own form.
    #[error("the requested endpoint was not found")]
    Unknown,
    /// The endpoint exists, but not for this method: answered 405.
    #[error("the method is not allowed here")]
    Method,
    /// A name, version or file name breaks its ecosystem's rules: answered 400 with this text.
    #[error("{0}")]
    Malformed(String),
}

/// Decodes one path segment's percent-encoding, once.
///
/// # Errors
/// [`BadPath::Malformed`] for text that is not UTF-8 or contains NUL or other control characters.
pub fn decode_segment(segment: &str) -> Result<Cow<'_, str>, BadPath> {
    if segment.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'%') {
        return Ok(Cow::Borrowed(segment));
    }
    let text = String::from_utf8(percent_decoded(segment.as_bytes()))
        .map_err(|_| BadPath::Malformed("the path is not valid UTF-8".to_owned()))?;
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain && text.chars().any(char::is_control) {
        return Err(BadPath::Malformed("the path contains a control character".to_owned()));
    }
    Ok(Cow::Owned(text))
}

/// What may stand in a segment as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Encodes a text as one path segment, whatever it contains: [`decode_segment`] gives it back.
pub fn encoded_segment(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, PLAIN).into()
}

/// The bytes that a text stands for; a `%` without two hex digits stands for itself.
fn percent_decoded(mut rest: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.split_first_chunk().filter(|_| byte == b'%');
        let escaped = pair.and_then(|([high, low], after)| Some((digit(*high)? << 4 | digit(*low)?, after)));
        let (byte, after) = escaped.unwrap_or((byte, after));
        decoded.push(byte);
        rest = after;
    }
    decoded
}

/// The value of a hex digit.
fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
