//! Packages: looked up by name or product, loaded whole, kept until something in them changes.

use std::sync::Arc;

use keyway_access::{EnvironmentView, PackageSnapshot};
use keyway_base::{AccountId, EntitlementId, PackageId, RecordId, Slot, SlotKey};
use keyway_domain::resources::{
    Artifact, Constraint, Entitlement, Manifest, Package, PackageTag, Product, Release, Rollout,
};
use keyway_domain::touch::GENERATED_FEEDS;
use keyway_engine::{Descriptor, Feeds};
use keyway_jsonapi::{Declared, Scope};
use keyway_versions::Scheme;
use moka::Equivalent;

use crate::cache::{Loaded, Weigh};
use crate::fingerprint::Fingerprint;
use crate::reach;
use crate::rows::Rows;
use crate::snapshot::{self, Head};
use crate::{AccountFacts, Catalog, CatalogError, EnvironmentFacts, Known};

/// What a load finds; absences are kept too.
pub(crate) type Found = Option<Arc<Known<PackageSnapshot>>>;

/// What a package is asked for by.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct PackageKey {
    place: Place,
    /// The package's normalised key, or the product's id or code.
    name: Box<str>,
    /// The package's id or key, below a product.
    below: Option<Box<str>>,
}

#[derive(Hash)]
struct PackageRef<'a> {
    place: Place,
    name: &'a str,
    below: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Place {
    account: AccountId,
    view: EnvironmentView,
    /// The engine whose package is asked for; `None` asks below a product.
    engine: Option<&'static str>,
}

impl Equivalent<PackageKey> for PackageRef<'_> {
    fn equivalent(&self, key: &PackageKey) -> bool {
        self.place == key.place && self.name == &*key.name && self.below == key.below.as_deref()
    }
}

impl PackageRef<'_> {
    fn to_key(&self) -> PackageKey {
        PackageKey { place: self.place, name: self.name.into(), below: self.below.map(Into::into) }
    }
}

impl Weigh for PackageKey {
    fn weigh(&self) -> usize {
        self.name.len() + self.below.as_ref().map_or(0, |below| below.len())
    }
}

impl Catalog {
    /// The package of an engine by its *normalised* key, as far as this environment reads it.
    ///
    /// # Errors
    /// [`CatalogError`] when it cannot be loaded, or is not public and the change log cannot be read.
    pub async fn package(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        engine: &'static str,
        key: &str,
    ) -> Result<Found, CatalogError> {
        let view = EnvironmentFacts::view(environment);
        let place = Place { account: account.id, view, engine: Some(engine) };
        self.snapshot(PackageRef { place, name: key, below: None }).await
    }

    /// The releases of a product (id or code): those of one of its packages (id or key, of whatever engine), or
    /// those without a package.
    ///
    /// # Errors
    /// As [`Catalog::package`].
    pub async fn product_releases(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        product: &str,
        package: Option<&str>,
    ) -> Result<Found, CatalogError> {
        let view = EnvironmentFacts::view(environment);
        let place = Place { account: account.id, view, engine: None };
        self.snapshot(PackageRef { place, name: product, below: package }).await
    }

    async fn snapshot(&self, asked: PackageRef<'_>) -> Result<Found, CatalogError> {
        if let Err(error) = self.lease.hold().await {
            // Without the change log only what everybody may have is answered for.
            let known = self.packages.hit(&asked).flatten();
            let public = known.filter(|snapshot| is_public(snapshot));
            return public.map(Some).ok_or(error);
        }
        if let Some(found) = self.packages.hit(&asked) {
            return Ok(found);
        }
        let key = asked.to_key();
        Box::pin(self.packages.get(key.clone(), || self.load_snapshot(&key))).await
    }

    async fn load_snapshot(&self, key: &PackageKey) -> Result<Loaded<Found>, CatalogError> {
        let what = "a package";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let mut search = Search {
            catalog: self,
            account: key.place.account,
            view: key.place.view,
            rows: Rows::of(&mut read, key.place.account, what),
            print: Fingerprint::of(key.place.engine.unwrap_or_default()),
            slots: vec![SlotKey::Access(key.place.account).into()],
        };
        let head = match key.place.engine {
            Some(engine) => search.package_of_engine(engine, &key.name).await?,
            None => search.below_product(&key.name, key.below.as_deref()).await?,
        };
        let value = match head {
            Some(head) => Some(search.load(head).await?),
            None => None,
        };
        Ok(Loaded { value, slots: search.slots.into() })
    }
}

