//! Movable names that clients of an ecosystem put on releases (npm's dist-tags). A tag stays where it was put;
//! a release's own tag, set through the API, wins over one of the same name. The tag of the newest stable version
//! (`latest`) need not be put anywhere: where it was not, it follows the versions.

use keyway_base::RecordId;
use keyway_domain::resources::{Package, PackageTag, Release, ReleaseStatus};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Order, Page, Sort};
use keyway_versions::{Channel, EcosystemVersion};

use super::dialect;
use crate::interpreter::change;
use crate::refusal::Outcome;
use crate::touch;
use crate::work::Work;

/// Lets a tag mean a release of the package, and nothing else.
pub(super) async fn put(work: &mut Work, package: &Record, release: &Record, tag: &str) -> Outcome<()> {
    strip(work, package, tag, Some(release.id())).await?;
    match row(work, package, tag).await? {
        Some(before) if before.get("release_id").as_id() == Some(release.id()) => Ok(()),
        Some(before) => {
            let mut after = before.clone();
            after.set("release_id", Value::Id(release.id()));
            change(work, &before, &mut after).await
        }
        None => {
            let id = RecordId::generate(work.now());
            let environment = package.environment();
            let mut row = Record::new(PackageTag::RESOURCE, id, work.account(), environment, work.now());
            row.set("package_id", Value::Id(package.id()));
            row.set("release_id", Value::Id(release.id()));
            row.set("tag", Value::Text(tag.to_owned()));
            work.insert(&row).await?;
            touch::record(work, None, Some(&row)).await
        }
    }
}

/// Takes a tag away; `false` when it was nowhere put.
pub(super) async fn lift(work: &mut Work, package: &Record, tag: &str) -> Outcome<bool> {
    let own = strip(work, package, tag, None).await?;
    let Some(row) = row(work, package, tag).await? else { return Ok(own) };
    work.delete(&row).await?;
    touch::record(work, Some(&row), None).await?;
    Ok(true)
}

/// The release that the newest-stable tag means now: where it was put, else the newest stable release, else the
/// newest.
pub(super) async fn newest(work: &mut Work, package: &Record, tag: &str) -> Outcome<Option<Record>> {
    let of_package = Scope::id("package_id", package.id());
    let own = work.find(Release::RESOURCE, &of_package.clone().and(Scope::text("tag", tag))).await?;
    if own.is_some() {
        return Ok(own);
    }
    if let Some(row) = row(work, package, tag).await?
        && let Some(release) = row.get("release_id").as_id()
    {
        return work.get(Release::RESOURCE, release).await;
    }
    let published = of_package.and(Scope::text("status", ReleaseStatus::Published.as_str()));
    let stable = published.clone().and(Scope::text("channel", Channel::Stable.as_str()));
    let page = Page { order: Order::Desc, limit: Some(1), sort: Sort::ReleaseVersion, ..Page::default() };
    for scope in [stable, published] {
        if let Some(found) = work.list(Release::RESOURCE, &scope, &page).await?.pop() {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// A release was published through the API, which has no such tags: one that is stable and newer than what the
/// newest-stable tag was put on lets that tag follow the versions again.
pub(super) async fn follow(work: &mut Work, release: &Record) -> Outcome<()> {
    let is_out = release.get("status").as_text() == Some(ReleaseStatus::Published.as_str());
    let stable = release.get("channel").as_text() == Some(Channel::Stable.as_str());
    let Some(package) = release.get("package_id").as_id().filter(|_| is_out && stable) else { return Ok(()) };
    let package = work.need(Package::RESOURCE, package).await?;
    let engines = work.call.api.parts().engines;
    let engine = package.get("engine").as_text().and_then(|key| engines.get(key));
    let Some(tag) = engine.and_then(|engine| engine.descriptor().newest_tag) else { return Ok(()) };
    let Some(row) = row(work, &package, tag).await? else { return Ok(()) };
    let Some(put) = row.get("release_id").as_id() else { return Ok(()) };
    let put = work.get(Release::RESOURCE, put).await?;
    if version_of(work, &package, release) > put.and_then(|put| version_of(work, &package, &put)) {
        work.delete(&row).await?;
        touch::record(work, Some(&row), None).await?;
    }
    Ok(())
}

/// The version of a release of the package, as its ecosystem orders it.
pub(super) fn version_of(work: &Work, package: &Record, release: &Record) -> Option<EcosystemVersion> {
    let scheme = dialect::of_package(work.call.api.parts().engines, Some(package)).scheme();
    keyway_versions::parse(scheme, release.get("version").as_text()?).ok()
}

async fn row(work: &mut Work, package: &Record, tag: &str) -> Outcome<Option<Record>> {
    let scope = Scope::id("package_id", package.id()).and(Scope::text("tag", tag));
    work.find(PackageTag::RESOURCE, &scope).await
}

/// Takes a tag off the releases of the package that have it as their own, but for one; says whether any had it.
async fn strip(work: &mut Work, package: &Record, tag: &str, but: Option<RecordId>) -> Outcome<bool> {
    let tagged = Scope::id("package_id", package.id()).and(Scope::text("tag", tag));
    let mut any = false;
    for before in work.all(Release::RESOURCE, &tagged).await? {
        if Some(before.id()) == but {
            continue;
        }
        let mut after = before.clone();
        after.set("tag", Value::Null);
        change(work, &before, &mut after).await?;
        any = true;
    }
    Ok(any)
}
