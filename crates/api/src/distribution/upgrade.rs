//! `GET /releases/:id/upgrade`: the release to move to (`distribution.md` §6.5).

use std::sync::Arc;

use keyway_access::{Action, upgradable};
use keyway_base::RecordId;
use keyway_domain::release::Upgrade;
use keyway_domain::resources::{self, Package, Release};
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Source};
use keyway_versions::semver::Constraint;
use keyway_versions::{Channel, Scheme};
use serde_json::{Value, json};

use super::narrow::narrow;
use super::release::{self, Releases};
use super::{dialect, first_download, offered, package::Packages};
use crate::call::Call;
use crate::contract::{Asked, Contract, Data, Given};
use crate::event::{declared, origin};
use crate::gate;
use crate::hooks::{Hooks, alias_scope};
use crate::interpreter::one;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Gives the release to move to.
pub(super) const CONTRACT: Contract =
    Contract::giving(&[Given::new(200, Data::One(Release::RESOURCE)).meta(meta_schema)])
        .asks(&[
            Asked::query("product", text, "The product that the release is of."),
            Asked::query("package", text, "The package, when it is not the release's own."),
            Asked::query("channel", text, "The least stable channel that will do."),
            Asked::query("constraint", text, "The versions that will do."),
        ])
        .codes(&["CONSTRAINT_INVALID"]);

fn text() -> Value {
    json!({ "type": "string" })
}

fn meta_schema() -> Value {
    let version = json!({ "type": "string" });
    json!({ "type": "object", "required": ["current", "next"], "properties": { "current": version, "next": version } })
}

/// Finds the highest upgrade of a release within channel, package and constraint.
pub(super) async fn upgrade(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let record = current(&mut work).await?;
    let subject = release::subject(&mut work, &record).await?;
    gate::authorize(&call, Action::ReleaseUpgrade, &subject)?;
    let constraint = constraint(&call)?;
    let current: Release = record.typed()?;
    let none = || ApiError::not_found_detail("The requested upgrade was not found");
    let channel = channel(&mut work).await?.ok_or_else(none)?;
    let package = package(&mut work, &record).await?.ok_or_else(none)?;
    let channel = offered::pinned(&call, current.product_id).or(channel);
    let engines = call.api.parts().engines;
    let scheme = dialect::of_package(engines, package.as_ref()).scheme();
    let candidates = candidates(&mut work, &current, package.as_ref(), scheme).await?;
    let asked = Upgrade { scheme, current: &current, channel, constraint: constraint.as_ref() };
    let next = asked.best(&candidates).ok_or_else(none)?.clone();
    first_download::start(&call).await?;
    let meta = json!({ "current": current.version, "next": next.version });
    let next = next.into_record();
    let object = one(&mut work, &Releases, &next).await?;
    drop(work);
    let event = declared(&next, "upgraded")?.with(meta.clone());
    call.api.journal().record(&[event], &origin(&call), call.now).await?;
    Ok(Reply::data(object).with("meta", meta))
}

/// The release that the client runs. A blank package counts as not given here.
async fn current(work: &mut Work) -> Outcome<Record> {
    let call = Arc::clone(&work.call);
    let resource = Release::RESOURCE;
    let narrowing: &[&str] =
        if call.query.text("package").is_some() { &["product", "package"] } else { &["product"] };
    let name = call.param(0);
    let scope = gate::visible(&call, resource)
        .and(alias_scope(resource, name))
        .and(narrow(&call, resource, narrowing));
    Ok(work.find(resource, &scope).await?.ok_or_else(|| ApiError::not_found(resource.name, name))?)
}

fn constraint(call: &Call) -> Result<Option<Constraint>, ApiError> {
    let parse = |text: &str| {
        text.parse().map_err(|error: keyway_versions::semver::ConstraintError| {
            ApiError::bad_request_coded(error.to_string(), "CONSTRAINT_INVALID")
                .at(Source::Parameter("constraint".to_owned()))
        })
    };
    call.query.text("constraint").map(parse).transpose()
}

/// The channel asked for, by key or id: the outer `None` when there is no such channel.
async fn channel(work: &mut Work) -> Outcome<Option<Option<Channel>>> {
    let call = Arc::clone(&work.call);
    let Some(text) = call.query.text("channel") else { return Ok(Some(None)) };
    let key = match text.parse::<RecordId>() {
        Ok(id) => work.get(resources::Channel::RESOURCE, id).await?,
        Err(_) => return Ok(text.parse().ok().map(Some)),
    };
    let key = key.as_ref().and_then(|record| record.get("key").as_text());
    Ok(key.and_then(|key| key.parse().ok()).map(Some))
}

/// The package asked for, or the release's own: the outer `None` when there is no such package.
async fn package(work: &mut Work, release: &Record) -> Outcome<Option<Option<Record>>> {
    let call = Arc::clone(&work.call);
    match call.query.text("package") {
        Some(name) => {
            let visible = gate::visible(&call, Package::RESOURCE);
            let named = visible.and(Packages.named(&call, name));
            Ok(work.find(Package::RESOURCE, &named).await?.map(Some))
        }
        None => match release.get("package_id").as_id() {
            Some(id) => Ok(work.get(Package::RESOURCE, id).await?.map(Some)),
            None => Ok(Some(None)),
        },
    }
}

/// The published releases of the product and package that the caller may have, and is led to now.
async fn candidates(
    work: &mut Work,
    current: &Release,
    package: Option<&Record>,
    scheme: Scheme,
) -> Outcome<Vec<Release>> {
    let call = Arc::clone(&work.call);
    let of_package = match package {
        Some(package) => Scope::id("package_id", package.id()),
        None => Scope::IsNull("package_id"),
    };
    let scope = upgradable(&call.principal, &call.view, call.now)
        .and(Scope::id("product_id", current.product_id))
        .and(of_package);
    let records = offered::offered(work, current.product_id, &scope, scheme).await?;
    Ok(records.iter().map(Record::typed).collect::<Result<_, _>>()?)
}
