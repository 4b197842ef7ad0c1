//! Webhooks (`licensing.md` §12): their endpoints, what these were told, and the telling.

mod endpoint;
mod event;
mod teller;
mod telling;

pub use teller::ApiTeller;

use event::WebhookEvents;

use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{Create, Delete, List, Show, Update};
use crate::endpoint::act;
use endpoint::WebhookEndpoints;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/webhook-endpoints", List(&WebhookEndpoints)),
    E::post("/webhook-endpoints", Create(&WebhookEndpoints)),
    E::get("/webhook-endpoints/{id}", Show(&WebhookEndpoints)),
    E::patch("/webhook-endpoints/{id}", Update(&WebhookEndpoints)),
    E::delete("/webhook-endpoints/{id}", Delete(&WebhookEndpoints)),
    E::get("/webhook-events", List(&WebhookEvents)),
    E::get("/webhook-events/{id}", Show(&WebhookEvents)),
    E::delete("/webhook-events/{id}", Delete(&WebhookEvents)),
    E::post("/webhook-events/{id}/actions/retry", act!(WebhookEventRetry, event::retry)).told(event::RETRY),
];
