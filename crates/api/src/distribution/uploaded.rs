//! What becomes of bytes that arrive at a signed URL, and whether they may (`distribution.md` §7.1, §8).

use http::StatusCode;
use keyway_base::{AccountId, ArtifactId, Timestamp};
use keyway_blob::{BlobError, BlobKey, InParts, Staged};
use keyway_crypto::digest::{Digests, Sha256};
use keyway_crypto::signed_url::{Grant, Method};
use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::{Artifact, ArtifactStatus, Package, PartUpload, Release};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, MaybeContended, NewJob, StoreError, Write, retrying};
use serde_json::json;

use super::holder::{Held, Holder};
use super::job;
use super::parts::in_store;
use crate::Api;

/// Why a signed URL of the blob store is not honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct BlobRefusal {
    /// The status.
    pub status: StatusCode,
    /// What happened, in a sentence without a full stop.
    pub text: String,
}

impl BlobRefusal {
    fn new(status: StatusCode, text: &str) -> Self {
        Self { status, text: text.to_owned() }
    }
    fn gone() -> Self {
        Self::new(StatusCode::NOT_FOUND, "the artifact is not here any more")
    }
    fn revoked() -> Self {
        Self::new(StatusCode::FORBIDDEN, "the one this URL was given to may not use it any more")
    }
    fn other_bytes() -> Self {
        Self::new(StatusCode::CONFLICT, "the artifact has its bytes already: make a new artifact for others")
    }
    fn unavailable() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service is temporarily unavailable: try again")
    }
}

impl From<StoreError> for BlobRefusal {
    fn from(error: StoreError) -> Self {
        if matches!(error, StoreError::Full) {
            return Self::new(StatusCode::INSUFFICIENT_STORAGE, "the server has no room left");
        }
        tracing::error!(error = &error as &dyn std::error::Error, "a signed URL could not be looked up");
        Self::unavailable()
    }
}

impl From<BlobError> for BlobRefusal {
    fn from(error: BlobError) -> Self {
        if matches!(error, BlobError::Full { .. }) {
            return Self::new(
                StatusCode::INSUFFICIENT_STORAGE,
                "the server has no room left for this upload",
            );
        }
        tracing::error!(error = &error as &dyn std::error::Error, "an upload could not be kept");
        Self::unavailable()
    }
}

/// What ends a transaction early.
enum Stopped {
    Refused(BlobRefusal),
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Stopped> for BlobRefusal {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Refused(refusal) => refusal,
            Stopped::Store(error) => error.into(),
        }
    }
}

impl MaybeContended for Stopped {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

/// What bytes mean to the artifact they were sent for.
#[derive(Debug, PartialEq, Eq)]
enum Fit {
    /// It waits for them.
    Awaited,
    /// It has them.
    Known,
    /// It has others.
    Other,
}

impl Api {
    /// Whether a signed URL may still be used: asked before any byte is read or sent.
    ///
    /// # Errors
    /// 404 when the artifact is gone or withdrawn, 403 when its holder was revoked, 503 when the database does
    /// not answer.
    pub async fn admit(&self, grant: &Grant) -> Result<(), BlobRefusal> {
        let account = grant.account;
        let mut read = self.parts().db.read().await?;
        let Some(artifact) = grant.artifact else { return Err(BlobRefusal::gone()) };
        let artifact = read.find(Artifact::RESOURCE, account, &Scope::id("id", artifact)).await?;
        artifact.filter(|artifact| stands(artifact, grant)).ok_or_else(BlobRefusal::gone)?;
        let holder = Holder::parse(&grant.principal).ok_or_else(BlobRefusal::revoked)?;
        let mut held = Held { read: &mut read, account, now: self.parts().clock.wall() };
        let good = match grant.method {
            Method::Get => holder.may_download(&mut held).await?,
            Method::Put => holder.may_upload(&mut held).await?,
        };
        if good { Ok(()) } else { Err(BlobRefusal::revoked()) }
    }

