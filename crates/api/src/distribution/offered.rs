//! Which of the releases that a caller may have an upgrade leads to now: within the vendor's pins, and not those
//! whose rollout leaves the asking installation out (`updaters.md` §5).

use std::borrow::Cow;
use std::collections::HashMap;

use keyway_access::{Target, is_offered, pinned_channel};
use keyway_base::{EntitlementId, ProductId, ReleaseId};
use keyway_domain::resources::{Constraint, Product, Release, Rollout};
use keyway_domain::rollout::Plan;
use keyway_engine::Poller;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_versions::{Channel, Scheme, parse};

use crate::call::Call;
use crate::refusal::Outcome;
use crate::work::Work;

/// The channel that the vendor holds the caller's updates of a product to.
pub(super) fn pinned(call: &Call, product: ProductId) -> Option<Channel> {
    pinned_channel(&call.principal, &Target::of_product(None, product), call.now)
}

/// Of a product's releases, all that match a condition, those that the caller is led to.
pub(super) async fn offered(
    work: &mut Work,
    product: ProductId,
    scope: &Scope,
    scheme: Scheme,
) -> Outcome<Vec<Record>> {
    let releases = work.all(Release::RESOURCE, scope).await?;
    let Some(strategy) = strategy(work, product).await? else { return Ok(Vec::new()) };
    let theirs = Scope::belongs("releases", "release_id", scope.clone());
    let plans = plans(work, &theirs).await?;
    let asked = constraints(work, &theirs).await?;
    let call = work.call.clone();
    let installation = installation(&call);
    let mut offered = Vec::with_capacity(releases.len());
    for record in releases {
        let release: Release = record.typed()?;
        let id = ReleaseId::from(release.id);
        let (Ok(version), Ok(channel)) = (parse(scheme, &release.version), release.channel.parse()) else {
            continue;
        };
        let asked = asked.get(&id).map_or(&[][..], Vec::as_slice);
        let target = Target::release(&release, strategy, asked, call.now);
        if is_offered(
            &call.principal,
            &target,
            (&version, channel),
            (plans.get(&id), installation.as_deref()),
        ) {
            offered.push(record);
        }
    }
    Ok(offered)
}

async fn strategy(
    work: &mut Work,
    product: ProductId,
) -> Outcome<Option<keyway_domain::resources::DistributionStrategy>> {
    let product = work.get(Product::RESOURCE, product.into()).await?;
    Ok(product
        .map(|product| product.typed::<Product>())
        .transpose()?
        .map(|product| product.distribution_strategy))
}

async fn plans(work: &mut Work, of_releases: &Scope) -> Outcome<HashMap<ReleaseId, Plan>> {
    let mut plans = HashMap::new();
    for record in work.all(Rollout::RESOURCE, of_releases).await? {
        let rollout: Rollout = record.typed()?;
        plans.insert(rollout.release_id, Plan::of(&rollout));
    }
    Ok(plans)
}

/// What releases ask for, where pins tell the caller's licences apart.
async fn constraints(
    work: &mut Work,
    of_releases: &Scope,
) -> Outcome<HashMap<ReleaseId, Vec<EntitlementId>>> {
    let mut constraints: HashMap<ReleaseId, Vec<EntitlementId>> = HashMap::new();
    if work.call.principal.grants.iter().all(|grant| grant.pin.is_none()) {
        return Ok(constraints);
    }
    for record in work.all(Constraint::RESOURCE, of_releases).await? {
        let constraint: Constraint = record.typed()?;
        constraints.entry(constraint.release_id).or_default().push(constraint.entitlement_id);
    }
    Ok(constraints)
}

/// Which installation asks.
fn installation(call: &Call) -> Option<String> {
    let header = |name: &'static str| call.headers.get(name)?.to_str().ok().map(Cow::Borrowed);
    Poller::sent(|name| call.query.text(name).map(Cow::Borrowed), header).installation
}
