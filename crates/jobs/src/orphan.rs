//! Blobs that nothing refers to: what a process that was killed between bytes and row left behind.

use std::collections::HashSet;

use keyway_base::Timestamp;
use keyway_blob::{BlobKey, GrowthState};
use keyway_domain::content::KEPT_UNREFERENCED;
use keyway_domain::resources::{Account, ContentUpload, PartUpload};
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Changes, Page};

use crate::JobError;
use crate::blob::REFERRING;
use crate::kind::delete_blob;
use crate::runner::Parts;

/// Looks through the whole store; has everything deleted that is old and not referred to, and says how much that
/// was. Each deletion is a job, which looks once more while nobody can begin to refer to the blob.
pub(crate) async fn sweep(parts: &Parts) -> Result<usize, JobError> {
    let before = parts.clock.wall().minus(KEPT_UNREFERENCED);
    let mut swept = parts.blobs.tidy(before, unfinished(parts).await?).await?;
    let mut after = None;
    loop {
        let page = parts.blobs.page(after).await?;
        for found in page.found.iter().filter(|found| found.modified < before) {
            swept += usize::from(orphan(parts, &found.key, before).await?);
        }
        after = page.next;
        if after.is_none() {
            return Ok(swept);
        }
    }
}

/// The keys of the uploads, in parts or growing, that may still be completed.
async fn unfinished(parts: &Parts) -> Result<HashSet<BlobKey>, JobError> {
    let mut keys = HashSet::new();
    for account in parts.db.accounts(Account::RESOURCE).await? {
        let id = account.id().into();
        let uploads = parts.db.list(PartUpload::RESOURCE, id, &Scope::All, &Page::all()).await?;
        let theirs = uploads.iter().filter_map(|upload| upload.get("blob_key").as_text()?.parse().ok());
        keys.extend::<Vec<BlobKey>>(theirs.collect());
        let grown = parts.db.list(ContentUpload::RESOURCE, id, &Scope::All, &Page::all()).await?;
        let states = grown.iter().filter_map(|upload| upload.get("state").as_bytes());
        let states = states.filter_map(|state| GrowthState::from_bytes(state).ok());
        keys.extend(states.map(|state| state.key()));
    }
    Ok(keys)
}

/// Has a blob deleted unless something refers to it.
async fn orphan(parts: &Parts, key: &BlobKey, before: Timestamp) -> Result<bool, JobError> {
    let (account, text) = (key.account(), key.to_string());
    let theirs = Scope::text("blob_key", text.as_str());
    for resource in REFERRING {
        if parts.db.find(resource, account, &theirs).await?.is_some() {
            return Ok(false);
        }
    }
    let mut write = parts.db.begin().await?;
    write.enqueue(&delete_blob(account, &text, before)).await?;
    write.commit(Changes::none()).await?;
    Ok(true)
}
