//! Passwords: their bounds, and hashing outside the transaction.

use keyway_base::Secret;
use keyway_jsonapi::Failure;

use crate::draft::Draft;
use crate::refusal::{Outcome, Refusal};

/// The bounds in bytes.
const BYTES: std::ops::RangeInclusive<usize> = 6..=72;

/// What is wrong with a password, if anything.
pub(crate) fn failure(password: &str) -> Option<(Failure, String)> {
    let bytes = password.len();
    if bytes < *BYTES.start() {
        return Some((
            Failure::Kind("TOO_SHORT"),
            format!("is too short (minimum is {} characters)", BYTES.start()),
        ));
    }
    let too_long = || (Failure::Kind("TOO_LONG"), format!("is too long (maximum is {} bytes)", BYTES.end()));
    (bytes > *BYTES.end()).then(too_long)
}

/// Makes sure that the draft has the digests of these passwords. Argon2 takes tens of milliseconds, so it must
/// not run while the transaction is open: the operation starts over with the digests.
pub(crate) fn demand(draft: &Draft, passwords: Vec<String>) -> Outcome<()> {
    if passwords.is_empty() || !draft.failures.is_empty() || draft.digests.len() == passwords.len() {
        return Ok(());
    }
    Err(Refusal::NeedsDigests(passwords.into_iter().map(Secret::new).collect()))
}

/// Hashes passwords where blocking is allowed.
pub(crate) async fn digests(passwords: Vec<Secret<String>>) -> Outcome<Vec<String>> {
    let hash = move || -> Result<Vec<String>, keyway_crypto::CryptoError> {
        passwords.iter().map(|password| keyway_crypto::password::hash(password.expose())).collect()
    };
    let hashed = tokio::task::spawn_blocking(hash).await;
    let hashed = hashed.map_err(|error| Refusal::Broken(format!("hashing died: {error}")))?;
    hashed.map_err(|error| Refusal::Broken(error.to_string()))
}

/// Compares a password with a stored digest where blocking is allowed.
pub(crate) async fn is_right(password: Secret<String>, stored: String) -> Outcome<bool> {
    let verify = move || keyway_crypto::password::verify(password.expose(), &stored);
    let verdict = tokio::task::spawn_blocking(verify).await;
    let verdict = verdict.map_err(|error| Refusal::Broken(format!("verifying died: {error}")))?;
    let verdict = verdict.map_err(|error| Refusal::Broken(error.to_string()))?;
    Ok(verdict == keyway_crypto::password::Verdict::Right)
}
