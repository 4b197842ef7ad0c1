//! Names that are this account's although no package of the name can be read: it was deleted, or is of another
//! environment. They are nobody else's, so a public index is never asked for them (`npm-pypi.md` §2.7).

use keyway_base::{AccountId, SlotKey};
use keyway_domain::resources::Package;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Tombstone;
use moka::Equivalent;

use crate::cache::{Loaded, Weigh};
use crate::rows::Rows;
use crate::{AccountFacts, Catalog, CatalogError};

#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct ReservedKey {
    account: AccountId,
    engine: &'static str,
    name: Box<str>,
}

#[derive(Hash)]
struct ReservedRef<'a> {
    account: AccountId,
    engine: &'static str,
    name: &'a str,
}

impl Equivalent<ReservedKey> for ReservedRef<'_> {
    fn equivalent(&self, key: &ReservedKey) -> bool {
        self.account == key.account && self.engine == key.engine && self.name == &*key.name
    }
}

impl Weigh for ReservedKey {
    fn weigh(&self) -> usize {
        self.name.len()
    }
}

/// Whether a name is reserved.
impl Weigh for bool {
    fn weigh(&self) -> usize {
        0
    }
    fn is_absence(&self) -> bool {
        !self
    }
}

impl Catalog {
    /// Whether a *normalised* key is the account's, in whatever environment, or was before its package was
    /// deleted.
    ///
    /// # Errors
    /// [`CatalogError`] when that cannot be told right now: the name must then not be given to strangers.
    pub async fn is_reserved(
        &self,
        account: &AccountFacts,
        engine: &'static str,
        key: &str,
    ) -> Result<bool, CatalogError> {
        self.lease.hold().await?;
        let asked = ReservedRef { account: account.id, engine, name: key };
        if let Some(reserved) = self.reserved.hit(&asked) {
            return Ok(reserved);
        }
        let key = ReservedKey { account: account.id, engine, name: key.into() };
        Box::pin(self.reserved.get(key.clone(), || self.load_reserved(&key))).await
    }

    async fn load_reserved(&self, key: &ReservedKey) -> Result<Loaded<bool>, CatalogError> {
        let what = "a name";
        let failed = |error| CatalogError::store(what, error);
        let ReservedKey { account, engine, name } = key;
        let mut read = self.db.read().await.map_err(failed)?;
        let named = Scope::text("engine", *engine).and(Scope::text("normalised_key", &**name));
        let mut rows = Rows::of(&mut read, *account, what);
        let lives = rows.find_record(Package::RESOURCE, &named).await?.is_some();
        let grave = Tombstone { account: *account, engine, package: name, version: "", filename: "" };
        let value = lives || read.is_tombstoned(&grave).await.map_err(failed)?;
        let slots = [SlotKey::Access(*account).into(), SlotKey::PackageKey(*account, engine, name).into()];
        Ok(Loaded { value, slots: slots.into() })
    }
}
