//! From descriptors to what they describe, as far as the archive has it.

use std::collections::{BTreeMap, HashMap};

use keyway_base::ContentDigest;

use super::collect::{Collected, Held, blob_path};
use super::plan::MissingPart;
use super::problem::ImageProblem;
use crate::ArchiveError;
use crate::oci::manifest::DESCRIPTORS;
use crate::oci::media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST};
use crate::oci::{Descriptor, ManifestKind, ManifestProblem, ParsedManifest};

/// How many indexes may lie inside one another.
const LEVELS: usize = 4;

/// How many descriptors all manifests together may have.
const REFERENCES: usize = 10 * DESCRIPTORS;

/// What has been reached so far.
pub(super) struct Graph<'c> {
    collected: &'c Collected,
    visited: HashMap<ContentDigest, Visit>,
    references: usize,
    /// Each after everything that it lists.
    pub(super) manifests: Vec<(ContentDigest, ParsedManifest)>,
    pub(super) blobs: BTreeMap<ContentDigest, u64>,
    pub(super) missing: Vec<MissingPart>,
}

/// What a descriptor led to.
#[derive(Debug, Clone)]
pub(super) enum Visit {
    /// A manifest or index with everything it needs: its place among the manifests, and how many levels of indexes
    /// it has.
    Manifest { at: usize, levels: usize },
    /// Something of an unknown type that is no manifest.
    Blob,
    /// Not there, or not whole.
    Missing { reason: String },
}

impl<'c> Graph<'c> {
    pub(super) fn new(collected: &'c Collected) -> Self {
        Self {
            collected,
            visited: HashMap::new(),
            references: 0,
            manifests: Vec::new(),
            blobs: BTreeMap::new(),
            missing: Vec::new(),
        }
    }

    /// The index that a descriptor of the layout's own leads to, if it is one.
    pub(super) fn index(
        &self,
        descriptor: &Descriptor,
        by: &str,
    ) -> Result<Option<ParsedManifest>, ArchiveError> {
        let held = self.held(descriptor, by)?;
        let is_index = |parsed: &ParsedManifest| parsed.kind == ManifestKind::Index;
        Ok(match (self.visited.get(&descriptor.digest), held) {
            (Some(Visit::Manifest { at, .. }), _) => {
                self.manifest(*at).filter(|parsed| is_index(parsed)).cloned()
            }
            (Some(_), _) | (None, None) => None,
            (None, Some(held)) => self.parse(descriptor, held)?.filter(is_index),
        })
    }

    /// A manifest that was taken.
    pub(super) fn manifest(&self, at: usize) -> Option<&ParsedManifest> {
        self.manifests.get(at).map(|(_, parsed)| parsed)
    }

    /// Follows a descriptor that `by` has; the indexes above it are `above`.
    pub(super) fn visit(
        &mut self,
        descriptor: &Descriptor,
        by: &str,
        above: usize,
    ) -> Result<Visit, ArchiveError> {
        let held = self.held(descriptor, by)?;
        if let Some(visit) = self.visited.get(&descriptor.digest) {
            return self.agreeing(visit, descriptor);
        }
        let visit = match held {
            None => Visit::Missing { reason: "it is not in the archive".to_owned() },
            Some(held) => match self.parse(descriptor, held)? {
                None => self.take_blob(descriptor.digest, held.size),
                Some(parsed) => self.take_manifest(descriptor.digest, parsed, above)?,
            },
        };
        self.visited.insert(descriptor.digest, visit.clone());
        match self.visited.len() + self.blobs.len() > DESCRIPTORS {
            true => Err(ImageProblem::TooMany { limit: DESCRIPTORS }.into()),
            false => Ok(visit),
        }
    }

