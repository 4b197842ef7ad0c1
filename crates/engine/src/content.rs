//! The content-addressed part of a package: manifests and blobs by digest, and the tags that name manifests. Only
//! the ecosystems of container registries have any.

use std::collections::HashSet;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderValue;
use keyway_base::{BlobName, ContentDigest};

use crate::{Bits, View};

/// Everything of a package that is addressed by its content.
#[derive(Debug, Default)]
pub struct Content {
    /// Manifests, sorted by digest.
    pub manifests: Vec<StoredManifest>,
    /// Blobs, sorted by digest. One that no manifest refers to yet may be missing.
    pub blobs: Vec<StoredBlob>,
    /// Tags, sorted by name.
    pub tags: Vec<ContentTag>,
    /// What answers say of each manifest.
    heads: Vec<ManifestHead>,
    /// The manifests that are about another, as its digest and their position, sorted.
    about: Vec<(ContentDigest, usize)>,
}

/// What every answer says of a manifest: made once, for it is asked for time and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestHead {
    /// Its digest.
    pub digest: HeaderValue,
    /// Its digest as an entity tag.
    pub entity_tag: HeaderValue,
    /// Its media type, where that can stand in a header.
    pub media_type: Option<HeaderValue>,
    /// Whether a tag names it.
    pub is_named: bool,
}

/// Positions in [`crate::Package::releases`], in ascending order.
pub type Owners = Box<[u32]>;

/// A manifest or index, as it was pushed.
#[derive(Debug)]
pub struct StoredManifest {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its media type, as it was pushed.
    pub media_type: String,
    /// Its bytes, as they were pushed.
    pub bytes: Bytes,
    /// What it is an artifact of: its own type, or its configuration's media type.
    pub artifact_type: Option<String>,
    /// The manifest that it is about, whether that is here or not.
    pub subject: Option<ContentDigest>,
    /// Its annotations, as a JSON object.
    pub annotations: Option<Arc<str>>,
    /// The releases that reach it: by a tag, from an index, or through its subject.
    pub owners: Owners,
}

/// A blob: a layer, a configuration, whatever a manifest refers to.
#[derive(Debug)]
pub struct StoredBlob {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its size in bytes.
    pub size: u64,
    /// Where its bytes are in the blob store; engines have no use for it.
    pub blob: BlobName,
    /// The releases that reach it.
    pub owners: Owners,
}

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentTag {
    /// Its name.
    pub name: String,
    /// The manifest that it names.
    pub digest: ContentDigest,
    /// The release whose version or tag it is, as a position in [`crate::Package::releases`]. Other tags move.
    pub release: Option<u32>,
}

impl Content {
    /// Puts content together, in whatever order it comes.
    pub fn new(
        mut manifests: Vec<StoredManifest>,
        mut blobs: Vec<StoredBlob>,
        mut tags: Vec<ContentTag>,
    ) -> Self {
        manifests.sort_unstable_by_key(|manifest| manifest.digest);
        blobs.sort_unstable_by_key(|blob| blob.digest);
        tags.sort_unstable_by(|left, right| left.name.cmp(&right.name));
        let named: HashSet<ContentDigest> = tags.iter().map(|tag| tag.digest).collect();
        let heads =
            manifests.iter().map(|manifest| ManifestHead::of(manifest, named.contains(&manifest.digest)));
        let heads = heads.collect();
        let about = manifests.iter().enumerate();
        let mut about: Vec<_> = about.filter_map(|(at, manifest)| Some((manifest.subject?, at))).collect();
        about.sort_unstable();
        Self { manifests, blobs, tags, heads, about }
    }
    /// What answers say of the manifest at a position.
    pub fn head(&self, position: usize) -> Option<&ManifestHead> {
        self.heads.get(position)
    }
    /// The manifests that are about a digest, in the order of their own.
    pub fn about<'a>(&'a self, subject: &'a ContentDigest) -> impl Iterator<Item = &'a StoredManifest> {
        let start = self.about.partition_point(|(other, _)| other < subject);
        let from = self.about.iter().skip(start).take_while(move |(other, _)| other == subject);
        from.filter_map(|(_, position)| self.manifests.get(*position))
    }
    /// The manifest of a digest, with its position.
    pub fn manifest(&self, digest: &ContentDigest) -> Option<(usize, &StoredManifest)> {
        let found = self.manifests.binary_search_by(|manifest| manifest.digest.cmp(digest)).ok()?;
        Some((found, self.manifests.get(found)?))
    }
    /// The blob of a digest, with its position.
    pub fn blob(&self, digest: &ContentDigest) -> Option<(usize, &StoredBlob)> {
        let found = self.blobs.binary_search_by(|blob| blob.digest.cmp(digest)).ok()?;
        Some((found, self.blobs.get(found)?))
    }
    /// A tag.
    pub fn tag(&self, name: &str) -> Option<&ContentTag> {
        let found = self.tags.binary_search_by(|tag| tag.name.as_str().cmp(name)).ok()?;
        self.tags.get(found)
    }
}

impl ManifestHead {
    fn of(manifest: &StoredManifest, is_named: bool) -> Self {
        let digest = manifest.digest.to_string();
        let header = |text| HeaderValue::try_from(text).expect("an algorithm and hex are a header value");
        Self {
            entity_tag: header(format!("\"{digest}\"")),
            digest: header(digest),
            media_type: HeaderValue::from_str(&manifest.media_type).ok(),
            is_named,
        }
    }
}

impl View<'_> {
    /// Whether the caller may have content that these releases reach. What no release reaches is the vendor's alone.
    pub fn shows(&self, owners: &[u32]) -> bool {
        self.whole || owners.iter().any(|owner| is_in(self.visible, *owner))
    }
    /// Whether the caller may know of a tag: the tag of a release with that release, any other with its manifest.
    pub fn shows_tag(&self, tag: &ContentTag) -> bool {
        match tag.release {
            _ if self.whole => true,
            Some(release) => is_in(self.visible, release),
            None => {
                let found = self.package.content.manifest(&tag.digest);
                found.is_some_and(|(_, manifest)| self.shows(&manifest.owners))
            }
        }
    }
}

fn is_in(visible: &Bits, release: u32) -> bool {
    usize::try_from(release).is_ok_and(|release| visible.contains(release))
}
