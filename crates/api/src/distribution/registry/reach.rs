//! Whether customers may have a manifest: whether a release that is out leads to it.

use std::collections::HashSet;

use keyway_domain::resources::{
    ContentEdge, ContentManifest, ContentRoot, ContentTag, Release, ReleaseStatus,
};
use keyway_jsonapi::{Declared, Record, Scope};

use super::repository::holding;
use crate::refusal::Outcome;
use crate::work::Work;

/// Whether a release that is out leads to a manifest.
pub(super) async fn is_released(work: &mut Work, repository: &Record, digest: &str) -> Outcome<bool> {
    is_any_released(work, repository, vec![digest.to_owned()]).await
}

/// Whether a release that is out leads to an index that refers to a manifest.
pub(super) async fn is_part_of_released(work: &mut Work, repository: &Record, digest: &str) -> Outcome<bool> {
    let indexes = indexes_of(work, repository, digest).await?;
    is_any_released(work, repository, indexes).await
}

/// Looks from these up to what refers to them, and to what they are about.
async fn is_any_released(work: &mut Work, repository: &Record, mut to_see: Vec<String>) -> Outcome<bool> {
    let mut seen: HashSet<String> = to_see.iter().cloned().collect();
    while let Some(digest) = to_see.pop() {
        if is_of_published(work, repository, &digest).await? {
            return Ok(true);
        }
        let mut above = indexes_of(work, repository, &digest).await?;
        let manifest = work.find(ContentManifest::RESOURCE, &holding(repository, &digest)).await?;
        above.extend(manifest.and_then(|manifest| manifest.get("subject").as_text().map(str::to_owned)));
        to_see.extend(above.into_iter().filter(|digest| seen.insert(digest.clone())));
    }
    Ok(false)
}

async fn indexes_of(work: &mut Work, repository: &Record, digest: &str) -> Outcome<Vec<String>> {
    let scope = Scope::id("package_id", repository.id()).and(Scope::text("child", digest));
    let edges = work.all(ContentEdge::RESOURCE, &scope).await?;
    Ok(edges.iter().filter_map(|edge| edge.get("parent").as_text().map(str::to_owned)).collect())
}

/// Whether a tag or an archive of a release that is out names it.
async fn is_of_published(work: &mut Work, repository: &Record, digest: &str) -> Outcome<bool> {
    for resource in [ContentTag::RESOURCE, ContentRoot::RESOURCE] {
        for name in work.all(resource, &holding(repository, digest)).await? {
            if let Some(id) = name.get("release_id").as_id()
                && let Some(release) = work.get(Release::RESOURCE, id).await?
                && release.get("status").as_text() == Some(ReleaseStatus::Published.as_str())
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
