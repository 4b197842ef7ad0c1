//! One installation asks.

use keyway_engine::testing::{Shelf, Standing, denial};
use keyway_engine::{Reason, Release, Status, Urgency};
use keyway_versions::{Channel, Scheme};
use serde_json::json;

use crate::shop::{
    file, later, led_to, linux, poll, release, shelf, signature_file, told, unsigned, version,
};

const LINUX: &str = "/acme/linux/x86_64/1.0.0";

#[test]
fn an_update_says_all_that_the_updater_reads() {
    let newest = Release { description: Some("- \"quoted\" <b>".to_owned()), ..linux("1.1.0") };
    let shelf = shelf(vec![linux("1.0.0"), newest]);
    let (document, line) = told(&shelf, LINUX);
    assert_eq!(
        document,
        Some(json!({
            "version": "1.1.0",
            "notes": "- \"quoted\" <b>",
            "pub_date": "2026-01-02T03:04:05.678Z",
            "url": "https://tauri.example/acme/1.1.0/Acme.AppImage",
            "signature": "signature of Acme.AppImage",
        }))
    );
    assert_eq!(line, "offer; version=1.1.0; channel=stable");
    let update = poll(&shelf, LINUX);
    assert_eq!((update.told.offered, update.told.platform), (Some(0), Some("linux")));
    assert_eq!(update.told.current.as_deref(), Some("1.0.0"));
    assert!(
        update
            .answer
            .headers
            .iter()
            .any(|(name, value)| name == "content-type" && value == "application/json")
    );
}

#[test]
fn what_apps_may_read_beside_it_is_there_when_it_is_set() {
    let minimum = keyway_versions::parse(Scheme::Semver, "1.0.5").unwrap();
    let urgency = Urgency { critical: true, minimum_version: Some(minimum), ..Urgency::default() };
    let shelf = shelf(vec![Release { urgency, ..linux("1.1.0") }]);
    let (below, _) = told(&shelf, LINUX);
    let below = below.unwrap();
    assert_eq!((&below["mandatory"], &below["critical"]), (&json!(true), &json!(true)));
    assert_eq!(below["minimum_version"], "1.0.5");
    let (above, _) = told(&shelf, "/acme/linux/x86_64/1.0.6");
    assert_eq!(above.unwrap().get("mandatory"), None);
}

#[test]
fn nothing_new_is_an_empty_answer() {
    let shelf = shelf(vec![linux("1.0.0"), linux("1.1.0")]);
    for current in ["1.1.0", "1.1.1", "2.0.0"] {
        let (document, line) = told(&shelf, &format!("/acme/linux/x86_64/{current}"));
        assert_eq!((document, &*line), (None, "none; reason=up-to-date; channel=stable"), "{current}");
    }
    let unknown = version(&shelf, "/acme/linux/x86_64/0.7.3");
    assert_eq!(unknown.as_deref(), Some("1.1.0"), "what runs need not be a release");
    let build = version(&shelf, "/acme/linux/x86_64/1.0.9+local");
    assert_eq!(build.as_deref(), Some("1.1.0"));
}

#[test]
fn a_withdrawn_version_still_moves_on_and_none_moves_to_it() {
    let yanked = |version| Release { status: Status::Yanked, ..linux(version) };
    let shelf = Shelf::new(
        "acme",
        vec![
            (linux("1.1.0"), Standing::Visible),
            (yanked("1.0.0"), Standing::Withdrawn),
            (yanked("1.2.0"), Standing::Withdrawn),
        ],
    );
    assert_eq!(version(&shelf, LINUX).as_deref(), Some("1.1.0"));
}

#[test]
fn a_senseless_poll_is_survived_and_explained() {
    let shelf = shelf(vec![linux("1.1.0")]);
    for (address, reason) in [
        ("/acme/linux/x86_64/one", "none; reason=bad-version; detail=\"the version one cannot be read\""),
        (
            "/acme/linux/x86_64/1.0.0?channel=nightly",
            "none; reason=bad-channel; detail=\"there is no channel nightly\"",
        ),
        (
            "/acme/linux/x86_64/1.0.0?constraint=%21",
            "none; reason=bad-constraint; detail=\"the constraint ! cannot be read\"",
        ),
        ("/acme/beos/x86_64/1.0.0", "none; reason=unknown-target; detail=\"there is no target beos-x86_64\""),
        ("/acme/linux/z80/1.0.0", "none; reason=unknown-target; detail=\"there is no target linux-z80\""),
        ("/acme/darwin/aarch64/1.0.0", "none; channel=stable; passed-over=1.1.0; reason=no-artifact"),
        ("/acme/windows/x86_64/1.1.0", "none; reason=up-to-date; channel=stable"),
    ] {
        assert_eq!(told(&shelf, address), (None, reason.to_owned()), "{address}");
    }
}

