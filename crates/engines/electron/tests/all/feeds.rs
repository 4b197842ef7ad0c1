//! The feed that is written of a release, and the vendor's own.

use base64::Engine as _;
use keyway_engine::testing::{self, take_in};
use keyway_engine::{Feeds, Urgency};
use keyway_engine_electron::ElectronEngine;
use keyway_versions::Scheme;

use crate::shop::{
    feed, file, header, poll, poll_at, release, said, text, uploaded, visible, windows, with_feed,
};

#[test]
fn a_feed_has_what_electron_updater_reads() {
    let mut newest = windows("1.1.0");
    newest.name = Some("The \"big\" one".to_owned());
    newest.description = Some("- new: 100%\n- äöü\n".to_owned());
    let update = poll(&visible([newest]), "latest.yml");
    let digest = base64::engine::general_purpose::STANDARD.encode([4; 64]);
    assert_eq!(
        text(&update.answer),
        format!(
            "version: \"1.1.0\"\nfiles:\n  - url: \"1.1.0/App%20Setup%201.1.0.exe\"\n    sha512: \"{digest}\"\n    \
             size: 1000\npath: \"1.1.0/App%20Setup%201.1.0.exe\"\nsha512: \"{digest}\"\n\
             releaseDate: \"2026-01-02T03:04:05.678Z\"\nreleaseName: \"The \\\"big\\\" one\"\n\
             releaseNotes: \"- new: 100%\\n- äöü\\n\"\n"
        )
    );
    assert_eq!(header(&update.answer, "cache-control").as_deref(), Some("private, no-store"));
    assert_eq!(header(&update.answer, "content-type").as_deref(), Some("text/yaml; charset=utf-8"));
    assert_eq!(header(&update.answer, "location"), None, "clients take any Location for a redirect");
}

#[test]
fn what_the_vendor_says_of_its_urgency_reaches_the_app() {
    let mut newest = windows("1.1.0");
    newest.urgency = Urgency {
        forced: true,
        minimum_version: Some(keyway_versions::parse(Scheme::Semver, "1.0.5").unwrap()),
        critical: true,
        minimum_system: Some("10.0.17763".to_owned()),
    };
    let feed = feed(&poll(&visible([newest]), "latest.yml"));
    for (key, value) in [
        ("minimumSystemVersion", "10.0.17763"),
        ("mandatory", "true"),
        ("minimumVersion", "1.0.5"),
        ("critical", "true"),
    ] {
        assert_eq!(said(&feed, key).as_deref(), Some(value), "{key}");
    }
}

#[test]
fn the_size_of_a_block_map_inside_is_told() {
    let deflated =
        [0xab, 0x56, 0x2a, 0x4b, 0x2d, 0x2a, 0xce, 0xcc, 0xcf, 0x53, 0xb2, 0x52, 0x32, 0x52, 0xd2, 0x1, 0x0];
    let file = [b"\x7fELF".as_slice(), &deflated, &[0, 0, 0, 17]].concat();
    let image = take_in(&ElectronEngine, "app", "1.1.0", "App-1.1.0.AppImage", &file).unwrap();
    let mut newest = testing::release(Scheme::Semver, "1.1.0");
    newest.artifacts = vec![image];
    let feed = feed(&poll(&visible([newest]), "latest-linux.yml"));
    let entry = feed.root().get("files").unwrap().items().unwrap().next().unwrap();
    assert_eq!(entry.get("blockMapSize").and_then(|size| size.text()), Some("17"));
}

#[test]
fn odd_names_are_never_raw() {
    for (name, url) in [
        ("App's \"best\" 100%.exe", "1.0.0/App%27s%20%22best%22%20100%25.exe"),
        ("größe $(x) `y`.exe", "1.0.0/gr%C3%B6%C3%9Fe%20%24%28x%29%20%60y%60.exe"),
        ("a:b?c#d&e=f.exe", "1.0.0/a%3Ab%3Fc%23d%26e%3Df.exe"),
        ("日本 1+1.exe", "1.0.0/%E6%97%A5%E6%9C%AC%201+1.exe"),
    ] {
        let update = poll(&visible([release("1.0.0", &[name])]), "latest.yml");
        let feed = feed(&update);
        assert_eq!(said(&feed, "path").as_deref(), Some(url), "{name}");
        assert!(!text(&update.answer).contains(name), "{name}");
    }
}

#[test]
fn the_vendors_feed_goes_first_unless_the_package_has_them_written() {
    let newest = || {
        let own = uploaded("1.1.0", "App Setup 1.1.0.exe");
        with_feed(windows("1.1.0"), "latest.yml", &own)
    };
    let mut shelf = visible([newest()]);
    let own = uploaded("1.1.0", "App Setup 1.1.0.exe");
    for name in ["latest.yml", "stable.yml", "beta.yml"] {
        assert_eq!(text(&poll(&shelf, name).answer), own, "{name}");
    }
    shelf.package.feeds = Feeds::Generated;
    assert!(text(&poll(&shelf, "latest.yml").answer).starts_with("version: \"1.1.0\""));
}

