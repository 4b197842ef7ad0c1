//! Requests to the API and their answers (`licensing.md` §14), as far as they may be kept.

use keyway_jsonapi::{Attribute, Filter, Relation, Scope, Shape, resource};

use super::filter;
use crate::event::Span;

resource! {
    /// One request that was answered. Its id is the request's.
    RequestLog (kind: "request-logs", name: "request log", noun: "request-log", table: "request_logs") {
        /// The JSON:API type of who asked.
        requestor_type: Option<String>,
        /// Who asked; none for callers without a credential, and with a wrong one.
        requestor_id: Option<keyway_base::RecordId>,
        /// The JSON:API type of what was asked about.
        resource_type: Option<String>,
        /// What was asked about, where it is one record.
        resource_id: Option<keyway_base::RecordId>,
        /// Path and query.
        url: Option<String>,
        /// The method.
        method: Option<String>,
        /// The status of the answer.
        status: Option<String>,
        /// What the client calls itself.
        user_agent: Option<String>,
        /// The client's address.
        ip: Option<String>,
        /// The headers that are kept of the request.
        request_headers: Option<serde_json::Value>,
        /// The request's body, its secrets masked.
        request_body: Option<String>,
        /// The headers that are kept of the answer.
        response_headers: Option<serde_json::Value>,
        /// The answer's body, its secrets masked.
        response_body: Option<String>,
        /// The answer's signature.
        response_signature: Option<String>,
    }
    attributes: [
        Attribute::new("url", Shape::Text),
        Attribute::new("method", Shape::Text),
        Attribute::new("status", Shape::Text),
        Attribute::new("user_agent", Shape::Text),
        Attribute::new("ip", Shape::Text),
        Attribute::new("request_headers", Shape::Any),
        Attribute::new("request_body", Shape::Text),
        Attribute::new("response_headers", Shape::Any),
        Attribute::new("response_body", Shape::Text),
        Attribute::new("response_signature", Shape::Text),
    ]
    relations: [
        Relation::one("requestor", "users", "requestor_id").polymorphic("requestor_type"),
        Relation::one("resource", "licenses", "resource_id").polymorphic("resource_type"),
    ]
    filters: [
        Filter { name: "date", scope: |value, _| Span::read(value).ok().map(Span::scope) },
        Filter { name: "requestor", scope: |value, _| filter::either_of("requestor_type", "requestor_id", value) },
        Filter { name: "resource", scope: |value, _| filter::either_of("resource_type", "resource_id", value) },
        Filter { name: "ip", scope: |value, _| value.text().map(|start| filter::beginning("ip", start)) },
        Filter { name: "method", scope: |value, _| value.text().map(|method| Scope::text("method", method.to_uppercase())) },
        Filter { name: "url", scope: |value, _| value.text().map(|part| Scope::Contains("url", part.to_owned())) },
        Filter { name: "status", scope: |value, _| value.text().map(|status| Scope::text("status", status)) },
    ]
}