    /// The upload that a signed URL is for a part of, if it may still be used.
    ///
    /// # Errors
    /// As for [`Api::admit`]; 409 once the upload is complete or has ended.
    pub async fn part(&self, grant: &Grant) -> Result<InParts, BlobRefusal> {
        self.admit(grant).await?;
        let over = || BlobRefusal::new(StatusCode::CONFLICT, "the upload is complete, or was ended");
        let artifact = grant.artifact.ok_or_else(BlobRefusal::gone)?;
        let theirs = Scope::id("artifact_id", artifact).and(Scope::text("blob_key", grant.blob.as_str()));
        let found = self.parts().db.find(PartUpload::RESOURCE, grant.account, &theirs).await?;
        let upload: Option<PartUpload> = found.and_then(|record| record.typed().ok());
        upload.as_ref().and_then(in_store).ok_or_else(over)
    }

    /// Takes the complete upload of an artifact: WAITING becomes PROCESSING, and a job reads the file. The same
    /// bytes may come again.
    ///
    /// # Errors
    /// 404 when the artifact is gone, 409 when it has other bytes, 507 when the disk is full.
    pub async fn uploaded(&self, grant: &Grant, staged: Staged) -> Result<(), BlobRefusal> {
        let account = grant.account;
        let artifact = grant.artifact.ok_or_else(BlobRefusal::gone)?;
        let key = staged.key();
        match self.look(account, artifact, &staged.digests().sha256).await? {
            Fit::Known => return Ok(()),
            Fit::Other => return Err(BlobRefusal::other_bytes()),
            Fit::Awaited => {}
        }
        let now = self.parts().clock.wall();
        // Should we die between the file and its row, this job finds a file that nothing refers to.
        self.promise_deletion(account, &key, now).await?;
        let (size, digests) = (staged.size(), *staged.digests());
        self.parts().blobs.commit(staged).await?;
        let taken = retrying(|| self.take(account, artifact, &key, size, &digests, now)).await?;
        match taken {
            Fit::Known => return Ok(()),
            Fit::Other => return Err(BlobRefusal::other_bytes()),
            Fit::Awaited => self.parts().wake_jobs.notify_one(),
        }
        Ok(())
    }

    /// Gives the artifact its bytes, if it still waits for them; says what they meant to it.
    async fn take(
        &self,
        account: AccountId,
        artifact: ArtifactId,
        key: &BlobKey,
        size: u64,
        digests: &Digests,
        now: Timestamp,
    ) -> Result<Fit, Stopped> {
        let mut write = self.parts().db.begin().await?;
        let mut record = find(&mut write, account, artifact).await?;
        let fit = fit(&record, &digests.sha256);
        if fit != Fit::Awaited {
            return Ok(fit);
        }
        record.set("blob_key", Value::Text(key.to_string()));
        record.set("content_length", i64::try_from(size).map_or(Value::Null, Value::Int));
        record.set("md5", Value::Bytes(digests.md5.as_bytes().to_vec()));
        record.set("sha1", Value::Bytes(digests.sha1.as_bytes().to_vec()));
        record.set("sha256", Value::Bytes(digests.sha256.as_bytes().to_vec()));
        record.set("sha512", Value::Bytes(digests.sha512.as_bytes().to_vec()));
        let columns = ["blob_key", "content_length", "md5", "sha1", "sha256", "sha512"];
        self.process(&mut write, &mut record, &columns, now).await?;
        // An artifact in processing is as invisible to every cached view as one that waits: the job that ends
        // the processing touches them.
        write.commit(Changes::none()).await?;
        Ok(Fit::Awaited)
    }

