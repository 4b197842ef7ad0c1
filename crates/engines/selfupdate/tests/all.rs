//! The engine of release manifests through its public face: what is listed to whom (`updaters.md` §0 and §3).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial};
use keyway_engine::{Access, Context, Engine as _, FileReply, Head, Need, Reason, Release, Reply, Told};
use keyway_engine_selfupdate::SelfUpdateEngine;
use keyway_versions::{Channel, Scheme};
use proptest::prelude::*;
use serde_json::{Value, json};

fn ask(path: &str, query: &str, access: &Access<'_>) -> Reply {
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://updates.example",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    SelfUpdateEngine.reply(&SelfUpdateEngine.parse(&head).unwrap(), &context, access)
}

fn manifest(shelf: &Shelf, query: &str) -> (Value, Told) {
    match ask("/tool/manifest.json", query, &Access::Package(shelf.view())) {
        Reply::Update(update) => {
            assert_eq!(update.answer.status, 200);
            (serde_json::from_slice(&update.answer.body).unwrap(), update.told)
        }
        other => panic!("no answer to a poll: {other:?}"),
    }
}

fn versions(shelf: &Shelf, query: &str) -> Vec<String> {
    let (manifest, _) = manifest(shelf, query);
    assert_eq!(manifest["schema"], 1);
    let releases = manifest["releases"].as_array().unwrap().iter();
    releases.map(|release| release["version"].as_str().unwrap().to_owned()).collect()
}

fn release(version: &str, files: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts = files.iter().map(|file| testing::artifact(file, 7)).collect();
    release
}

fn visible(releases: &[(&str, &[&str])]) -> Shelf {
    let seen = |(version, files): &(&str, &[&str])| (release(version, files), Standing::Visible);
    Shelf::new("tool", releases.iter().map(seen).collect())
}

const LINUX: &[&str] = &["tool-x86_64-unknown-linux-gnu.tar.gz"];
const NONE: [&str; 0] = [];

#[test]
fn a_release_is_listed_with_its_files_and_their_digests() {
    let files = [
        "a b/tool-x86_64-unknown-linux-gnu.tar.gz.sha256",
        "a b/tool-x86_64-unknown-linux-gnu.tar.gz",
        "C:x",
    ];
    let shelf = visible(&[("1.1.0+7", &files), ("1.0.0", LINUX)]);
    let digest = format!("sha256:{}", "03".repeat(32));
    let asset = |version: &str, folder: &str, name: &str| json!({ "name": name, "url": format!("{version}/{folder}{name}"), "digest": digest });
    let date = "2026-01-02T03:04:05.678Z";
    let newest = [
        asset("1.1.0%2B7", "a%20b/", "tool-x86_64-unknown-linux-gnu.tar.gz"),
        asset("1.1.0%2B7", "a%20b/", "tool-x86_64-unknown-linux-gnu.tar.gz.sha256"),
    ];
    let older = [asset("1.0.0", "", "tool-x86_64-unknown-linux-gnu.tar.gz")];
    let expected = json!({ "schema": 1, "releases": [
        { "version": "1.1.0+7", "date": date, "assets": newest },
        { "version": "1.0.0", "date": date, "assets": older },
    ] });
    let (manifest, told) = manifest(&shelf, "");
    assert_eq!(
        manifest, expected,
        "the archive comes before its checksum: the client takes the first that fits"
    );
    assert_eq!((told.offered, told.line.as_str()), (Some(0), "offer; version=1.1.0+7; channel=stable"));
}

#[test]
fn only_what_could_be_offered_is_listed() {
    let withheld = |reason| Standing::Withheld(denial(reason, "Not yours."));
    let mut empty = release("1.4.0", LINUX);
    empty.artifacts[0].uploaded = false;
    let shelf = Shelf::new(
        "tool",
        vec![
            (release("2.0.0-beta.1", LINUX), Standing::Visible),
            (release("1.5.0", LINUX), withheld(Reason::OutsideWindow)),
            (empty, Standing::Visible),
            (release("1.3.0", LINUX), Standing::Visible),
            (release("1.2.0", LINUX), withheld(Reason::NotEntitled)),
            (release("1.1.0", LINUX), Standing::Withdrawn),
            (release("1.0.0", LINUX), Standing::Visible),
        ],
    );
    assert_eq!(versions(&shelf, ""), ["1.3.0", "1.0.0"]);
    assert_eq!(versions(&shelf, "channel=beta"), ["2.0.0-beta.1", "1.3.0", "1.0.0"]);
    assert_eq!(
        manifest(&shelf, "").1.line,
        "offer; version=1.3.0; channel=stable; passed-over=1.5.0; reason=outside-window; detail=\"Not yours.\""
    );
}

#[test]
fn rollouts_pins_and_constraints_hold_for_the_whole_list() {
    let shelf = || visible(&[("2.0.0", LINUX), ("1.2.0", LINUX), ("1.1.0", LINUX), ("1.0.0", LINUX)]);
    assert_eq!(versions(&shelf().waiting(&["2.0.0"]), ""), ["1.2.0", "1.1.0", "1.0.0"]);
    assert_eq!(versions(&shelf().waiting(&["1.1.0"]), ""), ["2.0.0", "1.2.0", "1.0.0"]);
    assert_eq!(versions(&shelf().pinned(None, &["1.1.0", "1.0.0"]), ""), ["1.1.0", "1.0.0"]);
    assert_eq!(versions(&shelf(), "constraint=1"), ["1.2.0", "1.1.0", "1.0.0"]);
    let beta = visible(&[("2.0.0-beta.1", LINUX), ("1.0.0", LINUX)]).pinned(Some(Channel::Stable), &[]);
    assert_eq!(versions(&beta, "channel=beta"), ["1.0.0"]);
}

