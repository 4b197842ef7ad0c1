//! Errors as Python's installers show them: the text is the body and, since pip, uv and poetry print nothing
//! else, the reason phrase too (`npm-pypi.md` §2.6).

use http::header::{ALLOW, CACHE_CONTROL, LOCATION};
use http::{HeaderValue, StatusCode};
use keyway_engine::{BadPath, Denial, Plain};

/// The text about other writes than uploads.
const NO_SUCH_WRITE: &str = "uploads go to /legacy/ on this index; everything else is done through the API";

/// A refusal by the house's access rules. Never 404: uv would go on to the next index and install a
/// stranger's package of the same name (§0.9).
pub(crate) fn denied(denial: &Denial) -> Plain {
    Plain::said(denial.reason.status(), &denial.message).for_denial(denial)
}

/// Something that is not here.
pub(crate) fn not_found(message: &str) -> Plain {
    Plain::said(StatusCode::NOT_FOUND, message)
}

/// A page in a form that there is not.
pub(crate) fn not_acceptable() -> Plain {
    Plain::said(
        StatusCode::NOT_ACCEPTABLE,
        "this index is application/vnd.pypi.simple.v1+json, .v1+html or text/html",
    )
}

/// A request outside the grammar.
pub(crate) fn bad_path(bad: &BadPath) -> Plain {
    match bad {
        BadPath::Unknown => not_found(&bad.to_string()),
        BadPath::Method => Plain::said(StatusCode::METHOD_NOT_ALLOWED, NO_SUCH_WRITE)
            .with(ALLOW, HeaderValue::from_static("GET, HEAD, POST")),
        BadPath::Malformed(message) => Plain::said(StatusCode::BAD_REQUEST, message),
    }
}

/// Sends the client to the public index for a name that is not ours; nobody may keep that answer. The target
/// is made of the operator's setting and a normal form, never of what was sent.
pub(crate) fn pass_on(upstream: &str, project: &str) -> Option<Plain> {
    let target = format!("{}/{project}/", upstream.trim_end_matches('/'));
    let location = HeaderValue::from_str(&target).ok()?;
    let see_other = Plain::status(StatusCode::SEE_OTHER).with(LOCATION, location);
    Some(see_other.with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
}

/// An answer in words.
#[cfg(test)]
mod tests {
    use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
    use keyway_engine::Reason;

    use super::*;

    #[test]
    fn no_reason_is_a_404_and_each_has_its_text_twice() {
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
            (Reason::Yanked, 403),
            (Reason::Unavailable, 503),
        ] {
            let plain = denied(&Denial { reason, message: "Renew at acme.example — soon".to_owned() });
            assert_eq!(plain.status.as_u16(), status, "{reason:?}");
            assert_eq!(plain.reason.as_deref(), Some("Renew at acme.example ? soon"), "{reason:?}");
            assert_eq!(plain.body, "Renew at acme.example — soon\n", "{reason:?}");
            let has = |name| plain.headers.iter().any(|(key, _)| *key == name);
            assert_eq!(has(WWW_AUTHENTICATE), status == 401, "{reason:?}");
            assert_eq!(has(RETRY_AFTER), matches!(status, 429 | 503), "{reason:?}");
        }
    }

    #[test]
    fn passing_on_goes_to_the_configured_place_only() {
        for upstream in ["https://index.example/simple", "https://index.example/simple/"] {
            let plain = pass_on(upstream, "requests").unwrap();
            assert_eq!(plain.status, StatusCode::SEE_OTHER);
            let header =
                |name| plain.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.clone());
            assert_eq!(header(LOCATION).unwrap(), "https://index.example/simple/requests/");
            assert_eq!(header(CACHE_CONTROL).unwrap(), "no-store");
        }
        assert_eq!(pass_on("https://index.example/\n", "requests"), None);
    }
}
