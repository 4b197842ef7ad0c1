//! The document of every target.

use std::collections::BTreeMap;

use serde_json::json;

use crate::shop::{file, later, linux, release, shelf, told, unsigned};

#[test]
fn every_target_with_a_signed_file_has_its_entries() {
    let files = vec![
        file("a.AppImage", "linux", "amd64"),
        later(file("a.deb", "linux", "x86_64"), 1),
        file("a.app.tar.gz", "darwin", "universal"),
        file("arm.app.tar.gz", "macos", "arm64"),
        file("a-setup.exe", "win32", "x64"),
        later(file("a.msi", "windows", "x64"), 5),
        unsigned(file("a.rpm", "linux", "x86_64")),
        file("a.deb", "linux", "riscv64"),
        unsigned(file("b.deb", "linux", "armv7")),
        file("a.kit", "kiosk", "z80"),
    ];
    let shelf = shelf(vec![linux("1.0.0"), release("1.1.0", files)]);
    let (document, line) = told(&shelf, "/acme/latest.json");
    let document = document.unwrap();
    assert_eq!(line, "offer; version=1.1.0; channel=stable");
    assert_eq!((&document["version"], &document["notes"]), (&json!("1.1.0"), &json!(null)));
    assert_eq!(document["pub_date"], "2026-01-02T03:04:05.678Z");
    assert_eq!(document.get("url"), None);
    let platforms: BTreeMap<_, _> = document["platforms"].as_object().unwrap().iter().collect();
    let expected = [
        ("darwin-aarch64", "arm.app.tar.gz"),
        ("darwin-aarch64-app", "arm.app.tar.gz"),
        ("darwin-universal", "a.app.tar.gz"),
        ("darwin-universal-app", "a.app.tar.gz"),
        ("darwin-x86_64", "a.app.tar.gz"),
        ("darwin-x86_64-app", "a.app.tar.gz"),
        ("kiosk-z80", "a.kit"),
        ("linux-riscv64", "a.deb"),
        ("linux-riscv64-deb", "a.deb"),
        ("linux-x86_64", "a.deb"),
        ("linux-x86_64-appimage", "a.AppImage"),
        ("linux-x86_64-deb", "a.deb"),
        ("windows-x86_64", "a-setup.exe"),
        ("windows-x86_64-msi", "a.msi"),
        ("windows-x86_64-nsis", "a-setup.exe"),
    ];
    assert_eq!(platforms.keys().map(|key| key.as_str()).collect::<Vec<_>>(), expected.map(|(key, _)| key));
    for (key, name) in expected {
        let entry = json!({
            "url": format!("https://tauri.example/acme/1.1.0/{name}"),
            "signature": format!("signature of {name}"),
        });
        assert_eq!(document["platforms"][key], entry, "{key}");
    }
}

#[test]
fn a_channel_and_the_newest_release_that_has_anything() {
    let stock = shelf(vec![linux("1.0.0"), linux("2.0.0-beta.1"), release("2.0.0-rc.1", Vec::new())]);
    let version = |address: &str| told(&stock, address).0.unwrap()["version"].clone();
    assert_eq!(version("/acme/latest.json"), "1.0.0");
    assert_eq!(version("/acme/latest.json?channel=beta"), "2.0.0-beta.1");
    let (document, line) = told(&stock, "/acme/latest.json?channel=nightly");
    assert_eq!(
        (document, &*line),
        (None, "none; reason=bad-channel; detail=\"there is no channel nightly\"")
    );
    assert_eq!(told(&shelf(Vec::new()), "/acme/latest.json").0, None);
}
