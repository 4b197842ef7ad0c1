//! What licence and machine files are like unless they are asked for otherwise (`licensing.md` §13).

use keyway_base::Timestamp;
use keyway_crypto::account_keys::SignatureAlgorithm;

use crate::duration;
use crate::resources::Scheme;

/// The shortest time to live, in seconds.
pub const MIN_TTL: i64 = 3_600;
/// The time to live of files for which none is named, in seconds: a month of the calendar.
pub const DEFAULT_TTL: i64 = 2_629_746;

/// When a file was issued, and until when it is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// When it was issued.
    pub issued: Timestamp,
    /// The seconds that it lives; `None` for ever.
    pub ttl: Option<i64>,
}

impl Validity {
    /// The last moment at which it is good, if there is one.
    pub fn expiry(self) -> Option<Timestamp> {
        self.ttl.map(|seconds| duration::after(self.issued, seconds))
    }
}

/// How files are signed for licences under a scheme: by the key that made the licence's own, where that can sign.
pub const fn signature(scheme: Option<Scheme>) -> SignatureAlgorithm {
    use Scheme::{
        EcdsaSign, Ed25519Sign, LegacyEncrypt, RsaJwt, RsaPkcs1Encrypt, RsaPkcs1Sign, RsaPkcs1SignV2,
        RsaPssSign, RsaPssSignV2,
    };
    match scheme {
        Some(RsaPssSign | RsaPssSignV2) => SignatureAlgorithm::RsaPssSha256,
        Some(RsaPkcs1Sign | RsaPkcs1SignV2 | RsaPkcs1Encrypt | RsaJwt) => SignatureAlgorithm::RsaSha256,
        Some(EcdsaSign) => SignatureAlgorithm::EcdsaP256,
        Some(Ed25519Sign | LegacyEncrypt) | None => SignatureAlgorithm::Ed25519,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_one_of_the_calendar_and_no_time_to_live_is_for_ever() {
        for (issued, ttl, expiry) in [
            ("2026-01-31T12:00:00Z", Some(DEFAULT_TTL), Some("2026-02-28T12:00:00.000Z")),
            ("2026-06-01T12:00:00Z", Some(MIN_TTL), Some("2026-06-01T13:00:00.000Z")),
            ("2024-02-29T00:00:00Z", Some(31_556_952), Some("2025-02-28T00:00:00.000Z")),
            ("2026-06-01T12:00:00Z", Some(i64::MAX), Some("9999-12-30T22:00:00.000Z")),
            ("2026-06-01T12:00:00Z", None, None),
        ] {
            let validity = Validity { issued: issued.parse().unwrap(), ttl };
            let shown = validity.expiry().map(|expiry| expiry.to_string());
            assert_eq!(shown.as_deref(), expiry, "{issued} {ttl:?}");
        }
    }

    #[test]
    fn the_scheme_says_which_key_signs() {
        for (scheme, expected) in [
            ("RSA_2048_PKCS1_PSS_SIGN", "rsa-pss-sha256"),
            ("RSA_2048_PKCS1_PSS_SIGN_V2", "rsa-pss-sha256"),
            ("RSA_2048_PKCS1_SIGN", "rsa-sha256"),
            ("RSA_2048_PKCS1_SIGN_V2", "rsa-sha256"),
            ("RSA_2048_PKCS1_ENCRYPT", "rsa-sha256"),
            ("RSA_2048_JWT_RS256", "rsa-sha256"),
            ("ECDSA_P256_SIGN", "ecdsa-p256"),
            ("ED25519_SIGN", "ed25519"),
            ("LEGACY_ENCRYPT", "ed25519"),
        ] {
            let read = Scheme::parse(scheme).unwrap();
            assert_eq!(signature(Some(read)).as_str(), expected, "{scheme}");
        }
        assert_eq!(signature(None).as_str(), "ed25519");
    }
}
