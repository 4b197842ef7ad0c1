//! Blobs of a repository. The repositories of an account share the bytes of what has one digest.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;

use keyway_access::Action;
use keyway_base::{BlobName, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{BlobError, BlobKey};
use keyway_domain::resources::{ContentBlob, ContentEdge, Package};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_engine::{ContentOutcome, MountFrom};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};

use super::super::job;
use super::super::push::named;
use super::repository::{holding, known, rows, to_push};
use super::upload;
use crate::call::Call;
use crate::gate;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// How old the last sign of interest in a blob may become before another one is written down.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How many digests one statement names; databases bound their parameters.
const DIGESTS: usize = 500;

/// A blob whose bytes are in the store.
pub(super) struct NewBlob {
    pub(super) digest: ContentDigest,
    pub(super) size: u64,
    pub(super) key: BlobKey,
}

/// Adds an uploaded blob, and ends its upload.
pub(super) async fn complete(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    upload: Option<RecordId>,
    new: &NewBlob,
) -> Outcome<ContentOutcome> {
    let lost = lost(call, new).await?;
    let mut work = Work::writing(call).await?;
    let repository = to_push(&mut work, engine, package).await?;
    if let Some(upload) = upload {
        let Some(row) = upload::own(&mut work, &repository, upload).await? else {
            return Ok(ContentOutcome::UploadUnknown);
        };
        work.delete(&row).await?;
    }
    let digest = new.digest.to_string();
    let size = i64::try_from(new.size).ok();
    let key = key_of(&mut work, &digest, new.key, &lost).await?;
    add(&mut work, &repository, &digest, size, &key.to_string()).await?;
    work.commit().await?;
    Ok(ContentOutcome::Blob { digest: new.digest })
}

/// Looks, before anything waits for that, where the store lacks the bytes of a digest: of the places that the account
/// knows, and the one where they were put just now. A job that found nothing that refers to them may have removed them.
async fn lost(call: &Arc<Call>, new: &NewBlob) -> Outcome<HashSet<BlobKey>> {
    let digest = Scope::text("digest", new.digest.to_string());
    let same = Work::reading(call).await?.all(ContentBlob::RESOURCE, &digest).await?;
    let mut keys: HashSet<BlobKey> = same.iter().filter_map(key_in).collect();
    keys.insert(new.key);
    let mut lost = HashSet::new();
    for key in keys {
        match call.api.parts().blobs.head(&key).await {
            Ok(_) => {}
            Err(BlobError::Absent(_)) => drop(lost.insert(key)),
            Err(error) => return Err(Refusal::Broken(error.to_string())),
        }
    }
    Ok(lost)
}

fn key_in(blob: &Record) -> Option<BlobKey> {
    blob.get("blob_key").as_text()?.parse().ok()
}

/// Where the bytes of a digest are from now on: where they were, if the account has them, and the new ones go again,
/// for nothing refers to them. Where those have been lost, all that have the digest get the new ones. A place that was
/// written down since this was looked at has them: whoever did that looked.
async fn key_of(work: &mut Work, digest: &str, new: BlobKey, lost: &HashSet<BlobKey>) -> Outcome<BlobKey> {
    let same = work.all(ContentBlob::RESOURCE, &Scope::text("digest", digest)).await?;
    if let Some(known) = same.iter().filter_map(key_in).find(|key| !lost.contains(key)) {
        return Ok(known);
    }
    if lost.contains(&new) {
        return Err(Refusal::Broken(format!("the bytes of {digest} went while they were written down")));
    }
    for before in same {
        tracing::warn!(digest, blob = %before.id(), "the bytes of a blob were lost; it has those just sent");
        let mut after = before.clone();
        after.set("blob_key", Value::Text(new.to_string()));
        after.set("updated_at", Value::Time(work.now()));
        work.update(&after, &["blob_key", "updated_at"]).await?;
        let related = Related { is_awaited: true, ..Related::default() };
        work.touch(touches(Mutation { before: Some(&before), after: Some(&after) }, &related));
    }
    Ok(new)
}

/// Adds a blob of another repository that the caller reads; else begins an upload. Whether there is none or it may not
/// be read is not told.
pub(super) async fn mount(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    digest: &ContentDigest,
    from: &MountFrom,
    algorithm: ContentAlgorithm,
) -> Outcome<ContentOutcome> {
    let mut work = Work::writing(call).await?;
    let repository = to_push(&mut work, engine, package).await?;
    let text = digest.to_string();
    let outcome = match source(&mut work, engine, from, &text).await? {
        Some(blob) => {
            let key = blob.get("blob_key").as_text().unwrap_or_default();
            add(&mut work, &repository, &text, blob.get("size").as_int(), key).await?;
            ContentOutcome::Blob { digest: *digest }
        }
        None => {
            let state = call.api.parts().blobs.grow(call.account.id, algorithm);
            let id = upload::insert(&mut work, &repository, &state).await?;
            ContentOutcome::Upload { id, size: 0 }
        }
    };
    work.commit().await?;
    Ok(outcome)
}

