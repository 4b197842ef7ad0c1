//! Refusals of credentials, in the JSON:API's codes and for engines as a [`Denial`]
//! (`licensing.md` §2, `distribution.md` §2.2).

use http::StatusCode;
use keyway_engine::{Denial, Reason};

/// Why a credential is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct AuthFailure {
    /// 401 or 403.
    pub status: StatusCode,
    /// The JSON:API code (`LICENSE_SUSPENDED`).
    pub code: &'static str,
    /// The JSON:API detail.
    pub detail: &'static str,
    /// What engines make of it.
    pub reason: Reason,
}

/// The refusals there are: code, whether it is a 403, detail, reason.
macro_rules! failures {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $reason:ident, $detail:literal;)+) => {
        impl AuthFailure {
            /// Every refusal.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
            $($(#[$doc])*
            pub const $name: Self = Self {
                status: StatusCode::$status,
                code: $code,
                detail: $detail,
                reason: Reason::$reason,
            };)+
        }
    };
}

failures! {
    /// A credential is needed and none was given.
    TOKEN_MISSING = "TOKEN_MISSING", UNAUTHORIZED, CredentialMissing,
        "You must be authenticated to complete the request";
    /// Unknown, or of another account or environment.
    TOKEN_INVALID = "TOKEN_INVALID", UNAUTHORIZED, CredentialInvalid, "Token is invalid";
    /// A UUID was sent.
    TOKEN_FORMAT_INVALID = "TOKEN_FORMAT_INVALID", UNAUTHORIZED, CredentialInvalid,
        "Token format is invalid (make sure that the token itself is sent, not its id)";
    /// Past its expiry.
    TOKEN_EXPIRED = "TOKEN_EXPIRED", UNAUTHORIZED, CredentialInvalid, "Token is expired";
    /// The licence's policy does not let tokens in.
    TOKEN_NOT_ALLOWED = "TOKEN_NOT_ALLOWED", FORBIDDEN, MethodNotAllowed,
        "Token authentication is not allowed by policy";
    /// Not one of ours, of another account or environment, or its token is gone.
    SESSION_INVALID = "SESSION_INVALID", UNAUTHORIZED, CredentialInvalid, "Session is invalid";
    /// Past its end.
    SESSION_EXPIRED = "SESSION_EXPIRED", UNAUTHORIZED, CredentialInvalid, "Session is expired";
    /// The licence's policy does not let sessions in.
    SESSION_NOT_ALLOWED = "SESSION_NOT_ALLOWED", FORBIDDEN, MethodNotAllowed,
        "Session authentication is not allowed by policy";
    /// Unknown, or of another account or environment.
    LICENSE_INVALID = "LICENSE_INVALID", UNAUTHORIZED, CredentialInvalid, "License key is invalid";
    /// The owner is banned.
    LICENSE_BANNED = "LICENSE_BANNED", FORBIDDEN, Banned, "License is banned";
    /// Suspended.
    LICENSE_SUSPENDED = "LICENSE_SUSPENDED", FORBIDDEN, Suspended, "License is suspended";
    /// Expired under REVOKE_ACCESS.
    LICENSE_EXPIRED = "LICENSE_EXPIRED", FORBIDDEN, Expired, "License is expired";
    /// The policy does not let keys in.
    LICENSE_NOT_ALLOWED = "LICENSE_NOT_ALLOWED", FORBIDDEN, MethodNotAllowed,
        "License key authentication is not allowed by policy";
    /// The user, or the owner of the token's licence, is banned.
    USER_BANNED = "USER_BANNED", FORBIDDEN, Banned, "User is banned";
}

impl AuthFailure {
    /// The refusal as engines show it: what happened and what the customer can do, in one sentence.
    pub fn denial(&self) -> Denial {
        let message = match self.code {
            "TOKEN_MISSING" => "a licence key is required: pass it as the token or password",
            "TOKEN_EXPIRED" => "the token has expired: ask the vendor for a new one",
            "TOKEN_FORMAT_INVALID" => "this is the id of a token, not the token itself",
            "TOKEN_INVALID" | "LICENSE_INVALID" => {
                "the licence key or token is not known here: check it for typing errors"
            }
            "TOKEN_NOT_ALLOWED" => "this licence may not be used by token: contact the vendor",
            "LICENSE_NOT_ALLOWED" => "this licence may not be used by its key: contact the vendor",
            "LICENSE_SUSPENDED" => "the licence is suspended: contact the vendor",
            "LICENSE_EXPIRED" => "the licence has expired: contact the vendor to renew it",
            "LICENSE_BANNED" => "the holder of the licence is banned: contact the vendor",
            _ => "the user is banned: contact the vendor",
        };
        Denial { reason: self.reason, message: message.to_owned() }
    }
}