#[test]
fn the_vendors_feed_is_that_of_the_release_decided_on() {
    let with = |version: &str| {
        with_feed(windows(version), "latest.yml", &uploaded(version, &format!("App Setup {version}.exe")))
    };
    let shelf = visible([with("2.0.0"), with("1.0.0")]).waiting(&["2.0.0"]);
    assert_eq!(text(&poll(&shelf, "latest.yml").answer), uploaded("1.0.0", "App Setup 1.0.0.exe"));
}

/// One name in every release: whoever is led to an older one gets that one's file, whatever else it may have.
#[test]
fn names_that_all_releases_have_are_those_of_the_release_decided_on() {
    let with = |version: &str| {
        let own = uploaded(version, "App Setup.exe");
        with_feed(release(version, &["App Setup.exe", "App Setup.exe.blockmap"]), "latest.yml", &own)
    };
    let shelf = || visible([with("2.1.0-beta.1"), with("2.0.0"), with("1.0.0")]);
    for (shelf, name, version) in [
        (shelf(), "latest.yml", "2.0.0"),
        (shelf().waiting(&["2.0.0"]), "latest.yml", "1.0.0"),
        (shelf(), "beta.yml", "2.1.0-beta.1"),
        (shelf().pinned(None, &["1.0.0"]), "latest.yml", "1.0.0"),
    ] {
        let feed = feed(&poll(&shelf, name));
        assert_eq!(said(&feed, "version").as_deref(), Some(version));
        let path = said(&feed, "path").unwrap();
        assert_eq!(path, format!("{version}/App Setup.exe"));
        assert_eq!(said(&feed, "sha512").as_deref(), Some("AAAA"), "the vendor's own");
        let path = path.replace(' ', "%20");
        assert_eq!(file(&shelf, &format!("/app/{path}")), format!("{version}/App Setup.exe"));
        assert_eq!(
            file(&shelf, &format!("/app/{path}.blockmap")),
            format!("{version}/App Setup.exe.blockmap")
        );
    }
    let below = poll_at(&shelf().waiting(&["2.1.0-beta.1", "2.0.0"]), "/-/products/acme/stable.yml", "");
    let path = said(&feed(&below), "path").unwrap();
    assert!(path.ends_with("/App%20Setup.exe") && !path.starts_with("1.0.0"), "by the file's id: {path}");
}

#[test]
fn an_arch_that_the_app_says_is_looked_for() {
    let both = release("1.0.0", &["App Setup-x64.exe", "App Setup-arm64.exe"]);
    let shelf = visible([release("1.1.0", &["App Setup-arm64.exe"]), both]);
    let version = |query: &str| said(&feed(&poll_at(&shelf, "/app/latest.yml", query)), "version").unwrap();
    assert_eq!(version("arch=arm64"), "1.1.0");
    for query in ["", "arch=x64", "arch=nonsense"] {
        assert_eq!(version(query), "1.0.0", "{query}");
    }
}

#[test]
fn a_vendors_feed_whose_files_are_not_here_hides_its_release() {
    let early = with_feed(windows("2.0.0"), "latest.yml", &uploaded("2.0.0", "App Setup 2.0.0-x64.exe"));
    let shelf = visible([early, windows("1.0.0")]);
    assert_eq!(said(&feed(&poll(&shelf, "latest.yml")), "version").as_deref(), Some("1.0.0"));
}

#[test]
fn below_a_product_files_are_beside_the_feed_by_name() {
    let shelf = visible([release("2.0.0", &["Same.exe"]), release("1.0.0", &["Same.exe"])]);
    let newest = poll_at(&shelf, "/-/products/acme/stable.yml", "");
    assert_eq!(said(&feed(&newest), "path").as_deref(), Some("Same.exe"));
    let shelf = shelf.waiting(&["2.0.0"]);
    let id = shelf.package.releases[1].artifacts[0].id;
    let older = poll_at(&shelf, "/-/products/acme/stable.yml", "");
    assert_eq!(
        said(&feed(&older), "path"),
        Some(format!("{id}/Same.exe")),
        "the name alone is the newer file's"
    );
}

#[test]
fn web_installers_are_told_of_their_packages() {
    let newest = release("1.0.0", &["App Web Setup 1.0.0.exe", "app-1.0.0-x64.nsis.7z"]);
    let feed = feed(&poll(&visible([newest]), "latest.yml"));
    let package = feed.root().get("packages").and_then(|packages| packages.get("x64")).unwrap();
    assert_eq!(package.get("path").and_then(|path| path.text()), Some("1.0.0/app-1.0.0-x64.nsis.7z"));
    assert!(package.get("sha512").is_some());
}
