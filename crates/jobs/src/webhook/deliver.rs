//! `webhook.deliver`: sends an event to its endpoint, and writes down what became of it. An event is sent at least once: a
//! process that dies after sending and before writing sends it again. Those of one endpoint are begun in the order in
//! which they happened, a few at a time; one that has to be sent again holds up no other.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri};
use keyway_base::{AccountId, Timestamp};
use keyway_crypto::account_keys::{AccountKeys, SignatureAlgorithm};
use keyway_crypto::digest::sha256;
use keyway_crypto::http_signature::SignedParts;
use keyway_crypto::random_bytes;
use keyway_domain::resources::{Account, WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_domain::webhook::{extras, payload, wait_after};
use keyway_jsonapi::document::resource_object;
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, Job, NewJob, Write, retrying};
use serde_json::json;
use tokio::time::timeout;

use super::carrier::{Answer, Carrier, Outgoing};
use super::sender::host_header;
use super::trouble::Trouble;
use super::verdict::Verdict;
use crate::JobError;
use crate::kind::subject;
use crate::runner::{Ended, Parts, end};

/// How long an endpoint has to answer, from the look-up of its name to the last byte that is read.
const TIME: Duration = Duration::from_secs(15);
/// The columns of an event that an attempt changes.
const OUTCOME: &[&str] =
    &["status", "attempts", "endpoint", "last_response_code", "last_response_body", "updated_at"];

/// Sends the event that a job is about, unless that is settled.
pub(crate) async fn deliver(parts: &Parts, carrier: &dyn Carrier, job: &Job) -> Result<Ended, JobError> {
    let (account, id) = (job.account, subject(job)?);
    let found = parts.db.find(WebhookEvent::RESOURCE, account, &Scope::id("id", id)).await?;
    let Some(event) = found else { return Ok(Ended::Done) };
    let told: WebhookEvent = event.typed()?;
    if !matches!(told.status, WebhookStatus::Delivering | WebhookStatus::Failing) {
        return Ok(Ended::Done);
    }
    let by_id = Scope::id("id", told.webhook_endpoint_id);
    let endpoint = parts.db.find(WebhookEndpoint::RESOURCE, account, &by_id).await?;
    let endpoint: Option<WebhookEndpoint> = endpoint.map(|record| record.typed()).transpose()?;
    let keys = keys(parts, account).await?;
    let verdict = match (&endpoint, keys) {
        (Some(endpoint), Some(keys)) => {
            let outgoing = outgoing(&event, &told, endpoint, &keys, parts.clock.wall())?;
            Verdict::of(match outgoing {
                Some(outgoing) => answer(carrier, outgoing, TIME).await,
                None => Err(Trouble::NotAllowed),
            })
        }
        _ => Verdict::GONE,
    };
    // What was sent is not sent again because others wrote at the same time.
    retrying(|| settle(parts, job, endpoint.as_ref(), &verdict)).await
}

/// What an endpoint answers in its time, which is one for everything that there is to do.
async fn answer(carrier: &dyn Carrier, outgoing: Outgoing, time: Duration) -> Result<Answer, Trouble> {
    timeout(time, carrier.carry(outgoing)).await.unwrap_or(Err(Trouble::Slow))
}

async fn keys(parts: &Parts, account: AccountId) -> Result<Option<AccountKeys>, JobError> {
    let found = parts.db.account(Account::RESOURCE, &Scope::id("id", account)).await?;
    let Some(record) = found else { return Ok(None) };
    let account: Account = record.typed()?;
    Ok(Some(AccountKeys::from_text(&account.keys, account.secret)?))
}

