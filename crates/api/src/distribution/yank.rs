//! `POST /releases/:id/actions/yank`: any status becomes YANKED; doing it again changes nothing.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::ReleaseStatus;
use keyway_jsonapi::Value;

use super::publish::moved;
use crate::call::Call;
use crate::refusal::Outcome;
use crate::reply::Reply;

/// Yanks a release.
pub(super) async fn yank(call: Arc<Call>) -> Outcome<Reply> {
    moved(call, Action::ReleaseYank, ReleaseStatus::Yanked, "yanked", |work, release| {
        release.set("yanked_at", Value::Time(work.now()));
    })
    .await
}
