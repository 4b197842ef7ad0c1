//! From the records behind a credential to a principal: order and codes of `licensing.md` §2 and
//! `distribution.md` §2.2.

use keyway_base::{AccountId, EnvironmentId, Timestamp};
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{AuthenticationStrategy, Token, User, UserRole};
use keyway_jsonapi::Role;

use crate::{
    AuthFailure, Bearer, Credential, EnvironmentView, LicenseGrant, PresentedAs, Principal, Speaker, Surface,
    TokenFacts, UserFacts, Who,
};

/// Decides on a credential. `found` is what its first known candidate led to, `None` when none is known.
///
/// # Errors
/// [`AuthFailure`]: not known here, of another account or environment, expired, banned, suspended, or not
/// allowed by the licence's policy; the first that holds.
pub fn authenticate(
    account: AccountId,
    view: EnvironmentView,
    credential: &Credential,
    found: Option<Bearer>,
    surface: Surface,
    now: Timestamp,
) -> Result<Principal, AuthFailure> {
    let bearer = found.ok_or_else(|| credential.unknown(surface))?;
    authenticate_bearer(account, view, bearer, surface, now)
}

/// Decides on the records behind a credential that was found, or that was known by its digest.
///
/// # Errors
/// As for [`authenticate`].
pub fn authenticate_bearer(
    account: AccountId,
    view: EnvironmentView,
    bearer: Bearer,
    surface: Surface,
    now: Timestamp,
) -> Result<Principal, AuthFailure> {
    let Bearer { by, speaker } = bearer;
    if speaker.account() != account || !admits(view, &by, &speaker) {
        return Err(by.unknown());
    }
    let token = by.token();
    if token.is_some_and(|token| token.account_id != account) {
        return Err(AuthFailure::TOKEN_INVALID);
    }
    if token.is_some_and(|token| token.expiry.is_some_and(|expiry| expiry < now)) {
        return Err(AuthFailure::TOKEN_EXPIRED);
    }
    refuse_banned(&by, &speaker)?;
    if let Speaker::License(records) = &speaker {
        use AuthenticationStrategy::{Mixed, Session, Token};
        match (&by, records.policy.authentication_strategy) {
            (PresentedAs::Token(_), Token | Mixed) | (PresentedAs::Session(_), Session | Mixed) => {}
            (PresentedAs::Token(_), _) => return Err(AuthFailure::TOKEN_NOT_ALLOWED),
            (PresentedAs::Session(_), _) => return Err(AuthFailure::SESSION_NOT_ALLOWED),
            _ => {}
        }
    }
    // What is stored of a hashed key is no key (`licensing.md` §8.3).
    if let (PresentedAs::LicenseKey, Speaker::License(records)) = (&by, &speaker)
        && records.policy.encrypted
    {
        return Err(by.unknown());
    }
    let facts = token.map(token_facts);
    let principal = speaker.into_principal(account, view, facts);
    principal.check(surface, now)?;
    Ok(principal)
}

/// Bans of a user, and of a licence's owner when a token is used; a licence's key has its own order.
fn refuse_banned(by: &PresentedAs, speaker: &Speaker) -> Result<(), AuthFailure> {
    let banned = match (by, speaker) {
        (_, Speaker::User(user, _)) => user.banned_at.is_some(),
        (PresentedAs::Token(_) | PresentedAs::Session(_), Speaker::License(records)) => {
            records.owner.as_ref().is_some_and(|owner| owner.banned_at.is_some())
        }
        _ => false,
    };
    if banned { Err(AuthFailure::USER_BANNED) } else { Ok(()) }
}

/// Whether token and bearer may be used in the current environment (`licensing.md` §5): those that can be read
/// there, and inside an isolated environment a global admin, by a token that was made in it or by the password
/// that makes one (§2).
fn admits(view: EnvironmentView, by: &PresentedAs, speaker: &Speaker) -> bool {
    if by.token().is_some_and(|token| !view.reads(token.environment_id)) {
        return false;
    }
    if view.reads(speaker.environment()) {
        return true;
    }
    let is_global_admin = matches!(speaker, Speaker::User(user, _)
        if user.role == UserRole::Admin && user.environment_id.is_none());
    !matches!(by, PresentedAs::LicenseKey) && is_global_admin
}

fn token_facts(token: &Token) -> TokenFacts {
    TokenFacts { id: token.id.into(), expiry: token.expiry, permissions: Granted::stored(&token.permissions) }
}

impl PresentedAs {
    const fn token(&self) -> Option<&Token> {
        if let Self::Token(token) | Self::Session(token) = self { Some(token) } else { None }
    }
    /// The refusal of a credential that is not of this account and environment.
    const fn unknown(&self) -> AuthFailure {
        match self {
            Self::LicenseKey => AuthFailure::LICENSE_INVALID,
            Self::Session(_) => AuthFailure::SESSION_INVALID,
            _ => AuthFailure::TOKEN_INVALID,
        }
    }
}

impl Speaker {
    const fn account(&self) -> AccountId {
        match self {
            Self::User(user, _) => user.account_id,
            Self::Product(product) => product.account_id,
            Self::Environment(environment) => environment.account_id,
            Self::License(records) => records.license.account_id,
        }
    }
    /// The environment of the bearer; an environment is its own.
    fn environment(&self) -> Option<EnvironmentId> {
        match self {
            Self::User(user, _) => user.environment_id,
            Self::Product(product) => product.environment_id,
            Self::Environment(environment) => Some(environment.id.into()),
            Self::License(records) => records.license.environment_id,
        }
    }
    fn role(&self) -> Role {
        match self {
            Self::User(user, _) => role_of(user),
            Self::Product(_) => Role::Product,
            Self::Environment(_) => Role::Environment,
            Self::License(_) => Role::License,
        }
    }
    /// What the bearer itself was given; a licence shares with its owner.
    fn granted(&self) -> Granted {
        match self {
            Self::User(user, _) => Granted::stored(&user.permissions),
            Self::Product(product) => Granted::stored(&product.permissions),
            Self::Environment(environment) => Granted::stored(&environment.permissions),
            Self::License(records) => {
                let own = Granted::stored(&records.license.permissions);
                records.owner.as_ref().map_or(own, |owner| own.and(Granted::stored(&owner.permissions)))
            }
        }
    }
    fn into_principal(
        self,
        account: AccountId,
        view: EnvironmentView,
        token: Option<TokenFacts>,
    ) -> Principal {
        let role = self.role();
        let bearer_permissions = self.granted().within(Permissions::allowed(role));
        let permissions =
            token.as_ref().map_or(bearer_permissions, |t| t.permissions.within(bearer_permissions));
        let (who, grants) = match self {
            Self::User(user, licenses) => {
                let environment = user.environment_id;
                let facts = UserFacts { id: user.id.into(), email: user.email, environment };
                let readable = licenses.into_iter().filter(|of| view.reads(of.license.environment_id));
                (Who::User(facts), readable.map(LicenseGrant::of).collect())
            }
            Self::Product(product) => (Who::Product(product.id.into()), Vec::new()),
            Self::Environment(environment) => (Who::Environment(environment.id.into()), Vec::new()),
            Self::License(records) => {
                (Who::License(records.license.id.into()), vec![LicenseGrant::of(*records)])
            }
        };
        Principal { account, view, role, who, token, bearer_permissions, permissions, grants }
    }
}

/// The kind of bearer that a user is.
pub(crate) fn role_of(user: &User) -> Role {
    Role::of_user(user.role.as_str()).unwrap_or(Role::User)
}