    /// Writes down that an artifact has its bytes, in these columns, and has them read.
    pub(super) async fn process(
        &self,
        write: &mut Write,
        artifact: &mut Record,
        columns: &[&str],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        artifact.set("status", Value::Text(ArtifactStatus::Processing.as_str().to_owned()));
        artifact.set("updated_at", Value::Time(now));
        let columns = [columns, &["status", "updated_at"]].concat();
        write.update(artifact, &columns).await?;
        self.log_processing(write, artifact, now).await?;
        let (key, payload) = job::about(artifact.id());
        let account = artifact.account();
        write.enqueue(&NewJob { kind: job::INGEST.to_owned(), key, account, payload, run_at: now }).await
    }

    /// Writes down that an engine reads the file, if one does.
    async fn log_processing(
        &self,
        write: &mut Write,
        artifact: &Record,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let account = artifact.account();
        let id = |record: &Record, column| {
            record.get(column).as_id().map_or(Scope::None, |id| Scope::id("id", id))
        };
        let release = write.find(Release::RESOURCE, account, &id(artifact, "release_id")).await?;
        let Some(release) = release else { return Ok(()) };
        let package = write.find(Package::RESOURCE, account, &id(&release, "package_id")).await?;
        let key = package.as_ref().and_then(|package| package.get("engine").as_text());
        let engine = key.and_then(|key| self.parts().engines.get(key));
        let filename = artifact.get("filename").as_text().unwrap_or_default();
        let is_read = engine.is_some_and(|engine| engine.descriptor().reads(filename));
        match Event::of(artifact, "upload.processing").filter(|_| is_read) {
            Some(event) => keyway_events::record(write, &event, &Origin::default(), now).await,
            None => Ok(()),
        }
    }

    /// What the bytes mean now, before they are made a blob.
    async fn look(
        &self,
        account: AccountId,
        artifact: ArtifactId,
        digest: &Sha256,
    ) -> Result<Fit, BlobRefusal> {
        let found = self.parts().db.find(Artifact::RESOURCE, account, &Scope::id("id", artifact)).await?;
        let found = found.filter(is_wanted).ok_or_else(BlobRefusal::gone)?;
        Ok(fit(&found, digest))
    }

    /// Sees to it that the bytes under a key go away again, unless something refers to them by then.
    pub(super) async fn promise_deletion(
        &self,
        account: AccountId,
        key: &BlobKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job = NewJob {
            kind: job::DELETE_BLOB.to_owned(),
            key: key.to_string(),
            account,
            payload: json!({ "blob": key.to_string() }),
            run_at: now.plus(job::GRACE),
        };
        retrying(|| async {
            let mut write = self.parts().db.begin().await?;
            write.enqueue(&job).await?;
            write.commit(Changes::none()).await
        })
        .await
    }
}

/// Whether what a grant is for is still there: the very bytes, or an artifact that takes bytes.
fn stands(artifact: &Record, grant: &Grant) -> bool {
    match grant.method {
        Method::Get => {
            artifact.get("status").as_text() == Some(ArtifactStatus::Uploaded.as_str())
                && artifact.get("blob_key").as_text() == Some(grant.blob.as_str())
        }
        Method::Put => is_wanted(artifact),
    }
}

fn is_wanted(artifact: &Record) -> bool {
    artifact.get("status").as_text() != Some(ArtifactStatus::Yanked.as_str())
}

fn fit(artifact: &Record, digest: &Sha256) -> Fit {
    let waits = artifact.get("status").as_text() == Some(ArtifactStatus::Waiting.as_str());
    match artifact.get("sha256").as_bytes() {
        None if waits => Fit::Awaited,
        Some(known) if known == digest.as_bytes() => Fit::Known,
        _ => Fit::Other,
    }
}

async fn find(write: &mut Write, account: AccountId, artifact: ArtifactId) -> Result<Record, Stopped> {
    let found = write.find(Artifact::RESOURCE, account, &Scope::id("id", artifact)).await?;
    found.filter(is_wanted).ok_or(Stopped::Refused(BlobRefusal::gone()))
}
