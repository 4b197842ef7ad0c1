//! Feeds that the vendor uploaded: checked when they come in, handed out as they are.

use std::io::Read as _;

use keyway_archive::yaml::{Node, Yaml, YamlLimits};
use keyway_engine::{Artifact, Manifest, Reject, Release, Upload, View};
use keyway_versions::Scheme;
use percent_encoding::percent_decode_str;

use crate::op::stem;
use crate::versioned::versioned;
use crate::{Channel, Target};

/// Under which a feed is kept.
const FEED: &str = "electron.feed";
/// Under which it is kept with addresses that say the version, where its own do not.
const VERSIONED: &str = "electron.feed.versioned";
/// Under which the names of the files that it lists are kept, a line each.
const FILES: &str = "electron.files";

/// The largest feed, in bytes; notes may be long.
const LIMITS: YamlLimits = YamlLimits { bytes: 512 * 1024, nodes: 20_000, depth: 16 };

/// Reads a `.yml`. One that lists no files of a version is somebody's else, and kept as it is.
///
/// # Errors
/// [`Reject`] for a feed of another version, and for one that cannot be read under the name of a channel.
pub(crate) fn take_in(upload: &mut Upload<'_>) -> Result<Vec<Manifest>, Reject> {
    let is_channel = stem(upload.filename)
        .is_some_and(|stem| matches!(Target::split(stem), (channel, Some(_)) if is_ours(channel)));
    let refused = |why: String| if is_channel { Err(Reject(why)) } else { Ok(Vec::new()) };
    if upload.size > LIMITS.bytes as u64 {
        return refused(format!("the feed has more than {} bytes", LIMITS.bytes));
    }
    let mut bytes = Vec::new();
    upload
        .body
        .take(LIMITS.bytes as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| Reject(format!("the feed cannot be read: {error}")))?;
    let yaml = match Yaml::parse(&bytes, &LIMITS) {
        Ok(yaml) => yaml,
        Err(error) => return refused(format!("the feed cannot be read: {error}")),
    };
    let version = yaml.root().get("version").and_then(Node::text);
    let (Some(version), names) = (version, names(yaml.root())) else {
        return refused("the feed has no version: electron-updater needs one".to_owned());
    };
    if names.is_empty() {
        return refused(
            "the feed lists no files: electron-updater needs `files` with a `url` each".to_owned(),
        );
    }
    check_version(upload, version)?;
    let versioned = versioned(yaml.root(), upload.version, &names)?;
    let own = names.into_iter().filter(|name| !name.contains("://")).collect::<Vec<_>>().join("\n");
    let keep = |kind: &str, bytes: Vec<u8>| Manifest { kind: kind.to_owned(), bytes: bytes.into() };
    let mut kept = vec![keep(FEED, bytes), keep(FILES, own.into_bytes())];
    kept.extend(versioned.map(|feed| keep(VERSIONED, feed.into_bytes())));
    Ok(kept)
}

fn is_ours(channel: &str) -> bool {
    matches!(Channel::of(channel), Channel::Ours(_))
}

/// The feed would lead clients to another version than the release that it is found by.
fn check_version(upload: &Upload<'_>, version: &str) -> Result<(), Reject> {
    let read = |text: &str| keyway_versions::parse(Scheme::Semver, text).ok();
    let (theirs, ours) = (read(version), read(upload.version));
    if theirs.is_some() && theirs == ours {
        return Ok(());
    }
    Err(Reject(format!(
        "{} says version {version}, but was uploaded to the release {}: upload it to its own release",
        upload.filename, upload.version
    )))
}

/// The files that a feed lists, as it writes them.
fn names(root: Node<'_>) -> Vec<String> {
    let url = |file: Node<'_>| file.get("url").and_then(Node::text).map(str::to_owned);
    let listed: Vec<String> =
        root.get("files").and_then(Node::items).into_iter().flatten().filter_map(url).collect();
    if !listed.is_empty() {
        return listed;
    }
    root.get("path").and_then(Node::text).map(str::to_owned).into_iter().collect()
}

/// The feed of a release under the first of these names that it has.
pub(crate) fn find<'a>(release: &'a Release, names: &[String]) -> Option<Uploaded<'a>> {
    names.iter().find_map(|name| {
        let (_, artifact) = View::artifacts(release).find(|(_, artifact)| artifact.filename == *name)?;
        artifact.manifest(FEED).map(|feed| Uploaded { release, artifact, feed })
    })
}

/// A feed of a release.
pub(crate) struct Uploaded<'a> {
    release: &'a Release,
    artifact: &'a Artifact,
    feed: &'a Manifest,
}

impl<'a> Uploaded<'a> {
    /// Whether its files have names that those of other releases may have too.
    pub(crate) fn is_ambiguous(&self) -> bool {
        self.artifact.manifest(VERSIONED).is_some()
    }

    /// Its bytes, unless a file is still on its way that it lists: as the vendor wrote it where the names in it are of
    /// one release only, else with the version before them.
    pub(crate) fn ready(self) -> Option<&'a [u8]> {
        let listed = self.artifact.manifest(FILES)?;
        let listed = std::str::from_utf8(&listed.bytes).ok()?;
        let is_here = |url: &str| {
            let decoded = percent_decode_str(url).decode_utf8_lossy();
            View::artifacts(self.release)
                .any(|(_, file)| file.filename == url || file.filename == decoded.as_ref())
        };
        listed.lines().all(is_here).then_some(&self.artifact.manifest(VERSIONED).unwrap_or(self.feed).bytes)
    }
}

#[cfg(test)]
mod tests;
