//! Tags of a repository. One that is a version belongs to the release of that version, which is made when there is
//! none; once the release is out, the tag stays where it is. Every other tag moves.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{ContentRoot, ContentTag, PushStatus, Release, ReleaseStatus};
use keyway_engine::{ContentOutcome, NewTag};
use keyway_jsonapi::{ApiError, Declared, Record, Scope};
use keyway_versions::EcosystemVersion;

use super::super::push::named;
use super::super::{burial, dialect, release};
use super::repository::rows;
use crate::gate;
use crate::interpreter::change;
use crate::refusal::Outcome;
use crate::touch;
use crate::work::Work;

/// One step: done, or what the client is told instead.
type Step<T> = Result<T, Box<ContentOutcome>>;

/// Lets a tag name a manifest.
pub(super) async fn put(
    work: &mut Work,
    repository: &Record,
    engine: &'static str,
    new: &NewTag,
    digest: &str,
) -> Outcome<Step<()>> {
    let before = find(work, repository, &new.name).await?;
    let had = match before.as_ref().and_then(|row| row.get("release_id").as_id()) {
        Some(id) => work.get(Release::RESOURCE, id).await?,
        None => None,
    };
    // What the tag belongs to already decides, whatever it looks like.
    if let Some(release) = &had {
        let is_same = before.as_ref().is_some_and(|row| row.get("digest").as_text() == Some(digest));
        if let Err(refused) = may_move(release, new, is_same) {
            return Ok(Err(refused));
        }
    }
    let owner = match &new.version {
        Some(version) => match of_version(work, repository, engine, new, version, digest).await? {
            Ok(owner) => Some(owner),
            Err(refused) => return Ok(Err(refused)),
        },
        None => had,
    };
    set(work, repository, before, &new.name, owner.as_ref().map(Record::id), digest).await?;
    Ok(Ok(()))
}

/// Lets a tag name a manifest: as the release's, or without one to move.
pub(super) async fn set(
    work: &mut Work,
    repository: &Record,
    before: Option<Record>,
    name: &str,
    owner: Option<RecordId>,
    digest: &str,
) -> Outcome<()> {
    let mut after = rows(work, repository).tag(before.as_ref(), name, digest, owner);
    if let Some(before) = before {
        return change(work, &before, &mut after).await;
    }
    work.insert(&after).await?;
    touch::record(work, None, Some(&after)).await
}

/// A tag of the repository.
pub(super) async fn find(work: &mut Work, repository: &Record, name: &str) -> Outcome<Option<Record>> {
    let scope = Scope::id("package_id", repository.id()).and(Scope::text("tag", name));
    work.find(ContentTag::RESOURCE, &scope).await
}

/// Whether the tag of a release may mean a manifest that it means already, or another one.
fn may_move(release: &Record, new: &NewTag, is_same: bool) -> Step<()> {
    match release.get("status").as_text() {
        Some(status) if status == ReleaseStatus::Yanked.as_str() => Err(released(new, release, true)),
        Some(status) if status == ReleaseStatus::Published.as_str() && !is_same => {
            Err(released(new, release, false))
        }
        _ => Ok(()),
    }
}

fn released(new: &NewTag, release: &Record, gone: bool) -> Box<ContentOutcome> {
    let version = release.get("version").as_text().unwrap_or_default().to_owned();
    Box::new(ContentOutcome::TagReleased { tag: new.name.clone(), version, gone })
}

/// The release that a version's tag belongs to.
async fn of_version(
    work: &mut Work,
    repository: &Record,
    engine: &'static str,
    new: &NewTag,
    version: &str,
    digest: &str,
) -> Outcome<Step<Record>> {
    let scheme = dialect::of_engine(work.call.api.parts().engines, Some(engine)).scheme();
    let version = keyway_versions::parse(scheme, version)
        .map_err(|error| ApiError::bad_request(format!("the tag {} is no version: {error}", new.name)))?;
    let status = pushed_as(work, repository).await?;
    let is_buried = burial::is_version_buried(work, repository, version.key()).await?;
    let gone = || {
        let (tag, version) = (new.name.clone(), version.verbatim().to_owned());
        Ok(Err(Box::new(ContentOutcome::TagReleased { tag, version, gone: true })))
    };
    let Some(found) = of_key(work, repository, &version).await? else {
        if is_buried {
            return gone();
        }
        return named::release(work, repository, &version, status, Vec::new()).await.map(Ok);
    };
    let fit = fit(work, &found, digest).await?;
    if let Err(refused) = may_move(&found, new, fit != Fit::Other) {
        return Ok(Err(refused));
    }
    // It lost what customers had of it.
    if is_buried && fit == Fit::Empty {
        return gone();
    }
    if found.get("status").as_text() != Some(ReleaseStatus::Draft.as_str()) {
        return Ok(Ok(found));
    }
    if status == ReleaseStatus::Published {
        return named::put_out(work, &found).await.map(Ok);
    }
    let subject = release::subject(work, &found).await?;
    gate::authorize(&work.call, Action::ReleaseUpload, &subject)?;
    Ok(Ok(found))
}

async fn of_key(work: &mut Work, repository: &Record, version: &EcosystemVersion) -> Outcome<Option<Record>> {
    let of_it = Scope::id("package_id", repository.id()).and(Scope::text("version_key", version.key()));
    let scope = gate::visible(&work.call, Release::RESOURCE).and(of_it);
    work.find(Release::RESOURCE, &scope).await
}

/// What a manifest is to a release.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It is its content already, maybe under another spelling of its version.
    Same,
    /// The release has no content.
    Empty,
    /// The release has other content.
    Other,
}

async fn fit(work: &mut Work, release: &Record, digest: &str) -> Outcome<Fit> {
    let of_it = Scope::id("release_id", release.id());
    let same = of_it.clone().and(Scope::text("digest", digest));
    for (scope, fit) in [(same, Fit::Same), (of_it, Fit::Other)] {
        if work.any(ContentTag::RESOURCE, &scope).await? || work.any(ContentRoot::RESOURCE, &scope).await? {
            return Ok(fit);
        }
    }
    Ok(Fit::Empty)
}

/// What becomes of the releases that pushes to a repository make, as its product says.
async fn pushed_as(work: &mut Work, repository: &Record) -> Outcome<ReleaseStatus> {
    let product = release::product_of(work, repository).await?;
    let is_draft = product.get("push_status").as_text() == Some(PushStatus::Draft.as_str());
    Ok(if is_draft { ReleaseStatus::Draft } else { ReleaseStatus::Published })
}
