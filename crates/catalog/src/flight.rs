//! Single flight: however many ask for one thing at once, it is fetched once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OnceCell;

/// The fetches under way, by what they fetch.
pub(crate) struct Flights<K, V> {
    under_way: Mutex<HashMap<K, Arc<OnceCell<V>>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Flights<K, V> {
    pub(crate) fn new() -> Self {
        Self { under_way: Mutex::new(HashMap::new()) }
    }

    /// Joins the fetch of `key` that is under way, or starts one with `load`. When the caller who started it
    /// goes away, another one of those who wait starts over with their own `load`.
    pub(crate) async fn join<F>(&self, key: &K, load: impl FnOnce() -> F) -> V
    where
        F: Future<Output = V>,
    {
        let seat = self.board(key);
        seat.cell().get_or_init(load).await.clone()
    }

    fn board<'f>(&'f self, key: &'f K) -> Seat<'f, K, V> {
        let cell = Arc::clone(self.lock().entry(key.clone()).or_default());
        Seat { flights: self, key, cell: Some(cell) }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<OnceCell<V>>>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One caller's part in a fetch. Leaving takes the fetch off the list when it is over, so that whoever comes
/// later starts a new one, or when nobody waits for it any more.
struct Seat<'f, K: Hash + Eq + Clone, V: Clone> {
    flights: &'f Flights<K, V>,
    key: &'f K,
    cell: Option<Arc<OnceCell<V>>>,
}

impl<K: Hash + Eq + Clone, V: Clone> Seat<'_, K, V> {
    fn cell(&self) -> &OnceCell<V> {
        self.cell.as_ref().expect("a seat is given up only when it is dropped")
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Seat<'_, K, V> {
    fn drop(&mut self) {
        let mut under_way = self.flights.lock();
        let Some(cell) = self.cell.take() else { return };
        let listed = under_way.get(self.key).is_some_and(|listed| Arc::ptr_eq(listed, &cell));
        // The list and this seat hold one reference each; seats are taken and given up under the lock.
        if listed && (cell.initialized() || Arc::strong_count(&cell) <= 2) {
            under_way.remove(self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Barrier;

    use super::*;

    #[tokio::test]
    async fn a_hundred_callers_cause_one_fetch() {
        let flights = Arc::new(Flights::<u8, u32>::new());
        let fetches = Arc::new(AtomicU32::new(0));
        let gate = Arc::new(Barrier::new(101));
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (flights, fetches, gate) =
                    (Arc::clone(&flights), Arc::clone(&fetches), Arc::clone(&gate));
                tokio::spawn(async move {
                    let load = || async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        tokio::task::yield_now().await;
                        7
                    };
                    let joined = flights.join(&1, load);
                    gate.wait().await;
                    joined.await
                })
            })
            .collect();
        gate.wait().await;
        for caller in callers {
            assert_eq!(caller.await.unwrap(), 7);
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn those_who_wait_take_over_from_one_who_left() {
        let flights = Arc::new(Flights::<u8, u32>::new());
        let (started, wait) = tokio::sync::oneshot::channel();
        let first = tokio::spawn({
            let flights = Arc::clone(&flights);
            async move {
                let load = || async {
                    started.send(()).unwrap();
                    std::future::pending::<u32>().await
                };
                flights.join(&1, load).await
            }
        });
        wait.await.unwrap();
        let second = tokio::spawn({
            let flights = Arc::clone(&flights);
            async move { flights.join(&1, || async { 2 }).await }
        });
        tokio::task::yield_now().await;
        first.abort();
        assert_eq!(second.await.unwrap(), 2);
        assert!(first.await.unwrap_err().is_cancelled());
        assert!(flights.lock().is_empty());
    }

    #[tokio::test]
    async fn a_fetch_that_is_over_is_not_joined() {
        let flights = Flights::<u8, u32>::new();
        assert_eq!(flights.join(&1, || async { 1 }).await, 1);
        assert_eq!(flights.join(&1, || async { 2 }).await, 2);
    }
}
