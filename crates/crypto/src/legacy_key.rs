//! Licence keys of old (`LEGACY_ENCRYPT`, `licensing.md` §8.3): shown once, stored as a digest.

use keyway_base::{RecordId, Secret};

use crate::random::random_bytes;
use crate::{CryptoError, digest};

/// The lowest cost there is. A key holds 376 random bits, which nobody tries out however fast that is, and anybody
/// may have a key checked.
const COST: u32 = 4;
/// Random bytes of a key; the last is written over.
const RANDOM: usize = 48;
/// Digits in a group.
const GROUP: usize = 32;

/// Makes the key of a licence: its id, then random hex digits, the last two `v1`; in groups with dashes between.
pub fn generate(license: RecordId) -> Secret<String> {
    let mut random = hex::encode(random_bytes::<RANDOM>());
    random.truncate(random.len() - 2);
    let digits = format!("{}{random}v1", license.to_string().replace('-', ""));
    let groups: Vec<&str> =
        digits.as_bytes().chunks(GROUP).filter_map(|g| std::str::from_utf8(g).ok()).collect();
    Secret::new(groups.join("-"))
}

/// The licence that a key says it is of; `None` for a text of another form.
pub fn license_of(key: &str) -> Option<RecordId> {
    key.split('-').next().filter(|id| id.len() == GROUP)?.parse().ok()
}

/// The digest to store: bcrypt of the hex digits of the key's SHA-256, since bcrypt reads no more than 72 bytes.
///
/// # Errors
/// [`CryptoError::LegacyKey`] when bcrypt refuses.
pub fn hash(key: &str) -> Result<String, CryptoError> {
    let hashed = bcrypt::hash_with_salt(digest::sha256(key.as_bytes()).hex(), COST, random_bytes());
    hashed.map(|parts| parts.to_string()).map_err(|_| CryptoError::LegacyKey)
}

/// Whether a key is the one behind a stored digest. A text that is no digest has no key.
pub fn verify(key: &str, stored: &str) -> bool {
    bcrypt::verify(digest::sha256(key.as_bytes()).hex(), stored).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn license() -> RecordId {
        "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
    }

    #[test]
    fn keys_have_the_documented_form() {
        let key = generate(license()).into_inner();
        let groups: Vec<&str> = key.split('-').collect();
        assert_eq!(groups.iter().map(|group| group.len()).collect::<Vec<_>>(), [32; 4], "{key}");
        assert_eq!(groups.first(), Some(&"0190163d8694739baea5966c26f8ad91"));
        assert!(key.ends_with("v1"), "{key}");
        assert_eq!(license_of(&key), Some(license()));
        assert_ne!(generate(license()).into_inner(), key);
        for other in
            ["", "0190163d-8694-739b-aea5-966c26f8ad91", "XXXXXX-V3", "0190163d8694739baea5966c26f8ad9z-a"]
        {
            assert_eq!(license_of(other), None, "{other}");
        }
    }

    #[test]
    fn a_digest_knows_its_key_alone() {
        let key = generate(license()).into_inner();
        let stored = hash(&key).unwrap();
        assert!(stored.starts_with("$2b$04$"), "{stored}");
        assert!(verify(&key, &stored));
        assert!(!verify(&generate(license()).into_inner(), &stored));
        assert!(!verify(&stored, &stored), "the digest is no key");
        assert!(!verify(&key, "no digest") && !verify(&key, &key));
        assert_ne!(hash(&key).unwrap(), stored, "every digest has its own salt");
    }

    /// What libxcrypt makes of the digits.
    #[test]
    fn a_digest_made_elsewhere() {
        let stored = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.oJrEOhGYuxHUbtvrzriW.xhBsIwoqmO";
        assert!(verify("raw", stored) && verify("raw", &stored.replace("$2b$", "$2a$")));
        assert!(!verify("Raw", stored));
    }
}
