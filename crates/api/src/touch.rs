//! What a changed record makes stale.

use keyway_jsonapi::Record;

use crate::refusal::Outcome;
use crate::work::Work;

/// Notes what a record that was created, changed or deleted makes stale.
pub(crate) async fn record(work: &mut Work, before: Option<&Record>, after: Option<&Record>) -> Outcome<()> {
    if before != after {
        work.touch_everything();
    }
    Ok(())
}
