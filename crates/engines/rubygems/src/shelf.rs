//! Which gems a view lists, and which it hands out.

use keyway_base::Timestamp;
use keyway_crypto::digest::Sha256;
use keyway_engine::{Artifact, Package, Plain, Release, Status, Verdict, View};
use keyway_versions::Scheme;

use crate::facts::Facts;
use crate::name::FullName;
use crate::refusal;

/// A gem in the indexes.
#[derive(Debug)]
pub(crate) struct Row<'a> {
    pub(crate) release: &'a Release,
    pub(crate) facts: Facts,
    /// When its file was made.
    pub(crate) created: Timestamp,
    /// Its SHA-256 in hex; empty when it is not known.
    pub(crate) sha256: String,
}

/// Every gem to list, lowest version first: what the caller may have, never what was yanked. Where that leaves
/// nothing, what the caller is refused for now: clients show the reason for a refused file, but not for an index.
pub(crate) fn rows<'a>(view: &View<'a>) -> Vec<Row<'a>> {
    let listed = |set: &'a keyway_engine::Bits| -> Vec<Row<'a>> {
        let mut rows: Vec<Row<'a>> = view
            .releases_in(set)
            .filter(|(_, release)| release.status != Status::Yanked)
            .flat_map(gems)
            .collect();
        rows.reverse();
        rows
    };
    let rows = listed(view.visible);
    if rows.is_empty() { listed(view.withheld) } else { rows }
}

/// The gems of a release, one per platform, the last platform first.
fn gems((_, release): (usize, &Release)) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = Vec::new();
    for (_, artifact) in View::artifacts(release) {
        let Some(facts) = Facts::read(artifact) else { continue };
        if rows.iter().any(|row| row.facts.platform == facts.platform) {
            continue;
        }
        let digests = artifact.digests.as_deref();
        let sha256 = digests.map(|digests| Sha256::new(digests.sha256).hex()).unwrap_or_default();
        rows.push(Row { release, facts, created: artifact.created, sha256 });
    }
    rows.sort_by(|left, right| right.facts.platform.cmp(&left.facts.platform));
    rows
}

/// Where a gem's file is.
#[derive(Debug)]
pub(crate) struct Reached<'a> {
    /// Position of the release.
    pub(crate) release: usize,
    /// Position of the artifact in it.
    pub(crate) position: usize,
    /// The artifact.
    pub(crate) artifact: &'a Artifact,
}

/// The gem of a full name, whoever may have it. Versions that are spelt otherwise are other gems.
pub(crate) fn find<'a>(package: &'a Package, full: &FullName) -> Option<Reached<'a>> {
    let tail = full.after(&package.key)?;
    // Every dash may be the one before the platform.
    let dashes = tail.match_indices('-').map(|(at, _)| at).take(8);
    let versions = std::iter::once(tail).chain(dashes.filter_map(|at| tail.get(..at)));
    versions.filter_map(|text| keyway_versions::parse(Scheme::Gem, text).ok()).find_map(|version| {
        let index = package.position(&version)?;
        let release = package.releases.get(index)?;
        let mut artifacts = View::artifacts(release);
        let fits = |artifact: &Artifact| Facts::read(artifact).is_some_and(|facts| facts.answers_to(tail));
        let (position, artifact) = artifacts.find(|(_, artifact)| fits(artifact))?;
        Some(Reached { release: index, position, artifact })
    })
}

/// The gem of a full name, for this caller.
///
/// # Errors
/// The answer to a gem that is absent, hidden or refused.
pub(crate) fn reach<'a>(view: &View<'a>, full: &FullName) -> Result<Reached<'a>, Plain> {
    let absent = || match view.denial {
        Some(denial) => refusal::denied(denial),
        None => refusal::not_found(&format!("there is no gem {}", full.as_str())),
    };
    let reached = find(view.package, full).ok_or_else(absent)?;
    match view.decide.verdict(reached.release) {
        Verdict::Hidden => Err(absent()),
        Verdict::Denied(denial) => Err(refusal::denied(&denial)),
        Verdict::Allowed if is_yanked(view, reached.release) => Err(absent()),
        Verdict::Allowed => Ok(reached),
    }
}

/// Yanked gems are gone, for the vendor too.
fn is_yanked(view: &View<'_>, release: usize) -> bool {
    view.package.releases.get(release).is_some_and(|release| release.status == Status::Yanked)
}
