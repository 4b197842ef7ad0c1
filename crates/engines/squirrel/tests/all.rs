//! The Squirrel engine through its public face: what `RELEASES` and the JSON for Macs say to whom (`updaters.md` §0
//! and §3).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial};
use keyway_engine::{
    Access, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply, Update,
};
use keyway_engine_squirrel::SquirrelEngine;
use keyway_versions::Scheme;
use proptest::prelude::*;
use serde_json::{Value, json};

fn ask(path: &str, query: &str, access: &Access<'_>) -> Reply {
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://updates.example/k/TOKEN",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    SquirrelEngine.reply(&SquirrelEngine.parse(&head).unwrap(), &context, access)
}

fn poll(shelf: &Shelf, path: &str, query: &str) -> Update {
    match ask(path, query, &Access::Package(shelf.view())) {
        Reply::Update(update) => *update,
        other => panic!("no answer to a poll: {other:?}"),
    }
}

fn text(plain: &Plain) -> &str {
    std::str::from_utf8(&plain.body).unwrap()
}

/// `RELEASES` for an app that runs a version.
fn releases(shelf: &Shelf, current: &str) -> String {
    let query = format!("id=App&localVersion={current}&arch=amd64");
    let update = poll(shelf, "/app/RELEASES", &query);
    assert_eq!(update.answer.status, 200);
    assert!(!update.answer.body.is_empty(), "the client takes no empty list");
    text(&update.answer).to_owned()
}

/// The line of a package on a shelf.
fn line(name: &str) -> String {
    format!("{} {name} 7\n", "02".repeat(20))
}

fn release(version: &str, files: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    let named = |file: &&str| testing::artifact(&file.replace('*', &format!("App-{version}")), 7);
    release.artifacts = files.iter().map(named).collect();
    release
}

fn visible(releases: &[(&str, &[&str])]) -> Shelf {
    let seen = |(version, files): &(&str, &[&str])| (release(version, files), Standing::Visible);
    Shelf::new("app", releases.iter().map(seen).collect())
}

const BOTH: &[&str] = &["*-full.nupkg", "*-delta.nupkg", "AppSetup.exe", "RELEASES"];
/// A line that names a version and nothing to load.
const NOTHING: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";

#[test]
fn an_upgrade_is_deltas_and_the_full_package() {
    let shelf = visible(&[("1.2.0", BOTH), ("1.1.0", BOTH), ("1.0.0", BOTH)]);
    let expected =
        ["App-1.1.0-delta.nupkg", "App-1.2.0-delta.nupkg", "App-1.2.0-full.nupkg"].map(line).concat();
    assert_eq!(releases(&shelf, "1.0.0"), expected);
    let update = poll(&shelf, "/app/win32-x64/1.1.0/RELEASES", "");
    let expected = ["App-1.2.0-delta.nupkg", "App-1.2.0-full.nupkg"].map(line).concat();
    assert_eq!(text(&update.answer), expected);
    assert_eq!(update.told.line, "offer; version=1.2.0; channel=stable");
    assert_eq!((update.told.platform, update.told.current.as_deref()), (Some("windows"), Some("1.1.0")));
}

#[test]
fn nothing_new_is_a_list_up_to_what_runs() {
    let shelf = visible(&[("1.1.0", BOTH), ("1.0.0", BOTH)]);
    assert_eq!(releases(&shelf, "1.1.0"), line("App-1.1.0-full.nupkg"));
    assert_eq!(releases(&shelf, "1.3.0"), line("App-1.1.0-full.nupkg"), "what runs need not be known");
    let newer = Standing::Withheld(denial(Reason::OutsideWindow, "Too new."));
    let shelf =
        Shelf::new("app", vec![(release("2.0.0", BOTH), newer), (release("1.0.0", &[]), Standing::Visible)]);
    assert_eq!(releases(&shelf, "1.0.0"), format!("{NOTHING} App-1.0.0-full.nupkg 0\n"));
}

