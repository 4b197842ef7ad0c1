//! The one answer to "may this caller do this?" (`licensing.md` §3.1).

use http::StatusCode;
use keyway_domain::permission::Permission;
use keyway_jsonapi::Role;

use crate::rules::{self, Rule};
use crate::{Action, AuthFailure, EnvironmentView, Principal, Target};

/// Proof that an action was allowed. Only [`authorize`] makes it; mutations ask for it.
#[derive(Debug, PartialEq, Eq)]
pub struct Permit {
    action: Action,
}

impl Permit {
    /// The action that was allowed.
    pub const fn action(&self) -> Action {
        self.action
    }
}

/// A refusal in the JSON:API's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Denied {
    /// 403, or 401 for callers without a credential where one is needed.
    pub status: StatusCode,
    /// The code, for 401s only.
    pub code: Option<&'static str>,
    /// The detail, with its reason in parentheses (`licensing.md` §1.4).
    pub detail: String,
}

impl Denied {
    /// A 403 for a reason; without one, the default for callers with or without a credential.
    pub fn because(principal: &Principal, reason: Option<&str>) -> Self {
        let fallback = match principal.role {
            Role::Anonymous => "ensure a token or license is present and valid",
            _ => "ensure the token or license is allowed to access all resources",
        };
        let reason = reason.unwrap_or(fallback);
        let detail = format!("You do not have permission to complete the request ({reason})");
        Self { status: StatusCode::FORBIDDEN, code: None, detail }
    }
}

impl From<AuthFailure> for Denied {
    fn from(failure: AuthFailure) -> Self {
        Self { status: failure.status, code: Some(failure.code), detail: failure.detail.to_owned() }
    }
}

/// Refuses callers without a credential where an action needs one. The JSON:API asks this before it looks for
/// the record, [`authorize`] again.
///
/// # Errors
/// [`AuthFailure::TOKEN_MISSING`].
pub fn admit(principal: &Principal, action: Action) -> Result<(), AuthFailure> {
    let public = rules::find(action).is_some_and(|rule| rule.public);
    if principal.role == Role::Anonymous && !public { Err(AuthFailure::TOKEN_MISSING) } else { Ok(()) }
}

/// Decides an action on a target that is inside the caller's visible scope: the bearer's and the token's
/// permissions, then the environment, then the role's rule. Anything without a rule is refused.
///
/// # Errors
/// [`Denied`], with the first reason.
pub fn authorize(principal: &Principal, action: Action, target: &Target<'_>) -> Result<Permit, Denied> {
    admit(principal, action)?;
    let Some(rule) = rules::find(action) else { return Err(Denied::because(principal, None)) };
    check_permissions(principal, rule, target)?;
    check_environment(principal, rule, target)?;
    rule.decide(principal, target).map_err(|reason| Denied::because(principal, reason.as_deref()))?;
    Ok(Permit { action })
}

/// What an action asks of its callers, whatever it is done to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asks {
    /// Whether callers without a credential are heard at all.
    pub public: bool,
    /// The permission; none where there is none, or where it depends on who is asking.
    pub permission: Option<Permission>,
    /// The roles that may, under whatever condition.
    pub roles: Vec<Role>,
}

impl Asks {
    /// What an action asks.
    pub fn of(action: Action) -> Self {
        let Some(rule) = rules::find(action) else {
            return Self { public: false, permission: None, roles: Vec::new() };
        };
        let roles = Role::ALL.into_iter().filter(|role| rule.hears(*role)).collect();
        Self { public: rule.public, permission: rule.own_permission(), roles }
    }
}

/// Asks for a permission that an action needs beside its own: the bearer must have it, and the token.
///
/// # Errors
/// [`Denied`], saying which of the two lacks it.
pub fn require(principal: &Principal, permission: Permission) -> Result<(), Denied> {
    if !principal.bearer_permissions.contains(permission) {
        let reason = format!("{} lacks permission to perform action", principal.role.as_str());
        return Err(Denied::because(principal, Some(&reason)));
    }
    if !principal.permissions.contains(permission) {
        return Err(Denied::because(principal, Some("token lacks permission to perform action")));
    }
    Ok(())
}

/// Whether a caller's permissions are enough for an action, whatever its target; false for actions without a rule.
pub fn permits(principal: &Principal, action: Action) -> bool {
    let needed = rules::find(action).map(|rule| rule.permission(principal));
    needed.is_some_and(|needed| needed.is_none_or(|permission| require(principal, permission).is_ok()))
}

/// Anonymous callers have no permissions; what is public needs none.
fn check_permissions(principal: &Principal, rule: &Rule, target: &Target<'_>) -> Result<(), Denied> {
    if principal.role == Role::Anonymous {
        return Ok(());
    }
    rule.permissions(principal, target).into_iter().try_for_each(|permission| require(principal, permission))
}

/// `licensing.md` §5: reads need a readable record, writes one of the current environment, unless the action is
/// relaxed; attached records may be global where the parent has an environment.
fn check_environment(principal: &Principal, rule: &Rule, target: &Target<'_>) -> Result<(), Denied> {
    let view = principal.view;
    let fits = match target.environment {
        None => true,
        Some(environment) if rule.relaxed => view.reads(environment),
        Some(environment) => view.writes(environment),
    };
    if !fits {
        let reason = "record environment is not compatible with the current environment";
        return Err(Denied::because(principal, Some(reason)));
    }
    let attachable = |environment| match view {
        EnvironmentView::Shared(_) => view.reads(environment),
        _ => view.writes(environment),
    };
    if !target.attached.iter().all(|environment| attachable(*environment)) {
        let reason = "a record's environment is not compatible with the current environment";
        return Err(Denied::because(principal, Some(reason)));
    }
    Ok(())
}
