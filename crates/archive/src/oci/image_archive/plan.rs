//! What came of reading an archive of images.

use keyway_base::{AboutTag, ContentDigest};
use serde::Serialize;

use crate::oci::ParsedManifest;

/// What to record of an archive. All of its blobs went to the sink.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The manifests and indexes, each after everything that it lists.
    pub manifests: Vec<PlannedManifest>,
    /// The blobs that they refer to.
    pub blobs: Vec<PlannedBlob>,
    /// What the archive names: images, and artifacts that are about one of them.
    pub roots: Vec<Root>,
    /// What to tell the vendor.
    pub report: Report,
}

/// A manifest or index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedManifest {
    /// Its digest.
    pub digest: ContentDigest,
    /// What it says.
    pub parsed: ParsedManifest,
    /// Its bytes: as they were in the archive, or as they were made where it had none.
    pub bytes: Vec<u8>,
}

/// A blob that a manifest refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedBlob {
    /// Its digest, as the sink was given it.
    pub digest: ContentDigest,
    /// Its size in bytes.
    pub size: u64,
}

/// A manifest that the archive itself names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Its digest.
    pub digest: ContentDigest,
    /// The tags that it has in the archive. No tag is given to two roots.
    pub tags: Vec<String>,
    /// The manifest that it is about: then it is no image of its own.
    pub subject: Option<ContentDigest>,
}

impl Plan {
    /// The roots that are about no other manifest.
    pub fn images(&self) -> impl Iterator<Item = &Root> {
        self.roots.iter().filter(|root| !root.is_about())
    }
}

impl Root {
    /// Whether it is about another manifest: by what it says itself, or by all of its tags.
    fn is_about(&self) -> bool {
        let is_named_so = !self.tags.is_empty() && self.tags.iter().all(|tag| AboutTag::parse(tag).is_some());
        self.subject.is_some() || is_named_so
    }
}

/// What was found in an archive, for whoever uploaded it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// `oci-layout`, `docker-archive` or `helm-chart`.
    pub format: &'static str,
    /// What the archive names.
    pub images: Capped<ReportedImage>,
    /// How many manifests and indexes are taken.
    pub manifests: usize,
    /// How many blobs are taken.
    pub blobs: usize,
    /// How many bytes they have together.
    pub bytes: u64,
    /// What is referred to and not there: a pull of it will find nothing.
    pub missing: Capped<MissingPart>,
    /// Tags that listed referrers, which the registry lists by itself.
    pub converted: Capped<ConvertedTag>,
    /// Files that belong to no image.
    pub ignored: Capped<String>,
    /// What else the vendor should know.
    pub warnings: Capped<String>,
}

/// A manifest that the archive names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReportedImage {
    /// Its digest.
    pub digest: String,
    /// Its media type.
    pub media_type: String,
    /// What it is an artifact of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Its tags.
    pub tags: Vec<String>,
    /// The platforms that are there.
    pub platforms: Vec<String>,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// A manifest that an index lists and that is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MissingPart {
    /// Its digest.
    pub digest: String,
    /// The platform that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<String>,
    /// The index that lists it.
    pub index: String,
    /// What is not there.
    pub reason: String,
}

/// A tag that listed referrers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConvertedTag {
    /// The tag.
    pub tag: String,
    /// How many referrers it listed that are there.
    pub referrers: usize,
}

/// A list that shows its first items and counts the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Capped<T> {
    /// The first ones.
    pub shown: Vec<T>,
    /// How many more there are.
    pub more: usize,
}

impl<T> Capped<T> {
    const SHOWN: usize = 100;

    /// Shows the first of these items.
    pub(super) fn of<I>(items: &[I], show: impl FnMut(&I) -> T) -> Self {
        let shown: Vec<T> = items.iter().take(Self::SHOWN).map(show).collect();
        Self { more: items.len() - shown.len(), shown }
    }

    /// Adds an item.
    pub fn push(&mut self, item: T) {
        match self.shown.len() < Self::SHOWN {
            true => self.shown.push(item),
            false => self.more += 1,
        }
    }
}

impl<T> Default for Capped<T> {
    fn default() -> Self {
        Self { shown: Vec::new(), more: 0 }
    }
}
