//! What others make of a licence that they found by its key, kept here as long as it is true.

use std::sync::Arc;

use keyway_access::EnvironmentView;
use keyway_base::{AccountId, Slot};
use keyway_crypto::token::CredentialDigest;
use keyway_store::Generation;

use crate::cache::{Cache, Loaded, Weigh};
use crate::catalog::MANY;
use crate::{Catalog, CatalogError};

/// Where something about a licence is kept: by the digest of its key, never the key itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShelfKey {
    /// The account.
    pub account: AccountId,
    /// What the environment opens.
    pub view: EnvironmentView,
    /// The digest of the licence's key.
    pub key: CredentialDigest,
}

impl Weigh for ShelfKey {
    fn weigh(&self) -> usize {
        0
    }
}

/// Values that are made of what the database says of licences.
pub struct Shelf<T> {
    catalog: Arc<Catalog>,
    cache: Cache<ShelfKey, Kept<T>>,
}

struct Kept<T> {
    value: Arc<T>,
    bytes: usize,
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Self { value: Arc::clone(&self.value), bytes: self.bytes }
    }
}

impl<T> Weigh for Kept<T> {
    fn weigh(&self) -> usize {
        self.bytes
    }
}

impl Catalog {
    /// An empty shelf of the size that this catalogue's limits give to licences.
    pub fn shelf<T: Send + Sync + 'static>(self: &Arc<Self>) -> Shelf<T> {
        let cache = Cache::new(self.licenses, 0, Arc::clone(self.db.freshness())).with_favourites(MANY);
        Shelf { catalog: Arc::clone(self), cache }
    }
}

impl<T: Send + Sync + 'static> Shelf<T> {
    /// The value, when it is here and nothing it depends on has changed: on this node, or on another that has answered its
    /// change before this was asked. Where others share the database, that takes a look at the log of changes, one for all
    /// who ask meanwhile.
    ///
    /// # Errors
    /// [`CatalogError`] when that cannot be told right now.
    pub async fn look(&self, key: &ShelfKey) -> Result<Option<Arc<T>>, CatalogError> {
        let lease = &self.catalog.lease;
        if !self.catalog.db.is_shared() {
            lease.hold().await?;
        } else if self.cache.hit(key).is_some() {
            Box::pin(lease.catch_up_with_all()).await?;
        }
        Ok(self.cache.hit(key).map(|kept| kept.value))
    }

    /// Keeps a value of so many bytes that depends on these slots and was read from a snapshot which is no older than
    /// `noted`.
    pub fn put(&self, key: &ShelfKey, value: Arc<T>, bytes: usize, slots: Box<[Slot]>, noted: Generation) {
        self.cache.put(key, Loaded { value: Kept { value, bytes }, slots }, noted);
    }
}
