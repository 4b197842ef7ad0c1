//! Licence keys of policies without a signing scheme (`licensing.md` §8.3), and their look-up digest.

use crate::random::random_bytes;
use crate::token::{AccountSecret, CredentialDigest};

/// Keeps digests of licence keys apart from those of tokens with the same text.
const DOMAIN: &[u8] = b"license-key\0";

/// Makes a new key: 120 random bits as five groups of six upper-case hex digits, then `V3`, with dashes between.
pub fn generate() -> String {
    let groups = random_bytes::<15>();
    let groups = groups.chunks(3).map(hex::encode_upper);
    groups.chain(["V3".to_owned()]).collect::<Vec<_>>().join("-")
}

/// The digest that look-ups and caches use for a licence key; the key itself is stored beside it, since the
/// API shows it.
pub fn digest(secret: &AccountSecret, key: &str) -> CredentialDigest {
    secret.mac(&[DOMAIN, key.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token;

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
