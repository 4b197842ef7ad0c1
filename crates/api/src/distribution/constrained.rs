//! `GET /releases/:id/entitlements[/:id]`: everything that the release asks for, whether the caller holds it or
//! not (`distribution.md` §7).

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::Entitlement;
use keyway_jsonapi::{ApiError, Declared, Paging, Record, Scope};

use super::release::{self, Releases};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{find, one, page_of};
use crate::licensing::Entitlements;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Gives the list.
pub(super) const LIST: Contract = Contract::giving(&[Given::new(200, Data::Many(Entitlement::RESOURCE))]);
/// Gives one.
pub(super) const SHOW: Contract = Contract::giving(&[Given::new(200, Data::One(Entitlement::RESOURCE))]);

/// The entitlements of a release.
pub(super) async fn list(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, release) = permitted(&call).await?;
    let paging = Paging::of(&call.query)?;
    page_of(&mut work, &Entitlements, &asked_for(&release), &paging).await
}

/// One of them.
pub(super) async fn show(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, release) = permitted(&call).await?;
    let name = call.param(1);
    let found = Entitlements.find(&mut work, name, asked_for(&release)).await?;
    let entitlement = found.ok_or_else(|| ApiError::not_found("entitlement", name))?;
    Ok(Reply::data(one(&mut work, &Entitlements, &entitlement).await?))
}

async fn permitted(call: &Arc<Call>) -> Outcome<(Work, Record)> {
    let mut work = Work::reading(call).await?;
    let release = find(&mut work, &Releases, call.param(0)).await?;
    let subject = release::subject(&mut work, &release).await?;
    gate::authorize(call, Action::ReleaseEntitlementsList, &subject)?;
    Ok((work, release))
}

fn asked_for(release: &Record) -> Scope {
    Scope::has("constraints", "entitlement_id", Scope::id("release_id", release.id()))
}
