//! Which rules a version is read by, and what can be wrong with it.

use std::fmt;

/// The longest version text that is read, in bytes; the limit of npm's own parser is the same.
pub const MAX_VERSION_LENGTH: usize = 256;

/// The rules by which a package's versions are read and ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scheme {
    /// Upstream's lenient semver (`distribution.md` §6): no engine, raw, tauri, OCI.
    Semver,
    /// Strict semver in npm's order.
    Npm,
    /// Python's PEP 440.
    Pep440,
    /// `Gem::Version` of RubyGems.
    Gem,
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Semver => "semver",
            Self::Npm => "npm semver",
            Self::Pep440 => "PEP 440",
            Self::Gem => "RubyGems",
        })
    }
}

/// Why a text is not a version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VersionError {
    /// The text does not have the form that the scheme asks for (422 `VERSION_INVALID`).
    #[error("{text:?} is not a {scheme} version")]
    Malformed {
        /// The rules it was read by.
        scheme: Scheme,
        /// What was given.
        text: String,
    },
    /// A number is beyond what the scheme can hold; upstream answers 400 instead of 422.
    #[error("{text:?} has a number that is too large for a {scheme} version")]
    NumberTooLarge {
        /// The rules it was read by.
        scheme: Scheme,
        /// What was given.
        text: String,
    },
    /// The text is longer than [`MAX_VERSION_LENGTH`]; it is not repeated here.
    #[error("a version may have at most {MAX_VERSION_LENGTH} bytes")]
    TooLong,
}

impl VersionError {
    pub(crate) fn malformed(scheme: Scheme, text: &str) -> Self {
        Self::Malformed { scheme, text: text.to_owned() }
    }
    pub(crate) fn too_large(scheme: Scheme, text: &str) -> Self {
        Self::NumberTooLarge { scheme, text: text.to_owned() }
    }
}
