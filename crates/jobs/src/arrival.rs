//! `artifact.await`: a file that a client sends to the object store itself. Nobody tells us when it is there, so
//! it is looked for, often at first.
//!
//! The URL it was sent to stays good for its hour. So the file is copied to where no URL leads before it is read
//! and checked: what is checked is what is served.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_blob::{Arrived, BlobKey};
use keyway_domain::resources::{Artifact, ArtifactStatus};
use keyway_jsonapi::{Declared, Scope, Value};
use keyway_store::{Changes, Job};

use crate::kind::{self, UPLOAD_TIME, about, delete_blob, subject};
use crate::runner::{Ended, Parts, end};
use crate::{JobError, expire};

/// How often to look in the first minute.
const OFTEN: Duration = Duration::from_secs(1);
/// How often to look at least.
const SELDOM: Duration = Duration::from_secs(30);

/// Looks for the file of the artifact that the job names.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let (account, id) = (job.account, subject(job)?);
    let found = parts.db.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await?;
    let artifact: Option<Artifact> = found.map(|record| record.typed()).transpose()?;
    let Some(artifact) = artifact.filter(|artifact| artifact.status == ArtifactStatus::Waiting) else {
        return Ok(Ended::Done);
    };
    let now = parts.clock.wall();
    match parts.blobs.arrived(account, id.into()).await? {
        Some(arrived) => take(parts, job, &artifact, &arrived).await,
        None if now >= artifact.created_at.plus(UPLOAD_TIME) => Ok(Ended::Done),
        None => Ok(Ended::Again(now.plus(pause(now.since(artifact.created_at))))),
    }
}

/// The time to the next look, for an upload that was asked for so long ago.
fn pause(age: Duration) -> Duration {
    (age / 60).clamp(OFTEN, SELDOM)
}

/// Takes in what has arrived: the artifact is in processing, and read next.
async fn take(parts: &Parts, job: &Job, artifact: &Artifact, arrived: &Arrived) -> Result<Ended, JobError> {
    let (account, id, now) = (job.account, artifact.id, parts.clock.wall());
    if let Some(reason) = unfit(artifact, arrived) {
        let ended = expire::fail(parts, job, reason).await?;
        discard(parts, account, id).await;
        return Ok(ended);
    }
    let key = BlobKey::random(account);
    // Should we die between the copy and its row, this job finds an object that nothing refers to.
    let mut write = parts.db.begin().await?;
    write.enqueue(&delete_blob(account, &key.to_string(), now)).await?;
    write.commit(Changes::none()).await?;
    if !parts.blobs.take_in(id.into(), arrived, &key).await? {
        return Ok(Ended::Again(now.plus(OFTEN)));
    }
    let ended = record(parts, job, id, arrived, &key, now).await?;
    discard(parts, account, id).await;
    Ok(ended)
}

/// Gives the artifact its bytes, unless it went its own way meanwhile.
async fn record(
    parts: &Parts,
    job: &Job,
    id: RecordId,
    arrived: &Arrived,
    key: &BlobKey,
    now: Timestamp,
) -> Result<Ended, JobError> {
    let mut write = parts.db.begin().await?;
    let found = write.find(Artifact::RESOURCE, job.account, &Scope::id("id", id)).await?;
    let waits = |status: Option<&str>| status == Some(ArtifactStatus::Waiting.as_str());
    let Some(mut artifact) = found.filter(|artifact| waits(artifact.get("status").as_text())) else {
        return end(write, job, Changes::none()).await;
    };
    artifact.set("status", Value::Text(ArtifactStatus::Processing.as_str().to_owned()));
    artifact.set("blob_key", Value::Text(key.to_string()));
    artifact.set("content_length", i64::try_from(arrived.head.len).map_or(Value::Null, Value::Int));
    artifact.set("updated_at", Value::Time(now));
    write.update(&artifact, &["status", "blob_key", "content_length", "updated_at"]).await?;
    write.enqueue(&about(kind::INGEST, job.account, id, now)).await?;
    let ended = end(write, job, Changes::none()).await?;
    parts.wake.notify_one();
    Ok(ended)
}

/// What can be told without reading it.
fn unfit(artifact: &Artifact, arrived: &Arrived) -> Option<String> {
    let (declared, size) = (artifact.filesize?, arrived.head.len);
    let differs = u64::try_from(declared) != Ok(size);
    differs.then(|| format!("the file has {size} bytes, but its filesize was declared as {declared}"))
}

/// Removes what has arrived; what is left, the end of the hour takes.
async fn discard(parts: &Parts, account: AccountId, id: RecordId) {
    if let Err(error) = parts.blobs.discard_arrived(account, id.into()).await {
        tracing::warn!(artifact = %id, %error, "an upload could not be removed from where it arrived");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn looks_become_rarer() {
        let pauses = [0, 59, 120, 600, 1800, 3600].map(|age| pause(Duration::from_secs(age)).as_secs());
        assert_eq!(pauses, [1, 1, 2, 10, 30, 30]);
    }
}
