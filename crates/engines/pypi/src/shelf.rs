//! Which files a view lists, and which it hands out.

use keyway_crypto::digest::Sha256;
use keyway_engine::{Artifact, Plain, Release, Status, Verdict, View};
use keyway_versions::Scheme;

use crate::facts;
use crate::name::FileName;
use crate::refusal;

/// A file on a project's page.
pub(crate) struct Listed<'a> {
    pub(crate) artifact: &'a Artifact,
    /// Its facts as JSON members.
    pub(crate) members: &'a [u8],
    /// Its SHA-256, hex.
    pub(crate) sha256: String,
}

/// A release on a project's page, with at least one file.
pub(crate) struct Row<'a> {
    pub(crate) release: &'a Release,
    pub(crate) yanked: Option<&'a str>,
    pub(crate) files: Vec<Listed<'a>>,
}

/// Every release to list, oldest first: what the caller may have, and what was yanked, flagged (PEP 592).
/// Where that leaves nothing, also what the caller is refused for now: pip shows no reason but on a file
/// (§2.6).
pub(crate) fn rows<'a>(view: &View<'a>) -> Vec<Row<'a>> {
    let listed = |with_withheld: bool| -> Vec<Row<'a>> {
        let wanted = |index: usize| {
            view.visible.contains(index)
                || view.yanked.contains(index)
                || (with_withheld && view.withheld.contains(index))
        };
        let releases = view.package.releases.iter().enumerate().rev();
        let chosen = releases.filter(|(index, _)| wanted(*index));
        chosen.map(|(index, release)| row(view, index, release)).filter(|row| !row.files.is_empty()).collect()
    };
    let rows = listed(false);
    let installable = rows.iter().any(|row| row.yanked.is_none());
    if installable || view.withheld.is_empty() { rows } else { listed(true) }
}

fn row<'a>(view: &View<'a>, index: usize, release: &'a Release) -> Row<'a> {
    let is_yanked = view.yanked.contains(index) || release.status == Status::Yanked;
    let files = View::artifacts(release).filter_map(|(_, artifact)| {
        let members = facts::members(artifact)?;
        let digests = artifact.digests.as_deref()?;
        Some(Listed { artifact, members, sha256: Sha256::new(digests.sha256).hex() })
    });
    Row {
        release,
        yanked: is_yanked.then(|| release.notice.as_deref().unwrap_or_default()),
        files: files.collect(),
    }
}

/// Position of the release and position and artifact of a file that this caller may have.
///
/// # Errors
/// The answer to a file that is absent, hidden or refused.
pub(crate) fn reach<'a>(view: &View<'a>, file: &FileName) -> Result<(usize, usize, &'a Artifact), Plain> {
    let absent = || match view.denial {
        Some(denial) => refusal::denied(denial),
        None => refusal::not_found(&format!("{} has no file {file}", view.package.normalised)),
    };
    let version = keyway_versions::parse(Scheme::Pep440, file.version()).map_err(|_| absent())?;
    let index = view.package.position(&version).ok_or_else(absent)?;
    let release = view.package.releases.get(index).ok_or_else(absent)?;
    if !view.visible.contains(index) && !view.yanked.contains(index) {
        match view.decide.verdict(index) {
            Verdict::Allowed => {}
            Verdict::Denied(denial) => return Err(refusal::denied(&denial)),
            Verdict::Hidden => return Err(absent()),
        }
    }
    let name = file.to_string();
    let mut offered = View::artifacts(release).filter(|(_, artifact)| facts::members(artifact).is_some());
    let (position, artifact) = offered.find(|(_, artifact)| artifact.filename == name).ok_or_else(absent)?;
    Ok((index, position, artifact))
}
