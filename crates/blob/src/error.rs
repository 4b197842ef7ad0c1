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
    /// The task that did the work was cancelled; only at shutdown.
    #[error("the blob store is shutting down")]
    Stopping,
}

impl BlobError {
    /// Wraps an I/O error, telling a full disk apart.
    pub(crate) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { free: 0, reserve: 0 },
            _ => Self::Io { doing, source },
        }
    }
}
