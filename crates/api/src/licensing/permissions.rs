//! Permissions that clients send for products, environments, users, licences and tokens.

use keyway_domain::permission::{Granted, Permissions};
use keyway_jsonapi::{Failure, Invalid, Role, Value};

use crate::draft::Draft;

/// Permissions that are sent must be known, and among those that this kind of bearer may have.
pub(crate) fn check(draft: &mut Draft, role: Role) {
    if draft.input.get("permissions").is_some()
        && within(draft.record.get("permissions"), Permissions::allowed(role)).is_none()
    {
        draft.fail(not_allowed());
    }
}

/// The grant that a JSON list asks for, if all of it is among `allowed`. The wildcard is, always.
pub(crate) fn within(value: &Value, allowed: Permissions) -> Option<Granted> {
    let names = value.as_json()?.as_array()?.iter().filter_map(serde_json::Value::as_str);
    match Granted::requested(names).ok()? {
        Granted::Only(set) if !allowed.contains_all(set) => None,
        granted => Some(granted),
    }
}

/// The failure of a list that is not allowed.
pub(crate) fn not_allowed() -> Invalid {
    Invalid::attribute("permissions", Failure::Inclusion, "unsupported permissions")
}
