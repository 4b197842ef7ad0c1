//! The raw engine through its public face: which file a path means, and what is said when there is none
//! (`distribution.md` §9.1 and §6.4).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial, take_in};
use keyway_engine::{
    Access, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply, Status,
};
use keyway_engine_raw::{Op, RawEngine};
use keyway_versions::Scheme;
use serde_json::{Value, json};

fn parse(path: &str) -> Op {
    RawEngine.parse(&Head { method: &Method::GET, path, query: "", headers: &HeaderMap::new() }).unwrap()
}

fn ask(path: &str, access: &Access<'_>) -> Reply {
    let context = Context {
        base: "https://raw.example",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    RawEngine.reply(&parse(path), &context, access)
}

/// A release with `setup.exe`, `linux/acme.deb` and a file that is still on its way.
fn release(version: &str) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts =
        ["waiting.zip", "setup.exe", "linux/acme.deb"].map(|name| testing::artifact(name, 1)).into();
    release.artifacts[0].uploaded = false;
    release
}

fn tagged(version: &str, tag: &str) -> Release {
    Release { tag: Some(tag.to_owned()), ..release(version) }
}

fn shelf(releases: Vec<(Release, Standing)>) -> Shelf {
    Shelf::new("acme", releases)
}

fn visible(versions: &[&str]) -> Shelf {
    shelf(versions.iter().map(|version| (release(version), Standing::Visible)).collect())
}

/// The version that a selector leads to.
fn chosen(shelf: &Shelf, selector: &str) -> String {
    match ask(&format!("/acme/{selector}/setup.exe"), &Access::Package(shelf.view())) {
        Reply::File(file) => {
            assert_eq!(
                file,
                FileReply { release: file.release, artifact: 1, media_type: None, attachment: true }
            );
            shelf.package.releases[file.release].version.verbatim().to_owned()
        }
        Reply::Plain(plain) => error(&plain).1,
        other => panic!("neither a file nor an error: {other:?}"),
    }
}

fn error(plain: &Plain) -> (u16, String, String) {
    let body: Value = serde_json::from_slice(&plain.body).unwrap();
    let text = |key: &str| body["errors"][0][key].as_str().unwrap().to_owned();
    (plain.status.as_u16(), text("code"), text("detail"))
}

fn error_of(reply: Reply) -> (u16, String, String) {
    match reply {
        Reply::Plain(plain) => error(&plain),
        other => panic!("not an error: {other:?}"),
    }
}

#[test]
fn a_path_needs_its_product_and_package() {
    let op = parse("/acme/@%40acme%2Fwidget/1.0.0/x");
    assert_eq!(RawEngine.need(&op), Need::Product { product: "acme", package: Some("@acme/widget") });
    let op = parse("/acme/1.0.0/x");
    assert_eq!(RawEngine.need(&op), Need::Product { product: "acme", package: None });
    assert_eq!(RawEngine.variant(&op), None);
}

#[test]
fn a_release_by_id_version_or_tag() {
    let shelf =
        shelf(vec![(tagged("1.0.0+b.1", "lts"), Standing::Visible), (release("2.0.0"), Standing::Visible)]);
    let id = shelf.package.releases[1].id.to_string();
    for selector in ["1.0.0+b.1", "1.0.0%2Bb.1", "lts", &id, &id.to_uppercase(), &id.replace('-', "")] {
        assert_eq!(chosen(&shelf, selector), "1.0.0+b.1", "{selector}");
    }
    assert_eq!(chosen(&shelf, "2"), "2.0.0");
    for selector in ["3.0.0", "nightly", "0190163d-8694-739b-aea5-966c26f8ad91"] {
        assert_eq!(chosen(&shelf, selector), "NOT_FOUND", "{selector}");
    }
}

#[test]
fn versions_are_read_as_the_package_s_ecosystem_reads_them() {
    let mut python = testing::release(Scheme::Pep440, "1.0.post1");
    python.artifacts = release("1.0.0").artifacts;
    let shelf = shelf(vec![(python, Standing::Visible)]);
    assert_eq!(chosen(&shelf, "1.0.0-post1"), "1.0.post1");
}

/// stable ⊂ rc ⊂ beta ⊂ alpha, and dev apart.
#[test]
fn latest_and_channels_are_the_newest_that_the_channel_shows() {
    let shelf = visible(&["1.0.0", "1.1.0-rc.1", "1.2.0-beta.1", "1.3.0-alpha.1", "1.4.0-dev.1"]);
    for (selector, expected) in [
        ("latest", "1.0.0"),
        ("stable", "1.0.0"),
        ("rc", "1.1.0-rc.1"),
        ("beta", "1.2.0-beta.1"),
        ("alpha", "1.3.0-alpha.1"),
        ("dev", "1.4.0-dev.1"),
    ] {
        assert_eq!(chosen(&shelf, selector), expected, "{selector}");
    }
    let newer = visible(&["2.0.0", "1.2.0-beta.1"]);
    assert_eq!(chosen(&newer, "beta"), "2.0.0");
    assert_eq!(chosen(&newer, "dev"), "NOT_FOUND");
    assert_eq!(chosen(&visible(&["2.0.0-rc.1"]), "latest"), "NOT_FOUND");
}

#[test]
fn a_visible_tag_wins_over_our_names() {
    let both = vec![
        (tagged("1.0.0", "latest"), Standing::Visible),
        (release("2.0.0"), Standing::Visible),
        (tagged("3.0.0", "beta"), Standing::Hidden),
    ];
    let shelf = shelf(both);
    assert_eq!(chosen(&shelf, "latest"), "1.0.0");
    assert_eq!(chosen(&shelf, "beta"), "2.0.0");
}

