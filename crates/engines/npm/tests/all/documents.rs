//! Packuments in both forms, dist-tags and single versions (`npm-pypi.md` §0.3–0.8, §1.2).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_engine::testing::{Shelf, Standing};
use keyway_engine::{Access, Artifact, Caching, Status};
use keyway_versions::Channel;
use serde_json::{Value, json};

use crate::{ABBREVIATED, BASE, ask, document, error_of, get, json_of, release, shelf};

/// 64 bytes of 4 and 20 bytes of 2.
const INTEGRITY: &str =
    "sha512-BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBA==";
const SHASUM: &str = "0202020202020202020202020202020202020202";

fn rich() -> Value {
    json!({
        "description": "A widget",
        "license": "MIT",
        "readme": "# long",
        "main": "index.js",
        "_npmUser": "me",
        "gitHead": "abc",
        "scripts": { "postinstall": "node build.js", "test": "jest" },
        "bin": "./cli.js",
        "dependencies": { "a": "^1.0.0" },
        "peerDependencies": { "b": ">=2" },
        "peerDependenciesMeta": { "b": { "optional": true } },
        "bundledDependencies": ["a"],
        "engines": { "node": ">=18" },
        "os": ["linux"],
        "cpu": ["x64"],
        "libc": ["glibc"],
    })
}

fn dist(version: &str) -> Value {
    // The test signer's signature is the signed text: `name@version:integrity`.
    let signed = format!("@acme/widget@{version}:{INTEGRITY}");
    json!({
        "shasum": SHASUM,
        "integrity": INTEGRITY,
        "fileCount": 2,
        "unpackedSize": 0,
        "signatures": [{ "keyid": "SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=", "sig": STANDARD.encode(&signed) }],
        "tarball": format!("{BASE}/@acme/widget/-/widget-{version}.tgz"),
    })
}

fn without_size(mut version: Value) -> Value {
    version["dist"]["unpackedSize"] = json!(0);
    version
}

#[test]
fn the_abbreviated_form_has_what_installing_needs_and_every_time() {
    let shelf =
        Shelf::new("@acme/widget", vec![(release("@acme/widget", "1.0.0", rich()), Standing::Visible)]);
    let found = document(ask("/@acme%2fwidget", ABBREVIATED, &Access::Package(shelf.view())));
    assert_eq!(found.media_type, ABBREVIATED);
    assert_eq!(found.caching, Caching::Revalidate);
    assert_eq!(found.vary, "Accept, Authorization, Accept-Encoding");
    let mut packument: Value = serde_json::from_slice(&found.body).unwrap();
    packument["versions"]["1.0.0"] = without_size(packument["versions"]["1.0.0"].clone());
    assert_eq!(
        packument,
        json!({
            "name": "@acme/widget",
            "modified": "2026-01-02T03:04:05.678Z",
            "dist-tags": { "latest": "1.0.0" },
            "versions": { "1.0.0": {
                "name": "@acme/widget",
                "version": "1.0.0",
                "dependencies": { "a": "^1.0.0" },
                "peerDependencies": { "b": ">=2" },
                "peerDependenciesMeta": { "b": { "optional": true } },
                "engines": { "node": ">=18" },
                "os": ["linux"],
                "cpu": ["x64"],
                "libc": ["glibc"],
                "bundleDependencies": ["a"],
                "bin": { "widget": "./cli.js" },
                "hasInstallScript": true,
                "dist": dist("1.0.0"),
            }},
            "time": {
                "created": "2026-01-02T03:04:05.678Z",
                "modified": "2026-01-02T03:04:05.678Z",
                "1.0.0": "2026-01-02T03:04:05.678Z",
            },
        })
    );
}

#[test]
fn the_full_form_adds_what_people_read_and_stays_lean() {
    let shelf =
        Shelf::new("@acme/widget", vec![(release("@acme/widget", "1.0.0", rich()), Standing::Visible)]);
    let found = document(get("/@acme/widget", &shelf));
    assert_eq!(found.media_type, "application/json");
    let packument: Value = serde_json::from_slice(&found.body).unwrap();
    assert_eq!(packument["_id"], "@acme/widget");
    assert!(packument["_rev"].is_string());
    assert_eq!(packument["time"]["1.0.0"], "2026-01-02T03:04:05.678Z");
    let version = without_size(packument["versions"]["1.0.0"].clone());
    assert_eq!(version["_id"], "@acme/widget@1.0.0");
    assert_eq!(version["description"], "A widget");
    assert_eq!(version["license"], "MIT");
    assert_eq!(version["scripts"], json!({ "postinstall": "node build.js" }));
    assert_eq!(version["hasInstallScript"], true);
    assert_eq!(version["dist"], dist("1.0.0"));
    assert_eq!(version["dependencies"], json!({ "a": "^1.0.0" }));
    for field in ["readme", "main", "_npmUser", "gitHead"] {
        assert_eq!(version.get(field), None, "{field}");
    }
}

