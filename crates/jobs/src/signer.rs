//! The account's package signing key as engines see it.

use keyway_base::AccountId;
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::resources::Account;
use keyway_engine::PackageSigner;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::Db;

use crate::JobError;

/// An account's keys, ready to sign what is read out of its uploads.
pub(crate) struct AccountSigner {
    keys: AccountKeys,
    public: Vec<u8>,
}

impl AccountSigner {
    /// Loads the keys; `None` when the account is gone.
    pub(crate) async fn of(db: &Db, account: AccountId) -> Result<Option<Self>, JobError> {
        let Some(record) = db.account(Account::RESOURCE, &Scope::id("id", account)).await? else {
            return Ok(None);
        };
        let account: Account = record.typed()?;
        let keys = AccountKeys::from_text(&account.keys, account.secret)?;
        let public = keys.ecdsa_public_der()?;
        Ok(Some(Self { keys, public }))
    }
}

impl PackageSigner for AccountSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.keys.sign_ecdsa_p256(message).map_err(|error| error.to_string())
    }
    fn public_key(&self) -> &[u8] {
        &self.public
    }
}
