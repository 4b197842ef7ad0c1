//! What one caller may see of one package: the only thing an engine answers from.

use keyway_versions::Channel;

use crate::{Artifact, Bits, Denial, Package, Release};

/// What was found for an operation's [`crate::Need`].
#[derive(Clone, Copy)]
pub enum Access<'a> {
    /// Nothing was needed, or only a good credential was.
    Granted,
    /// There is no such package in this account (or the product or package of a raw path is absent).
    Absent,
    /// The package is ours; this is what the caller may see of it (possibly nothing).
    Package(View<'a>),
    /// Every package name of this engine the caller may see.
    Names(&'a NameList),
    /// Every package of this engine the caller may see, sorted by normalised key. Some show no release.
    Packages(&'a [View<'a>]),
}

/// Package names for an index page, sorted by normalised key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NameList(pub Vec<PackageName>);

/// One name of a [`NameList`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    /// The key as the vendor wrote it.
    pub key: String,
    /// The key in normal form.
    pub normalised: String,
}

/// A caller's view of a package.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The package with all its releases. Offer a release only when this view shows it.
    pub package: &'a Package,
    /// Releases this caller may have: published and allowed, or of any status for the vendor.
    pub visible: &'a Bits,
    /// Yanked releases this caller could have had: ecosystems that keep yanked files installable list them.
    pub yanked: &'a Bits,
    /// Published releases that this caller has a licence for but is refused (suspended, expired, not
    /// entitled, outside the window): never served, but a client that shows reasons only on file downloads
    /// (pip) is told their names so that it can be told the reason.
    pub withheld: &'a Bits,
    /// The visible releases that the vendor's pins let an updater of this caller be led to.
    pub offered: &'a Bits,
    /// Releases whose rollout leaves the asking installation out for now. Known to update feeds only.
    pub waiting: &'a Bits,
    /// The channel that the vendor pinned the caller to, whatever the client asks for.
    pub pin: Option<Channel>,
    /// Whether the caller sees everything there is, what no release has included.
    pub whole: bool,
    /// Why the caller is refused as a whole, when nothing is visible.
    pub denial: Option<&'a Denial>,
    /// Decides single releases, for their refusal texts.
    pub decide: &'a dyn Decide,
}

/// Tells why a single release is refused.
pub trait Decide: Sync {
    /// The verdict on the release at this position of [`Package::releases`].
    fn verdict(&self, release: usize) -> Verdict;
}

/// The answer for one release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The caller may have it.
    Allowed,
    /// The caller may not, and may be told why.
    Denied(Denial),
    /// For this caller it does not exist (a draft, say).
    Hidden,
}

impl<'a> View<'a> {
    /// Visible releases with their positions, newest first.
    pub fn releases(&self) -> impl Iterator<Item = (usize, &'a Release)> + use<'a> {
        let visible = self.visible;
        self.package.releases.iter().enumerate().filter(move |(index, _)| visible.contains(*index))
    }
    /// Releases of any of the three sets with their positions, newest first.
    pub fn releases_in(&self, set: &'a Bits) -> impl Iterator<Item = (usize, &'a Release)> + use<'a> {
        self.package.releases.iter().enumerate().filter(move |(index, _)| set.contains(*index))
    }
    /// The uploaded artifacts of a release, oldest first.
    pub fn artifacts(release: &'a Release) -> impl Iterator<Item = (usize, &'a Artifact)> + use<'a> {
        release.artifacts.iter().enumerate().filter(|(_, artifact)| artifact.uploaded)
    }
}
