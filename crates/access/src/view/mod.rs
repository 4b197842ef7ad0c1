//! What a caller sees of a package, decided in memory over its snapshot (`distribution.md` §3).
//!
//! Costs O(releases) and is kept by the catalogue per principal and snapshot, until [`Seen::valid_until`]. The
//! class covers what is listed and the refusal as a whole; the texts of single verdicts are not part of it, so
//! engines put them into refusals, never into documents.

mod offered;
mod refusal;
mod seen;

use std::hash::{DefaultHasher, Hash, Hasher};

use keyway_base::Timestamp;
use keyway_domain::permission::Permission;
use keyway_domain::resources::DistributionStrategy;
use keyway_engine::{Bits, Denial, Reason, Status};
use keyway_jsonapi::Role;

use crate::{LicenseGrant, PackageListing, PackageSnapshot, Principal, ReleaseRule, terms};
pub use offered::{is_offered, pinned_channel, waiting};
use seen::Refusals;
pub use seen::Seen;

/// What a caller may see of a package, and why not the rest.
pub fn view(principal: &Principal, snapshot: &PackageSnapshot, now: Timestamp) -> Seen {
    let mut seen = Seen::nothing(snapshot.package.releases.len());
    if let Some(denial) = refused_outright(principal, snapshot) {
        return seen.denied(denial, tier(principal));
    }
    if is_vendor(principal) {
        vendor(principal, snapshot, &mut seen);
    } else {
        customer(principal, snapshot, now, &mut seen);
    }
    seen.classified(tier(principal))
}

/// Whether a package's name is told to the caller (`distribution.md` §3.1: neither status nor expiry counts).
/// `now` is there for rules that come to depend on it.
pub fn may_list(principal: &Principal, entry: &PackageListing, _now: Timestamp) -> bool {
    if !principal.view.reads(entry.environment) || !has_permissions(principal, &[Permission::PackageRead]) {
        return false;
    }
    match principal.role {
        Role::Product => principal.product() == Some(entry.product),
        _ if is_vendor(principal) => true,
        _ => match entry.strategy {
            DistributionStrategy::Open => true,
            DistributionStrategy::Licensed => principal.grants.iter().any(|of| of.product == entry.product),
            DistributionStrategy::Closed => false,
        },
    }
}

/// Callers of one class get the same index of names: the key of its cached document.
pub fn names_class(principal: &Principal) -> u64 {
    let mut products: Vec<_> = principal.grants.iter().map(|grant| grant.product).collect();
    products.sort_unstable();
    products.dedup();
    let mut hasher = DefaultHasher::new();
    // A product sees its own packages only, a team user who holds a licence of it all of them.
    (tier(principal), principal.product()).hash(&mut hasher);
    has_permissions(principal, &[Permission::PackageRead]).hash(&mut hasher);
    principal.view.hash(&mut hasher);
    products.hash(&mut hasher);
    hasher.finish()
}

/// What engines serve needs to be read and downloaded.
const ENGINE_PERMISSIONS: &[Permission] =
    &[Permission::ReleaseRead, Permission::ReleaseDownload, Permission::ArtifactRead];

fn has_permissions(principal: &Principal, needed: &[Permission]) -> bool {
    principal.role == Role::Anonymous || needed.iter().all(|permission| principal.may(*permission))
}

/// The team, environments and products: those who see every status.
fn is_vendor(principal: &Principal) -> bool {
    principal.role.is_team() || matches!(principal.role, Role::Environment | Role::Product)
}

/// Callers of different tiers never share a document.
fn tier(principal: &Principal) -> u8 {
    match principal.role {
        Role::Anonymous => 0,
        Role::User | Role::License => 1,
        _ => 2,
    }
}

/// Refusals that no release can change.
fn refused_outright(principal: &Principal, snapshot: &PackageSnapshot) -> Option<Denial> {
    if !has_permissions(principal, ENGINE_PERMISSIONS) {
        return Some(refusal::permission());
    }
    if principal.role == Role::Product && principal.product() != Some(snapshot.product) {
        return Some(refusal::foreign_product());
    }
    None
}

/// Releases with their rules and positions, those of other environments left out.
fn readable<'a>(
    principal: &'a Principal,
    snapshot: &'a PackageSnapshot,
) -> impl Iterator<Item = (usize, Status, &'a ReleaseRule)> {
    let releases = snapshot.package.releases.iter().zip(&snapshot.rules).enumerate();
    releases
        .filter(|(_, (_, rule))| principal.view.reads(rule.environment))
        .map(|(index, (release, rule))| (index, release.status, rule))
}

/// Every status, and what belongs to no release; the yanked ones are also marked as such.
fn vendor(principal: &Principal, snapshot: &PackageSnapshot, seen: &mut Seen) {
    seen.whole = true;
    for (index, status, _) in readable(principal, snapshot) {
        seen.visible.insert(index);
        if status == Status::Yanked {
            seen.yanked.insert(index);
        }
    }
    seen.offered.clone_from(&seen.visible);
}

