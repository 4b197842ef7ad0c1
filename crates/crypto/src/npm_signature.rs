//! Registry signatures on npm packages (`npm-pypi.md` §1.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::CryptoError;
use crate::account_keys::AccountKeys;
use crate::digest::sha256;

/// The `keytype` and `scheme` of every key.
pub const KEY_TYPE: &str = "ecdsa-sha2-nistp256";

/// An entry of a packument's `dist.signatures`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageSignature {
    /// Which key signed: `SHA256:<base64 of the SHA-256 of the key's SPKI DER>`.
    pub keyid: String,
    /// The DER signature, base64.
    pub sig: String,
}

/// An entry of `/-/npm/v1/keys`; its `keytype` and `scheme` are [`KEY_TYPE`] and its `expires` is null.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryKey {
    /// As in [`PackageSignature::keyid`].
    pub keyid: String,
    /// The key's SPKI DER, base64.
    pub key: String,
}

/// The account's key as npm clients fetch it.
///
/// # Errors
/// [`CryptoError::PublicKey`] when the provider cannot write the key.
pub fn registry_key(keys: &AccountKeys) -> Result<RegistryKey, CryptoError> {
    let spki = keys.ecdsa_public_der()?;
    Ok(RegistryKey { keyid: format!("SHA256:{}", sha256(&spki).base64()), key: STANDARD.encode(&spki) })
}

/// Signs `name@version:integrity`. ECDSA gives another signature on every call: sign once, when the tarball is
/// taken in, and store the result, so that all nodes render the same packument.
///
/// # Errors
/// [`CryptoError`] when the provider fails.
pub fn sign_package(
    keys: &AccountKeys,
    name: &str,
    version: &str,
    integrity: &str,
) -> Result<PackageSignature, CryptoError> {
    let signature = keys.sign_ecdsa_p256(format!("{name}@{version}:{integrity}").as_bytes())?;
    Ok(PackageSignature { keyid: registry_key(keys)?.keyid, sig: STANDARD.encode(signature) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account_keys::SignatureAlgorithm;
    use crate::fixture::{keys, verifies};
    use crate::pem;

    #[test]
    fn a_client_can_verify_with_the_published_key() {
        let entry = sign_package(keys(), "@acme/widget", "1.2.3", "sha512-AAAA").unwrap();
        let published = registry_key(keys()).unwrap();
        assert_eq!(entry.keyid, published.keyid);
        let sig = STANDARD.decode(&entry.sig).unwrap();
        let verified =
            |message: &[u8]| verifies(keys().stored(), SignatureAlgorithm::EcdsaP256, message, &sig);
        assert!(verified(b"@acme/widget@1.2.3:sha512-AAAA"));
        assert!(!verified(b"@acme/widget@1.2.4:sha512-AAAA"));
    }

    #[test]
    fn the_key_id_is_the_fingerprint_of_the_published_key() {
        let published = registry_key(keys()).unwrap();
        let spki = STANDARD.decode(&published.key).unwrap();
        assert_eq!(Some(spki.clone()), pem::decode("PUBLIC KEY", &keys().stored().ecdsa_public));
        assert_eq!(published.keyid, format!("SHA256:{}", sha256(&spki).base64()));
    }
}
