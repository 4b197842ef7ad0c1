//! The content-addressed part of a package: manifests and blobs by digest, and the tags that name manifests. Only
//! the ecosystems of container registries have any.

use std::sync::Arc;

use bytes::Bytes;
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
