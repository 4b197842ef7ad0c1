//! What each principal may see of each package, decided once by `access`.

use std::sync::Arc;

use keyway_access::{PackageSnapshot, Principal, Seen, may_list, names_class, view};
use keyway_base::Timestamp;
use keyway_engine::{NameList, PackageName};

use crate::cache::Hasher;
use crate::catalog::MANY;
use crate::favourites::Favourites;
use crate::names::Listing;
use crate::{Catalog, Identity, Known};

/// The decisions of a server. Both halves of the key are immutable, so that only time ends an entry.
pub(crate) struct Decisions {
    all: moka::sync::Cache<DecisionKey, Decision, Hasher>,
    favourites: Favourites<DecisionKey, Decision>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct DecisionKey {
    principal: Identity,
    snapshot: Identity,
}

#[derive(Clone)]
struct Decision {
    seen: Arc<Seen>,
    /// When it was decided; it says nothing of the time before.
    since: Timestamp,
}

impl Decisions {
    pub(crate) fn new(bytes: u64) -> Self {
        let all = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &DecisionKey, decision: &Decision| {
                u32::try_from(256 + decision.seen.weight()).unwrap_or(u32::MAX)
            })
            .build_with_hasher(Hasher::default());
        Self { all, favourites: Favourites::holding(MANY) }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.all.run_pending_tasks();
        self.all.weighted_size()
    }

    /// What was decided, if that still holds at a time.
    fn get(&self, key: &DecisionKey, now: Timestamp) -> Option<Arc<Seen>> {
        let holds = |known: &Decision| {
            (known.since <= now && known.seen.is_valid(now)).then(|| Arc::clone(&known.seen))
        };
        self.favourites.look(key, holds).or_else(|| holds(&self.all.get(key)?))
    }

    fn keep(&self, key: DecisionKey, decision: Decision) {
        self.favourites.put(&key, decision.clone());
        self.all.insert(key, decision);
    }
}

/// The names that each class of principals may see of each listing. Time does not count in it.
pub(crate) struct NamesByClass(moka::sync::Cache<NamesSeenKey, Arc<NameList>, Hasher>);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct NamesSeenKey {
    listing: Identity,
    class: u64,
}

impl NamesByClass {
    pub(crate) fn new(bytes: u64) -> Self {
        let names = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &NamesSeenKey, names: &Arc<NameList>| {
                let of = |name: &PackageName| size_of_val(name) + name.key.len() + name.normalised.len();
                u32::try_from(256 + names.0.iter().map(of).sum::<usize>()).unwrap_or(u32::MAX)
            })
            .build_with_hasher(Hasher::default());
        Self(names)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.weighted_size()
    }
}

impl Catalog {
    /// What a principal may see of a package now. The first time costs O(releases), every other the same
    /// whatever the package holds.
    pub fn seen(&self, principal: &Known<Principal>, snapshot: &Known<PackageSnapshot>) -> Arc<Seen> {
        let now = self.clock.wall();
        let key = DecisionKey { principal: principal.identity(), snapshot: snapshot.identity() };
        if let Some(seen) = self.decisions.get(&key, now) {
            return seen;
        }
        let seen = Arc::new(view(principal, snapshot, now));
        self.decisions.keep(key, Decision { seen: Arc::clone(&seen), since: now });
        seen
    }

    /// Those of the names that a principal may see. The first of a class of principals costs O(names), every
    /// other the same whatever there is.
    pub fn names_seen(&self, principal: &Principal, listing: &Known<Listing>) -> Arc<NameList> {
        let key = NamesSeenKey { listing: listing.identity(), class: names_class(principal) };
        if let Some(names) = self.names_by_class.0.get(&key) {
            return names;
        }
        let now = self.clock.wall();
        let visible = listing.packages.iter().filter(|entry| may_list(principal, entry, now));
        let names = Arc::new(NameList(visible.map(|entry| entry.name.clone()).collect()));
        self.names_by_class.0.insert(key, Arc::clone(&names));
        names
    }
}
