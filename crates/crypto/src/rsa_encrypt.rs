//! RSA private-key encryption (`RSA_2048_PKCS1_ENCRYPT`): a block of PKCS #1 v1.5, type 1, that holds the text
//! itself. The one provider only signs digests, so this one scheme of old has a crate of its own; nothing else may
//! use it.

use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::{CryptoRng, Error, RngCore};
use rsa::{Pkcs1v15Sign, RsaPrivateKey};

use crate::CryptoError;
use crate::account_keys::SignatureAlgorithm;

/// How many bytes fit into a block of 2048 bits.
pub(crate) const MAX_BYTES: usize = 256 - 11;

/// Encrypts a text with the private key in PKCS #8.
///
/// # Errors
/// [`CryptoError::PrivateKey`] when the key cannot be read, [`CryptoError::Sign`] when the text does not fit.
pub(crate) fn encrypt(pkcs8: &[u8], text: &[u8]) -> Result<Vec<u8>, CryptoError> {
    let algorithm = SignatureAlgorithm::RsaSha256;
    let key = RsaPrivateKey::from_pkcs8_der(pkcs8).map_err(|_| CryptoError::PrivateKey(algorithm))?;
    // Blinded, so that the time it takes says nothing of the key.
    key.sign_with_rng(&mut Provider, Pkcs1v15Sign::new_unprefixed(), text)
        .map_err(|_| CryptoError::Sign(algorithm))
}

/// The provider's random numbers, in the crate's terms.
struct Provider;

impl CryptoRng for Provider {}

impl RngCore for Provider {
    fn next_u32(&mut self) -> u32 {
        u32::from_ne_bytes(crate::random_bytes())
    }
    fn next_u64(&mut self) -> u64 {
        u64::from_ne_bytes(crate::random_bytes())
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = self.next_u64().to_ne_bytes();
            chunk.iter_mut().zip(random).for_each(|(byte, random)| *byte = random);
        }
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