fn customer(principal: &Principal, snapshot: &PackageSnapshot, now: Timestamp, seen: &mut Seen) {
    let held: Vec<Held<'_>> = principal
        .grants
        .iter()
        .filter(|grant| grant.product == snapshot.product)
        .map(|grant| Held::of(grant, snapshot))
        .collect();
    seen.until = held.iter().filter_map(|held| held.changes_at(now)).min();
    let mut refusals = Refusals::default();
    let mut any_published = false;
    for (index, status, rule) in readable(principal, snapshot) {
        if status == Status::Draft {
            continue;
        }
        any_published |= status == Status::Published;
        match decide(snapshot.strategy, &held, rule, now) {
            Ok(()) if status == Status::Yanked => seen.yanked.insert(index),
            Ok(()) => seen.visible.insert(index),
            Err(refused) => refusals.add(index, status, refused, snapshot.package.releases.len()),
        }
    }
    offered::hold_to_pins(snapshot, &held, now, seen);
    refusals.settle(principal, snapshot, &held, seen);
    if seen.visible.is_empty() {
        seen.denial = whole(principal, snapshot, &held, any_published, now, seen);
    }
}

/// A licence of the package's product, with its entitlements as positions in the snapshot.
struct Held<'a> {
    grant: &'a LicenseGrant,
    entitlements: Bits,
}

impl<'a> Held<'a> {
    fn of(grant: &'a LicenseGrant, snapshot: &PackageSnapshot) -> Self {
        let mut entitlements = Bits::new(snapshot.entitlements.len());
        for (index, (id, _)) in snapshot.entitlements.iter().enumerate() {
            if grant.entitlements.contains(id) {
                entitlements.insert(index);
            }
        }
        Self { grant, entitlements }
    }
    fn is_entitled(&self, rule: &ReleaseRule) -> bool {
        let held = self.entitlements.words().iter().copied().chain(std::iter::repeat(0));
        rule.constraints.words().iter().zip(held).all(|(needed, held)| needed & !held == 0)
    }
    fn missing(&self, rule: &ReleaseRule) -> Bits {
        let room = rule.constraints.words().len() * 64;
        let mut missing = Bits::new(room);
        for index in (0..room).filter(|at| rule.constraints.contains(*at) && !self.entitlements.contains(*at))
        {
            missing.insert(index);
        }
        missing
    }
    /// The next moment after which this licence's answers, or their words, are other ones.
    fn changes_at(&self, now: Timestamp) -> Option<Timestamp> {
        self.grant.expiry.filter(|expiry| *expiry >= now)
    }
}

/// Why a release is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    reason: Reason,
    /// The licence it is about, as a position among those of the product.
    license: Option<usize>,
    /// The entitlements that this licence lacks, as positions in the snapshot.
    missing: Bits,
}

/// Decides one release, whatever its status: open to all, or given by one of the licences; else the reason that
/// comes first in the order of refusals.
fn decide(
    strategy: DistributionStrategy,
    held: &[Held<'_>],
    rule: &ReleaseRule,
    now: Timestamp,
) -> Result<(), Refused> {
    let unlicensed = Refused { reason: Reason::NotLicensed, license: None, missing: Bits::default() };
    match strategy {
        DistributionStrategy::Closed => return Err(unlicensed),
        DistributionStrategy::Open if rule.constraints.is_empty() => return Ok(()),
        _ => {}
    }
    let mut best: Option<(Reason, usize)> = None;
    for (license, held) in held.iter().enumerate() {
        let Some(reason) = terms::refusal(held.grant, now, rule.effective, held.is_entitled(rule)) else {
            return Ok(());
        };
        if best.is_none_or(|(other, _)| refusal::rank(reason) < refusal::rank(other)) {
            best = Some((reason, license));
        }
    }
    let Some((reason, license)) = best else { return Err(unlicensed) };
    let missing = match (reason, held.get(license)) {
        (Reason::NotEntitled, Some(held)) => held.missing(rule),
        _ => Bits::default(),
    };
    Err(Refused { reason, license: Some(license), missing })
}

/// The refusal as a whole, when nothing is visible: the most specific reason there is, or none for a caller
/// who would see the package if it had releases.
fn whole(
    principal: &Principal,
    snapshot: &PackageSnapshot,
    held: &[Held<'_>],
    any_published: bool,
    now: Timestamp,
    seen: &Seen,
) -> Option<Denial> {
    let open = snapshot.strategy == DistributionStrategy::Open;
    if open && !any_published {
        return None;
    }
    if principal.role == Role::Anonymous {
        return Some(refusal::credential_missing());
    }
    if held.is_empty() || snapshot.strategy == DistributionStrategy::Closed {
        return Some(refusal::not_licensed(snapshot.strategy));
    }
    let specific = seen.denials.iter().map(|(denial, _)| denial).min_by_key(|d| refusal::rank(d.reason));
    if let Some(denial) = specific {
        return Some(denial.clone());
    }
    let standing =
        held.iter().map(|held| terms::standing(held.grant, now).err().map(|why| (why, held.grant)));
    let refusals: Option<Vec<_>> = standing.collect();
    let (reason, grant) = refusals?.into_iter().min_by_key(|(reason, _)| refusal::rank(*reason))?;
    Some(refusal::of_license(reason, grant, &[]))
}
