//! `POST /licenses/:id/actions/{suspend,reinstate,renew,check-in}` and `DELETE …/revoke` (`licensing.md` §8.4).

use std::sync::Arc;

use http::StatusCode;
use keyway_access::Action;
use keyway_domain::license::renewal::{NotRenewable, renewed};
use keyway_domain::resources::Policy;
use keyway_jsonapi::{ApiError, Declared, Record, Value};

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one, remove};
use crate::licensing::Licenses;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Suspends a licence: nothing of it works until it is reinstated.
pub(crate) async fn suspend(call: Arc<Call>) -> Outcome<Reply> {
    let (work, license) = permitted(&call, Action::LicenseSuspend).await?;
    if license.get("suspended").as_bool() == Some(true) {
        return Err(refused("is already suspended").into());
    }
    set(work, license, "suspended", Value::Bool(true), "suspended").await
}

/// Takes a suspension back.
pub(crate) async fn reinstate(call: Arc<Call>) -> Outcome<Reply> {
    let (work, license) = permitted(&call, Action::LicenseReinstate).await?;
    if license.get("suspended").as_bool() != Some(true) {
        return Err(refused("is not suspended").into());
    }
    set(work, license, "suspended", Value::Bool(false), "reinstated").await
}

/// Moves the expiry by the policy's duration.
pub(crate) async fn renew(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, Action::LicenseRenew).await?;
    let policy = policy_of(&mut work, &license).await?;
    match renewed(&license.typed()?, &policy, call.now) {
        Ok(expiry) => set(work, license, "expiry", Value::Time(expiry), "renewed").await,
        Err(error @ NotRenewable::NoDuration) => Err(ApiError::unprocessable(error.to_string()).into()),
        Err(NotRenewable::NoExpiry) => Err(ApiError::nothing_wrong(StatusCode::UNPROCESSABLE_ENTITY).into()),
    }
}

/// Notes that the licence is in use.
pub(crate) async fn check_in(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, Action::LicenseCheckIn).await?;
    if !policy_of(&mut work, &license).await?.require_check_in {
        let detail = "cannot be checked in because the policy does not require it";
        return Err(ApiError::unprocessable(detail).into());
    }
    // Of two check-ins that overtake each other the later counts.
    let last = license.get("last_check_in_at").as_time();
    let heard = last.map_or(call.now, |last| last.max(call.now));
    set(work, license, "last_check_in_at", Value::Time(heard), "checked-in").await
}

/// Deletes the licence.
pub(crate) async fn revoke(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, Action::LicenseRevoke).await?;
    remove(&mut work, &Licenses, &license, "revoked").await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// The licence that the path names, once the caller may do this to it.
pub(crate) async fn permitted(call: &Arc<Call>, action: Action) -> Outcome<(Work, Record)> {
    let mut work = Work::writing(call).await?;
    let license = find(&mut work, &Licenses, call.param(0)).await?;
    let subject = Licenses.subject(&mut work, &license).await?;
    gate::authorize(call, action, &subject)?;
    Ok((work, license))
}

/// Sets one column, writes the event of it down, and answers with the licence.
pub(crate) async fn set(
    mut work: Work,
    license: Record,
    column: &str,
    value: Value,
    event: &str,
) -> Outcome<Reply> {
    let mut after = license.clone();
    after.set(column, value);
    change(&mut work, &license, &mut after).await?;
    work.log(&after, event).await?;
    let reply = Reply::data(one(&mut work, &Licenses, &after).await?);
    work.commit().await?;
    Ok(reply)
}

/// The policy of a licence.
pub(crate) async fn policy_of(work: &mut Work, license: &Record) -> Outcome<Policy> {
    let id = license.get("policy_id").as_id();
    let id = id.ok_or_else(|| crate::refusal::Refusal::Broken("a licence has no policy".to_owned()))?;
    Ok(work.need(Policy::RESOURCE, id).await?.typed()?)
}

fn refused(detail: &str) -> ApiError {
    ApiError::unprocessable(detail).pointer("/data/attributes/suspended")
}
