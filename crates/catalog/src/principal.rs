//! Who stands behind a credential: looked up once, decided by `access`, kept until something it depends on
//! changes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use keyway_access::{
    AuthFailure, Candidate, Credential, CredentialScheme, EnvironmentView, Presented, Principal, Surface,
    authenticate,
};
use keyway_base::{AccountId, Timestamp};
use keyway_crypto::token::CredentialDigest;
use keyway_crypto::{license_key, token};

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
    scheme: CredentialScheme,
    /// Of everything that was presented: one digest per request.
    digest: CredentialDigest,
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
        self.lease.hold().await?;
        let now = self.clock.wall();
        let key = PrincipalKey {
            account: account.id,
            view,
            surface,
            scheme: credential.scheme,
            digest: print(credential),
        };
        if let Some(judged) = self.principals.hit(&key).and_then(|standing| standing.judge(surface, now)) {
            return Ok(judged?);
        }
        Box::pin(self.decide(key, account, credential, now)).await
    }

    async fn decide(
        &self,
        key: PrincipalKey,
        account: &AccountFacts,
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Arc<Known<Principal>>, PrincipalError> {
        let load = || self.load_standing(key, account, credential, now);
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
        credential: &Credential,
        now: Timestamp,
    ) -> Result<Loaded<Standing>, CatalogError> {
        let what = "a credential";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let mut search = BearerSearch::of(Rows::of(&mut read, account.id, what), account.id, key.view);
        let mut found = None;
        for candidate in credential.candidates(key.surface) {
            found = match candidate {
                Candidate::Token(text) => search.by_token(token::digest(account.secret(), text)).await?,
                Candidate::LicenseKey(text) => {
                    search.by_key(text, license_key::digest(account.secret(), text)).await?
                }
            };
            if found.is_some() {
                break;
            }
        }
        let decided = authenticate(account.id, key.view, credential, found, key.surface, now);
        let value = decided.map_or_else(|failure| Standing::Bad(failure, now), |p| Standing::Good(known(p)));
        Ok(Loaded { value, slots: search.into_slots() })
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
