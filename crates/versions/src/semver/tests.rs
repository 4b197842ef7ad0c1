//! Upstream's dialect, by the tables of `distribution.md` §6.

use proptest::prelude::*;

use super::*;

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn fills_up_short_forms_and_drops_leading_zeros() {
    for (text, normal) in [
        ("1", "1.0.0"),
        ("1.", "1.0.0"),
        ("1.2", "1.2.0"),
        ("1.2.", "1.2.0"),
        ("1.2.3", "1.2.3"),
        ("01.2.3", "1.2.3"),
        ("1.0.0-rc", "1.0.0-rc"),
        ("1.0.0-alpha.1.2", "1.0.0-alpha.1.2"),
        ("1.0.0-alpha..1", "1.0.0-alpha..1"),
        ("1.0.0+21AF26D3", "1.0.0+21AF26D3"),
        ("1.0.0-a-b+c-d", "1.0.0-a-b+c-d"),
        ("1.0.0+a-b", "1.0.0+a-b"),
        ("9223372036854775807.0.0", "9223372036854775807.0.0"),
    ] {
        assert_eq!(version(text).to_string(), normal, "{text}");
    }
}

#[test]
fn refuses_other_forms() {
    for bad in [
        "",
        "v1.0.0",
        "1.2.3.4",
        "1.2.3.",
        "1-rc.1",
        "1.2-rc.1",
        "1.2.-rc.1",
        "1+p1",
        "1.0.0-",
        "1.0.0+",
        "1.0.0-a_b",
        "1.0.0-rc+",
        "1.0.0+a+b",
        "1..0",
        ".1",
        "-1",
        "1.0.0 ",
        "1.0.x",
        "１.0.0",
        "1.0.0-+p1",
    ] {
        let expected = VersionError::Malformed { scheme: Scheme::Semver, text: bad.to_owned() };
        assert_eq!(bad.parse::<Version>(), Err(expected), "{bad}");
    }
}

/// Numbers past 2^63 are a 400 upstream, not a 422.
#[test]
fn huge_numbers_are_an_error_of_their_own() {
    for large in [
        "9223372036854775808.0.0",
        "1.18446744073709551616",
        "1.0.0-rc.9223372036854775808",
        "1.0.0+99999999999999999999",
    ] {
        let expected = VersionError::NumberTooLarge { scheme: Scheme::Semver, text: large.to_owned() };
        assert_eq!(large.parse::<Version>().map_err(with_text(large)), Err(expected), "{large}");
    }
}

/// The error tells the normalised text where only a column overflowed; the kind is what counts.
fn with_text(text: &str) -> impl Fn(VersionError) -> VersionError {
    let text = text.to_owned();
    move |error| match error {
        VersionError::NumberTooLarge { scheme, .. } => {
            VersionError::NumberTooLarge { scheme, text: text.clone() }
        }
        other => other,
    }
}

#[test]
fn ties_versions_to_channels() {
    for (text, channel) in [
        ("1.0.0", Channel::Stable),
        ("1.0.0+p1", Channel::Stable),
        ("1.0.0-rc", Channel::Rc),
        ("1.0.0-beta.2", Channel::Beta),
        ("1.0.0-alpha.1.2", Channel::Alpha),
        ("1.0.0-dev.1", Channel::Dev),
    ] {
        for candidate in Channel::ALL {
            assert_eq!(
                check_channel(&version(text), candidate).is_ok(),
                candidate == channel,
                "{text} on {candidate}"
            );
        }
    }
    assert!(Channel::ALL.iter().all(|c| check_channel(&version("1.0.0-pre.1"), *c).is_err()));
}

#[test]
fn channel_messages_are_upstreams() {
    let message = |text, channel| check_channel(&version(text), channel).unwrap_err().to_string();
    assert_eq!(
        message("1.0.0-rc.1", Channel::Stable),
        "version does not match stable channel (expected x.y.z got 1.0.0-rc.1)"
    );
    assert_eq!(
        message("1.0", Channel::Beta),
        "version does not match prerelease channel (expected x.y.z-beta.n got 1.0.0)"
    );
}

/// The reference order of `distribution.md` §6.3, highest first.
#[test]
fn orders_as_the_reference_does() {
    let descending = [
        "1.0.0+21AF26D3",
        "1.0.0+20130313144700",
        "1.0.0",
        "1.0.0-rc.1",
        "1.0.0-beta.11",
        "1.0.0-beta.2",
        "1.0.0-beta+exp.sha.5114f85",
        "1.0.0-beta+exp.sha.6",
        "1.0.0-beta",
        "1.0.0-alpha.beta",
        "1.0.0-alpha.1",
        "1.0.0-alpha+001",
        "1.0.0-alpha",
    ];
    let mut sorted: Vec<Version> = descending.iter().rev().map(|text| version(text)).collect();
    sorted.sort_by(|a, b| b.cmp_latest_last(a));
    let sorted: Vec<String> = sorted.iter().map(Version::to_string).collect();
    assert_eq!(sorted, descending);
    assert!(version("1.0.0-rc10") < version("1.0.0-rc9"), "words compare as text");
    assert!(version("1.10.0") > version("1.9.0"), "numbers do not");
}

#[test]
fn upgrades_follow_step_two() {
    for (current, candidate, expected) in [
        ("1.0.0", "2.0.0", true),
        ("1.9.9", "2.0.0-beta.1", true),
        ("1.0.0", "1.1.0", true),
        ("1.0.0", "1.0.1", true),
        ("2.0.0", "1.9.9", false),
        ("1.1.0", "1.0.9", false),
        ("1.0.0", "1.0.0", false),
        ("1.0.0-rc.1", "1.0.0", true),
        ("1.0.0", "1.0.0-rc.1", false),
        ("1.0.0-beta.1", "1.0.0-rc.1", true),
        ("1.0.0-rc.1", "1.0.0-beta.9", false),
        ("1.0.0-beta.2", "1.0.0-beta.11", true),
        ("1.0.0-beta", "1.0.0-beta.1", true),
        ("1.0.0-beta.1", "1.0.0-beta", false),
        ("1.0.0-beta.1", "1.0.0-beta.1+a", true),
        ("1.0.0-beta.1+a", "1.0.0-beta.1+b", true),
        ("1.0.0-beta.1+a.1", "1.0.0-beta.1+a.2", true),
        ("1.0.0-beta.1+a", "1.0.0-beta.1+a.1", true),
        ("1.0.0-beta.1+b", "1.0.0-beta.1+a", false),
        ("1.0.0-beta.1+1", "1.0.0-beta.1+2", false),
        ("1.0.0-beta", "1.0.0-beta+a", false),
        ("1.0.0", "1.0.0+1", false),
        ("1.0.0+1", "1.0.0+2", false),
    ] {
        assert_eq!(
            version(current).is_upgraded_by(&version(candidate)),
            expected,
            "{current} -> {candidate}"
        );
    }
}

fn labelled() -> impl Strategy<Value = Version> {
    let label = || prop::option::of("(rc|beta|alpha|dev|[a-b0-2.-]{1,3})([.-][0-2a]{1,2}){0,2}");
    (0..3u64, 0..2u64, 0..2u64, label(), label()).prop_map(|(major, minor, patch, pre, build)| {
        Version::new([major, minor, patch], pre.as_deref(), build.as_deref())
            .expect("labels of the right form")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn prints_what_it_reads(version in labelled()) {
        prop_assert_eq!(version.to_string().parse(), Ok(version));
    }

    #[test]
    fn the_order_is_total((a, b, c) in (labelled(), labelled(), labelled())) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
    }
}