/// The blob of a digest in a repository that the caller reads, or in any such.
async fn source(
    work: &mut Work,
    engine: &'static str,
    from: &MountFrom,
    digest: &str,
) -> Outcome<Option<Record>> {
    let scope = match from {
        MountFrom::Nowhere => return Ok(None),
        MountFrom::Named(from) => match named::find(work, engine, from).await? {
            Some(repository) => holding(&repository, digest),
            None => return Ok(None),
        },
        MountFrom::Any => {
            let readable = gate::visible(&work.call, Package::RESOURCE).and(Scope::text("engine", engine));
            Scope::text("digest", digest).and(Scope::belongs("packages", "package_id", readable))
        }
    };
    work.find(ContentBlob::RESOURCE, &scope).await
}

/// Adds a blob to a repository that may have it already.
async fn add(
    work: &mut Work,
    repository: &Record,
    digest: &str,
    size: Option<i64>,
    key: &str,
) -> Outcome<()> {
    if let Some(known) = work.find(ContentBlob::RESOURCE, &holding(repository, digest)).await? {
        return keep_fresh(work, known).await;
    }
    let blob = rows(work, repository).blob(digest, size, key);
    work.insert(&blob).await?;
    let is_awaited = is_referred_to(work, repository, digest).await?;
    let related = Related { is_awaited, ..Related::default() };
    work.touch(touches(Mutation { before: None, after: Some(&blob) }, &related));
    job::collect_content(work, repository).await
}

/// Whether a manifest of the repository refers to a digest.
pub(super) async fn is_referred_to(work: &mut Work, repository: &Record, digest: &str) -> Outcome<bool> {
    let scope = Scope::id("package_id", repository.id()).and(Scope::text("child", digest));
    work.any(ContentEdge::RESOURCE, &scope).await
}

/// A blob for one who publishes.
pub(super) async fn find(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    digest: &ContentDigest,
) -> Outcome<Option<(BlobName, u64)>> {
    let mut work = Work::reading(call).await?;
    let Some(repository) = known(&mut work, engine, package, Action::PackageShow).await? else {
        return Ok(None);
    };
    let found = work.find(ContentBlob::RESOURCE, &holding(&repository, &digest.to_string())).await?;
    let Some(blob) = found else { return Ok(None) };
    let is_fresh = is_fresh(&work, &blob);
    drop(work);
    if !is_fresh {
        let mut work = Work::writing(call).await?;
        let Some(blob) = work.get(ContentBlob::RESOURCE, blob.id()).await? else { return Ok(None) };
        keep_fresh(&mut work, blob).await?;
        work.commit().await?;
    }
    let name = blob.get("blob_key").as_text().and_then(|key| key.split_once('/')?.1.parse().ok());
    let size = blob.get("size").as_int().and_then(|size| u64::try_from(size).ok());
    Ok(name.zip(size))
}

/// Those of the blobs that the repository lacks. The others are kept from being collected: should that be under
/// way, one of the two transactions starts over.
pub(super) async fn claim(
    work: &mut Work,
    repository: &Record,
    wanted: &[ContentDigest],
) -> Outcome<Vec<ContentDigest>> {
    let (there, missing) = sought(work, repository, ContentBlob::RESOURCE, wanted).await?;
    for blob in there {
        keep_fresh(work, blob).await?;
    }
    Ok(missing)
}

/// What a repository has of these digests, and which it lacks.
pub(super) async fn sought(
    work: &mut Work,
    repository: &Record,
    resource: &'static Resource,
    wanted: &[ContentDigest],
) -> Outcome<(Vec<Record>, Vec<ContentDigest>)> {
    let mut missing: BTreeSet<ContentDigest> = wanted.iter().copied().collect();
    let named: Vec<Value> = missing.iter().map(|digest| Value::Text(digest.to_string())).collect();
    let mut there = Vec::new();
    for some in named.chunks(DIGESTS) {
        let scope = Scope::id("package_id", repository.id()).and(Scope::In("digest", some.to_vec()));
        there.extend(work.all(resource, &scope).await?);
    }
    for digest in there.iter().filter_map(|row| row.get("digest").as_text()?.parse().ok()) {
        missing.remove(&digest);
    }
    Ok((there, missing.into_iter().collect()))
}

/// Writes down that somebody is interested in a blob, unless somebody was lately.
async fn keep_fresh(work: &mut Work, mut blob: Record) -> Outcome<()> {
    if is_fresh(work, &blob) {
        return Ok(());
    }
    blob.set("updated_at", Value::Time(work.now()));
    work.update(&blob, &["updated_at"]).await
}

fn is_fresh(work: &Work, blob: &Record) -> bool {
    let lately = work.now().minus(FRESH);
    blob.get("updated_at").as_time().is_some_and(|at| at > lately)
}
