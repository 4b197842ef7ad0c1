//! What an archive names, and everything found on the way to it.

use std::collections::{BTreeMap, HashMap, HashSet};

use keyway_base::ContentDigest;

use super::Sink;
use super::collect::{Collected, blob_path, send};
use super::plan::{
    Capped, ConvertedTag, MissingPart, Plan, PlannedBlob, PlannedManifest, Report, ReportedImage, Root,
};
use super::problem::ImageProblem;
use crate::oci::ParsedManifest;
use crate::{ArchiveError, Quoted};

/// A manifest with its digest, and with its bytes where they are not the archive's.
pub(super) type Manifest = (ContentDigest, ParsedManifest, Option<Vec<u8>>);

/// The manifests that an archive names, with their tags.
#[derive(Debug, Default)]
pub(super) struct Roots {
    order: Vec<ContentDigest>,
    tags: HashMap<ContentDigest, Vec<String>>,
    owners: HashMap<String, ContentDigest>,
}

impl Roots {
    /// Adds a root, or more tags to one.
    pub(super) fn add(&mut self, digest: ContentDigest, tags: Vec<String>) -> Result<(), ArchiveError> {
        if !self.tags.contains_key(&digest) {
            self.order.push(digest);
        }
        let own = self.tags.entry(digest).or_default();
        for tag in tags {
            match self.owners.insert(tag.clone(), digest) {
                None => own.push(tag),
                Some(first) if first == digest => {}
                Some(first) => return Err(ImageProblem::TagTwice { tag, first, second: digest }.into()),
            }
        }
        Ok(())
    }

    /// The roots among these manifests. What only stands beside the index that lists it is none.
    pub(super) fn of(mut self, manifests: &[Manifest]) -> Vec<Root> {
        let listed: HashSet<ContentDigest> = manifests
            .iter()
            .flat_map(|(_, parsed, _)| parsed.manifests.iter().map(|child| child.digest))
            .collect();
        let subjects: HashMap<ContentDigest, ContentDigest> = manifests
            .iter()
            .filter_map(|(digest, parsed, _)| Some((*digest, parsed.subject.as_ref()?.digest)))
            .collect();
        let roots = self.order.into_iter().map(|digest| {
            let tags = self.tags.remove(&digest).unwrap_or_default();
            Root { digest, tags, subject: subjects.get(&digest).copied() }
        });
        roots.filter(|root| !root.tags.is_empty() || !listed.contains(&root.digest)).collect()
    }
}

/// Everything found, before it is laid down in a plan.
#[derive(Debug, Default)]
pub(super) struct Found {
    format: &'static str,
    /// Each after everything that it lists.
    pub(super) manifests: Vec<Manifest>,
    pub(super) blobs: BTreeMap<ContentDigest, u64>,
    pub(super) roots: Vec<Root>,
    pub(super) missing: Vec<MissingPart>,
    pub(super) converted: Vec<ConvertedTag>,
    pub(super) warnings: Vec<String>,
    /// The platforms of images that no index speaks of.
    pub(super) platforms: HashMap<ContentDigest, String>,
    /// What was of use, though nothing refers to it any more.
    pub(super) used: HashSet<ContentDigest>,
}

impl Found {
    pub(super) fn new(format: &'static str) -> Self {
        Self { format, ..Self::default() }
    }

    /// Sends the blobs that were kept back, and lays the plan down.
    pub(super) fn finish(self, mut collected: Collected, sink: &mut dyn Sink) -> Result<Plan, ArchiveError> {
        let ignored = self.ignored(&collected);
        let mut sent = HashSet::new();
        for (_, held) in collected.sorted() {
            let wanted = !held.sent && self.blobs.contains_key(&held.digest);
            if let Some(bytes) = held.kept.as_deref().filter(|_| wanted)
                && sent.insert(held.digest)
            {
                send(sink, &held.digest, bytes)?;
            }
        }
        let report = self.report(ignored);
        let manifests = self.manifests.into_iter().map(|(digest, parsed, made)| {
            let bytes = made.or_else(|| collected.release(&blob_path(&digest))).unwrap_or_default();
            PlannedManifest { digest, parsed, bytes }
        });
        Ok(Plan {
            manifests: manifests.collect(),
            blobs: self.blobs.into_iter().map(|(digest, size)| PlannedBlob { digest, size }).collect(),
            roots: self.roots,
            report,
        })
    }

    /// Files that are of no use for any image, those that such archives always have aside.
    fn ignored(&self, collected: &Collected) -> Capped<String> {
        let mut used = self.used.clone();
        used.extend(self.manifests.iter().map(|(digest, ..)| *digest));
        used.extend(self.blobs.keys());
        let mut files = collected.sorted();
        files.retain(|(path, held)| {
            let name = path.rsplit_once('/').map_or(*path, |(_, name)| name);
            let usual = ["oci-layout", "index.json", "manifest.json", "repositories", "VERSION", "json"];
            !usual.contains(&name) && !used.contains(&held.digest)
        });
        Capped::of(&files, |(path, _)| Quoted::new(path).as_str().to_owned())
    }

    fn report(&self, ignored: Capped<String>) -> Report {
        let parsed: HashMap<ContentDigest, &ParsedManifest> =
            self.manifests.iter().map(|(digest, parsed, _)| (*digest, parsed)).collect();
        let missing: HashSet<&str> = self.missing.iter().map(|part| part.digest.as_str()).collect();
        let images: Vec<(&Root, &ParsedManifest)> =
            self.roots.iter().filter_map(|root| Some((root, *parsed.get(&root.digest)?))).collect();
        Report {
            format: self.format,
            images: Capped::of(&images, |(root, parsed)| self.reported(root, parsed, &missing)),
            manifests: self.manifests.len(),
            blobs: self.blobs.len(),
            bytes: self.blobs.values().fold(0, |sum: u64, size| sum.saturating_add(*size)),
            missing: Capped::of(&self.missing, Clone::clone),
            converted: Capped::of(&self.converted, Clone::clone),
            ignored,
            warnings: Capped::of(&self.warnings, Clone::clone),
        }
    }

    fn reported(&self, root: &Root, parsed: &ParsedManifest, missing: &HashSet<&str>) -> ReportedImage {
        let listed =
            parsed.manifests.iter().filter(|child| !missing.contains(child.digest.to_string().as_str()));
        let platforms = listed.filter_map(|child| child.platform.clone());
        let own = self.platforms.get(&root.digest).cloned();
        ReportedImage {
            digest: root.digest.to_string(),
            media_type: parsed.media_type.clone(),
            artifact_type: parsed.artifact_type.clone(),
            tags: root.tags.clone(),
            platforms: platforms.filter(|platform| platform != "unknown/unknown").chain(own).collect(),
            subject: root.subject.map(|subject| subject.to_string()),
        }
    }
}
