//! `GET /event-logs` and `/event-logs/:id` (`licensing.md` §14): what happened, for those who may know.

use keyway_access::Action;
use keyway_domain::event::Span;
use keyway_domain::resources::EventLog;
use keyway_jsonapi::{ApiError, Declared, Resource};

use crate::call::Call;
use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{List, Show};
use crate::hooks::{Actions, Hooks};
use crate::refusal::Outcome;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] =
    &[E::get("/event-logs", List(&EventLogs)), E::get("/event-logs/{id}", Show(&EventLogs))];

/// The rules of the event log: it is written where things happen, and read here.
struct EventLogs;

impl Hooks for EventLogs {
    fn resource(&self) -> &'static Resource {
        EventLog::RESOURCE
    }
    fn actions(&self) -> Actions {
        // There are no routes for writing it.
        let (list, show) = (Action::EventLogList, Action::EventLogShow);
        Actions { list, show, create: show, update: show, delete: show }
    }
    fn is_counted(&self) -> bool {
        false
    }
    fn check_query(&self, call: &Call) -> Outcome<()> {
        match call.query.get("date").map(Span::read) {
            Some(Err(error)) => Err(ApiError::parameter("date", error.to_string()).into()),
            Some(Ok(_)) | None => Ok(()),
        }
    }
}
