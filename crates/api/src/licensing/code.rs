//! Codes: short names that paths and filters use instead of ids.

use keyway_base::RecordId;
use keyway_jsonapi::{Failure, Invalid};

use crate::draft::Draft;

/// A code may not look like an id, or it could shadow one.
pub(crate) fn check(draft: &mut Draft) {
    if draft.changed("code") && draft.text("code").is_some_and(|code| code.parse::<RecordId>().is_ok()) {
        draft.fail(Invalid::attribute("code", Failure::Kind("INVALID"), "must not be a UUID"));
    }
}
