//! Whether customers may have a manifest: which releases that are out lead to it.

use std::collections::{BTreeSet, HashSet};

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

/// The releases that are out and lead to a manifest.
pub(super) async fn released_with(
    work: &mut Work,
    repository: &Record,
    digest: &str,
) -> Outcome<Vec<Record>> {
    releases(work, repository, vec![digest.to_owned()], usize::MAX).await
}

async fn is_any_released(work: &mut Work, repository: &Record, to_see: Vec<String>) -> Outcome<bool> {
    Ok(!releases(work, repository, to_see, 1).await?.is_empty())
}

/// Looks from these up to what refers to them, and to what they are about, until so many releases are found.
async fn releases(
    work: &mut Work,
    repository: &Record,
    mut to_see: Vec<String>,
    enough: usize,
) -> Outcome<Vec<Record>> {
    let mut seen: HashSet<String> = to_see.iter().cloned().collect();
    let mut found = Vec::new();
    while let Some(digest) = to_see.pop() {
        found.extend(published(work, repository, &digest).await?);
        if found.len() >= enough {
            break;
        }
        let mut above = indexes_of(work, repository, &digest).await?;
        let manifest = work.find(ContentManifest::RESOURCE, &holding(repository, &digest)).await?;
        above.extend(manifest.and_then(|manifest| manifest.get("subject").as_text().map(str::to_owned)));
        to_see.extend(above.into_iter().filter(|digest| seen.insert(digest.clone())));
    }
    Ok(found)
}

async fn indexes_of(work: &mut Work, repository: &Record, digest: &str) -> Outcome<Vec<String>> {
    let scope = Scope::id("package_id", repository.id()).and(Scope::text("child", digest));
    let edges = work.all(ContentEdge::RESOURCE, &scope).await?;
    Ok(edges.iter().filter_map(|edge| edge.get("parent").as_text().map(str::to_owned)).collect())
}

/// The releases that are out and name it, by a tag or an archive.
async fn published(work: &mut Work, repository: &Record, digest: &str) -> Outcome<Vec<Record>> {
    let mut ids = BTreeSet::new();
    for resource in [ContentTag::RESOURCE, ContentRoot::RESOURCE] {
        let names = work.all(resource, &holding(repository, digest)).await?;
        ids.extend(names.iter().filter_map(|name| name.get("release_id").as_id()));
    }
    let mut releases = work.all_of(Release::RESOURCE, ids).await?;
    releases.retain(|release| release.get("status").as_text() == Some(ReleaseStatus::Published.as_str()));
    Ok(releases)
}
