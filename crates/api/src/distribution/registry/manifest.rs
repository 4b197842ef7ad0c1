//! Manifests of a repository, as they are pushed.

use std::sync::Arc;

use keyway_base::ContentDigest;
use keyway_domain::content::ManifestRow;
use keyway_domain::resources::ContentManifest;
use keyway_engine::{ContentOutcome, NewManifest};
use keyway_jsonapi::{Declared, Record, Value};

use super::repository::{holding, rows, to_push};
use super::{blob, reach, tag};
use crate::call::Call;
use crate::interpreter::change;
use crate::refusal::Outcome;
use crate::touch;
use crate::work::Work;

/// Adds a manifest, and lets its tags name it: all of them, or none.
pub(super) async fn put(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    new: &NewManifest,
) -> Outcome<ContentOutcome> {
    let mut work = Work::writing(call).await?;
    let repository = to_push(&mut work, engine, package).await?;
    let missing = blob::claim(&mut work, &repository, &new.blobs).await?;
    if !missing.is_empty() {
        return Ok(ContentOutcome::BlobsMissing(missing));
    }
    let missing = missing_parts(&mut work, &repository, new).await?;
    if !missing.is_empty() {
        return Ok(ContentOutcome::ManifestsMissing(missing));
    }
    keep(&mut work, &repository, new).await?;
    let digest = new.digest.to_string();
    for named in &new.tags {
        if let Err(refused) = tag::put(&mut work, &repository, engine, named, &digest).await? {
            return Ok(*refused);
        }
    }
    work.commit().await?;
    Ok(ContentOutcome::Manifest { digest: new.digest, subject: new.subject })
}

/// What a new index lists and is not here. It may list blobs too, as caches of builds do. One that is here already may
/// have come without some of its parts, in an archive.
async fn missing_parts(
    work: &mut Work,
    repository: &Record,
    new: &NewManifest,
) -> Outcome<Vec<ContentDigest>> {
    let itself = holding(repository, &new.digest.to_string());
    if new.manifests.is_empty() || work.any(ContentManifest::RESOURCE, &itself).await? {
        return Ok(Vec::new());
    }
    let (_, others) = blob::sought(work, repository, ContentManifest::RESOURCE, &new.manifests).await?;
    blob::claim(work, repository, &others).await
}

/// Writes a manifest and its references down, unless they are there. The same bytes may come under another media
/// type, which then counts, unless customers have them already.
async fn keep(work: &mut Work, repository: &Record, new: &NewManifest) -> Outcome<()> {
    let digest = new.digest.to_string();
    if let Some(before) = work.find(ContentManifest::RESOURCE, &holding(repository, &digest)).await? {
        if reach::is_released(work, repository, &digest).await? {
            return Ok(());
        }
        let mut after = before.clone();
        after.set("media_type", Value::Text(new.media_type.clone()));
        return change(work, &before, &mut after).await;
    }
    let rows = rows(work, repository);
    let manifest = rows.manifest(&ManifestRow {
        digest: &new.digest,
        media_type: &new.media_type,
        artifact_type: new.artifact_type.as_deref(),
        subject: new.subject.as_ref(),
        annotations: new.annotations.as_deref(),
        content: &new.bytes,
    });
    work.insert(&manifest).await?;
    touch::record(work, None, Some(&manifest)).await?;
    let parts = [&new.blobs, &new.foreign, &new.manifests].into_iter().flatten();
    Ok(work.write()?.insert_all(&rows.edges(&new.digest, parts)).await?)
}
