//! What can go wrong with keys and signatures.

use crate::account_keys::SignatureAlgorithm;

/// A failure of a cryptographic operation. None of these is a client's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    /// A key could not be made.
    #[error("cannot generate the {0} key")]
    Generate(SignatureAlgorithm),
    /// A stored private key cannot be read.
    #[error("the stored {0} private key cannot be read")]
    PrivateKey(SignatureAlgorithm),
    /// A stored public key is not the one that belongs to the private key.
    #[error("the stored {0} public key does not belong to its private key")]
    PublicKey(SignatureAlgorithm),
    /// A stored account secret is empty.
    #[error("the stored account secret is empty")]
    AccountSecret,
    /// Encrypting failed.
    #[error("cannot encrypt")]
    Encrypt,
    /// Signing failed.
    #[error("cannot sign with the {0} key")]
    Sign(SignatureAlgorithm),
    /// The digest of a licence key of old could not be made.
    #[error("cannot make the digest of the license key")]
    LegacyKey,
    /// A password could not be hashed.
    #[error("cannot hash the password")]
    PasswordHash,
    /// A stored password hash is not a PHC string that this build can check.
    #[error("the stored password hash cannot be read")]
    StoredPassword,
    /// The secret of a second factor is not base32.
    #[error("the secret of a second factor cannot be read")]
    TotpSecret,
}
