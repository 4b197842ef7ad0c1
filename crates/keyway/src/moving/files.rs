//! The files of a move: which there are, copied by key with their hashes checked on the way, and looked at.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use keyway_base::{AccountId, BlobName, ContentDigest};
use keyway_blob::{Blob, BlobError, BlobKey, BlobStore};
use keyway_crypto::digest::{RunningSha256, Sha256};
use keyway_domain::resources::{Artifact, ArtifactStatus, ContentBlob, ContentUpload, PartUpload};
use keyway_jsonapi::{Declared, Scope, Value};
use keyway_store::Page;
use tokio::task::JoinSet;

use super::Stores;
use super::ends::{Ends, files_of};
use super::progress::Progress;
use super::source::Source;

/// How many files are on their way at once.
const AT_ONCE: usize = 4;
/// How many artifacts are read at once.
const BATCH: u32 = 500;

/// A file that a record points at.
#[derive(Debug, Clone)]
pub(super) struct File {
    key: BlobKey,
    /// What it is, for people.
    name: String,
    len: Option<u64>,
    sha256: Option<Sha256>,
    /// Whether customers or the next server's jobs want it; one on its way out may be gone already.
    is_wanted: bool,
}

/// What became of a file.
enum Outcome {
    /// It is at its place, with so many bytes.
    There(u64),
    /// It is not to be had, and nobody minds.
    Gone,
    /// What is wrong with it.
    Wrong(String),
}

/// What became of all.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) files: u64,
    pub(super) bytes: u64,
    pub(super) problems: Vec<String>,
}

/// Every file that an artifact or a registry's repository points at, once.
///
/// # Errors
/// A database that cannot be read, or a record that points at no file.
pub(super) async fn list(source: &Source) -> Result<Vec<File>> {
    let mut files = BTreeMap::new();
    let mut add = |file: File| {
        let known: &mut File = files.entry(file.key).or_insert_with(|| file.clone());
        known.is_wanted |= file.is_wanted;
    };
    let has_file = Scope::Not(Box::new(Scope::IsNull("blob_key")));
    each(source, &has_file, |artifact: Artifact| File::of(&artifact).map(&mut add)).await?;
    each(source, &Scope::All, |blob: ContentBlob| File::of_content(&blob).map(&mut add)).await?;
    Ok(files.into_values().collect())
}

async fn each<T: Declared>(
    source: &Source,
    scope: &Scope,
    mut see: impl FnMut(T) -> Result<()>,
) -> Result<()> {
    for account in &source.accounts {
        let mut page = Page { limit: Some(BATCH), ..Page::all() };
        loop {
            let records = source.db.list(T::RESOURCE, *account, scope, &page).await?;
            let Some(last) = records.last() else { break };
            page.after = Some(last.id());
            records.iter().try_for_each(|record| see(record.typed()?))?;
        }
    }
    Ok(())
}

impl File {
    fn of(artifact: &Artifact) -> Result<Self> {
        let key = artifact.blob_key.as_deref().and_then(|key| key.parse::<BlobKey>().ok());
        let key =
            key.with_context(|| format!("the artifact {} points at no file: repair its row", artifact.id))?;
        let recorded = artifact.sha256.as_deref().and_then(|bytes| bytes.try_into().ok());
        let sha256 = recorded.or(match key.name() {
            BlobName::Digest(bytes) => Some(bytes),
            BlobName::Random(_) => None,
        });
        Ok(Self {
            key,
            name: format!("{} of artifact {}", artifact.filename, artifact.id),
            len: artifact.content_length.and_then(|len| u64::try_from(len).ok()),
            sha256: sha256.map(Sha256::new),
            is_wanted: matches!(artifact.status, ArtifactStatus::Uploaded | ArtifactStatus::Processing),
        })
    }

    fn of_content(blob: &ContentBlob) -> Result<Self> {
        let key = blob.blob_key.parse();
        let sha256 = match blob.digest.parse() {
            Ok(ContentDigest::Sha256(bytes)) => Some(Sha256::new(bytes)),
            _ => None,
        };
        Ok(Self {
            key: key.with_context(|| format!("the blob {} points at no file: repair its row", blob.id))?,
            name: format!("{} of the repository {}", blob.digest, blob.package_id),
            len: u64::try_from(blob.size).ok(),
            sha256,
            is_wanted: true,
        })
    }

