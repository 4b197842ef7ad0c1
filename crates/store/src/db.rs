//! The database as the rest of the house sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use keyway_base::{AccountId, Timestamp};
use keyway_jsonapi::{Record, Resource, Scope};

use crate::read::unwritten;
use crate::{Freshness, Job, Page, Read, SigningKey, StoreError, Tombstone, Write};

/// How to open the database.
#[derive(Debug, Clone)]
pub struct Options {
    /// The database file; it is made when it does not exist.
    pub path: PathBuf,
    /// Connections that read.
    pub readers: u32,
}

/// The database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    freshness: Arc<Freshness>,
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened or migrated.
    pub async fn open(_: &Options) -> Result<Self, StoreError> {
        Err(unwritten())
    }
    /// The freshness of what this process caches.
    pub const fn freshness(&self) -> &Arc<Freshness> {
        &self.freshness
    }
    /// The oldest record that matches.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn find(
        &self,
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
        &self,
        _: &'static Resource,
        _: AccountId,
        _: &Scope,
        _: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        Err(unwritten())
    }
    /// How many records match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(&self, _: &'static Resource, _: AccountId, _: &Scope) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// The oldest account that matches; the one look-up without a tenant. `accounts` is the declaration of
    /// accounts, which this crate does not know.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn account(
        &self,
        _accounts: &'static Resource,
        _: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        Err(unwritten())
    }
    /// Every account, oldest first. `accounts` is the declaration of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn accounts(&self, _accounts: &'static Resource) -> Result<Vec<Record>, StoreError> {
        Err(unwritten())
    }
    /// A consistent snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn read(&self) -> Result<Read, StoreError> {
        Err(unwritten())
    }
    /// A transaction. Only one runs at a time; the others wait.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn begin(&self) -> Result<Write, StoreError> {
        Err(unwritten())
    }
    /// Whether the name, version or file is buried.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_tombstoned(&self, _: &Tombstone<'_>) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Claims the job of one of these kinds that is due longest, for as long as `lease`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn claim(
        &self,
        _now: Timestamp,
        _lease: Duration,
        _kinds: &[&str],
    ) -> Result<Option<Job>, StoreError> {
        Err(unwritten())
    }
    /// Holds a claimed job for longer; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn renew(&self, _: &Job, _until: Timestamp) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Ends a claimed job; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn finish(&self, _: &Job) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Gives a claimed job back to be run at `at`; `false` when the lease was lost.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn retry(&self, _: &Job, _at: Timestamp, _error: &str) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Jobs not yet finished.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn pending_jobs(&self) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// The keys that sign blob URLs, newest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        Err(unwritten())
    }
    /// Adds a key that signs blob URLs; `false` when a key of this id exists (another process was faster).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn add_signing_key(&self, _: &SigningKey) -> Result<bool, StoreError> {
        Err(unwritten())
    }
    /// Forgets the keys made before `before` and says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn drop_signing_keys(&self, _before: Timestamp) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// Drops all but the newest `keep` entries of the change log (never all of them) and says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn prune_changes(&self, _keep: u32) -> Result<u64, StoreError> {
        Err(unwritten())
    }
    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        Err(unwritten())
    }
}
