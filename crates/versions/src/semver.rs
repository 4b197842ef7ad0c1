//! Upstream's semver dialect (`distribution.md` §6.1–§6.3): short forms are filled up, leading zeros
//! dropped, pre-release labels tied to channels, and build metadata takes part in the order.

mod columns;
mod constraint;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

pub use columns::{LabelColumns, NumberTooLarge, split_label};
pub use constraint::{Constraint, ConstraintError};

use crate::{Channel, Scheme, VersionError};

/// A version `M.m.p[-pre][+build]`. Two versions are equal when their normalised texts are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Version {
    major: u64,
    minor: u64,
    patch: u64,
    prerelease: Option<String>,
    build: Option<String>,
    pre_columns: LabelColumns,
    build_columns: LabelColumns,
}

/// Why a version may not be released on a channel (422 `VERSION_CHANNEL_INVALID`); the messages are
/// upstream's (`distribution.md` §6.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelMismatch {
    /// A stable release has a pre-release part.
    #[error("version does not match stable channel (expected x.y.z got {version})")]
    Stable {
        /// The version as normalised.
        version: String,
    },
    /// A pre-release has none, or one that does not start with its channel's key.
    #[error("version does not match prerelease channel (expected x.y.z-{channel}.n got {version})")]
    Prerelease {
        /// The release's channel.
        channel: Channel,
        /// The version as normalised.
        version: String,
    },
}

/// Tells whether `version` may be released on `channel`: stable wants no pre-release part, every other
/// channel one that starts with the channel's key.
///
/// # Errors
/// [`ChannelMismatch`] with upstream's message.
pub fn check_channel(version: &Version, channel: Channel) -> Result<(), ChannelMismatch> {
    match (channel, version.prerelease()) {
        (Channel::Stable, None) => Ok(()),
        (Channel::Stable, Some(_)) => Err(ChannelMismatch::Stable { version: version.to_string() }),
        (_, Some(label)) if label.starts_with(channel.as_str()) => Ok(()),
        _ => Err(ChannelMismatch::Prerelease { channel, version: version.to_string() }),
    }
}

impl Version {
    /// Puts a version together from its parts.
    ///
    /// # Errors
    /// [`VersionError::Malformed`] when a label is empty or has characters outside `[0-9A-Za-z.-]`,
    /// [`VersionError::NumberTooLarge`] when a number (of a label's sort columns, too) is past `i64::MAX`.
    pub fn new(core: [u64; 3], prerelease: Option<&str>, build: Option<&str>) -> Result<Self, VersionError> {
        let [major, minor, patch] = core;
        let text = || Parts { core, prerelease, build }.to_string();
        let well_formed = |label: Option<&str>| label.is_none_or(is_label);
        if !well_formed(prerelease) || !well_formed(build) {
            return Err(VersionError::malformed(Scheme::Semver, &text()));
        }
        let too_large = || VersionError::too_large(Scheme::Semver, &text());
        if core.into_iter().any(|number| i64::try_from(number).is_err()) {
            return Err(too_large());
        }
        let columns = |label: Option<&str>| {
            label.map_or(Some(LabelColumns::default()), |label| split_label(label).ok()).ok_or_else(too_large)
        };
        let (pre_columns, build_columns) = (columns(prerelease)?, columns(build)?);
        let (prerelease, build) = (prerelease.map(str::to_owned), build.map(str::to_owned));
        Ok(Self { major, minor, patch, prerelease, build, pre_columns, build_columns })
    }

    /// The first number.
    pub const fn major(&self) -> u64 {
        self.major
    }
    /// The second number.
    pub const fn minor(&self) -> u64 {
        self.minor
    }
    /// The third number.
    pub const fn patch(&self) -> u64 {
        self.patch
    }
    /// The label after `-`, without it.
    pub fn prerelease(&self) -> Option<&str> {
        self.prerelease.as_deref()
    }
    /// The label after `+`, without it.
    pub fn build(&self) -> Option<&str> {
        self.build.as_deref()
    }
    /// The pre-release label as sort columns (§6.2).
    pub const fn pre_columns(&self) -> &LabelColumns {
        &self.pre_columns
    }
    /// The build label as sort columns (§6.2).
    pub const fn build_columns(&self) -> &LabelColumns {
        &self.build_columns
    }

