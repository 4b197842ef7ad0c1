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
        self.record(record, declared(record, kind)?, None).await
    }
    /// The same, and what more there is to say.
    pub(crate) async fn log_with(&mut self, record: &Record, kind: &str, metadata: Json) -> Outcome<()> {
        self.record(record, declared(record, kind)?.with(metadata), None).await
    }
    /// The same, and what webhooks are told beside the record.
    pub(crate) async fn log_telling(
        &mut self,
        record: &Record,
        kind: &str,
        metadata: Json,
        meta: &Json,
    ) -> Outcome<()> {
        self.record(record, declared(record, kind)?.with(metadata), Some(meta)).await
    }
    /// Writes an event of a record down, if it is one.
    pub(crate) async fn log_any(&mut self, record: &Record, event: Option<Event>) -> Outcome<()> {
        match event {
            Some(event) => self.record(record, event, None).await,
            None => Ok(()),
        }
    }
    /// Writes down an event of which it is settled already what is told: of a record that is gone now.
    pub(crate) async fn log_told(&mut self, event: &Event, told: &[Record]) -> Outcome<()> {
        let (origin, now) = (origin(&self.call), self.now());
        keyway_events::log(self.beside()?, event, &origin, now).await?;
        self.deliver(told).await
    }
    async fn record(&mut self, record: &Record, event: Event, meta: Option<&Json>) -> Outcome<()> {
        let told = self.tellings(record, event.name(), meta).await?;
        self.log_told(&event, &told).await
    }
}
