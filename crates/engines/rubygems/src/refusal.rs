//! Errors as `gem` and `bundle` show them: of a refused file both print the reason phrase and nothing else; of a
//! push, `gem` prints the body.

use http::header::ALLOW;
use http::{HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Plain};

/// A refusal by the house's access rules.
pub(crate) fn denied(denial: &Denial) -> Plain {
    Plain::said(denial.reason.status(), &denial.message).for_denial(denial)
}

/// Something that is not here.
pub(crate) fn not_found(message: &str) -> Plain {
    Plain::said(StatusCode::NOT_FOUND, message)
}

/// A text in a form that there is not (`distribution.md` §4.2).
pub(crate) fn not_acceptable() -> Plain {
    Plain::said(
        StatusCode::BAD_REQUEST,
        "the compact index is text/plain: send an Accept header that allows it",
    )
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => not_found(&bad.to_string()),
        BadPath::Method => {
            Plain::said(StatusCode::METHOD_NOT_ALLOWED, "this path of the gem registry is read only")
                .with(ALLOW, HeaderValue::from_static("GET, HEAD"))
        }
        BadPath::Malformed(message) => Plain::said(StatusCode::BAD_REQUEST, message),
    }
}

#[cfg(test)]
mod tests {
    use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
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
