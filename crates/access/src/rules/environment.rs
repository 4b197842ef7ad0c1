//! Environments and their tokens.

use keyway_domain::permission::Permission;

use super::relation::{always, itself};
use super::{AD, ADSTR, Answer, Clause, E, Rule, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(Action::EnvironmentList, Permission::EnvironmentRead, &[Clause(ADSTR, always)]),
    read(Action::EnvironmentShow, Permission::EnvironmentRead, &[Clause(ADSTR, always), Clause(E, itself)]),
    write(Action::EnvironmentCreate, Permission::EnvironmentCreate, &[Clause(AD, always)]),
    write(Action::EnvironmentUpdate, Permission::EnvironmentUpdate, &[Clause(AD, always)]),
    write(Action::EnvironmentDelete, Permission::EnvironmentDelete, &[Clause(AD, always)]),
    read(Action::EnvironmentTokensList, Permission::TokenRead, &[Clause(ADSTR, always), Clause(E, itself)]),
    write(Action::EnvironmentTokensGenerate, Permission::EnvironmentTokensGenerate, &[Clause(AD, inside)]),
];

/// The request works inside the environment that is meant.
fn inside(principal: &Principal, target: &Target<'_>) -> Answer {
    let current = principal.view.current().map(Into::into);
    if current.is_some() && current == target.id {
        return Ok(());
    }
    Err(Some("record environment is not compatible with the current environment".to_owned()))
}
