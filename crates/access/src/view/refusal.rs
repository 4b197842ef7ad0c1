//! Refusals in words for customers: what happened, and what they can do about it.

use keyway_domain::resources::DistributionStrategy;
use keyway_engine::{Denial, Reason};

use crate::LicenseGrant;

/// The order of refusals: of several, the one with the lowest rank is told.
pub(super) const fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::Suspended => 0,
        Reason::Banned => 1,
        Reason::Expired => 2,
        Reason::NotEntitled => 3,
        Reason::OutsideWindow => 4,
        Reason::NotLicensed => 5,
        _ => 6,
    }
}

/// A bearer without the permissions to download.
pub(super) fn permission() -> Denial {
    say(
        Reason::PermissionMissing,
        "this credential is not permitted to download releases: contact the vendor",
    )
}
/// A product's token on another product's package.
pub(super) fn foreign_product() -> Denial {
    say(Reason::NotLicensed, "this token belongs to another product")
}
/// No credential where one is needed.
pub(super) fn credential_missing() -> Denial {
    say(Reason::CredentialMissing, "a licence key is required: pass it as the token or password")
}
/// A published release that was withdrawn.
pub(super) fn yanked() -> Denial {
    say(Reason::Yanked, "this release was withdrawn by its publisher: choose another version")
}
/// No licence of the product, or a product that is not distributed.
pub(super) fn not_licensed(strategy: DistributionStrategy) -> Denial {
    say(
        Reason::NotLicensed,
        match strategy {
            DistributionStrategy::Closed => "this product is not distributed to licences: contact the vendor",
            _ => "this licence does not cover the product: contact the vendor",
        },
    )
}

/// What is wrong with a licence, with its date or the codes that it lacks.
pub(super) fn of_license(reason: Reason, grant: &LicenseGrant, missing: &[&str]) -> Denial {
    let expiry = grant.expiry.map(|moment| moment.to_string()).unwrap_or_default();
    let date = expiry.get(..10).unwrap_or_default();
    let message = match reason {
        Reason::Suspended => "the licence is suspended: contact the vendor".to_owned(),
        Reason::Banned => "the holder of the licence is banned: contact the vendor".to_owned(),
        Reason::Expired => format!("the licence expired on {date}: contact the vendor to renew it"),
        Reason::OutsideWindow => {
            format!("the licence covers releases until {date} only: contact the vendor to renew it")
        }
        _ => format!("the licence lacks the entitlement {}: contact the vendor", missing.join(", ")),
    };
    Denial { reason, message }
}

fn say(reason: Reason, message: &str) -> Denial {
    Denial { reason, message: message.to_owned() }
}
