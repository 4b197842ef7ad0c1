//! `POST /licenses/:id/actions/{increment,decrement,reset}-usage` (`licensing.md` §8.4).

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::Timestamp;
use keyway_domain::resources::ExpirationBasis;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Failure, Invalid, Record, Value};

use super::license_state::{permitted, policy_of, set};
use crate::call::Call;
use crate::contract::Contract;
use crate::interpreter::{change, one};
use crate::licensing::Licenses;
use crate::licensing::expiry::started;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

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
            None if sign > 0 => {
                let expiry = license.get("expiry").as_time();
                let expiry = started(expiry, &policy, ExpirationBasis::FirstUse, call.now);
                used(work, license, next, expiry).await
            }
            None => set(work, license, "uses", Value::Int(next), "usage.decremented").await,
            Some(limit) => {
                let detail = format!("usage exceeds maximum allowed by current policy ({limit})");
                let failure = Failure::Kind("LIMIT_EXCEEDED");
                Err(Refusal::invalid([Invalid::attribute("uses", failure, detail)]))
            }
        },
    }
}

/// Counts uses; the first one starts the time of a licence that counts from it, of which the answer and the event do not
/// tell yet (`licensing.md` §15).
async fn used(mut work: Work, license: Record, uses: i64, expiry: Option<Timestamp>) -> Outcome<Reply> {
    let mut counted = license.clone();
    counted.set("uses", Value::Int(uses));
    change(&mut work, &license, &mut counted).await?;
    work.log(&counted, "usage.incremented").await?;
    let reply = Reply::data(one(&mut work, &Licenses, &counted).await?);
    if let Some(expiry) = expiry {
        let mut begun = counted.clone();
        begun.set("expiry", Value::Time(expiry));
        change(&mut work, &counted, &mut begun).await?;
    }
    work.commit().await?;
    Ok(reply)
}
