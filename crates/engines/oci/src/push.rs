//! What clients send: pieces of uploads, and manifests, read strictly before anything is kept (`spec/oci.md` §1.1,
//! §3.4).

use std::collections::BTreeSet;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use keyway_archive::ArchiveError;
use keyway_archive::oci::{Descriptor, ManifestProblem, ParsedManifest, manifest};
use keyway_base::{ContentAlgorithm, ContentDigest, RecordId};
use keyway_crypto::digest::content_digest;
use keyway_engine::{Head, NewManifest, NewTag, Piece, Plain, Takes};

use crate::name::Repository;
use crate::op::Sending;
use crate::reference::{Reference, Tag};
use crate::refusal::{detailed, error};

/// The most bytes of a manifest.
pub(crate) const LARGEST_MANIFEST: usize = manifest::LIMIT;

/// The answer to a manifest that is too large.
pub(crate) fn too_large(limit: u64) -> Plain {
    let message = format!("a manifest has at most {limit} bytes");
    error(StatusCode::PAYLOAD_TOO_LARGE, "MANIFEST_INVALID", &message)
}

/// The body of a manifest; one that says that it is too large is not read.
pub(crate) fn takes_manifest(head: &Head<'_>) -> Result<Takes, Plain> {
    match announced(head) {
        Some(length) if length > LARGEST_MANIFEST as u64 => Err(too_large(LARGEST_MANIFEST as u64)),
        _ => Ok(Takes::Document { limit: LARGEST_MANIFEST }),
    }
}

/// A piece that begins an upload, whole or with nothing.
pub(crate) fn first_piece(
    name: &Repository,
    algorithm: ContentAlgorithm,
    completes: Option<ContentDigest>,
) -> Takes {
    let package = name.as_str().to_owned();
    Takes::Piece(Piece { package, upload: None, algorithm, span: None, completes })
}

/// A piece of an upload that has begun.
pub(crate) fn piece(
    name: &Repository,
    upload: RecordId,
    completes: Option<ContentDigest>,
    head: &Head<'_>,
) -> Result<Takes, Plain> {
    let algorithm = completes.map_or(ContentAlgorithm::Sha256, |digest| digest.algorithm());
    let span = match head.headers.get(CONTENT_RANGE) {
        Some(value) => Some(span(value.to_str().unwrap_or_default(), announced(head))?),
        None => None,
    };
    let package = name.as_str().to_owned();
    Ok(Takes::Piece(Piece { package, upload: Some(upload), algorithm, span, completes }))
}

fn announced(head: &Head<'_>) -> Option<u64> {
    head.header(CONTENT_LENGTH.as_str())?.parse().ok()
}

/// `<first>-<last>`, which the specification has in place of HTTP's own form.
fn span(text: &str, length: Option<u64>) -> Result<(u64, u64), Plain> {
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    let ends = text.split_once('-').and_then(|(first, last)| number(first).zip(number(last)));
    let Some((first, last)): Option<(u64, u64)> = ends else {
        let message = "Content-Range is the first and the last byte of the piece in the whole, as in 0-1023";
        return Err(error(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message));
    };
    let Some(size) = last.checked_sub(first) else {
        let message = "the Content-Range of the piece ends before it begins";
        return Err(error(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", message));
    };
    match length {
        Some(length) if length.checked_sub(1) != Some(size) => {
            let message = format!("the piece has {length} bytes, but its Content-Range is {text}");
            Err(error(StatusCode::BAD_REQUEST, "SIZE_INVALID", &message))
        }
        _ => Ok((first, last)),
    }
}

/// Reads a manifest that was sent.
pub(crate) fn manifest(sending: &Sending, document: &[u8]) -> Result<NewManifest, Plain> {
    let digest = digest(&sending.reference, document)?;
    let parsed =
        ParsedManifest::parse(document, sending.media_type.as_deref()).map_err(|bad| refused(&bad))?;
    let own = match &sending.reference {
        Reference::Tag(tag) => Some(tag),
        Reference::Digest(_) => None,
    };
    let further = sending.tags.iter().filter(|tag| Some(*tag) != own);
    let (blobs, foreign): (Vec<_>, Vec<_>) =
        parsed.config.iter().chain(&parsed.layers).partition(|blob| blob.is_distributable());
    Ok(NewManifest {
        digest,
        bytes: Bytes::copy_from_slice(document),
        blobs: digests(blobs),
        foreign: digests(foreign),
        manifests: digests(&parsed.manifests),
        subject: parsed.subject.map(|subject| subject.digest),
        media_type: parsed.media_type,
        artifact_type: parsed.artifact_type,
        annotations: parsed.annotations,
        tags: own.into_iter().chain(further).map(new_tag).collect(),
    })
}

fn new_tag(tag: &Tag) -> NewTag {
    NewTag { name: tag.to_string(), version: tag.version() }
}

/// The digests of descriptors, each once.
fn digests<'d>(descriptors: impl IntoIterator<Item = &'d Descriptor>) -> Vec<ContentDigest> {
    let each: BTreeSet<_> = descriptors.into_iter().map(|descriptor| descriptor.digest).collect();
    each.into_iter().collect()
}

/// The digest of a manifest: by SHA-256, unless it is sent under one by another algorithm.
fn digest(reference: &Reference, document: &[u8]) -> Result<ContentDigest, Plain> {
    let said = match reference {
        Reference::Tag(_) => None,
        Reference::Digest(digest) => Some(*digest),
    };
    let algorithm = said.map_or(ContentAlgorithm::Sha256, |digest| digest.algorithm());
    let found = content_digest(algorithm, document);
    match said {
        Some(said) if said != found => Err(wrong_digest(&found)),
        _ => Ok(found),
    }
}

/// The answer to bytes that hash to something else.
pub(crate) fn wrong_digest(found: &ContentDigest) -> Plain {
    let message = format!("what was sent hashes to {found}, not to the digest that it was sent under");
    let detail = serde_json::json!({ "found": found.to_string() });
    detailed(StatusCode::BAD_REQUEST, "DIGEST_INVALID", &message, detail)
}

fn refused(bad: &ArchiveError) -> Plain {
    if let ArchiveError::Manifest(ManifestProblem::TooLarge { limit }) = bad {
        return too_large(*limit as u64);
    }
    error(StatusCode::BAD_REQUEST, "MANIFEST_INVALID", &bad.to_string())
}
