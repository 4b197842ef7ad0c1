//! The pass over an archive: which entry goes where.

use std::collections::{HashMap, HashSet};

use keyway_base::{ContentAlgorithm, ContentDigest};

use super::problem::ImageProblem;
use super::{PIECE, Sink, pass_on};
use crate::oci::manifest;
use crate::tarball::{Content, Entry};
use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem, Kind, Quoted, sniff};
use keyway_crypto::digest::content_digest;

/// The most bytes of documents that are kept in memory.
pub(super) const KEPT: usize = 64 * 1024 * 1024;
/// The longest segment of a path that file systems take.
const SEGMENT: usize = 255;
/// Files below this depth belong to no archive of images; those of a chart lie anywhere.
const DEPTH: usize = 2;

/// A file of the archive.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) size: u64,
    pub(super) digest: ContentDigest,
    /// What its first bytes say.
    pub(super) kind: Kind,
    /// Its bytes, where they are few and may be a document that is needed.
    pub(super) kept: Option<Vec<u8>>,
    /// Whether the sink has it.
    pub(super) sent: bool,
}

/// Everything that the archive has, by path.
#[derive(Debug, Default)]
pub(super) struct Collected {
    files: HashMap<String, Held>,
    links: HashMap<String, (EntryKind, EntryPath)>,
    tops: HashSet<String>,
    kept: usize,
    /// Whether something that looked like a manifest was not kept for want of room.
    overflowed: bool,
}

/// What a file can be, by its path.
enum Purpose {
    Blob(ContentDigest),
    Layer,
    Chart,
    Document,
    Other,
}

impl Purpose {
    fn of(path: &EntryPath) -> Result<Self, ArchiveError> {
        if let Some(name) = path.as_str().strip_prefix("blobs/") {
            let digest =
                name.split_once('/').and_then(|(algorithm, hex)| format!("{algorithm}:{hex}").parse().ok());
            return digest
                .map(Self::Blob)
                .ok_or_else(|| ImageProblem::BlobPath(Quoted::new(path.as_str())).into());
        }
        let name = path.file_name();
        Ok(match path.depth() {
            2 if name == "Chart.yaml" => Self::Chart,
            ..=DEPTH if [".tar", ".tar.gz", ".tgz", ".tar.zst"].iter().any(|end| name.ends_with(end)) => {
                Self::Layer
            }
            ..=DEPTH => Self::Document,
            _ => Self::Other,
        })
    }

    fn is_sent(&self) -> bool {
        matches!(self, Self::Blob(_) | Self::Layer)
    }

    fn algorithm(&self) -> ContentAlgorithm {
        match self {
            Self::Blob(digest) => digest.algorithm(),
            _ => ContentAlgorithm::Sha256,
        }
    }

    /// Whether bytes may be a document that is needed in the end.
    fn wants(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Chart => true,
            Self::Document => opens_like_json(bytes),
            Self::Blob(_) => opens_like_json(bytes) && speaks_of_media_types(bytes),
            Self::Layer | Self::Other => false,
        }
    }

    fn check(&self, path: &EntryPath, got: &ContentDigest) -> Result<(), ArchiveError> {
        match self {
            Self::Blob(expected) if expected != got => {
                Err(ImageProblem::Digest { path: Quoted::new(path.as_str()), expected: *expected, got: *got }
                    .into())
            }
            _ => Ok(()),
        }
    }
}

fn opens_like_json(bytes: &[u8]) -> bool {
    matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..])
}

/// Every manifest has one of these members; a bill of materials or a configuration has not, as a rule.
fn speaks_of_media_types(bytes: &[u8]) -> bool {
    let has = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    has(b"\"mediaType\"") || has(b"\"schemaVersion\"")
}

impl Collected {
    pub(super) fn take(
        &mut self,
        entry: &Entry,
        content: &mut Content<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), ArchiveError> {
        let path = &entry.path;
        if path.as_str().split('/').any(|segment| segment.len() > SEGMENT) {
            return Err(ArchiveError::entry(path.as_str(), EntryProblem::SegmentTooLong));
        }
        match (entry.kind, &entry.target) {
            (EntryKind::File, _) => self.take_file(entry, content, sink),
            (kind, Some(target)) => self.take_link(path, kind, target),
            (_, None) => Ok(()),
        }
    }

    fn take_link(
        &mut self,
        path: &EntryPath,
        kind: EntryKind,
        target: &EntryPath,
    ) -> Result<(), ArchiveError> {
        let before = self.links.insert(path.as_str().to_owned(), (kind, target.clone()));
        match before.is_none_or(|(_, before)| before == *target) {
            true => Ok(()),
            false => Err(ArchiveError::entry(path.as_str(), EntryProblem::Differs)),
        }
    }

    fn take_file(
        &mut self,
        entry: &Entry,
        content: &mut Content<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), ArchiveError> {
        let path = entry.path.as_str();
        let purpose = Purpose::of(&entry.path)?;
        if let Some(before) = self.files.get(path) {
            let (digest, _) = pass_on(content, &mut Nowhere, purpose.algorithm(), entry.size, |_| Ok(()))?;
            return match digest == before.digest {
                true => Ok(()),
                false => Err(ArchiveError::entry(path, EntryProblem::Differs)),
            };
        }
        let held = match entry.size <= manifest::LIMIT as u64 {
            true => self.take_small(entry, content, &purpose, sink)?,
            false => take_large(entry, content, &purpose, sink)?,
        };
        if self.tops.len() < 2 && !self.tops.contains(entry.path.top()) {
            self.tops.insert(entry.path.top().to_owned());
        }
        self.files.insert(path.to_owned(), held);
        Ok(())
    }

