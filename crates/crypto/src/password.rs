//! Passwords: argon2id in PHC strings. Every call here takes tens of milliseconds and 19 MiB: make it where
//! blocking is allowed.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHash, PasswordHasher as _, PasswordVerifier as _, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::CryptoError;
use crate::random::random_bytes;

/// Memory in KiB, passes and lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Whether a password is the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Right,
    /// It is not.
    Wrong,
}

fn argon2id() -> Argon2<'static> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).expect("the costs are within argon2's bounds");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a password with a fresh salt; the result is the PHC string to store.
///
/// # Errors
/// [`CryptoError::PasswordHash`] when argon2 refuses the input.
pub fn hash(password: &str) -> Result<String, CryptoError> {
    let salt = SaltString::encode_b64(&random_bytes::<16>()).map_err(|_| CryptoError::PasswordHash)?;
    let hash = argon2id().hash_password(password.as_bytes(), &salt).map_err(|_| CryptoError::PasswordHash)?;
    Ok(hash.to_string())
}

/// Compares a password with a stored hash, by the costs that the hash names.
///
/// # Errors
/// [`CryptoError::StoredPassword`] when the stored text is no PHC string of argon2.
pub fn verify(password: &str, stored: &str) -> Result<Verdict, CryptoError> {
    let stored = PasswordHash::new(stored).map_err(|_| CryptoError::StoredPassword)?;
    if stored.hash.is_none() {
        // A PHC string may lack the hash itself; argon2 would call every password wrong.
        return Err(CryptoError::StoredPassword);
    }
    match argon2id().verify_password(password.as_bytes(), &stored) {
        Ok(()) => Ok(Verdict::Right),
        Err(argon2::password_hash::Error::Password) => Ok(Verdict::Wrong),
        Err(_) => Err(CryptoError::StoredPassword),
    }
}

/// Takes as long as [`verify`] and never succeeds: for users that do not exist or have no password, so that
/// the time of an answer does not tell.
pub fn verify_nobody(password: &str) -> Verdict {
    static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| hash(&hex::encode(random_bytes::<32>())).ok());
    if let Some(stored) = NOBODY.as_deref() {
        // The work is the point; the outcome is known.
        let _ = verify(password, stored);
    }
    Verdict::Wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_costs_and_knows_its_password() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(verify("correct horse", &stored), Ok(Verdict::Right));
        assert_eq!(verify("correct horse ", &stored), Ok(Verdict::Wrong));
        assert_eq!(verify("", &stored), Ok(Verdict::Wrong));
        assert_ne!(hash("correct horse").unwrap(), stored, "every hash has its own salt");
    }

    #[test]
    fn nobody_has_no_password() {
        assert_eq!(verify_nobody("correct horse"), Verdict::Wrong);
        assert_eq!(verify_nobody(""), Verdict::Wrong);
    }

    #[test]
    fn a_broken_hash_is_an_error_and_not_a_wrong_password() {
        for stored in
            ["", "plain", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ"]
        {
            assert_eq!(verify("x", stored), Err(CryptoError::StoredPassword), "{stored}");
        }
    }
}
