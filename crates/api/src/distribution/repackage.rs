//! `PUT /releases/:id/package`: moves a release into another package of its product, or out of any. Its version
//! must be one there.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{ContentRoot, ContentTag, Package};
use keyway_jsonapi::schema::{Node, check};
use keyway_jsonapi::{Declared, Failure, Invalid, Linkage, Record, Scope, Value, linkage};

use super::release::{self, Releases};
use super::version;
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::interpreter::{associates, change, find, one};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes a package, or null.
pub(super) const CONTRACT: Contract = Contract::taking(schema);

/// Moves a release.
pub(super) async fn repackage(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let before = find(&mut work, &Releases, call.param(0)).await?;
    let wanted = read(&call)?;
    let subject = release::subject(&mut work, &before).await?;
    gate::authorize(&call, Action::ReleasePackageUpdate, &subject)?;
    let package = package(&mut work, &before, wanted).await?;
    let mut after = before.clone();
    if before.get("package_id").as_id() != wanted {
        after = moved(&mut work, &before, package.as_ref()).await?;
        change(&mut work, &before, &mut after).await?;
    }
    work.log(&after, "package.updated").await?;
    let reply = Reply::data(one(&mut work, &Releases, &after).await?);
    work.commit().await?;
    Ok(reply)
}

fn schema() -> Vec<Node> {
    vec![Node::identifier("data", &["packages"]).required().nullable()]
}

fn read(call: &Call) -> Outcome<Option<RecordId>> {
    check(&schema(), &call.body)?;
    Ok(match call.body.get("data").map(linkage) {
        Some(Linkage::One(identifier)) => Some(identifier.id),
        _ => None,
    })
}

/// The package that is meant: one that exists, of the same product.
async fn package(work: &mut Work, release: &Record, id: Option<RecordId>) -> Outcome<Option<Record>> {
    let Some(id) = id else { return Ok(None) };
    let view = work.call.view;
    let found = work.get(Package::RESOURCE, id).await?.filter(|package| associates(view, package));
    let package = found.ok_or_else(|| Refusal::invalid([Invalid::missing_relation("package")]))?;
    if package.get("product_id") == release.get("product_id") {
        Ok(Some(package))
    } else {
        Err(Refusal::invalid([release::package_of_another_product()]))
    }
}

/// The release in its new package, its version read by the rules there.
async fn moved(work: &mut Work, before: &Record, package: Option<&Record>) -> Outcome<Record> {
    let theirs = Scope::id("release_id", before.id());
    for resource in [ContentTag::RESOURCE, ContentRoot::RESOURCE] {
        if work.any(resource, &theirs).await? {
            return Err(Refusal::invalid([holds_images()]));
        }
    }
    let mut record = before.clone();
    record.set("package_id", package.map_or(Value::Null, |package| Value::Id(package.id())));
    match version::assign(work, &mut record, package).await? {
        Some(failure) => Err(Refusal::invalid([failure])),
        None => Ok(record),
    }
}

/// The failure of a release with images: they are in the repository, and would stay there.
fn holds_images() -> Invalid {
    let detail =
        "cannot change while the release has container images: push them to the other repository instead";
    Invalid::relation("package", Failure::Kind("NOT_ALLOWED"), detail)
}