/// Whether anybody may have it, whatever became of licences meanwhile.
fn is_public(snapshot: &PackageSnapshot) -> bool {
    snapshot.strategy == keyway_domain::resources::DistributionStrategy::Open
}

/// One load: what it reads from, and what it has found out that it depends on.
struct Search<'c, 'r> {
    catalog: &'c Catalog,
    account: AccountId,
    view: EnvironmentView,
    rows: Rows<'r>,
    print: Fingerprint,
    slots: Vec<Slot>,
}

impl Search<'_, '_> {
    fn depends_on(&mut self, key: SlotKey<'_>) {
        self.slots.push(key.into());
    }

    async fn package_of_engine(
        &mut self,
        engine: &'static str,
        key: &str,
    ) -> Result<Option<Head>, CatalogError> {
        self.depends_on(SlotKey::PackageKey(self.account, engine, key));
        let named = Scope::text("engine", engine).and(Scope::text("normalised_key", key));
        match self.package(named).await? {
            Some(package) => self.head_of(package, None).await,
            None => Ok(None),
        }
    }

    async fn below_product(
        &mut self,
        product: &str,
        package: Option<&str>,
    ) -> Result<Option<Head>, CatalogError> {
        let named = match product.parse::<RecordId>() {
            Ok(id) => Scope::id("id", id),
            Err(_) => Scope::text("code", product),
        };
        let Some(product) = self.product(named).await? else { return Ok(None) };
        let Some(package) = package else {
            self.depends_on(SlotKey::Unpackaged(self.account, product.id));
            return Ok(Some(unpackaged(product)));
        };
        // A package of any engine may come into being under this name.
        let engines = self.catalog.engines.iter().map(|engine| engine.descriptor().key);
        for engine in engines.chain([""]) {
            self.depends_on(SlotKey::Engine(self.account, engine));
        }
        let named = match package.parse::<RecordId>() {
            Ok(id) => Scope::id("id", id),
            Err(_) => Scope::text("key", package).or(Scope::text("normalised_key", package)),
        };
        match self.package(named.and(Scope::id("product_id", product.id))).await? {
            Some(package) => self.head_of(package, Some(product)).await,
            None => Ok(None),
        }
    }

    async fn package(&mut self, named: Scope) -> Result<Option<Package>, CatalogError> {
        let scope = named.and(self.view.scope());
        let Some(record) = self.rows.find_record(Package::RESOURCE, &scope).await? else { return Ok(None) };
        self.print.record(&record);
        let package: Package = self.rows.typed(&record)?;
        self.depends_on(SlotKey::Package(self.account, package.id));
        Ok(Some(package))
    }

    async fn product(&mut self, named: Scope) -> Result<Option<Product>, CatalogError> {
        let scope = named.and(self.view.scope());
        let Some(record) = self.rows.find_record(Product::RESOURCE, &scope).await? else { return Ok(None) };
        self.print.record(&record);
        self.rows.typed(&record).map(Some)
    }

    /// The package with its product; a package whose product is being deleted is gone already.
    async fn head_of(
        &mut self,
        package: Package,
        product: Option<Product>,
    ) -> Result<Option<Head>, CatalogError> {
        let product = match product {
            Some(product) => product,
            None => match self.product(Scope::id("id", package.product_id)).await? {
                Some(product) => product,
                None => return Ok(None),
            },
        };
        Ok(Some(Head {
            package: Some(package.id.into()),
            product: product.id.into(),
            strategy: product.distribution_strategy,
            environment: package.environment_id,
            scheme: self.scheme(package.engine.as_deref()),
            holds_content: self.engine(package.engine.as_deref()).is_some_and(|engine| engine.registry),
            key: package.key,
            normalised: package.normalised_key,
            feeds: feeds(&[&package.metadata, &product.metadata]),
            name: package.name,
            created: package.created_at,
        }))
    }

