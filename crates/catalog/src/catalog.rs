//! The catalogue itself: the caches and what they load from.

use std::sync::Arc;

use keyway_base::{AccountId, Clock};
use keyway_engine::Engines;
use keyway_store::Db;

use crate::account::AccountFacts;
use crate::cache::Cache;
use crate::document::Documents;
use crate::environment::Environments;
use crate::known::Known;
use crate::lease::Lease;
use crate::limits::CacheLimits;
use crate::names::{Listing, NamesKey};
use crate::package::{Found, PackageKey};
use crate::principal::{PrincipalKey, Standing};
use crate::reserved::ReservedKey;
use crate::seen::{Decisions, NamesByClass};
use crate::stock::{Stock, StocksSeen};
use crate::tenancy::{AccountKey, Tenancy};
use crate::webhooks::Webhooks;

/// How many values of a kind are at hand where there are few of them, or large ones.
const FEW: usize = 64;
/// How many where each caller has one.
pub(crate) const MANY: usize = 1024;

/// Everything the read path knows without asking the database. Make one per process.
pub struct Catalog {
    pub(crate) db: Db,
    pub(crate) engines: Engines,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lease: Lease,
    pub(crate) tenancy: Tenancy,
    pub(crate) accounts: Cache<AccountKey<Box<str>>, Option<Arc<AccountFacts>>>,
    pub(crate) environments: Cache<AccountId, Environments>,
    pub(crate) webhooks: Cache<AccountId, Webhooks>,
    pub(crate) principals: Cache<PrincipalKey, Standing>,
    pub(crate) packages: Cache<PackageKey, Found>,
    pub(crate) names: Cache<NamesKey, Arc<Known<Listing>>>,
    pub(crate) stocks: Cache<NamesKey, Arc<Known<Stock>>>,
    pub(crate) reserved: Cache<ReservedKey, bool>,
    pub(crate) decisions: Decisions,
    pub(crate) names_by_class: NamesByClass,
    pub(crate) stocks_seen: StocksSeen,
    pub(crate) documents: Documents,
    /// How many bytes a [`Shelf`](crate::Shelf) may hold.
    pub(crate) licenses: u64,
}

/// How many bytes each cache holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheSizes {
    /// Principals and refused credentials.
    pub principals: u64,
    /// Packages, absent package keys, and names.
    pub packages: u64,
    /// What principals see of packages.
    pub seen: u64,
    /// Rendered documents.
    pub documents: u64,
}

impl Catalog {
    /// An empty catalogue over a database. `engines` gives packages their order; `clock` says when the lease
    /// runs out.
    pub fn new(db: Db, engines: Engines, clock: Arc<dyn Clock>, limits: CacheLimits) -> Arc<Self> {
        Self::with_tenancy(db, engines, clock, limits, Tenancy::default())
    }

    /// The same for another tenancy than that of a server with one account.
    pub fn with_tenancy(
        db: Db,
        engines: Engines,
        clock: Arc<dyn Clock>,
        limits: CacheLimits,
        tenancy: Tenancy,
    ) -> Arc<Self> {
        let freshness = || Arc::clone(db.freshness());
        Arc::new(Self {
            lease: Lease::new(db.clone(), Arc::clone(&clock)),
            tenancy,
            accounts: Cache::new(limits.accounts, limits.absences / 4, freshness()).with_favourites(FEW),
            environments: Cache::new(limits.accounts / 4, 0, freshness()).with_favourites(FEW),
            webhooks: Cache::new(limits.accounts / 4, 0, freshness()).with_favourites(FEW),
            principals: Cache::new(limits.principals, limits.refusals, freshness()).with_favourites(MANY),
            packages: Cache::new(limits.packages, limits.absences, freshness()).with_favourites(FEW),
            names: Cache::new(limits.packages / 8, 0, freshness()),
            stocks: Cache::new(limits.packages / 8, 0, freshness()),
            reserved: Cache::new(limits.absences / 4, limits.absences / 4, freshness()),
            decisions: Decisions::new(limits.seen),
            names_by_class: NamesByClass::new(limits.seen / 4),
            stocks_seen: StocksSeen::new(limits.seen / 4),
            documents: Documents::new(limits.documents),
            licenses: limits.licenses,
            db,
            engines,
            clock,
        })
    }

    /// How much the caches hold, for metrics.
    pub fn sizes(&self) -> CacheSizes {
        CacheSizes {
            principals: self.principals.bytes(),
            packages: self.packages.bytes()
                + self.names.bytes()
                + self.stocks.bytes()
                + self.reserved.bytes(),
            seen: self.decisions.bytes() + self.names_by_class.bytes() + self.stocks_seen.bytes(),
            documents: self.documents.bytes(),
        }
    }
}
