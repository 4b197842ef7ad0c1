//! Why a caller is refused, in a form that each engine puts into its own words and codes.

use http::StatusCode;

/// A refusal: a reason a machine can act on, and a sentence a person can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The kind of refusal.
    pub reason: Reason,
    /// One sentence for the customer: what happened and, where known, what to do. No line breaks.
    pub message: String,
}

/// The kinds of refusal an engine distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// No credential was given and one is needed.
    CredentialMissing,
    /// A credential was given but is not known here, or is no longer valid (token expired).
    CredentialInvalid,
    /// Too many failed credentials from this address.
    TooManyFailures,
    /// The licence (or the user) is banned.
    Banned,
    /// The licence is suspended.
    Suspended,
    /// The licence expired.
    Expired,
    /// The licence's policy does not allow this way of authenticating.
    MethodNotAllowed,
    /// The bearer lacks a permission.
    PermissionMissing,
    /// The licence lacks an entitlement that the release asks for.
    NotEntitled,
    /// The release came after the licence's access window.
    OutsideWindow,
    /// The product is not distributed to licences (strategy CLOSED), or the licence is for another product.
    NotLicensed,
    /// The release was withdrawn by its publisher.
    Yanked,
    /// The service cannot decide right now (the store is unreachable); try again.
    Unavailable,
}

impl Reason {
    /// The status that a refusal for this reason has unless its ecosystem's clients need another.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::CredentialMissing | Self::CredentialInvalid => StatusCode::UNAUTHORIZED,
            Self::TooManyFailures => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }
    /// After how many seconds it makes sense to ask again, for the `Retry-After` of refusals that pass.
    pub const fn retry_after(self) -> Option<u16> {
        match self {
            Self::TooManyFailures => Some(30),
            Self::Unavailable => Some(2),
            _ => None,
        }
    }
    /// A stable code in capitals, such as `LICENSE_EXPIRED`, for JSON bodies and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::CredentialMissing => "TOKEN_MISSING",
            Self::CredentialInvalid => "TOKEN_INVALID",
            Self::TooManyFailures => "TOO_MANY_REQUESTS",
            Self::Banned => "LICENSE_BANNED",
            Self::Suspended => "LICENSE_SUSPENDED",
            Self::Expired => "LICENSE_EXPIRED",
            Self::MethodNotAllowed => "LICENSE_NOT_ALLOWED",
            Self::PermissionMissing => "PERMISSION_MISSING",
            Self::NotEntitled => "ENTITLEMENT_MISSING",
            Self::OutsideWindow => "LICENSE_OUTSIDE_WINDOW",
            Self::NotLicensed => "NOT_LICENSED",
            Self::Yanked => "RELEASE_YANKED",
            Self::Unavailable => "UNAVAILABLE",
        }
    }
}