    /// How versions of this engine's packages are ordered.
    fn scheme(&self, engine: Option<&str>) -> Scheme {
        self.engine(engine).map_or(Scheme::Semver, |engine| engine.scheme)
    }

    fn engine(&self, key: Option<&str>) -> Option<&'static Descriptor> {
        key.and_then(|key| self.catalog.engines.get(key)).map(|engine| engine.descriptor())
    }

    async fn load(&mut self, head: Head) -> Result<Arc<Known<PackageSnapshot>>, CatalogError> {
        let belongs = match head.package {
            Some(package) => Scope::id("package_id", package),
            None => Scope::id("product_id", head.product).and(Scope::IsNull("package_id")),
        };
        let readable = self.view.scope();
        let releases = belongs.and(readable.clone());
        let of_releases = Scope::belongs("releases", "release_id", releases.clone());
        let rows = snapshot::Rows {
            releases: self.all::<Release>(&releases).await?,
            artifacts: self.all::<Artifact>(&of_releases.clone().and(readable)).await?,
            manifests: self.all::<Manifest>(&of_releases).await?,
            constraints: self.all::<Constraint>(&of_releases).await?,
            rollouts: self.all::<Rollout>(&of_releases).await?,
            tags: self.tags(head.package).await?,
            content: self.content(&head).await?,
            entitlements: Vec::new(),
        };
        let entitlements = self.entitlements(&rows.constraints).await?;
        let snapshot = snapshot::build(head, snapshot::Rows { entitlements, ..rows });
        let weight = snapshot::weight(&snapshot);
        Ok(Arc::new(Known::new(snapshot, self.print.identity(), weight)))
    }

    async fn tags(&mut self, package: Option<PackageId>) -> Result<Vec<PackageTag>, CatalogError> {
        match package {
            Some(package) => self.all(&Scope::id("package_id", package)).await,
            None => Ok(Vec::new()),
        }
    }

    async fn content(&mut self, head: &Head) -> Result<reach::Rows, CatalogError> {
        let Some(package) = head.package.filter(|_| head.holds_content) else {
            return Ok(reach::Rows::default());
        };
        let theirs = Scope::id("package_id", package);
        Ok(reach::Rows {
            blobs: self.all(&theirs).await?,
            manifests: self.all(&theirs).await?,
            edges: self.all(&theirs).await?,
            tags: self.all(&theirs).await?,
            roots: self.all(&theirs).await?,
        })
    }

    async fn all<T: Declared>(&mut self, scope: &Scope) -> Result<Vec<T>, CatalogError> {
        let records = self.rows.all_records(T::RESOURCE, scope).await?;
        records
            .iter()
            .map(|record| {
                self.print.record(record);
                self.rows.typed(record)
            })
            .collect()
    }

    async fn entitlements(
        &mut self,
        constraints: &[Constraint],
    ) -> Result<Vec<(EntitlementId, String)>, CatalogError> {
        let asked = constraints.iter().map(|row| row.entitlement_id.into());
        let found: Vec<Entitlement> = self.rows.all_in("id", asked).await?;
        found.iter().for_each(|row| self.print.text(&row.code));
        Ok(found.into_iter().map(|row| (row.id.into(), row.code)).collect())
    }
}

/// Which feed updaters are given, as the metadata of the package says, or else that of its product.
fn feeds(metadata: &[&serde_json::Value]) -> Feeds {
    let says = |metadata: &&serde_json::Value| metadata.get(GENERATED_FEEDS)?.as_bool();
    match metadata.iter().find_map(says) {
        Some(true) => Feeds::Generated,
        Some(false) | None => Feeds::Uploaded,
    }
}

/// The releases of a product that have no package.
fn unpackaged(product: Product) -> Head {
    let code = product.code.unwrap_or_else(|| product.id.to_string());
    Head {
        package: None,
        product: product.id.into(),
        strategy: product.distribution_strategy,
        environment: product.environment_id,
        key: code.clone(),
        normalised: code,
        feeds: feeds(&[&product.metadata]),
        name: product.name,
        created: product.created_at,
        scheme: Scheme::Semver,
        holds_content: false,
    }
}
