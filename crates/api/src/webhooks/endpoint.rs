//! Webhook endpoints (`licensing.md` §12.1): a URL, the events it gets, and how they are signed and rendered.

use http::Uri;
use keyway_access::Action;
use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_domain::account::CustomHost;
use keyway_domain::event;
use keyway_domain::resources::WebhookEndpoint;
use keyway_domain::webhook::EVERYTHING;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Scope, Value};
use serde_json::json;

use crate::PublicUrls;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, done};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::version::ApiVersion;
use crate::work::Work;

/// How many endpoints an account may have: what happens is written down once for each that hears of it.
const LIMIT: u64 = 100;

/// The rules of webhook endpoints.
pub(super) struct WebhookEndpoints;

impl Hooks for WebhookEndpoints {
    fn resource(&self) -> &'static Resource {
        WebhookEndpoint::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::WebhookEndpointList,
            show: Action::WebhookEndpointShow,
            create: Action::WebhookEndpointCreate,
            update: Action::WebhookEndpointUpdate,
            delete: Action::WebhookEndpointDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        done(subject(record))
    }
    fn new_subject<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        let environment = draft.record.environment();
        let own = work.call.principal.product();
        done(match (draft.record.get("product_id").as_id(), own) {
            (None, Some(own)) => Subject::OfProduct(environment, own),
            _ => subject(&draft.record),
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if draft.before.is_none() {
                set_defaults(work, draft);
                check_room(work, draft).await?;
            }
            check_url(&work.call.api.parts().public, draft);
            check_subscriptions(draft);
            if draft.changed("api_version") && draft.text("api_version").and_then(ApiVersion::parse).is_none()
            {
                draft.fail(Invalid::attribute("api_version", Failure::Inclusion, "unsupported version"));
            }
            Ok(())
        })
    }
}

/// An account has so many endpoints at most, of those too that are made at the same time: what was counted still holds when
/// the transaction ends.
async fn check_room(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    if work.count(WebhookEndpoint::RESOURCE, &Scope::All).await? >= LIMIT {
        let detail = format!("account has reached its limit of {LIMIT} webhook endpoints (delete one first)");
        draft.fail(Invalid::base("webhook_endpoint", Failure::Kind("LIMIT_EXCEEDED"), detail));
    }
    Ok(())
}

fn subject(record: &Record) -> Subject {
    match record.get("product_id").as_id() {
        Some(product) => Subject::OfProduct(record.environment(), product.into()),
        None => Subject::Within(record.environment()),
    }
}

fn set_defaults(work: &Work, draft: &mut Draft) {
    if let Some(own) = work.call.principal.product() {
        draft.default("product_id", Value::Id(own.into()));
    }
    draft.default("subscriptions", Value::Json(json!([EVERYTHING])));
    draft.default("signature_algorithm", Value::Text(SignatureAlgorithm::default().as_str().to_owned()));
    draft.default("api_version", Value::Text(work.call.version.to_string()));
}

/// A URL is https and names a host of the internet that is not ours.
fn check_url(public: &PublicUrls, draft: &mut Draft) {
    let Some(url) = draft.text("url").filter(|_| draft.changed("url")).map(str::to_owned) else { return };
    let mut fail = |kind, detail| draft.fail(Invalid::attribute("url", Failure::Kind(kind), detail));
    let Some(uri) = url.parse::<Uri>().ok().filter(|uri| uri.scheme().is_some()) else {
        return fail("INVALID", "must be a valid URL");
    };
    if uri.scheme_str() != Some("https") {
        return fail("PROTOCOL_INVALID", "must be a valid URL using one of the following protocols: https");
    }
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return fail("INVALID", "must be a valid URL without a user or password");
    }
    let host = uri.host().unwrap_or_default();
    let dotted = host.split('.').count() > 1 && host.split('.').all(|label| !label.is_empty());
    let ours = CustomHost::parse(host).is_some_and(|host| public.owns(&host));
    if !dotted || ours || host.ends_with(".localhost") {
        fail("HOST_INVALID", "must be a valid URL with a host that is reachable from the internet");
    }
}

/// Known events, or all of them.
fn check_subscriptions(draft: &mut Draft) {
    let given = draft.record.get("subscriptions").as_json().and_then(serde_json::Value::as_array);
    let Some(given) = given.filter(|_| draft.changed("subscriptions")) else { return };
    let names: Vec<&str> = given.iter().filter_map(serde_json::Value::as_str).collect();
    let everything = names.contains(&EVERYTHING);
    let unknown =
        names.iter().find(|name| **name != EVERYTHING && event::names().all(|known| known != **name));
    let failure = match (names.is_empty(), everything && names.len() > 1, unknown) {
        (true, ..) => {
            (Failure::Kind("TOO_SHORT"), "must have at least one webhook event subscription".to_owned())
        }
        (_, true, _) => {
            (Failure::Inclusion, "must be either '*' or a list of webhook event types, not both".to_owned())
        }
        (.., Some(unknown)) => {
            (Failure::Inclusion, format!("unsupported webhook event type for subscription: {unknown}"))
        }
        (false, false, None) => return,
    };
    draft.fail(Invalid::attribute("subscriptions", failure.0, failure.1));
}
