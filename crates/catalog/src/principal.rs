//! Who stands behind a credential: looked up once, decided by `access`, kept until something it depends on
//! changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyway_access::{
    AuthFailure, Bearer, Candidate, Credential, CredentialScheme, EnvironmentView, Presented, Principal,
    Surface, authenticate, authenticate_bearer,
};
use keyway_base::{AccountId, Timestamp};
use keyway_crypto::token::CredentialDigest;
use keyway_crypto::{license_key, registry_token, token};

use crate::bearer::BearerSearch;
use crate::cache::{Loaded, Weigh};
use crate::rows::Rows;
use crate::{AccountFacts, Catalog, CatalogError, EnvironmentFacts, Identity, Known};

/// Why there is no principal.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PrincipalError {
    /// The credential is no good.
    #[error(transparent)]
    Auth(#[from] AuthFailure),
    /// It cannot be told right now: answer 503 with `Retry-After`.
    #[error(transparent)]
    Unavailable(#[from] CatalogError),
}

/// What a credential is looked up by in memory: never the credential itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct PrincipalKey {
    account: AccountId,
    view: EnvironmentView,
    surface: Surface,
    by: By,
}

/// How a caller was named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum By {
    /// By a credential: one digest of everything that was presented.
    Presented(CredentialScheme, CredentialDigest),
    /// By what a session says of its token.
    Session(CredentialDigest),
    /// By what a registry's token says of the credential that it was given for.
    Token(registry_token::IssuedFor),
}

/// What a principal is looked for by.
#[derive(Clone, Copy)]
enum Sought<'a> {
    Credential(&'a Credential),
    Session(CredentialDigest),
    Bearer(registry_token::IssuedFor),
}

impl Weigh for PrincipalKey {
    fn weigh(&self) -> usize {
        0
    }
}

/// What is known of a credential.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    Good(Arc<Known<Principal>>),
    /// No good, decided at this time. Most reasons do not depend on it, but some do.
    Bad(AuthFailure, Timestamp),
}

impl Weigh for Standing {
    fn weigh(&self) -> usize {
        match self {
            Self::Good(principal) => principal.weigh(),
            Self::Bad(..) => 0,
        }
    }
    fn is_absence(&self) -> bool {
        matches!(self, Self::Bad(..))
    }
}

impl Standing {
    /// The principal, with what depends on the time looked at again; `None` when the clock was set back behind
    /// a refusal, which then has to be decided anew.
    fn judge(self, surface: Surface, now: Timestamp) -> Option<Result<Arc<Known<Principal>>, AuthFailure>> {
        match self {
            Self::Good(principal) => Some(principal.check(surface, now).map(|()| principal)),
            Self::Bad(failure, decided) => (decided <= now).then_some(Err(failure)),
        }
    }
}

/// Tells principals apart that were loaded at different times. Anonymous ones have their environment's id.
static LOADED: AtomicU64 = AtomicU64::new(0);

impl Catalog {
    /// Who is asking. Time limits are compared with the clock on every call.
    ///
    /// # Errors
    /// [`PrincipalError::Auth`] when the credential is no good; [`PrincipalError::Unavailable`] when that cannot
    /// be told right now. Anonymous callers are never refused here.
    pub async fn principal(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        surface: Surface,
        presented: &Presented,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        let view = EnvironmentFacts::view(environment);
        let Presented::One(credential) = presented else { return Ok(anonymous(account.id, view)) };
        let by = By::Presented(credential.scheme, print(credential));
        let key = PrincipalKey { account: account.id, view, surface, by };
        self.principal_by(key, account, Sought::Credential(credential)).await
    }

    /// Who stands behind a token of a registry now: what the token was given for is looked up again, so that a
    /// credential that is revoked takes its tokens along.
    ///
    /// # Errors
    /// As for [`Catalog::principal`].
    pub async fn principal_of(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        bearer: registry_token::IssuedFor,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        let view = EnvironmentFacts::view(environment);
        if bearer == registry_token::IssuedFor::Anonymous {
            return Ok(anonymous(account.id, view));
        }
        let surface = Surface::Engine;
        let key = PrincipalKey { account: account.id, view, surface, by: By::Token(bearer) };
        self.principal_by(key, account, Sought::Bearer(bearer)).await
    }

    /// Who stands behind the session of a portal now: whoever its token speaks for.
    ///
    /// # Errors
    /// As for [`Catalog::principal`].
    pub async fn principal_of_session(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        token: CredentialDigest,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        let (view, surface) = (EnvironmentFacts::view(environment), Surface::Api);
        let key = PrincipalKey { account: account.id, view, surface, by: By::Session(token) };
        self.principal_by(key, account, Sought::Session(token)).await
    }

