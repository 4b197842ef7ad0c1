//! `upload.abandon`: what came of an upload in parts that was not completed in its time, or whose artifact went.

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_blob::BlobKey;
use keyway_domain::resources::PartUpload;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Job, Write};
use serde_json::Value;

use crate::JobError;
use crate::kind::{self, delete_blob};
use crate::runner::{Ended, Parts};

/// Frees the parts.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let text = |name: &str| job.payload.get(name).and_then(Value::as_str);
    let missing = || JobError::Payload { kind: job.kind.clone(), missing: "an upload" };
    let key: BlobKey = text("blob").and_then(|key| key.parse().ok()).ok_or_else(missing)?;
    parts.blobs.abandon_parts(key, text("id").ok_or_else(missing)?).await?;
    Ok(Ended::Done)
}

/// Ends the upload in parts of an artifact, if there is one: its row goes now, what came of it soon. It may have
/// been put together without having been recorded, so its key is seen to as well.
pub(crate) async fn forget(
    write: &mut Write,
    account: AccountId,
    artifact: RecordId,
    now: Timestamp,
) -> Result<(), JobError> {
    let theirs = Scope::id("artifact_id", artifact);
    let Some(record) = write.find(PartUpload::RESOURCE, account, &theirs).await? else { return Ok(()) };
    let upload: PartUpload = record.typed()?;
    if let Some(job) = kind::abandon(&upload, now) {
        write.enqueue(&job).await?;
    }
    write.enqueue(&delete_blob(account, &upload.blob_key, now)).await?;
    write.delete(PartUpload::RESOURCE, account, upload.id).await?;
    Ok(())
}
