//! A transaction that changes records.

use keyway_base::{AccountId, LicenseId, RecordId, Timestamp};
use keyway_jsonapi::{Record, Resource, Scope};

use crate::read::unwritten;
use crate::{Changes, Job, NewJob, Page, StoreError, Tombstone, UniqueIndex};

/// What became of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was inserted"]
pub enum Inserted {
    /// The record is in.
    Yes,
    /// Another record has it already; nothing was written and the transaction goes on.
    Conflict(&'static UniqueIndex),
}

/// A transaction. Dropping it without [`Write::commit`] undoes everything.
#[derive(Debug)]
pub struct Write {}

impl Write {
    /// The oldest record that matches, as this transaction sees it.
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
    /// Adds a record, unless another one has what must be unique.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn insert(&mut self, _: &Record) -> Result<Inserted, StoreError> {
        Err(unwritten())
    }
    /// Writes these columns of the record; `false` when it is gone.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another record has what must be unique; other [`StoreError`]s when the
    /// database cannot answer, or a text holds a NUL byte.
    pub async fn update(&mut self, _: &Record, _: &[&str]) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Deletes one record; `false` when it was gone.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn delete(
        &mut self,
        _: &'static Resource,
        _: AccountId,
        _: RecordId,
    ) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Deletes every record that matches and says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn delete_where(
        &mut self,
        _: &'static Resource,
        _: AccountId,
        _: &Scope,
    ) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// Takes the licence's lock until the transaction ends. Take it before counting what is about to be added.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn lock_license(&mut self, _: AccountId, _: LicenseId) -> Result<(), StoreError> {
        Err(unwritten())
    }
    /// Adds a job, or refreshes the one of its kind and key that waits.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn enqueue(&mut self, _: &NewJob) -> Result<(), StoreError> {
        Err(unwritten())
    }
    /// Ends a claimed job together with its results; `false` when the lease was lost, and then the caller
    /// must not commit.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn finish_job(&mut self, _: &Job) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Buries a name, version or file for good.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn tombstone(&mut self, _: &Tombstone<'_>, _: Timestamp) -> Result<(), StoreError> {
        Err(unwritten())
    }
    /// Makes everything durable, then ends what is cached of it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn commit(self, _: Changes) -> Result<(), StoreError> {
        Err(unwritten())
    }
}
