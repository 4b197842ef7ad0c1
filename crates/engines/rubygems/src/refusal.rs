//! Errors as `gem` and `bundle` show them: of a refused file both print the reason phrase and nothing else; of a
//! push, `gem` prints the body.

use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Plain};

/// A refusal by the house's access rules.
pub(crate) fn denied(denial: &Denial) -> Plain {
    let status = denial.reason.status();
    let mut plain = text(status, &denial.message);
    if status == StatusCode::UNAUTHORIZED {
        plain = plain.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"keygen\""));
    }
    if let Some(seconds) = denial.reason.retry_after() {
        plain = plain.with(RETRY_AFTER, HeaderValue::from(seconds));
    }
    plain
}

/// Something that is not here.
pub(crate) fn not_found(message: &str) -> Plain {
    text(StatusCode::NOT_FOUND, message)
}

/// A text in a form that there is not (`distribution.md` §4.2).
pub(crate) fn not_acceptable() -> Plain {
    text(StatusCode::BAD_REQUEST, "the compact index is text/plain: send an Accept header that allows it")
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => not_found(&bad.to_string()),
        BadPath::Method => text(StatusCode::METHOD_NOT_ALLOWED, "this path of the gem registry is read only")
            .with(ALLOW, HeaderValue::from_static("GET, HEAD")),
        BadPath::Malformed(message) => text(StatusCode::BAD_REQUEST, message),
    }
}

pub(crate) fn text(status: StatusCode, message: &str) -> Plain {
    Plain::status(status)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("text/plain; charset=utf-8", format!("{message}\n"))
        .reason(message)
}

#[cfg(test)]
mod tests {
    use keyway_engine::Reason;

    use super::*;

    #[test]
    fn each_reason_has_its_status_and_its_text_twice() {
        for (reason, status) in [
            (Reason::CredentialMissing, 401),
            (Reason::CredentialInvalid, 401),
            (Reason::TooManyFailures, 429),
            (Reason::Suspended, 403),
            (Reason::Expired, 403),
            (Reason::NotEntitled, 403),
            (Reason::Yanked, 403),
            (Reason::Unavailable, 503),
        ] {
            let plain = denied(&Denial { reason, message: "Renew at acme.example".to_owned() });
            assert_eq!(plain.status.as_u16(), status, "{reason:?}");
            assert_eq!(plain.reason.as_deref(), Some("Renew at acme.example"), "{reason:?}");
            assert_eq!(plain.body, "Renew at acme.example\n", "{reason:?}");
            let has = |name| plain.headers.iter().any(|(key, _)| *key == name);
            assert_eq!(has(WWW_AUTHENTICATE), status == 401, "{reason:?}");
            assert_eq!(has(RETRY_AFTER), matches!(status, 429 | 503), "{reason:?}");
        }
    }
}
