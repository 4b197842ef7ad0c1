//! Which release a poll leads to, and what is said when to none.

use keyway_engine::testing::{Standing, denial};
use keyway_engine::{Engine as _, Reason, Told};
use keyway_versions::Channel;

use crate::shop::{
    feed, header, offered, poll, poll_at, release, said, shelf, text, uploaded, visible, windows, with_feed,
};

fn told(shelf: &keyway_engine::testing::Shelf, name: &str) -> Told {
    poll(shelf, name).told
}

#[test]
fn the_newest_of_the_channel_with_files_for_the_platform() {
    let shelf = visible([
        windows("2.0.0-beta.10"),
        windows("2.0.0-beta.9"),
        release("1.2.0", &["App-1.2.0.AppImage", "latest-linux.yml"]),
        windows("1.1.0"),
        release("1.0.0", &["App-1.0.0-mac.zip", "App-1.0.0-arm64.AppImage"]),
    ]);
    for (name, version) in [
        ("latest.yml", "1.1.0"),
        ("stable.yml", "1.1.0"),
        ("rc.yml", "1.1.0"),
        ("beta.yml", "2.0.0-beta.10"),
        ("alpha.yml", "2.0.0-beta.10"),
        ("latest-linux.yml", "1.2.0"),
        ("beta-linux.yml", "1.2.0"),
        ("latest-mac.yml", "1.0.0"),
        ("latest-linux-arm64.yml", "1.0.0"),
    ] {
        assert_eq!(offered(&shelf, name), version, "{name}");
    }
    assert_eq!(
        told(&shelf, "latest.yml").line,
        "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=no-artifact"
    );
    assert_eq!(told(&shelf, "latest-mac.yml").platform, Some("darwin"));
    assert_eq!(told(&shelf, "latest-linux.yml").offered, Some(2));
}

#[test]
fn a_file_on_its_way_is_not_offered() {
    let mut newest = windows("1.1.0");
    newest.artifacts[0].uploaded = false;
    let shelf = visible([newest, windows("1.0.0")]);
    assert_eq!(offered(&shelf, "latest.yml"), "1.0.0");
}

#[test]
fn a_licence_that_ended_before_the_newest_gets_the_older_one() {
    let outside = denial(Reason::OutsideWindow, "Your licence ended before 2.0.0 came out.");
    let shelf =
        shelf(vec![(windows("2.0.0"), Standing::Withheld(outside)), (windows("1.0.0"), Standing::Visible)]);
    let update = poll(&shelf, "latest.yml");
    assert_eq!(said(&feed(&update), "version").unwrap(), "1.0.0");
    assert!(update.told.line.contains("passed-over=2.0.0; reason=outside-window"), "{}", update.told.line);
}

#[test]
fn a_licence_that_may_have_nothing_is_told_why() {
    let suspended = denial(Reason::Suspended, "This licence is suspended.");
    let shelf = shelf(vec![(windows("1.0.0"), Standing::Withheld(suspended))])
        .denied(Reason::Suspended, "This licence is suspended.");
    let update = poll(&shelf, "latest.yml");
    assert_eq!(
        (update.answer.status.as_u16(), text(&update.answer).as_str()),
        (403, "This licence is suspended.\n")
    );
    assert_eq!(update.told.offered, None);
    let refused = keyway_engine_electron::ElectronEngine;
    let head = http::HeaderMap::new();
    let op = refused
        .parse(&keyway_engine::Head {
            method: &http::Method::GET,
            path: "/app/latest.yml",
            query: "",
            headers: &head,
        })
        .unwrap();
    for (reason, status) in
        [(Reason::CredentialMissing, 401), (Reason::CredentialInvalid, 401), (Reason::Suspended, 403)]
    {
        let plain = refused.refuse(&op, keyway_engine::testing::SITE, &denial(reason, "No."));
        assert_eq!((plain.status.as_u16(), text(&plain).as_str()), (status, "No.\n"));
        assert!(header(&plain, "x-update-decision").unwrap().starts_with("none; reason="));
    }
}

