//! Sessions of the portal (`licensing.md` §2): how its pages get one, what it opens, and when it ends. There is nothing
//! to store: a session says which token it stands for, and is looked up by that.

use std::time::Duration;

use http::HeaderMap;
use keyway_access::{
    AuthFailure, Credential, CredentialScheme, EnvironmentView, Origin, Presented, session, session_cookie,
};
use keyway_base::RecordId;
use keyway_catalog::AccountFacts;
use keyway_crypto::session::{Session, read, write};
use keyway_crypto::token::CredentialDigest;
use keyway_jsonapi::{ApiError, Record};

use crate::Api;
use crate::call::Call;
use crate::endpoint::{Endpoint, Verb};
use crate::gate;

impl Api {
    pub(crate) fn portal(&self) -> Option<&Origin> {
        self.parts().public.portal.as_ref()
    }

    /// The session that a page of the portal sends along.
    pub(crate) fn presented_session(&self, headers: &HeaderMap, view: EnvironmentView) -> Option<Credential> {
        session(headers, self.portal(), &session_cookie(view.current()))
    }

    /// The session that was presented, if that is what was, as it was sealed.
    pub(crate) fn opened(
        &self,
        account: &AccountFacts,
        view: EnvironmentView,
        presented: &Presented,
    ) -> Result<Option<Session>, ApiError> {
        let refused = |failure| gate::unauthenticated(&failure, presented.challenge());
        let Some(cookie) = presented.credential().filter(|it| it.scheme == CredentialScheme::Session) else {
            return Ok(None);
        };
        let session = read(&self.parts().urls.keys(), cookie.secret.expose()).ok();
        let is_here = |it: &Session| it.account == account.id && it.environment == view.current();
        let session = session.filter(is_here).ok_or_else(|| refused(AuthFailure::SESSION_INVALID))?;
        if session.has_ended(self.parts().clock.wall()) {
            return Err(refused(AuthFailure::SESSION_EXPIRED));
        }
        Ok(Some(session))
    }

    /// The cookie that takes a session away that is none any more, so that the page is nobody's again.
    pub(crate) fn end_of_session(&self, presented: &Presented, view: EnvironmentView) -> Option<String> {
        let portal = self.portal()?;
        let is_session =
            presented.credential().is_some_and(|credential| credential.scheme == CredentialScheme::Session);
        is_session.then(|| cookie(portal, view, "", Duration::ZERO))
    }
}

impl Call {
    /// The cookie of a session for a token that its bearer just made from a page of the portal.
    pub(crate) fn new_session(&self, token: &Record) -> Option<String> {
        self.api.portal()?.asks(&self.headers).then_some(())?;
        let digest = token.get("digest").as_bytes()?.try_into().ok().map(CredentialDigest::from_bytes)?;
        let end = token.get("expiry").as_time().or(self.session.map(|parent| parent.expires));
        let session = Session::begin(self.account.id, self.view.current(), digest, end, self.now);
        self.cookie_of(&session)
    }

    /// The cookie by which the session goes on, where using it prolongs it, or ends with its token.
    pub(crate) fn session_after(&self, endpoint: &Endpoint) -> Option<String> {
        let session = self.session?;
        if self.ends_own_token(endpoint) {
            return self.api.end_of_session(&self.presented, self.view);
        }
        let end = self.principal.token.as_ref().and_then(|token| token.expiry);
        self.cookie_of(&session.used(end, self.now)?)
    }

    /// Whether a request that was answered with success revoked or regenerated the token of its session.
    fn ends_own_token(&self, endpoint: &Endpoint) -> bool {
        let own = self.principal.token.as_ref().map(|token| RecordId::from(token.id));
        match (endpoint.verb, endpoint.path) {
            (Verb::Put, "/tokens") => true,
            (Verb::Delete | Verb::Put | Verb::Patch, "/tokens/{id}") => {
                self.param(0).parse::<RecordId>().ok() == own
            }
            _ => false,
        }
    }

    fn cookie_of(&self, session: &Session) -> Option<String> {
        let value = write(&self.api.parts().urls.keys(), session);
        Some(cookie(self.api.portal()?, self.view, value.expose(), session.expires.since(self.now)))
    }
}

/// The portal may be of another site than the API, whose cookies are only sent along encrypted.
fn cookie(portal: &Origin, view: EnvironmentView, value: &str, age: Duration) -> String {
    let (name, seconds) = (session_cookie(view.current()), age.as_secs());
    let limits = if portal.is_https() { "Secure; SameSite=None" } else { "SameSite=Lax" };
    format!("{name}={value}; Path=/v1; Max-Age={seconds}; HttpOnly; {limits}")
}
