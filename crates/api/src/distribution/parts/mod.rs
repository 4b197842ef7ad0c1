//! Uploads in parts: an extension of `POST /artifacts` for files that are too large for one request
//! (`docs/uploads.md`).
//!
//! `Prefer: multipart` makes an artifact that waits for parts and a row that says how the file is cut up. URLs for
//! parts are signed on demand, as often as wanted; which parts there are is asked of the blob store. Completion
//! puts them together without a copy.

mod begin;
mod check;
mod complete;
mod sign;
mod url;

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::Timestamp;
use keyway_blob::{BlobError, InParts};
use keyway_domain::resources::{ArtifactStatus, PartUpload};
use keyway_jsonapi::{ApiError, Declared, Record, Scope};

pub(super) use begin::{begin, meta_schema, plan, shown};
pub(super) use complete::{COMPLETE, complete};
pub(super) use sign::{SIGN, sign};

use super::artifact::Artifacts;
use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// The artifact that the path names, for one who may upload it.
async fn artifact(call: &Arc<Call>) -> Outcome<(Work, Record)> {
    let mut work = Work::reading(call).await?;
    let record = interpreter::find(&mut work, &Artifacts, call.param(0)).await?;
    let subject = Artifacts.subject(&mut work, &record).await?;
    gate::authorize(call, Action::ArtifactCreate, &subject)?;
    Ok((work, record))
}

/// The upload in parts of an artifact, as long as it may go on.
pub(super) async fn upload_of(work: &mut Work, artifact: &Record) -> Outcome<PartUpload> {
    let Some(record) = find(work, artifact).await?.filter(|_| waits(artifact)) else {
        let status = artifact.get("status").as_text().unwrap_or_default();
        let detail = format!("no upload in parts is under way for this artifact, whose status is {status}");
        return Err(ApiError::unprocessable_coded(detail, "UPLOAD_NOT_IN_PARTS").into());
    };
    let upload: PartUpload = record.typed()?;
    if work.now() >= upload.expires_at {
        return Err(expired(upload.expires_at));
    }
    Ok(upload)
}

/// The row of an upload in parts, if the artifact's file comes so.
pub(super) async fn find(work: &mut Work, artifact: &Record) -> Outcome<Option<Record>> {
    work.find(PartUpload::RESOURCE, &Scope::id("artifact_id", artifact.id())).await
}

/// Whether the artifact has no file yet, and may get one.
pub(super) fn waits(artifact: &Record) -> bool {
    artifact.get("status").as_text() == Some(ArtifactStatus::Waiting.as_str())
}

fn expired(at: Timestamp) -> Refusal {
    let detail = format!("the upload expired at {at}: delete the artifact and begin again");
    ApiError::unprocessable_coded(detail, "UPLOAD_EXPIRED").into()
}

/// The upload as the blob store knows it; `None` before the first URL was signed.
pub(super) fn in_store(upload: &PartUpload) -> Option<InParts> {
    let size = |bytes: i64| u64::try_from(bytes).ok();
    Some(InParts {
        key: upload.blob_key.parse().ok()?,
        id: upload.store_id.clone()?,
        size: size(upload.size)?,
        part_size: size(upload.part_size)?,
    })
}

/// What the caller hears of a blob store that does not do as it is told.
fn told(error: BlobError) -> Refusal {
    let refused = match &error {
        BlobError::Full { .. } => ApiError::insufficient_storage(),
        BlobError::NoUpload(_) => ApiError::unprocessable_coded(
            "the parts are not in the store any more: delete the artifact and begin again",
            "UPLOAD_GONE",
        ),
        BlobError::PartsChanged => {
            ApiError::conflict("a part was replaced meanwhile: ask for the parts and try again")
        }
        BlobError::PartBusy(_) => {
            ApiError::conflict("a part is still on its way: complete the upload when it has arrived")
        }
        _ => {
            tracing::error!(error = &error as &dyn std::error::Error, "an upload in parts failed");
            ApiError::unavailable()
        }
    };
    refused.into()
}
