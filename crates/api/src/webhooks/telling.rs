//! Telling endpoints of an event (`licensing.md` §12.2): the document of the record, as it is when the event happens, in
//! the version of each endpoint. What is written here is written with the change itself.

use std::sync::Arc;

use keyway_access::{EnvironmentView, Principal, Who, permits, visible};
use keyway_base::{ProductId, RecordId};
use keyway_crypto::random_bytes;
use keyway_domain::permission::Permissions;
use keyway_domain::resources::{WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_domain::webhook::payload;
use keyway_jsonapi::{Declared, Record, Resource, Role, Scope};
use serde_json::Value as Json;

use crate::call::Call;
use crate::endpoint::{Endpoint, Operation, Verb};
use crate::endpoints;
use crate::hooks::Hooks;
use crate::interpreter::one;
use crate::refusal::Outcome;
use crate::version::{ApiVersion, Route};
use crate::work::Work;

/// The random part of a token that tells a receiver what it was told before.
const TOKEN: usize = 32;

impl Work {
    /// What is told of an event of a record, to each endpoint that hears of it. `meta` is what is told beside the record.
    pub(crate) async fn tellings(
        &mut self,
        record: &Record,
        event: &str,
        meta: Option<&Json>,
    ) -> Outcome<Vec<Record>> {
        let listeners = self.listeners();
        let heard = listeners.iter().filter(|endpoint| endpoint.hears(event, record.environment()));
        let mut told: Vec<Record> = Vec::new();
        let mut rendered: Vec<(ApiVersion, String)> = Vec::new();
        for endpoint in heard {
            if let Some(product) = endpoint.product_id
                && !self.shows(record, product).await?
            {
                continue;
            }
            let version = ApiVersion::parse(&endpoint.api_version).unwrap_or(ApiVersion::CURRENT);
            let known = rendered.iter().find(|(known, _)| *known == version).map(|(_, text)| text.clone());
            let payload = match known {
                Some(payload) => payload,
                None => {
                    let Some(payload) = self.document(record, event, meta, version).await? else { break };
                    rendered.push((version, payload.clone()));
                    payload
                }
            };
            told.push(self.telling(endpoint, event, payload));
        }
        Ok(told)
    }

    fn telling(&self, endpoint: &WebhookEndpoint, event: &str, payload: String) -> Record {
        let now = self.now();
        let token = random_bytes::<TOKEN>().iter().map(|byte| format!("{byte:02x}")).collect();
        let told = WebhookEvent {
            id: RecordId::generate(now),
            account_id: self.account(),
            environment_id: endpoint.environment_id,
            created_at: now,
            updated_at: now,
            webhook_endpoint_id: endpoint.id,
            endpoint: endpoint.url.clone(),
            api_version: endpoint.api_version.clone(),
            payload,
            event: event.to_owned(),
            status: WebhookStatus::Delivering,
            attempts: 0,
            last_response_code: None,
            last_response_body: None,
            idempotency_token: token,
        };
        told.into_record()
    }

    /// Whether a product may read a record.
    async fn shows(&mut self, record: &Record, product: ProductId) -> Outcome<bool> {
        let view = record.environment().map_or(EnvironmentView::Global, EnvironmentView::Isolated);
        let principal = Principal {
            role: Role::Product,
            who: Who::Product(product),
            bearer_permissions: Permissions::allowed(Role::Product),
            permissions: Permissions::allowed(Role::Product),
            ..Principal::anonymous(self.account(), view)
        };
        if !shown(record.resource).is_some_and(|(_, hooks)| permits(&principal, hooks.actions().show)) {
            return Ok(false);
        }
        let scope = visible(&principal, record.resource, &view, self.now());
        self.any(record.resource, &scope.and(Scope::id("id", record.id()))).await
    }

    /// The document of a record in a version, as text; none for records that are not shown.
    async fn document(
        &mut self,
        record: &Record,
        event: &str,
        meta: Option<&Json>,
        version: ApiVersion,
    ) -> Outcome<Option<String>> {
        let Some((endpoint, hooks)) = shown(record.resource) else { return Ok(None) };
        let spoken = Arc::clone(&self.call);
        if spoken.version != version {
            self.call = Arc::new(Call { version, ..Call::clone(&spoken) });
        }
        let object = one(self, hooks, record).await;
        self.call = spoken;
        let mut object = object?;
        if let Some(Json::Object(attributes)) = object.get_mut("attributes") {
            attributes.retain(|name, _| !hooks.untold().contains(&name.as_str()));
        }
        let route = match event {
            "license.validation.succeeded" | "license.validation.failed" => VALIDATION,
            _ => Route::of(endpoint),
        };
        Ok(Some(version.render(payload(object, meta), Some(route)).to_string()))
    }
}

/// The route whose documents say how a validation went.
const VALIDATION: Route = Route { verb: Verb::Post, path: "/licenses/{id}/actions/validate" };

/// An endpoint that shows records of a resource, by itself, in lists or only below another record, and its rules.
fn shown(resource: &'static Resource) -> Option<(&'static Endpoint, &'static dyn Hooks)> {
    let current = || endpoints::all().filter(|endpoint| !endpoint.first_only);
    let own = current().find_map(|endpoint| {
        match endpoint.operation {
            Operation::Show(hooks) | Operation::List(hooks) => Some((endpoint, hooks)),
            _ => None,
        }
        .filter(|(_, hooks)| hooks.resource() == resource)
    });
    let below = || {
        current().find_map(|endpoint| {
            match endpoint.operation {
                Operation::Child(nested) => Some((endpoint, nested.child)),
                _ => None,
            }
            .filter(|(_, hooks)| hooks.resource() == resource)
        })
    };
    own.or_else(below)
}

#[cfg(test)]
mod tests {
    use keyway_domain::resources;

    use super::*;

    #[test]
    fn every_record_that_has_events_can_be_shown() {
        for resource in resources::ALL.iter().filter(|resource| !resource.events.is_empty()) {
            assert!(shown(resource).is_some(), "{}", resource.kind);
        }
        assert!(shown(WebhookEvent::RESOURCE).is_some_and(|_| WebhookEvent::RESOURCE.events.is_empty()));
    }
}
