//! OCI layouts: `oci-layout`, `index.json` and `blobs/` in any order (image specification, "Image Layout").

use keyway_base::{AboutTag, ContentDigest};

use super::Sink;
use super::collect::Collected;
use super::graph::{Graph, Visit};
use super::plan::{ConvertedTag, Plan};
use super::problem::ImageProblem;
use super::roots::{Found, Roots};
use crate::oci::reference::tag_of;
use crate::oci::{Descriptor, ManifestKind, ManifestProblem, ParsedManifest};
use crate::{ArchiveError, Quoted, parse_object_strict};

const INDEX: &str = "index.json";
/// The annotations that name an image: the specification's, and that of containerd and `docker buildx`.
const NAMES: [&str; 2] = ["org.opencontainers.image.ref.name", "io.containerd.image.name"];

pub(super) fn plan(collected: Collected, sink: &mut dyn Sink) -> Result<Plan, ArchiveError> {
    collected.refuse_links()?;
    check_version(collected.document("oci-layout")?)?;
    let index = read_index(&collected)?;
    let mut walk =
        Walk { graph: Graph::new(&collected), found: Found::new("oci-layout"), roots: Roots::default() };
    for entry in &index.manifests {
        walk.entry(entry)?;
    }
    let Walk { graph, mut found, roots } = walk;
    found.manifests = graph.manifests.into_iter().map(|(digest, parsed)| (digest, parsed, None)).collect();
    found.blobs = graph.blobs;
    found.missing = graph.missing;
    found.roots = roots.of(&found.manifests);
    match found.roots.is_empty() {
        true => Err(ImageProblem::Empty(INDEX).into()),
        false => found.finish(collected, sink),
    }
}

fn check_version(bytes: &[u8]) -> Result<(), ArchiveError> {
    let layout =
        parse_object_strict(bytes, 8).map_err(|problem| ImageProblem::in_document("oci-layout", problem))?;
    match layout.get("imageLayoutVersion").and_then(|version| version.as_str()) {
        Some(version) if version.starts_with("1.") => Ok(()),
        _ => Err(ImageProblem::LayoutVersion.into()),
    }
}

fn read_index(collected: &Collected) -> Result<ParsedManifest, ArchiveError> {
    let parsed = ParsedManifest::parse(collected.document(INDEX)?, None);
    match parsed.map_err(|problem| ImageProblem::in_document(INDEX, problem))? {
        parsed if parsed.kind == ManifestKind::Index => Ok(parsed),
        _ => Err(ImageProblem::in_document(INDEX, ManifestProblem::Shapeless.into())),
    }
}

struct Walk<'c> {
    graph: Graph<'c>,
    found: Found,
    roots: Roots,
}

impl Walk<'_> {
    /// Follows an entry of `index.json`.
    fn entry(&mut self, entry: &Descriptor) -> Result<(), ArchiveError> {
        let (mut tags, lists) = self.tags(entry);
        if let Some(tag) = lists
            && !self.found.used.contains(&entry.digest)
        {
            match self.graph.index(entry, INDEX)? {
                None => tags.push(tag),
                Some(list) => {
                    self.found.used.insert(entry.digest);
                    self.convert(tag, &list)?;
                }
            }
        }
        // A list that no other tag names is not needed any more, nor read a second time.
        if tags.is_empty() && self.found.used.contains(&entry.digest) {
            return Ok(());
        }
        match self.graph.visit(entry, INDEX, 0)? {
            Visit::Manifest { .. } => self.roots.add(entry.digest, tags),
            Visit::Blob => {
                let digest = entry.digest;
                self.found.warnings.push(format!("index.json names {digest}, which is no manifest"));
                Ok(())
            }
            Visit::Missing { reason } => {
                Err(ImageProblem::Incomplete { digest: entry.digest, reason }.into())
            }
        }
    }

    /// The tags of an entry, and apart from them the one under which referrers are listed.
    fn tags(&mut self, entry: &Descriptor) -> (Vec<String>, Option<String>) {
        let mut tags: Vec<String> = Vec::new();
        for name in NAMES.iter().filter_map(|annotation| entry.annotation(annotation)) {
            match tag_of(name) {
                None => self.found.warnings.push(format!("the name {} has no tag in it", Quoted::new(name))),
                Some(tag) if tags.iter().any(|known| known == tag) => {}
                Some(tag) => tags.push(tag.to_owned()),
            }
        }
        let at = tags.iter().position(|tag| AboutTag::parse(tag).is_some_and(|about| about.is_list()));
        let lists = at.map(|at| tags.remove(at));
        (tags, lists)
    }

    /// Takes what a tag lists as referrers for what it is: manifests that name their subject themselves.
    fn convert(&mut self, tag: String, list: &ParsedManifest) -> Result<(), ArchiveError> {
        let mut referrers = 0;
        for child in &list.manifests {
            match self.graph.visit(child, &tag, 0)? {
                Visit::Missing { reason } => self.graph.miss(child, &tag, reason),
                Visit::Blob => {}
                Visit::Manifest { at, .. } => {
                    referrers += 1;
                    self.roots.add(child.digest, Vec::new())?;
                    self.check_subject(&tag, child.digest, at);
                }
            }
        }
        self.found.converted.push(ConvertedTag { tag, referrers });
        Ok(())
    }

    fn check_subject(&mut self, tag: &str, digest: ContentDigest, at: usize) {
        let parsed = self.graph.manifest(at);
        let subject = parsed.and_then(|parsed| parsed.subject.as_ref()).map(|subject| subject.digest);
        if subject.as_ref().map(AboutTag::stem_of).as_deref() != Some(tag) {
            let text = format!("{digest} is listed under tag {tag}, but does not name that subject itself");
            self.found.warnings.push(text);
        }
    }
}