/// The request; `None` for an endpoint whose URL is none.
fn outgoing(
    event: &Record,
    told: &WebhookEvent,
    endpoint: &WebhookEndpoint,
    keys: &AccountKeys,
    now: Timestamp,
) -> Result<Option<Outgoing>, JobError> {
    let Ok(url) = endpoint.url.parse::<Uri>() else { return Ok(None) };
    let document = payload(resource_object(event, &extras(event), |_, _| false), None);
    let body = Bytes::from(document.to_string());
    let algorithm = SignatureAlgorithm::ALL.into_iter();
    let algorithm = algorithm.clone().find(|known| known.as_str() == endpoint.signature_algorithm);
    let (date, digest) = (now.http_date(), sha256(&body));
    let signed = SignedParts {
        method: "post",
        target: url.path_and_query().map_or("/", |target| target.as_str()),
        host: &host_header(&url),
        date: &date,
        body: digest,
    };
    let signature = signed.sign(keys, told.account_id, algorithm.unwrap_or_default())?;
    let digest = digest.header_value();
    let agent = format!("Keygen/{} (Keyway/{})", told.api_version, env!("CARGO_PKG_VERSION"));
    let headers = [
        ("content-type", "application/json"),
        ("user-agent", &agent),
        ("keygen-version", &told.api_version),
        ("date", &date),
        ("digest", &digest),
        ("keygen-date", &date),
        ("keygen-digest", &digest),
        ("keygen-signature", &signature),
    ];
    let headers = headers.into_iter().filter_map(|(name, value)| {
        Some((HeaderName::from_static(name), HeaderValue::from_str(value).ok()?))
    });
    Ok(Some(Outgoing { headers: headers.collect(), url, body }))
}

/// Writes down what became of the event, and has it sent again if it is to be.
async fn settle(
    parts: &Parts,
    job: &Job,
    endpoint: Option<&WebhookEndpoint>,
    verdict: &Verdict,
) -> Result<Ended, JobError> {
    let (account, id, now) = (job.account, subject(job)?, parts.clock.wall());
    let mut write = parts.db.begin().await?;
    let Some(record) = write.find(WebhookEvent::RESOURCE, account, &Scope::id("id", id)).await? else {
        return end(write, job, Changes::none()).await;
    };
    let mut event: WebhookEvent = record.typed()?;
    event.attempts += i64::from(endpoint.is_some());
    event.status = verdict.status;
    event.last_response_code = verdict.code;
    event.last_response_body.clone_from(&verdict.body);
    event.updated_at = now;
    if let Some(endpoint) = endpoint {
        event.endpoint.clone_from(&endpoint.url);
    }
    let lane = event.webhook_endpoint_id;
    let attempts = u32::try_from(event.attempts).unwrap_or(u32::MAX);
    let again = match event.status {
        WebhookStatus::Failing => wait_after(attempts, u64::from_le_bytes(random_bytes::<8>())),
        _ => None,
    };
    if event.status == WebhookStatus::Failing && again.is_none() {
        event.status = WebhookStatus::Failed;
    }
    let status = event.status.as_str();
    write.update(&event.into_record(), OUTCOME).await?;
    let changes = match endpoint.filter(|_| verdict.unsubscribes) {
        Some(endpoint) => unsubscribe(&mut write, endpoint, now).await?,
        None => Changes::none(),
    };
    if let Some(wait) = again {
        let (kind, key, payload) = (job.kind.clone(), job.key.clone(), json!({ "id": id.to_string() }));
        let job = NewJob { kind, key, account, payload, run_at: now.plus(wait) };
        write.enqueue_in(lane, &job).await?;
    }
    let ended = end(write, job, changes).await?;
    metrics::counter!("keyway_webhooks_total", "status" => status).increment(1);
    Ok(ended)
}

/// Takes every subscription from an endpoint, unless it has moved since it said so: what is gone is the old place.
async fn unsubscribe(
    write: &mut Write,
    sent_to: &WebhookEndpoint,
    now: Timestamp,
) -> Result<Changes, JobError> {
    let (account, by_id) = (sent_to.account_id, Scope::id("id", sent_to.id));
    let found = write.find(WebhookEndpoint::RESOURCE, account, &by_id).await?;
    let Some(before) = found.filter(|found| found.get("url").as_text() == Some(&sent_to.url)) else {
        return Ok(Changes::none());
    };
    let mut after = before.clone();
    after.set("subscriptions", Value::Json(json!([])));
    after.set("updated_at", Value::Time(now));
    write.update(&after, &["subscriptions", "updated_at"]).await?;
    let slots = touches(Mutation { before: Some(&before), after: Some(&after) }, &Related::default());
    Ok(Changes::of(account, slots))
}

#[cfg(test)]
mod tests {
    use super::super::carrier::Carried;
    use super::*;

    /// Never answers.
    struct Silent;

    impl Carrier for Silent {
        fn carry(&self, _: Outgoing) -> Carried<'_> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test]
    async fn who_does_not_answer_in_time_is_slow() {
        let url = Uri::from_static("https://hooks.test/");
        let outgoing = Outgoing { url, headers: Vec::new(), body: Bytes::new() };
        assert_eq!(answer(&Silent, outgoing, Duration::from_millis(20)).await, Err(Trouble::Slow));
    }
}
