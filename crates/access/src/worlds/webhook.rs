//! Webhooks of a world.

use keyway_base::{EnvironmentId, ProductId};
use keyway_domain::resources as r;
use serde_json::json;

use super::{Blank, account, day};

impl Blank {
    /// An endpoint for all events of a product, or of everybody's.
    pub fn webhook_endpoint(
        &mut self,
        environment: Option<EnvironmentId>,
        product: Option<ProductId>,
    ) -> r::WebhookEndpoint {
        r::WebhookEndpoint {
            id: self.next(),
            account_id: account(),
            environment_id: environment,
            created_at: day(-20),
            updated_at: day(-20),
            product_id: product,
            url: "https://hooks.example.com/".to_owned(),
            subscriptions: json!(["*"]),
            signature_algorithm: "ed25519".to_owned(),
            api_version: "1.8".to_owned(),
        }
    }
    /// Something that an endpoint was told.
    pub fn webhook_event(&mut self, endpoint: &r::WebhookEndpoint) -> r::WebhookEvent {
        r::WebhookEvent {
            id: self.next(),
            account_id: account(),
            environment_id: endpoint.environment_id,
            created_at: day(-20),
            updated_at: day(-20),
            webhook_endpoint_id: endpoint.id,
            endpoint: endpoint.url.clone(),
            api_version: endpoint.api_version.clone(),
            payload: "{}".to_owned(),
            event: "license.created".to_owned(),
            status: r::WebhookStatus::Delivered,
            attempts: 1,
            last_response_code: Some(200),
            last_response_body: Some(String::new()),
            idempotency_token: "token".to_owned(),
        }
    }
}
