//! Webhooks (`licensing.md` §12): where events are told to, and each telling.

use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_jsonapi::{Attribute, Filter, Relation, Roles, Shape, resource, text_enum};

/// What a webhook can be signed with.
const ALGORITHMS: &[&str] = &[
    SignatureAlgorithm::Ed25519.as_str(),
    SignatureAlgorithm::RsaPssSha256.as_str(),
    SignatureAlgorithm::RsaSha256.as_str(),
    SignatureAlgorithm::EcdsaP256.as_str(),
];

resource! {
    /// A URL that events are sent to.
    WebhookEndpoint (kind: "webhook-endpoints", name: "webhook endpoint", noun: "webhook-endpoint", table: "webhook_endpoints") {
        /// The product whose events alone it gets, if it is one's.
        product_id: Option<keyway_base::ProductId>,
        /// Where events are sent; always https.
        url: String,
        /// The names of the events that it gets, or `["*"]`.
        subscriptions: serde_json::Value,
        /// What signs each of them.
        signature_algorithm: String,
        /// The API version of the documents in them.
        api_version: String,
    }
    attributes: [
        Attribute::text("url", 4096).required().write(Roles::ALL, Roles::ALL),
        Attribute::new("subscriptions", Shape::Texts).write(Roles::ALL, Roles::ALL),
        Attribute::one_of("signature_algorithm", ALGORITHMS).write(Roles::ALL, Roles::ALL),
        Attribute::new("api_version", Shape::Text).write(Roles::ALL, Roles::ALL),
    ]
    relations: [Relation::one("product", "products", "product_id").create(Roles::ALL).nullable()]
}

text_enum! {
    /// What became of a webhook event.
    WebhookStatus {
        /// It is to be sent for the first time.
        Delivering = "DELIVERING",
        /// The endpoint took it.
        Delivered = "DELIVERED",
        /// The endpoint did not take it, and will be asked again.
        Failing = "FAILING",
        /// The endpoint did not take it, and will not be asked again.
        Failed = "FAILED",
    }
}

resource! {
    /// One event on its way to one endpoint.
    WebhookEvent (kind: "webhook-events", name: "webhook event", noun: "webhook-event", table: "webhook_events") {
        /// The endpoint; it may be gone.
        webhook_endpoint_id: keyway_base::RecordId,
        /// The endpoint's URL when it happened.
        endpoint: String,
        /// The API version of the document.
        api_version: String,
        /// The document of the record that it happened to, as text.
        payload: String,
        /// The event's full name (`license.created`).
        event: String,
        /// What became of it.
        status: WebhookStatus,
        /// How often it was sent.
        attempts: i64,
        /// What the endpoint answered last.
        last_response_code: Option<i64>,
        /// The body of that answer, or a word for what went wrong.
        last_response_body: Option<String>,
        /// The same however often an event is sent, so that the receiver can tell.
        idempotency_token: String,
    }
    attributes: [
        Attribute::new("endpoint", Shape::Text),
        Attribute::new("api_version", Shape::Text),
        Attribute::new("payload", Shape::Text),
        Attribute::new("event", Shape::Text),
        Attribute::new("status", Shape::Text),
        Attribute::new("last_response_code", Shape::Integer),
        Attribute::new("last_response_body", Shape::Text),
    ]
    relations: []
    filters: [Filter { name: "events", scope: |value, _| super::filter::texts("event", value) }]
}
