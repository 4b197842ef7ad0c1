//! Errors as npm's clients show them: the JSON `error` text, the `npm-notice` header, and a challenge that is
//! not Basic, since npm hides our text behind its own for that one (`npm-pypi.md` §1.6).

use std::borrow::Cow;

use http::header::{ALLOW, CACHE_CONTROL, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Existing, Outcome, Plain, Reason};
use serde::Serialize;
use serde_json::{Value, json};

const NOTICE: HeaderName = HeaderName::from_static("npm-notice");

/// The text about other writes than these.
const NO_SUCH_WRITE: &str = "this registry takes npm publish, unpublish, deprecate and dist-tag; everything else is \
     done through the API";

/// A refusal by the house's access rules.
pub(crate) fn denied(denial: &Denial) -> Plain {
    let status = match denial.reason {
        // A withdrawn version is gone as far as npm is concerned.
        Reason::Yanked => StatusCode::NOT_FOUND,
        reason => reason.status(),
    };
    let mut plain = error(status, denial.reason.code(), &denial.message);
    plain = plain.with(NOTICE, header_text(&denial.message));
    if status == StatusCode::UNAUTHORIZED {
        plain = plain.with(WWW_AUTHENTICATE, challenge(&denial.message));
    }
    plain.for_denial(denial)
}

/// What became of something that was asked for; `None` where nothing is to be told.
pub(crate) fn told(outcome: &Outcome) -> Option<Plain> {
    let done = |body: Value| {
        Plain::status(StatusCode::OK)
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .body("application/json", body.to_string())
    };
    let refused = |status, code, message: &str| Some(error(status, code, message));
    match outcome {
        Outcome::LoggedIn { .. } | Outcome::Content(_) => None,
        Outcome::Published { package, version, .. } => {
            Some(done(json!({ "ok": true, "success": true, "id": package, "version": version })))
        }
        Outcome::Changed => Some(done(json!({ "ok": true }))),
        // The words that npm's own registry has for it: clients and their scripts look for them.
        Outcome::Exists { version, by: Existing::Same | Existing::Other, .. } => {
            let message = format!("You cannot publish over the previously published versions: {version}.");
            refused(StatusCode::FORBIDDEN, "EPUBLISHCONFLICT", &message)
        }
        Outcome::Exists { version, by: Existing::Gone, .. } => {
            let message = format!(
                "You cannot publish over the previously published versions: {version}. It was withdrawn, and its \
                 number is not used again."
            );
            refused(StatusCode::FORBIDDEN, "EPUBLISHCONFLICT", &message)
        }
        Outcome::Absent(message) => Some(not_found(message)),
        Outcome::Invalid(message) => refused(StatusCode::BAD_REQUEST, "BAD_REQUEST", message),
        Outcome::TooLarge { limit } => {
            let message = format!("what is sent may have at most {limit} bytes");
            refused(StatusCode::PAYLOAD_TOO_LARGE, "TOO_LARGE", &message)
        }
    }
}

/// Something that is not here.
pub(crate) fn not_found(message: &str) -> Plain {
    error(StatusCode::NOT_FOUND, "NOT_FOUND", message)
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => not_found(&format!("{bad} on this npm registry")),
        BadPath::Method => error(StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", NO_SUCH_WRITE)
            .with(ALLOW, HeaderValue::from_static("GET, HEAD, PUT, DELETE")),
        BadPath::Malformed(text) => error(StatusCode::BAD_REQUEST, "MALFORMED", text),
    }
}

/// An error body in npm's form.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Plain {
    Plain::status(status)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/json", serde_json::to_vec(&Body { error: message, code }).expect("texts are JSON"))
}

/// What npm reads of an error.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    code: &'a str,
}

/// `License realm="keygen", error_description="…"`, which npm prints.
fn challenge(message: &str) -> HeaderValue {
    let mut quoted = ascii(message);
    if quoted.contains(['\\', '"']) {
        quoted = quoted.replace('\\', "\\\\").replace('"', "\\\"").into();
    }
    header_text(&format!("License realm=\"keygen\", error_description=\"{quoted}\""))
}

fn header_text(message: &str) -> HeaderValue {
    HeaderValue::from_str(&ascii(message)).expect("printable ASCII is always a header value")
}

/// Header values are printable ASCII; other characters become `?`.
fn ascii(message: &str) -> Cow<'_, str> {
    if message.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return message.into();
    }
    message.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::header::RETRY_AFTER;

    fn header<'p>(plain: &'p Plain, name: &HeaderName) -> Option<&'p str> {
        plain.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_str().unwrap())
    }

    #[test]
    fn each_reason_has_its_status() {
        for (reason, status) in [
            (Reason::CredentialMissing, 401),
            (Reason::CredentialInvalid, 401),
            (Reason::TooManyFailures, 429),
            (Reason::Banned, 403),
            (Reason::Suspended, 403),
            (Reason::Expired, 403),
            (Reason::MethodNotAllowed, 403),
            (Reason::PermissionMissing, 403),
            (Reason::NotEntitled, 403),
            (Reason::OutsideWindow, 403),
            (Reason::NotLicensed, 403),
            (Reason::Yanked, 404),
            (Reason::Unavailable, 503),
        ] {
            let plain = denied(&Denial { reason, message: "Renew at acme.example.".to_owned() });
            assert_eq!(plain.status.as_u16(), status, "{reason:?}");
            let body: serde_json::Value = serde_json::from_slice(&plain.body).unwrap();
            assert_eq!(
                body,
                json!({ "error": "Renew at acme.example.", "code": reason.code() }),
                "{reason:?}"
            );
            assert_eq!(header(&plain, &NOTICE), Some("Renew at acme.example."));
            assert_eq!(header(&plain, &WWW_AUTHENTICATE).is_some(), status == 401, "{reason:?}");
            assert_eq!(header(&plain, &RETRY_AFTER).is_some(), matches!(status, 429 | 503), "{reason:?}");
        }
    }

    #[test]
    fn the_challenge_is_our_own_scheme_with_the_text() {
        let message = "The key \"A\\B\" — unknown".to_owned();
        let plain = denied(&Denial { reason: Reason::CredentialInvalid, message });
        assert_eq!(
            header(&plain, &WWW_AUTHENTICATE),
            Some(r#"License realm="keygen", error_description="The key \"A\\B\" ? unknown""#)
        );
    }

    #[test]
    fn other_writes_are_told_which_there_are() {
        let plain = bad_path(&BadPath::Method);
        assert_eq!(plain.status, StatusCode::METHOD_NOT_ALLOWED);
        assert!(String::from_utf8_lossy(&plain.body).contains("npm publish, unpublish"));
    }
}