#[test]
fn the_newest_release_with_a_signed_file_that_is_here() {
    let mut waiting = file("Acme.AppImage", "linux", "x86_64");
    waiting.uploaded = false;
    let nameless = |name| vec![file(name, "linux", "x86_64")];
    let shelf = shelf(vec![
        release("1.5.0", vec![waiting]),
        release("1.4.0", vec![unsigned(file("Acme.AppImage", "linux", "x86_64"))]),
        release("1.3.0", vec![file("Acme.app.tar.gz", "darwin", "aarch64")]),
        release("1.2.0", nameless("sub/Acme.AppImage")),
        release("1.1.5", nameless("Acme.AppImage.sig")),
        linux("1.1.0"),
    ]);
    let (document, line) = told(&shelf, LINUX);
    assert_eq!(document.unwrap()["version"], "1.1.0");
    assert_eq!(line, "offer; version=1.1.0; channel=stable; passed-over=1.5.0; reason=no-artifact");
}

#[test]
fn a_version_that_the_updater_cannot_read_is_passed_over() {
    let shelf = shelf(vec![linux("1.1.0"), linux("1.2.0-alpha..1")]);
    assert_eq!(version(&shelf, &format!("{LINUX}?channel=alpha")).as_deref(), Some("1.1.0"));
}

#[test]
fn both_spellings_mean_one_target() {
    let stock = |platform, arch| shelf(vec![release("1.1.0", vec![file("Acme", platform, arch)])]);
    let tauri = stock("windows", "x86_64");
    let node = stock("win32", "x64");
    for target in ["windows/x86_64", "win32/x64", "Windows/amd64"] {
        for shelf in [&tauri, &node] {
            let address = format!("/acme/{target}/1.0.0");
            assert_eq!(version(shelf, &address).as_deref(), Some("1.1.0"), "{target}");
        }
    }
    assert_eq!(version(&tauri, "/acme/windows/i686/1.0.0"), None);
    let own = stock("kiosk", "z80");
    assert_eq!(version(&own, "/acme/Kiosk/z80/1.0.0").as_deref(), Some("1.1.0"), "a vendor's own names");
}

#[test]
fn a_universal_app_is_for_every_mac_that_has_none_of_its_own() {
    let files = vec![
        file("arm.app.tar.gz", "darwin", "aarch64"),
        later(file("all.app.tar.gz", "macos", "universal"), 9),
    ];
    let mut linux = file("all.AppImage", "linux", "universal");
    linux.signature = Some("s".to_owned());
    let shelf = shelf(vec![release("1.1.0", files), release("1.2.0", vec![linux])]);
    assert_eq!(led_to(&shelf, "/acme/darwin/aarch64/1.0.0").as_deref(), Some("arm.app.tar.gz"));
    assert_eq!(led_to(&shelf, "/acme/darwin/x86_64/1.0.0").as_deref(), Some("all.app.tar.gz"));
    assert_eq!(led_to(&shelf, LINUX), None);
}

#[test]
fn upstream_s_rule_chooses_where_the_app_does_not_say() {
    let choose = |names: &[&str]| {
        let files = names.iter().zip(0..).map(|(name, at)| later(file(name, "windows", "x86_64"), at));
        led_to(&shelf(vec![release("1.1.0", files.collect())]), "/acme/windows/x86_64/1.0.0").unwrap()
    };
    assert_eq!(choose(&["a-setup.exe", "a.msi"]), "a-setup.exe");
    assert_eq!(choose(&["a.msi.zip", "a.nsis.zip", "a.msi", "a-setup.exe"]), "a.nsis.zip");
    assert_eq!(choose(&["a.msi.zip", "a-setup.exe"]), "a.msi.zip");
    assert_eq!(choose(&["a.tar.gz", "a.deb", "a.AppImage"]), "a.tar.gz");
    assert_eq!(choose(&["a.AppImage", "a.rpm", "a.deb"]), "a.deb", "the newest");
    assert_eq!(choose(&["old.zip", "new.zip"]), "new.zip");
}

#[test]
fn an_app_gets_the_format_that_it_was_installed_from() {
    let names = ["a.AppImage", "a.AppImage.tar.gz", "a.deb", "a.rpm", "a-setup.exe", "a.msi"];
    let files = names.iter().map(|name| file(name, "linux", "x86_64")).collect();
    let newer = release("1.2.0", vec![file("b.deb", "linux", "x86_64")]);
    let shelf = shelf(vec![release("1.1.0", files), newer]);
    for (bundle, expected) in [
        ("appimage", "a.AppImage.tar.gz"),
        ("rpm", "a.rpm"),
        ("deb", "b.deb"),
        ("nsis", "a-setup.exe"),
        ("msi", "a.msi"),
        ("unknown", "b.deb"),
        ("", "b.deb"),
    ] {
        let address = format!("{LINUX}?bundle_type={bundle}");
        assert_eq!(led_to(&shelf, &address).as_deref(), Some(expected), "{bundle}");
    }
    let (document, line) = told(&shelf, &format!("{LINUX}?bundle_type=app"));
    assert_eq!(document, None);
    assert_eq!(line, "none; channel=stable; passed-over=1.2.0; reason=no-artifact");
}

