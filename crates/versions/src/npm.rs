//! npm's versions: strict semver in node-semver's order, where build metadata does not count.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::{Channel, Scheme, VersionError, semver};

/// A strict semver version. npm cannot tell two versions apart that differ in build metadata only (its
/// publisher drops it), so neither does equality here.
#[derive(Debug, Clone)]
pub struct Version(::semver::Version);

/// JavaScript's largest safe integer: node-semver refuses a version with a larger number.
const MAX_SAFE_INTEGER: u64 = (1 << 53) - 1;

impl Version {
    /// The version without build metadata: what npm clients ask for.
    pub fn key(&self) -> String {
        let Self(::semver::Version { major, minor, patch, pre, .. }) = self;
        if pre.is_empty() {
            format!("{major}.{minor}.{patch}")
        } else {
            format!("{major}.{minor}.{patch}-{pre}")
        }
    }

    /// Whether npm treats it as a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.0.pre.is_empty()
    }

    /// The channel that the pre-release label stands for; stable without one.
    pub fn channel(&self) -> Channel {
        if self.is_prerelease() { Channel::of_prerelease(&self.0.pre) } else { Channel::Stable }
    }

    /// The same version in upstream's dialect.
    pub fn semver(&self) -> Option<semver::Version> {
        let Self(::semver::Version { major, minor, patch, pre, build }) = self;
        let label = |label: &'_ str| (!label.is_empty()).then(|| label.to_owned());
        let (pre, build) = (label(pre), label(build));
        semver::Version::new([*major, *minor, *patch], pre.as_deref(), build.as_deref()).ok()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let version = ::semver::Version::parse(text).map_err(|_| match overflows(text) {
            true => VersionError::too_large(Scheme::Npm, text),
            false => VersionError::malformed(Scheme::Npm, text),
        })?;
        if [version.major, version.minor, version.patch].iter().any(|number| *number > MAX_SAFE_INTEGER) {
            return Err(VersionError::too_large(Scheme::Npm, text));
        }
        Ok(Self(version))
    }
}

/// Whether the numbers have the right form and one of them alone is past 64 bits.
fn overflows(text: &str) -> bool {
    let core = text.split(['-', '+']).next().unwrap_or_default();
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    core.split('.').count() == 3
        && core.split('.').all(is_number)
        && core.split('.').any(|number| number.parse::<u64>().is_err())
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp_precedence(&other.0)
    }
}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Version {}
impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order of semver.org §11.
    #[test]
    fn orders_as_semver_does() {
        let ascending = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
        ];
        for pair in ascending.windows(2) {
            let [low, high] = pair else { panic!("windows of two") };
            assert!(low.parse::<Version>().unwrap() < high.parse().unwrap(), "{low} < {high}");
        }
    }

    #[test]
    fn build_metadata_does_not_count() {
        let (a, b): (Version, Version) =
            ("1.0.0-next.1+a".parse().unwrap(), "1.0.0-next.1+b".parse().unwrap());
        assert_eq!(a, b);
        assert_eq!(a.key(), "1.0.0-next.1");
        assert_eq!(a.to_string(), "1.0.0-next.1+a");
    }

    #[test]
    fn is_strict() {
        for bad in [
            "1",
            "1.0",
            "v1.0.0",
            "=1.0.0",
            "01.0.0",
            "1.0.0-01",
            "1.0.0-",
            "1.0.0-a..b",
            "1.0.0.0",
            " 1.0.0",
            "",
        ] {
            let expected = VersionError::Malformed { scheme: Scheme::Npm, text: bad.to_owned() };
            assert_eq!(bad.parse::<Version>(), Err(expected), "{bad}");
        }
        for large in ["9007199254740992.0.0", "0.0.99999999999999999999"] {
            let expected = VersionError::NumberTooLarge { scheme: Scheme::Npm, text: large.to_owned() };
            assert_eq!(large.parse::<Version>(), Err(expected), "{large}");
        }
        assert!("9007199254740991.0.0".parse::<Version>().is_ok());
    }
}
