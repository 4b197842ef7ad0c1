//! `POST /v1/_test/mint`: secrets in the clear.

use keyway_base::{Clock as _, RecordId};
use keyway_crypto::totp::{Step, TotpSecret};
use keyway_domain::resources::SecondFactor;
use keyway_jsonapi::Declared as _;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::{Support, SupportError};

/// The body.
#[derive(Debug, Deserialize)]
pub(crate) struct Mint {
    kind: String,
    r#type: String,
    id: RecordIdText,
}

#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct RecordIdText(String);

impl Support {
    /// The secret of a record, or what its authenticator app shows now.
    pub(crate) async fn mint(&self, mint: &Mint) -> Result<Json, SupportError> {
        let Mint { kind, r#type, id } = mint;
        let parsed = id.0.parse::<RecordId>();
        let parsed = parsed.map_err(|_| SupportError::Malformed(format!("{:?} is not a UUID", id.0)))?;
        let value = match kind.as_str() {
            "secret" => self.secrets().get(parsed),
            "one-time-password" => self.one_time_password(parsed).await?,
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
}
