//! What is taken away from a repository: tags, manifests and blobs. A release that is out and loses its tag or its
//! manifest is withdrawn.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::ContentDigest;
use keyway_domain::resources::{
    ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag, Release, ReleaseStatus,
};
use keyway_engine::ContentOutcome;
use keyway_jsonapi::{Declared, Record, Scope};

use super::super::push::edit;
use super::super::{burial, job};
use super::repository::{holding, known};
use super::{blob as blobs, reach, tag};
use crate::call::Call;
use crate::refusal::{Outcome, Refusal};
use crate::touch;
use crate::work::Work;

/// Takes a tag away.
pub(super) async fn untag(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    name: &str,
) -> Outcome<ContentOutcome> {
    let Some((mut work, repository)) = begin(call, engine, package).await? else {
        return Ok(ContentOutcome::ManifestUnknown);
    };
    let Some(row) = tag::find(&mut work, &repository, name).await? else {
        return Ok(ContentOutcome::ManifestUnknown);
    };
    lift(&mut work, &row).await?;
    work.commit().await?;
    Ok(ContentOutcome::Deleted)
}

/// Takes a manifest away, with every tag that names it; not from an index that is out. What it refers to is kept for a
/// while: a push under way may have found it here.
pub(super) async fn manifest(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    digest: &ContentDigest,
) -> Outcome<ContentOutcome> {
    let Some((mut work, repository)) = begin(call, engine, package).await? else {
        return Ok(ContentOutcome::ManifestUnknown);
    };
    let text = digest.to_string();
    let Some(row) = work.find(ContentManifest::RESOURCE, &holding(&repository, &text)).await? else {
        return Ok(ContentOutcome::ManifestUnknown);
    };
    if reach::is_part_of_released(&mut work, &repository, &text).await? {
        return Ok(ContentOutcome::ManifestInUse);
    }
    for resource in [ContentTag::RESOURCE, ContentRoot::RESOURCE] {
        for name in work.all(resource, &holding(&repository, &text)).await? {
            lift(&mut work, &name).await?;
        }
    }
    remove(&mut work, &row).await?;
    let parts = Scope::id("package_id", repository.id()).and(Scope::text("parent", text));
    let edges = work.all(ContentEdge::RESOURCE, &parts).await?;
    work.delete_where(ContentEdge::RESOURCE, &parts).await?;
    let children = edges.iter().filter_map(|edge| edge.get("child").as_text()?.parse().ok());
    blobs::claim(&mut work, &repository, &children.collect::<Vec<_>>()).await?;
    job::collect_content(&mut work, &repository).await?;
    work.commit().await?;
    Ok(ContentOutcome::Deleted)
}

/// Takes a blob away that no manifest refers to.
pub(super) async fn blob(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    digest: &ContentDigest,
) -> Outcome<ContentOutcome> {
    let Some((mut work, repository)) = begin(call, engine, package).await? else {
        return Ok(ContentOutcome::BlobUnknown);
    };
    let text = digest.to_string();
    let Some(row) = work.find(ContentBlob::RESOURCE, &holding(&repository, &text)).await? else {
        return Ok(ContentOutcome::BlobUnknown);
    };
    if blobs::is_referred_to(&mut work, &repository, &text).await? {
        return Ok(ContentOutcome::BlobInUse);
    }
    let Some(key) = row.get("blob_key").as_text() else {
        return Err(Refusal::Broken(format!("the blob {text} has no key")));
    };
    remove(&mut work, &row).await?;
    job::delete_blob(&mut work, key).await?;
    work.commit().await?;
    Ok(ContentOutcome::Deleted)
}

/// A transaction with the repository that something is to be taken from, if it is there.
async fn begin(call: &Arc<Call>, engine: &'static str, package: &str) -> Outcome<Option<(Work, Record)>> {
    let mut work = Work::writing(call).await?;
    let repository = known(&mut work, engine, package, Action::ArtifactDelete).await?;
    Ok(repository.map(|repository| (work, repository)))
}

/// Takes a tag or root away; the release that it belongs to is withdrawn, if it is out, and nothing else is ever pushed
/// as its version.
async fn lift(work: &mut Work, row: &Record) -> Outcome<()> {
    if let Some(id) = row.get("release_id").as_id()
        && let Some(release) = work.get(Release::RESOURCE, id).await?
        && release.get("status").as_text() == Some(ReleaseStatus::Published.as_str())
    {
        burial::bury_release(work, &release).await?;
        edit::withdraw(work, &release).await?;
    }
    remove(work, row).await
}

async fn remove(work: &mut Work, row: &Record) -> Outcome<()> {
    work.delete(row).await?;
    touch::record(work, Some(row), None).await
}
