//! The account and its settings as the read path holds them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use keyway_base::{AccountId, SlotKey};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::token::AccountSecret;
use keyway_domain::resources::Account;
use keyway_engine::PackageSigner;
use keyway_jsonapi::Declared;

use crate::cache::{Loaded, Weigh};
use crate::{Catalog, CatalogError};

/// What every request needs to know of an account.
#[derive(Debug)]
pub struct AccountFacts {
    /// Its id.
    pub id: AccountId,
    /// Its short name in paths.
    pub slug: String,
    /// Its display name.
    pub name: String,
    /// The API version pinned at creation.
    pub api_version: String,
    /// Whether anonymous user registration is off and new policies are protected.
    pub protected: bool,
    /// What Python clients are told of names that are not ours.
    pub pypi_upstream: Option<String>,
    /// Its keys, ready to sign.
    pub keys: Arc<AccountKeys>,
    signer: AccountSigner,
    stamp: u64,
}

impl AccountFacts {
    /// The secret that credentials are digested with.
    pub fn secret(&self) -> &AccountSecret {
        self.keys.secret()
    }
    /// Signs package metadata with the account's ECDSA key.
    pub const fn signer(&self) -> &AccountSigner {
        &self.signer
    }
    /// Whether a path segment names this account: its id, or its slug in any case.
    pub fn is_named(&self, segment: &str) -> bool {
        self.slug.eq_ignore_ascii_case(segment) || segment.parse() == Ok(self.id)
    }
    /// Differs when documents rendered for the account may differ.
    pub(crate) const fn stamp(&self) -> u64 {
        self.stamp
    }

    fn of(account: Account) -> Result<Self, CatalogError> {
        let damaged = |error| CatalogError::damaged("the account's keys", error);
        let keys = Arc::new(AccountKeys::from_text(&account.keys, account.secret).map_err(damaged)?);
        let signer = AccountSigner::of(Arc::clone(&keys)).map_err(damaged)?;
        let mut hasher = DefaultHasher::new();
        (&account.name, &account.pypi_upstream, signer.public_key()).hash(&mut hasher);
        Ok(Self {
            id: account.id.into(),
            slug: account.slug,
            name: account.name,
            api_version: account.api_version,
            protected: account.protected,
            pypi_upstream: account.pypi_upstream,
            keys,
            signer,
            stamp: hasher.finish(),
        })
    }
}

/// The account's ECDSA key as engines see it.
#[derive(Debug, Clone)]
pub struct AccountSigner {
    keys: Arc<AccountKeys>,
    public: Arc<[u8]>,
}

impl AccountSigner {
    fn of(keys: Arc<AccountKeys>) -> Result<Self, keyway_crypto::CryptoError> {
        let public = keys.ecdsa_public_der()?.into();
        Ok(Self { keys, public })
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

/// Key of the one account that a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TheAccount;

impl Weigh for TheAccount {
    fn weigh(&self) -> usize {
        0
    }
}

impl Weigh for Arc<AccountFacts> {
    fn weigh(&self) -> usize {
        // Keys as text and ready to use: a few KiB.
        size_of::<AccountFacts>() + 16 * 1024 + self.name.len() + self.slug.len()
    }
}

impl Catalog {
    /// The account of this server: the first that was made.
    ///
    /// # Errors
    /// [`CatalogError::NoAccount`] before there is one; otherwise when it cannot be loaded.
    pub async fn account(&self) -> Result<Arc<AccountFacts>, CatalogError> {
        // An account says nothing about who may do what, so it is served even when the lease cannot be held.
        let _ = self.lease.hold().await;
        if let Some(account) = self.accounts.hit(&TheAccount) {
            return Ok(account);
        }
        // Boxed, here and below: every request carries its future about, and hardly any comes this way.
        Box::pin(self.accounts.get(TheAccount, || self.load_account())).await
    }

    /// The account that a path segment names (id or slug), if it is this server's.
    ///
    /// # Errors
    /// As [`Catalog::account`].
    pub async fn account_by(&self, segment: &str) -> Result<Option<Arc<AccountFacts>>, CatalogError> {
        Ok(Some(self.account().await?).filter(|account| account.is_named(segment)))
    }

    async fn load_account(&self) -> Result<Loaded<Arc<AccountFacts>>, CatalogError> {
        let records = self.db.accounts(Account::RESOURCE).await;
        let records = records.map_err(|error| CatalogError::store("the account", error))?;
        let record = records.first().ok_or(CatalogError::NoAccount)?;
        let account = record.typed().map_err(|error| CatalogError::damaged("the account", error))?;
        let facts = Arc::new(AccountFacts::of(account)?);
        Ok(Loaded { slots: [SlotKey::Account(facts.id).into()].into(), value: facts })
    }
}
