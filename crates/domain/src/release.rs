//! A release's version, channel and tag, and which release upgrades which (`distribution.md` §5.2, §6).

use keyway_base::Timestamp;
use keyway_jsonapi::{ApiError, Failure, Invalid, Record, Value};
use keyway_versions::semver::Constraint;
use keyway_versions::{
    Channel, EcosystemVersion, Scheme, UpgradeRequest, VersionError, parse, resolve_upgrade,
};

use crate::resources::Release;

/// Words that paths need for themselves.
const RESERVED: [&str; 2] = ["action", "actions"];

/// The columns that a version fills.
pub const VERSION_COLUMNS: [&str; 11] = [
    "version",
    "version_key",
    "semver_major",
    "semver_minor",
    "semver_patch",
    "semver_prerelease",
    "semver_build",
    "semver_pre_word",
    "semver_pre_num",
    "semver_build_word",
    "semver_build_num",
];

/// Whose rules a release's version follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// Upstream's, for releases without a package or in one without an engine.
    Upstream,
    /// The ecosystem's, for packages with an engine.
    Ecosystem(Scheme),
}

impl Dialect {
    /// The rules that versions are read by.
    pub const fn scheme(self) -> Scheme {
        match self {
            Self::Upstream => Scheme::Semver,
            Self::Ecosystem(scheme) => scheme,
        }
    }
}

/// Why a version is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionRefusal {
    /// A number that no column holds: 400.
    TooLarge,
    /// 422.
    Invalid(Invalid),
}

impl From<VersionRefusal> for ApiError {
    fn from(refusal: VersionRefusal) -> Self {
        match refusal {
            VersionRefusal::TooLarge => Self::schema("/data/attributes/version", "integer is too large"),
            VersionRefusal::Invalid(invalid) => Self::invalid([invalid]),
        }
    }
}

/// Reads the version of a release in a channel.
///
/// # Errors
/// [`VersionRefusal`]: `VERSION_INVALID`, `VERSION_CHANNEL_INVALID`, or a number too large.
pub fn read_version(
    dialect: Dialect,
    text: &str,
    channel: Channel,
) -> Result<EcosystemVersion, VersionRefusal> {
    let invalid = |detail: String| {
        VersionRefusal::Invalid(Invalid::attribute("version", Failure::Kind("INVALID"), detail))
    };
    let version = parse(dialect.scheme(), text).map_err(|error| match error {
        VersionError::NumberTooLarge { .. } => VersionRefusal::TooLarge,
        VersionError::Malformed { scheme: Scheme::Semver, .. } => {
            invalid("must be a valid version".to_owned())
        }
        VersionError::Malformed { scheme, .. } => invalid(format!("must be a valid {scheme} version")),
        VersionError::TooLong => invalid(error.to_string()),
    })?;
    if is_of_channel(dialect, &version, channel) {
        return Ok(version);
    }
    let detail = match channel {
        Channel::Stable => {
            format!("version does not match stable channel (expected x.y.z got {})", version.verbatim())
        }
        channel => format!(
            "version does not match prerelease channel (expected x.y.z-{channel}.n got {})",
            version.verbatim()
        ),
    };
    let failure = Failure::Kind("CHANNEL_INVALID");
    Err(VersionRefusal::Invalid(Invalid::attribute("version", failure, detail)))
}

/// Whether a version belongs in a channel: stable ones have no pre-release, others have one of their channel.
/// In an ecosystem, a pre-release word that names no channel goes into any channel but stable.
fn is_of_channel(dialect: Dialect, version: &EcosystemVersion, channel: Channel) -> bool {
    let stable = channel == Channel::Stable;
    if stable || !version.is_prerelease() {
        return stable && !version.is_prerelease();
    }
    let label = version.semver().and_then(|semver| semver.prerelease());
    match dialect {
        Dialect::Upstream => label.is_some_and(|label| label.starts_with(channel.as_str())),
        Dialect::Ecosystem(_) => {
            let derived = version.derived_channel();
            let names_dev = label.unwrap_or_else(|| version.verbatim()).to_lowercase().contains("dev");
            derived == channel || (derived == Channel::Dev && !names_dev)
        }
    }
}

