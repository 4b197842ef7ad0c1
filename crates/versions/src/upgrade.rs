//! Which release a client should move to (`distribution.md` §6.5).

use crate::semver::Constraint;
use crate::{Channel, EcosystemVersion};

/// What a client runs and what it would accept.
#[derive(Debug, Clone, Copy)]
pub struct UpgradeRequest<'a> {
    /// The version it runs.
    pub current: &'a EcosystemVersion,
    /// The channel asked for, or else the current release's own.
    pub channel: Channel,
    /// The `constraint` parameter, if given.
    pub constraint: Option<&'a Constraint>,
}

impl UpgradeRequest<'_> {
    /// Whether a release of this version and channel is an upgrade at all (steps 1–3, as far as they concern
    /// version and channel). A version that has no semver form satisfies no constraint.
    #[must_use]
    pub fn accepts(&self, version: &EcosystemVersion, channel: Channel) -> bool {
        self.channel.includes(channel)
            && self.current.is_upgraded_by(version)
            && self.constraint.is_none_or(|c| version.semver().is_some_and(|semver| c.matches(semver)))
    }
}

/// The highest acceptable candidate (step 4). `candidates` are the published releases of the right product
/// and package that the caller may see; `describe` gives each one's version and channel. Of equal versions
/// the first is taken.
pub fn resolve_upgrade<'c, T, F>(
    request: &UpgradeRequest<'_>,
    candidates: &'c [T],
    describe: F,
) -> Option<&'c T>
where
    F: Fn(&'c T) -> (&'c EcosystemVersion, Channel),
{
    let mut best: Option<(&EcosystemVersion, &T)> = None;
    for candidate in candidates {
        let (version, channel) = describe(candidate);
        if request.accepts(version, channel) && best.is_none_or(|(highest, _)| version > highest) {
            best = Some((version, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Scheme, parse};

    type Candidate = (EcosystemVersion, Channel);

    fn releases(scheme: Scheme, versions: &[&str]) -> Vec<Candidate> {
        let read = |text: &&str| {
            let version = parse(scheme, text).unwrap();
            let channel = version.derived_channel();
            (version, channel)
        };
        versions.iter().map(read).collect()
    }

    fn next(
        current: &str,
        channel: Channel,
        constraint: Option<&str>,
        candidates: &[Candidate],
    ) -> Option<String> {
        let scheme = candidates.first().map_or(Scheme::Semver, |(version, _)| version.scheme());
        let current = parse(scheme, current).unwrap();
        let constraint = constraint.map(|text| text.parse::<Constraint>().unwrap());
        let request = UpgradeRequest { current: &current, channel, constraint: constraint.as_ref() };
        resolve_upgrade(&request, candidates, |(version, channel)| (version, *channel))
            .map(|(v, _)| v.to_string())
    }

    const LADDER: [&str; 10] = [
        "1.0.0-alpha.1",
        "1.0.0-beta.1",
        "1.0.0-beta.2",
        "1.0.0",
        "1.1.0-rc.1",
        "1.1.0",
        "1.2.0-beta.1",
        "2.0.0",
        "2.1.0-dev.1",
        "2.1.0-alpha.1",
    ];

    #[test]
    fn follows_the_channel_lattice_both_ways() {
        let candidates = releases(Scheme::Semver, &LADDER);
        for (channel, expected) in [
            (Channel::Stable, Some("2.0.0")),
            (Channel::Rc, Some("2.0.0")),
            (Channel::Beta, Some("2.0.0")),
            (Channel::Alpha, Some("2.1.0-alpha.1")),
            (Channel::Dev, Some("2.1.0-dev.1")),
        ] {
            assert_eq!(next("1.0.0", channel, None, &candidates).as_deref(), expected, "{channel}");
        }
        assert_eq!(next("2.0.0", Channel::Stable, None, &candidates), None);
    }

    #[test]
    fn stays_within_the_constraint() {
        let candidates = releases(Scheme::Semver, &LADDER);
        for (constraint, expected) in [
            ("1", Some("1.1.0")),
            ("1.0", Some("1.1.0")),
            ("1.0.0", Some("1.0.0")),
            ("2", Some("2.0.0")),
            ("3", None),
        ] {
            let found = next("1.0.0-beta.1", Channel::Rc, Some(constraint), &candidates);
            assert_eq!(found.as_deref(), expected, "{constraint}");
        }
        let found = next("1.0.0-beta.1", Channel::Beta, Some("1-beta"), &candidates);
        assert_eq!(found.as_deref(), Some("1.2.0-beta.1"), "the latest 1.x with the word beta");
    }

    #[test]
    fn other_ecosystems_follow_their_own_order() {
        let python = releases(Scheme::Pep440, &["1.0", "1.0.post1", "1!0.5", "2.0rc1"]);
        assert_eq!(next("1.0", Channel::Stable, None, &python).as_deref(), Some("1!0.5"));
        assert_eq!(next("1.0", Channel::Stable, Some("1"), &python), None, "neither has a semver form");
    }

    #[test]
    fn the_first_of_equal_versions_wins_and_other_schemes_never_do() {
        let candidates = [
            (1, parse(Scheme::Npm, "1.0.1+b").unwrap()),
            (2, parse(Scheme::Npm, "1.0.1+a").unwrap()),
            (3, parse(Scheme::Pep440, "9").unwrap()),
        ];
        let current = parse(Scheme::Npm, "1.0.0").unwrap();
        let request = UpgradeRequest { current: &current, channel: Channel::Stable, constraint: None };
        let found = resolve_upgrade(&request, &candidates, |(_, version)| (version, Channel::Stable));
        assert_eq!(found.map(|(id, _)| *id), Some(1));
    }
}