#[test]
fn versions_and_times_come_oldest_first_under_npm_s_order() {
    let shelf = shelf(&["2.0.0", "1.10.0", "2.0.0-rc.1", "1.9.0"]);
    for accept in ["", ABBREVIATED] {
        let packument = json_of(ask("/@acme%2fwidget", accept, &Access::Package(shelf.view())));
        let keys = |field: &str| packument[field].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys("versions"), ["1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0"]);
        assert_eq!(keys("time"), ["created", "modified", "1.9.0", "1.10.0", "2.0.0-rc.1", "2.0.0"]);
    }
}

#[test]
fn build_metadata_is_not_part_of_a_version_s_name() {
    let packument = json_of(get("/@acme/widget", &shelf(&["1.0.0+build.5"])));
    assert_eq!(packument["dist-tags"]["latest"], "1.0.0");
    assert_eq!(packument["versions"]["1.0.0"]["version"], "1.0.0");
    assert_eq!(
        packument["versions"]["1.0.0"]["dist"]["tarball"],
        format!("{BASE}/@acme/widget/-/widget-1.0.0.tgz")
    );
}

fn tags_of(shelf: &Shelf) -> Value {
    let tags = json_of(get("/-/package/@acme%2fwidget/dist-tags", shelf));
    assert_eq!(json_of(get("/@acme/widget", shelf))["dist-tags"], tags);
    tags
}

#[test]
fn latest_is_the_newest_stable_version_and_each_channel_has_its_tag() {
    let all =
        ["1.0.0", "1.9.0", "2.0.0-beta.2", "2.0.0-beta.1", "2.0.0-rc.1", "2.0.0-alpha.7", "2.0.0-next.3"];
    assert_eq!(
        tags_of(&shelf(&all)),
        json!({
            "latest": "1.9.0",
            "rc": "2.0.0-rc.1",
            "beta": "2.0.0-beta.2",
            "alpha": "2.0.0-alpha.7",
            "dev": "2.0.0-next.3",
        })
    );
    assert_eq!(tags_of(&shelf(&["2.0.0-beta.2", "2.0.0-alpha.1"]))["latest"], "2.0.0-beta.2");
}

#[test]
fn tags_of_visible_releases_win() {
    let tagged = |version, tag: &str, standing| {
        let mut release = release("@acme/widget", version, json!({}));
        release.tag = Some(tag.to_owned());
        (release, standing)
    };
    let shelf = Shelf::new(
        "@acme/widget",
        vec![
            tagged("1.0.0", "latest", Standing::Visible),
            tagged("1.5.0", "lts \"x\"", Standing::Visible),
            tagged("2.0.0-rc.1", "beta", Standing::Visible),
            tagged("2.0.0-beta.9", "old", Standing::Hidden),
            tagged("3.0.0", "next", Standing::Hidden),
        ],
    );
    assert_eq!(
        tags_of(&shelf),
        json!({ "latest": "1.0.0", "rc": "2.0.0-rc.1", "beta": "2.0.0-rc.1", "lts \"x\"": "1.5.0" })
    );
}

#[test]
fn a_hidden_release_tagged_latest_does_not_count() {
    let mut hidden = release("@acme/widget", "9.0.0", json!({}));
    hidden.tag = Some("latest".to_owned());
    let visible = release("@acme/widget", "1.0.0", json!({}));
    let shelf = Shelf::new("@acme/widget", vec![(hidden, Standing::Hidden), (visible, Standing::Visible)]);
    assert_eq!(tags_of(&shelf), json!({ "latest": "1.0.0" }));
}

#[test]
fn the_channel_of_the_release_decides_over_its_version() {
    let mut next = release("@acme/widget", "2.0.0-next.1", json!({}));
    next.channel = Channel::Beta;
    let shelf = Shelf::new("@acme/widget", vec![(next, Standing::Visible)]);
    assert_eq!(tags_of(&shelf), json!({ "latest": "2.0.0-next.1", "beta": "2.0.0-next.1" }));
}

