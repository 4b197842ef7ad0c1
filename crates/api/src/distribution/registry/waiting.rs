//! Tags of archives that wait for the publication of their release: they named other images when the archive was
//! read, which customers were not to lose for what they could not have.

use keyway_domain::resources::{ContentRoot, Package, ReleaseStatus};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_versions::Channel;
use serde_json::json;

use super::super::tags::version_of;
use super::{reach, tag};
use crate::interpreter::change;
use crate::refusal::Outcome;
use crate::work::Work;

/// The tag that means the newest stable version, to people and to clients.
const LATEST: &str = "latest";

/// A release was published: the tags that its archives brought name their images from now on.
pub(in crate::distribution) async fn name_waiting(work: &mut Work, release: &Record) -> Outcome<()> {
    let is_out = release.get("status").as_text() == Some(ReleaseStatus::Published.as_str());
    let Some(package) = release.get("package_id").as_id().filter(|_| is_out) else { return Ok(()) };
    let roots = work.all(ContentRoot::RESOURCE, &Scope::id("release_id", release.id())).await?;
    for before in roots.iter().filter(|root| waiting(root).next().is_some()) {
        let repository = work.need(Package::RESOURCE, package).await?;
        let digest = before.get("digest").as_text().unwrap_or_default();
        for name in waiting(before) {
            give(work, &repository, release, name, digest).await?;
        }
        let mut after = before.clone();
        after.set("waiting", Value::Json(json!([])));
        change(work, before, &mut after).await?;
    }
    Ok(())
}

/// The tags that wait with a root.
fn waiting(root: &Record) -> impl Iterator<Item = &str> {
    let list = root.get("waiting").as_json().and_then(|list| list.as_array());
    list.into_iter().flatten().filter_map(|name| name.as_str())
}

/// Lets a tag name an image of the release, unless it has come to belong to a release meanwhile, or to name what a
/// newer one has.
async fn give(
    work: &mut Work,
    repository: &Record,
    release: &Record,
    name: &str,
    digest: &str,
) -> Outcome<()> {
    let before = tag::find(work, repository, name).await?;
    if let Some(row) = &before {
        let named = row.get("digest").as_text().unwrap_or_default();
        let is_owned = row.get("release_id").as_id().is_some();
        if is_owned || is_kept(work, repository, release, name, named).await? {
            return Ok(());
        }
    }
    tag::set(work, repository, before, name, None, digest).await
}

/// Whether a tag is kept where it is: at a newer release, and `latest` at a stable one unless this is stable too.
async fn is_kept(
    work: &mut Work,
    repository: &Record,
    release: &Record,
    name: &str,
    named: &str,
) -> Outcome<bool> {
    let others = reach::released_with(work, repository, named).await?;
    let is_stable = |release: &Record| release.get("channel").as_text() == Some(Channel::Stable.as_str());
    let ours = version_of(work, repository, release);
    Ok(others.iter().filter(|other| other.id() != release.id()).any(|other| {
        let is_demoted = name == LATEST && is_stable(other) && !is_stable(release);
        is_demoted || version_of(work, repository, other) > ours
    }))
}
