//! The conditions that rules name: how a caller stands to what is meant.

use keyway_domain::resources::DistributionStrategy;
use keyway_engine::Reason;
use keyway_jsonapi::Role;

use super::{Answer, holds};
use crate::{LicenseGrant, Principal, Target, terms};

/// Whatever is meant.
pub(super) fn always(_: &Principal, _: &Target<'_>) -> Answer {
    Ok(())
}
/// The caller is the bearer that is meant (a product, an environment, a user).
pub(super) fn itself(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.bearer_id().is_some() && principal.bearer_id() == target.id)
}
/// What is meant belongs to the product that is asking.
pub(super) fn own_product(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.product().is_some() && principal.product() == target.product)
}
/// The licence that is meant is asking.
pub(super) fn same_license(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(principal.license().is_some_and(|grant| Some(grant.id) == target.license))
}
/// The user owns the licence.
pub(super) fn owner(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(owns(principal, target))
}
/// The user owns the licence or is attached to it.
pub(super) fn licensee(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(owns(principal, target) || uses(principal, target))
}
/// The user owns the licence, and it is not protected.
pub(super) fn owner_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(owns(principal, target) && !target.protected)
}
/// The user owns the licence or is attached to it, and it is not protected.
pub(super) fn licensee_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    holds((owns(principal, target) || uses(principal, target)) && !target.protected)
}
/// The user owns the licence, and its policy is not protected.
pub(super) fn owner_policy_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(owns(principal, target) && !target.policy_protected)
}

/// The licence that is meant is asking, and it is not protected.
pub(super) fn same_license_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    same_license(principal, target)?;
    holds(!target.protected)
}
/// The user owns the machine, or owns its licence or is attached to it.
pub(super) fn machine_licensee(principal: &Principal, target: &Target<'_>) -> Answer {
    holds(owns_machine(principal, target) || owns(principal, target) || uses(principal, target))
}
/// The same, and the licence is not protected.
pub(super) fn machine_licensee_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    machine_licensee(principal, target)?;
    holds(!target.protected)
}
/// The user owns the machine or its licence, and the licence is not protected.
pub(super) fn machine_owner_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    holds((owns_machine(principal, target) || owns(principal, target)) && !target.protected)
}
/// The user owns the licence, or uses it and is to own the machine; and the licence is not protected.
pub(super) fn new_machine_unprotected(principal: &Principal, target: &Target<'_>) -> Answer {
    let own = owns_machine(principal, target) && uses(principal, target);
    holds((own || owns(principal, target)) && !target.protected)
}

fn owns_machine(principal: &Principal, target: &Target<'_>) -> bool {
    principal.user().is_some() && principal.user() == target.machine_owner
}
fn owns(principal: &Principal, target: &Target<'_>) -> bool {
    principal.user().is_some() && principal.user() == target.owner
}
fn uses(principal: &Principal, target: &Target<'_>) -> bool {
    principal.user().is_some_and(|user| target.users.contains(&user))
}

/// The product that is meant is OPEN, or LICENSED and one of the caller's licences is of it.
pub(super) fn reachable_product(principal: &Principal, target: &Target<'_>) -> Answer {
    let licensed = principal.grants.iter().any(|grant| Some(grant.product) == target.product);
    holds(match target.strategy {
        Some(DistributionStrategy::Open) => true,
        Some(DistributionStrategy::Licensed) => licensed,
        _ => false,
    })
}

/// Lists of releases and artifacts: refused to a licence that is suspended or banned, and to a user with no
/// licence that is not (`distribution.md` §3.6).
pub(super) fn in_standing(principal: &Principal, target: &Target<'_>) -> Answer {
    if target.release.is_some() {
        return release(principal, target);
    }
    let refused = |grant: &LicenseGrant| match () {
        () if grant.suspended => Some(Reason::Suspended),
        () if grant.owner_banned => Some(Reason::Banned),
        () => None,
    };
    match principal.grants.first().and_then(refused) {
        Some(reason) if principal.grants.iter().all(|grant| refused(grant).is_some()) => {
            Err(terms::words(reason).map(str::to_owned))
        }
        _ => Ok(()),
    }
}

/// A release that is meant may be had (`distribution.md` §3.2–§3.6): it is open to all, or one of the caller's
/// licences gives it. Otherwise the first licence's reason.
pub(super) fn release(principal: &Principal, target: &Target<'_>) -> Answer {
    use keyway_domain::resources::ReleaseStatus::Published;
    let Some(facts) = target.release.filter(|facts| facts.status == Published) else { return Err(None) };
    match target.strategy {
        Some(DistributionStrategy::Closed) | None => {
            return Err(Some("release distribution strategy is closed".to_owned()));
        }
        Some(DistributionStrategy::Open) if facts.constraints.is_empty() => return Ok(()),
        _ => {}
    }
    if principal.role == Role::Anonymous {
        return Err(terms::words(Reason::CredentialMissing).map(str::to_owned));
    }
    let mut first = None;
    for grant in principal.grants.iter().filter(|grant| Some(grant.product) == target.product) {
        let entitled = facts.constraints.iter().all(|needed| grant.entitlements.contains(needed));
        match terms::refusal(grant, facts.now, facts.effective, entitled) {
            None => return Ok(()),
            Some(reason) => first = first.or(terms::words(reason)),
        }
    }
    Err(first.map(str::to_owned))
}