#[test]
fn an_entitled_channel_alone_is_refused_with_its_reason() {
    let lacking = denial(Reason::NotEntitled, "The licence lacks the entitlement beta.");
    let shelf = shelf(vec![
        (windows("2.0.0-beta.1"), Standing::Visible),
        (windows("1.0.0"), Standing::Withheld(lacking)),
    ]);
    let update = poll(&shelf, "latest.yml");
    assert_eq!(update.answer.status.as_u16(), 403);
    assert!(text(&update.answer).contains("entitlement beta"));
}

#[test]
fn nothing_for_the_platform_is_not_found_with_a_reason() {
    let shelf = visible([windows("1.0.0")]);
    for (name, said, line) in [
        ("latest-mac.yml", "darwin", "none; channel=stable; passed-over=1.0.0; reason=no-artifact"),
        ("latest-linux-vax.yml", "no arch", "none; channel=stable; passed-over=1.0.0; reason=no-artifact"),
        (
            "nightly.yml",
            "no channel of ours",
            "none; reason=bad-channel; detail=\"there is no channel nightly\"",
        ),
        ("dev.yml", "no release", "none; reason=up-to-date; channel=dev"),
    ] {
        let update = poll(&shelf, name);
        assert_eq!(update.answer.status.as_u16(), 404, "{name}");
        assert!(text(&update.answer).contains(said), "{name}: {}", text(&update.answer));
        assert_eq!(update.told.line, line, "{name}");
    }
}

#[test]
fn a_rollout_leaves_the_others_at_the_release_before() {
    let shelf = visible([windows("2.0.0"), windows("1.0.0")]).waiting(&["2.0.0"]);
    assert_eq!(offered(&shelf, "latest.yml"), "1.0.0");
    assert!(told(&shelf, "latest.yml").line.ends_with("passed-over=2.0.0; reason=rollout"));
}

#[test]
fn pins_decide_over_the_channel_that_is_asked_for() {
    let releases = || [windows("3.0.0"), windows("2.0.0-beta.1"), windows("1.0.0")];
    assert_eq!(offered(&visible(releases()).pinned(None, &["1.0.0"]), "latest.yml"), "1.0.0");
    assert_eq!(offered(&visible(releases()).pinned(Some(Channel::Stable), &[]), "beta.yml"), "3.0.0");
}

#[test]
fn a_constraint_in_the_query_holds_and_a_bad_one_is_told() {
    let shelf = visible([windows("2.0.0"), windows("1.5.0")]);
    let kept = poll_at(&shelf, "/app/latest.yml", "constraint=1");
    assert_eq!(said(&feed(&kept), "version").unwrap(), "1.5.0");
    let bad = poll_at(&shelf, "/app/latest.yml", "constraint=%7E%3E");
    assert_eq!(bad.answer.status.as_u16(), 404);
    assert!(bad.told.line.contains("reason=bad-constraint"), "{}", bad.told.line);
}

#[test]
fn a_channel_of_the_vendors_own_is_the_newest_release_with_its_feed() {
    let nightly = |version: &str| {
        let file = format!("App Setup {version}.exe");
        with_feed(windows(version), "nightly.yml", &uploaded(version, &file))
    };
    let shelf = visible([nightly("2.0.0-dev.2"), nightly("1.1.0"), windows("1.2.0")]);
    assert_eq!(offered(&shelf, "nightly.yml"), "1.1.0");
    let shelf = visible([nightly("2.0.0-dev.2"), windows("1.2.0")]);
    assert_eq!(offered(&shelf, "nightly.yml"), "2.0.0-dev.2");
}

#[test]
fn the_installation_is_known_to_rollouts() {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-user-staging-id", "uuid".parse().unwrap());
    let head = |path| keyway_engine::Head { method: &http::Method::GET, path, query: "", headers: &headers };
    let engine = keyway_engine_electron::ElectronEngine;
    let poll = engine.parse(&head("/app/latest.yml")).unwrap();
    assert!(engine.is_poll(&poll));
    assert!(!engine.is_poll(&engine.parse(&head("/app/App.exe")).unwrap()));
}