    /// The bytes that a descriptor speaks of, once they have the size it gives.
    fn held(&self, descriptor: &Descriptor, by: &str) -> Result<Option<&'c Held>, ArchiveError> {
        match self.collected.blob(&descriptor.digest) {
            Some(held) if held.size != descriptor.size => Err(ImageProblem::Size {
                digest: descriptor.digest,
                by: by.to_owned(),
                expected: descriptor.size,
                got: held.size,
            }
            .into()),
            held => Ok(held),
        }
    }

    /// The manifest or index in a file; `None` where it is of an unknown type and no manifest by its shape.
    fn parse(&self, descriptor: &Descriptor, held: &Held) -> Result<Option<ParsedManifest>, ArchiveError> {
        let media_type = descriptor.media_type.as_str();
        let known =
            matches!(media_type, OCI_MANIFEST | OCI_INDEX | OCI_ARTIFACT | DOCKER_MANIFEST | DOCKER_LIST);
        let path = || blob_path(&descriptor.digest);
        match held.kept.as_deref().map(|bytes| ParsedManifest::parse(bytes, Some(media_type))) {
            Some(Ok(parsed)) => Ok(Some(parsed)),
            Some(Err(problem)) if known => Err(ImageProblem::in_document(&path(), problem)),
            None if known => Err(self.collected.not_kept(held, &path())),
            Some(Err(_)) | None => Ok(None),
        }
    }

    fn take_manifest(
        &mut self,
        digest: ContentDigest,
        parsed: ParsedManifest,
        above: usize,
    ) -> Result<Visit, ArchiveError> {
        self.references += parsed.references().count();
        if self.references > REFERENCES {
            return Err(ImageProblem::TooMany { limit: REFERENCES }.into());
        }
        match parsed.kind {
            ManifestKind::Image => self.take_image(digest, parsed),
            ManifestKind::Index => self.take_index(digest, parsed, above + 1),
        }
    }

    fn take_blob(&mut self, digest: ContentDigest, size: u64) -> Visit {
        self.blobs.insert(digest, size);
        Visit::Blob
    }

    fn take_image(&mut self, digest: ContentDigest, parsed: ParsedManifest) -> Result<Visit, ArchiveError> {
        let by = digest.to_string();
        let mut blobs = Vec::with_capacity(parsed.layers.len() + 1);
        for reference in parsed.config.iter().chain(&parsed.layers) {
            match self.held(reference, &by)? {
                Some(held) => blobs.push((reference.digest, held.size)),
                None if !reference.is_distributable() => {}
                None => {
                    let reason = format!("its blob {} is not in the archive", reference.digest);
                    return Ok(Visit::Missing { reason });
                }
            }
        }
        self.blobs.extend(blobs);
        Ok(self.taken(digest, parsed, 0))
    }

    fn take_index(
        &mut self,
        digest: ContentDigest,
        parsed: ParsedManifest,
        depth: usize,
    ) -> Result<Visit, ArchiveError> {
        let by = digest.to_string();
        let mut levels = 0;
        let mut present = 0;
        if depth > LEVELS {
            return Err(ImageProblem::TooDeep { limit: LEVELS }.into());
        }
        for child in &parsed.manifests {
            match self.visit(child, &by, depth)? {
                Visit::Manifest { levels: below, .. } => {
                    present += 1;
                    levels = levels.max(below);
                }
                Visit::Blob => present += 1,
                Visit::Missing { reason } => self.miss(child, &by, reason),
            }
        }
        if present == 0 && !parsed.manifests.is_empty() {
            return Ok(Visit::Missing { reason: "none of what it lists is in the archive".to_owned() });
        }
        // What was visited before brought its own levels with it.
        match levels < LEVELS {
            true => Ok(self.taken(digest, parsed, levels + 1)),
            false => Err(ImageProblem::TooDeep { limit: LEVELS }.into()),
        }
    }

    pub(super) fn miss(&mut self, child: &Descriptor, by: &str, reason: String) {
        self.missing.push(MissingPart {
            digest: child.digest.to_string(),
            platform: child.platform.clone(),
            index: by.to_owned(),
            reason,
        });
    }

    fn taken(&mut self, digest: ContentDigest, parsed: ParsedManifest, levels: usize) -> Visit {
        self.manifests.push((digest, parsed));
        Visit::Manifest { at: self.manifests.len() - 1, levels }
    }

    /// What was found before, unless this descriptor calls it something else.
    fn agreeing(&self, visit: &Visit, descriptor: &Descriptor) -> Result<Visit, ArchiveError> {
        let taken = match visit {
            Visit::Manifest { at, .. } => self.manifest(*at),
            Visit::Blob | Visit::Missing { .. } => None,
        };
        match taken.filter(|parsed| parsed.media_type != descriptor.media_type) {
            None => Ok(visit.clone()),
            Some(parsed) => {
                let problem = ManifestProblem::media_types(&descriptor.media_type, &parsed.media_type);
                Err(ImageProblem::in_document(&blob_path(&descriptor.digest), problem.into()))
            }
        }
    }
}
