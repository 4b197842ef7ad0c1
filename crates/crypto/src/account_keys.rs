//! An account's signing keys: Ed25519, ECDSA P-256 and RSA-2048 (`licensing.md` §1.10).

mod text;

use std::fmt;

use aws_lc_rs::encoding::{AsBigEndian as _, AsDer, Curve25519SeedBin, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaEncoding, RsaPssSaltLength, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_base::Secret;

use crate::token::AccountSecret;
use crate::{CryptoError, pem};

const PRIVATE_LABEL: &str = "PRIVATE KEY";
const PUBLIC_LABEL: &str = "PUBLIC KEY";

/// RSA-PSS with the largest salt that fits (222 bytes at 2048 bits), as upstream signs and its clients check.
static RSA_PSS_MAX_SALT: RsaSignatureEncoding = RSA_PSS_SHA256.with_pss_salt_length(RsaPssSaltLength::Max);

/// The ways an account can sign, named as in signature headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SignatureAlgorithm {
    /// Ed25519 over the message.
    #[default]
    Ed25519,
    /// RSA-PSS with SHA-256, MGF1-SHA-256 and the largest salt.
    RsaPssSha256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    RsaSha256,
    /// ECDSA on P-256 with SHA-256, as DER.
    EcdsaP256,
}

impl SignatureAlgorithm {
    /// Every algorithm.
    pub const ALL: [Self; 4] = [Self::Ed25519, Self::RsaPssSha256, Self::RsaSha256, Self::EcdsaP256];

    /// `ed25519`, `rsa-pss-sha256`, `rsa-sha256` or `ecdsa-p256`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::RsaPssSha256 => "rsa-pss-sha256",
            Self::RsaSha256 => "rsa-sha256",
            Self::EcdsaP256 => "ecdsa-p256",
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The texts in which an account's keys are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccountKeys {
    /// The Ed25519 seed, 64 hex digits.
    pub ed25519_private: Secret<String>,
    /// The Ed25519 public key, 64 hex digits.
    pub ed25519_public: String,
    /// The P-256 key, PKCS #8 PEM.
    pub ecdsa_private: Secret<String>,
    /// Its public key, SPKI PEM.
    pub ecdsa_public: String,
    /// The RSA key, PKCS #8 PEM.
    pub rsa_private: Secret<String>,
    /// Its public key, SPKI PEM.
    pub rsa_public: String,
    /// The HMAC secret, 128 hex digits.
    pub secret: Secret<String>,
}

/// The public keys as the account resource's `meta` shows them: base64 of the stored texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKeysMeta {
    /// Base64 of the hex of the Ed25519 key.
    pub ed25519: String,
    /// Base64 of the RSA key's PEM; also `meta.publicKey`.
    pub rsa2048: String,
    /// Base64 of the P-256 key's PEM.
    pub ecdsa: String,
}

/// An account's keys, ready to sign.
pub struct AccountKeys {
    ed25519: Ed25519KeyPair,
    ecdsa: EcdsaKeyPair,
    rsa: rsa::KeyPair,
    secret: AccountSecret,
    stored: StoredAccountKeys,
}

impl fmt::Debug for AccountKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountKeys")
    }
}

