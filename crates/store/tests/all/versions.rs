//! The order of releases and artifacts (`distribution.md` §6.2, §6.3).

use keyway_domain::resources::Artifact;
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Order, Page, Sort};

use crate::world::{RELEASES, World, text};

/// Version, pre-release word and number, build word and number.
type Version = (&'static str, Option<&'static str>, Option<i64>, Option<&'static str>, Option<i64>);

/// The table of §6.3, latest first, the columns by the rule of §6.2.
const LATEST_FIRST: [Version; 13] = [
    ("1.0.0+21AF26D3", None, None, Some("21AF26D3"), None),
    ("1.0.0+20130313144700", None, None, None, Some(20_130_313_144_700)),
    ("1.0.0", None, None, None, None),
    ("1.0.0-rc.1", Some("rc"), Some(1), None, None),
    ("1.0.0-beta.11", Some("beta"), Some(11), None, None),
    ("1.0.0-beta.2", Some("beta"), Some(2), None, None),
    ("1.0.0-beta+exp.sha.5114f85", Some("beta"), None, Some("exp.sha.5114f85"), None),
    ("1.0.0-beta+exp.sha.6", Some("beta"), None, Some("exp.sha"), Some(6)),
    ("1.0.0-beta", Some("beta"), None, None, None),
    ("1.0.0-alpha.beta", Some("alpha.beta"), None, None, None),
    ("1.0.0-alpha.1", Some("alpha"), Some(1), None, None),
    ("1.0.0-alpha+001", Some("alpha"), None, None, Some(1)),
    ("1.0.0-alpha", Some("alpha"), None, None, None),
];

fn word(word: Option<&str>) -> Value {
    word.map_or(Value::Null, text)
}
fn number(number: Option<i64>) -> Value {
    number.map_or(Value::Null, Value::Int)
}

/// The table's releases in an order that is none, with one that has no semver.
async fn releases() -> World {
    let world = World::new().await;
    let mut shuffled: Vec<_> = LATEST_FIRST.iter().enumerate().collect();
    shuffled.sort_by_key(|(position, _)| position * 5 % 13);
    world.add(RELEASES, &[("version", text("1!2.0.post1"))]).await;
    for (_, (version, pre_word, pre_num, build_word, build_num)) in shuffled {
        let values = [
            ("version", text(version)),
            ("semver_major", Value::Int(1)),
            ("semver_minor", Value::Int(0)),
            ("semver_patch", Value::Int(0)),
            ("semver_pre_word", word(*pre_word)),
            ("semver_pre_num", number(*pre_num)),
            ("semver_build_word", word(*build_word)),
            ("semver_build_num", number(*build_num)),
        ];
        world.add(RELEASES, &values).await;
    }
    world
}

fn texts(records: &[Record], column: &str) -> Vec<String> {
    records.iter().map(|record| record.get(column).as_text().unwrap().to_owned()).collect()
}

fn expected() -> Vec<&'static str> {
    LATEST_FIRST.iter().map(|(version, ..)| *version).chain(["1!2.0.post1"]).collect()
}

#[tokio::test]
async fn releases_come_in_the_reference_order_whatever_direction_is_asked() {
    let world = releases().await;
    for order in [Order::Asc, Order::Desc] {
        let page = Page { order, sort: Sort::ReleaseVersion, ..Page::default() };
        let records = world.db.list(RELEASES, world.account, &Scope::All, &page).await.unwrap();
        assert_eq!(texts(&records, "version"), expected());
    }
    let latest = Page { limit: Some(1), sort: Sort::ReleaseVersion, ..Page::default() };
    let records = world.db.list(RELEASES, world.account, &Scope::All, &latest).await.unwrap();
    assert_eq!(texts(&records, "version"), ["1.0.0+21AF26D3"]);
}

#[tokio::test]
async fn numbers_count_before_words() {
    let world = World::new().await;
    for (version, major, minor, patch) in
        [("1.10.0", 1, 10, 0), ("1.9.9", 1, 9, 9), ("2.0.0", 2, 0, 0), ("1.10.1", 1, 10, 1)]
    {
        let numbers = [("semver_major", major), ("semver_minor", minor), ("semver_patch", patch)];
        let mut values: Vec<_> = numbers.map(|(column, number)| (column, Value::Int(number))).into();
        values.push(("version", text(version)));
        world.add(RELEASES, &values).await;
    }
    let page = Page { sort: Sort::ReleaseVersion, ..Page::default() };
    let records = world.db.list(RELEASES, world.account, &Scope::All, &page).await.unwrap();
    assert_eq!(texts(&records, "version"), ["2.0.0", "1.10.1", "1.10.0", "1.9.9"]);
}

#[tokio::test]
async fn artifacts_follow_their_releases_and_then_the_newest_comes_first() {
    let world = releases().await;
    let releases = world.db.list(RELEASES, world.account, &Scope::All, &Page::default()).await.unwrap();
    for file in ["old", "new"] {
        for release in &releases {
            let version = release.get("version").as_text().unwrap();
            let name = text(&format!("{version} {file}"));
            world
                .add(Artifact::RESOURCE, &[("release_id", Value::Id(release.id())), ("filename", name)])
                .await;
        }
    }
    let page = Page { sort: Sort::ArtifactVersion, ..Page::default() };
    let artifacts = world.db.list(Artifact::RESOURCE, world.account, &Scope::All, &page).await.unwrap();
    let wanted: Vec<String> = expected()
        .into_iter()
        .flat_map(|version| [format!("{version} new"), format!("{version} old")])
        .collect();
    assert_eq!(texts(&artifacts, "filename"), wanted);
}
