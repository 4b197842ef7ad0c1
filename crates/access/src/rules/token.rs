//! Tokens.

use keyway_domain::permission::Permission;
use keyway_domain::resources::BearerType;
use keyway_jsonapi::Role;

use super::relation::always;
use super::{AD, ADE, ADSTRE, Answer, CUSTOMER, Clause, E, P, Rule, USER, holds, read, write};
use crate::{Action, Principal, Target};

pub(super) const RULES: &[Rule] = &[
    read(
        Action::TokenList,
        Permission::TokenRead,
        &[Clause(ADSTRE, always), Clause(P, always), Clause(CUSTOMER, always)],
    ),
    read(
        Action::TokenShow,
        Permission::TokenRead,
        &[Clause(ADSTRE, always), Clause(P, own_customers), Clause(P, own), Clause(CUSTOMER, own)],
    ),
    write(
        Action::TokenGenerate,
        Permission::TokenGenerate,
        &[Clause(ADSTRE, own), Clause(USER, own), Clause(ADE, role_user), Clause(P, own_customers)],
    ),
    write(
        Action::TokenRegenerate,
        Permission::TokenRegenerate,
        &[
            Clause(ADSTRE, own),
            Clause(P, own),
            Clause(CUSTOMER, own),
            Clause(AD, of_machine_or_customer),
            Clause(E, of_product_or_customer),
            Clause(P, own_customers),
        ],
    ),
    write(
        Action::TokenRevoke,
        Permission::TokenRevoke,
        &[
            Clause(ADE, always),
            Clause(ADSTRE, own),
            Clause(P, own),
            Clause(P, own_customers),
            Clause(CUSTOMER, own),
        ],
    ),
];

/// The token is, or is to be, the caller's own.
pub(super) fn own(principal: &Principal, target: &Target<'_>) -> Answer {
    let bearer = target.token_bearer.map(|(_, id)| id);
    holds(principal.bearer_id().is_some() && principal.bearer_id() == bearer)
}

/// The bearer is a user of role `user`.
pub(super) fn role_user(_: &Principal, target: &Target<'_>) -> Answer {
    holds(is(target, BearerType::User) && target.user_roles.contains(Role::User))
}

/// The bearer is a licence of the product that is asking, or a role-`user` user who has one.
pub(super) fn own_customers(principal: &Principal, target: &Target<'_>) -> Answer {
    let shares = principal.product().is_some_and(|product| target.products.contains(&product));
    let customer = is(target, BearerType::License) || target.user_roles.contains(Role::User);
    holds(shares && customer)
}

fn of_product_or_customer(principal: &Principal, target: &Target<'_>) -> Answer {
    let machine = is(target, BearerType::Product) || is(target, BearerType::License);
    if machine { Ok(()) } else { role_user(principal, target) }
}

fn of_machine_or_customer(principal: &Principal, target: &Target<'_>) -> Answer {
    if is(target, BearerType::Environment) { Ok(()) } else { of_product_or_customer(principal, target) }
}

fn is(target: &Target<'_>, kind: BearerType) -> bool {
    target.token_bearer.is_some_and(|(bearer, _)| bearer == kind)
}
