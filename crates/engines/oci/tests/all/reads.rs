//! Manifests and blobs, by who asks.

use keyway_engine::{Access, Reply};

use crate::{error, get, hidden, named, plain, refused, shelf, value, whole};

/// The word that the manifest or blob of a reply was made from.
fn word(reply: Reply, shelf: &keyway_engine::testing::Shelf) -> String {
    let content = &shelf.package.content;
    let digest = match reply {
        Reply::Manifest(position) => content.manifests[position].digest,
        Reply::Blob(position) => content.blobs[position].digest,
        other => panic!("no content: {other:?}"),
    };
    let words = ["free image", "pro image", "draft image", "loose image", "free signature", "old signature"];
    let words = words.into_iter().chain(["shared layer", "pro layer", "loose layer", "pro signature"]);
    words.into_iter().find(|word| named(word) == digest).unwrap().to_owned()
}

fn manifest(reference: &str) -> String {
    format!("/v2/app/manifests/{reference}")
}

fn blob(word: &str) -> String {
    format!("/v2/app/blobs/{}", named(word))
}

#[test]
fn a_customer_gets_what_a_visible_release_reaches() {
    let shelf = shelf();
    for (target, expected) in [
        (manifest("1.0.0"), "free image"),
        (manifest("stable"), "free image"),
        (manifest(&named("free image").to_string()), "free image"),
        (manifest(&named("free signature").to_string()), "free signature"),
        (manifest(&format!("sha256-{}.sig", named("free image").hex())), "old signature"),
        (blob("shared layer"), "shared layer"),
    ] {
        assert_eq!(word(get(&target, &shelf), &shelf), expected, "{target}");
    }
}

#[test]
fn a_customer_is_told_what_is_missing() {
    let shelf = shelf();
    for target in [
        manifest("2.0.0"),
        manifest("latest"),
        manifest(&named("pro image").to_string()),
        manifest(&named("pro signature").to_string()),
        blob("pro layer"),
    ] {
        let plain = plain(get(&target, &shelf));
        assert_eq!(error(&plain), (401, "UNAUTHORIZED".to_owned()), "{target}");
        let challenge = value(&plain, "www-authenticate").unwrap();
        assert!(
            challenge.contains(",scope=\"repository:app:pull\",error=\"Version 2.0.0 needs"),
            "{challenge}"
        );
    }
}

#[test]
fn what_a_customer_may_not_know_of_is_absent() {
    let shelf = shelf();
    for (target, code) in [
        (manifest("3.0.0"), "MANIFEST_UNKNOWN"),
        (manifest("nightly"), "MANIFEST_UNKNOWN"),
        (manifest("4.0.0"), "MANIFEST_UNKNOWN"),
        (manifest(&named("draft image").to_string()), "MANIFEST_UNKNOWN"),
        (manifest(&named("loose image").to_string()), "MANIFEST_UNKNOWN"),
        (manifest(&named("no image").to_string()), "MANIFEST_UNKNOWN"),
        (blob("draft layer"), "BLOB_UNKNOWN"),
        (blob("loose layer"), "BLOB_UNKNOWN"),
        (blob("no layer"), "BLOB_UNKNOWN"),
    ] {
        assert_eq!(error(&plain(get(&target, &shelf))), (404, code.to_owned()), "{target}");
    }
}

#[test]
fn the_vendor_gets_everything() {
    let shelf = whole();
    for (target, expected) in [
        (manifest("3.0.0"), "draft image"),
        (manifest("latest"), "pro image"),
        (manifest("nightly"), "loose image"),
        (blob("loose layer"), "loose layer"),
        (blob("pro layer"), "pro layer"),
    ] {
        assert_eq!(word(get(&target, &shelf), &shelf), expected, "{target}");
    }
    // it may have been pushed a moment ago
    assert_eq!(get(&blob("new layer"), &shelf), Reply::Unlisted(named("new layer")));
    assert_eq!(error(&plain(get(&manifest("4.0.0"), &shelf))), (404, "MANIFEST_UNKNOWN".to_owned()));
}

#[test]
fn who_is_refused_as_a_whole_is_told_why_whatever_is_asked() {
    let shelf = refused();
    for target in [
        manifest("1.0.0"),
        manifest("4.0.0"),
        manifest(&named("no image").to_string()),
        blob("shared layer"),
        blob("no layer"),
        "/v2/app/tags/list".to_owned(),
        format!("/v2/app/referrers/{}", named("free image")),
    ] {
        let plain = plain(get(&target, &shelf));
        assert_eq!(error(&plain), (401, "UNAUTHORIZED".to_owned()), "{target}");
        let challenge = value(&plain, "www-authenticate").unwrap();
        assert!(challenge.ends_with(",error=\"The licence expired on 2026-01-01.\""), "{challenge}");
    }
}

#[test]
fn a_repository_that_is_hidden_is_like_none() {
    let shelf = hidden();
    for target in [manifest("1.0.0"), manifest("9"), blob("shared layer"), "/v2/app/tags/list".to_owned()] {
        let told = plain(get(&target, &shelf));
        assert_eq!(error(&told), (404, "NAME_UNKNOWN".to_owned()), "{target}");
        assert_eq!(told, plain(crate::ask(&target, &Access::Absent)), "{target}");
    }
}
