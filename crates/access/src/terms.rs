//! What a licence's terms give at a moment: the checks of `distribution.md` §3.5 and §3.6, written once for
//! lists, records and packages.

use keyway_base::Timestamp;
use keyway_domain::resources::ExpirationStrategy;
use keyway_engine::Reason;

use crate::LicenseGrant;

/// Which release dates a licence reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Window {
    /// Every release.
    Everything,
    /// Releases dated until then, inclusive.
    Until(Timestamp),
    /// None: expired under REVOKE_ACCESS.
    Nothing,
}

impl Window {
    /// The window of a licence, suspended or not.
    pub(crate) fn of(grant: &LicenseGrant, now: Timestamp) -> Self {
        let Some(expiry) = grant.expiry else { return Self::Everything };
        match grant.expiration_strategy {
            ExpirationStrategy::Allow => Self::Everything,
            ExpirationStrategy::Revoke if expiry < now => Self::Nothing,
            ExpirationStrategy::Revoke => Self::Everything,
            ExpirationStrategy::Restrict | ExpirationStrategy::Maintain => Self::Until(expiry),
        }
    }
    /// Whether a release of this effective date is inside.
    pub(crate) fn admits(self, effective: Timestamp) -> bool {
        match self {
            Self::Everything => true,
            Self::Until(expiry) => effective <= expiry,
            Self::Nothing => false,
        }
    }
}

/// What keeps a licence from everything that needs one: suspended, banned, expired under REVOKE_ACCESS.
pub(crate) fn standing(grant: &LicenseGrant, now: Timestamp) -> Result<Window, Reason> {
    let window = Window::of(grant, now);
    match () {
        () if grant.suspended => Err(Reason::Suspended),
        () if grant.owner_banned => Err(Reason::Banned),
        () if window == Window::Nothing => Err(Reason::Expired),
        () => Ok(window),
    }
}

/// The JSON:API's words for a refusal (`distribution.md` §3.6).
pub(crate) const fn words(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::Suspended => Some("license is suspended"),
        Reason::Banned => Some("license is banned"),
        Reason::Expired => Some("license is expired"),
        Reason::OutsideWindow => Some("license expiry falls outside of access window"),
        Reason::NotEntitled => Some("license is missing entitlements"),
        Reason::CredentialMissing => Some("authentication is required"),
        _ => None,
    }
}

/// Why a licence does not give a release of its product, in the order of `distribution.md` §3.6; `None` when it
/// does. `entitled` says whether it holds every entitlement that the release asks for.
pub(crate) fn refusal(
    grant: &LicenseGrant,
    now: Timestamp,
    effective: Timestamp,
    entitled: bool,
) -> Option<Reason> {
    match standing(grant, now) {
        Err(reason) => Some(reason),
        Ok(window) if !window.admits(effective) => Some(Reason::OutsideWindow),
        Ok(_) if !entitled => Some(Reason::NotEntitled),
        Ok(_) => None,
    }
}
