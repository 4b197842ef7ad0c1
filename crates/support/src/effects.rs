//! `GET /v1/_test/effects`: what requests have caused since the last reset.

use serde_json::{Map, Value as Json, json};

use crate::{Support, SupportError};

impl Support {
    /// Whether background work is left; kinds of effects that this server does not have are not counted.
    pub(crate) async fn effects(&self) -> Result<Json, SupportError> {
        use keyway_base::Clock;
        let now = self.parts().clock.wall();
        let idle = self.parts().db.jobs_under_way(now).await? == 0;
        Ok(json!({ "idle": idle, "counts": Map::new() }))
    }
}
