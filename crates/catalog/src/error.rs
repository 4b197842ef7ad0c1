//! What can keep the catalogue from answering.

use std::sync::Arc;

use keyway_base::AccountId;
use keyway_jsonapi::ApiError;
use keyway_store::StoreError;

/// A failure to load or to vouch for what is cached. All of them mean "not now": the caller answers 503 with
/// `Retry-After`, never a decision.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CatalogError {
    /// The change log could not be read in time, so what is cached may be out of date.
    #[error("the change log could not be read in time")]
    Lease,
    /// The database failed.
    #[error("loading {what} failed")]
    Store {
        /// What was being loaded.
        what: &'static str,
        /// Why; shared by everybody who waited for it.
        source: Arc<StoreError>,
    },
    /// A stored record cannot be read.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// What was being loaded.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// There is no account yet.
    #[error("there is no account")]
    NoAccount,
}

/// Why a request is for no account.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AccountError {
    /// The path names none that exists.
    #[error("there is no account '{0}'")]
    Unknown(String),
    /// The path names another than the one served here, which is this.
    #[error("account is invalid (expected {0})")]
    Other(AccountId),
    /// Neither host nor path says which.
    #[error("account is required")]
    Required,
    /// It cannot be told right now: answer 503 with `Retry-After`.
    #[error(transparent)]
    Unavailable(#[from] CatalogError),
}

impl AccountError {
    /// What the client is told (`licensing.md` §1.1).
    pub fn told(&self) -> ApiError {
        match self {
            Self::Unknown(name) => ApiError::not_found("account", name),
            Self::Other(_) | Self::Required => ApiError::not_found_detail(self.to_string()),
            Self::Unavailable(_) => ApiError::unavailable(),
        }
    }
}

impl CatalogError {
    pub(crate) fn store(what: &'static str, source: StoreError) -> Self {
        Self::Store { what, source: Arc::new(source) }
    }
    pub(crate) fn damaged(what: &'static str, why: impl ToString) -> Self {
        Self::Damaged { what, why: why.to_string() }
    }
}
