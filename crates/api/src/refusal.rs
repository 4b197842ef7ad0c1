//! Everything that can end a request early, and the answer it becomes.

use keyway_base::Secret;
use keyway_catalog::CatalogError;
use keyway_domain::license::key::Making;
use keyway_jsonapi::{ApiError, DecodeError, Invalid};
use keyway_store::{MaybeContended, StoreError};

/// Why a request is not answered with success.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The caller is told what is wrong.
    #[error(transparent)]
    Told(#[from] ApiError),
    /// The database failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The catalogue cannot answer now.
    #[error("the catalogue failed")]
    Catalog(#[from] CatalogError),
    /// A stored record does not fit its declaration.
    #[error(transparent)]
    Damaged(#[from] DecodeError),
    /// An event cannot be written down, so what it tells of must not happen.
    #[error(transparent)]
    Journal(#[from] keyway_events::NotWritten),
    /// Not a refusal: the operation is to start over with the digests of these passwords.
    #[error("digests of passwords are needed")]
    NeedsDigests(Vec<Secret<String>>),
    /// Not a refusal: the operation is to start over with this key of a licence made.
    #[error("a license key is needed")]
    NeedsKey(Box<Making>),
    /// Something of ours went wrong: a task that died, a key that cannot be read.
    #[error("{0}")]
    Broken(String),
}

/// The result of a step of a request.
pub(crate) type Outcome<T> = Result<T, Refusal>;

impl MaybeContended for Refusal {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_contended())
    }
}

impl Refusal {
    /// Validation failures, as one answer.
    pub(crate) fn invalid(failures: impl IntoIterator<Item = Invalid>) -> Self {
        Self::Told(ApiError::invalid(failures))
    }
    /// Contention that outlasted every attempt is the caller's to know of (`licensing.md` §1.4: 409).
    pub(crate) fn told_of_contention(self) -> Self {
        if !self.is_contended() {
            return self;
        }
        Self::Told(ApiError::conflict(
            "The request could not be completed because of a conflict (others are changing the same record: try again)",
        ))
    }
    /// What the caller is told. What is our fault goes to the log, not to the caller.
    pub(crate) fn told(self) -> ApiError {
        match self {
            Self::Told(error) => error,
            Self::Store(StoreError::Full) => ApiError::insufficient_storage(),
            Self::Store(StoreError::Conflict(_)) => ApiError::taken_meanwhile(),
            Self::Store(StoreError::NulByte { .. }) => ApiError::encoding_invalid(),
            Self::Store(error @ (StoreError::Unavailable(_) | StoreError::Contended(_))) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the store is not available");
                ApiError::unavailable()
            }
            Self::Catalog(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the catalogue cannot answer");
                ApiError::unavailable()
            }
            Self::Journal(_) => ApiError::unavailable(),
            other => {
                tracing::error!(error = &other as &dyn std::error::Error, "a request failed");
                ApiError::internal()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contention_is_a_conflict_and_nothing_else_is() {
        let contended = StoreError::Contended("40001".into());
        let told = Refusal::Store(contended).told_of_contention().told();
        assert_eq!((told.status.as_u16(), told.code()), (409, None));
        let full = Refusal::Store(StoreError::Full).told_of_contention().told();
        assert_eq!(full.status.as_u16(), 507);
    }
}
