//! What webhooks are (`licensing.md` §12): who hears of an event, and when one that failed is sent again.

use std::time::Duration;

use keyway_base::EnvironmentId;
use keyway_jsonapi::Record;
use keyway_jsonapi::document::Extras;
use serde_json::{Value as Json, json};

use crate::resources::WebhookEndpoint;

/// The subscription to every event.
pub const EVERYTHING: &str = "*";

/// How often an event that an endpoint did not take is sent again.
const RETRIES: u32 = 15;

/// The minutes that may be added to each wait, at random.
const JITTER: std::ops::Range<u64> = 10..100;

impl WebhookEndpoint {
    /// Whether the endpoint is to be told of an event in an environment: its own, and exactly that.
    pub fn hears(&self, event: &str, environment: Option<EnvironmentId>) -> bool {
        let names = self.subscriptions.as_array().map(Vec::as_slice).unwrap_or_default();
        self.environment_id == environment && names.iter().any(|name| *name == EVERYTHING || *name == event)
    }
}

/// What a webhook event shows beside its columns.
pub fn extras(event: &Record) -> Extras {
    let meta = json!({ "idempotencyToken": event.get("idempotency_token").as_text() });
    Extras { meta: Some(meta), ..Extras::default() }
}

/// The payload of an event without the token by which a password can be chosen; `None` when it has none.
pub fn without_secret(event: &Record) -> Option<String> {
    let mut payload: Json = serde_json::from_str(event.get("payload").as_text()?).ok()?;
    payload.get("meta")?.get("passwordResetToken")?;
    payload.as_object_mut()?.remove("meta");
    Some(payload.to_string())
}

/// The document of a record, as an event's payload: with what more is told of the event, where there is more.
pub fn payload(data: Json, meta: Option<&Json>) -> Json {
    match meta {
        Some(meta) => json!({ "data": data, "meta": meta }),
        None => json!({ "data": data }),
    }
}

/// How long to wait after so many attempts that failed; `None` when that was the last. `dice` is any number.
pub fn wait_after(attempts: u32, dice: u64) -> Option<Duration> {
    let retry = attempts.saturating_sub(1);
    if retry >= RETRIES {
        return None;
    }
    let minutes = (JITTER.end - JITTER.start) * 60 + 1;
    let random = JITTER.start * 60 + dice % minutes;
    Some(Duration::from_secs(u64::from(retry).pow(4) + random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn endpoint(subscriptions: &[&str]) -> WebhookEndpoint {
        let now = keyway_base::Timestamp::from_micros(0);
        WebhookEndpoint {
            id: fixture::id(1),
            account_id: fixture::account(),
            environment_id: None,
            created_at: now,
            updated_at: now,
            product_id: None,
            url: "https://hooks.example.com/".to_owned(),
            subscriptions: json!(subscriptions),
            signature_algorithm: "ed25519".to_owned(),
            api_version: "1.8".to_owned(),
        }
    }

    #[test]
    fn who_subscribed_hears_of_events_of_their_own_environment() {
        let some = endpoint(&["license.created"]);
        assert!(some.hears("license.created", None) && !some.hears("license.deleted", None));
        assert!(!some.hears("license.created", Some(fixture::id(2).into())));
        assert!(endpoint(&[EVERYTHING]).hears("license.deleted", None));
        assert!(!endpoint(&[]).hears("license.created", None));
        let inside = WebhookEndpoint { environment_id: Some(fixture::id(2).into()), ..endpoint(&["*"]) };
        assert!(inside.hears("license.created", Some(fixture::id(2).into())));
        assert!(!inside.hears("license.created", None), "what is global is nobody's inside");
    }

    #[test]
    fn waits_grow_with_the_fourth_power_and_end_after_fifteen() {
        for (attempts, power) in [(1, 0), (2, 1), (3, 16), (4, 81), (15, 38_416)] {
            for dice in [0, 1, 5_399, 5_400, 5_401, u64::MAX] {
                let wait = wait_after(attempts, dice).unwrap().as_secs();
                assert!((power + 600..=power + 6_000).contains(&wait), "{attempts} {dice}: {wait}");
            }
        }
        assert_eq!(wait_after(1, 0), Some(Duration::from_secs(600)));
        assert_eq!(wait_after(1, 5_400), Some(Duration::from_secs(6_000)));
        assert_eq!(wait_after(16, 0), None);
        let all: u64 = (1..=15).filter_map(|attempts| wait_after(attempts, 2_700)).map(|w| w.as_secs()).sum();
        assert!((2 * 86_400..3 * 86_400).contains(&all), "about two to three days: {all}");
    }
}
