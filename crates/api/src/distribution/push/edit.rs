//! Changes to what is published, asked for by clients of an ecosystem: all of them in one transaction.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::event::Event;
use keyway_domain::resources::{Release, ReleaseStatus};
use keyway_engine::{Edit, Outcome as Told};
use keyway_jsonapi::{Declared, Record, Scope, Value, metadata};
use serde_json::Map;

use super::super::package::Packages;
use super::super::{dialect, release, tags};
use super::named;
use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::change;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// One step: done, or what the client is told instead.
type Step = Result<(), Told>;

/// Changes a package.
pub(super) async fn run(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    edits: &[Edit],
) -> Outcome<Told> {
    let mut work = Work::writing(call).await?;
    let Some(record) = named::find(&mut work, engine, package).await? else {
        return Ok(Told::Absent(format!("there is no package {package} on this registry")));
    };
    if edits.is_empty() {
        let subject = Packages.subject(&mut work, &record).await?;
        gate::authorize(call, Action::PackageUpdate, &subject)?;
    }
    for edit in edits {
        if let Err(told) = one(&mut work, &record, edit).await? {
            return Ok(told);
        }
    }
    work.commit().await?;
    Ok(Told::Changed)
}

async fn one(work: &mut Work, package: &Record, edit: &Edit) -> Outcome<Step> {
    match edit {
        Edit::Tag { tag, version } => {
            let release = match version_of(work, package, version).await? {
                Ok(release) => release,
                Err(told) => return Ok(Err(told)),
            };
            permit(work, Action::ReleaseUpdate, &release).await?;
            tags::put(work, package, &release, tag).await?;
        }
        Edit::Untag { tag } => {
            let subject = Packages.subject(work, package).await?;
            gate::authorize(&work.call, Action::PackageUpdate, &subject)?;
            if !tags::lift(work, package, tag).await? {
                let told = format!("the tag {tag} was not put anywhere, so that it cannot be taken away");
                return Ok(Err(Told::Absent(told)));
            }
        }
        Edit::Notice { version, text } => {
            let release = match version_of(work, package, version).await? {
                Ok(release) => release,
                Err(told) => return Ok(Err(told)),
            };
            notice(work, &release, text.as_deref()).await?;
        }
        Edit::Withdraw { version } => match version_of(work, package, version).await? {
            Ok(release) => withdraw(work, &release).await?,
            Err(told) => return Ok(Err(told)),
        },
        Edit::WithdrawAll => {
            let published = Scope::id("package_id", package.id())
                .and(Scope::text("status", ReleaseStatus::Published.as_str()))
                .and(gate::visible(&work.call, Release::RESOURCE));
            let releases = work.all(Release::RESOURCE, &published).await?;
            if releases.is_empty() {
                let key = package.get("key").as_text().unwrap_or_default();
                return Ok(Err(Told::Absent(format!("no version of {key} is published"))));
            }
            for release in releases {
                withdraw(work, &release).await?;
            }
        }
    }
    Ok(Ok(()))
}

/// The release of a version, as far as the caller may know of it.
async fn version_of(work: &mut Work, package: &Record, version: &str) -> Outcome<Result<Record, Told>> {
    let key = package.get("key").as_text().unwrap_or_default();
    let absent = || Told::Absent(format!("{key} has no version {version}"));
    let scheme = dialect::of_package(work.call.api.parts().engines, Some(package)).scheme();
    let Ok(parsed) = keyway_versions::parse(scheme, version) else { return Ok(Err(absent())) };
    let named = Scope::id("package_id", package.id()).and(Scope::text("version_key", parsed.key()));
    let scope = gate::visible(&work.call, Release::RESOURCE).and(named);
    Ok(work.find(Release::RESOURCE, &scope).await?.ok_or_else(absent))
}

async fn permit(work: &mut Work, action: Action, release: &Record) -> Outcome<()> {
    let subject = release::subject(work, release).await?;
    gate::authorize(&work.call, action, &subject)?;
    Ok(())
}

/// Sets `metadata.deprecated`, where it changes.
async fn notice(work: &mut Work, release: &Record, text: Option<&str>) -> Outcome<()> {
    permit(work, Action::ReleaseUpdate, release).await?;
    let mut all = match release.get("metadata") {
        Value::Json(serde_json::Value::Object(all)) => all.clone(),
        _ => Map::new(),
    };
    match text {
        Some(text) => drop(all.insert("deprecated".to_owned(), text.into())),
        None => drop(all.remove("deprecated")),
    }
    let all = serde_json::Value::Object(all);
    if let Some(failure) = metadata::check_size(&all) {
        return Err(Refusal::invalid([failure]));
    }
    let mut after = release.clone();
    after.set("metadata", Value::Json(all));
    change(work, release, &mut after).await?;
    work.log_any(&after, Event::updated(release, &after)).await
}

/// Yanks a release; one that is yanked stays so.
pub(in crate::distribution) async fn withdraw(work: &mut Work, release: &Record) -> Outcome<()> {
    permit(work, Action::ReleaseYank, release).await?;
    if release.get("status").as_text() == Some(ReleaseStatus::Yanked.as_str()) {
        return Ok(());
    }
    let mut after = release.clone();
    after.set("status", Value::Text(ReleaseStatus::Yanked.as_str().to_owned()));
    after.set("yanked_at", Value::Time(work.now()));
    change(work, release, &mut after).await?;
    work.log(&after, "yanked").await
}
