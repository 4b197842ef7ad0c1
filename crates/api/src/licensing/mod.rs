//! Accounts, environments, users, tokens, products, entitlements, groups, policies and licences: their hooks and their
//! endpoints (`licensing.md` §4–§9, §11).

mod account;
mod actions;
mod activation;
mod attachment;
mod attachments;
mod cascade;
mod code;
mod component;
mod email;
mod embedded_admin;
mod embedded_component;
mod endpoints;
mod entitlement;
mod environment;
pub(crate) mod expiry;
mod found_account;
mod generate;
mod group;
mod license;
pub(crate) mod license_key;
mod machine;
mod membership;
mod nested;
pub(crate) mod password;
mod permissions;
mod policy;
pub(crate) mod pool_key;
mod process;
mod product;
mod second_factor;
pub(crate) mod setting;
mod token;
mod token_counter;
mod user;

pub(crate) use account::Accounts;
pub(crate) use actions::validation_kept::Remembered;
pub(crate) use component::Components;
pub(crate) use endpoints::ENDPOINTS;
pub(crate) use entitlement::Entitlements;
pub(crate) use environment::Environments;
pub(crate) use group::{GroupOwners, Groups};
pub(crate) use license::Licenses;
pub(crate) use machine::Machines;
pub(crate) use policy::Policies;
pub(crate) use pool_key::PoolKeys;
pub(crate) use process::Processes;
pub(crate) use product::Products;
pub(crate) use second_factor::SecondFactors;
pub(crate) use setting::Settings;
pub(crate) use token::Tokens;
pub(crate) use user::Users;

use keyway_jsonapi::Value;

use crate::draft::Draft;
use crate::subject::Subject;

/// Metadata that was not sent is empty.
pub(crate) fn default_metadata(draft: &mut Draft) {
    draft.default("metadata", Value::Json(serde_json::json!({})));
}

/// The facts about a new record that belongs to the product it names. Whose it would be cannot be told when the
/// product does not exist.
pub(crate) fn of_product(draft: &Draft) -> Subject {
    let environment = draft.record.environment();
    match draft.related("product") {
        Some(product) => Subject::OfProduct(environment, product.id().into()),
        None => Subject::Within(environment),
    }
}
