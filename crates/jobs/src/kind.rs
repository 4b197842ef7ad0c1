//! The kinds of job there are, and how each is enqueued.
//!
//! A job about a record has the record's id as its key and as `id` in its payload; a `blob.delete` has the
//! blob's key.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::PartUpload;
use keyway_store::{Job, NewJob};
use serde_json::json;

use crate::JobError;

/// Reads an uploaded file: WAITING or PROCESSING becomes UPLOADED or FAILED.
pub const INGEST: &str = "artifact.ingest";
/// Looks whether a file has arrived at the object store.
pub const AWAIT: &str = "artifact.await";
/// Ends the wait for a file that did not come.
pub const EXPIRE: &str = "artifact.expire";
/// Removes a blob that nothing refers to any more.
pub const DELETE_BLOB: &str = "blob.delete";
/// Frees what came of an upload in parts that nobody completes any more.
pub const ABANDON: &str = "upload.abandon";
/// Removes a yanked artifact's row, and what it leaves behind.
pub const PURGE_ARTIFACT: &str = "artifact.purge";
/// Removes what belongs to a deleted release.
pub const PURGE_RELEASE: &str = "release.purge";
/// Removes what belongs to a deleted package.
pub const PURGE_PACKAGE: &str = "package.purge";
/// Removes what belongs to a deleted product.
pub const PURGE_PRODUCT: &str = "product.purge";
/// Removes what belongs to a deleted policy.
pub const PURGE_POLICY: &str = "policy.purge";
/// Removes what belongs to a deleted licence.
pub const PURGE_LICENSE: &str = "license.purge";
/// Removes what belongs to a deleted machine.
pub const PURGE_MACHINE: &str = "machine.purge";
/// Removes what belongs to a deleted user.
pub const PURGE_USER: &str = "user.purge";

/// Removes what refers to a deleted entitlement.
pub const PURGE_ENTITLEMENT: &str = "entitlement.purge";
/// Removes everything in a deleted environment.
pub const PURGE_ENVIRONMENT: &str = "environment.purge";

/// Removes what nothing refers to any more from a registry's repository.
pub const COLLECT_CONTENT: &str = "content.collect";
/// Ends an upload into a registry's repository that does not grow any more.
pub const EXPIRE_CONTENT_UPLOAD: &str = "content.expire";

/// Removes entries of the event log that have been kept long enough.
pub const PRUNE_EVENTS: &str = "events.prune";
/// Removes entries of the log of requests that have been kept long enough.
pub const PRUNE_REQUESTS: &str = "requests.prune";

/// Makes and drops partitions of the logs, of all accounts.
pub const PARTITION_LOGS: &str = "logs.partition";

/// Counts what an account has, once a day.
pub const COUNT_USAGE: &str = "usage.count";

/// Tells of licences that expire or have to check in.
pub const REMIND: &str = "licenses.remind";
/// Notices machines and processes that died, and removes those that nothing can revive.
pub const WATCH: &str = "heartbeats.watch";
/// Removes tokens that ended long ago.
pub const PRUNE_TOKENS: &str = "tokens.prune";

/// Has endpoints told of an event.
pub const TELL: &str = keyway_events::TELL;
/// Sends a webhook event.
pub const DELIVER: &str = keyway_events::DELIVER;
/// Removes webhook events that have been kept long enough.
pub const PRUNE_WEBHOOKS: &str = "webhooks.prune";

/// Gives who forgot their password a token to choose another.
pub const RESET_PASSWORD: &str = "password.reset";
/// Mails who forgot them the accounts of their address.
pub const RECOVER_ACCOUNTS: &str = "accounts.recover";

/// Every kind that is in no lane: webhooks and mail wait for others' servers, and go beside the rest.
pub const ALL: &[&str] = &[
    INGEST,
    AWAIT,
    EXPIRE,
    DELETE_BLOB,
    ABANDON,
    PURGE_ARTIFACT,
    PURGE_RELEASE,
    PURGE_PACKAGE,
    PURGE_PRODUCT,
    PURGE_POLICY,
    PURGE_LICENSE,
    PURGE_MACHINE,
    PURGE_USER,
    PURGE_ENTITLEMENT,
    PURGE_ENVIRONMENT,
    COLLECT_CONTENT,
    EXPIRE_CONTENT_UPLOAD,
    PRUNE_EVENTS,
    PRUNE_REQUESTS,
    PARTITION_LOGS,
    COUNT_USAGE,
    REMIND,
    WATCH,
    PRUNE_TOKENS,
    TELL,
    PRUNE_WEBHOOKS,
];

/// How long a client may take from asking for an upload to finishing it (`distribution.md` §7.1).
pub const UPLOAD_TIME: Duration = Duration::from_secs(60 * 60);

/// How long a blob outlives the last record that referred to it: downloads that were granted may finish, and an
/// upload of the same bytes may be under way.
pub const GRACE: Duration = Duration::from_secs(10 * 60);

/// A job about a record, to be run at once.
pub fn about(kind: &str, account: AccountId, id: RecordId, now: Timestamp) -> NewJob {
    NewJob {
        kind: kind.to_owned(),
        key: id.to_string(),
        account,
        payload: json!({ "id": id.to_string() }),
        run_at: now,
    }
}

/// The end of the wait for the upload of an artifact that was created now.
pub fn expire(account: AccountId, artifact: RecordId, now: Timestamp) -> NewJob {
    NewJob { run_at: now.plus(UPLOAD_TIME), ..about(EXPIRE, account, artifact, now) }
}

/// The removal of a blob, once its grace is over, unless something refers to it then.
pub fn delete_blob(account: AccountId, blob_key: &str, now: Timestamp) -> NewJob {
    NewJob {
        kind: DELETE_BLOB.to_owned(),
        key: blob_key.to_owned(),
        account,
        payload: json!({ "blob": blob_key }),
        run_at: now.plus(GRACE),
    }
}

/// The end of an upload in parts that is not wanted any more.
pub(crate) fn abandon(upload: &PartUpload, now: Timestamp) -> Option<NewJob> {
    let payload = json!({ "blob": upload.blob_key, "id": upload.store_id.as_ref()? });
    Some(NewJob {
        kind: ABANDON.to_owned(),
        key: upload.blob_key.clone(),
        account: upload.account_id,
        payload,
        run_at: now,
    })
}

/// The record that a job is about.
pub(crate) fn subject(job: &Job) -> Result<RecordId, JobError> {
    let id = job.payload.get("id").and_then(serde_json::Value::as_str).unwrap_or(&job.key);
    id.parse().map_err(|_| JobError::Payload { kind: job.kind.clone(), missing: "a record" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_name_their_record_and_wait_as_long_as_promised() {
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let now = Timestamp::from_micros(0);
        let job = about(INGEST, id.into(), id, now);
        assert_eq!((job.key.as_str(), job.run_at), ("0190163d-8694-739b-aea5-966c26f8ad91", now));
        assert_eq!(expire(id.into(), id, now).run_at.as_seconds(), 3600);
        assert_eq!(delete_blob(id.into(), "a/b", now).run_at.as_seconds(), 600);
    }
}
