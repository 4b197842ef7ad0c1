//! Proofs that a machine was activated, to be checked where there is no network (`licensing.md` §10.1).

use crate::CryptoError;
use crate::account_keys::{AccountKeys, SignatureAlgorithm};
use crate::license_key::covered;

/// What a proof starts with; its signature covers that too.
const PREFIX: &str = "proof/";

/// The dataset, and a signature (RSA, PKCS #1, SHA-256) of the text that it is part of: `proof/`, then the dataset.
///
/// # Errors
/// [`CryptoError::Sign`] when the provider fails.
pub fn write(keys: &AccountKeys, dataset: &str) -> Result<String, CryptoError> {
    covered(keys, SignatureAlgorithm::RsaSha256, PREFIX, dataset)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE;

    use super::*;
    use crate::fixture::{keys, verifies};

    #[test]
    fn a_proof_signs_its_own_text() {
        let proof = write(keys(), "{\"ts\":\"?>\"}").unwrap();
        let (text, signature) = proof.split_once('.').unwrap();
        let data = URL_SAFE.decode(text.strip_prefix("proof/").unwrap()).unwrap();
        assert_eq!(data, b"{\"ts\":\"?>\"}");
        let signature = URL_SAFE.decode(signature).unwrap();
        assert!(verifies(keys().stored(), SignatureAlgorithm::RsaSha256, text.as_bytes(), &signature));
    }
}
