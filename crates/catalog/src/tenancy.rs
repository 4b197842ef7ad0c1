//! Which account a request is for (`licensing.md` §1.1): by the host, by a segment of the path, or the one that
//! there is.

use std::borrow::Cow;
use std::fmt;
use std::hash::Hash;
use std::str::FromStr;
use std::sync::Arc;

use keyway_base::{AccountId, Slot, SlotKey};
use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Record, Scope};
use moka::Equivalent;

use crate::cache::{Loaded, Weigh};
use crate::{AccountError, AccountFacts, Catalog, CatalogError};

/// Whether a server serves one account or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// One account; paths may leave it out.
    #[default]
    Singleplayer,
    /// Many accounts; a request says which, by its host or by its path.
    Multiplayer,
}

impl Mode {
    /// The mode's name in settings and headers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Singleplayer => "singleplayer",
            Self::Multiplayer => "multiplayer",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not the name of a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a mode: one of singleplayer and multiplayer is")]
pub struct BadMode;

impl FromStr for Mode {
    type Err = BadMode;

    fn from_str(text: &str) -> Result<Self, BadMode> {
        let known = [Self::Singleplayer, Self::Multiplayer];
        known.into_iter().find(|mode| mode.as_str() == text).ok_or(BadMode)
    }
}

/// How a server tells whose request it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    /// One account or many.
    pub mode: Mode,
    /// Which account is the one, by id or slug; without it, the oldest is.
    pub account: Option<String>,
    /// For tests: a path may name any account in either mode, and a request that names none is for the one, where
    /// `account` says so or the mode does.
    pub lenient: bool,
}

/// What an account is looked up by. Slugs and hosts are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum AccountKey<S> {
    TheOne,
    Id(AccountId),
    Slug(S),
    Host(S),
}

impl Equivalent<AccountKey<Box<str>>> for AccountKey<Cow<'_, str>> {
    fn equivalent(&self, key: &AccountKey<Box<str>>) -> bool {
        match (self, key) {
            (Self::TheOne, AccountKey::TheOne) => true,
            (Self::Id(own), AccountKey::Id(other)) => own == other,
            (Self::Slug(own), AccountKey::Slug(other)) | (Self::Host(own), AccountKey::Host(other)) => {
                **own == **other
            }
            _ => false,
        }
    }
}

impl AccountKey<Cow<'_, str>> {
    fn into_owned(self) -> AccountKey<Box<str>> {
        match self {
            Self::TheOne => AccountKey::TheOne,
            Self::Id(id) => AccountKey::Id(id),
            Self::Slug(slug) => AccountKey::Slug(slug.into()),
            Self::Host(host) => AccountKey::Host(host.into()),
        }
    }
}

impl Weigh for AccountKey<Box<str>> {
    fn weigh(&self) -> usize {
        match self {
            Self::TheOne | Self::Id(_) => 0,
            Self::Slug(text) | Self::Host(text) => text.len(),
        }
    }
}

type Found = Result<Option<Arc<AccountFacts>>, CatalogError>;

impl Catalog {
    /// Whether there is one account or many.
    pub const fn mode(&self) -> Mode {
        self.tenancy.mode
    }

    /// The account that a request is for: that of its host, where the host is an account's own, else the one that
    /// the path names by id or slug (decoded), else the one that there is.
    ///
    /// # Errors
    /// [`AccountError`] when the path names none, or one that is not served here, or nothing says which it is;
    /// and when it cannot be told now.
    pub async fn resolve(
        &self,
        host: Option<AccountId>,
        segment: Option<&str>,
    ) -> Result<Arc<AccountFacts>, AccountError> {
        let _ = self.lease.hold().await;
        match (host, segment, self.tenancy.mode) {
            (Some(id), _, _) => {
                let account = self.account_by(AccountKey::Id(id)).await?;
                account.ok_or_else(|| AccountError::Unknown(id.to_string()))
            }
            (None, Some(segment), Mode::Multiplayer) => self.named(segment).await,
            (None, Some(segment), Mode::Singleplayer) => self.named_or_other(segment).await,
            (None, None, Mode::Multiplayer) if !self.tenancy.lenient || self.tenancy.account.is_none() => {
                Err(AccountError::Required)
            }
            (None, None, _) => self.the_one().await,
        }
    }

