//! `DELETE /artifacts/:id`: the artifact is YANKED at once; a job removes its bytes and its row.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::ArtifactStatus;
use keyway_jsonapi::{Record, Value};

use super::artifact::{Artifacts, release_of};
use super::{burial, job, release};
use crate::call::Call;
use crate::gate;
use crate::interpreter::{change, find};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Withdraws an artifact.
pub(super) async fn withdraw(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let before = find(&mut work, &Artifacts, call.param(0)).await?;
    let release = release_of(&mut work, &before).await?;
    let subject = release::subject(&mut work, &release).await?;
    gate::authorize(&call, Action::ArtifactDelete, &subject)?;
    end(&mut work, &release, &before).await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// Marks an artifact and leaves the rest to a job.
pub(super) async fn end(work: &mut Work, release: &Record, before: &Record) -> Outcome<()> {
    burial::bury_artifact(work, release, before).await?;
    let mut after = before.clone();
    after.set("status", Value::Text(ArtifactStatus::Yanked.as_str().to_owned()));
    change(work, before, &mut after).await?;
    work.log(before, "deleted").await?;
    job::purge_artifact(work, &after).await
}