impl AccountKeys {
    /// Makes all keys of a new account. The RSA key takes tens to hundreds of milliseconds: call it where
    /// blocking is allowed.
    ///
    /// # Errors
    /// [`CryptoError::Generate`] naming the key that failed.
    pub fn generate() -> Result<Self, CryptoError> {
        let failed = CryptoError::Generate;
        let ed25519 = Ed25519KeyPair::generate().map_err(|_| failed(SignatureAlgorithm::Ed25519))?;
        let ecdsa = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)
            .map_err(|_| failed(SignatureAlgorithm::EcdsaP256))?;
        let rsa = rsa::KeyPair::generate(rsa::KeySize::Rsa2048)
            .map_err(|_| failed(SignatureAlgorithm::RsaSha256))?;
        let secret = AccountSecret::generate();
        let stored = to_stored(&ed25519, &ecdsa, &rsa, &secret)?;
        Ok(Self { ed25519, ecdsa, rsa, secret, stored })
    }

    /// Reads stored keys.
    ///
    /// # Errors
    /// [`CryptoError::PrivateKey`] or [`CryptoError::PublicKey`] naming the key that is unreadable or not half
    /// of its pair, [`CryptoError::AccountSecret`] without a secret.
    pub fn from_stored(stored: StoredAccountKeys) -> Result<Self, CryptoError> {
        let ed25519 = read_ed25519(&stored)?;
        let ecdsa = read_ecdsa(&stored)?;
        let rsa = read_rsa(&stored)?;
        let secret = AccountSecret::from_stored(stored.secret.expose().clone())?;
        Ok(Self { ed25519, ecdsa, rsa, secret, stored })
    }

    /// The texts to store.
    pub const fn stored(&self) -> &StoredAccountKeys {
        &self.stored
    }

    /// The secret that credentials are digested with.
    pub const fn secret(&self) -> &AccountSecret {
        &self.secret
    }

    /// The public keys for the account resource's `meta`.
    pub fn public_meta(&self) -> PublicKeysMeta {
        PublicKeysMeta {
            ed25519: STANDARD.encode(&self.stored.ed25519_public),
            rsa2048: STANDARD.encode(&self.stored.rsa_public),
            ecdsa: STANDARD.encode(&self.stored.ecdsa_public),
        }
    }

    /// The P-256 public key as SPKI DER.
    ///
    /// # Errors
    /// [`CryptoError::PublicKey`] when the provider cannot write it.
    pub fn ecdsa_public_der(&self) -> Result<Vec<u8>, CryptoError> {
        spki(self.ecdsa.public_key(), SignatureAlgorithm::EcdsaP256)
    }

    /// Signs with the given algorithm.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] naming the algorithm.
    pub fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        match algorithm {
            SignatureAlgorithm::Ed25519 => self.sign_ed25519(message),
            SignatureAlgorithm::RsaPssSha256 => self.sign_rsa_pss(message),
            SignatureAlgorithm::RsaSha256 => self.sign_rsa_pkcs1(message),
            SignatureAlgorithm::EcdsaP256 => self.sign_ecdsa_p256(message),
        }
    }

    /// An Ed25519 signature, 64 bytes.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] when the provider fails.
    pub fn sign_ed25519(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signature = self.ed25519.try_sign(message);
        signature.map(|s| s.as_ref().to_vec()).map_err(|_| CryptoError::Sign(SignatureAlgorithm::Ed25519))
    }

    /// An ECDSA P-256 signature over SHA-256, DER. Every call gives another one, so what is to stay the same
    /// across nodes (a document with an `ETag`) must be signed once and stored.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] when the provider fails.
    pub fn sign_ecdsa_p256(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let signature = self.ecdsa.sign(&SystemRandom::new(), message);
        signature.map(|s| s.as_ref().to_vec()).map_err(|_| CryptoError::Sign(SignatureAlgorithm::EcdsaP256))
    }

    /// An RSA PKCS #1 v1.5 signature over SHA-256, 256 bytes. Costs about 0.4 ms or more.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] when the provider fails.
    pub fn sign_rsa_pkcs1(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.sign_rsa(&RSA_PKCS1_SHA256, SignatureAlgorithm::RsaSha256, message)
    }

    /// An RSA-PSS signature over SHA-256 with the largest salt, 256 bytes. Costs about 0.4 ms or more.
    ///
    /// # Errors
    /// [`CryptoError::Sign`] when the provider fails.
    pub fn sign_rsa_pss(&self, message: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.sign_rsa(&RSA_PSS_MAX_SALT, SignatureAlgorithm::RsaPssSha256, message)
    }

    fn sign_rsa(
        &self,
        encoding: &'static dyn RsaEncoding,
        algorithm: SignatureAlgorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        let mut signature = vec![0; self.rsa.public_modulus_len()];
        let signed = self.rsa.sign(encoding, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| CryptoError::Sign(algorithm))
    }
}

