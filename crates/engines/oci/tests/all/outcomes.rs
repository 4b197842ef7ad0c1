//! What clients are told about what became of their pushes, mounts and deletions.

use http::Method;
use keyway_base::{RecordId, Secret, Timestamp};
use keyway_engine::{ContentOutcome, Engine, Minted, Outcome};
use keyway_engine_oci::OciEngine;

use crate::{context, error, in_account, json_of, named, op, plain, render, value};

const ID: &str = "01936a5e-9f5b-7c3e-8d2a-3b4c5d6e7f80";

fn id() -> RecordId {
    ID.parse().unwrap()
}

#[test]
fn an_upload_says_where_and_how_far_it_is() {
    let session = format!("/v2/app/blobs/uploads/{ID}");
    for (method, target, size, status, range) in [
        (Method::POST, "/v2/app/blobs/uploads/".to_owned(), 0, 202, "0-0"),
        (Method::POST, format!("/v2/app/blobs/uploads/?mount={}", named("x")), 0, 202, "0-0"),
        (Method::PATCH, session.clone(), 1024, 202, "0-1023"),
        (Method::GET, session.clone(), 1024, 204, "0-1023"),
    ] {
        let plain = render(&method, &target, &context(), ContentOutcome::Upload { id: id(), size });
        assert_eq!(plain.status.as_u16(), status, "{method} {target}");
        assert_eq!(value(&plain, "location").as_deref(), Some(session.as_str()));
        assert_eq!(value(&plain, "range").as_deref(), Some(range), "{method} {target}");
        assert_eq!(value(&plain, "docker-upload-uuid").as_deref(), Some(ID));
        assert_eq!(value(&plain, "docker-distribution-api-version").as_deref(), Some("registry/2.0"));
        assert!(plain.body.is_empty());
    }
}

#[test]
fn what_is_kept_has_an_address() {
    let (blob, subject) = (named("x"), named("y"));
    for target in
        [format!("/v2/app/blobs/uploads/?digest={blob}"), format!("/v2/app/blobs/uploads/?mount={blob}")]
    {
        let plain = render(&Method::POST, &target, &context(), ContentOutcome::Blob { digest: blob });
        assert_eq!(plain.status, 201);
        assert_eq!(value(&plain, "location"), Some(format!("/v2/app/blobs/{blob}")));
        assert_eq!(value(&plain, "docker-content-digest"), Some(blob.to_string()));
    }
    let put = |target: &str, subject| {
        let outcome = ContentOutcome::Manifest { digest: blob, subject };
        render(&Method::PUT, target, &in_account(Some("acme")), outcome)
    };
    let plain = put("/v2/app/manifests/1.0.0", None);
    assert_eq!(plain.status, 201);
    assert_eq!(value(&plain, "location"), Some(format!("/v2/acme/app/manifests/{blob}")));
    assert_eq!(value(&plain, "docker-content-digest"), Some(blob.to_string()));
    assert_eq!((value(&plain, "oci-subject"), value(&plain, "oci-tag")), (None, None));
    let plain = put(&format!("/v2/app/manifests/{blob}?tag=a&tag=b"), Some(subject));
    assert_eq!(value(&plain, "oci-subject"), Some(subject.to_string()));
    let tags: Vec<_> =
        plain.headers.iter().filter(|(name, _)| name == "oci-tag").map(|(_, tag)| tag).collect();
    assert_eq!(tags, ["a", "b"]);
}

#[test]
fn what_is_gone_is_said_shortly() {
    for (target, status) in [
        ("/v2/app/manifests/1.0.0".to_owned(), 202),
        (format!("/v2/app/manifests/{}", named("x")), 202),
        (format!("/v2/app/blobs/{}", named("x")), 202),
        (format!("/v2/app/blobs/uploads/{ID}"), 204),
    ] {
        let plain = render(&Method::DELETE, &target, &context(), ContentOutcome::Deleted);
        assert_eq!((plain.status.as_u16(), plain.body.len()), (status, 0), "{target}");
    }
}

