//! One version type over all schemes.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::{Channel, MAX_VERSION_LENGTH, Scheme, VersionError, gem, npm, pep440, semver};

/// A version as its ecosystem reads it. Equality, order and hash are the ecosystem's; they agree with
/// [`EcosystemVersion::key`], so a set of versions with different keys has exactly one order. Versions of
/// different schemes are never equal and sort by scheme.
#[derive(Debug, Clone)]
pub struct EcosystemVersion {
    verbatim: String,
    key: String,
    order: Order,
    is_prerelease: bool,
    derived_channel: Channel,
    semver: Option<semver::Version>,
}

/// What versions of each scheme are compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    Semver(semver::Version),
    Npm(npm::Version),
    Pep440(pep440::Version),
    Gem(gem::Version),
}

/// Reads a version by the rules of `scheme`.
///
/// # Errors
/// [`VersionError`]: not the scheme's form, a number too large, or longer than [`MAX_VERSION_LENGTH`].
pub fn parse(scheme: Scheme, text: &str) -> Result<EcosystemVersion, VersionError> {
    if text.len() > MAX_VERSION_LENGTH {
        return Err(VersionError::TooLong);
    }
    Ok(match scheme {
        Scheme::Semver => EcosystemVersion::of_semver(text.parse()?),
        Scheme::Npm => EcosystemVersion::of_npm(text, text.parse()?),
        Scheme::Pep440 => EcosystemVersion::of_pep440(text, text.parse()?),
        Scheme::Gem => EcosystemVersion::of_gem(text, text.parse()?),
    })
}

impl EcosystemVersion {
    /// The version as it is stored and shown: as written, except that upstream's dialect is normalised
    /// (`2` becomes `2.0.0`).
    pub fn verbatim(&self) -> &str {
        &self.verbatim
    }
    /// The text that every spelling of this version shares. Unique per package.
    pub fn key(&self) -> &str {
        &self.key
    }
    /// The rules it was read by.
    pub const fn scheme(&self) -> Scheme {
        match self.order {
            Order::Semver(_) => Scheme::Semver,
            Order::Npm(_) => Scheme::Npm,
            Order::Pep440(_) => Scheme::Pep440,
            Order::Gem(_) => Scheme::Gem,
        }
    }
    /// Whether the ecosystem's clients pass it over unless asked for pre-releases.
    pub const fn is_prerelease(&self) -> bool {
        self.is_prerelease
    }
    /// The channel that the version itself speaks of; an unknown pre-release is dev (DESIGN §9).
    pub const fn derived_channel(&self) -> Channel {
        self.derived_channel
    }
    /// The version in upstream's dialect; `None` where that cannot say it (four numbers, epochs, post-releases).
    pub const fn semver(&self) -> Option<&semver::Version> {
        self.semver.as_ref()
    }
    /// Whether `candidate` is strictly greater in the sense of an upgrade: `distribution.md` §6.5 step 2 in
    /// upstream's dialect, the ecosystem's order elsewhere. Never across schemes.
    #[must_use]
    pub fn is_upgraded_by(&self, candidate: &Self) -> bool {
        match (&self.order, &candidate.order) {
            (Order::Semver(current), Order::Semver(candidate)) => current.is_upgraded_by(candidate),
            (current, next) => self.scheme() == candidate.scheme() && next > current,
        }
    }

    fn of_semver(version: semver::Version) -> Self {
        let key = version.to_string();
        let derived_channel = version.prerelease().map_or(Channel::Stable, Channel::of_prerelease);
        Self {
            verbatim: key.clone(),
            key,
            is_prerelease: version.prerelease().is_some(),
            derived_channel,
            semver: Some(version.clone()),
            order: Order::Semver(version),
        }
    }

    fn of_npm(text: &str, version: npm::Version) -> Self {
        Self {
            verbatim: text.to_owned(),
            key: version.key(),
            is_prerelease: version.is_prerelease(),
            derived_channel: version.channel(),
            semver: version.semver(),
            order: Order::Npm(version),
        }
    }

    fn of_pep440(text: &str, version: pep440::Version) -> Self {
        Self {
            verbatim: text.to_owned(),
            key: version.key(),
            is_prerelease: version.is_prerelease(),
            derived_channel: version.channel(),
            semver: version.semver(),
            order: Order::Pep440(version),
        }
    }

    fn of_gem(text: &str, version: gem::Version) -> Self {
        Self {
            verbatim: text.to_owned(),
            key: version.key(),
            is_prerelease: version.is_prerelease(),
            derived_channel: version.channel(),
            semver: version.semver(),
            order: Order::Gem(version),
        }
    }
}

impl Ord for EcosystemVersion {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order.cmp(&other.order)
    }
}
impl PartialOrd for EcosystemVersion {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for EcosystemVersion {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}
impl Eq for EcosystemVersion {}
impl Hash for EcosystemVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.scheme().hash(state);
        self.key.hash(state);
    }
}
impl fmt::Display for EcosystemVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.verbatim)
    }
}

#[cfg(test)]
mod tests;