    /// A file that fits in memory is checked before any of it goes out.
    fn take_small(
        &mut self,
        entry: &Entry,
        content: &mut Content<'_>,
        purpose: &Purpose,
        sink: &mut dyn Sink,
    ) -> Result<Held, ArchiveError> {
        let bytes = content.read_to_vec(entry, manifest::LIMIT as u64)?;
        let digest = content_digest(purpose.algorithm(), &bytes);
        purpose.check(&entry.path, &digest)?;
        let kind = sniff(&bytes, "");
        let mut held = Held { size: entry.size, digest, kind, kept: None, sent: false };
        if purpose.wants(&bytes) {
            if self.kept + bytes.len() <= KEPT {
                self.kept += bytes.len();
                held.kept = Some(bytes);
                return Ok(held);
            }
            self.overflowed = true;
        }
        if purpose.is_sent() {
            send(sink, &digest, &bytes)?;
            held.sent = true;
        }
        Ok(held)
    }

    /// Whether there is a file at this path.
    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// The file at this path, or the one that a link at this path stands for.
    pub(super) fn followed(&self, path: &str) -> Result<Option<&Held>, ArchiveError> {
        match (self.files.get(path), self.links.get(path)) {
            (Some(held), _) => Ok(Some(held)),
            (None, None) => Ok(None),
            (None, Some((_, target))) => match self.files.get(target.as_str()) {
                Some(held) => Ok(Some(held)),
                None => Err(ArchiveError::entry(path, EntryProblem::LinkToNothing)),
            },
        }
    }

    /// The blob of a digest.
    pub(super) fn blob(&self, digest: &ContentDigest) -> Option<&Held> {
        self.files.get(&blob_path(digest))
    }

    /// A document that has to be there.
    pub(super) fn document(&self, path: &'static str) -> Result<&[u8], ArchiveError> {
        let held = self.files.get(path).ok_or_else(|| ArchiveError::Missing { name: Quoted::new(path) })?;
        held.kept.as_deref().ok_or_else(|| self.not_kept(held, path))
    }

    /// Why the bytes of a file are not at hand where a document is wanted.
    pub(super) fn not_kept(&self, held: &Held, path: &str) -> ArchiveError {
        let limit = manifest::LIMIT;
        if held.size > limit as u64 {
            return ArchiveError::entry(path, EntryProblem::TooLarge { limit: limit as u64 });
        }
        if self.overflowed {
            return ImageProblem::TooLarge { limit: KEPT }.into();
        }
        let problem = "it is not a document of the kind that is wanted".to_owned();
        ImageProblem::in_document(path, ArchiveError::Json { problem })
    }

    /// Refuses links: an OCI layout has no use for them.
    pub(super) fn refuse_links(&self) -> Result<(), ArchiveError> {
        let first = self.links.iter().min_by_key(|(path, _)| path.as_str());
        match first {
            None => Ok(()),
            Some((path, (EntryKind::HardLink, _))) => Err(ArchiveError::entry(path, EntryProblem::HardLink)),
            Some((path, _)) => Err(ArchiveError::entry(path, EntryProblem::SymbolicLink)),
        }
    }

    /// What a chart says of itself, where the archive is one: a single directory with a `Chart.yaml`.
    pub(super) fn chart(&self) -> Option<&[u8]> {
        let top = self.tops.iter().next().filter(|_| self.tops.len() == 1)?;
        self.files.get(&format!("{top}/Chart.yaml"))?.kept.as_deref()
    }

    /// Takes the bytes of a document out.
    pub(super) fn release(&mut self, path: &str) -> Option<Vec<u8>> {
        self.files.get_mut(path)?.kept.take()
    }

    /// All paths with their files, in order.
    pub(super) fn sorted(&self) -> Vec<(&str, &Held)> {
        let mut all: Vec<_> = self.files.iter().map(|(path, held)| (path.as_str(), held)).collect();
        all.sort_unstable_by_key(|(path, _)| *path);
        all
    }
}

/// Where the layout keeps a blob.
pub(super) fn blob_path(digest: &ContentDigest) -> String {
    format!("blobs/{}/{}", digest.algorithm().as_str(), digest.hex())
}

/// A file that does not fit in memory goes out as it comes in.
fn take_large(
    entry: &Entry,
    content: &mut Content<'_>,
    purpose: &Purpose,
    sink: &mut dyn Sink,
) -> Result<Held, ArchiveError> {
    let out: &mut dyn Sink = if purpose.is_sent() { sink } else { &mut Nowhere };
    let check = |digest: &ContentDigest| purpose.check(&entry.path, digest);
    let (digest, head) = pass_on(content, out, purpose.algorithm(), entry.size, check)?;
    Ok(Held { size: entry.size, digest, kind: sniff(&head, ""), kept: None, sent: purpose.is_sent() })
}

/// Passes on a blob that is at hand.
pub(super) fn send(sink: &mut dyn Sink, digest: &ContentDigest, bytes: &[u8]) -> Result<(), ArchiveError> {
    sink.begin(digest.algorithm(), bytes.len() as u64)?;
    for piece in bytes.chunks(PIECE) {
        sink.write(piece)?;
    }
    Ok(sink.end(digest)?)
}

/// Takes what only has to be hashed.
struct Nowhere;

impl Sink for Nowhere {
    fn begin(&mut self, _: ContentAlgorithm, _: u64) -> std::io::Result<()> {
        Ok(())
    }
    fn write(&mut self, _: &[u8]) -> std::io::Result<()> {
        Ok(())
    }
    fn end(&mut self, _: &ContentDigest) -> std::io::Result<()> {
        Ok(())
    }
}