#[test]
fn a_release_without_a_file_for_the_target_is_left_out_where_the_target_is_said() {
    let mac = ["tool-aarch64-apple-darwin.tar.gz", "tool-x86_64-unknown-linux-gnu.tar.gz.sha256"];
    let shelf = visible(&[("1.1.0", &mac), ("1.0.0", LINUX)]);
    assert_eq!(versions(&shelf, ""), ["1.1.0", "1.0.0"]);
    assert_eq!(versions(&shelf, "target=x86_64-unknown-linux-gnu"), ["1.0.0"]);
    assert_eq!(versions(&shelf, "target=riscv64gc-unknown-linux-gnu"), NONE);
    let line = manifest(&shelf, "target=riscv64gc-unknown-linux-gnu").1.line;
    assert_eq!(line, "none; channel=stable; passed-over=1.1.0; reason=no-artifact");
}

#[test]
fn a_poll_that_makes_no_sense_has_an_empty_manifest_with_a_reason() {
    let shelf = visible(&[("1.0.0", LINUX)]);
    assert_eq!(versions(&shelf, "channel=nightly"), NONE);
    let line = manifest(&shelf, "channel=nightly").1.line;
    assert_eq!(line, "none; reason=bad-channel; detail=\"there is no channel nightly\"");
}

#[test]
fn who_may_have_nothing_is_refused_with_the_reason() {
    let hidden = vec![(release("1.0.0", LINUX), Standing::Hidden)];
    let shelf = Shelf::new("tool", hidden).denied(Reason::CredentialMissing, "Say who you are.");
    let Reply::Update(update) = ask("/tool/manifest.json", "", &Access::Package(shelf.view())) else {
        panic!("no answer to a poll")
    };
    assert_eq!(
        (update.answer.status.as_u16(), update.answer.body.as_ref()),
        (401, b"Say who you are.\n".as_slice())
    );
}

#[test]
fn a_manifest_has_fifty_releases_at_most() {
    let releases =
        (0..60).map(|patch| (release(&format!("1.0.{patch}"), LINUX), Standing::Visible)).collect();
    let listed = versions(&Shelf::new("tool", releases), "");
    assert_eq!((listed.len(), listed[0].as_str(), listed[49].as_str()), (50, "1.0.59", "1.0.10"));
}

#[test]
fn files_are_served_from_their_release() {
    let withheld = Standing::Withheld(denial(Reason::NotEntitled, "Not yours."));
    let shelf = Shelf::new(
        "tool",
        vec![(release("1.1.0", LINUX), withheld), (release("1.0.0", LINUX), Standing::Visible)],
    );
    let file = |version: &str, name: &str| {
        ask(&format!("/tool/{version}/{name}"), "", &Access::Package(shelf.view()))
    };
    let found = FileReply { release: 1, artifact: 0, media_type: None, attachment: true };
    assert_eq!(file("1.0.0", LINUX[0]), Reply::File(found));
    for (version, name, status) in
        [("1.1.0", LINUX[0], 403), ("1.0.0", "none", 404), ("9.9.9", LINUX[0], 404)]
    {
        let Reply::Plain(plain) = file(version, name) else { panic!("{version}/{name} was served") };
        assert_eq!(plain.status.as_u16(), status, "{version}/{name}");
    }
}

#[test]
fn a_package_is_needed_and_its_absence_is_told() {
    let headers = HeaderMap::new();
    let head = Head { method: &Method::GET, path: "/my%20tool/manifest.json", query: "", headers: &headers };
    let op = SelfUpdateEngine.parse(&head).unwrap();
    assert_eq!(SelfUpdateEngine.need(&op), Need::Package { key: "my tool" });
    assert!(SelfUpdateEngine.is_poll(&op));
    let Reply::Plain(absent) = ask("/none/manifest.json", "", &Access::Absent) else { panic!("not plain") };
    assert_eq!(absent.status, 404);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Each address in a manifest leads to the file that it is of.
    #[test]
    fn what_is_listed_can_be_loaded(name in "[^/\\\\:\\x00-\\x1f\\x7f]{1,12}", build in "[0-9a-z]{1,4}") {
        prop_assume!(!matches!(name.as_str(), "." | "..") && !name.chars().any(char::is_control));
        let shelf = visible(&[(&format!("1.0.0+b{build}"), &[&name])]);
        let (manifest, _) = manifest(&shelf, "");
        let url = manifest["releases"][0]["assets"][0]["url"].as_str();
        if let Some(url) = url {
            let found = FileReply { release: 0, artifact: 0, media_type: None, attachment: true };
            let reply = ask(&format!("/tool/{url}"), "", &Access::Package(shelf.view()));
            prop_assert_eq!(reply, Reply::File(found));
        }
    }
}