    /// The account whose own host this is (in lower case, without a port).
    ///
    /// # Errors
    /// [`CatalogError`] when it cannot be told now.
    pub async fn account_of_host(&self, host: &str) -> Found {
        let _ = self.lease.hold().await;
        if self.tenancy.mode == Mode::Multiplayer || self.tenancy.lenient {
            return self.account_by(AccountKey::Host(host.into())).await;
        }
        match self.the_one().await {
            Ok(account) => Ok(Some(account).filter(|account| account.cname.as_deref() == Some(host))),
            Err(AccountError::Unavailable(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    async fn the_one(&self) -> Result<Arc<AccountFacts>, AccountError> {
        Ok(self.account_by(AccountKey::TheOne).await?.ok_or(CatalogError::NoAccount)?)
    }

    async fn named(&self, segment: &str) -> Result<Arc<AccountFacts>, AccountError> {
        let account = match name_key(segment) {
            Some(key) => self.account_by(key).await?,
            None => None,
        };
        account.ok_or_else(|| AccountError::Unknown(segment.to_owned()))
    }

    /// The one account, when the path names it.
    async fn named_or_other(&self, segment: &str) -> Result<Arc<AccountFacts>, AccountError> {
        let one = match self.the_one().await {
            Err(AccountError::Unavailable(CatalogError::NoAccount)) if self.tenancy.lenient => {
                return self.named(segment).await;
            }
            // There is none at all, so none of that name either.
            Err(AccountError::Unavailable(CatalogError::NoAccount)) => {
                return Err(AccountError::Unknown(segment.to_owned()));
            }
            one => one?,
        };
        if one.is_named(segment) {
            return Ok(one);
        }
        let other = self.named(segment).await?;
        if self.tenancy.lenient { Ok(other) } else { Err(AccountError::Other(one.id)) }
    }

    async fn account_by(&self, key: AccountKey<Cow<'_, str>>) -> Found {
        // An account says nothing about who may do what, so it is served even when the lease cannot be held.
        if let Some(account) = self.accounts.hit(&key) {
            return Ok(account);
        }
        // Boxed, here and below: every request carries its future about, and hardly any comes this way.
        Box::pin(self.load_account(key.into_owned())).await
    }

    async fn load_account(&self, key: AccountKey<Box<str>>) -> Found {
        match &key {
            AccountKey::Id(id) => {
                let id = *id;
                self.accounts.get(key, || self.account_of_id(id)).await
            }
            AccountKey::TheOne => {
                self.accounts.get(key, || self.account_of(self.the_ones_scope(), None)).await
            }
            AccountKey::Slug(slug) => {
                let (scope, name) = (Scope::IsCaseless("slug", slug.to_string()), slug.clone());
                self.accounts.get(key, || self.account_of(scope.clone(), Some(&name))).await
            }
            AccountKey::Host(host) => {
                let (scope, name) = (Scope::IsCaseless("cname", host.to_string()), host.clone());
                self.accounts.get(key, || self.account_of(scope.clone(), Some(&name))).await
            }
        }
    }

    fn the_ones_scope(&self) -> Scope {
        match self.tenancy.account.as_deref().map(|name| (name, name.parse::<AccountId>())) {
            None => Scope::All,
            Some((_, Ok(id))) => Scope::id("id", id),
            Some((slug, Err(_))) => Scope::IsCaseless("slug", slug.to_ascii_lowercase()),
        }
    }

    /// The account by another key than its id; whatever it is found by, it is held once.
    async fn account_of(
        &self,
        scope: Scope,
        name: Option<&str>,
    ) -> Result<Loaded<Option<Arc<AccountFacts>>>, CatalogError> {
        let named = name.map(|name| Slot::from(SlotKey::AccountName(name)));
        let record = self.db.account(Account::RESOURCE, &scope).await;
        let Some(record) = record.map_err(|error| CatalogError::store("the account", error))? else {
            return match named {
                Some(slot) => Ok(Loaded { value: None, slots: [slot].into() }),
                // the one account: its absence is no state to remember
                None => Err(CatalogError::NoAccount),
            };
        };
        let id = AccountId::from(record.id());
        let value = self.accounts.get(AccountKey::Id(id), || self.account_of_id(id)).await?;
        let slots = named.into_iter().chain([SlotKey::Account(id).into()]).collect();
        Ok(Loaded { value, slots })
    }

    async fn account_of_id(&self, id: AccountId) -> Result<Loaded<Option<Arc<AccountFacts>>>, CatalogError> {
        let record = self.db.find(Account::RESOURCE, id, &Scope::id("id", id)).await;
        let record = record.map_err(|error| CatalogError::store("the account", error))?;
        let facts = |record: Record| {
            let account = record.typed().map_err(|error| CatalogError::damaged("the account", error))?;
            AccountFacts::of(account).map(Arc::new)
        };
        let value = record.map(facts).transpose()?;
        Ok(Loaded { value, slots: [SlotKey::Account(id).into()].into() })
    }
}

/// What a segment looks accounts up by; `None` for what no account is named.
fn name_key(segment: &str) -> Option<AccountKey<Cow<'_, str>>> {
    if let Ok(id) = segment.parse() {
        return Some(AccountKey::Id(id));
    }
    let fits = segment.len() <= 255 && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let has_capitals = segment.bytes().any(|byte| byte.is_ascii_uppercase());
    let slug = if has_capitals { segment.to_ascii_lowercase().into() } else { Cow::Borrowed(segment) };
    (fits && !segment.is_empty()).then_some(AccountKey::Slug(slug))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_name_an_account_is_looked_up() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        assert_eq!(name_key(id), Some(AccountKey::Id(id.parse().unwrap())));
        assert_eq!(name_key("0190163D8694739BAEA5966C26F8AD91"), name_key(id));
        assert_eq!(name_key("Acme-1"), Some(AccountKey::Slug("acme-1".into())));
        for text in ["", "a b", "a/b", "ä", "a.b", &"a".repeat(256)] {
            assert_eq!(name_key(text), None, "{text}");
        }
    }

    #[test]
    fn modes_have_names() {
        for mode in [Mode::Singleplayer, Mode::Multiplayer] {
            assert_eq!(mode.as_str().parse(), Ok(mode));
        }
        assert_eq!("single".parse::<Mode>(), Err(BadMode));
    }
}
