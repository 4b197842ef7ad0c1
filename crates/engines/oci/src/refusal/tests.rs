//! Refusals, by reason and by what was asked.

use http::header::{HeaderName, RETRY_AFTER};
use http::{HeaderMap, Method};
use keyway_engine::testing::denial;
use keyway_engine::{Engine, Head};

use super::*;
use crate::OciEngine;

const SITE: Site<'static> = Site { origin: "https://oci.pkg.example.com", account: None };
const BLOB: &str = "sha256:0a0b0c0d0e0f00010203040506070809101112131415161718191a1b1c1d1e1f";

fn refuse(method: Method, path: &str, site: Site<'static>, reason: Reason, message: &str) -> Plain {
    let op = OciEngine.parse(&Head { method: &method, path, query: "", headers: &HeaderMap::new() }).unwrap();
    OciEngine.refuse(&op, site, &denial(reason, message))
}

fn value<'p>(plain: &'p Plain, name: &HeaderName) -> Option<&'p str> {
    plain.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.to_str().unwrap())
}

fn code(plain: &Plain) -> String {
    let body: Value = serde_json::from_slice(&plain.body).unwrap();
    body["errors"][0]["code"].as_str().unwrap().to_owned()
}

#[test]
fn who_sends_nothing_is_asked() {
    let missing = |method, path: &str, site| refuse(method, path, site, Reason::CredentialMissing, "Log in.");
    let challenge = |plain: &Plain| value(plain, &WWW_AUTHENTICATE).unwrap().to_owned();
    let realm = "Bearer realm=\"https://oci.pkg.example.com/token\",service=\"oci.pkg.example.com\"";
    assert_eq!(challenge(&missing(Method::GET, "/v2/", SITE)), realm);
    for (method, below, scope) in [
        (Method::GET, "manifests/1.0.0".to_owned(), "pull"),
        (Method::HEAD, format!("blobs/{BLOB}"), "pull"),
        (Method::GET, "tags/list".to_owned(), "pull"),
        (Method::GET, format!("referrers/{BLOB}"), "pull"),
        (Method::PUT, "manifests/1.0.0".to_owned(), "pull,push"),
        (Method::POST, "blobs/uploads/".to_owned(), "pull,push"),
        (Method::DELETE, "manifests/1.0.0".to_owned(), "delete"),
        (Method::DELETE, format!("blobs/{BLOB}"), "delete"),
    ] {
        let path = format!("/v2/team/app/{below}");
        let plain = missing(method.clone(), &path, SITE);
        assert_eq!(plain.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        assert_eq!(
            challenge(&plain),
            format!("{realm},scope=\"repository:team/app:{scope}\""),
            "{method} {path}"
        );
        assert_eq!(code(&plain), "UNAUTHORIZED");
    }
    let site = Site { account: Some("acme"), ..SITE };
    let plain = missing(Method::GET, "/v2/app/tags/list", site);
    assert_eq!(challenge(&plain), format!("{realm},scope=\"repository:acme/app:pull\""));
}

/// A mount reads from another repository: one token has to be good for both (`spec/oci.md` §1.2).
#[test]
fn a_mount_is_asked_for_both_scopes() {
    let challenge = |query: String| {
        let head = Head {
            method: &Method::POST,
            path: "/v2/app/blobs/uploads/",
            query: &query,
            headers: &HeaderMap::new(),
        };
        let op = OciEngine.parse(&head).unwrap();
        let plain = OciEngine.refuse(&op, SITE, &denial(Reason::CredentialMissing, "Log in."));
        value(&plain, &WWW_AUTHENTICATE).unwrap().to_owned()
    };
    let both = challenge(format!("mount={BLOB}&from=team/base"));
    assert!(both.ends_with(",scope=\"repository:app:pull,push repository:team/base:pull\""), "{both}");
    for from in ["", "&from=A", "&from=a%20repository:b:pull,push", "&from=a%22"] {
        let one = challenge(format!("mount={BLOB}{from}"));
        assert!(one.ends_with(",scope=\"repository:app:pull,push\""), "{one}");
    }
}

#[test]
fn who_is_refused_reads_why_in_the_challenge() {
    for reason in [
        Reason::CredentialInvalid,
        Reason::Banned,
        Reason::Suspended,
        Reason::Expired,
        Reason::MethodNotAllowed,
        Reason::PermissionMissing,
        Reason::NotEntitled,
        Reason::OutsideWindow,
        Reason::NotLicensed,
        Reason::Yanked,
    ] {
        for path in ["/v2/app/manifests/1", &format!("/v2/app/blobs/{BLOB}"), "/v2/app/tags/list"] {
            let plain = refuse(Method::GET, path, SITE, reason, "Renew \"Pro\" at acme\\example — now.");
            assert_eq!(plain.status, StatusCode::UNAUTHORIZED, "{reason:?} {path}");
            let challenge = value(&plain, &WWW_AUTHENTICATE).unwrap();
            let error = ",error=\"Renew 'Pro' at acme/example ? now.\"";
            assert!(challenge.ends_with(error), "{challenge}");
            let body: Value = serde_json::from_slice(&plain.body).unwrap();
            assert_eq!(body["errors"][0]["message"], "Renew \"Pro\" at acme\\example — now.");
            assert_eq!(value(&plain, &API_VERSION), Some("registry/2.0"));
        }
    }
}

#[test]
fn who_may_not_push_is_denied() {
    for (method, path) in [
        (Method::PUT, "/v2/app/manifests/1".to_owned()),
        (Method::POST, "/v2/app/blobs/uploads/".to_owned()),
        (Method::DELETE, format!("/v2/app/blobs/{BLOB}")),
    ] {
        let plain = refuse(method.clone(), &path, SITE, Reason::PermissionMissing, "Licences only pull.");
        assert_eq!(
            (plain.status, code(&plain)),
            (StatusCode::FORBIDDEN, "DENIED".to_owned()),
            "{method} {path}"
        );
        assert_eq!(value(&plain, &WWW_AUTHENTICATE), None);
        let wrong = refuse(method, &path, SITE, Reason::CredentialInvalid, "Unknown token.");
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED, "{path}");
    }
}

