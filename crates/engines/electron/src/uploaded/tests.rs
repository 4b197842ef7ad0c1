//! Which uploaded feeds are kept, which are refused, and when one is handed out.

use keyway_engine::testing::{artifact, release, take_in};

use super::*;
use crate::ElectronEngine;

const GOOD: &str = "version: 1.1.0\nfiles:\n  - url: App Setup 1.1.0.exe\n    sha512: AAAA\n    size: 7\n\
                    path: App Setup 1.1.0.exe\nsha512: AAAA\nreleaseDate: '2026-01-01T00:00:00.000Z'\n";

fn taken(name: &str, text: &str) -> Result<Vec<String>, Reject> {
    let artifact = take_in(&ElectronEngine, "app", "1.1.0", name, text.as_bytes())?;
    Ok(artifact.manifests.iter().map(|manifest| manifest.kind.clone()).collect())
}

#[test]
fn a_feed_is_kept_with_the_names_of_its_files() {
    let taken = take_in(&ElectronEngine, "app", "1.1.0", "latest.yml", GOOD.as_bytes()).unwrap();
    assert_eq!(&*taken.manifest(FEED).unwrap().bytes, GOOD.as_bytes());
    assert_eq!(&*taken.manifest(FILES).unwrap().bytes, b"App Setup 1.1.0.exe");
    let legacy = "version: 1.1.0\npath: App.exe\nsha512: AAAA\n";
    let taken = take_in(&ElectronEngine, "app", "1.1.0", "nightly.yml", legacy.as_bytes()).unwrap();
    assert_eq!(&*taken.manifest(FILES).unwrap().bytes, b"App.exe");
}

#[test]
fn a_feed_of_another_version_is_refused() {
    for version in ["1.0.0", "\"\"", "next"] {
        let text = GOOD.replacen("1.1.0", version, 1);
        let Reject(why) = taken("latest-mac.yml", &text).unwrap_err();
        assert!(why.contains("release"), "{why}");
        assert!(taken("anything.yml", &text).is_err(), "{version}");
    }
}

#[test]
fn what_is_no_feed_is_refused_only_under_the_name_of_a_channel() {
    for text in ["", "a: [", "- a\n- b\n", "version: 1.1.0\n", "files: []\nversion: 1.1.0\n", "\u{0}"] {
        assert!(taken("beta-linux-arm64.yml", text).is_err(), "{text:?}");
        assert_eq!(taken("builder-debug.yml", text), Ok(Vec::new()), "{text:?}");
    }
    let long = format!("{GOOD}releaseNotes: '{}'\n", "a".repeat(LIMITS.bytes));
    assert!(taken("latest.yml", &long).is_err());
}

#[test]
fn a_feed_waits_for_its_files() {
    let feed = take_in(&ElectronEngine, "app", "1.1.0", "latest.yml", GOOD.as_bytes()).unwrap();
    let mut shelf = release(Scheme::Semver, "1.1.0");
    shelf.artifacts = vec![feed, artifact("App Setup 1.1.0.exe", 7)];
    let names = ["stable.yml".to_owned(), "latest.yml".to_owned()];
    assert_eq!(find(&shelf, &names).unwrap().ready(), Some(GOOD.as_bytes()));
    assert!(find(&shelf, &["beta.yml".to_owned()]).is_none());
    shelf.artifacts[1].uploaded = false;
    assert!(find(&shelf, &names).unwrap().ready().is_none());
}

#[test]
fn addresses_in_a_feed_may_be_encoded_or_elsewhere() {
    let text =
        "version: 1.1.0\nfiles:\n  - url: App%20Setup%201.1.0.exe\n  - url: https://cdn.example/App.exe\n";
    let feed = take_in(&ElectronEngine, "app", "1.1.0", "latest.yml", text.as_bytes()).unwrap();
    let mut shelf = release(Scheme::Semver, "1.1.0");
    shelf.artifacts = vec![feed, artifact("App Setup 1.1.0.exe", 7)];
    assert_eq!(find(&shelf, &["latest.yml".to_owned()]).unwrap().ready(), Some(text.as_bytes()));
}
