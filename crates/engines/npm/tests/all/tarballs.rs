//! Tarball requests and the refusals in their place (`npm-pypi.md` §0.4, §1.6).

use keyway_engine::testing::{Shelf, Standing, denial};
use keyway_engine::{Access, Engine as _, FileReply, Reason, Reply};
use keyway_engine_npm::NpmEngine;
use serde_json::json;

use crate::{ask, error_of, get, header, plain, release, shelf};

#[test]
fn both_spellings_give_the_file() {
    let shelf = shelf(&["2.0.0", "1.0.0"]);
    let expected = FileReply {
        release: 1,
        artifact: 0,
        media_type: Some("application/octet-stream"),
        attachment: false,
    };
    for path in ["/@acme/widget/-/widget-1.0.0.tgz", "/@acme%2fwidget/-/widget-1.0.0.tgz"] {
        assert_eq!(get(path, &shelf), Reply::File(expected.clone()), "{path}");
    }
}

#[test]
fn a_version_with_build_metadata_answers_to_both_names() {
    let shelf = shelf(&["1.0.0+b.1"]);
    for path in ["/@acme/widget/-/widget-1.0.0.tgz", "/@acme/widget/-/widget-1.0.0+b.1.tgz"] {
        assert!(matches!(get(path, &shelf), Reply::File(_)), "{path}");
    }
}

#[test]
fn the_first_tarball_of_a_release_stays_its_tarball() {
    let mut twice = release("@acme/widget", "1.0.0", json!({}));
    twice.artifacts.push(keyway_engine::testing::artifact("notes.txt", 1));
    twice.artifacts.rotate_right(1);
    twice.artifacts.extend(release("@acme/widget", "1.0.0", json!({})).artifacts);
    let shelf = Shelf::new("@acme/widget", vec![(twice, Standing::Visible)]);
    let Reply::File(file) = get("/@acme/widget/-/widget-1.0.0.tgz", &shelf) else { panic!("not a file") };
    assert_eq!(file.artifact, 1);
}

#[test]
fn refused_versions_say_why() {
    let expired = denial(Reason::Expired, "Your licence expired on 2026-01-01.");
    let entitlement = denial(Reason::NotEntitled, "Your licence does not include Pro.");
    let make = |version, standing| (release("@acme/widget", version, json!({})), standing);
    let shelf = Shelf::new(
        "@acme/widget",
        vec![
            make("1.0.0", Standing::Visible),
            make("2.0.0", Standing::Withdrawn),
            make("3.0.0", Standing::Withheld(expired)),
            make("4.0.0", Standing::Refused(entitlement)),
            make("5.0.0", Standing::Hidden),
        ],
    );
    let ask = |version| error_of(get(&format!("/@acme/widget/-/widget-{version}.tgz"), &shelf));
    let expected = |status, code: &str, text: &str| (status, code.to_owned(), text.to_owned());
    assert_eq!(ask("2.0.0"), expected(404, "RELEASE_YANKED", "This version was withdrawn."));
    assert_eq!(ask("3.0.0"), expected(403, "LICENSE_EXPIRED", "Your licence expired on 2026-01-01."));
    assert_eq!(ask("4.0.0"), expected(403, "ENTITLEMENT_MISSING", "Your licence does not include Pro."));
    let absent = |version| expected(404, "NOT_FOUND", &format!("@acme/widget has no version {version}"));
    for version in ["5.0.0", "6.0.0", "x", "1.0"] {
        assert_eq!(ask(version), absent(version));
    }
}

#[test]
fn nothing_visible_is_refused_as_a_whole_on_every_endpoint() {
    let paths = [
        "/@acme/widget",
        "/@acme/widget/latest",
        "/@acme/widget/1.0.0",
        "/@acme/widget/9.0.0",
        "/-/package/@acme%2fwidget/dist-tags",
        "/@acme/widget/-/widget-1.0.0.tgz",
        "/@acme/widget/-/widget-9.0.0.tgz",
    ];
    for (reason, status) in
        [(Reason::NotLicensed, 403), (Reason::Suspended, 403), (Reason::CredentialMissing, 401)]
    {
        let refused = Standing::Refused(denial(reason, "No."));
        let shelf = Shelf::new("@acme/widget", vec![(release("@acme/widget", "1.0.0", json!({})), refused)]);
        let shelf = shelf.denied(reason, "No.");
        for path in paths {
            assert_eq!(
                error_of(get(path, &shelf)),
                (status, reason.code().to_owned(), "No.".to_owned()),
                "{path}"
            );
            assert_eq!(header(&plain(get(path, &shelf)), "npm-notice"), Some("No."), "{path}");
        }
    }
}

#[test]
fn nothing_published_and_unknown_names_are_404() {
    let empty = Shelf::new("@acme/widget", Vec::new());
    let draft =
        Shelf::new("@acme/widget", vec![(release("@acme/widget", "1.0.0", json!({})), Standing::Hidden)]);
    for shelf in [&empty, &draft] {
        let (status, code, text) = error_of(get("/@acme/widget", shelf));
        assert_eq!((status, code.as_str()), (404, "NOT_FOUND"));
        assert_eq!(text, "no version of @acme/widget has been published");
    }
    for path in ["/other", "/other/-/other-1.0.0.tgz", "/other/1.0.0", "/-/package/other/dist-tags"] {
        let (status, _, text) = error_of(ask(path, "", &Access::Absent));
        assert_eq!((status, text.as_str()), (404, "there is no package other on this registry"), "{path}");
    }
}

#[test]
fn no_credential_is_challenged_with_our_own_scheme() {
    let op = crate::parse(&http::Method::GET, "/@acme/widget", "").unwrap();
    let plain = NpmEngine.refuse(
        &op,
        keyway_engine::testing::SITE,
        &denial(Reason::CredentialMissing, "A licence key is needed."),
    );
    assert_eq!(plain.status, 401);
    assert_eq!(
        header(&plain, "www-authenticate"),
        Some("License realm=\"keygen\", error_description=\"A licence key is needed.\"")
    );
}
