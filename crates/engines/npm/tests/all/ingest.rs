//! Taking tarballs in (`npm-pypi.md` §3).

use keyway_engine::testing::take_in;
use keyway_engine::{Engine as _, Reject};
use keyway_engine_npm::NpmEngine;
use serde_json::{Value, json};

use crate::tarball;

fn take(key: &str, version: &str, package_json: &str) -> Result<Vec<String>, Reject> {
    let bytes = tarball(&[("package/package.json", package_json)]);
    let artifact = take_in(&NpmEngine, key, version, "x.tgz", &bytes)?;
    Ok(artifact.manifests.iter().map(|manifest| manifest.kind.clone()).collect())
}

fn refused(key: &str, version: &str, package_json: &Value) -> String {
    take(key, version, &package_json.to_string()).unwrap_err().0
}

#[test]
fn one_letter_names_and_odd_scopes_are_taken() {
    for key in ["a", "@a/b", "@acme.co/widget", "@acme_co/w", "@acme~x/w-1.2"] {
        let package_json = json!({ "name": key, "version": "1.0.0-next.1" });
        assert_eq!(
            take(key, "1.0.0-next.1", &package_json.to_string()).unwrap(),
            ["npm.full", "npm.abbreviated"],
            "{key}"
        );
    }
}

#[test]
fn any_top_directory_will_do_and_a_byte_order_mark_is_passed_over() {
    let bytes = tarball(&[("widget-1.0.0/package.json", "\u{feff}{\"name\":\"w\",\"version\":\"1.0.0\"}")]);
    assert!(take_in(&NpmEngine, "w", "1.0.0", "w.tgz", &bytes).is_ok());
}

#[test]
fn what_contradicts_the_release_is_refused() {
    let table = [
        (
            "w",
            "1.0.0",
            json!({ "name": "v", "version": "1.0.0" }),
            "names the package `v`, but the package's key is `w`",
        ),
        (
            "w",
            "1.0.0",
            json!({ "name": "w", "version": "1.0.1" }),
            "has version `1.0.1`, but the release's version is `1.0.0`",
        ),
        ("w", "1.0.0", json!({ "version": "1.0.0" }), "has no `name`"),
        ("w", "1.0.0", json!({ "name": "w" }), "has no `version`"),
        ("w", "1.0.0", json!({ "name": "w", "version": "v1.0.0" }), "a `version` that npm does not accept"),
        (
            "w",
            "1.0",
            json!({ "name": "w", "version": "1.0.0" }),
            "the release's version is not an npm version",
        ),
        ("W", "1.0.0", json!({ "name": "W", "version": "1.0.0" }), "written in lower case"),
        ("node_modules", "1.0.0", json!({ "name": "node_modules", "version": "1.0.0" }), "reserved"),
        ("w", "1.0.0", json!({ "name": "w", "version": "1.0.0", "bin": "../x" }), "leaves the package"),
        ("w", "1.0.0", json!({ "name": "w", "version": "1.0.0", "bin": { "../x": "x" } }), "command name"),
        (
            "w",
            "1.0.0",
            json!({ "name": "w", "version": "1.0.0", "directories": { "bin": "../b" } }),
            "leaves the package",
        ),
        (
            "w",
            "1.0.0",
            json!({ "name": "w", "version": "1.0.0", "dependencies": ["a"] }),
            "`dependencies` is not a map",
        ),
        (
            "w",
            "1.0.0",
            json!({ "name": "w", "version": "1.0.0", "dependencies": { "a": 1 } }),
            "`dependencies` is not a map",
        ),
        ("w", "1.0.0", json!({ "name": "w", "version": "1.0.0", "os": { "a": 1 } }), "`os` is not a list"),
    ];
    for (key, version, package_json, expected) in table {
        let reason = refused(key, version, &package_json);
        assert!(reason.contains(expected), "{package_json}: {reason}");
    }
}

#[test]
fn two_readings_of_package_json_are_refused() {
    let twice = "{\"name\":\"w\",\"version\":\"1.0.0\",\"name\":\"evil\"}";
    assert!(take("w", "1.0.0", twice).unwrap_err().0.contains("appears twice"));
    let deep = format!("{{\"name\":\"w\",\"version\":\"1.0.0\",\"x\":{}{}}}", "[".repeat(40), "]".repeat(40));
    assert!(take("w", "1.0.0", &deep).unwrap_err().0.contains("nested too deeply"));
    let second = tarball(&[
        ("package/package.json", "{\"name\":\"w\",\"version\":\"1.0.0\"}"),
        ("package/package.json", "{\"name\":\"evil\",\"version\":\"1.0.0\"}"),
    ]);
    assert!(take_in(&NpmEngine, "w", "1.0.0", "w.tgz", &second).is_err());
}

#[test]
fn what_is_no_tarball_is_refused() {
    let whole = tarball(&[("package/package.json", "{\"name\":\"w\",\"version\":\"1.0.0\"}")]);
    let cut = whole.get(..whole.len() / 2).unwrap();
    let without = tarball(&[("package/index.js", "//")]);
    for bytes in [b"".as_slice(), b"not a tarball", cut, &without] {
        let Reject(reason) = take_in(&NpmEngine, "w", "1.0.0", "w.tgz", bytes).unwrap_err();
        assert!(!reason.is_empty());
    }
}

#[test]
fn a_native_build_counts_as_an_install_script() {
    let full = |files: &[(&str, &str)]| {
        let artifact = take_in(&NpmEngine, "w", "1.0.0", "w.tgz", &tarball(files)).unwrap();
        let fragment = artifact.manifest("npm.full").unwrap().bytes.to_vec();
        serde_json::from_slice::<Value>(&[&fragment, b"\"}}".as_slice()].concat()).unwrap()
    };
    let manifest = |more: &str| format!("{{\"name\":\"w\",\"version\":\"1.0.0\"{more}}}");
    let built = full(&[("package/package.json", &manifest("")), ("package/binding.gyp", "{}")]);
    assert_eq!(built["hasInstallScript"], true);
    assert_eq!(built["scripts"], json!({ "install": "node-gyp rebuild" }));
    let off =
        full(&[("package/package.json", &manifest(",\"gypfile\":false")), ("package/binding.gyp", "{}")]);
    assert_eq!(off.get("hasInstallScript"), None);
    let shrunk = full(&[("package/package.json", &manifest("")), ("package/npm-shrinkwrap.json", "{}")]);
    assert_eq!(shrunk["_hasShrinkwrap"], true);
}

#[test]
fn every_dependency_can_be_said_to_be_bundled() {
    let package_json = "{\"name\":\"w\",\"version\":\"1.0.0\",\"dependencies\":{\"a\":\"1\",\"b\":\"2\"},\"bundleDependencies\":true}";
    let artifact =
        take_in(&NpmEngine, "w", "1.0.0", "w.tgz", &tarball(&[("package/package.json", package_json)]))
            .unwrap();
    let fragment = String::from_utf8(artifact.manifest("npm.abbreviated").unwrap().bytes.to_vec()).unwrap();
    assert!(fragment.contains("\"bundleDependencies\":[\"a\",\"b\"]"), "{fragment}");
}

#[test]
fn keys_are_normalised_by_npm_s_rules() {
    let normalise = NpmEngine.descriptor().normalise;
    assert_eq!(normalise("@acme/widget").unwrap(), "@acme/widget");
    for key in ["", "Widget", "a b", "@acme", &"a".repeat(215)] {
        assert!(normalise(key).is_err(), "{key}");
    }
}