    async fn principal_by(
        &self,
        key: PrincipalKey,
        account: &AccountFacts,
        sought: Sought<'_>,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        self.lease.hold().await?;
        let (surface, now) = (key.surface, self.clock.wall());
        if let Some(judged) = self.principals.hit(&key).and_then(|standing| standing.judge(surface, now)) {
            return Ok(judged?);
        }
        Box::pin(self.decide(key, account, sought, now)).await
    }

    async fn decide(
        &self,
        key: PrincipalKey,
        account: &AccountFacts,
        sought: Sought<'_>,
        now: Timestamp,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        let load = || self.load_standing(key, account, sought, now);
        let standing = self.principals.get(key, load).await?;
        if let Some(judged) = standing.judge(key.surface, now) {
            return Ok(judged?);
        }
        self.principals.forget(&key);
        match self.principals.get(key, load).await? {
            Standing::Good(principal) => Ok(principal),
            Standing::Bad(failure, _) => Err(failure.into()),
        }
    }

    async fn load_standing(
        &self,
        key: PrincipalKey,
        account: &AccountFacts,
        sought: Sought<'_>,
        now: Timestamp,
    ) -> Result<Loaded<Standing>, CatalogError> {
        let what = "a credential";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let mut search = BearerSearch::of(Rows::of(&mut read, account.id, what), account.id, key.view);
        let decided = match sought {
            Sought::Credential(credential) => {
                let found = search.by_credential(account, credential, key.surface).await?;
                authenticate(account.id, key.view, credential, found, key.surface, now)
            }
            Sought::Session(token) => {
                let found = search.by_session(token).await?.ok_or(AuthFailure::SESSION_INVALID);
                found.and_then(|found| authenticate_bearer(account.id, key.view, found, key.surface, now))
            }
            Sought::Bearer(bearer) => {
                let found = search.by_bearer(account, bearer).await?.ok_or(AuthFailure::TOKEN_INVALID);
                found.and_then(|found| authenticate_bearer(account.id, key.view, found, key.surface, now))
            }
        };
        let value = decided.map_or_else(|failure| Standing::Bad(failure, now), |p| Standing::Good(known(p)));
        Ok(Loaded { value, slots: search.into_slots() })
    }
}

impl BearerSearch<'_> {
    /// The bearer of the first candidate that is known.
    async fn by_credential(
        &mut self,
        account: &AccountFacts,
        credential: &Credential,
        surface: Surface,
    ) -> Result<Option<Bearer>, CatalogError> {
        for candidate in credential.candidates(surface) {
            let found = match candidate {
                Candidate::Token(text) => self.by_token(token::digest(account.secret(), text)).await?,
                Candidate::LicenseKey(text) => {
                    self.by_key(text, license_key::digest(account.secret(), text)).await?
                }
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The bearer that a registry's token names.
    async fn by_bearer(
        &mut self,
        account: &AccountFacts,
        bearer: registry_token::IssuedFor,
    ) -> Result<Option<Bearer>, CatalogError> {
        match bearer {
            registry_token::IssuedFor::Anonymous => Ok(None),
            registry_token::IssuedFor::Token(digest) => self.by_token(digest).await,
            registry_token::IssuedFor::Key(license, digest) => {
                let is_its_key = |key: &str| license_key::digest(account.secret(), key) == digest;
                self.by_license(license, is_its_key).await
            }
        }
    }
}

fn print(credential: &Credential) -> CredentialDigest {
    token::print(credential.user.as_ref().map(|user| user.expose().as_str()), credential.secret.expose())
}

fn known(principal: Principal) -> Arc<Known<Principal>> {
    let identity = Identity(u128::from(LOADED.fetch_add(1, Ordering::Relaxed)));
    let weight = weigh(&principal);
    Arc::new(Known::new(principal, identity, weight))
}

/// A UUID has bits that counters do not reach, so these identities are no loaded principal's.
fn anonymous(account: AccountId, view: EnvironmentView) -> Arc<Known<Principal>> {
    let id = view.current().map_or(account.uuid(), keyway_base::EnvironmentId::uuid);
    Arc::new(Known::new(Principal::anonymous(account, view), Identity(id.as_u128()), 0))
}

/// What a principal costs in memory, roughly.
fn weigh(principal: &Principal) -> usize {
    let grants = principal.grants.iter().map(|grant| {
        let name = grant.name.as_ref().map_or(0, String::len);
        // An ordered set of ids costs about twice its ids.
        size_of_val(grant) + name + 16 * grant.users.len() + 32 * grant.entitlements.len()
    });
    grants.sum()
}
