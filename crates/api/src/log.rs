//! The logs (`licensing.md` §14): what happened, and which requests were answered, for those who may know.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::event::Span;
use keyway_domain::request::Answered;
use keyway_domain::resources::{ALL, EventLog, RequestLog};
use keyway_events::NotWritten;
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{ApiError, Declared, Record, Resource};
use serde_json::Value as Json;

use crate::Api;
use crate::call::Call;
use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{List, Show};
use crate::hooks::{Actions, Hooks, Step, done};
use crate::refusal::Outcome;
use crate::work::Work;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/request-logs", List(&RequestLogs)),
    E::get("/request-logs/{id}", Show(&RequestLogs)),
    E::get("/event-logs", List(&EventLogs)),
    E::get("/event-logs/{id}", Show(&EventLogs)),
];

/// Collections whose requests are not logged; the account itself is one without a name.
const UNLOGGED: &[&str] = &[
    "",
    "accounts",
    "analytics",
    "event-logs",
    "health",
    "ping",
    "plans",
    "request-logs",
    "search",
    "webhook-endpoints",
    "webhook-events",
];

/// Whether requests to an endpoint are logged: not those about the account itself, about its logs, and those that
/// ask whether the server is there.
pub(crate) fn is_logged(endpoint: &E) -> bool {
    let collection = endpoint.path.trim_start_matches('/').split('/').next().unwrap_or_default();
    !UNLOGGED.contains(&collection)
}

/// Whether an endpoint reads the log of requests.
pub(crate) fn reads_requests(endpoint: &E) -> bool {
    endpoint.path.starts_with("/request-logs")
}

/// What is answered where requests are not logged.
pub(crate) fn unlogged() -> ApiError {
    ApiError::not_supported("Requests are not logged: the setting request_log_days is 0")
}

/// The record that a document is about, if it is one of ours.
pub(crate) fn shown(document: &Json) -> Option<(&'static str, RecordId)> {
    let text = |name: &str| document.pointer(&format!("/data/{name}")).and_then(Json::as_str);
    let (kind, id) = (text("type")?, text("id")?.parse().ok()?);
    let resource = ALL.iter().find(|resource| resource.kind == kind)?;
    Some((resource.kind, id))
}

impl Api {
    /// Writes a request down that was answered, by and by. `false` when it is lost, because more come than can be
    /// written.
    pub fn log(&self, request: Answered) -> bool {
        self.requests().is_none_or(|requests| requests.note(request))
    }
    /// Waits until everything that was left for the logs is written. To be done before the database is closed.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush_logs(&self) -> Result<(), NotWritten> {
        self.journal().flush().await?;
        self.validations().flush().await?;
        match self.requests() {
            Some(requests) => requests.flush().await,
            None => Ok(()),
        }
    }
}

/// What is wrong with the dates that a log is asked for.
fn check_dates(call: &Call) -> Outcome<()> {
    match call.query.get("date").map(Span::read) {
        Some(Err(error)) => Err(ApiError::parameter("date", error.to_string()).into()),
        Some(Ok(_)) | None => Ok(()),
    }
}

/// A log is written where things happen and read here: there are no routes for writing it.
const fn read_only(list: Action, show: Action) -> Actions {
    Actions { list, show, create: show, update: show, delete: show }
}

/// The rules of the event log.
struct EventLogs;

impl Hooks for EventLogs {
    fn resource(&self) -> &'static Resource {
        EventLog::RESOURCE
    }
    fn actions(&self) -> Actions {
        read_only(Action::EventLogList, Action::EventLogShow)
    }
    fn is_counted(&self) -> bool {
        false
    }
    fn check_query(&self, call: &Call) -> Outcome<()> {
        check_dates(call)
    }
}

/// The rules of the log of requests.
pub(crate) struct RequestLogs;

/// What only one entry by itself shows.
const LONG: &[&str] =
    &["request_headers", "request_body", "response_headers", "response_body", "response_signature"];

impl Hooks for RequestLogs {
    fn resource(&self) -> &'static Resource {
        RequestLog::RESOURCE
    }
    fn actions(&self) -> Actions {
        read_only(Action::RequestLogList, Action::RequestLogShow)
    }
    fn is_counted(&self) -> bool {
        false
    }
    fn check_query(&self, call: &Call) -> Outcome<()> {
        check_dates(call)
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        let attributes = match work.call.param(0) {
            "" => LONG.iter().map(|name| (*name, Json::Null)).collect(),
            _ => Vec::new(),
        };
        done(vec![Extras { attributes, ..Extras::default() }; records.len()])
    }
}