    fn wrong(&self, what: &str) -> Outcome {
        Outcome::Wrong(format!("{} (blob {}) {what}", self.name, self.key))
    }

    fn absent(&self, place: &str) -> Outcome {
        if self.is_wanted { self.wrong(&format!("is missing at the {place}")) } else { Outcome::Gone }
    }

    /// What is wrong with so many bytes.
    fn wrong_len(&self, len: u64) -> Option<Outcome> {
        let wanted = self.len.filter(|wanted| *wanted != len)?;
        Some(self.wrong(&format!("is damaged: it has {len} bytes, and {wanted} were recorded")))
    }

    /// What is wrong with so many bytes that hash so.
    fn fault(&self, len: u64, sha256: Sha256) -> Option<Outcome> {
        self.wrong_len(len).or_else(|| {
            let wanted = self.sha256.filter(|wanted| *wanted != sha256)?;
            Some(self.wrong(&format!("is damaged: its SHA-256 is {sha256}, and {wanted} was recorded")))
        })
    }
}

/// Copies what is not at the target yet. A file that is missing or damaged is told of, and not copied.
///
/// # Errors
/// A store that fails.
pub(super) async fn copy(
    from: &BlobStore,
    to: &BlobStore,
    files: Vec<File>,
    progress: &Progress,
) -> Result<Tally> {
    for_each("copied", files, progress, |file| {
        let (from, to) = (from.clone(), to.clone());
        async move {
            copy_one(&from, &to, &file).await.with_context(|| format!("{} could not be copied", file.key))
        }
    })
    .await
}

async fn copy_one(from: &BlobStore, to: &BlobStore, file: &File) -> Result<Outcome, BlobError> {
    let there = len_at(to, file).await?;
    if let Some(len) = there.filter(|len| Some(*len) == file.len) {
        return Ok(Outcome::There(len));
    }
    let blob = match from.read(&file.key).await {
        Err(BlobError::Absent(_)) => return Ok(file.absent("source")),
        blob => blob?,
    };
    let len = blob.len();
    let mut staging = to.stage_as(file.key, len, Some(len)).await?;
    let mut stream = blob.read_range(0, len);
    while let Some(bytes) = stream.next().await {
        match bytes {
            Err(BlobError::Short { at, .. }) => return Ok(file.wrong(&format!("ends after {at} bytes"))),
            bytes => staging.write(bytes?).await?,
        }
    }
    let staged = staging.finish().await?;
    if let Some(fault) = file.fault(staged.size(), staged.digests().sha256) {
        return Ok(fault);
    }
    to.commit(staged).await?;
    Ok(Outcome::There(len))
}