/// Writes a version into the columns of [`VERSION_COLUMNS`].
pub fn set_version(record: &mut Record, version: &EcosystemVersion) {
    let text = |text: &str| Value::Text(text.to_owned());
    let optional = |label: Option<&str>| label.map_or(Value::Null, text);
    let number = |number: u64| i64::try_from(number).map_or(Value::Null, Value::Int);
    let semver = version.semver();
    let (pre, build) = (semver.map(|v| v.pre_columns()), semver.map(|v| v.build_columns()));
    record.set("version", text(version.verbatim()));
    record.set("version_key", text(version.key()));
    record.set("semver_major", semver.map_or(Value::Null, |v| number(v.major())));
    record.set("semver_minor", semver.map_or(Value::Null, |v| number(v.minor())));
    record.set("semver_patch", semver.map_or(Value::Null, |v| number(v.patch())));
    record.set("semver_prerelease", optional(semver.and_then(|v| v.prerelease())));
    record.set("semver_build", optional(semver.and_then(|v| v.build())));
    record.set("semver_pre_word", optional(pre.and_then(|columns| columns.word.as_deref())));
    record.set("semver_pre_num", pre.and_then(|columns| columns.num).map_or(Value::Null, number));
    record.set("semver_build_word", optional(build.and_then(|columns| columns.word.as_deref())));
    record.set("semver_build_num", build.and_then(|columns| columns.num).map_or(Value::Null, number));
}

/// The `semver` attribute; `None` where the version has no semver form.
pub fn semver_attribute(record: &Record) -> Option<serde_json::Value> {
    let [major, minor, patch] =
        ["semver_major", "semver_minor", "semver_patch"].map(|column| record.get(column).as_int());
    let (major, minor, patch) = (major?, minor?, patch?);
    Some(serde_json::json!({
        "major": major,
        "minor": minor,
        "patch": patch,
        "prerelease": record.get("semver_prerelease").as_text(),
        "build": record.get("semver_build").as_text(),
    }))
}

/// Why a tag is refused; `None` for good ones.
pub fn tag_failure(tag: &str) -> Option<Invalid> {
    RESERVED
        .contains(&tag.to_ascii_lowercase().as_str())
        .then(|| Invalid::attribute("tag", Failure::Inclusion, "is reserved"))
}

/// Why a backdating is refused; `None` for moments that are past.
pub fn backdated_failure(backdated: Timestamp, now: Timestamp) -> Option<Invalid> {
    (backdated >= now).then(|| Invalid::attribute("backdated", Failure::Comparison, "must be in the past"))
}

/// What an upgrade request asks for.
#[derive(Debug, Clone)]
pub struct Upgrade<'a> {
    /// The rules that the package's versions are read by.
    pub scheme: Scheme,
    /// The release that the client runs.
    pub current: &'a Release,
    /// The channel asked for; none is the current release's own.
    pub channel: Option<Channel>,
    /// The constraint, if one was given.
    pub constraint: Option<&'a Constraint>,
}

impl Upgrade<'_> {
    /// The highest of `candidates` that is an upgrade (`distribution.md` §6.5). `candidates` are the published
    /// releases of the product and package that the caller may see. A stored version that cannot be read is
    /// no candidate; if the current one cannot be read, nothing is an upgrade of it.
    pub fn best<'c>(&self, candidates: &'c [Release]) -> Option<&'c Release> {
        let current = parse(self.scheme, &self.current.version).ok()?;
        let channel = match self.channel {
            Some(channel) => channel,
            None => self.current.channel.parse().ok()?,
        };
        let request = UpgradeRequest { current: &current, channel, constraint: self.constraint };
        let candidates: Vec<(&Release, EcosystemVersion, Channel)> =
            candidates.iter().filter_map(|release| self.candidate(release)).collect();
        resolve_upgrade(&request, &candidates, |(_, version, channel)| (version, *channel))
            .map(|(release, ..)| *release)
    }

    fn candidate<'c>(&self, release: &'c Release) -> Option<(&'c Release, EcosystemVersion, Channel)> {
        if release.id == self.current.id || release.version_key == self.current.version_key {
            return None;
        }
        let version = parse(self.scheme, &release.version).ok()?;
        Some((release, version, release.channel.parse().ok()?))
    }
}

#[cfg(test)]
mod tests;
