//! Who is asking: everything about a caller that decisions need, computed once and cached.

use std::collections::BTreeSet;
use std::time::Duration;

use keyway_base::{
    AccountId, EntitlementId, EnvironmentId, LicenseId, PolicyId, ProductId, RecordId, Timestamp, TokenId,
    UserId,
};
use keyway_domain::permission::{Granted, Permission, Permissions};
use keyway_domain::pin::Pin;
use keyway_domain::resources::{AuthenticationStrategy, ExpirationBasis, ExpirationStrategy};
use keyway_jsonapi::Role;

use crate::{AuthFailure, EnvironmentView, LicenseRecords, Surface};

/// A caller in an account and an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Principal {
    /// The account.
    pub account: AccountId,
    /// The environment the request works in.
    pub view: EnvironmentView,
    /// The kind of bearer.
    pub role: Role,
    /// Which bearer.
    pub who: Who,
    /// The token that was used, if one was.
    pub token: Option<TokenFacts>,
    /// What the bearer may do: its own permissions (a licence: those it shares with its owner).
    pub bearer_permissions: Permissions,
    /// What this request may do: the former, narrowed by the token.
    pub permissions: Permissions,
    /// The licences that speak for the caller: a licence's own; a user's, owned and attached, oldest first.
    pub grants: Vec<LicenseGrant>,
}

/// Which bearer is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// Nobody in particular.
    Anonymous,
    /// A user of any role.
    User(UserFacts),
    /// A product.
    Product(ProductId),
    /// An environment.
    Environment(EnvironmentId),
    /// A licence; its terms are the principal's only grant.
    License(LicenseId),
}

/// A user that is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserFacts {
    /// The id.
    pub id: UserId,
    /// The e-mail address.
    pub email: String,
    /// The environment of the user's record.
    pub environment: Option<EnvironmentId>,
}

/// The token that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// The id.
    pub id: TokenId,
    /// When it ends.
    pub expiry: Option<Timestamp>,
    /// What it was given.
    pub permissions: Granted,
}

/// How long before its end the holder of a licence is told of it.
const NOTICE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The terms of one licence.
#[derive(Debug, Clone, PartialEq)]
pub struct LicenseGrant {
    /// The licence.
    pub id: LicenseId,
    /// Its name, if it has one.
    pub name: Option<String>,
    /// Its product.
    pub product: ProductId,
    /// Its policy.
    pub policy: PolicyId,
    /// Its owner.
    pub owner: Option<UserId>,
    /// Whether the owner is banned.
    pub owner_banned: bool,
    /// The users attached to it beside the owner.
    pub users: Vec<UserId>,
    /// Whether it is suspended.
    pub suspended: bool,
    /// When it expires.
    pub expiry: Option<Timestamp>,
    /// What it may do once expired.
    pub expiration_strategy: ExpirationStrategy,
    /// How it may authenticate.
    pub authentication_strategy: AuthenticationStrategy,
    /// What it is entitled to, by itself and through its policy.
    pub entitlements: BTreeSet<EntitlementId>,
    /// Whether its time starts with the first download, and has not started yet.
    pub starts_on_download: bool,
    /// What its updates are held to.
    pub pin: Pin,
}

impl LicenseGrant {
    /// The terms in a licence's records.
    pub fn of(records: LicenseRecords) -> Self {
        let LicenseRecords { license, policy, owner, users, entitlements } = records;
        let on_download =
            policy.expiration_basis == ExpirationBasis::FirstDownload && policy.duration.is_some();
        Self {
            starts_on_download: on_download && license.expiry.is_none(),
            pin: Pin::of(&license, &policy),
            id: license.id.into(),
            name: license.name,
            product: license.product_id,
            policy: license.policy_id,
            owner: license.owner_id,
            owner_banned: owner.is_some_and(|user| user.banned_at.is_some()),
            users,
            suspended: license.suspended,
            expiry: license.expiry,
            expiration_strategy: policy.expiration_strategy,
            authentication_strategy: policy.authentication_strategy,
            entitlements,
        }
    }
    /// Whether the expiry has passed. A licence that expires now has not.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expiry.is_some_and(|expiry| expiry < now)
    }
    /// A word to its holder when it is about to expire, early enough to do something about that.
    pub fn warning(&self, now: Timestamp) -> Option<String> {
        let expiry = self.expiry.filter(|expiry| *expiry >= now && expiry.since(now) <= NOTICE)?;
        Some(format!("the licence expires on {}: contact the vendor to renew it", expiry.day()))
    }
    /// Whether a user owns it or is attached to it.
    pub fn has_user(&self, user: UserId) -> bool {
        self.owner == Some(user) || self.users.contains(&user)
    }
    /// Whether the licence stands at all: what refuses everything that is not open to anybody, in the order of
    /// `licensing.md` §2.
    ///
    /// # Errors
    /// [`AuthFailure`] when its owner is banned, it is suspended, or it expired under REVOKE_ACCESS.
    pub fn standing(&self, now: Timestamp) -> Result<(), AuthFailure> {
        let revoked = self.is_expired(now) && self.expiration_strategy == ExpirationStrategy::Revoke;
        match () {
            () if self.owner_banned => Err(AuthFailure::LICENSE_BANNED),
            () if self.suspended => Err(AuthFailure::LICENSE_SUSPENDED),
            () if revoked => Err(AuthFailure::LICENSE_EXPIRED),
            () => Ok(()),
        }
    }
    /// Whether the licence is valid: it stands, and has not expired under a strategy that makes that invalid.
    ///
    /// # Errors
    /// [`AuthFailure`] as [`Self::standing`], and when it expired under RESTRICT_ACCESS.
    pub fn validity(&self, now: Timestamp) -> Result<(), AuthFailure> {
        self.standing(now)?;
        let restricted = self.expiration_strategy == ExpirationStrategy::Restrict;
        if restricted && self.is_expired(now) { Err(AuthFailure::LICENSE_EXPIRED) } else { Ok(()) }
    }
    /// What is wrong with using the licence's key to authenticate. On engine routes a licence that does not
    /// stand is let in, so that the view refuses it with a reason where the client shows one.
    pub(crate) fn check_key(&self, surface: Surface, now: Timestamp) -> Result<(), AuthFailure> {
        use AuthenticationStrategy::{License, Mixed};
        if surface == Surface::Api {
            self.standing(now)?;
        }
        if matches!(self.authentication_strategy, License | Mixed) {
            Ok(())
        } else {
            Err(AuthFailure::LICENSE_NOT_ALLOWED)
        }
    }
}

