//! Requests that bear a token of the registry: what the token says, and whether it is good for what is asked for.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use keyway_access::{Credential, Presented, Principal};
use keyway_catalog::{AccountError, AccountFacts, EnvironmentFacts, Known};
use keyway_crypto::registry_token::{self, Kind, RegistryToken};
use keyway_crypto::signed_url::GrantError;
use keyway_engine::{Actions, AnyEngine, Call, Denial, Reason, Scope};

use super::{EnginePlace, Request, Trouble, unavailable};
use crate::exchange::Exchange;
use crate::front::Front;

/// What is said where nothing tells which account is meant.
const WHOSE: &str =
    "log in with the publisher's account as the user name: names of repositories here begin with it";

/// What is said where the account that is named is none.
const NOBODY: &str = "there is no publisher of this name: names of repositories here begin with the publisher's \
    account, which is the user name to log in with";

/// The token that a request bears, if it bears one and the engine has such tokens.
pub(super) fn borne(
    front: &Front,
    exchange: &Exchange,
    engine: &dyn AnyEngine,
) -> Result<Option<Box<RegistryToken>>, Denial> {
    if !engine.descriptor().registry {
        return Ok(None);
    }
    let header = exchange.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let bearer = header.and_then(|header| header.split_once(' '));
    let Some((_, text)) = bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Bearer")) else {
        return Ok(None);
    };
    match Kind::of_text(text.trim()) {
        Some(Kind::Access) => read(front, Kind::Access, text.trim()).map(Box::new).map(Some),
        Some(Kind::Refresh) => {
            Err(invalid("this token is for getting others with: send it to the token service"))
        }
        None => Ok(None),
    }
}

/// A token of a kind.
pub(super) fn read(front: &Front, kind: Kind, text: &str) -> Result<RegistryToken, Denial> {
    let token = registry_token::read(&front.urls.keys(), kind, text, front.clock.wall());
    token.map_err(|error| match error {
        GrantError::Expired => missing("the token has expired: log in again"),
        _ => invalid("the token is none of this registry: log in again"),
    })
}

pub(super) fn invalid(message: &str) -> Denial {
    Denial { reason: Reason::CredentialInvalid, message: message.to_owned() }
}

/// A refusal that asks for another token: clients answer it by getting one.
fn missing(message: &str) -> Denial {
    Denial { reason: Reason::CredentialMissing, message: message.to_owned() }
}

/// The refusal of a token that is not good for what is asked for in a repository.
pub(super) fn beyond_scope(repository: &str) -> Denial {
    missing(&format!(
        "the token is not good for this in {repository}: get one with the scope that is asked for"
    ))
}

/// The account of a request whose path names none although it should: the one that its token is good in, else the one
/// that its user name is.
pub(super) async fn account_of(
    front: &Front,
    exchange: &Exchange,
    token: Option<&RegistryToken>,
) -> Result<Arc<AccountFacts>, Trouble> {
    if let Some(token) = token {
        return resolved(exchange, front.catalog.resolve(Some(token.account), None).await);
    }
    let user = exchange.presented().ok().and_then(Presented::credential).and_then(user_of);
    named_by(front, exchange, user.as_deref()).await
}

/// The account that a name is, which may be none.
pub(super) async fn named_by(
    front: &Front,
    exchange: &Exchange,
    name: Option<&str>,
) -> Result<Arc<AccountFacts>, Trouble> {
    resolved(exchange, front.catalog.resolve(None, name).await)
}

/// The user name of a credential.
pub(super) fn user_of(credential: &Credential) -> Option<String> {
    credential.user.as_ref().map(|user| user.expose().clone())
}

/// What the clients of a registry are told when there is no such account.
pub(super) fn resolved(
    exchange: &Exchange,
    account: Result<Arc<AccountFacts>, AccountError>,
) -> Result<Arc<AccountFacts>, Trouble> {
    account.map_err(|error| match error {
        AccountError::Unavailable(error) => unavailable(exchange, &error).into(),
        AccountError::Required => missing(WHOSE).into(),
        // not by its name, which may be a key in the place of one
        AccountError::Unknown(_) | AccountError::Other(_) => invalid(NOBODY).into(),
    })
}

impl Request<'_> {
    /// Who is asking: behind the token, where the request bears one, else behind its credential.
    pub(super) async fn caller(&self) -> Result<Arc<Known<Principal>>, Trouble> {
        match self.token {
            Some(token) => self.behind_token(token).await,
            None => self.principal(self.presented()?).await,
        }
    }

    /// Who stands behind a token now.
    pub(super) async fn behind_token(&self, token: &RegistryToken) -> Result<Arc<Known<Principal>>, Trouble> {
        let Self { front, account, environment, .. } = self;
        if token.account != account.id {
            return Err(invalid("the token is good with another publisher: log in again").into());
        }
        if token.environment != EnvironmentFacts::view(*environment).current() {
            return Err(invalid("the token is good in another environment: log in again").into());
        }
        let principal = front.catalog.principal_of(account, *environment, token.bearer).await;
        principal.map_err(|error| self.no_principal(error))
    }

    /// Whether the token, if there is one, is good for what is asked for.
    pub(super) fn in_scope(&self, call: &dyn Call) -> Result<(), Denial> {
        match self.token.and_then(|_| call.scope()) {
            Some(scope) => self.covers(&scope),
            None => Ok(()),
        }
    }

    fn covers(&self, scope: &Scope) -> Result<(), Denial> {
        let may = self.may(&scope.repository, scope.actions);
        if may { Ok(()) } else { Err(beyond_scope(&scope.repository)) }
    }

    /// Whether the token, if there is one, is good for actions in a repository.
    pub(super) fn may(&self, repository: &str, needed: Actions) -> bool {
        let Some(token) = self.token else { return true };
        let grants = token.grants.iter().filter(|grant| grant.repository == repository);
        let actions =
            grants.map(|grant| Actions { pull: grant.pull, push: grant.push, delete: grant.delete });
        actions.fold(Actions::default(), Actions::or).cover(needed)
    }
}

impl EnginePlace<'_> {
    /// Whether it is where registries make their tokens.
    pub(super) fn is_token_service(&self) -> bool {
        matches!(self.root.kind, crate::RootKind::Registry { .. }) && self.rest == "/token"
    }
}
