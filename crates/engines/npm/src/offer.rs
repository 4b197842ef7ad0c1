//! Which versions a view offers, and what stands behind each.

use keyway_base::ReleaseId;
use keyway_engine::{Artifact, Plain, Release, Status, Verdict, View};
use keyway_versions::Channel;

use crate::fragment::FULL;
use crate::refusal;

/// A version that this caller is offered.
#[derive(Clone, Copy)]
pub(crate) struct Offer<'a> {
    pub(crate) release: &'a Release,
    pub(crate) artifact: &'a Artifact,
}

impl<'a> Offer<'a> {
    /// The version as npm's clients write it.
    pub(crate) fn version(&self) -> &'a str {
        self.release.version.key()
    }

    /// Why not to use it, where the vendor said so.
    pub(crate) fn deprecated(&self) -> Option<&'a str> {
        let published = self.release.status == Status::Published;
        self.release.notice.as_deref().filter(|notice| published && !notice.is_empty())
    }
}

/// Every version to list, newest first. What is withdrawn is gone, for its vendor too, whose own installs
/// would otherwise resolve to it.
pub(crate) fn offers<'a>(view: &View<'a>) -> Vec<Offer<'a>> {
    view.releases()
        .filter(|(_, release)| release.status != Status::Yanked)
        .filter_map(|(_, release)| tarball(release).map(|(_, artifact)| Offer { release, artifact }))
        .collect()
}

/// A release's tarball with its position: the first that was taken in, so that a version's bytes never
/// change.
pub(crate) fn tarball(release: &Release) -> Option<(usize, &Artifact)> {
    View::artifacts(release).find(|(_, artifact)| artifact.manifest(FULL).is_some())
}

/// The position and release of a version that this caller may have.
///
/// # Errors
/// The answer to a version that is absent, hidden or refused.
pub(crate) fn reach<'a>(view: &View<'a>, version: &str) -> Result<(usize, &'a Release), Plain> {
    let absent = || unavailable(view, &format!("{} has no version {version}", view.package.key));
    let parsed = keyway_versions::parse(keyway_versions::Scheme::Npm, version).map_err(|_| absent())?;
    let index = view.package.position(&parsed).ok_or_else(absent)?;
    let release = view.package.releases.get(index).ok_or_else(absent)?;
    if view.visible.contains(index) {
        return Ok((index, release));
    }
    match view.decide.verdict(index) {
        Verdict::Allowed => Ok((index, release)),
        Verdict::Denied(denial) => Err(refusal::denied(&denial)),
        Verdict::Hidden => Err(absent()),
    }
}

/// The answer to what is not there for this caller: why they are refused as a whole, or else that it is
/// absent.
pub(crate) fn unavailable(view: &View<'_>, message: &str) -> Plain {
    match view.denial {
        Some(denial) => refusal::denied(denial),
        None => refusal::not_found(message),
    }
}

/// Dist-tags in a fixed order: `latest`, then one per channel, then the releases' own tags, newest first, then
/// those that npm put elsewhere. A tag that was put on a release wins over one that we would give.
pub(crate) fn dist_tags<'a>(view: &View<'a>, offers: &[Offer<'a>]) -> Vec<(&'a str, &'a str)> {
    let put = |release: ReleaseId| offers.iter().find(|offer| offer.release.id == release);
    let tagged = |tag: &str| {
        let own = offers.iter().find(|offer| offer.release.tag.as_deref() == Some(tag));
        let other = || view.package.tags.iter().find(|put| put.name == tag).and_then(|tag| put(tag.release));
        own.or_else(other)
    };
    let newest = |channel: Channel| offers.iter().find(|offer| offer.release.channel == channel);
    let latest = tagged("latest").or_else(|| newest(Channel::Stable)).or_else(|| offers.first());
    let mut tags: Vec<(&str, &str)> = latest.map(|offer| ("latest", offer.version())).into_iter().collect();
    for channel in [Channel::Rc, Channel::Beta, Channel::Alpha, Channel::Dev] {
        let name = channel.as_str();
        if let Some(offer) = tagged(name).or_else(|| newest(channel)) {
            tags.push((name, offer.version()));
        }
    }
    let given = ["latest", "rc", "beta", "alpha", "dev"];
    for offer in offers {
        if let Some(tag) = offer.release.tag.as_deref().filter(|tag| !tag.is_empty() && !given.contains(tag))
        {
            tags.push((tag, offer.version()));
        }
    }
    for tag in view.package.tags.iter().filter(|tag| !given.contains(&tag.name.as_str())) {
        if let Some(offer) = put(tag.release) {
            tags.push((&tag.name, offer.version()));
        }
    }
    tags
}
