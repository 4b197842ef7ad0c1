//! Licence keys (`licensing.md` §8.3): made up, or made of a seed with the account's keys; and their look-up digest.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};

use crate::account_keys::{AccountKeys, SignatureAlgorithm};
use crate::random::random_bytes;
use crate::rsa_encrypt;
use crate::token::{AccountSecret, CredentialDigest};
use crate::{CryptoError, pem};

/// How many bytes of seed an [`encrypted`] key can hold.
pub const MAX_ENCRYPTED: usize = rsa_encrypt::MAX_BYTES;

/// What a signed key starts with when its signature covers that too.
const PREFIX: &str = "key/";
/// The header of keys that are JSON web tokens.
const JWT_HEADER: &str = r#"{"alg":"RS256","typ":"JWT"}"#;

/// Keeps digests of licence keys apart from those of tokens with the same text.
const DOMAIN: &[u8] = b"license-key\0";

/// Makes a new key: 120 random bits as five groups of six upper-case hex digits, then `V3`, with dashes between.
pub fn generate() -> String {
    let groups = random_bytes::<15>();
    let groups = groups.chunks(3).map(hex::encode_upper);
    groups.chain(["V3".to_owned()]).collect::<Vec<_>>().join("-")
}

/// The seed, encrypted with the RSA private key: whoever has the public key can read it.
///
/// # Errors
/// [`CryptoError::Sign`] for a seed longer than [`MAX_ENCRYPTED`] bytes.
pub fn encrypted(keys: &AccountKeys, seed: &str) -> Result<String, CryptoError> {
    let unreadable = CryptoError::PrivateKey(SignatureAlgorithm::RsaSha256);
    let pkcs8 = pem::decode("PRIVATE KEY", keys.stored().rsa_private.expose()).ok_or(unreadable)?;
    Ok(URL_SAFE.encode(rsa_encrypt::encrypt(&pkcs8, seed.as_bytes())?))
}

/// The seed and a signature of it.
///
/// # Errors
/// [`CryptoError::Sign`] when the provider fails.
pub fn signed(keys: &AccountKeys, algorithm: SignatureAlgorithm, seed: &str) -> Result<String, CryptoError> {
    let signature = keys.sign(algorithm, seed.as_bytes())?;
    Ok(format!("{}.{}", URL_SAFE.encode(seed), URL_SAFE.encode(signature)))
}

/// The seed, and a signature of the text that it is part of: `key/`, then the seed.
///
/// # Errors
/// [`CryptoError::Sign`] when the provider fails.
pub fn prefixed(
    keys: &AccountKeys,
    algorithm: SignatureAlgorithm,
    seed: &str,
) -> Result<String, CryptoError> {
    covered(keys, algorithm, PREFIX, seed)
}

/// A prefix and a text, and a signature of both.
pub(crate) fn covered(
    keys: &AccountKeys,
    algorithm: SignatureAlgorithm,
    prefix: &str,
    text: &str,
) -> Result<String, CryptoError> {
    let text = format!("{prefix}{}", URL_SAFE.encode(text));
    let signature = keys.sign(algorithm, text.as_bytes())?;
    Ok(format!("{text}.{}", URL_SAFE.encode(signature)))
}

