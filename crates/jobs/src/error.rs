//! What can go wrong while a job runs.

use keyway_base::RecordId;
use keyway_blob::BlobError;
use keyway_crypto::CryptoError;
use keyway_jsonapi::DecodeError;
use keyway_store::{MaybeContended, StoreError};

use crate::MailError;

/// A job that could not be done this time.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] StoreError),
    /// The blob store failed.
    #[error("the blob store failed: {0}")]
    Blob(#[from] BlobError),
    /// A stored record does not fit its declaration.
    #[error(transparent)]
    Damaged(#[from] DecodeError),
    /// The account's keys cannot be read.
    #[error("the account's keys cannot be used: {0}")]
    Keys(#[from] CryptoError),
    /// A mail could not be sent.
    #[error(transparent)]
    Mail(#[from] MailError),
    /// A file could not be read.
    #[error("the file of artifact {artifact} cannot be read: {why}")]
    Unreadable {
        /// The artifact.
        artifact: RecordId,
        /// Why.
        why: std::io::Error,
    },
    /// The code that reads the file panicked, or the process is stopping.
    #[error("reading the file of artifact {0} was cut off")]
    CutOff(RecordId),
    /// What endpoints are to be told could not be rendered or written.
    #[error("endpoints cannot be told: {0}")]
    Untold(String),
    /// This process has stopped to look for webhooks.
    #[error("nobody here looks for webhooks that are due")]
    Idle,
    /// This process cannot render documents.
    #[error("nobody here can tell endpoints of events")]
    Mute,
    /// Somebody else has the job now; nothing was written.
    #[error("the lease was lost")]
    LeaseLost,
    /// The payload does not say what to do; the job is dropped, since no repetition can mend it.
    #[error("the payload of {kind} does not name {missing}")]
    Payload {
        /// The job's kind.
        kind: String,
        /// What is missing.
        missing: &'static str,
    },
}

impl MaybeContended for JobError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl JobError {
    /// Whether another attempt may succeed.
    pub const fn is_passing(&self) -> bool {
        !matches!(self, Self::Payload { .. })
    }
}
