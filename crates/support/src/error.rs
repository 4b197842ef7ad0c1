//! Why a request of a test was not carried out, in words for whoever wrote the test.

use http::StatusCode;

/// A failure. Its text is the answer.
#[derive(Debug, thiserror::Error)]
pub enum SupportError {
    /// The body is not what the endpoint asks for: a defect of the test.
    #[error("{0}")]
    Malformed(String),
    /// This server cannot bring that about.
    #[error("{0}")]
    Impossible(String),
    /// The admin token is missing or another.
    #[error("the admin token is missing or another than the one given with --admin-token")]
    Unauthorized,
    /// There is nothing at this path.
    #[error("there is nothing at this path")]
    NotFound,
    /// The database failed.
    #[error("the database failed: {0}")]
    Store(#[from] keyway_store::StoreError),
    /// The blob store failed.
    #[error("the blob store failed: {0}")]
    Blob(#[from] keyway_blob::BlobError),
    /// A key could not be made or used.
    #[error("a key failed: {0}")]
    Crypto(#[from] keyway_crypto::CryptoError),
    /// Something here is broken.
    #[error("{0}")]
    Broken(String),
}

impl keyway_store::MaybeContended for SupportError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl SupportError {
    /// The status of the answer: 422 for what the server cannot do, anything else points at a defect.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Impossible(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Store(_) | Self::Blob(_) | Self::Crypto(_) | Self::Broken(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    }
}
