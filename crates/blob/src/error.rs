//! What can fail, and for which blob.

use std::io;

use crate::BlobKey;

/// Why the blob store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The disk has no room left, or less than the reserve that is kept for the database.
    #[error("the blob store is full: {free} bytes are free and {reserve} are kept in reserve")]
    Full {
        /// Bytes free at the time.
        free: u64,
        /// Bytes that uploads must leave free.
        reserve: u64,
    },
    /// More bytes came than were allowed.
    #[error("the upload is larger than the {limit} bytes allowed")]
    TooLarge {
        /// The allowed size in bytes.
        limit: u64,
    },
    /// There is no such blob.
    #[error("blob {0} is not in the store")]
    Absent(BlobKey),
    /// A read ended before the size that the blob has.
    #[error("blob {key} ends after {at} bytes, short of its size")]
    Short {
        /// The blob.
        key: BlobKey,
        /// Where it ended.
        at: u64,
    },
    /// There is no such upload in parts (any more).
    #[error("the upload in parts of blob {0} is not in the store")]
    NoUpload(BlobKey),
    /// An upload in parts has no part of this number.
    #[error("there is no part {number}: they are numbered from 1 to {count}")]
    NoPart {
        /// The number.
        number: u32,
        /// How many there are.
        count: u32,
    },
    /// A part is not as long as it has to be.
    #[error("part {number} has to have {expected} bytes; {got} came")]
    PartLength {
        /// Its number.
        number: u32,
        /// How many bytes it should have.
        expected: u64,
        /// How many came, as far as they were counted.
        got: u64,
    },
    /// A part is being sent, or the upload is being completed.
    #[error("part {0} is on its way already, or the upload is being completed")]
    PartBusy(u32),
    /// Another request writes to an upload that grows, or took it further than the state that was given.
    #[error("upload {0} is being written by another request, or was taken further by one")]
    UploadBusy(BlobKey),
    /// The parts in the store are others than those that were to be put together.
    #[error("parts of the upload were replaced meanwhile")]
    PartsChanged,
    /// The file system failed.
    #[error("{doing} failed")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// The object store failed.
    #[error("{trouble} ({doing})")]
    Remote {
        /// What was being done.
        doing: &'static str,
        /// In what way it failed.
        trouble: Trouble,
        /// What the object store or its client said.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// A role lends no credentials for the object store.
    #[cfg(feature = "s3-roles")]
    #[error(transparent)]
    Role(#[from] crate::LenderError),
    /// The task that did the work was cancelled; only at shutdown.
    #[error("the blob store is shutting down")]
    Stopping,
}

/// In what way an object store fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// No connection, or no answer in time.
    #[error("the object store does not answer")]
    Unreachable,
    /// It asked us to come back later, more often than we did.
    #[error("the object store is busy")]
    Busy,
    /// It does not take our credentials, or does not let them do this.
    #[error("the object store refuses our credentials")]
    Denied,
    /// The bucket is not there.
    #[error("the bucket is not there")]
    NoBucket,
    /// The multipart upload, or the object, is not there any more.
    #[error("the upload is not there any more")]
    Gone,
    /// It takes our requests for old or early ones.
    #[error("the object store's clock and this machine's differ by more than it allows: set them")]
    Skew,
    /// Parts of an upload are not those that it has.
    #[error("the object store has other parts of the upload")]
    Parts,
    /// Anything else.
    #[error("the object store failed")]
    Failed,
}

impl BlobError {
    /// A failure of an object store that its client did not see.
    #[cfg(any(feature = "s3", feature = "test-support"))]
    pub(crate) const fn remote(doing: &'static str, trouble: Trouble) -> Self {
        Self::Remote { doing, trouble, source: None }
    }

    /// Wraps an I/O error, telling a full disk apart.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { free: 0, reserve: 0 },
            _ => Self::Io { doing, source },
        }
    }
}
