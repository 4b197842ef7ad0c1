//! Which of the releases that a customer may have an updater is led to: those within the vendor's pins, and not
//! those whose rollout leaves the installation out for now (`updaters.md` §5).

use keyway_base::Timestamp;
use keyway_domain::pin;
use keyway_domain::resources::DistributionStrategy;
use keyway_domain::rollout::Plan;
use keyway_engine::Bits;
use keyway_versions::{Channel, EcosystemVersion};

use super::{Held, Seen, is_vendor};
use crate::{LicenseGrant, PackageSnapshot, Principal, ReleaseRule, Target, terms};

/// Of what is visible, what one of the licences gives whose pins it fits. One that no longer stands leaves nothing open
/// beside one that does.
pub(super) fn hold_to_pins(snapshot: &PackageSnapshot, held: &[Held<'_>], now: Timestamp, seen: &mut Seen) {
    let any = held.iter().any(|held| held.stands(now));
    let held = || held.iter().filter(|held| !any || held.stands(now));
    if held().all(|held| held.grant.pin.is_none()) {
        seen.offered.clone_from(&seen.visible);
        return;
    }
    seen.pin = pin::channel(held().map(|held| &held.grant.pin));
    let releases = snapshot.package.releases.iter().zip(&snapshot.rules).enumerate();
    for (index, (release, rule)) in releases.filter(|(index, _)| seen.visible.contains(*index)) {
        let gives = |held: &Held<'_>| {
            let fits = held.grant.pin.fits(&release.version, release.channel);
            fits && (is_open(snapshot.strategy, rule) || held.gives(rule, now))
        };
        if held().any(gives) {
            seen.offered.insert(index);
        }
    }
}

/// Whether a release is for everybody: then any licence will do for its pins.
fn is_open(strategy: DistributionStrategy, rule: &ReleaseRule) -> bool {
    strategy == DistributionStrategy::Open && rule.constraints.is_empty()
}

impl Held<'_> {
    fn stands(&self, now: Timestamp) -> bool {
        terms::standing(self.grant, now).is_ok()
    }
    fn gives(&self, rule: &ReleaseRule, now: Timestamp) -> bool {
        terms::refusal(self.grant, now, rule.effective, self.is_entitled(rule)).is_none()
    }
}

/// The releases whose rollout leaves the caller out now. Installations are told apart by the id that their updater
/// sends; where it sends none, by who asks. The vendor waits for nothing.
pub fn waiting(
    principal: &Principal,
    snapshot: &PackageSnapshot,
    installation: Option<&str>,
    now: Timestamp,
) -> Bits {
    if snapshot.rollouts.is_empty() || is_vendor(principal) {
        return Bits::NONE;
    }
    let known = Known::of(principal, installation);
    let mut waiting = Bits::NONE;
    for (index, _) in snapshot.rollouts.iter().filter(|(_, plan)| !plan.admits(known.id(), now)) {
        if waiting.words().is_empty() {
            waiting = Bits::new(snapshot.package.releases.len());
        }
        waiting.insert(*index);
    }
    waiting
}

/// What an installation is known by.
enum Known<'i> {
    Installation(&'i str),
    Bearer(String),
    Nothing,
}

impl<'i> Known<'i> {
    fn of(principal: &Principal, installation: Option<&'i str>) -> Self {
        match installation {
            Some(installation) => Self::Installation(installation),
            None => principal.bearer_id().map_or(Self::Nothing, |id| Self::Bearer(id.to_string())),
        }
    }
    fn id(&self) -> Option<&str> {
        match self {
            Self::Installation(id) => Some(id),
            Self::Bearer(id) => Some(id),
            Self::Nothing => None,
        }
    }
}

/// The channel that the vendor holds a caller's updates of a product to.
pub fn pinned_channel(principal: &Principal, target: &Target<'_>, now: Timestamp) -> Option<Channel> {
    if is_vendor(principal) {
        return None;
    }
    pin::channel(of_product(principal, target, now).map(|grant| &grant.pin))
}

/// Whether an updater of the caller is led to a release that it may have: the same decision on a single record.
pub fn is_offered(
    principal: &Principal,
    target: &Target<'_>,
    (version, channel): (&EcosystemVersion, Channel),
    (plan, installation): (Option<&Plan>, Option<&str>),
) -> bool {
    if is_vendor(principal) {
        return true;
    }
    let Some(facts) = target.release else { return false };
    let known = Known::of(principal, installation);
    if plan.is_some_and(|plan| !plan.admits(known.id(), facts.now)) {
        return false;
    }
    if of_product(principal, target, facts.now).all(|grant| grant.pin.is_none()) {
        return true;
    }
    let open = target.strategy == Some(DistributionStrategy::Open) && facts.constraints.is_empty();
    of_product(principal, target, facts.now).any(|grant| {
        let entitled = facts.constraints.iter().all(|needed| grant.entitlements.contains(needed));
        let gives = terms::refusal(grant, facts.now, facts.effective, entitled).is_none();
        grant.pin.fits(version, channel) && (open || gives)
    })
}

/// The caller's licences of the product that is meant: those that stand, if any does.
fn of_product<'p>(
    principal: &'p Principal,
    target: &Target<'_>,
    now: Timestamp,
) -> impl Iterator<Item = &'p LicenseGrant> + use<'p> {
    let product = target.product;
    let stands = move |grant: &LicenseGrant| terms::standing(grant, now).is_ok();
    let held = principal.grants.iter().filter(move |grant| Some(grant.product) == product);
    let any = held.clone().any(stands);
    held.filter(move |grant| !any || stands(grant))
}
