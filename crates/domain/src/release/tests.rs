//! Versions, tags and upgrades, by the tables of `distribution.md` §5 and §6.

use keyway_base::{AccountId, RecordId};
use keyway_jsonapi::Declared;
use serde_json::json;

use super::*;
use crate::resources::ReleaseStatus;
use Channel::{Alpha, Beta, Dev, Rc, Stable};

const UPSTREAM: Dialect = Dialect::Upstream;
const NPM: Dialect = Dialect::Ecosystem(Scheme::Npm);
const PYTHON: Dialect = Dialect::Ecosystem(Scheme::Pep440);

fn stored(dialect: Dialect, text: &str, channel: Channel) -> Result<String, String> {
    match read_version(dialect, text, channel) {
        Ok(version) => Ok(version.verbatim().to_owned()),
        Err(VersionRefusal::TooLarge) => Err("400".to_owned()),
        Err(VersionRefusal::Invalid(invalid)) => Err(invalid.code().into_owned()),
    }
}

/// `distribution.md` §6.1 and §14.15.
#[test]
fn upstream_s_dialect_reads_as_specified() {
    for (text, channel, expected) in [
        ("1.0.0", Stable, Ok("1.0.0")),
        ("2", Stable, Ok("2.0.0")),
        ("1.2", Stable, Ok("1.2.0")),
        ("01.2.3", Stable, Ok("1.2.3")),
        ("1.0.0+build.1", Stable, Ok("1.0.0+build.1")),
        ("1.0.0-beta.1", Beta, Ok("1.0.0-beta.1")),
        ("1.0.0-rc", Rc, Ok("1.0.0-rc")),
        ("1.0.0-alpha.1.2", Alpha, Ok("1.0.0-alpha.1.2")),
        ("1.0.0-dev.9", Dev, Ok("1.0.0-dev.9")),
        ("1.0.0-betatest", Beta, Ok("1.0.0-betatest")),
        ("1.2.3.4", Stable, Err("VERSION_INVALID")),
        ("v1.0.0", Stable, Err("VERSION_INVALID")),
        ("1.0-beta", Beta, Err("VERSION_INVALID")),
        ("1.0.post1", Stable, Err("VERSION_INVALID")),
        ("latest", Stable, Err("VERSION_INVALID")),
        ("1.0.0-beta.1", Stable, Err("VERSION_CHANNEL_INVALID")),
        ("1.0.0", Beta, Err("VERSION_CHANNEL_INVALID")),
        ("1.0.0-beta.1", Rc, Err("VERSION_CHANNEL_INVALID")),
        ("1.0.0-pre.1", Beta, Err("VERSION_CHANNEL_INVALID")),
        ("1.0.0-next.1", Dev, Err("VERSION_CHANNEL_INVALID")),
        ("99999999999999999999.0.0", Stable, Err("400")),
        ("1.0.0-rc.9223372036854775808", Rc, Err("400")),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(stored(UPSTREAM, text, channel), expected, "{text} in {channel}");
    }
}

/// DESIGN §9 "versions of an ecosystem".
#[test]
fn ecosystems_keep_their_own_versions() {
    for (dialect, text, channel, expected) in [
        (PYTHON, "1.0.post1", Stable, Ok("1.0.post1")),
        (PYTHON, "1!2.0", Stable, Ok("1!2.0")),
        (PYTHON, "1.2.3.4", Stable, Ok("1.2.3.4")),
        (PYTHON, "1.0a1", Alpha, Ok("1.0a1")),
        (PYTHON, "1.0.dev3", Dev, Ok("1.0.dev3")),
        (PYTHON, "1.0a1", Beta, Err("VERSION_CHANNEL_INVALID")),
        (PYTHON, "1.0.dev3", Beta, Err("VERSION_CHANNEL_INVALID")),
        (PYTHON, "1.0a1", Stable, Err("VERSION_CHANNEL_INVALID")),
        (PYTHON, "one", Stable, Err("VERSION_INVALID")),
        (NPM, "1.0.0-next.1", Dev, Ok("1.0.0-next.1")),
        (NPM, "1.0.0-next.1", Beta, Ok("1.0.0-next.1")),
        (NPM, "1.0.0-0", Rc, Ok("1.0.0-0")),
        (NPM, "1.0.0-next.1", Stable, Err("VERSION_CHANNEL_INVALID")),
        (NPM, "1.0.0-beta.1", Rc, Err("VERSION_CHANNEL_INVALID")),
        (NPM, "1.0.0-dev.1", Beta, Err("VERSION_CHANNEL_INVALID")),
        (NPM, "1.0", Stable, Err("VERSION_INVALID")),
        (NPM, "1.0.99999999999999999999", Stable, Err("400")),
    ] {
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(stored(dialect, text, channel), expected, "{text} in {channel}");
    }
}

#[test]
fn refusals_read_as_upstream_words_them() {
    let detail = |text, channel| match read_version(UPSTREAM, text, channel).unwrap_err() {
        VersionRefusal::Invalid(invalid) => invalid.into_object().detail,
        VersionRefusal::TooLarge => ApiError::from(VersionRefusal::TooLarge).detail().to_owned(),
    };
    assert_eq!(
        detail("1.0.0-beta.1", Stable),
        "version does not match stable channel (expected x.y.z got 1.0.0-beta.1)"
    );
    assert_eq!(
        detail("1.0.0", Beta),
        "version does not match prerelease channel (expected x.y.z-beta.n got 1.0.0)"
    );
    assert_eq!(detail("99999999999999999999", Stable), "integer is too large");
    assert_eq!(ApiError::from(VersionRefusal::TooLarge).status.as_u16(), 400);
}

