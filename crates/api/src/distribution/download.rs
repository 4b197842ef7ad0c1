//! `GET /artifacts/:id`: the way to an artifact's bytes (`distribution.md` §7.2).

use std::sync::Arc;

use http::{Method, StatusCode, header};
use keyway_access::Action;
use keyway_domain::event::Download;
use keyway_domain::resources::{Artifact, ArtifactStatus, ReleaseStatus};
use keyway_jsonapi::{ApiError, Declared, Record, Scope};

use super::artifact::Artifacts;
use super::prefer::{PREFER, Preferences};
use super::release::Releases;
use super::{feed, first_download, job, link, upload};
use crate::ApiFile;
use crate::call::Call;
use crate::contract::{Asked, Contract, Data, Given};
use crate::event::origin;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{find, one};
use crate::licensing::Products;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// Gives the artifact and where its bytes are, or those themselves where a part of them is asked for.
pub(super) const CONTRACT: Contract = Contract::giving(&[
    Given::new(200, Data::One(Artifact::RESOURCE)),
    Given::new(303, Data::One(Artifact::RESOURCE)).located(),
    Given::new(206, Data::Raw("application/octet-stream")),
    Given::new(304, Data::Empty),
])
.asks(&[
    PREFER[0],
    PREFER[1],
    Asked::query(
        "ttl",
        || serde_json::json!({ "type": "integer" }),
        "Seconds that the address lives, for those who may say so.",
    ),
]);

/// By id, vanity form or file name.
pub(super) async fn download(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let name = call.param(0);
    if feed::is_written(&mut work, name).await? {
        return Err(ApiError::not_found(Artifacts.resource().name, name).into());
    }
    reach(work, name, Scope::All).await
}

/// Among the artifacts of a release.
pub(super) async fn of_release(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let release = find(&mut work, &Releases, call.param(0)).await?;
    reach(work, call.param(1), Scope::id("release_id", release.id())).await
}

/// Among the artifacts of a product.
pub(super) async fn of_product(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let product = find(&mut work, &Products, call.param(0)).await?;
    reach(work, call.param(1), super::released(&product)).await
}

/// Finds an artifact and says how to get its bytes, if they can be had.
async fn reach(mut work: Work, name: &str, scope: Scope) -> Outcome<Reply> {
    let call = Arc::clone(&work.call);
    let visible = gate::visible(&call, Artifacts.resource());
    let found = Artifacts.find(&mut work, name, visible.and(scope)).await?;
    let record = found.ok_or_else(|| ApiError::not_found(Artifacts.resource().name, name))?;
    let subject = Artifacts.subject(&mut work, &record).await?;
    gate::authorize(&call, Action::ArtifactShow, &subject)?;
    let shown = Reply::data(one(&mut work, &Artifacts, &record).await?);
    let awaited = job::is_awaited(&mut work, &record).await?;
    drop(work);
    if awaited {
        look_for(&call, &record).await?;
    }
    let preferences = Preferences::of(&call);
    let Some((artifact, blob)) = downloadable(&record, &subject)?.filter(|_| !preferences.no_download) else {
        return Ok(shown);
    };
    gate::authorize(&call, Action::ArtifactDownload, &subject)?;
    let time = link::download_time(&call)?;
    first_download::start(&call).await?;
    log(&call, &record).await?;
    if wants_bytes(&call) {
        return Ok(file(&artifact, blob));
    }
    let url = link::for_download(&call, &artifact, &blob, time);
    let status = if preferences.no_redirect { StatusCode::OK } else { StatusCode::SEE_OTHER };
    Ok(upload::with_link(shown, &url).status(status))
}

/// A file that was to be sent to the object store is looked for at once when it is asked for (DESIGN §8): nobody tells
/// us when it is there, and after some minutes it is looked for seldom.
async fn look_for(call: &Arc<Call>, artifact: &Record) -> Outcome<()> {
    let mut work = Work::writing(call).await?;
    job::await_upload(&mut work, artifact, call.now).await?;
    work.commit().await
}

/// The artifact and its blob, when customers could have it: uploaded, its release not yanked.
fn downloadable(record: &Record, subject: &Subject) -> Outcome<Option<(Artifact, String)>> {
    let artifact: Artifact = record.typed()?;
    let yanked =
        matches!(subject, Subject::Release { release, .. } if release.status == ReleaseStatus::Yanked);
    if yanked || artifact.status != ArtifactStatus::Uploaded {
        return Ok(None);
    }
    Ok(artifact.blob_key.clone().map(|blob| (artifact, blob)))
}

/// Whether the bytes are answered here: to requests for a part of them, since delta updaters lose their
/// credential on a redirect, and to `HEAD`, which a signed URL for `GET` refuses (DESIGN §9).
pub(super) fn wants_bytes(call: &Call) -> bool {
    call.method == Method::HEAD || call.headers.contains_key(header::RANGE)
}

/// Writes down that an artifact is downloaded, if it is.
pub(super) async fn log(call: &Call, artifact: &Record) -> Outcome<()> {
    let Some(release) = artifact.get("release_id").as_id().filter(|_| is_whole(call)) else { return Ok(()) };
    let download = Download {
        account: artifact.account(),
        environment: artifact.environment(),
        artifact: Some(artifact.id().into()),
        release: release.into(),
    };
    Ok(call.api.journal().record(&download.events(None), &origin(call), call.now).await?)
}

/// Whether the file is fetched, or its first part: its headers, and the parts that complete an old file into a
/// new one, are no download.
fn is_whole(call: &Call) -> bool {
    let range = call.headers.get(header::RANGE).map(|range| range.as_bytes());
    call.method != Method::HEAD && range.is_none_or(|range| range == b"bytes=0-")
}

pub(super) fn file(artifact: &Artifact, blob: String) -> Reply {
    let etag = artifact.sha256.iter().flatten().map(|byte| format!("{byte:02x}")).collect();
    Reply::file(ApiFile {
        artifact: artifact.id.into(),
        blob,
        filename: link::base_name(&artifact.filename).to_owned(),
        content_type: link::content_type(artifact),
        size: artifact.content_length.and_then(|size| u64::try_from(size).ok()).unwrap_or(0),
        etag,
    })
}
