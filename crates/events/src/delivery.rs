//! Webhook events on their way: each is a row and a job, written with the change that it tells of. Those of one endpoint
//! share a lane, so that one which takes its time holds up no other.

use keyway_base::Timestamp;
use keyway_jsonapi::Record;
use keyway_store::{NewJob, StoreError, Write};
use serde_json::json;

/// The kind of job that sends a webhook event.
pub const DELIVER: &str = "webhook.deliver";

/// Writes webhook events, and has each sent.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub async fn deliver(write: &mut Write, events: &[Record], now: Timestamp) -> Result<(), StoreError> {
    write.insert_all(events).await?;
    for event in events {
        let id = event.id().to_string();
        let job = NewJob {
            kind: DELIVER.to_owned(),
            key: id.clone(),
            account: event.account(),
            payload: json!({ "id": id }),
            run_at: now,
        };
        let endpoint = event.get("webhook_endpoint_id").as_id().unwrap_or(event.id());
        write.enqueue_in(endpoint, &job).await?;
    }
    Ok(())
}
