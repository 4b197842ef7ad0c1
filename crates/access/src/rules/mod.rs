//! The rules as tables, one file per resource: which permission an action needs, and which roles may do it
//! under which condition (`licensing.md` §3.4, `distribution.md` §3.7). What no rule allows is refused.

mod account;
mod artifact;
mod component;
mod constraint;
mod entitlement;
mod environment;
mod group;
mod key;
mod license;
mod lookup;
mod machine;
mod package;
mod policy;
mod process;
mod product;
mod relation;
mod release;
mod rollout;
mod token;
mod user;
mod webhook;

use keyway_domain::permission::Permission;
use keyway_jsonapi::{Role, Roles};

use crate::{Action, Principal, Target};

/// Who may do one action.
pub(crate) struct Rule {
    pub(crate) action: Action,
    needs: Needs,
    /// Needed too, of targets of a kind.
    also: Option<(Kind, Permission)>,
    /// Whether callers without a credential are heard at all.
    pub(crate) public: bool,
    /// Whether a global record may be meant from a shared environment.
    pub(crate) relaxed: bool,
    clauses: &'static [Clause],
}

/// The permission an action needs.
enum Needs {
    Nothing,
    One(Permission),
    /// The read permission of the caller's own type.
    OwnRead,
}

/// These roles may, under a condition.
pub(crate) struct Clause(Roles, Condition);

/// Whether a condition holds; if not, the reason to give, when there is one.
type Answer = Result<(), Option<String>>;
type Condition = fn(&Principal, &Target<'_>) -> Answer;
/// Whether a target is of a kind.
type Kind = fn(&Target<'_>) -> bool;

const AD: Roles = Roles::of(&[Role::Admin, Role::Developer]);
const ADE: Roles = AD.or(Role::Environment);
const ADSE: Roles = ADE.or(Role::SalesAgent);
const ADSTE: Roles = ADSE.or(Role::SupportAgent);
const ADSTRE: Roles = ADSTE.or(Role::ReadOnly);
const ADST: Roles = AD.or(Role::SalesAgent).or(Role::SupportAgent);
const ADSTR: Roles = ADST.or(Role::ReadOnly);
const P: Roles = Roles::of(&[Role::Product]);
const E: Roles = Roles::of(&[Role::Environment]);
const USER: Roles = Roles::of(&[Role::User]);
const LICENSE: Roles = Roles::of(&[Role::License]);
const CUSTOMER: Roles = USER.or(Role::License);
const ANONYMOUS: Roles = Roles::of(&[Role::Anonymous]);

const TABLES: &[&[Rule]] = &[
    account::RULES,
    token::RULES,
    environment::RULES,
    user::RULES,
    product::RULES,
    entitlement::RULES,
    group::RULES,
    policy::RULES,
    key::RULES,
    license::RULES,
    machine::RULES,
    component::RULES,
    process::RULES,
    package::RULES,
    release::RULES,
    artifact::RULES,
    constraint::RULES,
    rollout::RULES,
    lookup::RULES,
    webhook::RULES,
];

/// The rule of an action.
pub(crate) fn find(action: Action) -> Option<&'static Rule> {
    TABLES.iter().flat_map(|table| table.iter()).find(|rule| rule.action == action)
}

/// A read: global records may be meant from a shared environment.
const fn read(action: Action, permission: Permission, clauses: &'static [Clause]) -> Rule {
    Rule { relaxed: true, ..write(action, permission, clauses) }
}
/// A read that callers without a credential may try.
const fn public(action: Action, permission: Permission, clauses: &'static [Clause]) -> Rule {
    Rule { public: true, ..read(action, permission, clauses) }
}
/// A write: the record must be of the current environment.
const fn write(action: Action, permission: Permission, clauses: &'static [Clause]) -> Rule {
    Rule { action, needs: Needs::One(permission), also: None, public: false, relaxed: false, clauses }
}

impl Rule {
    /// Needed too when an admin is among the users meant.
    const fn with_admin(mut self, permission: Permission) -> Self {
        self.also = Some((|target| target.user_roles.contains(Role::Admin), permission));
        self
    }
    /// Needed too when components are made with a machine.
    const fn with_components(mut self, permission: Permission) -> Self {
        self.also = Some((|target| target.with_components, permission));
        self
    }
    const fn relaxed(mut self) -> Self {
        self.relaxed = true;
        self
    }
    const fn public(mut self) -> Self {
        self.public = true;
        self
    }

    /// Whether a role may at all.
    pub(crate) fn hears(&self, role: Role) -> bool {
        self.clauses.iter().any(|clause| clause.0.contains(role))
    }

    /// The permission that every caller needs.
    pub(crate) const fn own_permission(&self) -> Option<Permission> {
        match self.needs {
            Needs::One(permission) => Some(permission),
            Needs::Nothing | Needs::OwnRead => None,
        }
    }

    /// The permission that the caller needs, whatever the target.
    pub(crate) fn permission(&self, principal: &Principal) -> Option<Permission> {
        match self.needs {
            Needs::Nothing => None,
            Needs::One(permission) => Some(permission),
            Needs::OwnRead => match principal.role {
                Role::Product => Some(Permission::ProductRead),
                Role::Environment => Some(Permission::EnvironmentRead),
                Role::License => Some(Permission::LicenseRead),
                _ => Some(Permission::UserRead),
            },
        }
    }

    /// The permissions that the caller needs for this target.
    pub(crate) fn permissions(&self, principal: &Principal, target: &Target<'_>) -> Vec<Permission> {
        let also = self.also.filter(|(applies, _)| applies(target)).map(|(_, permission)| permission);
        self.permission(principal).into_iter().chain(also).collect()
    }

    /// Whether a clause for the caller's role holds; if none does, the first reason given.
    pub(crate) fn decide(&self, principal: &Principal, target: &Target<'_>) -> Answer {
        let mut reason = None;
        for Clause(_, condition) in self.clauses.iter().filter(|clause| clause.0.contains(principal.role)) {
            match condition(principal, target) {
                Ok(()) => return Ok(()),
                Err(said) => reason = reason.or(said),
            }
        }
        Err(reason)
    }
}

/// Yes or no, without a reason.
const fn holds(yes: bool) -> Answer {
    if yes { Ok(()) } else { Err(None) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_exactly_one_rule() {
        for action in Action::ALL {
            let rules = TABLES.iter().flat_map(|table| table.iter()).filter(|rule| rule.action == *action);
            assert_eq!(rules.count(), 1, "{action:?}");
        }
    }
}
