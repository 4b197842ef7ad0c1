//! What clients of a container registry change in its repositories: by the API's own rules, each in one
//! transaction. Reading is the catalogue's, but for what it does not hold: uploads, and blobs that no manifest
//! refers to yet.

mod blob;
mod delete;
mod manifest;
mod reach;
mod repository;
mod tag;
mod upload;
mod waiting;

use std::sync::Arc;

use keyway_base::{BlobName, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{BlobError, Grown, GrowthState};
use keyway_catalog::Asking;
use keyway_engine::{ContentEdit, ContentOutcome, Denial, Outcome as Told};
use keyway_jsonapi::ApiError;
use keyway_store::retrying;

use self::blob::NewBlob;
pub(super) use self::waiting::name_waiting;
use super::push::{denial, foreign, is_taken, worded};
use crate::Api;
use crate::call::Call;
use crate::refusal::{Outcome, Refusal};

/// Every method must run in a task of its own: a client that hangs up must not cut a commit from what it ends.
impl Api {
    /// Begins an upload into a repository, which is made when there is none.
    ///
    /// # Errors
    /// [`Denial`] when the caller may not, or the service cannot do it now.
    pub async fn begin_upload(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        algorithm: ContentAlgorithm,
    ) -> Result<Told, Denial> {
        let call = Call::of_engine(self, asking);
        let state = self.parts().blobs.grow(call.account.id, algorithm);
        told(settled(package, || upload::begin(&call, asking.engine, package, &state)).await)
    }

    /// Where an upload stands; `None` when there is no such, it has ended, or it is another repository's or
    /// somebody else's.
    ///
    /// # Errors
    /// As for [`Api::begin_upload`].
    pub async fn open_upload(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        upload: RecordId,
    ) -> Result<Option<GrowthState>, Denial> {
        let call = Call::of_engine(self, asking);
        upload::open(&call, asking.engine, package, upload).await.map_err(|refusal| denial(&refusal.told()))
    }

    /// Writes down that an upload has grown; `false` when it does not have `before` bytes any more.
    ///
    /// # Errors
    /// As for [`Api::begin_upload`].
    pub async fn grow_upload(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        upload: RecordId,
        before: u64,
        after: GrowthState,
    ) -> Result<bool, Denial> {
        let call = Call::of_engine(self, asking);
        let grow = || upload::grow(&call, asking.engine, package, upload, before, &after);
        settled(package, grow).await.map_err(|refusal| denial(&refusal.told()))
    }

    /// Makes what has been uploaded a blob of the repository, and ends the upload that it came by, if by one. Bytes
    /// that the account has already are not kept twice.
    ///
    /// # Errors
    /// As for [`Api::begin_upload`].
    pub async fn complete_upload(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        upload: Option<RecordId>,
        grown: Grown,
    ) -> Result<Told, Denial> {
        let call = Call::of_engine(self, asking);
        let new = NewBlob { digest: *grown.digest(), size: grown.size(), key: grown.key() };
        told(match self.keep(&call, grown).await {
            Ok(()) => settled(package, || blob::complete(&call, asking.engine, package, upload, &new)).await,
            Err(kept) => kept.outcome(upload),
        })
    }

    /// Changes the content of a repository.
    ///
    /// # Errors
    /// As for [`Api::begin_upload`].
    pub async fn edit_content(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        edit: &ContentEdit,
    ) -> Result<Told, Denial> {
        let call = Call::of_engine(self, asking);
        told(settled(package, || edited(&call, asking.engine, package, edit)).await)
    }

    /// A blob of a repository, for whoever publishes there: where its bytes are, and how many. Asking for it keeps it
    /// from being collected for a while.
    ///
    /// # Errors
    /// As for [`Api::begin_upload`].
    pub async fn find_blob(
        self: &Arc<Self>,
        asking: &Asking,
        package: &str,
        digest: &ContentDigest,
    ) -> Result<Option<(BlobName, u64)>, Denial> {
        let call = Call::of_engine(self, asking);
        let found = settled(package, || blob::find(&call, asking.engine, package, digest)).await;
        found.map_err(|refusal| denial(&refusal.told()))
    }

    /// Makes the bytes of an upload a blob.
    async fn keep(&self, call: &Call, grown: Grown) -> Result<(), KeepError> {
        let refused = |refusal: Refusal| KeepError::Refused(refusal);
        // Should we die, or refuse, before a row refers to the blob, this job finds that nothing does.
        let promised = self.promise_deletion(call.account.id, &grown.key(), call.now).await;
        promised.map_err(|error| refused(error.into()))?;
        self.parts().blobs.commit_grown(grown).await.map(drop).map_err(|error| match error {
            BlobError::NoUpload(_) | BlobError::PartsChanged => KeepError::Ended,
            BlobError::UploadBusy(_) => KeepError::Busy,
            BlobError::Full { .. } => refused(ApiError::insufficient_storage().into()),
            error => refused(Refusal::Broken(error.to_string())),
        })
    }
}

/// Why the bytes of an upload did not become a blob.
enum KeepError {
    /// Somebody else ended the upload.
    Ended,
    /// Somebody else writes to it.
    Busy,
    Refused(Refusal),
}

impl KeepError {
    /// What to tell: of a blob that came at once there is no upload that somebody else could write to or end.
    fn outcome(self, upload: Option<RecordId>) -> Outcome<ContentOutcome> {
        match (self, upload) {
            (Self::Ended, Some(_)) => Ok(ContentOutcome::UploadUnknown),
            (Self::Busy, Some(id)) => Ok(ContentOutcome::Busy { id }),
            (Self::Refused(refusal), _) => Err(refusal),
            (Self::Ended | Self::Busy, None) => {
                Err(Refusal::Broken("a blob that came at once was in other hands".to_owned()))
            }
        }
    }
}

/// What became of it, for clients that do not speak JSON:API.
fn told(done: Outcome<ContentOutcome>) -> Result<Told, Denial> {
    done.map(Told::Content).or_else(|refusal| worded(&refusal.told()))
}

/// Runs a transaction until it has met no other. Where a name was taken meanwhile, it runs once more: by now it can
/// be seen by whom.
async fn settled<T, F, Fut>(package: &str, run: F) -> Outcome<T>
where
    F: Fn() -> Fut,
    Fut: Future<Output = Outcome<T>>,
{
    match retrying(&run).await {
        Err(Refusal::Told(error)) if is_taken(&error) => {
            retrying(&run).await.map_err(|refusal| foreign(refusal, package))
        }
        done => done,
    }
}

async fn edited(
    call: &Arc<Call>,
    engine: &'static str,
    package: &str,
    edit: &ContentEdit,
) -> Outcome<ContentOutcome> {
    match edit {
        ContentEdit::Mount { digest, from, algorithm } => {
            blob::mount(call, engine, package, digest, from, *algorithm).await
        }
        ContentEdit::Cancel { upload } => upload::cancel(call, engine, package, *upload).await,
        ContentEdit::Manifest(new) => manifest::put(call, engine, package, new).await,
        ContentEdit::Untag { tag } => delete::untag(call, engine, package, tag).await,
        ContentEdit::DeleteManifest { digest } => delete::manifest(call, engine, package, digest).await,
        ContentEdit::DeleteBlob { digest } => delete::blob(call, engine, package, digest).await,
    }
}
