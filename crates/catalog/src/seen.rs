//! What each principal may see of each package, decided once by `access`.

use std::sync::Arc;

use keyway_access::{PackageSnapshot, Principal, Seen, may_list, view};
use keyway_base::Timestamp;
use keyway_engine::NameList;

use crate::names::Listing;
use crate::{Catalog, Identity, Known};

/// The decisions of a server. Both halves of the key are immutable, so that only time ends an entry.
pub(crate) struct Decisions(moka::sync::Cache<DecisionKey, Decision>);

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
        let decisions = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &DecisionKey, decision: &Decision| {
                u32::try_from(256 + decision.seen.weight()).unwrap_or(u32::MAX)
            })
            .build();
        Self(decisions)
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
        let known = self.decisions.0.get(&key).filter(|known| known.since <= now && known.seen.is_valid(now));
        if let Some(decision) = known {
            return decision.seen;
        }
        let seen = Arc::new(view(principal, snapshot, now));
        self.decisions.0.insert(key, Decision { seen: Arc::clone(&seen), since: now });
        seen
    }

    /// Those of the names that a principal may see. Costs O(names): documents made of them are cached by
    /// [`keyway_access::names_class`].
    pub fn names_seen(&self, principal: &Principal, listing: &Listing) -> NameList {
        let now = self.clock.wall();
        let visible = listing.packages.iter().filter(|entry| may_list(principal, entry, now));
        NameList(visible.map(|entry| entry.name.clone()).collect())
    }
}
