//! Which release an updater is led to, and why to none: one decision, which each engine puts into the words of its
//! clients (`updaters.md` §0, `distribution.md` §6.5).

use std::fmt::Write as _;

use http::{HeaderName, HeaderValue};
use keyway_versions::Channel;
use keyway_versions::semver::Constraint;

use crate::{BadPoll, Bits, Denial, Poll, Reason, Release, Verdict, View};

/// The header that tells a developer what was decided; updaters do not read it.
const UPDATE_DECISION: HeaderName = HeaderName::from_static("x-update-decision");

/// What a poll comes to.
#[derive(Debug, Clone)]
pub struct Decision<'a, T> {
    /// The release to move to.
    pub offer: Option<Offer<'a, T>>,
    /// The newest release above it that this caller may hear of, and why it was passed over.
    pub passed: Option<Passed<'a>>,
    /// The channel that was looked at.
    pub channel: Channel,
}

/// A release to move to.
#[derive(Debug, Clone)]
pub struct Offer<'a, T> {
    /// Its position in [`crate::Package::releases`].
    pub index: usize,
    /// The release.
    pub release: &'a Release,
    /// What the engine found of it for the client's target.
    pub found: T,
}

/// A newer release that is not offered.
#[derive(Debug, Clone)]
pub struct Passed<'a> {
    /// The release.
    pub release: &'a Release,
    /// Why not.
    pub why: Why,
}

/// Why a newer release is not offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// It has no uploaded file for the target.
    NoArtifact,
    /// Its rollout has not reached this installation, or is paused.
    RollingOut,
    /// The licence is pinned to another channel or version.
    Pinned,
    /// The licence does not give it.
    Refused(Denial),
}

/// What a poll was told: for the log of upgrades, the figures of adoption, and developers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The position of the release that was offered.
    pub offered: Option<usize>,
    /// The version that runs, where the client says so.
    pub current: Option<String>,
    /// The platform that the client names, in our spelling.
    pub platform: Option<&'static str>,
    /// The channel that was looked at.
    pub channel: Option<Channel>,
    /// The decision in a line.
    pub line: String,
}

impl<'a> View<'a> {
    /// Decides on a poll: the newest published release of the channel that the caller may have, within the
    /// constraint, above what runs, and of which `usable` finds what the target needs. `among` are the releases
    /// that can have it ([`crate::Targets::built_for`]), where that is known.
    ///
    /// The cost is that of a few words per 64 releases, plus `usable` for the releases it is asked of.
    pub fn upgrade<T>(
        &self,
        poll: &Poll,
        among: Option<&Bits>,
        usable: impl Fn(&'a Release) -> Option<T>,
    ) -> Decision<'a, T> {
        let channel = self.channel_for(poll);
        let shown = self.package.targets.channel(channel);
        let mut candidates = self.offered.without(self.waiting).and(shown);
        if let Some(among) = among {
            candidates = candidates.and(among);
        }
        let offer = self
            .newer(&candidates, poll)
            .find_map(|(index, release)| usable(release).map(|found| Offer { index, release, found }));
        let limit = offer.as_ref().map_or(usize::MAX, |offer| offer.index);
        let above = self.newer(shown, poll).take_while(|(index, _)| *index < limit);
        let passed =
            { above }.find_map(|(index, release)| Some(Passed { release, why: self.why_not(index)? }));
        Decision { offer, passed, channel }
    }

    /// The channel that a poll is answered from: the vendor's pin, else what is asked for, else that of what runs.
    pub fn channel_for(&self, poll: &Poll) -> Channel {
        let own = || poll.current.as_ref().map(|current| current.derived_channel());
        self.pin.or(poll.channel).or_else(own).unwrap_or(Channel::Stable)
    }

    /// Those of a set that are an upgrade within the constraint, newest first.
    fn newer(&self, set: &Bits, poll: &Poll) -> impl Iterator<Item = (usize, &'a Release)> {
        let releases = self.package.releases.as_slice();
        let end = poll
            .current
            .as_ref()
            .map_or(releases.len(), |current| releases.partition_point(|release| release.version > *current));
        let below = set.iter().take_while(move |index| *index < end);
        below
            .filter_map(|index| Some((index, releases.get(index)?)))
            .filter(|(_, release)| poll.accepts(release))
    }

    /// Why a newer release is not offered; `None` when the caller is not told that there is one.
    fn why_not(&self, index: usize) -> Option<Why> {
        if self.visible.contains(index) {
            return Some(match () {
                () if self.waiting.contains(index) => Why::RollingOut,
                () if !self.offered.contains(index) => Why::Pinned,
                () => Why::NoArtifact,
            });
        }
        match self.decide.verdict(index) {
            Verdict::Denied(denial) if self.withheld.contains(index) => Some(Why::Refused(denial)),
            _ => None,
        }
    }
}

impl Poll {
    /// Whether a release is above what runs and within the constraint.
    fn accepts(&self, release: &Release) -> bool {
        let version = &release.version;
        let fits =
            |constraint: &Constraint| version.semver().is_some_and(|semver| constraint.matches(semver));
        self.current.as_ref().is_none_or(|current| current.is_upgraded_by(version))
            && self.constraint.as_ref().is_none_or(fits)
    }
}

