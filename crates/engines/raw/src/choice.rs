//! Which release and which file a path means for this caller.

use keyway_base::{ArtifactId, ReleaseId};
use keyway_engine::{Artifact, Plain, Release, Status, Verdict, View};
use keyway_versions::Channel;

use crate::refusal;

/// The position of the release that a selector means: an id, a version, a tag, `latest` or a channel, read in
/// this order. A release's own tag wins over our names, as long as the caller may have that release.
///
/// # Errors
/// The answer to a release that is absent, hidden or refused.
pub(crate) fn release(view: &View<'_>, selector: &str) -> Result<usize, Plain> {
    if let Some(index) = by_id(view, selector).or_else(|| by_version(view, selector)) {
        return reach(view, index, selector);
    }
    let tagged = view.package.releases.iter().position(|release| release.tag.as_deref() == Some(selector));
    match (tagged, Wanted::read(selector)) {
        (Some(index), _) if view.visible.contains(index) => Ok(index),
        (tagged, Some(wanted)) => match wanted.newest(view) {
            Some(index) => Ok(index),
            None => Err(refused(view, tagged.or_else(|| wanted.newest_withheld(view)), selector)),
        },
        (Some(index), None) => reach(view, index, selector),
        (None, None) => Err(refused(view, None, selector)),
    }
}

/// The position of a file in a release, by id or name. Files that are not complete are not there.
pub(crate) fn artifact<'a>(release: &'a Release, name: &str) -> Option<(usize, &'a Artifact)> {
    let id = name.parse::<ArtifactId>().ok();
    View::artifacts(release).find(|(_, artifact)| artifact.filename == name || Some(artifact.id) == id)
}

fn by_id(view: &View<'_>, selector: &str) -> Option<usize> {
    let id = selector.parse::<ReleaseId>().ok()?;
    view.package.releases.iter().position(|release| release.id == id)
}

/// Versions are compared as the package's ecosystem compares them.
fn by_version(view: &View<'_>, selector: &str) -> Option<usize> {
    let scheme = view.package.releases.first()?.version.scheme();
    view.package.position(&keyway_versions::parse(scheme, selector).ok()?)
}

fn reach(view: &View<'_>, index: usize, selector: &str) -> Result<usize, Plain> {
    if view.visible.contains(index) { Ok(index) } else { Err(refused(view, Some(index), selector)) }
}

/// Why a release is not handed out: its own refusal where it has one, else that of the whole, else it is
/// absent.
fn refused(view: &View<'_>, index: Option<usize>, selector: &str) -> Plain {
    match (index.map(|index| view.decide.verdict(index)), view.denial) {
        (Some(Verdict::Denied(denial)), _) => refusal::denied(&denial),
        (_, Some(denial)) => refusal::denied(denial),
        _ => refusal::not_found("release", selector),
    }
}

/// A release that is chosen by what it is instead of by name.
struct Wanted(Channel);

impl Wanted {
    /// `latest` is the newest stable release; a channel's key, the newest that the channel shows.
    fn read(selector: &str) -> Option<Self> {
        let channel = if selector == "latest" { Ok(Channel::Stable) } else { selector.parse() };
        channel.ok().map(Self)
    }

    fn newest(&self, view: &View<'_>) -> Option<usize> {
        let mut releases = view.releases();
        let fits = |release: &Release| self.0.includes(release.channel) && release.status != Status::Yanked;
        releases.find(|(_, release)| fits(release)).map(|(index, _)| index)
    }

    fn newest_withheld(&self, view: &View<'_>) -> Option<usize> {
        let mut releases = view.releases_in(view.withheld);
        releases.find(|(_, release)| self.0.includes(release.channel)).map(|(index, _)| index)
    }
}
