//! Bodies of uploads: what is taken from whom, and mounts.

use http::Method;
use keyway_base::{ContentAlgorithm, ContentDigest};
use keyway_engine::{Act, Actions, ContentEdit, Engine, MountFrom, Need, Piece, Takes};
use keyway_engine_oci::OciEngine;

use crate::{act, context, error, in_account, named, op, takes};

const ID: &str = "01936a5e-9f5b-7c3e-8d2a-3b4c5d6e7f80";

fn piece(method: &Method, target: &str, pairs: &[(&'static str, &str)]) -> Piece {
    match takes(method, target, pairs).unwrap() {
        Takes::Piece(piece) => piece,
        other => panic!("{other:?}"),
    }
}

fn upload(query: &str) -> String {
    format!("/v2/team/app/blobs/uploads/{ID}{query}")
}

#[test]
fn pieces_say_where_they_belong() {
    let (blob, post) = (named("layer"), "/v2/team/app/blobs/uploads/");
    let expected = |begun: bool, span, completes: Option<ContentDigest>| Piece {
        package: "team/app".to_owned(),
        upload: begun.then(|| ID.parse().unwrap()),
        algorithm: ContentAlgorithm::Sha256,
        span,
        completes,
    };
    assert_eq!(piece(&Method::POST, post, &[]), expected(false, None, None));
    let whole = format!("{post}?digest={blob}");
    assert_eq!(piece(&Method::POST, &whole, &[]), expected(false, None, Some(blob)));
    // docker and skopeo send one stream without saying what it is
    assert_eq!(piece(&Method::PATCH, &upload(""), &[]), expected(true, None, None));
    let range = [("content-range", "5-9"), ("content-length", "5")];
    assert_eq!(piece(&Method::PATCH, &upload(""), &range), expected(true, Some((5, 9)), None));
    let last = upload(&format!("?digest={blob}"));
    assert_eq!(piece(&Method::PUT, &last, &range), expected(true, Some((5, 9)), Some(blob)));
    assert_eq!(piece(&Method::PUT, &last, &[("content-length", "0")]), expected(true, None, Some(blob)));
    let long = ContentDigest::Sha512([9; 64]);
    let by_512 = piece(&Method::PUT, &upload(&format!("?digest={long}")), &[]);
    assert_eq!((by_512.algorithm, by_512.completes), (ContentAlgorithm::Sha512, Some(long)));
    let by_512 = piece(&Method::POST, &format!("{post}?digest-algorithm=sha512"), &[]);
    assert_eq!((by_512.algorithm, by_512.completes), (ContentAlgorithm::Sha512, None));
}

#[test]
fn ranges_that_make_no_sense_are_refused_before_a_byte_is_read() {
    for (range, length, status, code) in [
        ("0-1023", Some("1000"), 400, "SIZE_INVALID"),
        ("0-0", Some("0"), 400, "SIZE_INVALID"),
        ("9-5", None, 416, "BLOB_UPLOAD_INVALID"),
        ("bytes 0-9/10", None, 400, "BLOB_UPLOAD_INVALID"),
        ("0", None, 400, "BLOB_UPLOAD_INVALID"),
        ("-", None, 400, "BLOB_UPLOAD_INVALID"),
        ("-5", None, 400, "BLOB_UPLOAD_INVALID"),
        ("+1-5", None, 400, "BLOB_UPLOAD_INVALID"),
        ("0-1-2", None, 400, "BLOB_UPLOAD_INVALID"),
        ("0-99999999999999999999", None, 400, "BLOB_UPLOAD_INVALID"),
    ] {
        let pairs: Vec<_> =
            [("content-range", range)].into_iter().chain(length.map(|n| ("content-length", n))).collect();
        let plain = takes(&Method::PATCH, &upload(""), &pairs).unwrap_err();
        assert_eq!(error(&plain), (status, code.to_owned()), "{range}");
    }
    let all = piece(&Method::PATCH, &upload(""), &[("content-range", "0-18446744073709551615")]);
    assert_eq!(all.span, Some((0, u64::MAX)));
}

#[test]
fn a_mount_names_the_repository_as_this_account_has_it() {
    let blob = named("layer");
    let from = |context, from: &str| {
        let op = op(&Method::POST, &format!("/v2/app/blobs/uploads/?mount={blob}{from}"));
        assert_eq!(OciEngine.need(&op), Need::Publisher);
        match act(&op, &context, b"").unwrap() {
            Act::Content { package, edit: ContentEdit::Mount { digest, from, algorithm } } => {
                assert_eq!((package.as_str(), digest, algorithm), ("app", blob, ContentAlgorithm::Sha256));
                from
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(from(context(), ""), MountFrom::Any);
    assert_eq!(from(context(), "&from=team%2Fbase"), MountFrom::Named("team/base".to_owned()));
    let acme = || in_account(Some("acme"));
    assert_eq!(from(acme(), "&from=acme/team/base"), MountFrom::Named("team/base".to_owned()));
    // another account's repository is none here, and is not taken for one that is spelled like it
    assert_eq!(from(acme(), "&from=globex/base"), MountFrom::Nowhere);
    assert_eq!(from(acme(), "&from=acmebase"), MountFrom::Nowhere);
    assert!(matches!(
        takes(&Method::POST, &format!("/v2/app/blobs/uploads/?mount={blob}"), &[]),
        Ok(Takes::Document { .. })
    ));
}

#[test]
fn deletions_say_what_goes() {
    let digest = named("x");
    for (target, expected) in [
        ("/v2/app/manifests/1.0.0".to_owned(), ContentEdit::Untag { tag: "1.0.0".to_owned() }),
        (format!("/v2/app/manifests/{digest}"), ContentEdit::DeleteManifest { digest }),
        (format!("/v2/app/blobs/{digest}"), ContentEdit::DeleteBlob { digest }),
        (format!("/v2/app/blobs/uploads/{ID}"), ContentEdit::Cancel { upload: ID.parse().unwrap() }),
    ] {
        match act(&op(&Method::DELETE, &target), &context(), b"").unwrap() {
            Act::Content { package, edit } => {
                assert_eq!((package.as_str(), edit), ("app", expected), "{target}")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_change_needs_a_publisher_and_its_scope() {
    let blob = named("x");
    let pull = Actions { pull: true, ..Actions::default() };
    let push = Actions { pull: true, push: true, delete: false };
    let delete = Actions { delete: true, ..Actions::default() };
    for (method, below, actions) in [
        (Method::GET, "manifests/1".to_owned(), pull),
        (Method::HEAD, format!("blobs/{blob}"), pull),
        (Method::GET, format!("referrers/{blob}"), pull),
        (Method::GET, "tags/list".to_owned(), pull),
        (Method::PUT, "manifests/1".to_owned(), push),
        (Method::PUT, format!("manifests/{blob}?tag=latest"), push),
        (Method::POST, "blobs/uploads/".to_owned(), push),
        (Method::POST, format!("blobs/uploads/?mount={blob}"), push),
        (Method::PATCH, format!("blobs/uploads/{ID}"), push),
        (Method::PUT, format!("blobs/uploads/{ID}?digest={blob}"), push),
        (Method::GET, format!("blobs/uploads/{ID}"), push),
        (Method::DELETE, format!("blobs/uploads/{ID}"), push),
        (Method::DELETE, "manifests/1".to_owned(), delete),
        (Method::DELETE, format!("manifests/{blob}"), delete),
        (Method::DELETE, format!("blobs/{blob}"), delete),
    ] {
        let op = op(&method, &format!("/v2/team/app/{below}"));
        let scope = OciEngine.scope(&op).unwrap();
        assert_eq!((scope.repository.as_str(), scope.actions), ("team/app", actions), "{method} {below}");
        match OciEngine.need(&op) {
            Need::Package { key } => assert_eq!((key, actions), ("team/app", pull), "{method} {below}"),
            Need::Upload { package, .. } => {
                assert_eq!((package, method), ("team/app", Method::GET), "{below}")
            }
            need => assert!(need == Need::Publisher && actions != pull, "{method} {below}"),
        }
    }
    for target in ["/v2/", "/token", "/v2/_catalog", "/v2/A/tags/list"] {
        assert_eq!(OciEngine.scope(&op(&Method::GET, target)), None, "{target}");
    }
}