    /// The order of §6.3 with the latest version last. A version without pre-release word is above all that
    /// have one; in the other columns "none" is below everything. Versions whose columns agree are ordered
    /// by their text, so that `Equal` means equal.
    #[must_use]
    pub fn cmp_latest_last(&self, other: &Self) -> Ordering {
        self.columns()
            .cmp(&other.columns())
            .then_with(|| (&self.prerelease, &self.build).cmp(&(&other.prerelease, &other.build)))
    }

    /// Whether `candidate` is strictly greater than `self` in the sense of §6.5 step 2. Build metadata alone
    /// never upgrades a version that has no pre-release word and number.
    #[must_use]
    pub fn is_upgraded_by(&self, candidate: &Self) -> bool {
        match candidate.core().cmp(&self.core()) {
            Ordering::Greater => true,
            Ordering::Less => false,
            Ordering::Equal => self.labels_are_upgraded_by(candidate),
        }
    }

    fn labels_are_upgraded_by(&self, candidate: &Self) -> bool {
        let Some(word) = &self.pre_columns.word else { return false };
        let Some(their_word) = &candidate.pre_columns.word else { return candidate.prerelease.is_none() };
        if their_word != word {
            return their_word > word;
        }
        if candidate.pre_columns.num != self.pre_columns.num {
            return candidate.pre_columns.num > self.pre_columns.num;
        }
        self.pre_columns.num.is_some() && self.build_is_upgraded_by(candidate)
    }

    fn build_is_upgraded_by(&self, candidate: &Self) -> bool {
        let (ours, theirs) = (&self.build_columns, &candidate.build_columns);
        theirs.word > ours.word
            || (theirs.word.is_some() && theirs.word == ours.word && theirs.num > ours.num)
    }

    /// Its three numbers.
    pub const fn core(&self) -> [u64; 3] {
        [self.major, self.minor, self.patch]
    }

    fn columns(&self) -> impl Ord + '_ {
        let (pre, build) = (&self.pre_columns, &self.build_columns);
        (self.core(), pre.word.is_none(), &pre.word, pre.num, &build.word, build.num)
    }
}

/// Reads `M`, `M.`, `M.m`, `M.m.`, `M.m.p` and `M.m.p[-pre][+build]` (§6.1).
///
/// # Errors
/// [`VersionError::Malformed`] for another form, [`VersionError::NumberTooLarge`] past `i64::MAX`.
impl FromStr for Version {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        let malformed = || VersionError::malformed(Scheme::Semver, text);
        let (core, labels) = text.split_at(text.find(['-', '+']).unwrap_or(text.len()));
        let (prerelease, build) = split_labels(labels);
        let mut numbers: Vec<&str> = core.split('.').collect();
        // `1.` and `1.2.` are short forms too; what ends in a dot after three numbers is not.
        if matches!(numbers.len(), 2 | 3) && numbers.last() == Some(&"") {
            numbers.pop();
        }
        let is_number = |number: &&str| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if numbers.len() > 3 || !numbers.iter().all(is_number) {
            return Err(malformed());
        }
        if !labels.is_empty() && (numbers.len() != 3 || core.ends_with('.')) {
            return Err(malformed());
        }
        let mut parsed = [0; 3];
        for (slot, digits) in parsed.iter_mut().zip(&numbers) {
            *slot = digits.parse().map_err(|_| VersionError::too_large(Scheme::Semver, text))?;
        }
        Self::new(parsed, prerelease, build)
    }
}

/// Splits what follows the numbers (`-pre`, `+build`, both or nothing) into the two labels.
fn split_labels(labels: &str) -> (Option<&str>, Option<&str>) {
    let (before_build, build) = match labels.split_once('+') {
        Some((before, build)) => (before, Some(build)),
        None => (labels, None),
    };
    (before_build.strip_prefix('-'), build)
}

/// Whether a text is a non-empty run of `[0-9A-Za-z.-]`.
pub(crate) fn is_label(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.cmp_latest_last(other)
    }
}

impl fmt::Display for Version {
    /// The normalised text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Parts { core: self.core(), prerelease: self.prerelease(), build: self.build() }.fmt(f)
    }
}

/// The parts of a version, checked or not, as they are printed.
struct Parts<'a> {
    core: [u64; 3],
    prerelease: Option<&'a str>,
    build: Option<&'a str>,
}

impl fmt::Display for Parts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.core;
        write!(f, "{major}.{minor}.{patch}")?;
        if let Some(label) = self.prerelease {
            write!(f, "-{label}")?;
        }
        if let Some(label) = self.build {
            write!(f, "+{label}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
