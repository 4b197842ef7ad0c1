//! The catalogue itself: the caches and what they load from.

use std::sync::Arc;

use keyway_base::{AccountId, Clock};
use keyway_engine::Engines;
use keyway_store::Db;

use crate::account::{AccountFacts, TheAccount};
use crate::cache::Cache;
use crate::document::Documents;
use crate::environment::Environments;
use crate::lease::Lease;
use crate::limits::CacheLimits;

/// Everything the read path knows without asking the database. Make one per process.
pub struct Catalog {
    pub(crate) db: Db,
    pub(crate) engines: Engines,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) lease: Lease,
    pub(crate) accounts: Cache<TheAccount, Arc<AccountFacts>>,
    pub(crate) environments: Cache<AccountId, Environments>,
    pub(crate) documents: Documents,
}

/// Room for accounts and environments, which are few.
const SETTINGS: u64 = 1024 * 1024;

impl Catalog {
    /// An empty catalogue over a database. `engines` gives packages their order; `clock` says when the lease
    /// runs out.
    pub fn new(db: Db, engines: Engines, clock: Arc<dyn Clock>, limits: CacheLimits) -> Arc<Self> {
        let freshness = || Arc::clone(db.freshness());
        Arc::new(Self {
            lease: Lease::new(db.clone(), Arc::clone(&clock)),
            accounts: Cache::new(SETTINGS, freshness()),
            environments: Cache::new(SETTINGS, freshness()),
            documents: Documents::new(limits.documents),
            db,
            engines,
            clock,
        })
    }
}
