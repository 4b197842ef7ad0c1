//! One package as the read path holds it: immutable, sorted, free of access rules.

use std::sync::Arc;

use keyway_base::{ArtifactId, BlobName, PackageId, ReleaseId, Timestamp};
use keyway_versions::{Channel, EcosystemVersion, Scheme, parse};

use crate::{Content, Targets};

/// A package with all its releases, whatever their status.
#[derive(Debug)]
pub struct Package {
    /// The package's id; `None` for the releases of a product that have no package.
    pub id: Option<PackageId>,
    /// The key as the vendor wrote it (`Acme.Widget`).
    pub key: String,
    /// The key in its ecosystem's normal form (`acme-widget`).
    pub normalised: String,
    /// The display name.
    pub name: String,
    /// When the package was created.
    pub created: Timestamp,
    /// Every release, newest version first by the ecosystem's order.
    pub releases: Vec<Release>,
    /// Movable names that clients of the ecosystem put on releases (npm's dist-tags), beside [`Release::tag`].
    pub tags: Vec<Tag>,
    /// What is addressed by its content; empty but for container registries.
    pub content: Content,
    /// Which releases have a file for what.
    pub targets: Targets,
    /// Which feed updaters are given.
    pub feeds: Feeds,
}

/// Which feed an updater is given where the vendor uploaded one with the release.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Feeds {
    /// The vendor's, as it is.
    #[default]
    Uploaded,
    /// One that we write: the vendor asked for that (`metadata.generatedFeeds` of the package or its product).
    Generated,
}

/// A movable name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name.
    pub name: String,
    /// The release that it means.
    pub release: ReleaseId,
}

/// One release.
#[derive(Debug)]
pub struct Release {
    /// Its id.
    pub id: ReleaseId,
    /// Its version, verbatim and parsed.
    pub version: EcosystemVersion,
    /// Its channel.
    pub channel: Channel,
    /// Its tag, if it has one.
    pub tag: Option<String>,
    /// Its status.
    pub status: Status,
    /// Display name.
    pub name: Option<String>,
    /// Release notes.
    pub description: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// Why it was yanked or deprecated, when the vendor said so (`metadata.yankedReason`, `metadata.deprecated`).
    pub notice: Option<String>,
    /// How clients are to take it as an update.
    pub urgency: Urgency,
    /// The number that the system knows it by, where that is not its version (`metadata.bundleVersion`): a build's.
    pub bundle_version: Option<String>,
    /// For clients that stagger an update by themselves: the seconds from one of their groups to the next
    /// (`metadata.phasedRolloutInterval`).
    pub phased_interval: Option<u64>,
    /// Its artifacts, oldest first.
    pub artifacts: Vec<Artifact>,
}

/// How clients are to take a release as an update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Urgency {
    /// Every client that is offered it is to install it.
    pub forced: bool,
    /// Clients below this version are to install it.
    pub minimum_version: Option<EcosystemVersion>,
    /// It mends something grave: it is not held back for a quieter hour.
    pub critical: bool,
    /// The oldest system that it runs on, in the words of the system (`10.0.17763`, `12.3`).
    pub minimum_system: Option<String>,
}

impl Urgency {
    /// Whether a client of this version is to install the release.
    pub fn is_forced_on(&self, current: Option<&EcosystemVersion>) -> bool {
        let below = |minimum| current.is_some_and(|current| current < minimum);
        self.forced || self.minimum_version.as_ref().is_some_and(below)
    }
}

/// Where a release stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Seen by the vendor only.
    Draft,
    /// Out.
    Published,
    /// Withdrawn.
    Yanked,
}

/// One file of a release.
#[derive(Debug)]
pub struct Artifact {
    /// Its id.
    pub id: ArtifactId,
    /// The file name as uploaded; may contain `/`.
    pub filename: String,
    /// Lower-case file type without the dot, when declared.
    pub filetype: Option<String>,
    /// Platform key, when declared.
    pub platform: Option<String>,
    /// Arch key, when declared.
    pub arch: Option<String>,
    /// The vendor's signature text.
    pub signature: Option<String>,
    /// When the artifact was created.
    pub created: Timestamp,
    /// Whether its bytes are here and checked. Artifacts that are not are never offered.
    pub uploaded: bool,
    /// Where its bytes are in the blob store; engines have no use for it.
    pub blob: Option<BlobName>,
    /// The size of the bytes we hold.
    pub size: u64,
    /// Media type found from name and content.
    pub media_type: String,
    /// Digests that we computed; `None` until uploaded.
    pub digests: Option<Box<Digests>>,
    /// What the engine's ingest wrote about it.
    pub manifests: Vec<Manifest>,
}

/// Digests of an artifact's bytes, computed by us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digests {
    /// MD5, for old clients only.
    pub md5: [u8; 16],
    /// SHA-1 (npm `shasum`).
    pub sha1: [u8; 20],
    /// SHA-256.
    pub sha256: [u8; 32],
    /// SHA-512 (npm `integrity`).
    pub sha512: [u8; 64],
}

/// A piece of metadata that an engine took from an artifact and wants back at render time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The engine's own name for it (`package.json`, `METADATA`, `npm.full`).
    pub kind: String,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Package {
    /// The position of the release with this version, whatever its status: a binary search, since downloads
    /// must not cost more as versions add up.
    pub fn position(&self, version: &EcosystemVersion) -> Option<usize> {
        self.releases.binary_search_by(|release| version.cmp(&release.version)).ok()
    }

    /// The release whose version a client names by the rules of a scheme, whatever its status.
    pub fn named(&self, scheme: Scheme, version: &str) -> Option<&Release> {
        let version = parse(scheme, version).ok()?;
        self.releases.get(self.position(&version)?)
    }
}

impl Artifact {
    /// The manifest of a kind, if there is one.
    pub fn manifest(&self, kind: &str) -> Option<&Manifest> {
        self.manifests.iter().find(|manifest| manifest.kind == kind)
    }
}

/// A set of releases, by position in [`Package::releases`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    /// Nothing, and no room for anything.
    pub const NONE: Self = Self(Vec::new());

    /// An empty set with room for `len` positions.
    pub fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(64)])
    }
    /// Adds a position; positions past the set's room are ignored.
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }
    /// Whether a position is in the set.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }
    /// Whether nothing is in the set.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
    /// How many positions are in the set.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }
    /// The positions in the set, lowest (newest release) first.
    pub fn iter(&self) -> impl Iterator<Item = usize> + use<'_> {
        self.0.iter().enumerate().flat_map(|(at, word)| {
            let rest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
            let words = std::iter::successors(Some(*word).filter(|word| *word != 0), rest);
            words.map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
    /// What is in both sets.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(word, other)| word & other).collect())
    }
    /// What is in this set and not in the other.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let others = other.0.iter().copied().chain(std::iter::repeat(0));
        Self(self.0.iter().zip(others).map(|(word, other)| word & !other).collect())
    }
    /// The words, lowest positions first, for hashing.
    pub fn words(&self) -> &[u64] {
        &self.0
    }
    /// Adds everything in `other`.
    pub fn union(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (word, more) in self.0.iter_mut().zip(&other.0) {
            *word |= more;
        }
    }
}
