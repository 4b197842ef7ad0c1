//! One consistent snapshot of the database.

use std::fmt;

use keyway_base::AccountId;
use keyway_jsonapi::{Record, Resource, Scope};

use crate::session::Session;
use crate::{Bar, By, Generation, Page, StoreError, Tally, Tombstone, histogram, records, tally};

/// A snapshot: everything read through it is of one moment, the moment of the first read.
pub struct Read {
    session: Session,
    noted: Generation,
}

impl Read {
    pub(crate) const fn new(session: Session, noted: Generation) -> Self {
        Self { session, noted }
    }

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
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.session, resource, Some(account), scope).await
    }

    /// A part of the records that match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn list(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        page: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        records::list(&mut self.session, resource, Some(account), scope, page).await
    }

    /// Every record that matches, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn all(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<Vec<Record>, StoreError> {
        self.list(resource, account, scope, &Page::all()).await
    }

    /// How many records match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        records::count(&mut self.session, resource, account, scope).await
    }

    /// Counts the records that match, and adds up `columns`, for each value of the column `by`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn tally(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        by: &'static str,
        columns: &[&'static str],
    ) -> Result<Vec<Tally>, StoreError> {
        tally::tally(&mut self.session, resource, account, scope, (by, columns)).await
    }

    /// The oldest account that matches, whatever its id. `accounts` is the declaration of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn account(
        &mut self,
        accounts: &'static Resource,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.session, accounts, None, scope).await
    }

    /// Counts the records that match by what they have in common; the most frequent first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn histogram(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        by: &[By],
        most: u32,
    ) -> Result<Vec<Bar>, StoreError> {
        histogram::histogram(&mut self.session, resource, account, scope, (by, most)).await
    }

    /// Whether the name, version or file is buried.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_tombstoned(&mut self, tombstone: &Tombstone<'_>) -> Result<bool, StoreError> {
        records::is_tombstoned(&mut self.session, tombstone).await
    }
}

impl fmt::Debug for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read({:?})", self.noted)
    }
}