/// The attribute can be changed after the upload, when nothing is checked any more.
#[test]
fn an_attribute_that_cannot_be_of_the_file_is_not_told_where_a_checked_one_is_there() {
    let versioned = include_str!("../minisign/1.1.0.sig");
    let unversioned = include_str!("../minisign/unversioned.sig");
    let another = include_str!("../minisign/other.sig");
    let encoded = |text: &str| keyway_engine_tauri::Signature::read(text).unwrap().encoded();
    for (version, words, kept, expected) in [
        ("1.1.0", "a wrong paste", versioned, versioned),
        ("1.1.0", another, versioned, versioned),
        ("1.1.0", "", versioned, versioned),
        ("1.2.0", versioned, unversioned, unversioned),
        ("1.1.0", versioned, unversioned, versioned.trim()),
    ] {
        let mut app = file("Acme.AppImage", "linux", "x86_64");
        app.signature = Some(words.to_owned());
        let beside = signature_file("Acme.AppImage.sig", &encoded(kept));
        let shelf = shelf(vec![release(version, vec![app, beside])]);
        assert_eq!(told(&shelf, LINUX).0.unwrap()["signature"], encoded(expected), "{version} {words:?}");
    }
    let mut alone = file("Acme.AppImage", "linux", "x86_64");
    alone.signature = Some("as it is".to_owned());
    assert_eq!(told(&shelf(vec![release("1.1.0", vec![alone])]), LINUX).0.unwrap()["signature"], "as it is");
}

#[test]
fn a_signature_comes_from_the_attribute_or_the_file_beside() {
    let raw = include_str!("../minisign/1.1.0.sig");
    let mut plain = file("plain.AppImage", "linux", "x86_64");
    plain.signature = Some(raw.to_owned());
    let beside = vec![
        unsigned(file("Acme.AppImage", "linux", "x86_64")),
        signature_file("Acme.AppImage.sig", "kept"),
        signature_file("Acme.AppImage.zsync.sig", "another"),
    ];
    let mut unread = signature_file("Acme.AppImage.sig", "refused");
    unread.uploaded = false;
    let refused = vec![unsigned(file("Acme.AppImage", "linux", "x86_64")), unread];
    let shelf =
        shelf(vec![release("1.1.0", vec![plain]), release("1.2.0", beside), release("1.3.0", refused)]);
    let signature = |address| told(&shelf, address).0.unwrap()["signature"].as_str().unwrap().to_owned();
    assert_eq!(signature(LINUX), "kept");
    let encoded = signature("/acme/linux/x86_64/1.0.0?constraint=1.1.0");
    assert!(encoded.starts_with("dW50cnVzdGVkIGNvbW1lbnQ6"), "the updater takes base64 only: {encoded}");
}

#[test]
fn licence_pin_rollout_and_channel_decide_as_everywhere() {
    let late = denial(Reason::OutsideWindow, "The licence ended before.");
    let window = Shelf::new(
        "acme",
        vec![(linux("1.1.0"), Standing::Visible), (linux("2.0.0"), Standing::Withheld(late))],
    );
    let (document, line) = told(&window, LINUX);
    assert_eq!(document.unwrap()["version"], "1.1.0");
    assert!(
        line.ends_with("passed-over=2.0.0; reason=outside-window; detail=\"The licence ended before.\""),
        "{line}"
    );
    let all = || vec![linux("1.1.0"), linux("1.2.0"), linux("2.0.0-beta.9"), linux("2.0.0-beta.10")];
    let address = format!("{LINUX}?channel=beta");
    assert_eq!(version(&shelf(all()), &address).as_deref(), Some("2.0.0-beta.10"));
    assert_eq!(version(&shelf(all()), "/acme/linux/x86_64/2.0.0-beta.1").as_deref(), Some("2.0.0-beta.10"));
    assert_eq!(version(&shelf(all()), LINUX).as_deref(), Some("1.2.0"));
    assert_eq!(version(&shelf(all()).waiting(&["1.2.0"]), LINUX).as_deref(), Some("1.1.0"));
    let pinned = shelf(all()).pinned(Some(Channel::Stable), &["1.1.0"]);
    assert_eq!(version(&pinned, &address).as_deref(), Some("1.1.0"));
}

#[test]
fn odd_names_are_escaped_in_addresses() {
    let names = ["Acme +1.0 ü.AppImage", "a\"b.AppImage", "100%25.AppImage", "?x#y.AppImage"];
    for (name, path) in names.iter().zip([
        "Acme%20%2B1.0%20%C3%BC.AppImage",
        "a%22b.AppImage",
        "100%2525.AppImage",
        "%3Fx%23y.AppImage",
    ]) {
        let shelf = shelf(vec![release("1.1.0+b", vec![file(name, "linux", "x86_64")])]);
        let url = told(&shelf, LINUX).0.unwrap()["url"].as_str().unwrap().to_owned();
        assert_eq!(url, format!("https://tauri.example/acme/1.1.0%2Bb/{path}"));
    }
}
