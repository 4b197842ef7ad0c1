//! The Velopack engine through its public face: what a feed says to whom (`updaters.md` §0 and §3).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial};
use keyway_engine::{
    Access, BadPath, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply, Told,
};
use keyway_engine_velopack::VelopackEngine;
use keyway_versions::{Channel, Scheme};
use proptest::prelude::*;
use serde_json::{Value, json};

fn ask_at(path: &str, query: &str, access: &Access<'_>) -> Reply {
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://velopack.example",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    VelopackEngine.reply(&VelopackEngine.parse(&head).unwrap(), &context, access)
}

/// The feed of a channel for an app that runs a version, and what a developer is told.
fn feed(shelf: &Shelf, channel: &str, current: &str) -> (Value, Told) {
    let path = format!("/app/releases.{channel}.json");
    let query = format!("localVersion={current}&id=App&stagingId=s");
    match ask_at(&path, &query, &Access::Package(shelf.view())) {
        Reply::Update(update) => {
            assert_eq!(update.answer.status, 200, "the client takes no other status");
            let cached = update.answer.headers.iter().find(|(name, _)| name == "cache-control").unwrap();
            assert_eq!(cached.1, "private, no-store");
            (serde_json::from_slice(&update.answer.body).unwrap(), update.told)
        }
        other => panic!("no answer to a poll: {other:?}"),
    }
}

/// Names in the feed.
fn names(shelf: &Shelf, channel: &str, current: &str) -> Vec<String> {
    let (feed, _) = feed(shelf, channel, current);
    let assets = feed["Assets"].as_array().unwrap().iter();
    assets.map(|asset| asset["FileName"].as_str().unwrap().to_owned()).collect()
}

fn line(shelf: &Shelf, channel: &str, current: &str) -> String {
    feed(shelf, channel, current).1.line
}

/// A release with packages of these endings: `full`, `linux-delta`.
fn release(version: &str, endings: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts =
        endings.iter().map(|end| testing::artifact(&format!("App-{version}-{end}.nupkg"), 7)).collect();
    release
}

fn shelf(releases: Vec<(Release, Standing)>) -> Shelf {
    Shelf::new("app", releases)
}

fn visible(releases: &[(&str, &[&str])]) -> Shelf {
    shelf(releases.iter().map(|(version, ends)| (release(version, ends), Standing::Visible)).collect())
}

const BOTH: &[&str] = &["full", "delta"];

#[test]
fn an_upgrade_is_the_full_package_and_the_deltas_that_lead_there() {
    let mut newest = release("1.2.0", BOTH);
    newest.description = Some("Faster \"still\".".to_owned());
    let shelf = shelf(vec![(newest, Standing::Visible), (release("1.1.0", BOTH), Standing::Visible)]);
    let asset = |version: &str, kind: &str, notes: &str| {
        json!({
            "PackageId": "App",
            "Version": version,
            "Type": kind,
            "FileName": format!("App-{version}-{}.nupkg", kind.to_lowercase()),
            "SHA1": "02".repeat(20),
            "SHA256": "03".repeat(32),
            "Size": 7,
            "NotesMarkdown": notes,
            "NotesHtml": "",
        })
    };
    let expected = json!({ "Assets": [
        asset("1.2.0", "Full", "Faster \"still\"."),
        asset("1.1.0", "Delta", ""),
        asset("1.2.0", "Delta", ""),
    ] });
    let (feed, told) = feed(&shelf, "win", "1.0.0");
    assert_eq!(feed, expected);
    assert_eq!(told.line, "offer; version=1.2.0; channel=stable");
    assert_eq!(
        (told.offered, told.current.as_deref(), told.platform),
        (Some(0), Some("1.0.0"), Some("windows"))
    );
}

#[test]
fn nothing_new_is_an_empty_feed() {
    let shelf = visible(&[("1.1.0", BOTH)]);
    for current in ["1.1.0", "1.2.0", "9.9.9-rc.1"] {
        let (feed, told) = feed(&shelf, "win", current);
        assert_eq!(feed, json!({ "Assets": [] }), "{current}");
        assert!(told.line.starts_with("none; reason=up-to-date"), "{}", told.line);
    }
    let (empty, told) = feed(&shelf, "win", "1.0");
    assert_eq!(
        (empty["Assets"].as_array().unwrap().len(), told.offered),
        (1 + 1, Some(0)),
        "1.0 is a version"
    );
    let (empty, told) = feed(&shelf, "win", "one");
    assert_eq!(empty, json!({ "Assets": [] }));
    assert_eq!(told.line, "none; reason=bad-version; detail=\"the version one cannot be read\"");
}

