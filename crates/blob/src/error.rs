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
