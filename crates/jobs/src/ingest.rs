//! `artifact.ingest`: from the bytes of an upload to an artifact that can be offered, or to a reason why not
//! (`distribution.md` §8).
//!
//! The file is read first, without any effect; status, digests and manifests are then written in one
//! transaction together with the end of the job. Nothing is ever half visible, and running twice is running
//! once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use keyway_base::{AccountId, ContentDigest, RecordId, Slot, Timestamp};
use keyway_blob::{BlobError, BlobKey};
use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::{Artifact, ArtifactStatus, Manifest, Package, Product, Release};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::{self as store, Changes, Inserted, Job, Write};
use tokio::task::spawn_blocking;

use crate::companion::Companion;
use crate::examine::{Examined, Expected, Finding, examine};
use crate::images::{Brought, Importing};
use crate::kind::{delete_blob, subject};
use crate::runner::{Ended, Parts, end};
use crate::shelf::Shelf;
use crate::signer::AccountSigner;
use crate::{JobError, place};

/// Where an artifact's metadata says what was found in an archive of images.
const REPORT: &str = "image_report";

/// Reads the upload of the artifact that the job names.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let id = subject(job)?;
    let Some(expected) = load(parts, job.account, id).await? else { return Ok(Ended::Done) };
    let companion = expected.companion.clone();
    let (finding, keys) = read(parts, job.account, expected).await?;
    conclude(parts, job, id, Read { finding, keys, companion }).await
}

/// Ends the wait of the vendor after the last attempt: FAILED, with what can be told of why.
pub(crate) async fn give_up(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let reason =
        "the file could not be processed; upload it again, and contact support if that does not help";
    let read = Read { finding: Err(reason.to_owned()), keys: Keys::new(), companion: None };
    conclude(parts, job, subject(job)?, read).await
}

/// Whether an artifact waits to be read.
fn is_due(artifact: &Artifact) -> bool {
    let waits = matches!(artifact.status, ArtifactStatus::Waiting | ArtifactStatus::Processing);
    waits && artifact.blob_key.is_some()
}

/// What is to be read; `None` when there is nothing to do (any more).
async fn load(parts: &Parts, account: AccountId, id: RecordId) -> Result<Option<Expected>, JobError> {
    let mut read = parts.db.read().await?;
    let Some(artifact) = find::<Artifact>(&mut read, account, id).await? else { return Ok(None) };
    if !is_due(&artifact) {
        return Ok(None);
    }
    let Some(release) = find::<Release>(&mut read, account, artifact.release_id.into()).await? else {
        return Ok(None);
    };
    let package = match release.package_id {
        Some(id) => find::<Package>(&mut read, account, id.into()).await?,
        None => None,
    };
    let key = package.as_ref().and_then(|package| package.engine.as_deref());
    let engine = key.and_then(|key| parts.engines.get(key));
    let public_key = match key {
        Some(key) => public_key(&mut read, &release, package.as_ref(), key).await?,
        None => None,
    };
    let companion = match engine.and_then(|engine| Companion::of(engine, &artifact)) {
        Some(companion) => {
            let rows = read.all(Manifest::RESOURCE, account, &companion.scope()).await?;
            Some(companion.with(&rows)?)
        }
        None => None,
    };
    Ok(Some(Expected { artifact, release, package, engine, public_key, companion }))
}

/// The key that the vendor registered for the signatures of an engine: the package's, or else its product's.
async fn public_key(
    read: &mut store::Read,
    release: &Release,
    package: Option<&Package>,
    engine: &str,
) -> Result<Option<String>, JobError> {
    let name = format!("{engine}_public_key");
    let said = |metadata: &serde_json::Value| metadata.get(&name)?.as_str().map(str::to_owned);
    if let Some(key) = package.and_then(|package| said(&package.metadata)) {
        return Ok(Some(key));
    }
    let product = find::<Product>(read, release.account_id, release.product_id.into()).await?;
    Ok(product.and_then(|product| said(&product.metadata)))
}

async fn find<T: Declared>(
    read: &mut store::Read,
    account: AccountId,
    id: RecordId,
) -> Result<Option<T>, JobError> {
    let found = read.find(T::RESOURCE, account, &Scope::id("id", id)).await?;
    Ok(found.map(|record| record.typed()).transpose()?)
}

/// Where the blobs are that an archive brought.
type Keys = HashMap<ContentDigest, BlobKey>;

/// What came of reading a file.
struct Read {
    finding: Finding,
    keys: Keys,
    /// The file that it was read together with.
    companion: Option<Companion>,
}

/// Examines the file where blocking is allowed.
async fn read(parts: &Parts, account: AccountId, expected: Expected) -> Result<(Finding, Keys), JobError> {
    let id = expected.artifact.id;
    let key = expected.artifact.blob_key.as_deref().and_then(|key| key.parse::<BlobKey>().ok());
    let refused = |reason: &str| (Err(reason.to_owned()), Keys::new());
    let Some(key) = key else { return Ok(refused("the file is not in the store")) };
    let Some(signer) = AccountSigner::of(&parts.db, account).await? else {
        return Ok(refused("the account is gone"));
    };
    let blobs = parts.blobs.clone();
    let file = match blobs.open_file(&key).await {
        Err(BlobError::Absent(_)) => {
            return Ok(refused("the file is not in the store; upload it again"));
        }
        opened => opened?,
    };
    let mut shelf = Shelf::new(parts, account);
    let examined = spawn_blocking(move || {
        let unreadable = |why| JobError::Unreadable { artifact: id, why };
        let finding = examine(file, &expected, &signer, &mut shelf).map_err(unreadable)?;
        Ok((finding, shelf.keys()))
    });
    examined.await.map_err(|_| JobError::CutOff(id))?
}

