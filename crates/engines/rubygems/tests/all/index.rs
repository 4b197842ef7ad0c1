//! The compact index and the spec indexes.

use std::collections::BTreeMap;

use keyway_base::Timestamp;
use keyway_crypto::digest::md5;
use keyway_engine::testing::{Shelf, Standing, denial, release};
use keyway_engine::{Access, Artifact, Reason, Release, Status, Transfer};
use keyway_versions::Scheme;
use proptest::prelude::*;

use crate::{APART, ask, document, gem, gunzip, plain, taken_in, text, widget};

const SHA: &str = "0303030303030303030303030303030303030303030303030303030303030303";

fn info(shelf: &Shelf) -> String {
    text(ask(&format!("/info/{}", shelf.package.key), &Access::Package(shelf.view())))
}

fn versions(shelves: &[&Shelf]) -> String {
    let views: Vec<_> = shelves.iter().map(|shelf| shelf.view()).collect();
    text(ask("/versions", &Access::Packages(&views)))
}

#[test]
fn an_info_document_has_a_line_per_gem() {
    let shelf = widget(&[("1.1.0", 0), ("2.0.0.beta1", 0), ("1.0.0", 0)]);
    let needs = "acme.base:>= 1.0.1&~> 1.0|checksum";
    let expected: String = ["1.0.0", "1.1.0", "2.0.0.beta1"]
        .map(|version| format!("{version} {needs}:{SHA},ruby:>= 2.5\n"))
        .concat();
    assert_eq!(info(&shelf), format!("---\n{expected}"));
    let answer = document(ask("/info/acme-widget", &Access::Package(shelf.view())));
    assert_eq!((answer.media_type, answer.transfer), ("text/plain; charset=utf-8", Transfer::Appended));
}

#[test]
fn platforms_follow_the_version() {
    let mut made = release(Scheme::Gem, "1.0.0");
    for platform in [None, Some("x86_64-linux"), Some("java")] {
        made.artifacts.push(taken_in("acme-native", "1.0.0", platform, 0));
    }
    let shelf = Shelf::new("acme-native", vec![(made, Standing::Visible)]);
    let lines = ["1.0.0-java", "1.0.0", "1.0.0-x86_64-linux"]
        .map(|tail| format!("{tail} |checksum:{SHA}\n"))
        .concat();
    assert_eq!(info(&shelf), format!("---\n{lines}"));
    let list = versions(&[&shelf]);
    assert!(list.contains("acme-native 1.0.0-java,1.0.0,1.0.0-x86_64-linux "), "{list}");
}

#[test]
fn versions_list_every_gem_with_the_digest_of_its_info() {
    let (first, second) = (widget(&[("1.0.0", 0), ("1.1.0", 1)]), {
        let base = gem("acme.base", "1.0.2", 2);
        Shelf::new("acme.base", vec![(base, Standing::Visible)])
    });
    let digest = |shelf| md5(info(shelf).as_bytes()).hex();
    assert_eq!(
        versions(&[&first, &second]),
        format!(
            "created_at: 2026-01-02T03:04:05.678Z\n---\nacme-widget 1.0.0,1.1.0 {}\nacme.base 1.0.2 {}\n",
            digest(&first),
            digest(&second)
        )
    );
    assert_eq!(versions(&[]), "created_at: 1970-01-01T00:00:00.000Z\n---\n");
}

#[test]
fn later_gems_are_appended_whatever_their_version() {
    let old = widget(&[("1.1.0", 0), ("2.0.0", 5)]);
    let new = widget(&[("1.1.0", 0), ("2.0.0", 5), ("1.0.0", APART + 5)]);
    assert!(info(&new).starts_with(&info(&old)));
    assert!(versions(&[&new]).starts_with(&versions(&[&old])));
    let last = format!("acme-widget 1.0.0 {}\n", md5(info(&new).as_bytes()));
    assert!(versions(&[&new]).ends_with(&last));
}

#[test]
fn yanked_gems_are_in_no_index_and_drafts_are_the_vendor_s() {
    let yanked = Release { status: Status::Yanked, ..gem("acme-widget", "1.1.0", 0) };
    let shelf = Shelf::new(
        "acme-widget",
        vec![
            (gem("acme-widget", "1.0.0", 0), Standing::Visible),
            (yanked, Standing::Visible),
            (gem("acme-widget", "2.0.0", 0), Standing::Hidden),
        ],
    );
    assert!(versions(&[&shelf]).contains("acme-widget 1.0.0 "));
    assert_eq!(info(&shelf).lines().count(), 2);
}

