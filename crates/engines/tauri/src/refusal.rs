//! Errors. The updater shows none of their texts: they are for who looks with other tools, and in logs.

use http::header::{ALLOW, CACHE_CONTROL};
use http::{HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Plain, Reason, Told};
use serde_json::json;

/// A refusal by the house's access rules.
pub(crate) fn denied(denial: &Denial) -> Plain {
    let status = match denial.reason {
        Reason::Yanked => StatusCode::NOT_FOUND,
        reason => reason.status(),
    };
    let (name, value) = Told::refused(denial).header();
    Plain::said(status, &denial.message).with(name, value).for_denial(denial)
}

/// Something that is not here: `what` with its name.
pub(crate) fn not_found(what: &str, name: &str) -> Plain {
    Plain::said(StatusCode::NOT_FOUND, &format!("The requested {what} '{name}' was not found"))
}

/// A parameter that is not there, as upstream says it (`distribution.md` §4.1).
pub(crate) fn missing(parameter: &str) -> Plain {
    let error =
        json!({ "title": "Bad request", "detail": "is missing", "source": { "parameter": parameter } });
    Plain::status(StatusCode::BAD_REQUEST)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/vnd.api+json; charset=utf-8", json!({ "errors": [error] }).to_string())
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => Plain::said(
            StatusCode::NOT_FOUND,
            "The requested endpoint was not found (updates are at /{package}?platform=…&arch=…&version=…, \
             /{package}/{target}/{arch}/{version} and /{package}/latest.json)",
        ),
        BadPath::Method => {
            Plain::said(StatusCode::METHOD_NOT_ALLOWED, "Updates are read here only: upload through the API")
                .with(ALLOW, HeaderValue::from_static("GET, HEAD"))
        }
        BadPath::Malformed(detail) => Plain::said(StatusCode::BAD_REQUEST, detail),
    }
}