fn release(scheme: Scheme, text: &str) -> Release {
    let now = Timestamp::from_micros(0);
    let account = AccountId::generate(now);
    let mut record = Record::new(Release::RESOURCE, RecordId::generate(now), account, None, now);
    let version = parse(scheme, text).unwrap();
    set_version(&mut record, &version);
    record.set("product_id", Value::Id(RecordId::generate(now)));
    record.set("channel", Value::Text(version.derived_channel().as_str().to_owned()));
    record.set("status", Value::Text(ReleaseStatus::Published.as_str().to_owned()));
    record.set("metadata", Value::Json(json!({})));
    record.typed().unwrap()
}

fn next(
    scheme: Scheme,
    current: &str,
    channel: Option<Channel>,
    constraint: Option<&str>,
    candidates: &[&str],
) -> Option<String> {
    let releases: Vec<Release> = candidates.iter().map(|text| release(scheme, text)).collect();
    let current = release(scheme, current);
    let constraint: Option<Constraint> = constraint.map(|text| text.parse().unwrap());
    let upgrade = Upgrade { scheme, current: &current, channel, constraint: constraint.as_ref() };
    upgrade.best(&releases).map(|release| release.version.clone())
}

/// `distribution.md` §6.5.
#[test]
fn upgrades_are_the_highest_within_channel_and_constraint() {
    let all = ["1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.1.0-beta.1", "3.0.0-alpha.1", "9.0.0-dev.1", "1.0.0+1"];
    for (current, channel, constraint, expected) in [
        ("1.0.0", None, None, Some("2.0.0")),
        ("2.0.0", None, None, None),
        ("1.0.0", Some(Beta), None, Some("2.1.0-beta.1")),
        ("1.0.0", Some(Alpha), None, Some("3.0.0-alpha.1")),
        ("1.0.0", Some(Dev), None, Some("9.0.0-dev.1")),
        ("2.1.0-beta.1", None, None, None),
        ("3.0.0-alpha.1", None, None, None),
        ("1.0.0", None, Some("1"), Some("1.1.0")),
        ("1.0.0", None, Some("~> 1.0.0"), Some("1.0.1")),
        ("1.0.0", None, Some("3"), None),
    ] {
        let found = next(Scheme::Semver, current, channel, constraint, &all);
        assert_eq!(found.as_deref(), expected, "{current} {channel:?} {constraint:?}");
    }
    assert_eq!(next(Scheme::Semver, "1.0.0", None, None, &["1.0.0", "1.0.0+1"]), None, "build alone is none");
}

#[test]
fn ecosystems_upgrade_in_their_own_order() {
    let versions = ["1.0", "1.0.post1", "1!0.1", "1.1a1"];
    assert_eq!(next(Scheme::Pep440, "1.0", None, None, &versions).as_deref(), Some("1!0.1"));
    assert_eq!(next(Scheme::Pep440, "1.0", None, None, &["1.0", "1.0.post1"]).as_deref(), Some("1.0.post1"));
    assert_eq!(next(Scheme::Pep440, "1.0", None, None, &["1.0.0", "1.0"]), None, "the same version");
    assert_eq!(next(Scheme::Npm, "1.9.0", None, None, &["1.10.0"]).as_deref(), Some("1.10.0"));
}

#[test]
fn columns_order_and_show_the_version() {
    let release = release(Scheme::Semver, "1.2.3-beta.11+exp.sha.6").into_record();
    let column = |name: &str| release.get(name).clone();
    assert_eq!(column("semver_pre_word"), Value::Text("beta".to_owned()));
    assert_eq!(column("semver_pre_num"), Value::Int(11));
    assert_eq!(column("semver_build_word"), Value::Text("exp.sha".to_owned()));
    assert_eq!(column("semver_build_num"), Value::Int(6));
    assert_eq!(
        semver_attribute(&release),
        Some(json!({"major": 1, "minor": 2, "patch": 3, "prerelease": "beta.11", "build": "exp.sha.6"}))
    );
    let epoch = super::tests::release(Scheme::Pep440, "1!2.0").into_record();
    assert_eq!(semver_attribute(&epoch), None);
    assert_eq!(epoch.get("version"), &Value::Text("1!2.0".to_owned()));
}

#[test]
fn tags_and_dates_are_checked() {
    assert_eq!(tag_failure("latest"), None);
    assert_eq!(tag_failure("any characters / at all"), None);
    for tag in ["action", "actions", "Actions"] {
        assert_eq!(tag_failure(tag).unwrap().code(), "TAG_NOT_ALLOWED", "{tag}");
    }
    let now = Timestamp::from_micros(1_000);
    assert_eq!(backdated_failure(Timestamp::from_micros(999), now), None);
    for late in [1_000, 1_001] {
        let invalid = backdated_failure(Timestamp::from_micros(late), now).unwrap();
        assert_eq!(
            (invalid.code().as_ref(), invalid.into_object().detail.as_str()),
            ("BACKDATED_INVALID", "must be in the past")
        );
    }
}
