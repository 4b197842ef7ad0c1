//! Ladders of releases, and what polls are led to.

use keyway_versions::Scheme;

use super::*;
use crate::Query;
use crate::testing::{Shelf, Standing, artifact, denial, release};

/// A release with files, each with its platform.
fn built(version: &str, standing: Standing, platforms: &[&str]) -> (Release, Standing) {
    let mut release = release(Scheme::Semver, version);
    for platform in platforms {
        let mut file = artifact("app", 1);
        file.platform = Some((*platform).to_owned());
        release.artifacts.push(file);
    }
    (release, standing)
}

fn poll(current: &str, query: &str) -> Poll {
    Poll::read(Some(current), Query(query)).unwrap()
}

/// The version offered for linux, and the line that says why.
fn told(shelf: &Shelf, poll: &Poll) -> (Option<String>, String) {
    let view = shelf.view();
    let among = view.package.targets.built_for(&[Some("linux")], &[None]);
    let decision = view.upgrade(poll, Some(&among), |release| release.artifacts.first());
    let version = decision.offer.as_ref().map(|offer| offer.release.version.verbatim().to_owned());
    (version, decision.line())
}

fn ladder() -> Vec<(Release, Standing)> {
    let versions =
        ["1.0.0", "1.1.0", "1.2.0-beta.9", "1.2.0-beta.10", "1.2.0", "2.0.0-rc.1", "2.0.0", "2.1.0-dev.1"];
    versions.map(|version| built(version, Standing::Visible, &["linux"])).into()
}

#[test]
fn the_newest_of_the_channel_above_what_runs() {
    let shelf = Shelf::new("app", ladder());
    for (current, query, expected) in [
        ("1.0.0", "", Some("2.0.0")),
        ("1.0.0", "constraint=1", Some("1.2.0")),
        ("1.2.0-beta.9", "channel=beta&constraint=1.2-beta", Some("1.2.0-beta.10")),
        ("1.2.0-beta.9", "channel=beta", Some("2.0.0")),
        ("2.0.0", "", None),
        ("2.0.0", "channel=dev", Some("2.1.0-dev.1")),
        ("2.1.0-dev.1", "", None),
        ("2.1.0-dev.1", "channel=stable", None),
        ("0.0.7", "", Some("2.0.0")),
        ("1.1.5", "channel=rc", Some("2.0.0")),
        ("9.9.9", "", None),
        ("", "", Some("2.0.0")),
    ] {
        assert_eq!(told(&shelf, &poll(current, query)).0.as_deref(), expected, "{current} {query}");
    }
}

#[test]
fn a_release_without_a_file_for_the_target_is_passed_over() {
    let shelf = Shelf::new(
        "app",
        vec![
            built("1.0.0", Standing::Visible, &["linux"]),
            built("1.1.0", Standing::Visible, &["linux", "darwin"]),
            built("1.2.0", Standing::Visible, &["darwin"]),
        ],
    );
    let (version, line) = told(&shelf, &poll("1.0.0", ""));
    assert_eq!(version.as_deref(), Some("1.1.0"));
    assert_eq!(line, "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=no-artifact");
    let (version, line) = told(&shelf, &poll("1.1.0", ""));
    assert_eq!(version, None);
    assert_eq!(line, "none; channel=stable; passed-over=1.2.0; reason=no-artifact");
}

#[test]
fn what_a_licence_does_not_give_is_named_with_the_reason() {
    let expired = denial(Reason::OutsideWindow, "the licence covers releases until 2026-01-01 only");
    let shelf = Shelf::new(
        "app",
        vec![
            built("1.0.0", Standing::Visible, &["linux"]),
            built("1.1.0", Standing::Visible, &["linux"]),
            built("2.0.0", Standing::Withheld(expired), &["linux"]),
            built("3.0.0", Standing::Hidden, &["linux"]),
        ],
    );
    let (version, line) = told(&shelf, &poll("1.0.0", ""));
    assert_eq!(version.as_deref(), Some("1.1.0"));
    let expected = "offer; version=1.1.0; channel=stable; passed-over=2.0.0; reason=outside-window; \
                    detail=\"the licence covers releases until 2026-01-01 only\"";
    assert_eq!(line, expected, "what is hidden is not spoken of");
    assert_eq!(
        told(&shelf, &poll("2.0.0", "")),
        (None, "none; reason=up-to-date; channel=stable".to_owned())
    );
}

#[test]
fn a_withdrawn_version_still_moves_on() {
    let mut rungs = ladder();
    rungs.push(built("2.0.1", Standing::Withdrawn, &["linux"]));
    let shelf = Shelf::new("app", rungs);
    assert_eq!(told(&shelf, &poll("1.0.0", "")).0.as_deref(), Some("2.0.0"));
    assert_eq!(told(&shelf, &poll("2.0.1", "")).0, None);
}

#[test]
fn those_whom_a_rollout_leaves_out_get_the_release_before() {
    let shelf = Shelf::new("app", ladder()).waiting(&["2.0.0"]);
    let (version, line) = told(&shelf, &poll("1.0.0", ""));
    assert_eq!(version.as_deref(), Some("1.2.0"));
    assert_eq!(line, "offer; version=1.2.0; channel=stable; passed-over=2.0.0; reason=rollout");
    assert_eq!(
        told(&shelf, &poll("1.2.0", "")),
        (None, "none; channel=stable; passed-over=2.0.0; reason=rollout".to_owned())
    );
}

#[test]
fn pins_win_over_what_is_asked_for() {
    let shelf = Shelf::new("app", ladder()).pinned(Some(Channel::Rc), &["1.0.0", "1.1.0", "2.0.0-rc.1"]);
    let (version, line) = told(&shelf, &poll("1.0.0", "channel=stable"));
    assert_eq!(version.as_deref(), Some("2.0.0-rc.1"));
    assert_eq!(line, "offer; version=2.0.0-rc.1; channel=rc; passed-over=2.0.0; reason=pinned");
}

#[test]
fn a_decision_is_a_header_whatever_it_says() {
    let told = Told::refused(&denial(Reason::Suspended, "Lizenz „A“\ngesperrt"));
    let (name, value) = told.header();
    assert_eq!(name, "x-update-decision");
    assert_eq!(value, "none; reason=suspended; detail=\"Lizenz ?A??gesperrt\"");
    let misread = BadPoll::Version("x".into());
    assert_eq!(
        Told::misread(&misread).line,
        "none; reason=bad-version; detail=\"the version x cannot be read\""
    );
}

#[test]
fn a_decision_is_a_word_for_figures() {
    let shelf = Shelf::new("app", ladder()).waiting(&["2.0.0"]);
    let word = |shelf: &Shelf, current: &str| {
        let poll = poll(current, "");
        shelf.view().upgrade(&poll, None, |_| Some(())).told(&poll, None).word()
    };
    assert_eq!(word(&shelf, "1.0.0"), "offer");
    assert_eq!(word(&shelf, "1.2.0"), "rollout");
    assert_eq!(word(&shelf, "9.0.0"), "up-to-date");
    assert_eq!(Told::refused(&denial(Reason::Suspended, "x; reason=expired")).word(), "suspended");
    assert_eq!(Told::misread(&BadPoll::Channel("x".into())).word(), "bad-channel");
    let odd = Told { line: "none; reason=moon".into(), ..Told::misread(&BadPoll::Channel("x".into())) };
    assert_eq!(odd.word(), "other");
    for (index, word) in Told::WORDS.iter().enumerate() {
        assert!(Told::WORDS.iter().skip(index + 1).all(|other| other != word), "{word}");
    }
}