#[test]
fn what_is_refused_is_listed_only_where_there_is_nothing_else() {
    let refused = |version| {
        let standing = Standing::Withheld(denial(Reason::Suspended, "The licence is suspended."));
        (gem("acme-widget", version, 0), standing)
    };
    let ended = Shelf::new("acme-widget", vec![refused("1.0.0"), refused("1.1.0")])
        .denied(Reason::Suspended, "The licence is suspended.");
    assert!(versions(&[&ended]).contains("acme-widget 1.0.0,1.1.0 "));
    assert_eq!(info(&ended).lines().count(), 3);
    let some = Shelf::new(
        "acme-widget",
        vec![(gem("acme-widget", "1.0.0", 0), Standing::Visible), refused("1.1.0")],
    );
    assert!(versions(&[&some]).contains("acme-widget 1.0.0 "));
}

#[test]
fn a_package_without_gems_is_in_no_index() {
    let empty = Shelf::new("acme-widget", vec![(release(Scheme::Gem, "1.0.0"), Standing::Visible)]);
    assert!(versions(&[&empty]).ends_with("---\n"));
    let answer = plain(ask("/info/acme-widget", &Access::Package(empty.view())));
    assert_eq!(answer.status, 404);
    let denied = empty.denied(Reason::NotLicensed, "Not yours.");
    let answer = plain(ask("/info/acme-widget", &Access::Package(denied.view())));
    assert_eq!((answer.status.as_u16(), answer.reason.as_deref()), (403, Some("Not yours.")));
}

/// The strings of a spec index, in order: names, versions and platforms by turns.
fn triples(shelf: &Shelf, path: &str) -> Vec<String> {
    let answer = document(ask(path, &Access::Packages(&[shelf.view()])));
    assert_eq!((answer.media_type, answer.transfer), ("application/octet-stream", Transfer::Packed));
    let bytes = gunzip(&answer.body);
    let mut found = Vec::new();
    for (at, _) in bytes.windows(2).enumerate().filter(|(_, two)| two == b"I\"") {
        let length = usize::from(bytes[at + 2]) - 5;
        found.push(String::from_utf8(bytes[at + 3..at + 3 + length].to_vec()).unwrap());
    }
    found
}

#[test]
fn spec_indexes_part_releases_from_pre_releases() {
    let shelf = widget(&[("1.0.0", 0), ("1.1.0", 0), ("2.0.0.beta1", 0)]);
    let row = |version: &str| ["acme-widget", version, "ruby"].map(str::to_owned);
    assert_eq!(triples(&shelf, "/specs.4.8.gz"), [row("1.0.0"), row("1.1.0")].concat());
    assert_eq!(triples(&shelf, "/latest_specs.4.8.gz"), row("1.1.0"));
    assert_eq!(triples(&shelf, "/prerelease_specs.4.8.gz"), row("2.0.0.beta1"));
}

/// Versions `1.0.N` of a gem, each made so many seconds after the first; the facts are the fixture's.
fn many(name: &str, seconds: &[i64]) -> Shelf {
    let of = |(number, later): (usize, &i64)| {
        let version = format!("1.0.{}", (number * 7) % 50);
        let mut made = release(Scheme::Gem, &version);
        let mut artifact = taken_in("acme.base", "1.0.2", None, later * 1_000_000);
        let facts = format!("{version}\nruby\nruby\n\n");
        artifact.manifests[0].bytes = facts.into_bytes().into();
        made.artifacts
            .push(Artifact { created: Timestamp::from_micros(artifact.created.as_micros()), ..artifact });
        (made, Standing::Visible)
    };
    Shelf::new(name, seconds.iter().enumerate().map(of).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever comes a minute after everything else is appended, and every gem's last digest is its info's.
    #[test]
    fn what_comes_later_is_appended(
        left in prop::collection::vec(0_i64..400, 1..6),
        right in prop::collection::vec(0_i64..400, 0..6),
        added in prop::collection::vec(0_i64..100, 1..4),
    ) {
        let end = left.iter().chain(&right).max().unwrap() + 61;
        let grown: Vec<i64> = left.iter().copied().chain(added.iter().map(|second| end + second)).collect();
        let (old_left, new_left, right) = (many("a", &left), many("a", &grown), many("b", &right));
        prop_assert!(info(&new_left).starts_with(&info(&old_left)));
        let (old, new) = (versions(&[&old_left, &right]), versions(&[&new_left, &right]));
        prop_assert!(new.starts_with(&old), "{old}\n{new}");
        let rows: Vec<Vec<&str>> = new.lines().skip(2).map(|line| line.split(' ').collect()).collect();
        let last: BTreeMap<&str, &str> = rows.iter().map(|row| (row[0], row[2])).collect();
        prop_assert_eq!(last["a"], md5(info(&new_left).as_bytes()).hex());
        let listed: usize = rows.iter().map(|row| row[1].split(',').count()).sum();
        prop_assert_eq!(listed, new_left.package.releases.len() + right.package.releases.len());
    }
}
