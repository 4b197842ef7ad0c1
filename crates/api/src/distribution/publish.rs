//! `POST /releases/:id/actions/publish`: any status becomes PUBLISHED; when it was yanked stays on record.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::{Artifact, ArtifactStatus, ReleaseStatus};
use keyway_jsonapi::{Declared, Record, Scope, Value};

use super::release::{self, Releases};
use super::tags;
use super::{job, registry};
use crate::call::Call;
use crate::gate;
use crate::interpreter::{change, find, one};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Publishes a release.
pub(super) async fn publish(call: Arc<Call>) -> Outcome<Reply> {
    moved(call, Action::ReleasePublish, ReleaseStatus::Published, "published", |_, _| {}).await
}

/// Moves a release to a status, and writes the event of it down.
pub(super) async fn moved(
    call: Arc<Call>,
    action: Action,
    status: ReleaseStatus,
    event: &str,
    and: fn(&Work, &mut Record),
) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let before = find(&mut work, &Releases, call.param(0)).await?;
    let subject = release::subject(&mut work, &before).await?;
    gate::authorize(&call, action, &subject)?;
    let mut after = before.clone();
    if before.get("status").as_text() != Some(status.as_str()) {
        after.set("status", Value::Text(status.as_str().to_owned()));
        and(&work, &mut after);
        change(&mut work, &before, &mut after).await?;
        tags::follow(&mut work, &after).await?;
        registry::name_waiting(&mut work, &after).await?;
    }
    work.log(&after, event).await?;
    if status == ReleaseStatus::Published {
        look_for_files(&mut work, &after).await?;
    }
    let reply = Reply::data(one(&mut work, &Releases, &after).await?);
    work.commit().await?;
    Ok(reply)
}

/// Files that were sent to the object store are looked for at once: what is published is soon asked for.
async fn look_for_files(work: &mut Work, release: &Record) -> Outcome<()> {
    let waiting = Scope::text("status", ArtifactStatus::Waiting.as_str());
    let theirs = Scope::id("release_id", release.id()).and(waiting);
    let now = work.now();
    for artifact in work.all(Artifact::RESOURCE, &theirs).await? {
        if job::is_awaited(work, &artifact).await? {
            job::await_upload(work, &artifact, now).await?;
        }
    }
    Ok(())
}
