//! `POST /rollouts/:id/actions/{pause,resume,halt}`: who had the release keeps it; nobody else is led to it.

use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Record, Value};

use super::rollout::Rollouts;
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// The longest reason, in characters.
const MAX_REASON: usize = 1024;

/// Stops it until it is resumed; `meta.reason` says why.
pub(super) async fn pause(call: Arc<Call>) -> Outcome<Reply> {
    let (work, rollout) = permitted(&call, Action::RolloutPause).await?;
    not_halted(&rollout)?;
    if !rollout.get("paused_at").is_null() {
        return Err(refused("is already paused", "paused").into());
    }
    let reason = reason(&call)?;
    set(work, rollout, [("paused_at", Value::Time(call.now)), ("reason", reason)], "paused").await
}

/// Lets it go on.
pub(super) async fn resume(call: Arc<Call>) -> Outcome<Reply> {
    let (work, rollout) = permitted(&call, Action::RolloutResume).await?;
    not_halted(&rollout)?;
    if rollout.get("paused_at").is_null() {
        return Err(refused("is not paused", "paused").into());
    }
    set(work, rollout, [("paused_at", Value::Null), ("reason", Value::Null)], "resumed").await
}

/// Ends it: the release is offered to nobody any more.
pub(super) async fn halt(call: Arc<Call>) -> Outcome<Reply> {
    let (work, rollout) = permitted(&call, Action::RolloutHalt).await?;
    not_halted(&rollout)?;
    let reason = reason(&call)?;
    set(work, rollout, [("halted_at", Value::Time(call.now)), ("reason", reason)], "halted").await
}

/// The rollout that the path names, once the caller may do this to it.
async fn permitted(call: &Arc<Call>, action: Action) -> Outcome<(Work, Record)> {
    let mut work = Work::writing(call).await?;
    let rollout = find(&mut work, &Rollouts, call.param(0)).await?;
    let subject = Rollouts.subject(&mut work, &rollout).await?;
    gate::authorize(call, action, &subject)?;
    Ok((work, rollout))
}

fn not_halted(rollout: &Record) -> Result<(), ApiError> {
    if rollout.get("halted_at").is_null() {
        return Ok(());
    }
    Err(refused("is halted for good: delete it to offer the release to everybody", "halted"))
}

fn refused(detail: &str, attribute: &str) -> ApiError {
    ApiError::unprocessable(detail).pointer(format!("/data/attributes/{attribute}"))
}

/// Takes a reason.
pub(super) const CONTRACT: Contract = Contract::taking(schema);

/// `meta {reason?}`.
fn schema() -> Vec<Node> {
    vec![Node::object("meta", vec![Node::new("reason", Form::Text).nullable()])]
}

/// `meta.reason`; none given is none.
fn reason(call: &Call) -> Result<Value, ApiError> {
    check(&schema(), &call.body)?;
    let text = call.meta().and_then(|meta| meta.get("reason")).and_then(serde_json::Value::as_str);
    match text {
        Some(text) if text.chars().count() > MAX_REASON => {
            let detail = format!("is too long (maximum is {MAX_REASON} characters)");
            Err(ApiError::schema("/meta/reason", detail))
        }
        Some(text) => Ok(Value::Text(text.to_owned())),
        None => Ok(Value::Null),
    }
}

/// Sets columns, writes the event of it down, and answers with the rollout.
async fn set(
    mut work: Work,
    rollout: Record,
    columns: [(&'static str, Value); 2],
    event: &str,
) -> Outcome<Reply> {
    let mut after = rollout.clone();
    for (column, value) in columns {
        after.set(column, value);
    }
    change(&mut work, &rollout, &mut after).await?;
    work.log_with(&after, event, serde_json::json!({ "reason": after.get("reason").as_text() })).await?;
    let reply = Reply::data(one(&mut work, &Rollouts, &after).await?);
    work.commit().await?;
    Ok(reply)
}
