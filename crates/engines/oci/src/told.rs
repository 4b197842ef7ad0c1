//! What became of a push, a mount, a deletion, in the registry's words (`spec/oci.md` §1.1).

use http::header::{ALLOW, LOCATION, RANGE, RETRY_AFTER};
use http::{HeaderName, HeaderValue, StatusCode};
use keyway_base::{ContentDigest, RecordId};
use keyway_engine::{ContentOutcome, Outcome, Plain};
use serde_json::json;

use crate::op::{Step, Task};
use crate::place::Place;
use crate::push::{too_large, wrong_digest};
use crate::read::Unseen;
use crate::refusal::{detailed, error, header, versioned};

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
const UPLOAD: HeaderName = HeaderName::from_static("docker-upload-uuid");
const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
const TAG: HeaderName = HeaderName::from_static("oci-tag");

/// What became of a task.
pub(crate) fn told(place: &Place<'_>, task: &Task, outcome: &Outcome) -> Plain {
    match outcome {
        Outcome::Content(content) => of_content(place, task, content),
        Outcome::Absent(message) => error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", message),
        Outcome::Invalid(message) => error(StatusCode::BAD_REQUEST, invalid(task), message),
        Outcome::TooLarge { limit } => match task {
            Task::PutManifest(_) => too_large(*limit),
            _ => {
                let message = format!("a blob has at most {limit} bytes");
                error(StatusCode::PAYLOAD_TOO_LARGE, "BLOB_UPLOAD_INVALID", &message)
            }
        },
        // no operation of a registry asks for these
        Outcome::LoggedIn { .. } | Outcome::Published { .. } | Outcome::Exists { .. } | Outcome::Changed => {
            unasked()
        }
    }
}

/// What became of something else than was asked for.
fn unasked() -> Plain {
    let message =
        "the registry cannot tell what came of this: look whether it was done, and tell the operator";
    error(StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN", message)
}

/// Something that is not handed out for being refused, or not there.
pub(crate) fn absent(place: &Place<'_>, task: &Task, unseen: &Unseen) -> Plain {
    match (unseen, task) {
        (Unseen::Absent, Task::Manifest(reference)) => {
            let message = format!("there is no manifest {reference} in {}", place.name());
            error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", &message)
        }
        (Unseen::Absent, Task::Blob(digest)) => {
            let message = format!("there is no blob {digest} in {}", place.name());
            error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", &message)
        }
        _ => {
            let message = format!("there is no repository {} on this registry", place.name());
            error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", &message)
        }
    }
}

fn invalid(task: &Task) -> &'static str {
    match task {
        Task::PutManifest(_) | Task::DeleteManifest(_) => "MANIFEST_INVALID",
        _ => "BLOB_UPLOAD_INVALID",
    }
}

