//! Writing down what a request does, and who asked for it (`licensing.md` §12).

use keyway_domain::event::{Event, Origin};
use keyway_jsonapi::Record;
use serde_json::Value as Json;

use crate::call::Call;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// On whose behalf a request acts.
pub(crate) fn origin(call: &Call) -> Origin {
    Origin { who: call.principal.bearer(), request: call.request_id }
}

/// An event of a record, which its resource must declare.
pub(crate) fn declared(record: &Record, kind: &str) -> Outcome<Event> {
    let undeclared = || Refusal::Broken(format!("a {} has no event {kind}", record.resource.name));
    Event::of(record, kind).ok_or_else(undeclared)
}

impl Work {
    /// Writes down that something happened to a record.
    pub(crate) async fn log(&mut self, record: &Record, kind: &str) -> Outcome<()> {
        let event = declared(record, kind)?;
        self.record(&event).await
    }
    /// The same, and what more there is to say.
    pub(crate) async fn log_with(&mut self, record: &Record, kind: &str, metadata: Json) -> Outcome<()> {
        let event = declared(record, kind)?.with(metadata);
        self.record(&event).await
    }
    /// Writes an event down, if it is one.
    pub(crate) async fn log_any(&mut self, event: Option<Event>) -> Outcome<()> {
        match event {
            Some(event) => self.record(&event).await,
            None => Ok(()),
        }
    }
    async fn record(&mut self, event: &Event) -> Outcome<()> {
        let (origin, now) = (origin(&self.call), self.now());
        Ok(keyway_events::record(self.write()?, event, &origin, now).await?)
    }
}
