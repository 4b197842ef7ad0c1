//! A cache whose values say what they depend on (DESIGN §6 "Freshness").
//!
//! A loader notes the generation *first*, then reads one snapshot of the database; its value is good while
//! every slot it depends on stands at or below the noted generation. A value that races a write is born stale,
//! whatever ids it discovered while loading. No time-to-live stands in for invalidation.

use std::hash::Hash;
use std::sync::Arc;

use keyway_base::Slot;
use keyway_store::{Freshness, Generation};
use moka::Equivalent;

use crate::CatalogError;
use crate::favourites::Favourites;
use crate::flight::Flights;

/// What a value costs in memory, in bytes; roughly is enough.
pub(crate) trait Weigh {
    /// The bytes behind the value's own pointer.
    fn weigh(&self) -> usize;
    /// Whether this says that there is nothing. Such values are kept in a cache of their own, so that asking
    /// for what does not exist evicts nothing that does.
    fn is_absence(&self) -> bool {
        false
    }
}

/// A loaded value and what it depends on.
#[derive(Debug, Clone)]
pub(crate) struct Loaded<V> {
    /// The value.
    pub(crate) value: V,
    /// Every slot that a change of the value touches.
    pub(crate) slots: Box<[Slot]>,
}

/// A value in a cache.
pub(crate) struct Entry<V> {
    loaded: Loaded<V>,
    noted: Generation,
}

impl<V> Entry<V> {
    fn is_fresh(&self, freshness: &Freshness) -> bool {
        freshness.is_fresh(self.noted, &self.loaded.slots)
    }
}

/// How keys are hashed: seeded per process, and several times cheaper than the standard library's hasher.
pub(crate) type Hasher = foldhash::quality::RandomState;

type Entries<K, V> = moka::sync::Cache<K, Arc<Entry<V>>, Hasher>;

/// A bounded cache of cheap-to-clone values.
pub(crate) struct Cache<K, V> {
    presences: Entries<K, V>,
    absences: Entries<K, V>,
    /// Presences that were loaded last.
    favourites: Favourites<K, Arc<Entry<V>>>,
    flights: Flights<K, Result<Arc<Entry<V>>, CatalogError>>,
    freshness: Arc<Freshness>,
}

/// What moka, the entry and its slots cost beside key and value, roughly.
const OVERHEAD: usize = 192;

