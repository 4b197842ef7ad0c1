//! The packages of a world as the catalogue would hold them.

use keyway_base::EntitlementId;
use keyway_domain::resources as r;
use keyway_domain::rollout::Plan;
use keyway_engine::{Bits, Content, Feeds, Package, Release, Status, Targets, Urgency};
use keyway_versions::{Scheme, parse};

use super::World;
use crate::{PackageSnapshot, ReleaseRule};

impl World {
    /// A snapshot of every package, and of every product's releases without one, whatever their environments.
    pub fn snapshots(&self) -> Vec<PackageSnapshot> {
        let packaged = self.packages.iter().filter_map(|package| {
            let product = self.products.iter().find(|product| product.id == package.product_id.into())?;
            Some(self.snapshot(product, Some(package)))
        });
        packaged.chain(self.products.iter().map(|product| self.snapshot(product, None))).collect()
    }

    fn snapshot(&self, product: &r::Product, package: Option<&r::Package>) -> PackageSnapshot {
        let id = package.map(|package| package.id.into());
        let releases: Vec<&r::Release> = self
            .releases
            .iter()
            .filter(|release| release.product_id == product.id.into() && release.package_id == id)
            .collect();
        let entitlements: Vec<(EntitlementId, String)> =
            self.entitlements.iter().map(|of| (of.id.into(), of.code.clone())).collect();
        let releases_of: Vec<Release> = releases.iter().map(|release| engine_release(release)).collect();
        PackageSnapshot {
            package: Package {
                id,
                key: package.map(|package| package.key.clone()).unwrap_or_default(),
                normalised: package.map(|package| package.normalised_key.clone()).unwrap_or_default(),
                name: package.map(|package| package.name.clone()).unwrap_or_default(),
                created: product.created_at,
                targets: Targets::of(&releases_of),
                releases: releases_of,
                tags: Vec::new(),
                content: Content::default(),
                feeds: Feeds::default(),
            },
            product: product.id.into(),
            strategy: product.distribution_strategy,
            environment: package.map_or(product.environment_id, |package| package.environment_id),
            rules: releases.iter().map(|release| self.rule(release, &entitlements)).collect(),
            rollouts: self.plans(&releases),
            entitlements,
        }
    }

    fn plans(&self, releases: &[&r::Release]) -> Vec<(usize, Plan)> {
        let of = |release: &r::Release| {
            self.rollouts.iter().find(|rollout| rollout.release_id == release.id.into()).map(Plan::of)
        };
        let plans = releases.iter().enumerate().filter_map(|(index, release)| Some((index, of(release)?)));
        plans.collect()
    }

    fn rule(&self, release: &r::Release, entitlements: &[(EntitlementId, String)]) -> ReleaseRule {
        let asked = self.constraints.iter().filter(|of| of.release_id == release.id.into());
        let mut constraints = Bits::default();
        for constraint in asked {
            if constraints.words().is_empty() {
                constraints = Bits::new(entitlements.len());
            }
            let at = entitlements.iter().position(|(id, _)| *id == constraint.entitlement_id);
            at.into_iter().for_each(|at| constraints.insert(at));
        }
        ReleaseRule {
            effective: release.backdated_at.unwrap_or(release.created_at),
            environment: release.environment_id,
            constraints,
        }
    }
}

fn engine_release(release: &r::Release) -> Release {
    Release {
        id: release.id.into(),
        version: parse(Scheme::Semver, &release.version).expect("worlds write plain versions"),
        channel: release.channel.parse().expect("worlds write channels that there are"),
        tag: None,
        status: match release.status {
            r::ReleaseStatus::Draft => Status::Draft,
            r::ReleaseStatus::Published => Status::Published,
            r::ReleaseStatus::Yanked => Status::Yanked,
        },
        name: None,
        description: None,
        created: release.created_at,
        notice: None,
        urgency: Urgency::default(),
        bundle_version: None,
        phased_interval: None,
        artifacts: Vec::new(),
    }
}