#[test]
fn what_its_vendor_withdrew_is_not_the_latest() {
    let mut own = release("2.0.0");
    own.status = Status::Yanked;
    let shelf = shelf(vec![(own, Standing::Visible), (release("1.0.0"), Standing::Visible)]);
    assert_eq!(chosen(&shelf, "latest"), "1.0.0");
    assert_eq!(chosen(&shelf, "2.0.0"), "2.0.0");
}

#[test]
fn a_file_by_name_or_id() {
    let shelf = visible(&["1.0.0"]);
    let ask = |name: &str| ask(&format!("/acme/1.0.0/{name}"), &Access::Package(shelf.view()));
    let position = |name: &str| match ask(name) {
        Reply::File(file) => file.artifact,
        other => panic!("{name}: {other:?}"),
    };
    let id = |artifact: usize| shelf.package.releases[0].artifacts[artifact].id.to_string();
    assert_eq!(position("linux/acme.deb"), 2);
    assert_eq!(position("linux%2Facme.deb"), 2);
    assert_eq!(position(&id(2)), 2);
    for name in ["waiting.zip", &id(0), "Setup.exe", "acme.deb"] {
        let expected =
            (404, "NOT_FOUND".to_owned(), format!("The requested artifact '{name}' was not found"));
        assert_eq!(error_of(ask(name)), expected);
    }
}

#[test]
fn refused_releases_say_why() {
    let shelf = shelf(vec![
        (release("1.0.0"), Standing::Visible),
        (release("2.0.0"), Standing::Withdrawn),
        (
            tagged("3.0.0", "lts"),
            Standing::Withheld(denial(Reason::OutsideWindow, "Released after your licence.")),
        ),
        (release("4.0.0-rc.1"), Standing::Refused(denial(Reason::NotEntitled, "Pro is not included."))),
        (tagged("5.0.0", "secret"), Standing::Hidden),
    ]);
    let ask = |selector: &str| {
        error_of(ask(&format!("/acme/{selector}/setup.exe"), &Access::Package(shelf.view())))
    };
    let expected = |status, code: &str, detail: &str| (status, code.to_owned(), detail.to_owned());
    assert_eq!(ask("2.0.0"), expected(404, "RELEASE_YANKED", "This version was withdrawn."));
    for selector in ["3.0.0", "lts"] {
        assert_eq!(ask(selector), expected(403, "LICENSE_OUTSIDE_WINDOW", "Released after your licence."));
    }
    assert_eq!(ask("4.0.0-rc.1"), expected(403, "ENTITLEMENT_MISSING", "Pro is not included."));
    for selector in ["5.0.0", "secret", "6.0.0"] {
        let detail = format!("The requested release '{selector}' was not found");
        assert_eq!(ask(selector), expected(404, "NOT_FOUND", &detail));
    }
}

#[test]
fn nothing_to_choose_from_gives_the_refusal() {
    let withheld = || Standing::Withheld(denial(Reason::Expired, "Your licence expired."));
    let expired = shelf(vec![(release("1.0.0"), withheld())]);
    for selector in ["latest", "stable", "beta", "1.0.0"] {
        assert_eq!(chosen(&expired, selector), "LICENSE_EXPIRED", "{selector}");
    }
    assert_eq!(chosen(&expired, "dev"), "NOT_FOUND");
    for (reason, code) in
        [(Reason::CredentialMissing, "TOKEN_MISSING"), (Reason::NotLicensed, "NOT_LICENSED")]
    {
        let hidden = shelf(vec![(release("1.0.0"), Standing::Hidden)]).denied(reason, "No.");
        for selector in ["latest", "1.0.0", "9.0.0", "dev", "lts"] {
            assert_eq!(chosen(&hidden, selector), code, "{selector}");
        }
    }
}

#[test]
fn what_is_absent_is_named() {
    for (path, detail) in [
        ("/other/1.0.0/x", "The requested product 'other' was not found"),
        ("/acme/@other/1.0.0/x", "The requested package 'other' was not found"),
    ] {
        assert_eq!(error_of(ask(path, &Access::Absent)), (404, "NOT_FOUND".to_owned(), detail.to_owned()));
    }
}

#[test]
fn requests_outside_the_grammar_get_the_same_form() {
    for (method, path, status) in
        [(Method::GET, "/acme", 404), (Method::PUT, "/a/1/x", 405), (Method::GET, "/a/1/..", 400)]
    {
        let head = Head { method: &method, path, query: "", headers: &HeaderMap::new() };
        let plain = RawEngine.bad_path(&RawEngine.parse(&head).unwrap_err());
        assert_eq!(plain.status, status);
        assert!(
            serde_json::from_slice::<Value>(&plain.body).unwrap()["errors"][0]["detail"].is_string(),
            "{path}"
        );
    }
    let plain = RawEngine.refuse(
        &parse("/a/1/x"),
        testing::SITE,
        &denial(Reason::CredentialMissing, "A key is needed."),
    );
    let body: Value = serde_json::from_slice(&plain.body).unwrap();
    let expected = json!({ "title": "Unauthorized", "detail": "A key is needed.", "code": "TOKEN_MISSING" });
    assert_eq!(body, json!({ "errors": [expected] }));
}

#[test]
fn any_file_is_kept_as_it_is() {
    assert_eq!(take_in(&RawEngine, "acme", "1.0.0", "x.bin", b"\0").unwrap().manifests, Vec::new());
    assert!(RawEngine.descriptor().ingests.is_empty());
    let normalise = RawEngine.descriptor().normalise;
    assert_eq!(normalise("Acme Desktop").unwrap(), "Acme Desktop");
    for key in ["", "a\n", &"a".repeat(256)] {
        assert!(normalise(key).is_err());
    }
}
