//! Key pairs for accounts, made ahead: an RSA key takes longer to make than a whole scenario to run.

use std::sync::atomic::{AtomicUsize, Ordering};

use keyway_crypto::CryptoError;
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::token::AccountSecret;
use tokio::sync::Mutex;
use tokio::task::{JoinError, spawn_blocking};

use crate::SupportError;

/// How many accounts in a row have keys of their own. After that the first one's come again, with another secret.
const PAIRS: usize = 4;

/// The pool.
#[derive(Default)]
pub(crate) struct KeyPool {
    pairs: Mutex<Vec<String>>,
    next: AtomicUsize,
}

/// The keys of a new account, in the columns' form.
pub(crate) struct NewKeys {
    /// The key pairs.
    pub(crate) keys: String,
    /// The secret that credentials are digested with.
    pub(crate) secret: String,
}

impl KeyPool {
    /// Fills the pool now, so that no test has to wait.
    pub(crate) async fn fill(&self) -> Result<(), SupportError> {
        let mut pairs = self.pairs.lock().await;
        let making: Vec<_> = (pairs.len()..PAIRS).map(|_| spawn_blocking(AccountKeys::generate)).collect();
        for made in making {
            pairs.push(text(made.await)?);
        }
        Ok(())
    }

    /// The next keys, with a secret that no other account has.
    pub(crate) async fn take(&self) -> Result<NewKeys, SupportError> {
        let at = self.next.fetch_add(1, Ordering::Relaxed) % PAIRS;
        let mut pairs = self.pairs.lock().await;
        while pairs.len() <= at {
            pairs.push(text(spawn_blocking(AccountKeys::generate).await)?);
        }
        let keys = pairs.get(at).cloned().unwrap_or_default();
        Ok(NewKeys { keys, secret: AccountSecret::generate().text().expose().clone() })
    }
}

fn text(made: Result<Result<AccountKeys, CryptoError>, JoinError>) -> Result<String, SupportError> {
    let made = made.map_err(|error| SupportError::Broken(error.to_string()))?;
    Ok(made?.to_text().into_inner())
}
