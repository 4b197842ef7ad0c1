//! Keys shared by this crate's tests, since making an RSA key is slow, and the other side's verification.

use std::sync::LazyLock;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, RsaParameters,
    RsaPssSaltLength, UnparsedPublicKey, VerificationAlgorithm,
};

use crate::account_keys::{AccountKeys, SignatureAlgorithm, StoredAccountKeys};
use crate::pem;

static KEYS: LazyLock<AccountKeys> = LazyLock::new(|| AccountKeys::generate().expect("keys can be made"));
static PSS_MAX: RsaParameters = RSA_PSS_2048_8192_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);

/// One account's keys, the same in every test.
pub(crate) fn keys() -> &'static AccountKeys {
    &KEYS
}

/// Checks a signature as a client does that has only the public texts.
pub(crate) fn verifies(
    stored: &StoredAccountKeys,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let spki = |text: &str| pem::decode("PUBLIC KEY", text).expect("a PEM public key");
    let (verification, key): (&'static dyn VerificationAlgorithm, Vec<u8>) = match algorithm {
        SignatureAlgorithm::Ed25519 => (&ED25519, hex::decode(&stored.ed25519_public).expect("hex")),
        SignatureAlgorithm::RsaPssSha256 => (&PSS_MAX, spki(&stored.rsa_public)),
        SignatureAlgorithm::RsaSha256 => (&RSA_PKCS1_2048_8192_SHA256, spki(&stored.rsa_public)),
        SignatureAlgorithm::EcdsaP256 => (&ECDSA_P256_SHA256_ASN1, spki(&stored.ecdsa_public)),
    };
    UnparsedPublicKey::new(verification, key).verify(message, signature).is_ok()
}
