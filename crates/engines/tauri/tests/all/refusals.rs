//! Those who get nothing.

use http::{HeaderMap, Method};
use keyway_engine::testing::{SITE, Shelf, Standing, denial};
use keyway_engine::{Access, BadPath, Engine as _, Head, Reason};
use keyway_engine_tauri::TauriEngine;
use serde_json::{Value, json};

use crate::shop::{linux, plain, shelf};

#[test]
fn a_refusal_as_a_whole_goes_before_everything() {
    let shelf = Shelf::new("acme", vec![(linux("1.0.0"), Standing::Hidden)])
        .denied(Reason::Suspended, "The licence is suspended.");
    for address in ["/acme/linux/x86_64/1.0.0", "/acme", "/acme/latest.json", "/acme/1.0.0/Acme.AppImage"] {
        let answer = plain(address, &Access::Package(shelf.view()));
        assert_eq!(answer.status, 403, "{address}");
        assert_eq!(answer.body, "The licence is suspended.\n", "{address}");
        let said = answer.headers.iter().find(|(name, _)| name == "x-update-decision").unwrap();
        assert_eq!(said.1, "none; reason=suspended; detail=\"The licence is suspended.\"", "{address}");
    }
}

#[test]
fn each_reason_has_its_status() {
    let head =
        Head { method: &Method::GET, path: "/acme/latest.json", query: "", headers: &HeaderMap::new() };
    let op = TauriEngine.parse(&head).unwrap();
    for (reason, status) in [
        (Reason::CredentialMissing, 401),
        (Reason::CredentialInvalid, 401),
        (Reason::TooManyFailures, 429),
        (Reason::Expired, 403),
        (Reason::NotLicensed, 403),
        (Reason::Yanked, 404),
        (Reason::Unavailable, 503),
    ] {
        let answer = TauriEngine.refuse(&op, SITE, &denial(reason, "No."));
        assert_eq!(answer.status.as_u16(), status, "{reason:?}");
        let has = |wanted: &str| answer.headers.iter().any(|(name, _)| name == wanted);
        assert_eq!(has("www-authenticate"), status == 401, "{reason:?}");
        assert_eq!(has("retry-after"), matches!(status, 429 | 503), "{reason:?}");
    }
}

#[test]
fn what_is_missing_is_said_as_upstream_says_it() {
    let shelf = shelf(vec![linux("1.1.0")]);
    for (query, parameter) in [
        ("arch=x86_64&version=1.0.0", "platform"),
        ("platform=linux&version=1.0.0", "arch"),
        ("target=linux&arch=x86_64", "version"),
    ] {
        let answer = plain(&format!("/acme?{query}"), &Access::Package(shelf.view()));
        assert_eq!(answer.status, 400, "{query}");
        let error =
            json!({ "title": "Bad request", "detail": "is missing", "source": { "parameter": parameter } });
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(body, json!({ "errors": [error] }), "{query}");
    }
}

#[test]
fn what_is_not_here_is_not_found() {
    assert_eq!(plain("/none/linux/x86_64/1.0.0", &Access::Absent).status, 404);
    for (error, status) in [
        (BadPath::Unknown, 404),
        (BadPath::Method, 405),
        (BadPath::Malformed("the path is not valid UTF-8".to_owned()), 400),
    ] {
        assert_eq!(TauriEngine.bad_path(&error).status.as_u16(), status, "{error}");
    }
}
