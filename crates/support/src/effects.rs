//! `GET /v1/_test/effects`: what requests have caused since the last reset.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use keyway_base::RecordId;
use keyway_domain::resources::{EventLog, RequestLog, WebhookEvent};
use keyway_jsonapi::{Declared, Resource};
use serde_json::{Value as Json, json};

use crate::{Support, SupportError};

/// Entries of logs that no request has caused: they came as fixtures.
#[derive(Default)]
pub(crate) struct Planted(Mutex<HashSet<RecordId>>);

impl Planted {
    fn lock(&self) -> MutexGuard<'_, HashSet<RecordId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Takes note of one.
    pub(crate) fn add(&self, id: RecordId) {
        self.lock().insert(id);
    }
    fn contains(&self, id: RecordId) -> bool {
        self.lock().contains(&id)
    }
    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}

impl Support {
    /// Whether background work is left, and how many events and requests are logged. Kinds of effects that this server does not
    /// have are not counted.
    pub(crate) async fn effects(&self) -> Result<Json, SupportError> {
        use keyway_base::Clock;
        let now = self.parts().clock.wall();
        let idle = self.parts().db.jobs_under_way(now).await? == 0;
        (self.parts().settle)().await;
        let events = self.caused(EventLog::RESOURCE).await?;
        let requests = self.caused(RequestLog::RESOURCE).await?;
        let told = self.caused(WebhookEvent::RESOURCE).await?;
        Ok(
            json!({ "idle": idle, "counts": { "event-log": events, "request-log": requests, "webhook": told } }),
        )
    }

    /// How many records of a resource requests have made.
    async fn caused(&self, resource: &'static Resource) -> Result<usize, SupportError> {
        let stored = self.stored(resource, None).await?;
        Ok(stored.iter().filter(|record| !self.planted().contains(record.id())).count())
    }
}
