//! The way to `access`: decisions, and refusals in the API's words.

use keyway_access::{Action, AuthFailure, Denied, Permit, Target};
use keyway_base::EnvironmentId;
use keyway_domain::permission::Permission;
use keyway_jsonapi::{ApiError, Resource, Scope};

use crate::call::Call;
use crate::refusal::Outcome;
use crate::subject::Subject;

/// Decides an action.
pub(crate) fn authorize(call: &Call, action: Action, subject: &Subject) -> Outcome<Permit> {
    authorize_with(call, action, subject, &[])
}

/// Decides an action that attaches or detaches records of these environments.
pub(crate) fn authorize_with(
    call: &Call,
    action: Action,
    subject: &Subject,
    attached: &[Option<EnvironmentId>],
) -> Outcome<Permit> {
    authorize_target(call, action, &subject.target(attached, call.now))
}

/// Decides an action on what is known of its target already.
pub(crate) fn authorize_target(call: &Call, action: Action, target: &Target<'_>) -> Outcome<Permit> {
    Ok(keyway_access::authorize(&call.principal, action, target).map_err(|denied| refused(call, denied))?)
}

/// Asks for a permission that an action needs beside its own.
pub(crate) fn require(call: &Call, permission: Permission) -> Outcome<()> {
    Ok(keyway_access::require(&call.principal, permission).map_err(|denied| refused(call, denied))?)
}

/// A refusal of access.
fn refused(call: &Call, denied: Denied) -> ApiError {
    match denied.code {
        Some(code) if denied.status.as_u16() == 401 => {
            ApiError::unauthorized(denied.detail, code).challenge_with(call.presented.challenge())
        }
        Some(code) => ApiError::forbidden_coded(denied.detail, code),
        None => ApiError::forbidden_detail(denied.detail),
    }
}

/// A refusal of a credential; `scheme` is echoed in the challenge.
pub(crate) fn unauthenticated(failure: &AuthFailure, scheme: &'static str) -> ApiError {
    if failure.status.as_u16() == 401 {
        ApiError::unauthorized(failure.detail, failure.code).challenge_with(scheme)
    } else {
        ApiError::forbidden_coded(failure.detail, failure.code)
    }
}

/// Which records of a resource exist for the caller, for look-ups.
pub(crate) fn visible(call: &Call, resource: &'static Resource) -> Scope {
    keyway_access::visible(&call.principal, resource, &call.view, call.now)
}

/// The same for lists.
pub(crate) fn listed(call: &Call, resource: &'static Resource) -> Scope {
    keyway_access::listed(&call.principal, resource, &call.view, call.now)
}

/// The records below a parent that the caller sees there beside what it sees by itself.
pub(crate) fn opened(call: &Call, parent: &'static Resource) -> Scope {
    keyway_access::opened(&call.principal, parent, &call.view)
}
