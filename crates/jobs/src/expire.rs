//! `artifact.expire`: a file that did not come in its time fails its artifact (`distribution.md` §8). The time is
//! an hour, or a week for one that comes in parts.

use std::time::Duration;

use keyway_base::{AccountId, RecordId};
use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::{Artifact, ArtifactStatus, PartUpload};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Changes, Job};

use crate::kind::{self, UPLOAD_TIME, about, subject};
use crate::runner::{Ended, Parts, end};
use crate::{JobError, abandoned, place};

/// How long to wait for a file that has arrived to be noticed.
const NOTICING: Duration = Duration::from_secs(60);

/// Fails the artifact if it still waits; comes back later when its time is not over. Either way, the URL for its
/// upload is not good any more, and what was sent to it goes.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let (account, id) = (job.account, subject(job)?);
    let found = parts.db.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await?;
    let artifact: Option<Artifact> = found.map(|record| record.typed()).transpose()?;
    let now = parts.clock.wall();
    if let Some(artifact) = artifact.filter(|artifact| artifact.status == ArtifactStatus::Waiting) {
        let in_parts = in_parts(parts, account, id).await?;
        let until =
            in_parts.as_ref().map_or(artifact.created_at.plus(UPLOAD_TIME), |upload| upload.expires_at);
        if now < until {
            return Ok(Ended::Again(until));
        }
        if parts.blobs.arrived(account, id.into()).await?.is_some() {
            // In time, and not yet noticed.
            let mut write = parts.db.begin().await?;
            write.enqueue(&about(kind::AWAIT, account, id, now)).await?;
            write.commit(Changes::none()).await?;
            return Ok(Ended::Again(now.plus(NOTICING)));
        }
        let time = if in_parts.is_some() { "a week" } else { "an hour" };
        return fail(parts, job, format!("the file was not uploaded within {time}")).await;
    }
    parts.blobs.discard_arrived(account, id.into()).await?;
    let mut write = parts.db.begin().await?;
    abandoned::forget(&mut write, account, id, now).await?;
    end(write, job, Changes::none()).await
}

/// The upload in parts of an artifact.
async fn in_parts(parts: &Parts, account: AccountId, id: RecordId) -> Result<Option<PartUpload>, JobError> {
    let theirs = Scope::id("artifact_id", id);
    let found = parts.db.find(PartUpload::RESOURCE, account, &theirs).await?;
    Ok(found.map(|record| record.typed()).transpose()?)
}

/// Fails an artifact that still waits, and ends the job.
pub(crate) async fn fail(parts: &Parts, job: &Job, reason: String) -> Result<Ended, JobError> {
    let (account, id) = (job.account, subject(job)?);
    let mut write = parts.db.begin().await?;
    let Some(before) = write.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await? else {
        return end(write, job, Changes::none()).await;
    };
    let mut artifact: Artifact = before.typed()?;
    if artifact.status != ArtifactStatus::Waiting {
        return end(write, job, Changes::none()).await;
    }
    artifact.status = ArtifactStatus::Failed;
    artifact.failure = Some(reason);
    let now = parts.clock.wall();
    artifact.updated_at = now;
    let after = artifact.into_record();
    write.update(&after, &["status", "failure", "updated_at"]).await?;
    abandoned::forget(&mut write, account, id, now).await?;
    if let Some(event) = Event::of(&after, "upload.failed") {
        keyway_events::record(&mut write, &event, &Origin::default(), now).await?;
    }
    let places = place::of_record(&mut write, account, &before).await?;
    let related = Related { places, ..Related::default() };
    let slots = touches(Mutation { before: Some(&before), after: Some(&after) }, &related);
    end(write, job, Changes::of(account, slots)).await
}
