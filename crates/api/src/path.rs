//! Paths (`licensing.md` §1.1): split first, then decoded once.

use keyway_jsonapi::ApiError;
use percent_encoding::percent_decode_str;

/// A request path below `/v1` or `/-`, split from its account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place<'p> {
    /// The account segment, still encoded, when the path has one.
    pub(crate) account: Option<&'p str>,
    /// What follows, still encoded: empty for the account itself, else starting with `/`.
    pub(crate) rest: &'p str,
    /// Whether it is below `/-`.
    pub(crate) internal: bool,
}

impl<'p> Place<'p> {
    /// Splits a raw path; `None` when it is below neither `/v1` nor `/-`. One trailing slash does not count.
    pub(crate) fn of(path: &'p str) -> Option<Self> {
        let (below, internal) = match path.strip_prefix("/v1") {
            Some(below) => (below, false),
            None => (path.strip_prefix("/-")?, true),
        };
        let below = below.strip_suffix('/').unwrap_or(below);
        match below.strip_prefix("/accounts/") {
            Some(named) => {
                let end = named.find('/').unwrap_or(named.len());
                let (account, rest) = named.split_at(end);
                (!account.is_empty()).then_some(Self { account: Some(account), rest, internal })
            }
            None => below.starts_with('/').then_some(Self { account: None, rest: below, internal }),
        }
    }
}

/// Decodes a path segment, or several joined by slashes, once.
///
/// # Errors
/// 400 `URI_INVALID` for a percent sign without two hex digits, 400 `ENCODING_INVALID` for invalid UTF-8 and
/// control characters.
pub(crate) fn decode(segment: &str) -> Result<String, ApiError> {
    let bytes = segment.as_bytes();
    let is_escape =
        |at: usize| bytes.get(at + 1..at + 3).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && !is_escape(at)) {
        return Err(ApiError::uri_invalid());
    }
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| ApiError::encoding_invalid())?;
    if decoded.contains('\0') {
        return Err(ApiError::encoding_invalid());
    }
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_the_account_off() {
        for (path, account, rest) in [
            ("/-/analytics/usage", None, "/analytics/usage"),
            ("/-/accounts/acme/analytics/usage", Some("acme"), "/analytics/usage"),
            ("/v1/products", None, "/products"),
            ("/v1/products/", None, "/products"),
            ("/v1/accounts/acme", Some("acme"), ""),
            ("/v1/accounts/acme/licenses/a%2Fb", Some("acme"), "/licenses/a%2Fb"),
            ("/v1/accounts/acme/artifacts/a/b.exe", Some("acme"), "/artifacts/a/b.exe"),
        ] {
            let internal = path.starts_with("/-");
            assert_eq!(Place::of(path), Some(Place { account, rest, internal }), "{path}");
        }
        for path in ["/v1", "/-", "/-x", "/v2/products", "/v1products", "/v1/accounts//licenses", "products"]
        {
            assert_eq!(Place::of(path), None, "{path}");
        }
    }

    #[test]
    fn decodes_once() {
        assert_eq!(decode("a%2Fb%252F+c").unwrap(), "a/b%2F+c");
        assert_eq!(decode("%E2%82%AC").unwrap(), "€");
        for bad in ["%", "%2", "%zz", "a%"] {
            assert_eq!(decode(bad).unwrap_err().code(), Some("URI_INVALID"), "{bad}");
        }
        for bad in ["%00", "%ff", "%c0%af"] {
            assert_eq!(decode(bad).unwrap_err().code(), Some("ENCODING_INVALID"), "{bad}");
        }
    }
}