impl<T> Decision<'_, T> {
    /// The decision in a line, for `X-Update-Decision`: what is offered or why nothing is, and what was passed over.
    pub fn line(&self) -> String {
        let mut line = match (&self.offer, &self.passed) {
            (Some(offer), _) => format!("offer; version={}", offer.release.version.verbatim()),
            (None, Some(_)) => "none".to_owned(),
            (None, None) => "none; reason=up-to-date".to_owned(),
        };
        write!(line, "; channel={}", self.channel).expect("a text takes what is written");
        if let Some(Passed { release, why }) = &self.passed {
            let version = release.version.verbatim();
            write!(line, "; passed-over={version}; reason={}", why.word())
                .expect("a text takes what is written");
            if let Why::Refused(denial) = why {
                write!(line, "; detail=\"{}\"", denial.message).expect("a text takes what is written");
            }
        }
        line
    }

    /// What is noted of it.
    pub fn told(&self, poll: &Poll, platform: Option<&'static str>) -> Told {
        Told {
            offered: self.offer.as_ref().map(|offer| offer.index),
            current: poll.current.as_ref().map(|current| current.verbatim().to_owned()),
            platform,
            channel: Some(self.channel),
            line: self.line(),
        }
    }
}

impl Why {
    /// A word for it, as in `X-Update-Decision`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoArtifact => "no-artifact",
            Self::RollingOut => "rollout",
            Self::Pinned => "pinned",
            Self::Refused(denial) => refusal_word(denial.reason),
        }
    }
}

/// A release is offered.
const OFFER: &str = "offer";
/// Whatever has no word of its own.
const OTHER: &str = "other";

impl Told {
    /// Every word that a decision can be.
    pub const WORDS: [&str; 23] = [
        OFFER,
        "up-to-date",
        "no-artifact",
        "rollout",
        "pinned",
        "bad-version",
        "bad-channel",
        "bad-constraint",
        "unknown-target",
        refusal_word(Reason::CredentialMissing),
        refusal_word(Reason::CredentialInvalid),
        refusal_word(Reason::TooManyFailures),
        refusal_word(Reason::Banned),
        refusal_word(Reason::Suspended),
        refusal_word(Reason::Expired),
        refusal_word(Reason::MethodNotAllowed),
        refusal_word(Reason::PermissionMissing),
        refusal_word(Reason::NotEntitled),
        refusal_word(Reason::OutsideWindow),
        refusal_word(Reason::NotLicensed),
        refusal_word(Reason::Yanked),
        refusal_word(Reason::Unavailable),
        OTHER,
    ];

    /// What is noted of a poll that cannot be understood.
    pub fn misread(error: &BadPoll) -> Self {
        let line = format!("none; reason={}; detail=\"{error}\"", error.word());
        Self { offered: None, current: None, platform: None, channel: None, line }
    }

    /// What is noted of a poll for a target that there is not.
    pub fn unknown_target(detail: &str) -> Self {
        let line = format!("none; reason=unknown-target; detail=\"{detail}\"");
        Self { offered: None, current: None, platform: None, channel: None, line }
    }

    /// What is noted of a caller to whom nothing of the package is shown.
    pub fn refused(denial: &Denial) -> Self {
        let line = format!("none; reason={}; detail=\"{}\"", refusal_word(denial.reason), denial.message);
        Self { offered: None, current: None, platform: None, channel: None, line }
    }

    /// The decision in a word, for figures: one of [`Told::WORDS`].
    pub fn word(&self) -> &'static str {
        if self.offered.is_some() {
            return OFFER;
        }
        let said = self.line.split("; ").find_map(|part| part.strip_prefix("reason="));
        said.and_then(|said| Self::WORDS.into_iter().find(|word| *word == said)).unwrap_or(OTHER)
    }

    /// The header that says it to developers. Anything that is not printable ASCII becomes `?`.
    pub fn header(&self) -> (HeaderName, HeaderValue) {
        let plain = self.line.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' });
        let value =
            HeaderValue::try_from(plain.collect::<String>()).expect("printable ASCII is a header value");
        (UPDATE_DECISION, value)
    }
}

/// A word for a refusal, as in `X-Update-Decision`.
const fn refusal_word(reason: Reason) -> &'static str {
    match reason {
        Reason::CredentialMissing => "license-key-missing",
        Reason::CredentialInvalid => "license-key-invalid",
        Reason::TooManyFailures => "too-many-failures",
        Reason::Banned => "banned",
        Reason::Suspended => "suspended",
        Reason::Expired => "expired",
        Reason::MethodNotAllowed => "method-not-allowed",
        Reason::PermissionMissing => "permission-missing",
        Reason::NotEntitled => "not-entitled",
        Reason::OutsideWindow => "outside-window",
        Reason::NotLicensed => "not-licensed",
        Reason::Yanked => "yanked",
        Reason::Unavailable => "unavailable",
    }
}

#[cfg(test)]
mod tests;
