//! What happened (`licensing.md` §14, `distribution.md` §12): one record for each event, written with what it is
//! about.

use keyway_jsonapi::{Attribute, Filter, Relation, Scope, Shape, resource};

use super::filter;
use crate::event::Span;

resource! {
    /// One thing that happened, who did it and in which request.
    EventLog (kind: "event-logs", name: "event log", noun: "event-log", table: "event_logs") {
        /// The event's full name (`release.published`).
        event: String,
        /// The JSON:API type of what it happened to.
        resource_type: String,
        /// What it happened to; it may be gone.
        resource_id: keyway_base::RecordId,
        /// The JSON:API type of who did it.
        whodunnit_type: Option<String>,
        /// Who did it; none for background work and callers without a credential.
        whodunnit_id: Option<keyway_base::RecordId>,
        /// The request in which it happened.
        request_id: Option<keyway_base::RecordId>,
        /// What more there is to say: `diff`, `code`, `codes`, `current` and `next`.
        metadata: Option<serde_json::Value>,
    }
    attributes: [Attribute::new("event", Shape::Text), Attribute::metadata()]
    relations: [
        Relation::one("request", "request-logs", "request_id"),
        Relation::one("whodunnit", "users", "whodunnit_id").polymorphic("whodunnit_type"),
        Relation::one("resource", "releases", "resource_id").polymorphic("resource_type"),
    ]
    filters: [
        Filter { name: "date", scope: |value, _| Span::read(value).ok().map(Span::scope) },
        Filter { name: "whodunnit", scope: |value, _| filter::either_of("whodunnit_type", "whodunnit_id", value) },
        Filter { name: "resource", scope: |value, _| filter::either_of("resource_type", "resource_id", value) },
        Filter { name: "request", scope: |value, _| value.text().map(|text| Scope::Contains("request_id", text.to_owned())) },
        Filter { name: "event", scope: |value, _| value.text().map(|name| Scope::text("event", name)) },
        Filter { name: "events", scope: |value, _| filter::texts("event", value) },
    ]
}
