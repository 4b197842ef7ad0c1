//! Archives of images, read without unpacking them: OCI layouts, what `docker save` and its kin write, Helm charts.
//!
//! Blobs go out to a [`Sink`] as they come by, hashed; documents that may be manifests stay in memory, within a
//! bound. At the end a [`Plan`] says which manifests, blobs and tags make up the images, everything checked: each
//! digest and size, each manifest by [`super::ParsedManifest`]. Nothing is unpacked, and no name from inside is ever
//! used for anything but to find another entry of the same archive.
//!
//! Archives are plain tar, or tar in gzip or zstd, told by their first bytes. Layers are never decompressed.

mod chart;
mod collect;
mod docker;
mod graph;
mod layout;
mod plan;
mod problem;
mod roots;

use std::io::{self, BufReader, Read, Seek};

use keyway_base::{ContentAlgorithm, ContentDigest};
use keyway_crypto::digest::RunningDigest;

use crate::metered::Metered;
use crate::sniff::HEAD_LEN;
use crate::tarball::{self, Dialect};
use crate::unzstd::unzstd;
use crate::{ArchiveError, Kind, Limits, gunzip, sniff};
use collect::Collected;

pub use plan::{
    Capped, ConvertedTag, MissingPart, Plan, PlannedBlob, PlannedManifest, Report, ReportedImage, Root,
};
pub use problem::ImageProblem;

/// Bytes that are read and passed on at a time.
const PIECE: usize = 128 * 1024;

/// Takes the blobs of an archive while it is read.
///
/// Each blob is one `begin`, any number of `write`s and one `end`; no `end` follows where the archive turns out to be
/// bad. One that the plan does not name in the end belongs to no image and is to be dropped. The same blob may come
/// more than once.
pub trait Sink {
    /// A blob of so many bytes follows.
    ///
    /// # Errors
    /// Whatever keeps it from being taken; reading ends, and the error comes out as [`ArchiveError::Source`].
    fn begin(&mut self, algorithm: ContentAlgorithm, size: u64) -> io::Result<()>;
    /// Some more of its bytes.
    ///
    /// # Errors
    /// As [`Sink::begin`].
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// It is whole, and has this digest.
    ///
    /// # Errors
    /// As [`Sink::begin`].
    fn end(&mut self, digest: &ContentDigest) -> io::Result<()>;
}

/// Reads the archive in `source` from its start to its end, within [`Limits::image`] or narrower ones.
///
/// # Errors
/// Where it is no archive of images, breaks a rule, or passes a limit; [`ArchiveError::Source`] where `source` or
/// `sink` fails.
pub fn read<S: Read + Seek>(
    source: &mut S,
    sink: &mut dyn Sink,
    limits: &Limits,
) -> Result<Plan, ArchiveError> {
    let kind = kind_of(source)?;
    let mut collected = Collected::default();
    let mut plain = open(&mut *source, kind, limits)?;
    tarball::walk_as(Dialect::Image, &mut plain, limits, |entry, content| {
        collected.take(entry, content, sink)
    })?;
    drop(plain);
    if collected.has("oci-layout") {
        return layout::plan(collected, sink);
    }
    if collected.has("manifest.json") {
        return docker::plan(collected, sink);
    }
    match collected.chart() {
        Some(about) if kind == Kind::Gzip => chart::plan(about, source, sink, limits),
        Some(_) => Err(ImageProblem::UnpackedChart.into()),
        None => Err(ImageProblem::NoImage.into()),
    }
}

fn kind_of<S: Read + Seek>(source: &mut S) -> Result<Kind, ArchiveError> {
    source.rewind()?;
    let mut head = Vec::with_capacity(HEAD_LEN);
    source.by_ref().take(HEAD_LEN as u64).read_to_end(&mut head)?;
    source.rewind()?;
    match sniff(&head, "") {
        kind @ (Kind::Tar | Kind::Gzip | Kind::Zstd) => Ok(kind),
        Kind::Xz => Err(ArchiveError::Compression("xz")),
        Kind::Bzip2 => Err(ArchiveError::Compression("bzip2")),
        _ => Err(ImageProblem::NoArchive.into()),
    }
}

/// The tar under the compression.
fn open<'s, S: Read>(
    source: &'s mut S,
    kind: Kind,
    limits: &Limits,
) -> Result<Box<dyn Read + 's>, ArchiveError> {
    Ok(match kind {
        Kind::Gzip => Box::new(BufReader::with_capacity(PIECE, gunzip(source, limits))),
        Kind::Zstd => Box::new(BufReader::with_capacity(PIECE, unzstd(source, limits)?)),
        _ => Box::new(BufReader::with_capacity(PIECE, Metered::new(source, limits.compressed))),
    })
}

/// Passes what `source` has on to `sink` as one blob, whose digest is `expected` where one is.
fn pass_on(
    source: &mut dyn Read,
    sink: &mut dyn Sink,
    algorithm: ContentAlgorithm,
    size: u64,
    check: impl FnOnce(&ContentDigest) -> Result<(), ArchiveError>,
) -> Result<(ContentDigest, Vec<u8>), ArchiveError> {
    sink.begin(algorithm, size)?;
    let mut hash = RunningDigest::new(algorithm);
    let mut piece = vec![0; PIECE];
    let mut head = Vec::new();
    loop {
        let count = source.read(&mut piece)?;
        let bytes = piece.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        head.extend(bytes.iter().take(HEAD_LEN.saturating_sub(head.len())));
        hash.update(bytes);
        sink.write(bytes)?;
    }
    let digest = hash.finish();
    check(&digest)?;
    sink.end(&digest)?;
    Ok((digest, head))
}
