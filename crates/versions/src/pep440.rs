//! Python's versions (PEP 440), by way of `pep440_rs`.

use std::fmt;
use std::str::FromStr;

use pep440_rs::{LocalSegment, Prerelease, PrereleaseKind};

use crate::{Channel, Scheme, VersionError, semver};

/// A PEP 440 version. Equality ignores spelling and trailing zeros (`1.0` is `1.0.0`), as Python's does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version(pep440_rs::Version);

impl Version {
    /// The text that all spellings of the version share: normalised, without trailing zeros of the release
    /// (`1.0.0-RC1` and `1rc1` have the key `1rc1`).
    pub fn key(&self) -> String {
        let numbers = self.0.release();
        let kept = numbers.iter().rposition(|number| *number != 0).map_or(1, |last| last + 1);
        self.0.clone().with_release(numbers.iter().take(kept)).to_string()
    }

    /// Whether installers skip it unless asked: a pre-release or a development release.
    pub fn is_prerelease(&self) -> bool {
        self.0.any_prerelease()
    }

    /// `.devN` is dev, `a`, `b` and `rc` are their channels, everything else (post-releases, local versions)
    /// is stable.
    pub fn channel(&self) -> Channel {
        match (self.0.dev(), self.0.pre()) {
            (Some(_), _) => Channel::Dev,
            (None, Some(pre)) => channel_of(pre.kind),
            (None, None) => Channel::Stable,
        }
    }

    /// The same version in upstream's dialect; `None` for what that cannot say: an epoch, more than three
    /// numbers, a post-release, a development release of a pre-release.
    pub fn semver(&self) -> Option<semver::Version> {
        let Self(version) = self;
        let mut numbers = version.release().iter().copied();
        let core = [numbers.next()?, numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)];
        if version.epoch() != 0 || version.post().is_some() || numbers.next().is_some() {
            return None;
        }
        let prerelease = match (version.pre(), version.dev()) {
            (None, None) => None,
            (Some(Prerelease { kind, number }), None) => Some(format!("{}.{number}", channel_of(kind))),
            (None, Some(number)) => Some(format!("dev.{number}")),
            (Some(_), Some(_)) => return None,
        };
        let local = version.local().iter().map(LocalSegment::to_string).collect::<Vec<_>>().join(".");
        let build = (!local.is_empty()).then_some(local);
        semver::Version::new(core, prerelease.as_deref(), build.as_deref()).ok()
    }
}

const fn channel_of(kind: PrereleaseKind) -> Channel {
    match kind {
        PrereleaseKind::Alpha => Channel::Alpha,
        PrereleaseKind::Beta => Channel::Beta,
        PrereleaseKind::Rc => Channel::Rc,
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads any spelling of PEP 440's "permissive" form, but no surrounding white space: the text becomes
    /// part of URLs and file names.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if text.contains(char::is_whitespace) {
            return Err(VersionError::malformed(Scheme::Pep440, text));
        }
        text.parse().map(Self).map_err(|_| VersionError::malformed(Scheme::Pep440, text))
    }
}

impl fmt::Display for Version {
    /// The normalised text of PEP 440, trailing zeros kept: what file names carry.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    /// The example of PEP 440 "Summary of permitted suffixes and relative ordering".
    #[test]
    fn orders_as_the_pep_does() {
        let ascending = [
            "1.dev0",
            "1.0.dev456",
            "1.0a1",
            "1.0a2.dev456",
            "1.0a12.dev456",
            "1.0a12",
            "1.0b1.dev456",
            "1.0b2",
            "1.0b2.post345.dev456",
            "1.0b2.post345",
            "1.0rc1.dev456",
            "1.0rc1",
            "1.0",
            "1.0+abc.5",
            "1.0+abc.7",
            "1.0+5",
            "1.0.post456.dev34",
            "1.0.post456",
            "1.0.15",
            "1.1.dev1",
            "1!0.1",
        ];
        for pair in ascending.windows(2) {
            let [low, high] = pair else { panic!("windows of two") };
            assert!(version(low) < version(high), "{low} < {high}");
        }
    }

    #[test]
    fn spellings_of_one_version_share_a_key() {
        for (text, key) in [
            ("1.0.0", "1"),
            ("1.0", "1"),
            ("v1.0", "1"),
            ("0.0", "0"),
            ("1.10", "1.10"),
            ("1.0.0-RC1", "1rc1"),
            ("1.0c1", "1rc1"),
            ("1.0-alpha.2", "1a2"),
            ("1.0-1", "1.post1"),
            ("1.0.POST", "1.post0"),
            ("1!2.0", "1!2"),
            ("1.0+Ubuntu-01", "1+ubuntu.1"),
            ("1.0_dev3", "1.dev3"),
        ] {
            assert_eq!(version(text).key(), key, "{text}");
            assert_eq!(version(text), version(key), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_python_version() {
        for bad in
            ["", "one", "1.0-next.1", "1.0 ", " 1.0", "1.0.*", "1..0", "1.0+", "99999999999999999999999"]
        {
            let expected = VersionError::Malformed { scheme: Scheme::Pep440, text: bad.to_owned() };
            assert_eq!(bad.parse::<Version>(), Err(expected), "{bad}");
        }
    }
}
