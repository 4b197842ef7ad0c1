//! Ed25519 signatures of vendors, as updaters check them.

use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

/// Whether a signature is by this public key and of this message.
pub fn verifies(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 §7.1, TEST 2.
    #[test]
    fn a_signature_is_of_one_message_by_one_key() {
        let bytes = |text: &str| hex::decode(text).unwrap();
        let key =
            bytes("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").try_into().unwrap();
        let signature = bytes(
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        );
        let signature = signature.try_into().unwrap();
        assert!(verifies(&key, &[0x72], &signature));
        assert!(!verifies(&key, &[0x73], &signature));
        assert!(!verifies(&[1; 32], &[0x72], &signature));
    }
}
