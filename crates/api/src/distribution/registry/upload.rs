//! Uploads that grow in pieces: who began one goes on with it, in the same repository, as long as it does not lie
//! idle for a day.

use std::sync::Arc;
use std::time::Duration;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_blob::GrowthState;
use keyway_domain::content::KEPT_IDLE;
use keyway_domain::resources::ContentUpload;
use keyway_engine::ContentOutcome;
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Value};

use super::super::job;
use super::repository::{known, rows, to_push};
use crate::call::Call;
use crate::refusal::Outcome;
use crate::work::Work;

/// Begins an upload.
pub(super) async fn begin(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    state: &GrowthState,
) -> Outcome<ContentOutcome> {
    let mut work = Work::writing(call).await?;
    let repository = to_push(&mut work, engine, package).await?;
    let id = insert(&mut work, &repository, state).await?;
    work.commit().await?;
    Ok(ContentOutcome::Upload { id, size: 0 })
}

/// Writes an upload down that has no bytes yet.
pub(super) async fn insert(work: &mut Work, repository: &Record, state: &GrowthState) -> Outcome<RecordId> {
    let Some((kind, id)) = work.call.principal.bearer() else {
        return Err(ApiError::forbidden_detail("uploads are for those who publish").into());
    };
    let mut upload = rows(work, repository).upload(kind, id);
    set(work, &mut upload, state);
    work.insert(&upload).await?;
    job::expire_content_upload(work, &upload, KEPT_IDLE).await?;
    Ok(upload.id())
}

fn set(work: &Work, upload: &mut Record, state: &GrowthState) {
    upload.set("state", Value::Bytes(state.to_bytes()));
    upload.set("size", i64::try_from(state.size()).map_or(Value::Null, Value::Int));
    upload.set("expires_at", Value::Time(work.now().plus(KEPT_IDLE)));
    upload.set("updated_at", Value::Time(work.now()));
}

/// Where an upload stands.
pub(super) async fn open(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    upload: RecordId,
) -> Outcome<Option<GrowthState>> {
    let mut work = Work::reading(call).await?;
    let Some(repository) = known(&mut work, engine, package, Action::ArtifactCreate).await? else {
        return Ok(None);
    };
    Ok(own(&mut work, &repository, upload).await?.as_ref().and_then(state_of))
}

/// Writes down that an upload has grown.
pub(super) async fn grow(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    upload: RecordId,
    before: u64,
    after: &GrowthState,
) -> Outcome<bool> {
    let mut work = Work::writing(call).await?;
    let Some(repository) = known(&mut work, engine, package, Action::ArtifactCreate).await? else {
        return Ok(false);
    };
    let Some(mut row) = own(&mut work, &repository, upload).await? else { return Ok(false) };
    if row.get("size").as_int().map(u64::try_from) != Some(Ok(before)) {
        return Ok(false);
    }
    set(&work, &mut row, after);
    work.update(&row, &["state", "size", "expires_at", "updated_at"]).await?;
    work.commit().await?;
    Ok(true)
}

/// Ends an upload; a job frees what came of it.
pub(super) async fn cancel(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    upload: RecordId,
) -> Outcome<ContentOutcome> {
    let mut work = Work::writing(call).await?;
    let Some(repository) = known(&mut work, engine, package, Action::ArtifactCreate).await? else {
        return Ok(ContentOutcome::UploadUnknown);
    };
    let Some(mut row) = own(&mut work, &repository, upload).await? else {
        return Ok(ContentOutcome::UploadUnknown);
    };
    // Nobody goes on with it from here; its job takes it away with its bytes.
    row.set("expires_at", Value::Time(work.now()));
    work.update(&row, &["expires_at"]).await?;
    job::expire_content_upload(&mut work, &row, Duration::ZERO).await?;
    work.commit().await?;
    Ok(ContentOutcome::Deleted)
}

/// The upload of the caller in the repository, while it lasts.
pub(super) async fn own(work: &mut Work, repository: &Record, upload: RecordId) -> Outcome<Option<Record>> {
    let Some((kind, id)) = work.call.principal.bearer() else { return Ok(None) };
    let scope = Scope::id("id", upload)
        .and(Scope::id("package_id", repository.id()))
        .and(Scope::text("who_type", kind))
        .and(Scope::id("who_id", id))
        .and(Scope::Gt("expires_at", Value::Time(work.now())));
    work.find(ContentUpload::RESOURCE, &scope).await
}

/// What the blob store needs to go on. An upload that another release of this program wrote down, in a way that is
/// not known here, has ended.
fn state_of(upload: &Record) -> Option<GrowthState> {
    let state = GrowthState::from_bytes(upload.get("state").as_bytes()?);
    state.inspect_err(|error| tracing::warn!(upload = %upload.id(), %error, "an upload is given up")).ok()
}