fn of_content(place: &Place<'_>, task: &Task, outcome: &ContentOutcome) -> Plain {
    let unknown = |code, message: &str| error(StatusCode::NOT_FOUND, code, message);
    match outcome {
        // asked for at a place of its own
        ContentOutcome::Token(_) => unasked(),
        ContentOutcome::Upload { id, size } => {
            let status = match task {
                Task::Upload(_, Step::Status) => StatusCode::NO_CONTENT,
                _ => StatusCode::ACCEPTED,
            };
            at_upload(versioned(status), place, *id, *size)
        }
        ContentOutcome::Blob { digest } => created(place, "blobs", digest),
        ContentOutcome::Manifest { digest, subject } => kept(place, task, digest, subject.as_ref()),
        ContentOutcome::Deleted => versioned(match task {
            Task::Upload(..) => StatusCode::NO_CONTENT,
            _ => StatusCode::ACCEPTED,
        }),
        ContentOutcome::UploadUnknown => unknown(
            "BLOB_UPLOAD_UNKNOWN",
            "there is no such upload in this repository: it was never begun by you, is over, or was given up",
        ),
        ContentOutcome::BlobUnknown => unknown("BLOB_UNKNOWN", "there is no such blob in this repository"),
        ContentOutcome::ManifestUnknown => {
            unknown("MANIFEST_UNKNOWN", "there is no such manifest in this repository")
        }
        ContentOutcome::OutOfOrder { id, size } => {
            let message = format!("the upload has {size} bytes: send what comes next");
            let plain = error(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", &message);
            at_upload(plain, place, *id, *size)
        }
        ContentOutcome::Busy { id } => {
            let message = format!("another piece of the upload {id} is on its way: wait for its end");
            error(StatusCode::CONFLICT, "BLOB_UPLOAD_INVALID", &message).with(RETRY_AFTER, header("1"))
        }
        ContentOutcome::WrongSize => {
            let message = "the piece has another length than its Content-Range";
            error(StatusCode::BAD_REQUEST, "SIZE_INVALID", message)
        }
        ContentOutcome::WrongDigest { found } => wrong_digest(found),
        ContentOutcome::BlobsMissing(digests) => missing("the manifest", "blob", digests),
        ContentOutcome::ManifestsMissing(digests) => missing("the index", "manifest", digests),
        ContentOutcome::BlobInUse => in_use("the blob belongs to a manifest: delete that first"),
        ContentOutcome::ManifestInUse => in_use(
            "the manifest belongs to the index of a published release: delete the index first, which withdraws it",
        ),
        ContentOutcome::TagReleased { tag, version, gone } => released(place, tag, version, *gone),
    }
}

/// What is said of a manifest that was pushed.
fn kept(place: &Place<'_>, task: &Task, digest: &ContentDigest, subject: Option<&ContentDigest>) -> Plain {
    let mut plain = created(place, "manifests", digest);
    if let Some(subject) = subject {
        plain = plain.with(SUBJECT, header(&subject.to_string()));
    }
    let tags = match task {
        Task::PutManifest(sending) => sending.tags.as_slice(),
        _ => &[],
    };
    tags.iter().fold(plain, |plain, tag| plain.with(TAG, header(tag.as_str())))
}

/// As registries answer where deletion is switched off: conformance knows no other way to say no.
fn in_use(message: &str) -> Plain {
    error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message).with(ALLOW, header("GET, HEAD"))
}

fn created(place: &Place<'_>, kind: &str, digest: &ContentDigest) -> Plain {
    versioned(StatusCode::CREATED)
        .with(LOCATION, header(&place.path(&format!("{kind}/{digest}"))))
        .with(CONTENT_DIGEST, header(&digest.to_string()))
}

/// Where an upload goes on, and how far it is. Of no bytes the range is that of one: it cannot say less.
fn at_upload(plain: Plain, place: &Place<'_>, id: RecordId, size: u64) -> Plain {
    plain
        .with(LOCATION, header(&place.path(&format!("blobs/uploads/{id}"))))
        .with(RANGE, header(&format!("0-{}", size.saturating_sub(1))))
        .with(UPLOAD, HeaderValue::from_str(&id.to_string()).expect("an id is ASCII"))
}

fn missing(kind: &str, what: &str, missing: &[ContentDigest]) -> Plain {
    let listed: Vec<_> = missing.iter().map(ToString::to_string).collect();
    let message = match listed.as_slice() {
        [one] => format!("{kind} needs the {what} {one}, which is not in this repository: push it first"),
        _ => {
            format!("{kind} needs {} {what}s that are not in this repository: push them first", listed.len())
        }
    };
    let detail = json!({ "digests": listed });
    detailed(StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN", &message, detail)
}

fn released(place: &Place<'_>, tag: &str, version: &str, gone: bool) -> Plain {
    let message = match gone {
        true => format!(
            "{}:{tag} is version {version}, which was withdrawn, and its number is not used again: push another \
             version",
            place.name()
        ),
        false => format!(
            "{}:{tag} is version {version}, which is released and does not change: push another version, or a tag \
             that is none",
            place.name()
        ),
    };
    error(StatusCode::CONFLICT, "TAG_INVALID", &message)
}
