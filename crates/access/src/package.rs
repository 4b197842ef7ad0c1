//! A package as the catalogue holds it: what engines render from, and what access is decided from.

use keyway_base::{EntitlementId, EnvironmentId, PackageId, ProductId, Timestamp};
use keyway_domain::resources::DistributionStrategy;
use keyway_domain::rollout::Plan;
use keyway_engine::{Bits, Package, PackageName};

/// An immutable snapshot of one package (or of a product's releases without a package).
#[derive(Debug)]
pub struct PackageSnapshot {
    /// What engines see.
    pub package: Package,
    /// The product it belongs to.
    pub product: ProductId,
    /// Who may download the product's releases.
    pub strategy: DistributionStrategy,
    /// The environment of the package (of the product, for releases without a package).
    pub environment: Option<EnvironmentId>,
    /// One rule per release, in the order of [`Package::releases`].
    pub rules: Vec<ReleaseRule>,
    /// The releases that are not for everybody yet, by position, and how they are handed out.
    pub rollouts: Vec<(usize, Plan)>,
    /// Every entitlement that any release asks for, with its code. Rules name them by position.
    pub entitlements: Vec<(EntitlementId, String)>,
}

/// What access to one release depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRule {
    /// The date that access windows see: backdated if it is, else created.
    pub effective: Timestamp,
    /// The environment of the release.
    pub environment: Option<EnvironmentId>,
    /// The entitlements asked for, as positions in [`PackageSnapshot::entitlements`]; empty without constraints.
    pub constraints: Bits,
}

/// One package of the index of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageListing {
    /// The package.
    pub id: PackageId,
    /// Its product.
    pub product: ProductId,
    /// Who may download the product's releases.
    pub strategy: DistributionStrategy,
    /// Its environment.
    pub environment: Option<EnvironmentId>,
    /// Its name.
    pub name: PackageName,
}