#[test]
fn every_failure_has_its_status_and_code() {
    let released =
        |gone| ContentOutcome::TagReleased { tag: "v1.0.0".to_owned(), version: "1.0.0".to_owned(), gone };
    for (outcome, status, code) in [
        (ContentOutcome::UploadUnknown, 404, "BLOB_UPLOAD_UNKNOWN"),
        (ContentOutcome::OutOfOrder { id: id(), size: 10 }, 416, "BLOB_UPLOAD_INVALID"),
        (ContentOutcome::Busy { id: id() }, 409, "BLOB_UPLOAD_INVALID"),
        (ContentOutcome::WrongSize, 400, "SIZE_INVALID"),
        (ContentOutcome::WrongDigest { found: named("x") }, 400, "DIGEST_INVALID"),
        (ContentOutcome::BlobUnknown, 404, "BLOB_UNKNOWN"),
        (ContentOutcome::ManifestUnknown, 404, "MANIFEST_UNKNOWN"),
        (ContentOutcome::BlobsMissing(vec![named("x")]), 400, "MANIFEST_BLOB_UNKNOWN"),
        (ContentOutcome::BlobsMissing(vec![named("x"), named("y")]), 400, "MANIFEST_BLOB_UNKNOWN"),
        (ContentOutcome::ManifestsMissing(vec![named("x")]), 400, "MANIFEST_BLOB_UNKNOWN"),
        (ContentOutcome::BlobInUse, 405, "UNSUPPORTED"),
        (ContentOutcome::ManifestInUse, 405, "UNSUPPORTED"),
        (released(false), 409, "TAG_INVALID"),
        (released(true), 409, "TAG_INVALID"),
    ] {
        let said = format!("{outcome:?}");
        let plain = render(&Method::PUT, "/v2/app/manifests/v1.0.0", &context(), outcome);
        assert_eq!(error(&plain), (status, code.to_owned()), "{said}");
    }
}

#[test]
fn what_nobody_asked_for_is_no_success() {
    let token = Outcome::Content(ContentOutcome::Token(Box::new(Minted {
        token: Secret::new("kwr_x".to_owned()),
        refresh: None,
        scopes: Vec::new(),
        issued: Timestamp::from_micros(0),
        expires_in: 600,
    })));
    let manifest = op(&Method::PUT, "/v2/app/manifests/1");
    let answer = plain(OciEngine.render(&manifest, &context(), &Outcome::Changed));
    assert_eq!(error(&answer), (500, "UNKNOWN".to_owned()));
    // what only the token service gives is not handed out elsewhere
    let answer = plain(OciEngine.render(&manifest, &context(), &token));
    assert_eq!(error(&answer), (500, "UNKNOWN".to_owned()));
}

#[test]
fn failures_say_what_to_do_next() {
    let session = format!("/v2/app/blobs/uploads/{ID}");
    let ahead = ContentOutcome::OutOfOrder { id: id(), size: 10 };
    let plain = render(&Method::PATCH, &session, &context(), ahead);
    assert_eq!(value(&plain, "location"), Some(session));
    assert_eq!(value(&plain, "range").as_deref(), Some("0-9"));
    let missing = ContentOutcome::BlobsMissing(vec![named("x"), named("y")]);
    let plain = render(&Method::PUT, "/v2/app/manifests/1", &context(), missing);
    let digests = json_of(&plain.body)["errors"][0]["detail"]["digests"].clone();
    assert_eq!(digests, serde_json::json!([named("x").to_string(), named("y").to_string()]));
    let outcome =
        ContentOutcome::TagReleased { tag: "v1".to_owned(), version: "1.0.0".to_owned(), gone: false };
    let plain = render(&Method::PUT, "/v2/app/manifests/v1", &in_account(Some("acme")), outcome);
    let message = json_of(&plain.body)["errors"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with("acme/app:v1 is version 1.0.0, which is released"), "{message}");
}

#[test]
fn bodies_that_break_a_limit_are_told_in_json() {
    let manifest = op(&Method::PUT, "/v2/app/manifests/1");
    let upload = op(&Method::PATCH, &format!("/v2/app/blobs/uploads/{ID}"));
    let told = |op, outcome: Outcome| error(&plain(OciEngine.render(op, &context(), &outcome)));
    assert_eq!(told(&manifest, Outcome::TooLarge { limit: 4 }), (413, "MANIFEST_INVALID".to_owned()));
    assert_eq!(told(&upload, Outcome::TooLarge { limit: 4 }), (413, "BLOB_UPLOAD_INVALID".to_owned()));
    let bad = || Outcome::Invalid("it is bad".to_owned());
    assert_eq!(told(&manifest, bad()), (400, "MANIFEST_INVALID".to_owned()));
    assert_eq!(told(&upload, bad()), (400, "BLOB_UPLOAD_INVALID".to_owned()));
    let absent = Outcome::Absent("there is no product for it".to_owned());
    assert_eq!(told(&manifest, absent), (404, "NAME_UNKNOWN".to_owned()));
}
