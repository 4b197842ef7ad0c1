//! Accounts, environments, users, tokens, products, entitlements, policies and licences: their hooks and their
//! endpoints (`licensing.md` §4–§9, §11).

mod cascade;
mod code;
mod entitlement;
mod permissions;
mod product;

pub(crate) use entitlement::Entitlements;
pub(crate) use product::Products;

use keyway_jsonapi::Value;

use crate::draft::Draft;
use crate::endpoint::Endpoint as E;
use crate::endpoint::Operation::{Create, Delete, List, Show, Update};

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/products", List(&Products)),
    E::post("/products", Create(&Products)),
    E::get("/products/{id}", Show(&Products)),
    E::patch("/products/{id}", Update(&Products)),
    E::delete("/products/{id}", Delete(&Products)),
    E::get("/entitlements", List(&Entitlements)),
    E::post("/entitlements", Create(&Entitlements)),
    E::get("/entitlements/{id}", Show(&Entitlements)),
    E::patch("/entitlements/{id}", Update(&Entitlements)),
    E::delete("/entitlements/{id}", Delete(&Entitlements)),
];

/// Metadata that was not sent is empty.
pub(crate) fn default_metadata(draft: &mut Draft) {
    draft.default("metadata", Value::Json(serde_json::json!({})));
}
