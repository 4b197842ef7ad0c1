//! `GET /v1/_test/effects`: what requests have caused since the last reset.

use keyway_domain::resources::EventLog;
use keyway_jsonapi::Declared;
use serde_json::{Value as Json, json};

use crate::{Support, SupportError};

impl Support {
    /// Whether background work is left, and how many events are logged. Kinds of effects that this server does not
    /// have are not counted.
    pub(crate) async fn effects(&self) -> Result<Json, SupportError> {
        use keyway_base::Clock;
        let now = self.parts().clock.wall();
        let idle = self.parts().db.jobs_under_way(now).await? == 0;
        (self.parts().settle)().await;
        let logged = self.stored(EventLog::RESOURCE, None).await?.len();
        Ok(json!({ "idle": idle, "counts": { "event-log": logged } }))
    }
}