#[test]
fn who_does_not_say_what_runs_gets_the_newest() {
    let shelf = visible(&[("1.1.0", BOTH), ("1.0.0", BOTH)]);
    let reply = ask_at("/app/releases.win.json", "", &Access::Package(shelf.view()));
    let Reply::Update(update) = reply else { panic!("{reply:?}") };
    let feed: Value = serde_json::from_slice(&update.answer.body).unwrap();
    let version = |index: usize| (&feed["Assets"][index]["Version"], &feed["Assets"][index]["Type"]);
    assert_eq!(
        (version(0), version(1)),
        ((&json!("1.1.0"), &json!("Full")), (&json!("1.1.0"), &json!("Delta")))
    );
}

#[test]
fn a_release_without_a_package_for_the_target_is_passed_over() {
    let shelf = visible(&[("1.2.0", &["full"]), ("1.1.0", &["full", "linux-full", "osx-full"])]);
    assert_eq!(names(&shelf, "win", "1.0.0"), ["App-1.2.0-full.nupkg"]);
    assert_eq!(names(&shelf, "linux", "1.0.0"), ["App-1.1.0-linux-full.nupkg"]);
    assert_eq!(names(&shelf, "osx-arm64-stable", "1.0.0"), ["App-1.1.0-osx-full.nupkg"]);
    assert_eq!(
        line(&shelf, "linux", "1.0.0"),
        "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=no-artifact"
    );
    let mut coming = release("1.3.0", &["full"]);
    coming.artifacts[0].uploaded = false;
    let shelf = Shelf::new(
        "app",
        vec![(coming, Standing::Visible), (release("1.2.0", &["full"]), Standing::Visible)],
    );
    assert_eq!(names(&shelf, "win", "1.0.0"), ["App-1.2.0-full.nupkg"], "published before it was uploaded");
}

#[test]
fn a_channel_s_level_decides_what_is_shown() {
    let shelf = visible(&[("2.0.0-beta.10", &["full"]), ("2.0.0-beta.9", &["full"]), ("1.0.0", &["full"])]);
    assert_eq!(names(&shelf, "win-beta", "0.9.0"), ["App-2.0.0-beta.10-full.nupkg"]);
    assert_eq!(names(&shelf, "win-x64-stable", "0.9.0"), ["App-1.0.0-full.nupkg"]);
    assert_eq!(names(&shelf, "win", "0.9.0"), ["App-1.0.0-full.nupkg"]);
    assert_eq!(names(&shelf, "win", "2.0.0-beta.9"), ["App-2.0.0-beta.10-full.nupkg"], "by what runs");
    let pinned =
        visible(&[("2.0.0-beta.10", &["full"]), ("1.0.0", &["full"])]).pinned(Some(Channel::Stable), &[]);
    assert_eq!(names(&pinned, "win-beta", "0.9.0"), ["App-1.0.0-full.nupkg"], "the vendor's pin wins");
}

/// `distribution.md` §6.5: build metadata alone moves no stable version. The client does not encode the plus sign.
#[test]
fn build_metadata_is_part_of_a_version() {
    let shelf = visible(&[("1.0.0-beta.1+b.7", &["full"]), ("0.9.0+7", &["full"])]);
    assert_eq!(names(&shelf, "win", "1.0.0-beta.1+b.6"), ["App-1.0.0-beta.1+b.7-full.nupkg"]);
    assert_eq!(names(&shelf, "win", "1.0.0-beta.1+b.7"), [""; 0]);
    assert_eq!(names(&shelf, "win", "0.9.0+6"), [""; 0]);
    assert!(line(&shelf, "win", "0.9.0+6").starts_with("none; reason=up-to-date"));
}

#[test]
fn a_channel_that_cannot_be_understood_has_a_feed_with_a_reason() {
    let shelf = visible(&[("1.1.0", &["full", "win-lts-full"])]);
    assert_eq!(names(&shelf, "win-lts", "1.0.0"), ["App-1.1.0-win-lts-full.nupkg"], "it was packed for it");
    let (feed, told) = feed(&shelf, "nightly", "1.0.0");
    assert_eq!(feed, json!({ "Assets": [] }));
    assert_eq!(
        told.line,
        "none; reason=unknown-target; detail=\"'nightly' in the channel 'nightly' is no platform, arch or channel, \
         and no package was packed for it\""
    );
    assert!(line(&shelf, "win-lts", "1.1.0").starts_with("none; reason=up-to-date"));
}

