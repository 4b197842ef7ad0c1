//! Key pairs for accounts, made ahead: an RSA key takes longer to make than a whole scenario to run.

use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::token::AccountSecret;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;

use crate::SupportError;

/// How many accounts in a row have keys of their own. After that the first one's come again, with another secret.
const PAIRS: usize = 4;

/// The pool.
#[derive(Default)]
pub(crate) struct KeyPool {
    pairs: OnceCell<Vec<String>>,
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
    /// Makes the pool now, so that the first test need not wait.
    pub(crate) async fn fill(&self) -> Result<&[String], SupportError> {
        self.pairs.get_or_try_init(generate).await.map(Vec::as_slice)
    }

    /// The next keys, with a secret that no other account has.
    pub(crate) async fn take(&self) -> Result<NewKeys, SupportError> {
        let pairs = self.fill().await?;
        let at = self.next.fetch_add(1, Ordering::Relaxed) % pairs.len().max(1);
        let keys = pairs.get(at).cloned().unwrap_or_default();
        Ok(NewKeys { keys, secret: AccountSecret::generate().text().expose().clone() })
    }
}

async fn generate() -> Result<Vec<String>, SupportError> {
    let making: Vec<_> = (0..PAIRS).map(|_| spawn_blocking(AccountKeys::generate)).collect();
    let mut pairs = Vec::with_capacity(PAIRS);
    for made in making {
        let made = made.await.map_err(|error| SupportError::Broken(error.to_string()))?;
        pairs.push(made?.to_text().into_inner());
    }
    Ok(pairs)
}