fn spki<K>(key: &K, algorithm: SignatureAlgorithm) -> Result<Vec<u8>, CryptoError>
where
    K: AsDer<PublicKeyX509Der<'static>>,
{
    let der = key.as_der().map_err(|_| CryptoError::PublicKey(algorithm))?;
    Ok(der.as_ref().to_vec())
}

fn to_stored(
    ed25519: &Ed25519KeyPair,
    ecdsa: &EcdsaKeyPair,
    rsa: &rsa::KeyPair,
    secret: &AccountSecret,
) -> Result<StoredAccountKeys, CryptoError> {
    let failed = CryptoError::Generate;
    let seed: Curve25519SeedBin<'_> = ed25519
        .seed()
        .and_then(|seed| seed.as_be_bytes())
        .map_err(|_| failed(SignatureAlgorithm::Ed25519))?;
    let ecdsa_pkcs8 = ecdsa.to_pkcs8v1().map_err(|_| failed(SignatureAlgorithm::EcdsaP256))?;
    let rsa_pkcs8 =
        AsDer::<Pkcs8V1Der<'_>>::as_der(rsa).map_err(|_| failed(SignatureAlgorithm::RsaSha256))?;
    let private_pem = |der: &[u8]| Secret::new(pem::encode(PRIVATE_LABEL, der));
    Ok(StoredAccountKeys {
        ed25519_private: Secret::new(hex::encode(seed.as_ref())),
        ed25519_public: hex::encode(ed25519.public_key()),
        ecdsa_private: private_pem(ecdsa_pkcs8.as_ref()),
        ecdsa_public: pem::encode(PUBLIC_LABEL, &spki(ecdsa.public_key(), SignatureAlgorithm::EcdsaP256)?),
        rsa_private: private_pem(rsa_pkcs8.as_ref()),
        rsa_public: pem::encode(PUBLIC_LABEL, &spki(rsa.public_key(), SignatureAlgorithm::RsaSha256)?),
        secret: secret.text().clone(),
    })
}

fn read_ed25519(stored: &StoredAccountKeys) -> Result<Ed25519KeyPair, CryptoError> {
    let algorithm = SignatureAlgorithm::Ed25519;
    let seed =
        hex::decode(stored.ed25519_private.expose()).map_err(|_| CryptoError::PrivateKey(algorithm))?;
    let key = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| CryptoError::PrivateKey(algorithm))?;
    let is_pair = hex::encode(key.public_key()) == stored.ed25519_public;
    if is_pair { Ok(key) } else { Err(CryptoError::PublicKey(algorithm)) }
}

fn read_ecdsa(stored: &StoredAccountKeys) -> Result<EcdsaKeyPair, CryptoError> {
    let algorithm = SignatureAlgorithm::EcdsaP256;
    let key = pem::decode(PRIVATE_LABEL, stored.ecdsa_private.expose())
        .and_then(|der| EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).ok())
        .ok_or(CryptoError::PrivateKey(algorithm))?;
    check_public(&spki(key.public_key(), algorithm)?, &stored.ecdsa_public, algorithm)?;
    Ok(key)
}

fn read_rsa(stored: &StoredAccountKeys) -> Result<rsa::KeyPair, CryptoError> {
    let algorithm = SignatureAlgorithm::RsaSha256;
    let key = pem::decode(PRIVATE_LABEL, stored.rsa_private.expose())
        .and_then(|der| rsa::KeyPair::from_pkcs8(&der).ok())
        .ok_or(CryptoError::PrivateKey(algorithm))?;
    check_public(&spki(key.public_key(), algorithm)?, &stored.rsa_public, algorithm)?;
    Ok(key)
}

fn check_public(der: &[u8], stored: &str, algorithm: SignatureAlgorithm) -> Result<(), CryptoError> {
    let is_pair = pem::decode(PUBLIC_LABEL, stored).is_some_and(|stored| stored == der);
    if is_pair { Ok(()) } else { Err(CryptoError::PublicKey(algorithm)) }
}

#[cfg(test)]
mod tests;
