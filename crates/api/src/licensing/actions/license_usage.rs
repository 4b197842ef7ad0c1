//! `POST /licenses/:id/actions/{increment,decrement,reset}-usage` (`licensing.md` §8.4).

use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Failure, Invalid, Value};

use super::license_state::{permitted, policy_of, set};
use crate::call::Call;
use crate::contract::Contract;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;

/// The highest count.
const MAX: i64 = 2_147_483_647;

/// Adding.
pub(crate) const INCREMENT: Contract =
    Contract::taking(|| vec![schema("increment")]).codes(&["USES_LIMIT_EXCEEDED", "USES_INVALID"]);
/// Taking away.
pub(crate) const DECREMENT: Contract =
    Contract::taking(|| vec![schema("decrement")]).codes(&["USES_INVALID"]);

/// Adds `meta.increment`, one unless told.
pub(crate) async fn increment(call: Arc<Call>) -> Outcome<Reply> {
    count(call, Action::LicenseUsageIncrement, "increment", 1).await
}

/// Takes `meta.decrement` away, one unless told.
pub(crate) async fn decrement(call: Arc<Call>) -> Outcome<Reply> {
    count(call, Action::LicenseUsageDecrement, "decrement", -1).await
}

/// Starts over at zero.
pub(crate) async fn reset(call: Arc<Call>) -> Outcome<Reply> {
    let (work, license) = permitted(&call, Action::LicenseUsageReset).await?;
    set(work, license, "uses", Value::Int(0), "usage.reset").await
}

/// `meta` with the number, if it is to be another than one.
fn schema(name: &'static str) -> Node {
    Node::object("meta", vec![Node::new(name, Form::Integer)])
}

async fn count(call: Arc<Call>, action: Action, name: &'static str, sign: i64) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, action).await?;
    check(&[schema(name)], &call.body)?;
    let by = call.meta().and_then(|meta| meta.get(name)).and_then(serde_json::Value::as_i64).unwrap_or(1);
    let policy = policy_of(&mut work, &license).await?;
    let limit = license.get("max_uses").as_int().or(policy.max_uses);
    let uses = license.get("uses").as_int().unwrap_or(0);
    match by.checked_mul(sign).and_then(|by| uses.checked_add(by)).filter(|next| *next <= MAX) {
        None => Err(ApiError::schema(format!("/meta/{name}"), "integer is too large").into()),
        Some(next) if next < 0 => {
            let detail = "must be greater than or equal to 0";
            Err(Refusal::invalid([Invalid::attribute("uses", Failure::Comparison, detail)]))
        }
        Some(next) => match limit.filter(|limit| next > uses && next > *limit) {
            None => {
                let event = if sign > 0 { "usage.incremented" } else { "usage.decremented" };
                set(work, license, "uses", Value::Int(next), event).await
            }
            Some(limit) => {
                let detail = format!("usage exceeds maximum allowed by current policy ({limit})");
                let failure = Failure::Kind("LIMIT_EXCEEDED");
                Err(Refusal::invalid([Invalid::attribute("uses", failure, detail)]))
            }
        },
    }
}
