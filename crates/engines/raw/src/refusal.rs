//! Errors in the form of the JSON:API (`distribution.md` §4.1).

use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Plain, Reason};
use serde_json::json;

/// A refusal by the house's access rules.
pub(crate) fn denied(denial: &Denial) -> Plain {
    let status = match denial.reason {
        Reason::Yanked => StatusCode::NOT_FOUND,
        reason => reason.status(),
    };
    error(status, denial.reason.code(), &denial.message).for_denial(denial)
}

/// Something that is not here: `what` with its name.
pub(crate) fn not_found(what: &str, name: &str) -> Plain {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", &format!("The requested {what} '{name}' was not found"))
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => {
            let detail = "The requested endpoint was not found \
                 (files are at /{product}[/@{package}]/{release}/{file})";
            error(StatusCode::NOT_FOUND, "NOT_FOUND", detail)
        }
        BadPath::Method => {
            let detail = "Files are read here only: upload through the API";
            error(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", detail)
                .with(ALLOW, HeaderValue::from_static("GET, HEAD"))
        }
        BadPath::Malformed(detail) => error(StatusCode::BAD_REQUEST, "MALFORMED", detail),
    }
}

fn error(status: StatusCode, code: &str, detail: &str) -> Plain {
    let body = json!({ "errors": [{ "title": title(status), "detail": detail, "code": code }] });
    Plain::status(status)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/vnd.api+json; charset=utf-8", body.to_string())
}

fn title(status: StatusCode) -> &'static str {
    match status.as_u16() {
        400 => "Bad request",
        401 => "Unauthorized",
        403 => "Access denied",
        404 => "Not found",
        405 => "Method not allowed",
        429 => "Too many requests",
        _ => "Service unavailable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

    #[test]
    fn each_reason_has_its_status_and_title() {
        for (reason, status, title) in [
            (Reason::CredentialMissing, 401, "Unauthorized"),
            (Reason::CredentialInvalid, 401, "Unauthorized"),
            (Reason::TooManyFailures, 429, "Too many requests"),
            (Reason::Banned, 403, "Access denied"),
            (Reason::Suspended, 403, "Access denied"),
            (Reason::Expired, 403, "Access denied"),
            (Reason::MethodNotAllowed, 403, "Access denied"),
            (Reason::PermissionMissing, 403, "Access denied"),
            (Reason::NotEntitled, 403, "Access denied"),
            (Reason::OutsideWindow, 403, "Access denied"),
            (Reason::NotLicensed, 403, "Access denied"),
            (Reason::Yanked, 404, "Not found"),
            (Reason::Unavailable, 503, "Service unavailable"),
        ] {
            let plain = denied(&Denial { reason, message: "No.".to_owned() });
            assert_eq!(plain.status.as_u16(), status, "{reason:?}");
            let body: serde_json::Value = serde_json::from_slice(&plain.body).unwrap();
            assert_eq!(
                body,
                json!({ "errors": [{ "title": title, "detail": "No.", "code": reason.code() }] })
            );
            let has = |name| plain.headers.iter().any(|(key, _)| *key == name);
            assert_eq!(has(WWW_AUTHENTICATE), status == 401, "{reason:?}");
            assert_eq!(has(RETRY_AFTER), matches!(status, 429 | 503), "{reason:?}");
        }
    }
}
