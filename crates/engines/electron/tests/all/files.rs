//! Which file an address means.

use keyway_engine::testing::{Standing, denial};
use keyway_engine::{Beside, Engine as _, Reason};

use crate::shop::{file, release, shelf, visible, windows};

#[test]
fn files_are_found_by_name_and_below_their_version() {
    let shelf =
        visible([release("2.0.0", &["Same.exe"]), release("1.0.0", &["Same.exe", "Old.exe", "win/App.exe"])]);
    for (path, expected) in [
        ("/app/Same.exe", "2.0.0/Same.exe"),
        ("/app/Old.exe", "1.0.0/Old.exe"),
        ("/app/1.0.0/Same.exe", "1.0.0/Same.exe"),
        ("/app/1.0.0/win/App.exe", "1.0.0/win/App.exe"),
        ("/app/win/App.exe", "1.0.0/win/App.exe"),
        ("/-/products/acme/Old.exe", "1.0.0/Old.exe"),
    ] {
        assert_eq!(file(&shelf, path), expected, "{path}");
    }
    for path in ["/app/None.exe", "/app/2.0.0/Old.exe", "/app/3.0.0/Same.exe", "/app/App.exe"] {
        assert!(file(&shelf, path).starts_with("404 there is no file"), "{path}");
    }
}

#[test]
fn the_map_of_a_withdrawn_release_is_readable_and_its_file_is_not() {
    let shelf = shelf(vec![(windows("1.1.0"), Standing::Visible), (windows("1.0.0"), Standing::Withdrawn)]);
    let map = "1.0.0/App Setup 1.0.0.exe.blockmap";
    assert_eq!(file(&shelf, "/app/App%20Setup%201.0.0.exe.blockmap"), map);
    assert_eq!(file(&shelf, "/app/1.0.0/App%20Setup%201.0.0.exe.blockmap"), map);
    assert_eq!(file(&shelf, "/app/App%20Setup%201.0.0.exe"), "404 This version was withdrawn.");
}

#[test]
fn a_map_that_the_caller_may_have_goes_before_a_withdrawn_one() {
    let files = ["App.exe", "App.exe.blockmap"];
    let shelf = shelf(vec![
        (release("2.0.0", &files), Standing::Withdrawn),
        (release("1.0.0", &files), Standing::Visible),
    ]);
    assert_eq!(file(&shelf, "/app/App.exe.blockmap"), "1.0.0/App.exe.blockmap");
}

#[test]
fn a_refused_file_says_why() {
    let lacking = denial(Reason::NotEntitled, "The licence lacks the entitlement pro.");
    let shelf =
        shelf(vec![(windows("2.0.0"), Standing::Withheld(lacking)), (windows("1.0.0"), Standing::Visible)]);
    assert_eq!(file(&shelf, "/app/App%20Setup%202.0.0.exe"), "403 The licence lacks the entitlement pro.");
    let hidden = crate::shop::shelf(vec![(windows("1.0.0"), Standing::Hidden)]);
    assert!(file(&hidden, "/app/App%20Setup%201.0.0.exe").starts_with("404"));
    assert_eq!(
        file(&hidden.denied(Reason::Banned, "Banned."), "/app/App%20Setup%201.0.0.exe"),
        "403 Banned."
    );
}

#[test]
fn files_on_their_way_are_not_there() {
    let mut newest = windows("1.0.0");
    newest.artifacts[0].uploaded = false;
    assert!(file(&visible([newest]), "/app/App%20Setup%201.0.0.exe").starts_with("404"));
}

#[test]
fn the_api_is_given_feeds_and_block_maps_of_a_product() {
    let beside = |name| keyway_engine_electron::ElectronEngine.beside_artifacts(name, "a/b");
    let at = |path: &str, is_feed| Some(Beside { path: path.to_owned(), is_feed });
    for (name, expected) in [
        ("stable.yml", at("/-/products/a%2Fb/stable.yml", true)),
        ("beta-linux-arm64.yml", at("/-/products/a%2Fb/beta-linux-arm64.yml", true)),
        ("App 1.exe.blockmap", at("/-/products/a%2Fb/App%201.exe.blockmap", false)),
        ("nightly.yml", None),
        ("stable-linux-vax.yml", None),
        ("App.exe", None),
        (".yml", None),
    ] {
        assert_eq!(beside(name), expected, "{name}");
    }
}