impl<K, V> Cache<K, V>
where
    K: Hash + Eq + Clone + Weigh + Send + Sync + 'static,
    V: Clone + Weigh + Send + Sync + 'static,
{
    /// A cache of at most `bytes`, and of at most `absent_bytes` of absences.
    pub(crate) fn new(bytes: u64, absent_bytes: u64, freshness: Arc<Freshness>) -> Self {
        let entries = |bytes| {
            let weigh = |key: &K, entry: &Arc<Entry<V>>| {
                let slots = size_of_val(&*entry.loaded.slots);
                let bytes = OVERHEAD + size_of::<K>() + key.weigh() + slots + entry.loaded.value.weigh();
                u32::try_from(bytes).unwrap_or(u32::MAX)
            };
            moka::sync::Cache::builder()
                .max_capacity(bytes)
                .weigher(weigh)
                .build_with_hasher(Hasher::default())
        };
        let (presences, absences) = (entries(bytes), entries(absent_bytes));
        Self { presences, absences, favourites: Favourites::holding(0), flights: Flights::new(), freshness }
    }

    /// The same, with so many of what was loaded last at hand.
    pub(crate) fn with_favourites(self, most: usize) -> Self {
        Self { favourites: Favourites::holding(most), ..self }
    }

    /// The value, when it is here and nothing it depends on has changed.
    pub(crate) fn hit<Q>(&self, key: &Q) -> Option<V>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let fresh =
            |entry: &Arc<Entry<V>>| entry.is_fresh(&self.freshness).then(|| entry.loaded.value.clone());
        let favourite = self.favourites.look(key, fresh);
        favourite.or_else(|| self.entry(key).map(|entry| entry.loaded.value.clone()))
    }

    fn entry<Q>(&self, key: &Q) -> Option<Arc<Entry<V>>>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let fresh = |entry: &Arc<Entry<V>>| entry.is_fresh(&self.freshness);
        self.presences.get(key).filter(fresh).or_else(|| self.absences.get(key).filter(fresh))
    }

    /// The value, loaded if need be, once for all who ask at the same time. The answer is never older than the
    /// question: a value that was loaded before this call and has gone stale since is loaded again.
    pub(crate) async fn get<F>(&self, key: K, load: impl Fn() -> F) -> Result<V, CatalogError>
    where
        F: Future<Output = Result<Loaded<V>, CatalogError>>,
    {
        let asked = self.freshness.note();
        if let Some(value) = self.hit(&key) {
            return Ok(value);
        }
        loop {
            let entry = self.flights.join(&key, || self.load(&key, &load)).await?;
            if entry.noted >= asked || entry.is_fresh(&self.freshness) {
                return Ok(entry.loaded.value.clone());
            }
        }
    }

    async fn load<F>(&self, key: &K, load: &impl Fn() -> F) -> Result<Arc<Entry<V>>, CatalogError>
    where
        F: Future<Output = Result<Loaded<V>, CatalogError>>,
    {
        let noted = self.freshness.note();
        // Whoever asked just before the last fetch was over finds its result here.
        if let Some(entry) = self.entry(key) {
            return Ok(entry);
        }
        Ok(self.put(key, load().await?, noted))
    }

    /// Keeps a value that was read from a snapshot which is no older than `noted`.
    pub(crate) fn put(&self, key: &K, loaded: Loaded<V>, noted: Generation) -> Arc<Entry<V>> {
        let entry = Arc::new(Entry { loaded, noted });
        let entries = if entry.loaded.value.is_absence() { &self.absences } else { &self.presences };
        entries.insert(key.clone(), Arc::clone(&entry));
        if !entry.loaded.value.is_absence() {
            self.favourites.put(key, Arc::clone(&entry));
        }
        entry
    }

    /// Forgets a value, for reasons that slots do not know (a clock that was set back).
    pub(crate) fn forget(&self, key: &K) {
        self.favourites.forget(key);
        self.presences.invalidate(key);
        self.absences.invalidate(key);
    }

    /// The bytes held now, for metrics.
    pub(crate) fn bytes(&self) -> u64 {
        self.presences.run_pending_tasks();
        self.absences.run_pending_tasks();
        self.presences.weighted_size() + self.absences.weighted_size()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::oneshot;

    use super::*;

    const SLOT: Slot = Slot(7);

    impl Weigh for u32 {
        fn weigh(&self) -> usize {
            0
        }
    }

    fn cache() -> (Arc<Freshness>, Arc<Cache<u32, u32>>) {
        let freshness = Arc::new(Freshness::new());
        (Arc::clone(&freshness), Arc::new(Cache::new(1 << 20, 1 << 20, freshness)))
    }

    fn loaded(value: u32) -> Result<Loaded<u32>, CatalogError> {
        Ok(Loaded { value, slots: [SLOT].into() })
    }

    #[tokio::test]
    async fn what_races_a_write_is_stale_from_birth() {
        let (freshness, cache) = cache();
        let racing = || async {
            freshness.bump(&[SLOT]);
            loaded(1)
        };
        assert_eq!(cache.get(1, racing).await.unwrap(), 1, "asked before the write, so either is right");
        assert_eq!(cache.hit(&1), None);
        assert_eq!(cache.get(1, || async { loaded(2) }).await.unwrap(), 2);
        assert_eq!(cache.hit(&1), Some(2));
        freshness.bump(&[Slot(8)]);
        assert_eq!(cache.hit(&1), Some(2), "another slot");
        freshness.bump(&[SLOT]);
        assert_eq!(cache.hit(&1), None);
    }

    #[tokio::test]
    async fn who_asks_after_a_write_is_not_given_what_was_read_before_it() {
        let (freshness, cache) = cache();
        let (started, wait) = oneshot::channel();
        let (go, gone) = oneshot::channel::<()>();
        let started = std::sync::Mutex::new(Some((started, gone)));
        let before = tokio::spawn({
            let cache = Arc::clone(&cache);
            async move {
                let load = || async {
                    let (started, gone) = started.lock().unwrap().take().unwrap();
                    started.send(()).unwrap();
                    gone.await.unwrap();
                    loaded(1)
                };
                cache.get(1, load).await.unwrap()
            }
        });
        wait.await.unwrap();
        freshness.bump(&[SLOT]);
        let after = tokio::spawn({
            let cache = Arc::clone(&cache);
            async move { cache.get(1, || async { loaded(2) }).await.unwrap() }
        });
        tokio::task::yield_now().await;
        go.send(()).unwrap();
        assert_eq!((before.await.unwrap(), after.await.unwrap()), (1, 2));
        assert_eq!(cache.hit(&1), Some(2));
    }

    #[tokio::test]
    async fn a_favourite_is_as_fresh_as_the_others_and_no_other_key() {
        let freshness = Arc::new(Freshness::new());
        let cache: Cache<u32, u32> = Cache::new(1 << 20, 1 << 20, Arc::clone(&freshness)).with_favourites(1);
        for (key, value) in [(1, 10), (2, 20)] {
            assert_eq!(cache.get(key, || async { loaded(value) }).await.unwrap(), value);
        }
        assert_eq!((cache.hit(&1), cache.hit(&2), cache.hit(&3)), (Some(10), Some(20), None));
        cache.presences.invalidate_all();
        assert_eq!(
            (cache.hit(&1), cache.hit(&2)),
            (None, Some(20)),
            "the one loaded last needs no other place"
        );
        freshness.bump(&[SLOT]);
        assert_eq!(cache.hit(&2), None);
        assert_eq!(cache.get(2, || async { loaded(21) }).await.unwrap(), 21);
        cache.forget(&2);
        assert_eq!(cache.hit(&2), None);
    }

    #[tokio::test]
    async fn failures_are_not_kept() {
        let (_, cache) = cache();
        let tries = AtomicU32::new(0);
        let load = || async {
            match tries.fetch_add(1, Ordering::SeqCst) {
                0 => Err(CatalogError::Lease),
                _ => loaded(1),
            }
        };
        assert!(cache.get(1, load).await.is_err());
        assert_eq!(cache.get(1, load).await.unwrap(), 1);
    }
}