#[test]
fn withdrawn_versions_are_gone_and_deprecated_ones_say_why() {
    let mut deprecated = release("@acme/widget", "1.0.0", json!({}));
    deprecated.notice = Some("use 2 \"instead\"".to_owned());
    let mut own = release("@acme/widget", "3.0.0", json!({}));
    own.status = Status::Yanked;
    own.notice = Some("broken".to_owned());
    let shelf = Shelf::new(
        "@acme/widget",
        vec![
            (deprecated, Standing::Visible),
            (release("@acme/widget", "2.0.0", json!({})), Standing::Withdrawn),
            // The vendor's view shows what they withdrew; installs must not resolve to it all the same.
            (own, Standing::Visible),
        ],
    );
    let packument = json_of(get("/@acme/widget", &shelf));
    assert_eq!(packument["dist-tags"], json!({ "latest": "1.0.0" }));
    assert_eq!(packument["versions"].as_object().unwrap().len(), 1);
    assert_eq!(packument["versions"]["1.0.0"]["deprecated"], "use 2 \"instead\"");
    assert_eq!(packument["time"].get("2.0.0"), None);
}

#[test]
fn one_version_by_number_or_tag() {
    let shelf = shelf(&["1.0.0", "2.0.0-beta.1"]);
    for (path, version) in [
        ("/@acme/widget/1.0.0", "1.0.0"),
        ("/@acme%2fwidget/latest", "1.0.0"),
        ("/@acme%2fwidget/beta", "2.0.0-beta.1"),
    ] {
        let manifest = json_of(get(path, &shelf));
        assert_eq!(manifest["version"], version, "{path}");
        assert_eq!(without_size(manifest)["dist"], dist(version), "{path}");
    }
    for path in ["/@acme/widget/9.9.9", "/@acme/widget/nightly", "/@acme/widget/^1.0.0"] {
        assert_eq!(error_of(get(path, &shelf)).0, 404, "{path}");
    }
}

#[test]
fn a_release_without_a_finished_tarball_is_not_a_version() {
    let mut waiting = release("@acme/widget", "2.0.0", json!({}));
    waiting.artifacts.iter_mut().for_each(|artifact| artifact.uploaded = false);
    let mut other = release("@acme/widget", "3.0.0", json!({}));
    other.artifacts.iter_mut().for_each(|artifact| artifact.manifests.clear());
    let visible = release("@acme/widget", "1.0.0", json!({}));
    let all = [visible, waiting, other].map(|release| (release, Standing::Visible));
    let packument = json_of(get("/@acme/widget", &Shelf::new("@acme/widget", all.into())));
    assert_eq!(packument["dist-tags"], json!({ "latest": "1.0.0" }));
    assert_eq!(packument["versions"].as_object().unwrap().len(), 1);
}

#[test]
fn the_time_of_a_version_is_its_tarball_s() {
    let mut young = release("@acme/widget", "1.0.0", json!({}));
    let later = |artifact: &mut Artifact| artifact.created = "2026-03-01T00:00:00Z".parse().unwrap();
    young.artifacts.iter_mut().for_each(later);
    let packument =
        json_of(get("/@acme/widget", &Shelf::new("@acme/widget", vec![(young, Standing::Visible)])));
    assert_eq!(
        packument["time"],
        json!({
            "created": "2026-01-02T03:04:05.678Z",
            "modified": "2026-03-01T00:00:00.000Z",
            "1.0.0": "2026-03-01T00:00:00.000Z",
        })
    );
}

#[test]
fn five_thousand_versions_are_one_document() {
    let template = release("@acme/widget", "0.0.0", json!({}));
    let releases = (0..5000).map(|patch| {
        let mut release =
            keyway_engine::testing::release(keyway_versions::Scheme::Npm, &format!("1.0.{patch}"));
        let mut artifact = keyway_engine::testing::artifact("widget.tgz", 1);
        artifact.manifests.clone_from(&template.artifacts[0].manifests);
        release.artifacts = vec![artifact];
        (release, Standing::Visible)
    });
    let packument = json_of(get("/@acme/widget", &Shelf::new("@acme/widget", releases.collect())));
    assert_eq!(packument["versions"].as_object().unwrap().len(), 5000);
    assert_eq!(packument["dist-tags"]["latest"], "1.0.4999");
}
