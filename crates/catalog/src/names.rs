//! The names of an engine's packages, and which of them a caller may see.

use std::collections::HashMap;
use std::sync::Arc;

use keyway_access::{EnvironmentView, PackageListing};
use keyway_base::{AccountId, ProductId, SlotKey};
use keyway_domain::resources::{DistributionStrategy, Package, Product};
use keyway_engine::PackageName;
use keyway_jsonapi::{Declared, Scope};

use crate::cache::{Loaded, Weigh};
use crate::fingerprint::Fingerprint;
use crate::rows::Rows;
use crate::{AccountFacts, Catalog, CatalogError, EnvironmentFacts, Known};

/// Every package of an engine that an environment reads, sorted by normalised key.
#[derive(Debug)]
pub struct Listing {
    /// The packages.
    pub packages: Vec<PackageListing>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NamesKey {
    account: AccountId,
    view: EnvironmentView,
    engine: &'static str,
}

impl NamesKey {
    pub(crate) fn of(
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        engine: &'static str,
    ) -> Self {
        Self { account: account.id, view: EnvironmentFacts::view(environment), engine }
    }
}

impl Weigh for NamesKey {
    fn weigh(&self) -> usize {
        0
    }
}

impl Catalog {
    /// The names of an engine's packages, whoever may see them: narrow them with [`Catalog::names_seen`].
    ///
    /// # Errors
    /// [`CatalogError`] when they cannot be loaded or vouched for.
    pub async fn names(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        engine: &'static str,
    ) -> Result<Arc<Known<Listing>>, CatalogError> {
        self.lease.hold().await?;
        let key = NamesKey::of(account, environment, engine);
        if let Some(names) = self.names.hit(&key) {
            return Ok(names);
        }
        Box::pin(self.names.get(key, || self.load_names(key))).await
    }

    async fn load_names(&self, key: NamesKey) -> Result<Loaded<Arc<Known<Listing>>>, CatalogError> {
        let NamesKey { account, view, engine } = key;
        let what = "the package names";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let mut rows = Rows::of(&mut read, account, what);
        let mut print = Fingerprint::of(engine);
        let named = Scope::text("engine", engine).and(view.scope());
        let packages = rows.all_records(Package::RESOURCE, &named).await?;
        packages.iter().for_each(|record| print.record(record));
        let packages: Vec<Package> =
            packages.iter().map(|record| rows.typed(record)).collect::<Result<_, _>>()?;
        let products = packages.iter().map(|package| package.product_id.into());
        let products: Vec<Product> = rows.all_in("id", products).await?;
        products.iter().for_each(|product| {
            print.text(&product.id.to_string());
            print.text(product.distribution_strategy.as_str());
        });
        let listing = list(packages, &products);
        let weight = listing.packages.iter().map(weigh).sum();
        let value = Arc::new(Known::new(listing, print.identity(), weight));
        let slots = [SlotKey::Access(account).into(), SlotKey::Engine(account, engine).into()];
        Ok(Loaded { value, slots: slots.into() })
    }
}

/// Packages whose product is being deleted are gone already.
fn list(packages: Vec<Package>, products: &[Product]) -> Listing {
    let strategies: HashMap<ProductId, DistributionStrategy> =
        products.iter().map(|product| (product.id.into(), product.distribution_strategy)).collect();
    let mut packages: Vec<PackageListing> = packages
        .into_iter()
        .filter_map(|package| {
            let strategy = *strategies.get(&package.product_id)?;
            Some(PackageListing {
                id: package.id.into(),
                product: package.product_id,
                strategy,
                environment: package.environment_id,
                name: PackageName { key: package.key, normalised: package.normalised_key },
            })
        })
        .collect();
    packages.sort_by(|left, right| left.name.normalised.cmp(&right.name.normalised));
    Listing { packages }
}

fn weigh(listing: &PackageListing) -> usize {
    size_of::<PackageListing>() + listing.name.key.len() + listing.name.normalised.len()
}
