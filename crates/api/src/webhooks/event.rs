//! Webhook events (`licensing.md` §12.2): what an endpoint was told, what it answered, and telling it again.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_domain::webhook::{extras, without_secret};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{ApiError, Declared, Record, Resource};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::{Actions, Hooks, Step, done};
use crate::interpreter::{find, located, one};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of webhook events.
pub(super) struct WebhookEvents;

impl Hooks for WebhookEvents {
    fn resource(&self) -> &'static Resource {
        WebhookEvent::RESOURCE
    }
    fn actions(&self) -> Actions {
        // There are no routes for making or changing them.
        let (list, show) = (Action::WebhookEventList, Action::WebhookEventShow);
        Actions { list, show, create: show, update: show, delete: Action::WebhookEventDelete }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let endpoint = endpoint_of(work, record).await?;
            let product = endpoint.and_then(|endpoint| endpoint.get("product_id").as_id());
            let environment = record.environment();
            Ok(match product {
                Some(product) => Subject::OfProduct(environment, product.into()),
                None => Subject::Within(environment),
            })
        })
    }
    fn is_counted(&self) -> bool {
        false
    }
    fn describe<'a>(&'a self, _: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        done(records.iter().map(described).collect())
    }
}

/// What endpoints are told of a new password opens the user's account, and more people read here and in the log of
/// requests than may change it.
fn described(event: &Record) -> Extras {
    let mut extras = extras(event);
    if let Some(payload) = without_secret(event) {
        extras.attribute("payload", payload);
    }
    extras
}

/// The endpoint that was told; none when it is gone.
async fn endpoint_of(work: &mut Work, event: &Record) -> Outcome<Option<Record>> {
    match event.get("webhook_endpoint_id").as_id() {
        Some(id) => work.get(WebhookEndpoint::RESOURCE, id).await,
        None => Ok(None),
    }
}

/// Gives the new event.
pub(super) const RETRY: Contract =
    Contract::giving(&[Given::new(201, Data::One(WebhookEvent::RESOURCE)).located()]);

/// `POST /webhook-events/:id/actions/retry`: the same again, as another event with the same token.
pub(super) async fn retry(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let record = find(&mut work, &WebhookEvents, call.param(0)).await?;
    let subject = WebhookEvents.subject(&mut work, &record).await?;
    gate::authorize(&call, Action::WebhookEventRetry, &subject)?;
    if endpoint_of(&mut work, &record).await?.is_none() {
        return Err(ApiError::unprocessable("webhook event failed to retry").into());
    }
    let told: WebhookEvent = record.typed()?;
    let again = WebhookEvent {
        id: RecordId::generate(call.now),
        created_at: call.now,
        updated_at: call.now,
        status: WebhookStatus::Delivering,
        attempts: 0,
        last_response_code: None,
        last_response_body: None,
        ..told
    };
    let again = again.into_record();
    work.deliver(std::slice::from_ref(&again)).await?;
    let object = one(&mut work, &WebhookEvents, &again).await?;
    let reply = located(&work, &again, object);
    work.commit().await?;
    Ok(reply)
}
