//! `artifact.expire`: a file that did not come within the hour fails its artifact (`distribution.md` §8).

use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::{Artifact, ArtifactStatus};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Changes, Job};

use crate::kind::{UPLOAD_TIME, subject};
use crate::runner::{Ended, Parts, end};
use crate::{JobError, place};

/// Fails the artifact if it still waits; comes back later when its time is not over.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let (account, id) = (job.account, subject(job)?);
    let mut write = parts.db.begin().await?;
    let Some(before) = write.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await? else {
        return end(write, job, Changes::none()).await;
    };
    let mut artifact: Artifact = before.typed()?;
    let (now, until) = (parts.clock.wall(), artifact.created_at.plus(UPLOAD_TIME));
    if artifact.status != ArtifactStatus::Waiting {
        return end(write, job, Changes::none()).await;
    }
    if now < until {
        return Ok(Ended::Again(until));
    }
    artifact.status = ArtifactStatus::Failed;
    artifact.failure = Some("the file was not uploaded within an hour".to_owned());
    artifact.updated_at = now;
    let after = artifact.into_record();
    write.update(&after, &["status", "failure", "updated_at"]).await?;
    if let Some(event) = Event::of(&after, "upload.failed") {
        keyway_events::record(&mut write, &event, &Origin::default(), now).await?;
    }
    let places = place::of_record(&mut write, account, &before).await?;
    let related = Related { places, ..Related::default() };
    let slots = touches(Mutation { before: Some(&before), after: Some(&after) }, &related);
    end(write, job, Changes::of(account, slots)).await
}