async fn len_at(store: &BlobStore, file: &File) -> Result<Option<u64>, BlobError> {
    match store.head(&file.key).await {
        Ok(head) => Ok(Some(head.len)),
        Err(BlobError::Absent(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Looks whether every file is in a store, with its length.
///
/// # Errors
/// A store that fails.
pub(super) async fn look(store: &BlobStore, files: Vec<File>, progress: &Progress) -> Result<Tally> {
    for_each("looked at", files, progress, |file| {
        let store = store.clone();
        async move {
            let found =
                len_at(&store, &file).await.with_context(|| format!("{} cannot be read", file.key))?;
            Ok(match found {
                None => file.absent("source"),
                Some(len) => file.wrong_len(len).unwrap_or(Outcome::There(len)),
            })
        }
    })
    .await
}

/// Reads every file at the target and compares its hash with what is recorded, or else with the source's.
///
/// # Errors
/// A store that fails.
pub(super) async fn verify(stores: &Stores, files: Vec<File>, progress: &Progress) -> Result<Tally> {
    for_each("compared", files, progress, |mut file| {
        let (from, to) = (stores.from.clone(), stores.to.clone());
        async move {
            verify_one(&from, &to, &mut file)
                .await
                .with_context(|| format!("{} cannot be compared", file.key))
        }
    })
    .await
}

async fn verify_one(from: &BlobStore, to: &BlobStore, file: &mut File) -> Result<Outcome, BlobError> {
    let blob = match to.read(&file.key).await {
        Err(BlobError::Absent(_)) => return Ok(file.absent("target")),
        blob => blob?,
    };
    if file.sha256.is_none()
        && let Ok(original) = from.read(&file.key).await
    {
        file.sha256 = Some(hash(&original).await?);
    }
    let found = hash(&blob).await?;
    Ok(file.fault(blob.len(), found).unwrap_or(Outcome::There(blob.len())))
}

async fn hash(blob: &Blob) -> Result<Sha256, BlobError> {
    let mut hash = RunningSha256::default();
    let mut stream = blob.read_range(0, blob.len());
    while let Some(bytes) = stream.next().await {
        hash.update(&bytes?);
    }
    Ok(hash.finish())
}

/// Does something with every file, a few at once, and counts.
async fn for_each<F>(
    done: &str,
    files: Vec<File>,
    progress: &Progress,
    work: impl Fn(File) -> F,
) -> Result<Tally>
where
    F: Future<Output = Result<Outcome>> + Send + 'static,
{
    let all = files.len();
    let mut files = files.into_iter();
    let (mut running, mut tally) = (JoinSet::new(), Tally::default());
    loop {
        while running.len() < AT_ONCE
            && let Some(file) = files.next()
        {
            running.spawn(work(file));
        }
        let Some(outcome) = running.join_next().await else { break };
        match outcome?? {
            Outcome::There(len) => {
                tally.files += 1;
                tally.bytes += len;
            }
            Outcome::Gone => {}
            Outcome::Wrong(what) => tally.problems.push(what),
        }
        progress.tick(|| format!("files: {} of {all} {done}, {} MiB", tally.files, tally.bytes >> 20));
    }
    progress.say(&format!("{:<24} {:>12} {done}, {} bytes", "files", tally.files, tally.bytes));
    Ok(tally)
}

/// Lets nobody put files beside those of another installation: its servers would take ours for left behind, and
/// ours theirs.
///
/// # Errors
/// When the store holds files of other accounts, or fails.
pub(super) async fn refuse_strangers(
    store: &BlobStore,
    accounts: &BTreeSet<AccountId>,
    ends: &Ends,
) -> Result<()> {
    let mut after = None;
    loop {
        let page = store.page(after).await?;
        if let Some(other) = page.found.iter().find(|found| !accounts.contains(&found.key.account())) {
            bail!(
                "{} holds files of another installation (of the account {}): name a directory or prefix of its own",
                files_of(&ends.to),
                other.key.account()
            );
        }
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Uploads that clients have put to URLs of the source's object store, and its server has not taken in yet.
///
/// # Errors
/// A database or store that fails.
pub(super) async fn not_taken_in(source: &Source, store: &BlobStore) -> Result<Vec<String>> {
    let mut waiting = Vec::new();
    let waits = Scope::text("status", ArtifactStatus::Waiting.as_str());
    each(source, &waits, |artifact: Artifact| {
        waiting.push((artifact.account_id, artifact.id, artifact.filename));
        Ok(())
    })
    .await?;
    let mut arrived = Vec::new();
    for (account, id, name) in waiting {
        if store.arrived(account, id.into()).await?.is_some() {
            arrived.push(format!(
                "{name} of artifact {id} has arrived at the source and was not taken in: start its server for a moment"
            ));
        }
    }
    Ok(arrived)
}

/// Uploads in parts and pushes that are under way: what has come of them stays where it is.
///
/// # Errors
/// A database that fails.
pub(super) async fn under_way(source: &Source) -> Result<Vec<String>> {
    let begun = Scope::Not(Box::new(Scope::IsNull("store_id")));
    let mut artifacts = Vec::new();
    each(source, &begun, |upload: PartUpload| {
        artifacts.push((upload.account_id, upload.artifact_id));
        Ok(())
    })
    .await?;
    let mut notes = Vec::new();
    for (account, id) in artifacts {
        let found = source.db.find(Artifact::RESOURCE, account, &Scope::id("id", id)).await?;
        let name = found.as_ref().and_then(|record| record.get("filename").as_text()).unwrap_or("a file");
        notes.push(format!(
            "{name} of artifact {id} is coming in parts, which stay behind: its sender has to begin again"
        ));
    }
    each(source, &Scope::Gt("size", Value::Int(0)), |upload: ContentUpload| {
        notes.push(format!(
            "a push to the repository {} is under way, which stays behind: its client begins again",
            upload.package_id
        ));
        Ok(())
    })
    .await?;
    Ok(notes)
}
