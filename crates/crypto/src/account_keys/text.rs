//! An account's key pairs as one text: what the account's `keys` column holds. The secret has a column of its
//! own.

use keyway_base::Secret;

use super::{AccountKeys, SignatureAlgorithm, StoredAccountKeys};
use crate::CryptoError;

/// Stands between the parts; no part can contain it.
const SEPARATOR: char = '\u{1e}';

impl AccountKeys {
    /// The three key pairs as one text, without the secret.
    pub fn to_text(&self) -> Secret<String> {
        let stored = self.stored();
        let parts = [
            stored.ed25519_private.expose().as_str(),
            &stored.ed25519_public,
            stored.ecdsa_private.expose(),
            &stored.ecdsa_public,
            stored.rsa_private.expose(),
            &stored.rsa_public,
        ];
        Secret::new(parts.join(&SEPARATOR.to_string()))
    }

    /// Reads what [`AccountKeys::to_text`] wrote, with the account's secret.
    ///
    /// # Errors
    /// As [`AccountKeys::from_stored`]; a text of another form lacks its Ed25519 key.
    pub fn from_text(text: &str, secret: String) -> Result<Self, CryptoError> {
        let parts: Vec<String> = text.split(SEPARATOR).map(str::to_owned).collect();
        let Ok([ed25519_private, ed25519_public, ecdsa_private, ecdsa_public, rsa_private, rsa_public]) =
            <[String; 6]>::try_from(parts)
        else {
            return Err(CryptoError::PrivateKey(SignatureAlgorithm::Ed25519));
        };
        Self::from_stored(StoredAccountKeys {
            ed25519_private: Secret::new(ed25519_private),
            ed25519_public,
            ecdsa_private: Secret::new(ecdsa_private),
            ecdsa_public,
            rsa_private: Secret::new(rsa_private),
            rsa_public,
            secret: Secret::new(secret),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::keys;

    #[test]
    fn one_text_and_the_secret_make_the_same_keys() {
        let secret = keys().secret().text().expose().clone();
        let again = AccountKeys::from_text(keys().to_text().expose(), secret.clone()).unwrap();
        assert_eq!(again.stored(), keys().stored());
        let cut = keys().to_text().expose().replace(SEPARATOR, "");
        assert!(AccountKeys::from_text(&cut, secret).is_err());
    }
}
