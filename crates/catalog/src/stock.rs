//! Every package of an engine at once, and what each principal sees of them: for indexes that list versions.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use keyway_access::{PackageListing, PackageSnapshot, Principal, Seen, may_list};
use keyway_base::{SlotKey, Timestamp};
use keyway_engine::View;

use crate::cache::Loaded;
use crate::fingerprint::Fingerprint;
use crate::names::NamesKey;
use crate::{AccountFacts, Catalog, CatalogError, EnvironmentFacts, Identity, Known};

/// Every package of an engine that an environment reads, sorted by normalised key.
#[derive(Debug)]
pub struct Stock {
    packages: Vec<Stocked>,
}

#[derive(Debug)]
struct Stocked {
    listing: PackageListing,
    snapshot: Arc<Known<PackageSnapshot>>,
}

/// What a principal sees of a [`Stock`].
#[derive(Debug)]
pub struct StockSeen {
    /// Callers of one class get the same documents from the same stock.
    pub class: u64,
    /// Positions in the stock, each with what is seen of the package.
    packages: Vec<(usize, Arc<Seen>)>,
    since: Timestamp,
    until: Option<Timestamp>,
}

impl StockSeen {
    /// Whether there is a release that it may have or that it is refused with a reason.
    pub fn shows_anything(&self) -> bool {
        self.packages.iter().any(|(_, seen)| !seen.visible.is_empty() || !seen.withheld.is_empty())
    }
    /// The views that engines answer from. `stock` must be the one this was decided on.
    pub fn views<'a>(&'a self, stock: &'a Stock) -> Vec<View<'a>> {
        let seen = self.packages.iter();
        seen.filter_map(|(at, seen)| Some(seen.view(&stock.packages.get(*at)?.snapshot))).collect()
    }
    fn is_valid(&self, now: Timestamp) -> bool {
        self.since <= now && self.until.is_none_or(|until| now <= until)
    }
}

/// What principals see of each stock. Both halves of the key are immutable, so that only time ends an entry.
pub(crate) struct StocksSeen(moka::sync::Cache<(Identity, Identity), Arc<StockSeen>>);

impl StocksSeen {
    pub(crate) fn new(bytes: u64) -> Self {
        let seen = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|_: &(Identity, Identity), seen: &Arc<StockSeen>| {
                u32::try_from(256 + size_of_val(&*seen.packages)).unwrap_or(u32::MAX)
            })
            .build();
        Self(seen)
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.weighted_size()
    }
}

impl Catalog {
    /// Every package of an engine, whoever may see it: narrow it with [`Catalog::stock_seen`].
    ///
    /// # Errors
    /// [`CatalogError`] when it cannot be loaded or vouched for.
    pub async fn stock(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        engine: &'static str,
    ) -> Result<Arc<Known<Stock>>, CatalogError> {
        self.lease.hold().await?;
        let key = NamesKey::of(account, environment, engine);
        if let Some(stock) = self.stocks.hit(&key) {
            return Ok(stock);
        }
        Box::pin(self.stocks.get(key, || self.load_stock(account, environment, engine))).await
    }

    /// Packages that have not changed come from the cache. Whatever changes in one touches the engine's slot, so
    /// the stock depends on that alone.
    async fn load_stock(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        engine: &'static str,
    ) -> Result<Loaded<Arc<Known<Stock>>>, CatalogError> {
        let names = self.names(account, environment, engine).await?;
        let mut print = Fingerprint::of(engine);
        let mut packages = Vec::with_capacity(names.packages.len());
        for listing in &names.packages {
            let found = self.package(account, environment, engine, &listing.name.normalised).await?;
            let Some(snapshot) = found else { continue };
            print.identity_of(snapshot.identity());
            packages.push(Stocked { listing: listing.clone(), snapshot });
        }
        // The snapshots are the package cache's; most of them are weighed there.
        let weight = packages.len() * (size_of::<Stocked>() + 64);
        let value = Arc::new(Known::new(Stock { packages }, print.identity(), weight));
        let slots = [SlotKey::Access(account.id).into(), SlotKey::Engine(account.id, engine).into()];
        Ok(Loaded { value, slots: slots.into() })
    }

    /// What a principal may see of a stock now. The first time costs O(releases), every other the same whatever
    /// there is.
    pub fn stock_seen(&self, principal: &Known<Principal>, stock: &Known<Stock>) -> Arc<StockSeen> {
        let now = self.clock.wall();
        let key = (principal.identity(), stock.identity());
        if let Some(seen) = self.stocks_seen.0.get(&key).filter(|seen| seen.is_valid(now)) {
            return seen;
        }
        let listed = stock.packages.iter().enumerate();
        let listed = listed.filter(|(_, stocked)| may_list(principal, &stocked.listing, now));
        let packages: Vec<(usize, Arc<Seen>)> =
            listed.map(|(at, stocked)| (at, self.seen(principal, &stocked.snapshot))).collect();
        let mut hasher = DefaultHasher::new();
        packages.iter().for_each(|(at, seen)| (at, seen.class).hash(&mut hasher));
        let until = packages.iter().filter_map(|(_, seen)| seen.valid_until()).min();
        let seen = Arc::new(StockSeen { class: hasher.finish(), packages, since: now, until });
        self.stocks_seen.0.insert(key, Arc::clone(&seen));
        seen
    }
}
