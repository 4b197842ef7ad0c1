//! Which files a feed lists, and in which order.

use keyway_engine::testing::artifact;

use super::*;

/// `name`, or `name|platform|arch` as the vendor declared them.
fn files(names: &[&str]) -> Vec<Artifact> {
    let made = |line: &&str| {
        let mut parts = line.split('|');
        let mut file = artifact(parts.next().unwrap(), 1);
        let mut declared = || parts.next().filter(|text| !text.is_empty()).map(str::to_owned);
        file.platform = declared();
        file.arch = declared();
        file
    };
    names.iter().map(made).collect()
}

fn listed(target: Target, names: &[&str]) -> Vec<String> {
    let artifacts = files(names);
    target.files(artifacts.iter(), None).iter().map(|file| file.artifact.filename.clone()).collect()
}

fn linux(arch: &str) -> Target {
    Target::Linux(Spelled::arch(arch).unwrap())
}

#[test]
fn windows_takes_installers_and_whatever_runs_everywhere_first() {
    let names = [
        "App Setup 1.0.0-arm64.exe",
        "App Setup 1.0.0-ia32.exe",
        "App Setup 1.0.0.exe",
        "App Setup 1.0.0-x64.exe",
        "App 1.0.0.exe",
        "App-portable-setup.exe",
        "App 1.0.0.msi",
        "App.exe.blockmap",
        "latest.yml",
        "App-1.0.0-win.zip",
    ];
    assert_eq!(
        listed(Target::Windows, &names),
        [
            "App Setup 1.0.0.exe",
            "App Setup 1.0.0-x64.exe",
            "App Setup 1.0.0-ia32.exe",
            "App Setup 1.0.0-arm64.exe",
            "App 1.0.0.msi",
        ]
    );
    assert_eq!(listed(Target::Windows, &["App 1.0.0.EXE"]), ["App 1.0.0.EXE"]);
    assert!(
        listed(Target::Windows, &["App 1.0.0.msi"]).is_empty(),
        "electron-updater would run it as an .exe"
    );
}

#[test]
fn a_feed_for_all_arches_of_windows_has_something_for_the_common_one() {
    let names = ["App Setup-arm64.exe"];
    assert!(listed(Target::Windows, &names).is_empty(), "x64 would install it");
    assert_eq!(listed(Target::Mac, &["App-arm64-mac.zip"]), ["App-arm64-mac.zip"], "a Mac looks for its own");
    let both = files(&["App Setup-arm64.exe", "App Setup-x64.exe", "App Setup-ia32.exe"]);
    let of = |arch: &str| {
        let listed = Target::Windows.files(both.iter(), Spelled::arch(arch));
        listed.iter().map(|file| file.artifact.filename.clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("arm64"), ["App Setup-x64.exe", "App Setup-ia32.exe", "App Setup-arm64.exe"]);
    assert_eq!(of("x64"), ["App Setup-x64.exe", "App Setup-ia32.exe"]);
    assert_eq!(of("ia32"), ["App Setup-ia32.exe"]);
    let arm = files(&names);
    assert_eq!(Target::Windows.files(arm.iter(), Spelled::arch("arm64")).len(), 1);
    assert!(Target::Windows.files(arm.iter(), Spelled::arch("x64")).is_empty());
}

#[test]
fn a_mac_needs_a_zip() {
    let names =
        ["App-1.0.0.dmg", "App-1.0.0-arm64-mac.zip", "App-1.0.0-mac.zip", "App-1.0.0-win.zip", "x.zip|linux"];
    assert_eq!(
        listed(Target::Mac, &names),
        ["App-1.0.0-mac.zip", "App-1.0.0-arm64-mac.zip", "App-1.0.0.dmg"]
    );
    assert!(listed(Target::Mac, &["App-1.0.0.dmg"]).is_empty());
    assert_eq!(
        listed(Target::Mac, &["Win Tools.zip|darwin"]),
        ["Win Tools.zip"],
        "what is declared goes first"
    );
}

#[test]
fn linux_is_told_apart_by_arch() {
    let names = [
        "app_1.0.0_amd64.deb",
        "App-1.0.0.AppImage",
        "App-1.0.0-arm64.AppImage",
        "App-1.0.0-armv7l.AppImage",
        "app-1.0.0.x86_64.rpm",
        "app-1.0.0.pacman",
        "app_1.0.0_amd64.snap",
        "odd.AppImage|linux|arm64",
        "v.AppImage||vax",
    ];
    assert_eq!(
        listed(linux("x64"), &names),
        ["App-1.0.0.AppImage", "app_1.0.0_amd64.deb", "app-1.0.0.x86_64.rpm", "app-1.0.0.pacman"]
    );
    assert_eq!(listed(linux("arm64"), &names), ["App-1.0.0-arm64.AppImage", "odd.AppImage"]);
    assert_eq!(listed(linux("arm"), &names), ["App-1.0.0-armv7l.AppImage"]);
    assert!(listed(linux("ia32"), &names).is_empty());
}

#[test]
fn files_of_other_platforms_in_folders_or_without_digest_are_not_listed() {
    assert!(listed(Target::Windows, &["App.exe|darwin", "dir/App.exe", "App.exe|beos"]).is_empty());
    let mut waiting = artifact("App.exe", 1);
    waiting.digests = None;
    assert!(Target::Windows.files([&waiting].into_iter(), None).is_empty());
}

#[test]
fn an_arch_that_the_name_does_not_say_is_told_otherwise() {
    let hint = |name: &str| {
        let artifacts = files(&[name]);
        Target::Windows.files(artifacts.iter(), Spelled::arch("arm64")).first().and_then(Listed::unnamed_arch)
    };
    assert_eq!(hint("App.exe||aarch64"), Some("arm64"));
    assert_eq!(hint("App-x86_64.exe"), Some("x64"));
    assert_eq!(hint("App-x64.exe"), None);
    assert_eq!(hint("App.exe"), None);
    assert_eq!(hint("App.exe||universal"), None);
}

#[test]
fn web_installers_have_packages_by_arch() {
    let artifacts =
        files(&["app-1.0.0-x64.nsis.7z", "app-1.0.0-ia32.nsis.7z", "app.nsis.7z", "other-x64.7z"]);
    let found = web_packages(artifacts.iter());
    let arches: Vec<&str> = found.iter().map(|(arch, _)| *arch).collect();
    assert_eq!(arches, ["x64", "ia32"]);
}

#[test]
fn suffixes_are_those_of_electron_builder() {
    let suffixes = [Target::Windows, Target::Mac, linux("x64"), linux("arm64"), linux("arm"), linux("ia32")];
    assert_eq!(
        suffixes.map(Target::suffix),
        ["", "-mac", "-linux", "-linux-arm64", "-linux-arm", "-linux-ia32"]
    );
}
