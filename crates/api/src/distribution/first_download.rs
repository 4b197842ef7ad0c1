//! A licence whose time starts with its first download starts here (`distribution.md` §8, FROM_FIRST_DOWNLOAD).

use std::sync::Arc;

use keyway_domain::resources::{ExpirationBasis, License, Policy};
use keyway_jsonapi::{Declared, Value};

use crate::call::Call;
use crate::interpreter::change;
use crate::licensing::expiry::started;
use crate::refusal::Outcome;
use crate::work::Work;

/// Starts the licence that is asking, if this is what it waits for. Users' licences are left alone, as upstream
/// does.
pub(super) async fn start(call: &Arc<Call>) -> Outcome<()> {
    let waiting = call.principal.license().filter(|grant| grant.expiry.is_none());
    let Some((license, policy)) = waiting.map(|grant| (grant.id.into(), grant.policy.into())) else {
        return Ok(());
    };
    let policy: Policy = Work::reading(call).await?.need(Policy::RESOURCE, policy).await?.typed()?;
    let occasion = ExpirationBasis::FirstDownload;
    if started(None, &policy, occasion, call.now).is_none() {
        return Ok(());
    }
    let mut work = Work::writing(call).await?;
    let before = work.need(License::RESOURCE, license).await?;
    let Some(expiry) = started(before.get("expiry").as_time(), &policy, occasion, call.now) else {
        return Ok(());
    };
    let mut after = before.clone();
    after.set("expiry", Value::Time(expiry));
    change(&mut work, &before, &mut after).await?;
    work.commit().await
}
