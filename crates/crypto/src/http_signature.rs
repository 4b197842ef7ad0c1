//! Signatures on responses (`licensing.md` §1.10): what a client asks for, what is signed, what is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_base::AccountId;

use crate::CryptoError;
use crate::account_keys::{AccountKeys, SignatureAlgorithm};
use crate::digest::Sha256;

/// Why a `Keygen-Accept-Signature` header is refused (400); the detail starts as upstream's does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AcceptSignatureError {
    /// Not `[keyid="…", ]algorithm="…"[;]`.
    #[error("invalid accept-signature header: expected keyid=\"<account id>\", algorithm=\"<algorithm>\"")]
    Malformed,
    /// An algorithm that accounts have no key for.
    #[error("invalid accept-signature header: unsupported algorithm")]
    UnsupportedAlgorithm,
    /// The key id is not this account's.
    #[error("invalid accept-signature header: unknown keyid")]
    ForeignKey,
}

/// Reads a `Keygen-Accept-Signature` header as sent to `account`. A request without the header gets
/// [`SignatureAlgorithm::default`].
///
/// # Errors
/// [`AcceptSignatureError`]: malformed, an unknown algorithm, or another account's key id.
pub fn parse_accept_signature(
    header: &str,
    account: AccountId,
) -> Result<SignatureAlgorithm, AcceptSignatureError> {
    let header = header.trim();
    let (mut keyid, mut algorithm) = (None, None);
    for parameter in header.strip_suffix(';').unwrap_or(header).split(',') {
        let (name, value) = parameter.trim().split_once('=').ok_or(AcceptSignatureError::Malformed)?;
        let slot = match name {
            "keyid" => &mut keyid,
            "algorithm" => &mut algorithm,
            _ => return Err(AcceptSignatureError::Malformed),
        };
        let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
        let value = value.filter(|value| !value.contains('"')).ok_or(AcceptSignatureError::Malformed)?;
        if slot.replace(value).is_some() {
            return Err(AcceptSignatureError::Malformed);
        }
    }
    let algorithm = algorithm.ok_or(AcceptSignatureError::Malformed)?;
    if keyid.is_some_and(|keyid| keyid.parse() != Ok(account)) {
        return Err(AcceptSignatureError::ForeignKey);
    }
    let known = SignatureAlgorithm::ALL.into_iter().find(|known| known.as_str() == algorithm);
    known.ok_or(AcceptSignatureError::UnsupportedAlgorithm)
}

/// The parts of a request and its response that the signature covers.
#[derive(Debug, Clone, Copy)]
pub struct SignedParts<'a> {
    /// The request's method, in any case.
    pub method: &'a str,
    /// Path and query of the request, as received.
    pub target: &'a str,
    /// The `Host` header (or `:authority`) as received, port included: real SDKs check it with the port.
    pub host: &'a str,
    /// The response's `Date`.
    pub date: &'a str,
    /// SHA-256 of the exact body bytes; of nothing, where there is no body.
    pub body: Sha256,
}

impl SignedParts<'_> {
    /// The text that is signed.
    pub fn signing_string(&self) -> String {
        format!(
            "(request-target): {} {}\nhost: {}\ndate: {}\ndigest: {}",
            self.method.to_ascii_lowercase(),
            self.target,
            self.host,
            self.date,
            self.body.header_value(),
        )
    }

    /// The value of `Keygen-Signature`. The response must also carry `Date` and `Digest` (and their copies
    /// `Keygen-Date`, `Keygen-Digest`) with the values that were signed: `date` and `body.header_value()`.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] when the provider fails.
    pub fn sign(
        &self,
        keys: &AccountKeys,
        account: AccountId,
        algorithm: SignatureAlgorithm,
    ) -> Result<String, CryptoError> {
        let signature = STANDARD.encode(keys.sign(algorithm, self.signing_string().as_bytes())?);
        Ok(format!(
            "keyid=\"{account}\", algorithm=\"{algorithm}\", signature=\"{signature}\", \
             headers=\"(request-target) host date digest\""
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::sha256;
    use crate::fixture::{keys, verifies};

    const ACCOUNT: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    fn account() -> AccountId {
        ACCOUNT.parse().unwrap()
    }

    fn parts(body: &[u8]) -> SignedParts<'_> {
        SignedParts {
            method: "GET",
            target: "/v1/accounts/acme/licenses?page[size]=1",
            host: "api.example.com:8443",
            date: "Sun, 22 Nov 2026 03:29:13 GMT",
            body: sha256(body),
        }
    }

    #[test]
    fn the_signing_string_is_the_documented_one() {
        assert_eq!(
            parts(b"").signing_string(),
            "(request-target): get /v1/accounts/acme/licenses?page[size]=1\n\
             host: api.example.com:8443\n\
             date: Sun, 22 Nov 2026 03:29:13 GMT\n\
             digest: sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }

    #[test]
    fn the_header_carries_a_signature_that_verifies() {
        for algorithm in SignatureAlgorithm::ALL {
            let header = parts(b"{}").sign(keys(), account(), algorithm).unwrap();
            let start = format!("keyid=\"{ACCOUNT}\", algorithm=\"{algorithm}\", signature=\"");
            let end = "\", headers=\"(request-target) host date digest\"";
            let base64 = header.strip_prefix(&start).and_then(|rest| rest.strip_suffix(end)).unwrap();
            let signature = STANDARD.decode(base64).unwrap();
            let signed = |body| parts(body).signing_string().into_bytes();
            assert!(verifies(keys().stored(), algorithm, &signed(b"{}"), &signature), "{algorithm}");
            assert!(!verifies(keys().stored(), algorithm, &signed(b"[]"), &signature), "{algorithm}");
        }
    }

    #[test]
    fn reads_what_clients_ask_for() {
        for algorithm in SignatureAlgorithm::ALL {
            for header in [
                format!("algorithm=\"{algorithm}\""),
                format!("algorithm=\"{algorithm}\";"),
                format!("keyid=\"{ACCOUNT}\", algorithm=\"{algorithm}\""),
                format!("keyid=\"{ACCOUNT}\",algorithm=\"{algorithm}\";"),
            ] {
                assert_eq!(parse_accept_signature(&header, account()), Ok(algorithm), "{header}");
            }
        }
        assert_eq!(SignatureAlgorithm::default(), SignatureAlgorithm::Ed25519);
    }

    #[test]
    fn refuses_the_rest_with_upstreams_opening_words() {
        use AcceptSignatureError::{ForeignKey, Malformed, UnsupportedAlgorithm};
        for (header, expected) in [
            ("", Malformed),
            ("ed25519", Malformed),
            ("algorithm=ed25519", Malformed),
            ("algorithm=\"", Malformed),
            ("algorithm=\"ed25519\", algorithm=\"ed25519\"", Malformed),
            ("algorithm=\"ed25519\", created=\"1\"", Malformed),
            ("algorithm=\"ed25519\",", Malformed),
            ("keyid=\"0190163d-8694-739b-aea5-966c26f8ad91\"", Malformed),
            ("algorithm=\"rsa-sha1\"", UnsupportedAlgorithm),
            ("algorithm=\"\"", UnsupportedAlgorithm),
            ("keyid=\"acme\", algorithm=\"ed25519\"", ForeignKey),
            ("keyid=\"00000000-0000-4000-8000-000000000000\", algorithm=\"ed25519\"", ForeignKey),
        ] {
            let error = parse_accept_signature(header, account()).unwrap_err();
            assert_eq!(error, expected, "{header}");
            assert!(error.to_string().starts_with("invalid accept-signature header"));
        }
    }
}