/// Writes what was found, unless the artifact went its own way meanwhile.
async fn conclude(parts: &Parts, job: &Job, id: RecordId, read: Read) -> Result<Ended, JobError> {
    let Read { mut finding, keys, companion } = read;
    let brought = finding.as_mut().ok().and_then(|examined| examined.plan.take());
    let mut brought = brought.map(|plan| Brought { plan, keys, lost: HashSet::new() });
    if let Some(brought) = &mut brought {
        brought.check(parts, job.account).await?;
    }
    let mut write = parts.db.begin().await?;
    let account = job.account;
    let Some(before) = write.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await? else {
        return end(write, job, Changes::none()).await;
    };
    let mut artifact: Artifact = before.typed()?;
    if !is_due(&artifact) {
        return end(write, job, Changes::none()).await;
    }
    let now = parts.clock.wall();
    if let Some(companion) = &companion
        && !companion.is_unchanged(&mut write, account).await?
    {
        return Ok(Ended::Again(now));
    }
    let mut slots = BTreeSet::new();
    if let Some(brought) = &brought {
        match import(&mut write, &mut artifact, brought, now).await? {
            Ok(touched) => slots = touched,
            Err(reason) => finding = Err(reason),
        }
    }
    let manifests = match &finding {
        Ok(examined) => examined.manifests.as_slice(),
        Err(_) => &[],
    };
    let kinds: &[&str] = match &finding {
        Ok(Examined { processed: false, .. }) => &["upload.succeeded", "uploaded"],
        Ok(_) => &["upload.succeeded"],
        Err(_) => &["upload.failed"],
    };
    keep_manifests(&mut write, &artifact, manifests, now).await?;
    let after = concluded(artifact, finding, now);
    if let (None, Some(key)) = (after.get("blob_key").as_text(), before.get("blob_key").as_text()) {
        write.enqueue(&delete_blob(account, key, now)).await?;
    }
    let columns: Vec<&str> = Artifact::RESOURCE.columns.iter().map(|column| column.name).collect();
    write.update(&after, &columns).await?;
    for event in kinds.iter().filter_map(|kind| Event::of(&after, kind)) {
        keyway_events::record(&mut write, &event, &Origin::default(), now).await?;
    }
    let places = place::of_record(&mut write, account, &before).await?;
    let related = Related { places, ..Related::default() };
    slots.extend(touches(Mutation { before: Some(&before), after: Some(&after) }, &related));
    end(write, job, Changes::of(account, slots)).await
}

/// Writes down what an archive of images brought, and what was found in it; or says why it is refused.
async fn import(
    write: &mut Write,
    artifact: &mut Artifact,
    brought: &Brought,
    now: Timestamp,
) -> Result<Result<BTreeSet<Slot>, String>, JobError> {
    let account = artifact.account_id;
    let release: Option<Release> = place::find(write, account, artifact.release_id.into()).await?;
    let package: Option<Package> = match release.as_ref().and_then(|release| release.package_id) {
        Some(id) => place::find(write, account, id.into()).await?,
        None => None,
    };
    let Some((release, package)) = release.zip(package) else {
        return Ok(Err("the release has left its repository meanwhile".to_owned()));
    };
    let mut importing = Importing { write, artifact, now, slots: BTreeSet::new() };
    let left = match importing.take(&package, &release, brought).await? {
        Ok(left) => left,
        Err(reason) => return Ok(Err(reason)),
    };
    let slots = importing.slots;
    if let serde_json::Value::Object(metadata) = &mut artifact.metadata {
        metadata.insert(REPORT.to_owned(), brought.report(&release, &left));
    }
    Ok(Ok(slots))
}

/// The artifact as it is from now on. Bytes that are refused are not kept.
fn concluded(mut artifact: Artifact, finding: Finding, now: Timestamp) -> Record {
    artifact.updated_at = now;
    match finding {
        Ok(Examined { size, digests, media_type, .. }) => {
            artifact.status = ArtifactStatus::Uploaded;
            artifact.failure = None;
            artifact.content_type = Some(media_type.to_owned());
            artifact.content_length = i64::try_from(size).ok();
            artifact.md5 = Some(digests.md5.as_bytes().to_vec());
            artifact.sha1 = Some(digests.sha1.as_bytes().to_vec());
            artifact.sha256 = Some(digests.sha256.as_bytes().to_vec());
            artifact.sha512 = Some(digests.sha512.as_bytes().to_vec());
        }
        Err(reason) => {
            artifact.status = ArtifactStatus::Failed;
            artifact.failure = Some(reason);
            artifact.blob_key = None;
        }
    }
    artifact.into_record()
}

async fn keep_manifests(
    write: &mut Write,
    artifact: &Artifact,
    manifests: &[keyway_engine::Manifest],
    now: Timestamp,
) -> Result<(), JobError> {
    let account = artifact.account_id;
    write.delete_where(Manifest::RESOURCE, account, &Scope::id("artifact_id", artifact.id)).await?;
    for manifest in manifests {
        let row = Manifest {
            id: RecordId::generate(now),
            account_id: account,
            environment_id: artifact.environment_id,
            created_at: now,
            updated_at: now,
            release_id: artifact.release_id,
            artifact_id: artifact.id.into(),
            kind: manifest.kind.clone(),
            content: Arc::clone(&manifest.bytes).to_vec(),
        };
        match write.insert(&row.into_record()).await? {
            Inserted::Yes => {}
            Inserted::Conflict(index) => return Err(keyway_store::StoreError::Conflict(index).into()),
        }
    }
    Ok(())
}
