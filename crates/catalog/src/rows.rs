//! Typed rows out of one snapshot of the database.

use keyway_base::{AccountId, RecordId};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::Read;

use crate::CatalogError;

/// How many ids one statement names; databases bound their parameters.
const IDS: usize = 500;

/// The reads of one load. All of them see one moment of the database.
pub(crate) struct Rows<'r> {
    read: &'r mut Read,
    account: AccountId,
    /// What is being loaded, for errors.
    what: &'static str,
}

impl<'r> Rows<'r> {
    pub(crate) fn of(read: &'r mut Read, account: AccountId, what: &'static str) -> Self {
        Self { read, account, what }
    }

    /// The oldest row that matches.
    pub(crate) async fn find<T: Declared>(&mut self, scope: &Scope) -> Result<Option<T>, CatalogError> {
        self.find_record(T::RESOURCE, scope).await?.map(|record| self.typed(&record)).transpose()
    }

    /// The row with this id.
    pub(crate) async fn by_id<T: Declared>(
        &mut self,
        id: impl Into<RecordId>,
    ) -> Result<Option<T>, CatalogError> {
        self.find(&Scope::id("id", id)).await
    }

    /// The oldest record that matches, as it is stored.
    pub(crate) async fn find_record(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
    ) -> Result<Option<Record>, CatalogError> {
        let found = self.read.find(resource, self.account, scope).await;
        found.map_err(|error| CatalogError::store(self.what, error))
    }

    /// Every row that matches, oldest first.
    pub(crate) async fn all<T: Declared>(&mut self, scope: &Scope) -> Result<Vec<T>, CatalogError> {
        let records = self.all_records(T::RESOURCE, scope).await?;
        records.iter().map(|record| self.typed(record)).collect()
    }

    /// Every record that matches, oldest first, as it is stored.
    pub(crate) async fn all_records(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
    ) -> Result<Vec<Record>, CatalogError> {
        let records = self.read.all(resource, self.account, scope).await;
        records.map_err(|error| CatalogError::store(self.what, error))
    }

    /// Every row whose `column` holds one of these ids.
    pub(crate) async fn all_in<T: Declared>(
        &mut self,
        column: &'static str,
        ids: impl IntoIterator<Item = RecordId>,
    ) -> Result<Vec<T>, CatalogError> {
        let mut ids: Vec<RecordId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::new();
        for some in ids.chunks(IDS) {
            let values = some.iter().map(|id| Value::Id(*id)).collect();
            found.extend(self.all(&Scope::In(column, values)).await?);
        }
        Ok(found)
    }

    /// The typed form of a record.
    pub(crate) fn typed<T: Declared>(&self, record: &Record) -> Result<T, CatalogError> {
        record.typed().map_err(|error| CatalogError::damaged(self.what, error))
    }
}
