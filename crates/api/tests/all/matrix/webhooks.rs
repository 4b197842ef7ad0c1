//! The routes of webhook endpoints and of what they were told. The ones that are meant are the product's.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{WebhookEndpoint, WebhookEvent, WebhookStatus};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Changes, Inserted};
use serde_json::json;

use super::Row;
use super::stage::Stage;
use crate::world::{START, id, one};

//                                                                     A D S T R E P Q O U X L N
pub(super) const ROWS: &[Row] = &[
    ("GET", "/webhook-endpoints", "", "..33....33331"),
    (
        "POST",
        "/webhook-endpoints",
        r#"{"data":{"type":"webhook-endpoints","attributes":{"url":"https://hooks.example.net/{unique}"}}}"#,
        "..333...33331",
    ),
    ("GET", "/webhook-endpoints/{new-webhook-endpoint}", "", "..33..4444441"),
    (
        "PATCH",
        "/webhook-endpoints/{new-webhook-endpoint}",
        r#"{"data":{"type":"webhook-endpoints","attributes":{"subscriptions":["license.created"]}}}"#,
        "..333.4444441",
    ),
    ("DELETE", "/webhook-endpoints/{new-webhook-endpoint}", "", "..333.4444441"),
    ("GET", "/webhook-events", "", "..33....33331"),
    ("GET", "/webhook-events/{new-webhook-event}", "", "..33...444441"),
    ("DELETE", "/webhook-events/{new-webhook-event}", "", "..333.3444441"),
    ("POST", "/webhook-events/{new-webhook-event}/actions/retry", "", "..333.3444441"),
];

impl Stage {
    /// An endpoint of the product that is told nothing.
    pub(super) async fn new_webhook_endpoint(&self) -> String {
        let attributes =
            json!({ "url": "https://hooks.example.net/own", "subscriptions": ["account.updated"] });
        let product = one("product", "products", self.known("product"));
        id(&self.make("webhook-endpoints", attributes, product).await)
    }

    /// Something that such an endpoint was told.
    pub(super) async fn new_webhook_event(&self) -> String {
        let (db, account) = (&self.world().db, self.world().account);
        let endpoint: RecordId = self.new_webhook_endpoint().await.parse().unwrap();
        let found = db.find(WebhookEndpoint::RESOURCE, account, &Scope::id("id", endpoint)).await.unwrap();
        let endpoint: WebhookEndpoint = found.unwrap().typed().unwrap();
        let event = told(&endpoint, START);
        let event_id = event.id.to_string();
        let mut write = db.begin().await.unwrap();
        assert_eq!(write.insert(&event.into_record()).await.unwrap(), Inserted::Yes);
        write.commit(Changes::none()).await.unwrap();
        event_id
    }
}

/// What an endpoint was told, as it is stored.
pub(crate) fn told(endpoint: &WebhookEndpoint, at: Timestamp) -> WebhookEvent {
    WebhookEvent {
        id: RecordId::generate(at),
        account_id: endpoint.account_id,
        environment_id: endpoint.environment_id,
        created_at: at,
        updated_at: at,
        webhook_endpoint_id: endpoint.id,
        endpoint: endpoint.url.clone(),
        api_version: endpoint.api_version.clone(),
        payload: r#"{"data":null}"#.to_owned(),
        event: "account.updated".to_owned(),
        status: WebhookStatus::Failed,
        attempts: 16,
        last_response_code: Some(500),
        last_response_body: Some("no".to_owned()),
        idempotency_token: "a-token".to_owned(),
    }
}
