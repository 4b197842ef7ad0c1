//! Taking wheels and sdists in (`npm-pypi.md` §3).

use keyway_engine::Engine as _;
use keyway_engine_pypi::PypiEngine;

use crate::{metadata, sdist, take, wheel};

const WHEEL: &str = "acme_widget-1.0-py3-none-any.whl";

fn kinds(key: &str, version: &str, filename: &str, bytes: &[u8]) -> Vec<String> {
    let artifact = take(key, version, filename, bytes).unwrap();
    artifact.manifests.iter().map(|manifest| manifest.kind.clone()).collect()
}

#[test]
fn every_spelling_of_name_and_version_is_the_same_release() {
    for (key, version, name, inside) in [
        ("Acme.Widget", "1.0", "acme-widget", "1.0"),
        ("acme-widget", "1.0.0", "Acme_Widget", "1.0"),
        ("acme_widget", "v1.0", "acme.widget", "1.0.0"),
    ] {
        let bytes = wheel("acme_widget-1.0", &metadata(name, inside, ""));
        assert_eq!(
            kinds(key, version, WHEEL, &bytes),
            ["METADATA", "pypi.file", "pypi.html"],
            "{key} {version}"
        );
    }
    let odd = wheel("acme_widget-1!2.0.post1+local.1", &metadata("acme-widget", "1!2.0.post1+local.1", ""));
    kinds("acme-widget", "1!2.0.post1+local.1", "acme_widget-1!2.0.post1+local.1-py3-none-any.whl", &odd);
}

#[test]
fn an_sdist_keeps_what_may_change_under_another_name() {
    let fixed = sdist("acme_widget-1.0", &metadata("acme-widget", "1.0", ""));
    assert_eq!(
        kinds("acme-widget", "1.0", "acme_widget-1.0.tar.gz", &fixed),
        ["METADATA", "pypi.file", "pypi.html"]
    );
    let old = "Metadata-Version: 2.1\nName: acme-widget\nVersion: 1.0\n\n";
    let old = sdist("acme_widget-1.0", old);
    assert_eq!(
        kinds("acme-widget", "1.0", "acme_widget-1.0.tar.gz", &old),
        ["PKG-INFO", "pypi.file", "pypi.html"]
    );
}

#[test]
fn what_contradicts_the_release_is_refused() {
    let good = wheel("acme_widget-1.0", &metadata("acme-widget", "1.0", ""));
    let other_name = wheel("acme_widget-1.0", &metadata("evil", "1.0", ""));
    let other_version = wheel("acme_widget-1.0", &metadata("acme-widget", "1.1", ""));
    let bad_python = wheel("acme_widget-1.0", &metadata("acme-widget", "1.0", "Requires-Python: newest\n"));
    let no_version = wheel("acme_widget-1.0", "Metadata-Version: 2.1\nName: acme-widget\n");
    let elsewhere = wheel("evil-1.0", &metadata("acme-widget", "1.0", ""));
    let table: [(&str, &str, &str, &[u8], &str); 11] = [
        (
            "gadget",
            "1.0",
            WHEEL,
            &good,
            "the file name is of the project `acme-widget`, but the package is `gadget`",
        ),
        (
            "acme-widget",
            "1.1",
            WHEEL,
            &good,
            "the file name has version `1.0`, but the release's version is `1.1`",
        ),
        ("acme-widget", "1.0", WHEEL, &other_name, "the metadata is of the project `evil`"),
        ("acme-widget", "1.0", WHEEL, &other_version, "the metadata has version `1.1`"),
        ("acme-widget", "1.0", WHEEL, &bad_python, "Requires-Python is not a version specifier"),
        ("acme-widget", "1.0", WHEEL, &no_version, "'Version' is missing"),
        ("acme-widget", "1.0", WHEEL, &elsewhere, "top directory is 'evil-1.0.dist-info'"),
        ("acme-widget", "1.0", WHEEL, b"not a zip", "zip"),
        ("acme-widget", "1.0", "acme_widget.whl", &good, "does not have five or six parts"),
        ("acme-widget", "one", WHEEL, &good, "the release's version is not a Python version"),
        ("acme widget", "1.0", WHEEL, &good, "the package's key is not a project name"),
    ];
    for (key, version, filename, bytes, expected) in table {
        let reason = take(key, version, filename, bytes).unwrap_err().0;
        assert!(reason.contains(expected), "{reason}");
    }
}

#[test]
fn other_kinds_of_file_are_refused_and_every_one_is_asked_about() {
    for filename in [
        "acme_widget-1.0.exe",
        "acme_widget-1.0-py3.8.egg",
        "acme_widget-1.0.zip",
        "acme_widget-1.0.tar.bz2",
        "a/b.msi",
    ] {
        let reason = take("acme-widget", "1.0", filename, b"x").unwrap_err().0;
        assert!(
            reason.ends_with("is neither a wheel (.whl) nor a source distribution (.tar.gz)"),
            "{reason}"
        );
        assert!(
            PypiEngine.descriptor().ingests.iter().any(|ending| filename.ends_with(ending)),
            "{filename}"
        );
    }
}

#[test]
fn keys_are_normalised() {
    let normalise = PypiEngine.descriptor().normalise;
    assert_eq!(normalise("Acme._Widget").unwrap(), "acme-widget");
    assert!(normalise("@acme/widget").is_err());
}
