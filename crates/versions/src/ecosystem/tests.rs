//! Each ecosystem's own order, channels and equality.

use proptest::prelude::*;

use super::*;
use crate::Channel::{Alpha, Beta, Dev, Rc, Stable};

#[test]
fn each_ecosystem_reads_its_own_versions() {
    type Row = (Scheme, &'static str, &'static str, bool, Channel, Option<&'static str>);
    let rows: [Row; 22] = [
        (Scheme::Semver, "2", "2.0.0", false, Stable, Some("2.0.0")),
        (Scheme::Semver, "01.2", "1.2.0", false, Stable, Some("1.2.0")),
        (Scheme::Semver, "1.0.0-beta.2+p1", "1.0.0-beta.2+p1", true, Beta, Some("1.0.0-beta.2+p1")),
        (Scheme::Npm, "1.0.0-next.1", "1.0.0-next.1", true, Dev, Some("1.0.0-next.1")),
        (Scheme::Npm, "1.0.0-rc.1", "1.0.0-rc.1", true, Rc, Some("1.0.0-rc.1")),
        (Scheme::Npm, "1.0.0-beta2", "1.0.0-beta2", true, Beta, Some("1.0.0-beta2")),
        (Scheme::Npm, "1.0.0-alpha", "1.0.0-alpha", true, Alpha, Some("1.0.0-alpha")),
        (Scheme::Npm, "1.0.0-dev.7", "1.0.0-dev.7", true, Dev, Some("1.0.0-dev.7")),
        (Scheme::Npm, "1.0.0+build", "1.0.0", false, Stable, Some("1.0.0+build")),
        (Scheme::Pep440, "1.0a1", "1a1", true, Alpha, Some("1.0.0-alpha.1")),
        (Scheme::Pep440, "1.0b2", "1b2", true, Beta, Some("1.0.0-beta.2")),
        (Scheme::Pep440, "1.0rc3", "1rc3", true, Rc, Some("1.0.0-rc.3")),
        (Scheme::Pep440, "1.0.dev4", "1.dev4", true, Dev, Some("1.0.0-dev.4")),
        (Scheme::Pep440, "1.0rc1.dev4", "1rc1.dev4", true, Dev, None),
        (Scheme::Pep440, "1.0.post1", "1.post1", false, Stable, None),
        (Scheme::Pep440, "1.0+local.7", "1+local.7", false, Stable, Some("1.0.0+local.7")),
        (Scheme::Pep440, "1!2.0", "1!2", false, Stable, None),
        (Scheme::Pep440, "1.2.3.4", "1.2.3.4", false, Stable, None),
        (Scheme::Pep440, "1.2.3.0", "1.2.3", false, Stable, None),
        (Scheme::Gem, "1.0.0", "1", false, Stable, Some("1.0.0")),
        (Scheme::Gem, "1.0.0.beta2", "1.beta.2", true, Beta, Some("1.0.0-beta.2")),
        (Scheme::Gem, "1.2.3.4", "1.2.3.4", false, Stable, None),
    ];
    for (scheme, text, key, is_prerelease, channel, semver) in rows {
        let version = parse(scheme, text).unwrap();
        assert_eq!(version.key(), key, "{scheme} {text}");
        assert_eq!(version.is_prerelease(), is_prerelease, "{scheme} {text}");
        assert_eq!(version.derived_channel(), channel, "{scheme} {text}");
        assert_eq!(version.semver().map(ToString::to_string).as_deref(), semver, "{scheme} {text}");
        assert_eq!(version.scheme(), scheme);
        let shown = if scheme == Scheme::Semver { key } else { text };
        assert_eq!(version.verbatim(), shown, "{scheme} {text}");
    }
}

#[test]
fn long_texts_are_refused_unread() {
    let long = format!("1.0.0-rc.{}", "1".repeat(MAX_VERSION_LENGTH));
    for scheme in [Scheme::Semver, Scheme::Npm, Scheme::Pep440, Scheme::Gem] {
        assert_eq!(parse(scheme, &long), Err(VersionError::TooLong), "{scheme}");
    }
}

fn scheme() -> impl Strategy<Value = Scheme> {
    prop_oneof![Just(Scheme::Semver), Just(Scheme::Npm), Just(Scheme::Pep440), Just(Scheme::Gem)]
}

/// Texts of a scheme, drawn from few enough parts that equal and nearly equal versions are common.
fn text_of(scheme: Scheme) -> impl Strategy<Value = String> {
    match scheme {
        Scheme::Semver => {
            "[012](\\.[012](\\.[01](-(rc|beta|a)[.-]{0,2}[a0-2]{0,2}){0,1}(\\+[a01.-]{1,4}){0,1}){0,1}){0,1}"
        }
        Scheme::Npm => "[01]\\.[02]\\.[01](-(rc|next|1)(\\.(0|1|2|10|a)){0,2}){0,1}(\\+[ab]){0,1}",
        Scheme::Pep440 => {
            "(1!){0,1}[01](\\.[01]){0,4}(a1|rc0|-b2|c1){0,1}(\\.post[01]){0,1}(\\.dev[01]){0,1}(\\+[a01](\\.[01a]){0,1}){0,1}"
        }
        Scheme::Gem => "[01](\\.(0|1|10|a|b1|rc)){0,4}(-(a|0|rc\\.0)){0,1}",
    }
}

fn three_versions() -> impl Strategy<Value = [EcosystemVersion; 3]> {
    let one = || scheme().prop_flat_map(move |s| text_of(s).prop_map(move |t| (s, t)));
    let same_scheme = scheme().prop_flat_map(|s| {
        let one = || text_of(s).prop_map(move |t| (s, t));
        [one(), one(), one()]
    });
    let read = |(scheme, text): (Scheme, String)| parse(scheme, &text).expect("the strategy makes versions");
    prop_oneof![4 => same_scheme, 1 => [one(), one(), one()]].prop_map(move |texts| texts.map(read))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_order_is_total(versions in three_versions()) {
        let [a, b, c] = &versions;
        prop_assert_eq!(a.cmp(b), b.cmp(a).reverse());
        prop_assert_eq!(a.cmp(b) == Ordering::Equal, a == b);
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        if a == b {
            prop_assert_eq!(a.cmp(c), b.cmp(c));
        }
    }

    #[test]
    fn equal_versions_are_those_with_equal_keys(versions in three_versions()) {
        let [a, b, _] = &versions;
        prop_assert_eq!(a == b, (a.scheme(), a.key()) == (b.scheme(), b.key()));
    }

    #[test]
    fn keys_and_verbatim_texts_read_back(versions in three_versions()) {
        for version in &versions {
            for text in [version.key(), version.verbatim()] {
                let again = parse(version.scheme(), text).expect("what was printed is a version");
                prop_assert_eq!(&again, version, "{}", text);
                prop_assert_eq!(again.key(), version.key());
            }
        }
    }

    #[test]
    fn upgrades_only_lead_upwards(versions in three_versions()) {
        let [a, b, _] = &versions;
        if a.is_upgraded_by(b) {
            prop_assert!(b > a);
            prop_assert!(!b.is_upgraded_by(a));
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(scheme in scheme(), text in "\\PC{0,24}|[0-9a-zA-Z.+!_-]{0,24}") {
        if let Ok(version) = parse(scheme, &text) {
            prop_assert_eq!(version.cmp(&version), Ordering::Equal);
        }
    }
}
