//! `blob.delete`: bytes that nothing refers to any more.

use keyway_blob::{BlobError, BlobKey};
use keyway_domain::resources::{Artifact, ContentBlob, PartUpload};
use keyway_jsonapi::{Declared, Resource, Scope};
use keyway_store::{Changes, Job};

use crate::JobError;
use crate::kind::GRACE;
use crate::runner::{Ended, Parts, end};

/// What refers to blobs by a column `blob_key`.
pub(crate) const REFERRING: [&Resource; 3] =
    [Artifact::RESOURCE, PartUpload::RESOURCE, ContentBlob::RESOURCE];

/// Deletes the blob unless something refers to it. A blob that was committed within its grace may belong to
/// an upload that has not said so yet, so it is looked at again later.
///
/// The database's one writer is held from the check to the deletion: nobody can begin to refer to the blob in
/// between. An upload of the same bytes that was committed in just that moment is found missing by its ingest
/// and fails with a reason.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let text = job.payload.get("blob").and_then(serde_json::Value::as_str).unwrap_or(&job.key);
    let key: BlobKey =
        text.parse().map_err(|_| JobError::Payload { kind: job.kind.clone(), missing: "a blob" })?;
    let mut write = parts.db.begin().await?;
    for resource in REFERRING {
        if write.find(resource, key.account(), &Scope::text("blob_key", text)).await?.is_some() {
            return end(write, job, Changes::none()).await;
        }
    }
    match parts.blobs.head(&key).await {
        Err(BlobError::Absent(_)) => return end(write, job, Changes::none()).await,
        Err(error) => return Err(error.into()),
        Ok(head) => {
            let until = head.modified.plus(GRACE);
            if parts.clock.wall() < until {
                return Ok(Ended::Again(until));
            }
        }
    }
    parts.blobs.delete(&key).await?;
    end(write, job, Changes::none()).await
}
