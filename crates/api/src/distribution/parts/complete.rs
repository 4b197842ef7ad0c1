//! `POST /artifacts/:id/actions/complete-upload`: the parts become the file.

use std::sync::Arc;

use keyway_blob::{BlobError, InParts};
use keyway_domain::parts::MOST_PARTS;
use keyway_domain::resources::{Artifact, ArtifactStatus, PartUpload};
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Value};

use super::check::choose;
use super::{artifact, in_store, told, upload_of, waits};
use crate::call::Call;
use crate::contract::Contract;
use crate::distribution::artifact::Artifacts;
use crate::interpreter::one;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Takes the parts, unless all that are there are meant.
pub(in crate::distribution) const COMPLETE: Contract =
    Contract::taking(schema).codes(&["UPLOAD_PARTS_MISSING"]);

/// Completes an upload. Said again, it answers the same.
pub(in crate::distribution) async fn complete(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, artifact) = artifact(&call).await?;
    check(&schema(), &call.body)?;
    if is_complete(&artifact) {
        return Ok(Reply::data(one(&mut work, &Artifacts, &artifact).await?));
    }
    let upload = upload_of(&mut work, &artifact).await?;
    drop(work);
    let in_store = in_store(&upload).ok_or_else(|| {
        let detail = "no part has come yet: ask for URLs with actions/sign-parts";
        ApiError::unprocessable_coded(detail, "UPLOAD_PARTS_MISSING")
    })?;
    join(&call, &in_store).await?;
    record(&call, &upload).await
}

/// `meta {parts? [{number, etag}]}`.
fn schema() -> Vec<Node> {
    let part = vec![Node::new("number", Form::Integer).required(), Node::new("etag", Form::Text).required()];
    let most = usize::try_from(MOST_PARTS).unwrap_or(usize::MAX);
    let list = Form::List { item: Box::new(Node::object("part", part)), min: 1, max: most };
    vec![Node::object("meta", vec![Node::new("parts", list)])]
}

/// Whether the file is here.
fn is_complete(artifact: &Record) -> bool {
    let status = artifact.get("status").as_text();
    [ArtifactStatus::Processing, ArtifactStatus::Uploaded].iter().any(|done| Some(done.as_str()) == status)
}

/// Has the store put the parts together, if they are the file.
async fn join(call: &Call, upload: &InParts) -> Outcome<()> {
    let blobs = &call.api.parts().blobs;
    let there = match blobs.parts(upload, 1..=upload.count()).await {
        Ok(there) => there,
        // It was put together, and we died before it was written down.
        Err(BlobError::NoUpload(_)) if blobs.is_whole(upload).await.map_err(told)? => return Ok(()),
        Err(error) => return Err(told(error)),
    };
    let named = call.meta().and_then(|meta| meta.get("parts")?.as_array());
    let chosen = choose(upload, &there, named.map(Vec::as_slice))?;
    blobs.join_parts(upload, chosen).await.map_err(told)
}

/// Gives the artifact its file, which a job reads.
async fn record(call: &Arc<Call>, upload: &PartUpload) -> Outcome<Reply> {
    let mut work = Work::writing(call).await?;
    let mut after = work.need(Artifact::RESOURCE, upload.artifact_id.into()).await?;
    let theirs = Scope::id("id", upload.id);
    let upload_record = work.find(PartUpload::RESOURCE, &theirs).await?.filter(|_| waits(&after));
    if let Some(upload_record) = upload_record {
        after.set("blob_key", Value::Text(upload.blob_key.clone()));
        after.set("content_length", Value::Int(upload.size));
        let api = Arc::clone(&call.api);
        api.process(work.write()?, &mut after, &["blob_key", "content_length"], call.now).await?;
        work.delete(&upload_record).await?;
    }
    let reply = Reply::data(one(&mut work, &Artifacts, &after).await?);
    work.commit().await?;
    call.api.parts().wake_jobs.notify_one();
    Ok(reply)
}
