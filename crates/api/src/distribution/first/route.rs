//! `/releases/:id/artifact`: the one file of a release.

use std::sync::Arc;

use http::StatusCode;
use keyway_access::Action;
use keyway_base::RecordId;
use keyway_blob::{BlobError, BlobKey};
use keyway_domain::resources::{Artifact, ArtifactStatus, Release, ReleaseStatus};
use keyway_jsonapi::{ApiError, Declared, QueryValue, Record, Scope, Value};

use crate::call::Call;
use crate::distribution::artifact::Artifacts;
use crate::distribution::{
    download as file, first_download, link, registry, release, upload as uploads, withdraw as end,
};
use crate::gate;
use crate::interpreter::{change, one};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// The lifetimes that a URL may be told.
const LIFETIMES: std::ops::RangeInclusive<u64> = 60..=604_800;

/// `GET`: the way to the bytes.
pub(in crate::distribution) async fn download(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let (release, subject) = release_for(&mut work, Action::ArtifactDownload).await?;
    check_lifetime(&call)?;
    if release.get("status").as_text() == Some(ReleaseStatus::Yanked.as_str()) {
        return Err(ApiError::unprocessable("has been yanked").into());
    }
    let record = only(&mut work, &release).await?;
    let artifact: Artifact = record.typed()?;
    gate::authorize(&call, Action::ArtifactDownload, &subject)?;
    let detail = "artifact is unavailable (ensure it has been fully uploaded)";
    let blob = stored(&call, &artifact).await.ok_or_else(|| ApiError::not_found_detail(detail))?;
    let time = link::download_time(&call)?;
    first_download::start(&call).await?;
    file::log(&call, &record).await?;
    if file::wants_bytes(&call) {
        return Ok(file::file(&artifact, blob));
    }
    let url = link::for_download(&call, &artifact, &blob, time);
    let shown = Reply::data(one(&mut work, &Artifacts, &record).await?);
    Ok(uploads::with_link(shown, &url).status(StatusCode::SEE_OTHER))
}

/// `PUT`: the way for the bytes. The release is published.
pub(in crate::distribution) async fn upload(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let (before, subject) = release_for(&mut work, Action::ArtifactCreate).await?;
    gate::authorize(&call, Action::ReleasePublish, &subject)?;
    let artifact = only(&mut work, &before).await?;
    let mut after = before.clone();
    after.set("status", Value::Text(ReleaseStatus::Published.as_str().to_owned()));
    change(&mut work, &before, &mut after).await?;
    registry::name_waiting(&mut work, &after).await?;
    work.log(&after, "published").await?;
    let shown = Reply::data(one(&mut work, &Artifacts, &artifact).await?);
    work.commit().await?;
    let url = link::for_upload(&call, artifact.id());
    Ok(uploads::with_link(shown, &url).status(StatusCode::TEMPORARY_REDIRECT))
}

/// `DELETE`: the file is withdrawn.
pub(in crate::distribution) async fn withdraw(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let (release, _) = release_for(&mut work, Action::ArtifactDelete).await?;
    let artifact = only(&mut work, &release).await?;
    end::end(&mut work, &release, &artifact).await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// The release that the path names, by id alone, for an action on its file.
async fn release_for(work: &mut Work, action: Action) -> Outcome<(Record, Subject)> {
    let record = by_id(work).await?;
    let subject = release::subject(work, &record).await?;
    gate::authorize(&work.call, action, &subject)?;
    Ok((record, subject))
}

/// The release that the path names, by id alone.
pub(super) async fn by_id(work: &mut Work) -> Outcome<Record> {
    let call = Arc::clone(&work.call);
    let name = call.param(0);
    let named = name.parse::<RecordId>().map_or(Scope::None, |id| Scope::id("id", id));
    let found = work.find(Release::RESOURCE, &gate::visible(&call, Release::RESOURCE).and(named)).await?;
    Ok(found.ok_or_else(|| ApiError::not_found(Release::RESOURCE.name, name))?)
}

/// The one file of a release.
async fn only(work: &mut Work, release: &Record) -> Outcome<Record> {
    let visible = gate::visible(&work.call, Artifact::RESOURCE);
    let mut files = work.all(Artifact::RESOURCE, &visible.and(Scope::id("release_id", release.id()))).await?;
    if files.len() > 1 {
        let detail = "multiple artifacts are not supported by this release (see upgrading from v1.0 to v1.1)";
        return Err(ApiError::unprocessable(detail).into());
    }
    let detail = "artifact does not exist (ensure it has been uploaded)";
    Ok(files.pop().ok_or_else(|| ApiError::not_found_detail(detail))?)
}

/// The blob of an uploaded file that the storage knows. Where the storage does not answer, nothing is known
/// against it.
pub(super) async fn stored(call: &Call, artifact: &Artifact) -> Option<String> {
    let named = artifact.blob_key.clone().filter(|_| artifact.status == ArtifactStatus::Uploaded)?;
    let key: BlobKey = named.parse().ok()?;
    match call.api.parts().blobs.head(&key).await {
        Err(BlobError::Absent(_)) => None,
        Ok(_) | Err(_) => Some(named),
    }
}

fn check_lifetime(call: &Call) -> Result<(), ApiError> {
    let fits = |value: &QueryValue| match value {
        QueryValue::Text(text) => text.parse().is_ok_and(|seconds| LIFETIMES.contains(&seconds)),
        _ => false,
    };
    if call.query.get("ttl").is_none_or(fits) {
        return Ok(());
    }
    let (least, most) = (LIFETIMES.start(), LIFETIMES.end());
    Err(ApiError::parameter("ttl", format!("must be an integer between {least} and {most} (inclusive)")))
}
