//! A few values at hand, each in the place that its key's hash gives it: looking here takes no lock and costs next to
//! nothing, where a cache that has to know what is used costs some hundred nanoseconds a look.

use std::hash::{BuildHasher as _, Hash};
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use moka::Equivalent;

use crate::cache::Hasher;

/// Values that were asked for lately. What is not here may well be in the cache behind it.
pub(crate) struct Favourites<K, V> {
    places: Box<[ArcSwapOption<(K, V)>]>,
    hasher: Hasher,
}

impl<K: Hash, V> Favourites<K, V> {
    /// Room for so many; with none nothing is ever here.
    pub(crate) fn holding(most: usize) -> Self {
        Self { places: (0..most).map(|_| ArcSwapOption::empty()).collect(), hasher: Hasher::default() }
    }

    /// What a look at the value of a key gives, if the value is here and the look gives anything.
    pub(crate) fn look<Q, T>(&self, key: &Q, look: impl FnOnce(&V) -> Option<T>) -> Option<T>
    where
        Q: Equivalent<K> + Hash + ?Sized,
    {
        let found = self.place(key)?.load();
        found.as_deref().filter(|(of, _)| key.equivalent(of)).and_then(|(_, value)| look(value))
    }

    /// Puts a value where whatever is in its place makes room for it.
    pub(crate) fn put(&self, key: &K, value: V)
    where
        K: Clone,
    {
        if let Some(place) = self.place(key) {
            place.store(Some(Arc::new((key.clone(), value))));
        }
    }

    /// Forgets whatever is in the place of a key.
    pub(crate) fn forget(&self, key: &K) {
        if let Some(place) = self.place(key) {
            place.store(None);
        }
    }

    fn place(&self, key: &(impl Hash + ?Sized)) -> Option<&ArcSwapOption<(K, V)>> {
        let places = u64::try_from(self.places.len()).unwrap_or(u64::MAX);
        let index = self.hasher.hash_one(key).checked_rem(places)?;
        self.places.get(usize::try_from(index).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_here_is_of_the_key_that_is_asked_for() {
        let few: Favourites<u32, u32> = Favourites::holding(4);
        for key in 0..100 {
            few.put(&key, key * 2);
            assert_eq!(few.look(&key, |value| Some(*value)), Some(key * 2));
        }
        let here: Vec<u32> = (0..100).filter(|key| few.look(key, |_| Some(())).is_some()).collect();
        assert!((1..=4).contains(&here.len()), "{here:?}");
        for key in here {
            assert_eq!(few.look(&key, |value| Some(*value)), Some(key * 2));
            assert_eq!(few.look(&key, |_| None::<u32>), None);
            few.forget(&key);
            assert_eq!(few.look(&key, |value| Some(*value)), None);
        }
        let none: Favourites<u32, u32> = Favourites::holding(0);
        none.put(&1, 2);
        assert_eq!(none.look(&1, |value| Some(*value)), None);
    }
}
