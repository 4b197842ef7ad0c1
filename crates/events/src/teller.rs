//! Events of background work and of reads: who records them cannot render documents, so a job has it done, written with
//! the event where an endpoint listens.

use std::collections::BTreeMap;
use std::pin::Pin;

use keyway_base::AccountId;
use keyway_domain::resources::WebhookEndpoint;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::{Job, NewJob, StoreError, Write};
use serde_json::{Value as Json, json};

/// The kind of job that has endpoints told of an event.
pub const TELL: &str = "webhook.tell";

/// Renders what endpoints are told.
pub trait Teller: Send + Sync {
    /// Does a [`TELL`] job and ends it, in one transaction.
    ///
    /// # Errors
    /// Why it could not be done this time, in words for the log.
    fn tell<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// Has endpoints told of entries of the log that they listen to. Where no account of theirs has endpoints, that is one
/// small query for each account.
pub(crate) async fn announce(
    write: &mut Write,
    entries: &[Record],
    meta: Option<&Json>,
) -> Result<(), StoreError> {
    let mut by_account: BTreeMap<AccountId, Vec<&Record>> = BTreeMap::new();
    for entry in entries {
        by_account.entry(entry.account()).or_default().push(entry);
    }
    for (account, entries) in by_account {
        let endpoints = write.all(WebhookEndpoint::RESOURCE, account, &Scope::All).await?;
        let endpoints: Vec<WebhookEndpoint> =
            endpoints.iter().filter_map(|found| found.typed().ok()).collect();
        for entry in entries {
            let event = entry.get("event").as_text().unwrap_or_default();
            if endpoints.iter().any(|endpoint| endpoint.hears(event, entry.environment())) {
                write.enqueue(&telling(entry, event, meta)).await?;
            }
        }
    }
    Ok(())
}

fn telling(entry: &Record, event: &str, meta: Option<&Json>) -> NewJob {
    let id = entry.get("resource_id").as_id().map(|id| id.to_string());
    NewJob {
        kind: TELL.to_owned(),
        key: entry.id().to_string(),
        account: entry.account(),
        payload: json!({ "event": event, "type": entry.get("resource_type").as_text(), "id": id, "meta": meta }),
        run_at: entry.created(),
    }
}

/// What a [`TELL`] job says happened.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The event.
    pub event: &'a str,
    /// The type of its record.
    pub kind: &'a str,
    /// The record's id.
    pub id: &'a str,
    /// What is told beside the record.
    pub meta: Option<&'a Json>,
}

impl<'a> Told<'a> {
    /// As the job names it.
    pub fn of(job: &'a Job) -> Option<Self> {
        let text = |name: &str| job.payload.get(name).and_then(Json::as_str);
        let meta = job.payload.get("meta").filter(|meta| !meta.is_null());
        Some(Self { event: text("event")?, kind: text("type")?, id: text("id")?, meta })
    }
}
