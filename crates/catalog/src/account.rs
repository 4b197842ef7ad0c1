//! The account and its settings as the read path holds them.

use std::borrow::Cow;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use keyway_base::AccountId;
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::token::AccountSecret;
use keyway_domain::resources::{Account, Subscription};
use keyway_engine::PackageSigner;

use crate::CatalogError;
use crate::cache::Weigh;

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
    /// The host that serves it alone, in lower case.
    pub cname: Option<String>,
    /// How it stands with whoever runs the server.
    pub subscription: Subscription,
    /// How many requests to the JSON:API it may make a day.
    pub daily_request_limit: Option<u64>,
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
    /// What stands for the account in URLs of ours when a request named it by `segment`: its id for an id, else
    /// its slug. There are but two, however the segment was spelled, so that documents are not rendered for each
    /// spelling.
    pub fn name_for(&self, segment: &str) -> Cow<'_, str> {
        if segment.parse() == Ok(self.id) { self.id.to_string().into() } else { self.slug.as_str().into() }
    }
    /// Differs when documents rendered for the account may differ.
    pub const fn stamp(&self) -> u64 {
        self.stamp
    }

    /// Reads an account's keys.
    ///
    /// # Errors
    /// [`CatalogError::Damaged`] when they cannot be read.
    pub fn of(account: Account) -> Result<Self, CatalogError> {
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
            cname: account.cname.map(|host| host.to_ascii_lowercase()),
            subscription: account.subscription_state.unwrap_or(Subscription::Subscribed),
            daily_request_limit: account.daily_request_limit.and_then(|limit| limit.try_into().ok()),
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

impl Weigh for Arc<AccountFacts> {
    fn weigh(&self) -> usize {
        // Keys as text and ready to use: a few KiB.
        size_of::<AccountFacts>() + 16 * 1024 + self.name.len() + self.slug.len()
    }
}