/// The claims as a JSON web token (RS256).
///
/// # Errors
/// [`CryptoError::Sign`] when the provider fails.
pub fn jwt(keys: &AccountKeys, claims: &str) -> Result<String, CryptoError> {
    let text = format!("{}.{}", URL_SAFE_NO_PAD.encode(JWT_HEADER), URL_SAFE_NO_PAD.encode(claims));
    let signature = keys.sign_rsa_pkcs1(text.as_bytes())?;
    Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The digest that look-ups and caches use for a licence key; the key itself is stored beside it, since the
/// API shows it.
pub fn digest(secret: &AccountSecret, key: &str) -> CredentialDigest {
    secret.mac(&[DOMAIN, key.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{keys, verifies};
    use crate::token;

    const SEED: &str = r#"{"license":{"id":"?>"}}"#;

    fn decoded(part: &str) -> Vec<u8> {
        URL_SAFE.decode(part).unwrap()
    }

    #[test]
    fn a_signed_key_is_seed_and_signature_in_padded_base64url() {
        for algorithm in [SignatureAlgorithm::RsaSha256, SignatureAlgorithm::RsaPssSha256] {
            let key = signed(keys(), algorithm, SEED).unwrap();
            let (seed, signature) = key.split_once('.').unwrap();
            assert_eq!((decoded(seed), seed.len() % 4, signature.len() % 4), (SEED.into(), 0, 0), "{key}");
            assert!(verifies(keys().stored(), algorithm, SEED.as_bytes(), &decoded(signature)));
        }
    }

    #[test]
    fn a_prefixed_key_signs_its_own_text() {
        for algorithm in SignatureAlgorithm::ALL {
            let key = prefixed(keys(), algorithm, SEED).unwrap();
            let (text, signature) = key.split_once('.').unwrap();
            assert_eq!(decoded(text.strip_prefix("key/").unwrap()), SEED.as_bytes());
            assert!(
                verifies(keys().stored(), algorithm, text.as_bytes(), &decoded(signature)),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn a_web_token_verifies_without_padding() {
        let key = jwt(keys(), r#"{"sub":"1"}"#).unwrap();
        let (text, signature) = key.rsplit_once('.').unwrap();
        let parts: Vec<_> = text.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap()).collect();
        assert_eq!(parts, [br#"{"alg":"RS256","typ":"JWT"}"#.to_vec(), br#"{"sub":"1"}"#.to_vec()]);
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        assert!(verifies(keys().stored(), SignatureAlgorithm::RsaSha256, text.as_bytes(), &signature));
    }

    /// The other side: the public key opens the block, whose padding is of type 1.
    #[test]
    fn the_public_key_opens_an_encrypted_key() {
        use rsa::traits::PublicKeyParts as _;
        use rsa::{BigUint, RsaPublicKey, pkcs8::DecodePublicKey as _};
        let public = pem::decode("PUBLIC KEY", &keys().stored().rsa_public).unwrap();
        let public = RsaPublicKey::from_public_key_der(&public).unwrap();
        for seed in ["x".to_owned(), "y".repeat(MAX_ENCRYPTED)] {
            let block = BigUint::from_bytes_be(&decoded(&encrypted(keys(), &seed).unwrap()));
            let opened = block.modpow(public.e(), public.n()).to_bytes_be();
            let mut expected = vec![1];
            expected.extend(vec![0xff; 253 - seed.len()]);
            expected.push(0);
            expected.extend(seed.as_bytes());
            assert_eq!(opened, expected);
        }
        let too_long = encrypted(keys(), &"z".repeat(MAX_ENCRYPTED + 1));
        assert_eq!(too_long, Err(CryptoError::Sign(SignatureAlgorithm::RsaSha256)));
    }

    #[test]
    fn keys_have_the_documented_form() {
        let key = generate();
        let groups: Vec<&str> = key.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [6, 6, 6, 6, 6, 2], "{key}");
        assert_eq!(groups.last(), Some(&"V3"));
        let is_upper_hex = |c: char| c.is_ascii_digit() || ('A'..='F').contains(&c);
        assert!(groups.iter().take(5).all(|group| group.chars().all(is_upper_hex)), "{key}");
        assert_ne!(generate(), key);
    }

    #[test]
    fn the_digest_depends_on_account_key_and_purpose() {
        let (ours, theirs) = (AccountSecret::generate(), AccountSecret::generate());
        assert_eq!(digest(&ours, "key"), digest(&ours, "key"));
        assert_ne!(digest(&ours, "key"), digest(&ours, "Key"));
        assert_ne!(digest(&ours, "key"), digest(&theirs, "key"));
        assert_ne!(digest(&ours, "key"), token::digest(&ours, "key"));
    }
}