#[test]
fn nobody_is_told_to_wait_in_the_middle_of_a_pull() {
    for (method, path, status) in [
        (Method::GET, "/token".to_owned(), 429),
        (Method::POST, "/token".to_owned(), 429),
        (Method::GET, "/v2/app/manifests/1".to_owned(), 429),
        (Method::GET, format!("/v2/app/blobs/{BLOB}"), 401),
        (Method::POST, "/v2/app/blobs/uploads/".to_owned(), 401),
        (Method::GET, "/v2/".to_owned(), 401),
    ] {
        let plain = refuse(method.clone(), &path, SITE, Reason::TooManyFailures, "Wait 30 seconds.");
        assert_eq!(plain.status.as_u16(), status, "{method} {path}");
        assert_eq!(value(&plain, &RETRY_AFTER).is_some(), status == 429, "{method} {path}");
        assert_eq!(code(&plain), if status == 429 { "TOOMANYREQUESTS" } else { "UNAUTHORIZED" });
    }
}

#[test]
fn whoever_cannot_be_answered_now_comes_again() {
    for path in ["/token", "/v2/", "/v2/app/manifests/1", &format!("/v2/app/blobs/{BLOB}")] {
        let plain = refuse(Method::GET, path, SITE, Reason::Unavailable, "Try again.");
        assert_eq!((plain.status.as_u16(), code(&plain)), (503, "UNAVAILABLE".to_owned()), "{path}");
        assert_eq!(value(&plain, &RETRY_AFTER), Some("2"));
    }
}

#[test]
fn no_token_is_refused_with_401_for_podman_shows_no_other() {
    for reason in [Reason::CredentialInvalid, Reason::Banned, Reason::CredentialMissing] {
        let plain = refuse(Method::GET, "/token", SITE, reason, "Unknown licence key.");
        assert_eq!((plain.status.as_u16(), code(&plain)), (401, "UNAUTHORIZED".to_owned()), "{reason:?}");
        assert!(value(&plain, &WWW_AUTHENTICATE).unwrap().starts_with("Basic "), "{reason:?}");
    }
}

#[test]
fn a_word_of_warning_goes_with_manifests() {
    let warning = |path: &str| {
        let head = Head { method: &Method::GET, path, query: "", headers: &HeaderMap::new() };
        OciEngine.warning(&OciEngine.parse(&head).unwrap(), "the licence \"A\" expires")
    };
    let (name, value) = warning("/v2/app/manifests/1").unwrap();
    assert_eq!((name.as_str(), value.to_str().unwrap()), ("warning", "299 - \"the licence 'A' expires\""));
    for path in ["/v2/", "/token", "/v2/app/tags/list", &format!("/v2/app/blobs/{BLOB}")] {
        assert_eq!(warning(path), None, "{path}");
    }
}

#[test]
fn a_path_outside_the_grammar_is_told_in_json() {
    for (bad, status) in [
        (BadPath::Unknown, 404),
        (BadPath::Method, 405),
        (BadPath::Malformed("the path is not valid UTF-8".to_owned()), 400),
    ] {
        let plain = bad_path(&bad);
        assert_eq!(plain.status.as_u16(), status);
        assert!(!code(&plain).is_empty());
    }
}