impl Principal {
    /// A caller without a credential.
    pub const fn anonymous(account: AccountId, view: EnvironmentView) -> Self {
        Self {
            account,
            view,
            role: Role::Anonymous,
            who: Who::Anonymous,
            token: None,
            bearer_permissions: Permissions::NONE,
            permissions: Permissions::NONE,
            grants: Vec::new(),
        }
    }
    /// Repeats what depends on the time, for each request that uses a cached principal: the token's expiry and,
    /// where the licence's key is the credential, the licence's.
    ///
    /// # Errors
    /// [`AuthFailure`], as [`crate::authenticate`] would give it now.
    pub fn check(&self, surface: Surface, now: Timestamp) -> Result<(), AuthFailure> {
        if self.token.as_ref().and_then(|token| token.expiry).is_some_and(|expiry| expiry < now) {
            return Err(AuthFailure::TOKEN_EXPIRED);
        }
        match (&self.who, &self.token, self.grants.first()) {
            (Who::License(_), None, Some(grant)) => grant.check_key(surface, now),
            _ => Ok(()),
        }
    }
    /// Whether the caller is in good standing: vendors always are, customers when one of their licences stands
    /// or they hold none.
    ///
    /// # Errors
    /// [`AuthFailure`] of the first licence when none stands.
    pub fn standing(&self, now: Timestamp) -> Result<(), AuthFailure> {
        first_unless_any(self.grants.iter().map(|grant| grant.standing(now)))
    }
    /// Whether the caller is a vendor, or a customer with a valid licence (or without any licence): those for
    /// whom names that are not ours are looked for elsewhere.
    ///
    /// # Errors
    /// [`AuthFailure`] of the first licence when none is valid.
    pub fn validity(&self, now: Timestamp) -> Result<(), AuthFailure> {
        first_unless_any(self.grants.iter().map(|grant| grant.validity(now)))
    }
    /// Whether the request may use a permission.
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }
    /// The user that is asking, if one is.
    pub const fn user(&self) -> Option<UserId> {
        if let Who::User(user) = &self.who { Some(user.id) } else { None }
    }
    /// The product that is asking, if one is.
    pub const fn product(&self) -> Option<ProductId> {
        if let Who::Product(id) = &self.who { Some(*id) } else { None }
    }
    /// The licence that is asking, if one is.
    pub fn license(&self) -> Option<&LicenseGrant> {
        if matches!(self.who, Who::License(_)) { self.grants.first() } else { None }
    }
    /// The bearer's id, if there is a bearer.
    pub fn bearer_id(&self) -> Option<RecordId> {
        self.bearer().map(|(_, id)| id)
    }
    /// The bearer's JSON:API type and id, if there is a bearer.
    pub fn bearer(&self) -> Option<(&'static str, RecordId)> {
        match &self.who {
            Who::Anonymous => None,
            Who::User(user) => Some(("users", user.id.into())),
            Who::Product(id) => Some(("products", (*id).into())),
            Who::Environment(id) => Some(("environments", (*id).into())),
            Who::License(id) => Some(("licenses", (*id).into())),
        }
    }
    /// The caller's name for `whoami` and greetings: never a secret.
    pub fn display_name(&self) -> String {
        match &self.who {
            Who::Anonymous => String::new(),
            Who::User(user) => user.email.clone(),
            Who::Product(id) => format!("product {id}"),
            Who::Environment(id) => format!("environment {id}"),
            Who::License(id) => match self.grants.first().and_then(|grant| grant.name.as_deref()) {
                Some(name) => format!("license {name}"),
                None => format!("license {id}"),
            },
        }
    }
    /// Roughly how many bytes the principal takes, for caches that are weighed.
    pub fn weight(&self) -> usize {
        let grants = self.grants.iter().map(|grant| {
            size_of::<LicenseGrant>()
                + grant.name.as_ref().map_or(0, String::len)
                + 16 * grant.users.len()
                + 24 * grant.entitlements.len()
        });
        size_of::<Self>() + grants.sum::<usize>()
    }
}

/// The first failure, unless one of the results is good or there are none.
fn first_unless_any(mut results: impl Iterator<Item = Result<(), AuthFailure>>) -> Result<(), AuthFailure> {
    match results.next() {
        Some(Err(first)) if results.all(|result| result.is_err()) => Err(first),
        _ => Ok(()),
    }
}
