//! One consistent snapshot of the database.

use keyway_base::AccountId;
use keyway_jsonapi::{Record, Resource, Scope};

use crate::{Generation, Page, StoreError, Tombstone};

/// A snapshot: everything read through it is of one moment.
#[derive(Debug)]
pub struct Read {
    noted: Generation,
}

impl Read {
    /// The generation noted before the snapshot was taken: what is built from it is fresh relative to this.
    pub const fn noted(&self) -> Generation {
        self.noted
    }
    /// The oldest record that matches.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn find(
        &mut self,
        _: &'static Resource,
        _: AccountId,
        _: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        Err(unwritten())
    }
    /// A part of the records that match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn list(
        &mut self,
        _: &'static Resource,
        _: AccountId,
        _: &Scope,
        _: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        Err(unwritten())
    }
    /// Every record that matches, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn all(
        &mut self,
        _: &'static Resource,
        _: AccountId,
        _: &Scope,
    ) -> Result<Vec<Record>, StoreError> {
        Err(unwritten())
    }
    /// How many records match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(&mut self, _: &'static Resource, _: AccountId, _: &Scope) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// Whether the name, version or file is buried.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_tombstoned(&mut self, _: &Tombstone<'_>) -> Result<bool, StoreError> {
        Err(unwritten())
    }
}
pub(crate) fn unwritten() -> StoreError {
    StoreError::Statement { what: String::new() }
}