#[test]
fn a_version_that_makes_no_sense_has_a_list_with_nothing_new() {
    let shelf = visible(&[("1.1.0", BOTH)]);
    for current in ["1.2.3.4", "one", "%00"] {
        let update = poll(&shelf, "/app/RELEASES", &format!("id=App&localVersion={current}"));
        assert_eq!(text(&update.answer), format!("{NOTHING} App-0.0.0-full.nupkg 0\n"), "{current}");
        assert!(update.told.line.starts_with("none; reason=bad-version"), "{}", update.told.line);
    }
    let update = poll(&shelf, "/app/RELEASES", "id=a%20b%0A&localVersion=one");
    assert_eq!(
        text(&update.answer),
        format!("{NOTHING} app-0.0.0-full.nupkg 0\n"),
        "nothing of it gets into a line"
    );
}

#[test]
fn labels_without_dots_are_ours_with_dots() {
    let files = |version: &str| {
        let spelled = version.replace("beta.", "beta");
        let mut release = testing::release(Scheme::Semver, version);
        release.artifacts = vec![testing::artifact(&format!("App-{spelled}-full.nupkg"), 7)];
        (release, Standing::Visible)
    };
    let shelf = Shelf::new("app", vec![files("1.0.0-beta.10"), files("1.0.0-beta.9"), files("1.0.0-beta.2")]);
    assert_eq!(releases(&shelf, "1.0.0-beta9"), line("App-1.0.0-beta10-full.nupkg"));
    assert_eq!(releases(&shelf, "1.0.0-beta10"), line("App-1.0.0-beta10-full.nupkg"));
    assert!(poll(&shelf, "/app/RELEASES", "localVersion=1.0.0-beta10").told.offered.is_none());
}

/// Only versions of the same numbers are looked at: 1.0.0 is there as 1.0.0+1 too, and labels differ in case.
#[test]
fn what_runs_is_found_among_the_versions_of_its_numbers() {
    let files = |version: &str| {
        let mut release = testing::release(Scheme::Semver, version);
        let name = keyway_nupkg::squirrel_spelling(version);
        release.artifacts = vec![testing::artifact(&format!("App-{name}-full.nupkg"), 7)];
        (release, Standing::Visible)
    };
    let shelf = || Shelf::new("app", ["2.0.0-beta.1", "1.0.0+7", "1.0.0-beta.3", "0.9.0"].map(files).into());
    let current = |current: &str| {
        poll(&shelf(), "/app/RELEASES", &format!("localVersion={current}&channel=beta")).told.current
    };
    assert_eq!(current("1.0.0").as_deref(), Some("1.0.0+7"));
    assert_eq!(current("1.0.0-BETA3").as_deref(), Some("1.0.0-beta.3"));
    assert_eq!(current("2.0.0-beta1").as_deref(), Some("2.0.0-beta.1"));
    assert_eq!(current("1.1.0-beta3").as_deref(), Some("1.1.0-beta3"));
    assert_eq!(current("7.0.0").as_deref(), Some("7.0.0"));
}

#[test]
fn a_package_is_known_by_its_key_in_any_case() {
    let normalise = SquirrelEngine.descriptor().normalise;
    assert_eq!(normalise("Acme.App").unwrap(), normalise("acme.app").unwrap());
}

#[test]
fn an_arch_in_the_address_has_packages_of_its_own() {
    let shelf = visible(&[("1.1.0", &["x64/*-full.nupkg", "arm64/*-full.nupkg"])]);
    for (path, artifact) in [("/app/win32/x64", 0), ("/app/win32-arm64/1.0.0", 1), ("/app/win32/ARM64", 1)] {
        let update = poll(&shelf, &format!("{path}/RELEASES"), "localVersion=1.0.0");
        assert_eq!(text(&update.answer), line("App-1.1.0-full.nupkg"), "{path}");
        let file = ask(&format!("{path}/App-1.1.0-full.nupkg"), "", &Access::Package(shelf.view()));
        let expected = FileReply { release: 0, artifact, media_type: None, attachment: true };
        assert_eq!(file, Reply::File(expected), "{path}");
    }
    let update = poll(&shelf, "/app/RELEASES", "localVersion=1.0.0&arch=amd64");
    assert_eq!(
        text(&update.answer),
        format!("{NOTHING} app-1.0.0-full.nupkg 0\n"),
        "which one is not guessed"
    );
    assert!(update.told.line.contains("passed-over=1.1.0; reason=no-artifact"), "{}", update.told.line);
    let update = poll(&shelf, "/app/win32/ia32/RELEASES", "localVersion=1.0.0");
    assert!(update.told.offered.is_none());
}