#[test]
fn a_licence_gets_the_newest_that_it_may_have_and_deltas_to_just_that() {
    let refused = Standing::Withheld(denial(Reason::OutsideWindow, "It came after the licence expired."));
    let shelf = shelf(vec![
        (release("1.3.0", BOTH), refused),
        (release("1.2.0", BOTH), Standing::Visible),
        (release("1.1.0", BOTH), Standing::Withdrawn),
    ]);
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&shelf, "win", "1.0.0"), own(&["App-1.2.0-full.nupkg"]), "the way there is broken");
    let from_yanked = own(&["App-1.2.0-full.nupkg", "App-1.2.0-delta.nupkg"]);
    assert_eq!(names(&shelf, "win", "1.1.0"), from_yanked, "what was withdrawn still upgrades");
    assert_eq!(
        line(&shelf, "win", "1.2.0"),
        "none; channel=stable; passed-over=1.3.0; reason=outside-window; \
         detail=\"It came after the licence expired.\""
    );
}

#[test]
fn a_rollout_leaves_the_release_before() {
    let shelf = visible(&[("1.2.0", &["full"]), ("1.1.0", &["full"])]).waiting(&["1.2.0"]);
    assert_eq!(names(&shelf, "win", "1.0.0"), ["App-1.1.0-full.nupkg"]);
    assert!(line(&shelf, "win", "1.1.0").contains("reason=rollout"));
}

#[test]
fn who_may_have_nothing_is_refused_with_the_reason() {
    let hidden = || vec![(release("1.1.0", &["full"]), Standing::Hidden)];
    for (reason, status) in [(Reason::CredentialMissing, 401), (Reason::Suspended, 403)] {
        let shelf = Shelf::new("app", hidden()).denied(reason, "Not you.");
        for path in ["/app/releases.win.json", "/app/App-1.1.0-full.nupkg"] {
            let plain = match ask_at(path, "localVersion=1.0.0", &Access::Package(shelf.view())) {
                Reply::Update(update) => update.answer,
                Reply::Plain(plain) => plain,
                other => panic!("{other:?}"),
            };
            assert_eq!(
                (plain.status.as_u16(), plain.body.as_ref()),
                (status, b"Not you.\n".as_slice()),
                "{path}"
            );
            assert!(plain.headers.iter().any(|(name, _)| name == "x-update-decision"), "{path}");
        }
    }
}

#[test]
fn files_are_found_by_name_among_what_one_may_have() {
    let mut foldered = release("1.0.0", &[]);
    foldered.artifacts = vec![testing::artifact("x64/App-win-Setup.exe", 1)];
    let refused = Standing::Withheld(denial(Reason::NotEntitled, "Not yours."));
    let shelf = shelf(vec![
        (release("1.2.0", &["full"]), refused),
        (release("1.1.0", BOTH), Standing::Visible),
        (foldered, Standing::Visible),
    ]);
    let file = |name: &str| ask_at(&format!("/app/{name}"), "", &Access::Package(shelf.view()));
    let found =
        |release, artifact| Reply::File(FileReply { release, artifact, media_type: None, attachment: true });
    assert_eq!(file("App-1.1.0-delta.nupkg"), found(1, 1));
    assert_eq!(file("App-win-Setup.exe"), found(2, 0));
    let status = |name: &str| match file(name) {
        Reply::Plain(plain) => plain.status.as_u16(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status("App-1.2.0-full.nupkg"), 403);
    assert_eq!(status("App-9.9.9-full.nupkg"), 404);
    assert_eq!(status("RELEASES"), 404);
}

#[test]
fn a_package_is_needed_and_its_absence_is_told() {
    let headers = HeaderMap::new();
    let parse =
        |path| VelopackEngine.parse(&Head { method: &Method::GET, path, query: "", headers: &headers });
    let op = parse("/My%20App/releases.win.json").unwrap();
    assert_eq!(VelopackEngine.need(&op), Need::Package { key: "My App" });
    assert!(VelopackEngine.is_poll(&op));
    assert!(!VelopackEngine.is_poll(&parse("/app/x.nupkg").unwrap()));
    let Reply::Plain(Plain { status, .. }) = ask_at("/none/releases.win.json", "", &Access::Absent) else {
        panic!("not a plain answer")
    };
    assert_eq!(status, 404);
    assert_eq!(VelopackEngine.bad_path(&BadPath::Unknown).status, 404);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_poll_has_an_answer(channel in "[a-zA-Z0-9-]{1,12}", current in "\\PC{0,12}", id in "\\PC{0,6}") {
        let shelf = visible(&[("1.2.0", BOTH), ("1.1.0", &["full", "linux-full"])]);
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let query = format!("localVersion={}&id={}", encode(&current), encode(&id));
        let reply = ask_at(&format!("/app/releases.{channel}.json"), &query, &Access::Package(shelf.view()));
        let Reply::Update(update) = reply else { panic!("{reply:?}") };
        let feed: Value = serde_json::from_slice(&update.answer.body).unwrap();
        prop_assert!(feed["Assets"].is_array());
        prop_assert!(update.told.header().1.to_str().is_ok());
    }
}
