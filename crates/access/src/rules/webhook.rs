//! Webhooks: the vendor's. A product may have endpoints made, which it does not see afterwards (`licensing.md` §17).

use keyway_domain::permission::Permission;
use keyway_jsonapi::{Role, Roles};

use super::relation::{always, own_product};
use super::{AD, ADE, Clause, P, Rule, read, write};
use crate::Action;

/// Those who may read webhooks.
const READERS: Roles = AD.or(Role::ReadOnly).or(Role::Environment);
const ANY: &[Clause] = &[Clause(READERS, always), Clause(P, always)];
const ONE: &[Clause] = &[Clause(READERS, always), Clause(P, own_product)];
const WRITERS: &[Clause] = &[Clause(ADE, always), Clause(P, own_product)];
const KEEPERS: &[Clause] = &[Clause(ADE, always)];

pub(super) const RULES: &[Rule] = &[
    read(Action::WebhookEndpointList, Permission::WebhookEndpointRead, ANY),
    read(Action::WebhookEndpointShow, Permission::WebhookEndpointRead, ONE),
    write(Action::WebhookEndpointCreate, Permission::WebhookEndpointCreate, WRITERS),
    write(Action::WebhookEndpointUpdate, Permission::WebhookEndpointUpdate, WRITERS),
    write(Action::WebhookEndpointDelete, Permission::WebhookEndpointDelete, WRITERS),
    read(Action::WebhookEventList, Permission::WebhookEventRead, ANY),
    read(Action::WebhookEventShow, Permission::WebhookEventRead, ONE),
    write(Action::WebhookEventDelete, Permission::WebhookEventDelete, KEEPERS),
    write(Action::WebhookEventRetry, Permission::WebhookEventRetry, KEEPERS),
];
