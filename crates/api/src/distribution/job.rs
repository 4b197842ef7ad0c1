//! The jobs that these endpoints leave to the runner, by the names it knows them by.

use std::time::Duration;

use keyway_base::{RecordId, Timestamp};
use keyway_domain::content::KEPT_UNREFERENCED;
use keyway_jsonapi::Record;
use serde_json::json;

use super::parts;
use crate::refusal::Outcome;
use crate::work::Work;

/// Reads an uploaded file.
pub(super) const INGEST: &str = "artifact.ingest";
/// Ends the wait for a file that did not come.
const EXPIRE: &str = "artifact.expire";
/// Removes a blob that nothing refers to.
pub(super) const DELETE_BLOB: &str = "blob.delete";
/// Removes a withdrawn artifact and what it leaves behind.
const PURGE_ARTIFACT: &str = "artifact.purge";
/// Removes what belongs to a deleted release.
const PURGE_RELEASE: &str = "release.purge";
/// Removes what belongs to a deleted package.
const PURGE_PACKAGE: &str = "package.purge";
/// Removes what belongs to a deleted product.
const PURGE_PRODUCT: &str = "product.purge";

/// Removes what nothing refers to any more from a registry's repository.
const COLLECT_CONTENT: &str = "content.collect";
/// Ends an upload into a registry's repository that does not grow any more.
const EXPIRE_CONTENT_UPLOAD: &str = "content.expire";

/// How long a client may take from asking for an upload to finishing it (`distribution.md` §7.1).
pub(super) const UPLOAD_TIME: Duration = Duration::from_secs(60 * 60);
/// How long a blob that nothing refers to is kept.
pub(super) const GRACE: Duration = Duration::from_secs(10 * 60);

/// Looks whether a file has arrived at the object store.
const AWAIT: &str = "artifact.await";

/// The wait for a file that is sent to the object store: nobody tells us when it is there.
pub(super) async fn await_upload(work: &mut Work, artifact: &Record, at: Timestamp) -> Outcome<()> {
    let (key, payload) = about(artifact.id());
    work.enqueue_at(AWAIT, key, payload, at).await
}

/// Whether an artifact waits for a file that is sent to the object store. One that comes in parts is not looked for:
/// its sender says when it is complete.
pub(super) async fn is_awaited(work: &mut Work, artifact: &Record) -> Outcome<bool> {
    let is_sent_there = parts::waits(artifact) && work.call.api.parts().blobs.gives_out_urls();
    Ok(is_sent_there && parts::find(work, artifact).await?.is_none())
}

/// The end of the wait for the upload of a new artifact.
pub(super) async fn expire_upload(work: &mut Work, artifact: &Record, time: Duration) -> Outcome<()> {
    let at = work.now().plus(time);
    let (key, payload) = about(artifact.id());
    work.enqueue_at(EXPIRE, key, payload, at).await
}

/// The removal of a blob, once its grace is over, unless something refers to it then.
pub(super) async fn delete_blob(work: &mut Work, blob_key: &str) -> Outcome<()> {
    let at = work.now().plus(GRACE);
    work.enqueue_at(DELETE_BLOB, blob_key.to_owned(), json!({ "blob": blob_key }), at).await
}

/// The removal of what nobody refers to in a repository, once it has lain there long enough.
pub(super) async fn collect_content(work: &mut Work, repository: &Record) -> Outcome<()> {
    let at = work.now().plus(KEPT_UNREFERENCED);
    let (key, payload) = about(repository.id());
    work.enqueue_at(COLLECT_CONTENT, key, payload, at).await
}

/// The end of an upload that has not grown for so long by then.
pub(super) async fn expire_content_upload(work: &mut Work, upload: &Record, time: Duration) -> Outcome<()> {
    let at = work.now().plus(time);
    let (key, payload) = about(upload.id());
    work.enqueue_at(EXPIRE_CONTENT_UPLOAD, key, payload, at).await
}

/// The end of a withdrawn artifact.
pub(super) async fn purge_artifact(work: &mut Work, artifact: &Record) -> Outcome<()> {
    purge(work, PURGE_ARTIFACT, artifact).await
}

/// The end of what belongs to a release.
pub(super) async fn purge_release(work: &mut Work, release: &Record) -> Outcome<()> {
    purge(work, PURGE_RELEASE, release).await
}

/// The end of what belongs to a package.
pub(super) async fn purge_package(work: &mut Work, package: &Record) -> Outcome<()> {
    purge(work, PURGE_PACKAGE, package).await
}

/// The end of what belongs to a product: its packages, releases and files. Names that were given out stay
/// buried.
pub(crate) async fn purge_product(work: &mut Work, product: &Record) -> Outcome<()> {
    super::burial::bury_product(work, product).await?;
    purge(work, PURGE_PRODUCT, product).await
}

async fn purge(work: &mut Work, kind: &str, record: &Record) -> Outcome<()> {
    let (key, payload) = about(record.id());
    work.enqueue(kind, key, payload).await
}

/// Key and payload of a job about a record.
pub(super) fn about(id: RecordId) -> (String, serde_json::Value) {
    (id.to_string(), json!({ "id": id.to_string() }))
}
