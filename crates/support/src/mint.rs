//! `POST /v1/_test/mint`: secrets in the clear.

use std::time::Duration;

use keyway_access::session_cookie;
use keyway_base::{Clock as _, RecordId, Timestamp};
use keyway_crypto::session::{self, Session};
use keyway_crypto::token::{self, AccountSecret, CredentialDigest};
use keyway_crypto::totp::{Step, TotpSecret};
use keyway_domain::resources::{Account, SecondFactor, Token, User};
use keyway_jsonapi::{Declared as _, Value};
use keyway_store::Changes;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::notion::SESSIONS;
use crate::{Support, SupportError};

/// How old a token for a new password is that does not hold any more.
const EXPIRED: Duration = Duration::from_hours(25);

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Mint {
    kind: String,
    r#type: String,
    id: RecordIdText,
    /// Whether it is to be one that does not hold any more.
    #[serde(default)]
    expired: bool,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct RecordIdText(String);

impl Support {
    /// The secret of a record, or what its authenticator app shows now.
    pub(crate) async fn mint(&self, mint: &Mint) -> Result<Json, SupportError> {
        let Mint { kind, r#type, id, .. } = mint;
        let parsed = id.0.parse::<RecordId>();
        let parsed = parsed.map_err(|_| SupportError::Malformed(format!("{:?} is not a UUID", id.0)))?;
        let value = match kind.as_str() {
            "secret" => self.secrets().get(parsed),
            "one-time-password" => self.one_time_password(parsed).await?,
            "cookie" => self.cookie(parsed).await?,
            "password-reset-token" => self.password_reset(parsed, mint.expired).await?,
            _ => return Err(SupportError::Impossible(format!("this server mints no {kind} of {type}"))),
        };
        let unknown = || {
            SupportError::Impossible(format!("the {kind} of {} of {type} is not known in the clear", id.0))
        };
        Ok(json!({ "value": value.ok_or_else(unknown)? }))
    }

    async fn one_time_password(&self, id: RecordId) -> Result<Option<String>, SupportError> {
        let factors = self.stored(SecondFactor::RESOURCE, None).await?;
        let factor = factors.iter().find(|factor| factor.id() == id);
        let secret = factor.and_then(|factor| TotpSecret::parse(factor.get("secret").as_text()?).ok());
        Ok(secret.map(|secret| secret.code(Step::at(self.parts().clock.wall()))))
    }

    /// The cookie of a session, sealed as the server seals those that it hands out. It counts for the portal's pages
    /// alone, and for as long as the session's token does.
    async fn cookie(&self, id: RecordId) -> Result<Option<String>, SupportError> {
        let sessions = self.kept().of(SESSIONS, None);
        let Some(given) = sessions.into_iter().find(|session| session.id == id) else { return Ok(None) };
        let text = |name: &str| given.attributes.get(name).and_then(Json::as_str);
        let token = match text("token_id").map(str::parse::<RecordId>) {
            Some(Ok(token)) => token,
            _ => {
                return Err(SupportError::Impossible(
                    "a session of this server is that of a token".to_owned(),
                ));
            }
        };
        let tokens = self.stored(Token::RESOURCE, None).await?;
        let Some(token) = tokens.into_iter().find(|record| record.id() == token) else { return Ok(None) };
        let digest = token.get("digest").as_bytes().and_then(|bytes| bytes.try_into().ok());
        let Some(digest) = digest.map(CredentialDigest::from_bytes) else { return Ok(None) };
        let time = |name: &str| text(name).and_then(|text| text.parse::<Timestamp>().ok());
        let began = time("created_at").unwrap_or(self.parts().clock.wall());
        let environment = text("environment_id").and_then(|id| id.parse().ok()).or(token.environment());
        let session = Session::begin(token.account(), environment, digest, time("expiry"), began);
        let value = session::write(&self.parts().urls.keys(), &session);
        Ok(Some(format!("{}={}", session_cookie(environment), value.expose())))
    }

    /// A token by which a user can choose a new password, as if they had asked for one.
    async fn password_reset(&self, id: RecordId, expired: bool) -> Result<Option<String>, SupportError> {
        let users = self.stored(User::RESOURCE, None).await?;
        let Some(mut user) = users.into_iter().find(|user| user.id() == id) else { return Ok(None) };
        let account = self.stored(Account::RESOURCE, Some(user.account())).await?;
        let secret = account.first().and_then(|account| account.get("secret").as_text()).unwrap_or_default();
        let secret = AccountSecret::from_stored(secret.to_owned());
        let secret = secret.map_err(|error| SupportError::Impossible(error.to_string()))?;
        let raw = token::password_reset();
        let now = self.parts().clock.wall();
        let asked = if expired { now.minus(EXPIRED) } else { now };
        let digest = token::digest(&secret, raw.expose()).as_bytes().to_vec();
        user.set("password_reset_digest", Value::Bytes(digest));
        user.set("password_reset_at", Value::Time(asked));
        let mut write = self.parts().db.begin().await?;
        write.update(&user, &["password_reset_digest", "password_reset_at"]).await?;
        write.commit(Changes::none()).await?;
        Ok(Some(raw.into_inner()))
    }
}