#[test]
fn packages_are_found_in_any_case_beside_their_list() {
    let withheld = Standing::Withheld(denial(Reason::NotEntitled, "Not yours."));
    let shelf = Shelf::new(
        "app",
        vec![(release("2.0.0", BOTH), withheld), (release("1.1.0", BOTH), Standing::Visible)],
    );
    let access = Access::Package(shelf.view());
    let found = Reply::File(FileReply { release: 1, artifact: 1, media_type: None, attachment: true });
    for path in [
        "/app/App-1.1.0-delta.nupkg",
        "/app/app-1.1.0-delta.nupkg",
        "/app/win32/x64/App-1.1.0-delta.nupkg",
        "/app/update/win32/1.0.0/App-1.1.0-delta.nupkg",
        "/app/1.1.0/App-1.1.0-delta.nupkg",
    ] {
        assert_eq!(ask(path, "", &access), found, "{path}");
    }
    let status = |path: &str| match ask(path, "", &access) {
        Reply::Plain(plain) => plain.status.as_u16(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status("/app/App-2.0.0-full.nupkg"), 403);
    assert_eq!(status("/app/App-3.0.0-full.nupkg"), 404);
    assert_eq!(status("/app/1.1.0/none.zip"), 404);
}

#[test]
fn a_mac_is_told_where_its_archive_is() {
    let mut newest = release("1.1.0", &["App 1.1.0-mac.zip", "App-1.1.0-arm64-mac.zip", "App.dmg"]);
    newest.name = Some("Autumn".to_owned());
    newest.description = Some("New <b>\"things\"</b>".to_owned());
    let shelf = Shelf::new("app", vec![(newest, Standing::Visible)]);
    let body = |path: &str| {
        let update = poll(&shelf, path, "");
        assert_eq!(update.answer.status, 200, "{path}");
        serde_json::from_slice::<Value>(&update.answer.body).unwrap()
    };
    let expected = |file: &str| {
        json!({
            "url": format!("https://updates.example/k/TOKEN/app/1.1.0/{file}"),
            "name": "Autumn",
            "notes": "New <b>\"things\"</b>",
            "pub_date": "2026-01-02T03:04:05.678Z",
        })
    };
    for path in ["/app/darwin/1.0.0", "/app/darwin/x64/v1.0.0", "/app/update/osx_64/1.0.0"] {
        assert_eq!(body(path), expected("App%201.1.0-mac.zip"), "{path}");
    }
    for path in ["/app/darwin/arm64/1.0.0", "/app/darwin-arm64/1.0.0", "/app/update/mac_arm64/1.0.0"] {
        assert_eq!(body(path), expected("App-1.1.0-arm64-mac.zip"), "{path}");
    }
    let mut update_to = expected("App%201.1.0-mac.zip");
    update_to["version"] = json!("1.1.0");
    assert_eq!(
        body("/app/darwin/releases.json"),
        json!({ "currentRelease": "1.1.0", "releases": [{ "version": "1.1.0", "updateTo": update_to }] })
    );
}

/// A 200 is installed even if it is what runs.
#[test]
fn a_mac_with_nothing_new_hears_nothing() {
    let shelf = visible(&[("1.1.0", &["App-mac.zip"])]);
    for (path, reason) in [
        ("/app/darwin/1.1.0", "none; reason=up-to-date"),
        ("/app/darwin/2.0.0", "none; reason=up-to-date"),
        ("/app/darwin/one", "none; reason=bad-version"),
        ("/app/darwin", "none; reason=bad-version"),
        ("/app/update/channel/nightly/darwin/1.0.0", "none; reason=bad-channel"),
        ("/app/darwin/arm64/1.0.0", "offer"),
        ("/app/update/win32/1.0.0", "none; reason=unknown-target"),
        ("/app/update/beos/1.0.0", "none; reason=unknown-target"),
        ("/app/linux/x64/1.0.0", "none; reason=unknown-target"),
    ] {
        let update = poll(&shelf, path, "");
        assert!(update.told.line.starts_with(reason), "{path}: {}", update.told.line);
        let expected = if reason == "offer" { 200 } else { 204 };
        assert_eq!(update.answer.status, expected, "{path}");
        assert_eq!(update.answer.body.is_empty(), expected == 204, "{path}");
    }
}

#[test]
fn an_archive_is_for_a_mac_if_its_vendor_or_its_name_says_so() {
    let offered = |files: &[(&str, Option<&str>, Option<&str>)], path: &str| {
        let mut release = release("1.1.0", &[]);
        for (name, platform, arch) in files {
            let mut file = testing::artifact(name, 7);
            [file.platform, file.arch] = [platform, arch].map(|said| said.map(str::to_owned));
            release.artifacts.push(file);
        }
        let shelf = Shelf::new("app", vec![(release, Standing::Visible)]);
        let update = poll(&shelf, path, "");
        let body: Value = serde_json::from_slice(&update.answer.body).ok()?;
        Some(body["url"].as_str().unwrap().rsplit('/').next().unwrap().to_owned())
    };
    let (intel, arm) = ("/app/darwin/1.0.0", "/app/darwin/arm64/1.0.0");
    let two = [("a.zip", Some("darwin"), Some("x64")), ("b.zip", Some("macos"), Some("arm64"))];
    assert_eq!(offered(&two, intel).as_deref(), Some("a.zip"));
    assert_eq!(offered(&two, arm).as_deref(), Some("b.zip"));
    let universal = [("App-mac.zip", None, None), ("App-universal-mac.zip", None, None)];
    assert_eq!(offered(&universal, arm).as_deref(), Some("App-universal-mac.zip"));
    for (name, platform) in [("App-win.zip", None), ("App-mac.zip", Some("windows")), ("App-mac.dmg", None)] {
        assert_eq!(offered(&[(name, platform, None)], intel), None, "{name}");
    }
    assert_eq!(offered(&[("App-arm64-mac.zip", None, None)], intel), None, "an Intel Mac cannot run it");
}

#[test]
fn who_may_have_nothing_is_refused_with_the_reason() {
    let hidden = vec![(release("1.1.0", BOTH), Standing::Hidden)];
    let shelf = Shelf::new("app", hidden).denied(Reason::Suspended, "Suspended.");
    for path in ["/app/RELEASES", "/app/darwin/1.0.0", "/app/darwin/releases.json", "/app/update/beos/1.0.0"]
    {
        let update = poll(&shelf, path, "");
        assert_eq!((update.answer.status.as_u16(), text(&update.answer)), (403, "Suspended.\n"), "{path}");
        assert!(update.told.line.starts_with("none; reason=suspended"), "{path}");
    }
    let Reply::Plain(file) = ask("/app/App-1.1.0-full.nupkg", "", &Access::Package(shelf.view())) else {
        panic!("no refusal")
    };
    assert_eq!(file.status, 403);
}

#[test]
fn a_package_is_needed_and_polls_say_who_polls() {
    let headers = HeaderMap::new();
    let parse = |path| {
        SquirrelEngine.parse(&Head { method: &Method::GET, path, query: "", headers: &headers }).unwrap()
    };
    assert_eq!(SquirrelEngine.need(&parse("/My%20App/RELEASES")), Need::Package { key: "My App" });
    assert!(SquirrelEngine.is_poll(&parse("/app/darwin/1.0.0")));
    assert!(!SquirrelEngine.is_poll(&parse("/app/1.0.0/App.zip")));
    let Reply::Plain(absent) = ask("/none/RELEASES", "", &Access::Absent) else {
        panic!("not a plain answer")
    };
    assert_eq!(absent.status, 404);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Each line is as Squirrel's own pattern has it, whatever the query says.
    #[test]
    fn every_list_can_be_read(current in "\\PC{0,12}", id in "\\PC{0,8}", arch in "\\PC{0,4}") {
        let shelf = visible(&[("1.2.0", BOTH), ("1.1.0", &["*-full.nupkg"])]);
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let query = format!("localVersion={}&id={}&arch={}", encode(&current), encode(&id), encode(&arch));
        let update = poll(&shelf, "/app/RELEASES", &query);
        let body = text(&update.answer);
        prop_assert!(!body.is_empty() && body.ends_with('\n'));
        for line in body.lines() {
            let [sha1, name, size] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            prop_assert!(sha1.len() == 40 && sha1.chars().all(|c| c.is_ascii_hexdigit()));
            prop_assert!(name.ends_with(".nupkg"));
            prop_assert!(size.parse::<u64>().is_ok());
        }
    }
}
