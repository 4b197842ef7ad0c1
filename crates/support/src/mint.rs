//! `POST /v1/_test/mint`: secrets in the clear.

use keyway_base::RecordId;
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
    /// The secret of a record.
    pub(crate) fn mint(&self, mint: &Mint) -> Result<Json, SupportError> {
        let Mint { kind, r#type, id } = mint;
        if kind != "secret" {
            return Err(SupportError::Impossible(format!("this server mints no {kind} of {type}")));
        }
        let parsed = id.0.parse::<RecordId>();
        let parsed = parsed.map_err(|_| SupportError::Malformed(format!("{:?} is not a UUID", id.0)))?;
        let unknown = || {
            SupportError::Impossible(format!("the secret of {} of {type} is not known in the clear", id.0))
        };
        Ok(json!({ "value": self.secrets().get(parsed).ok_or_else(unknown)? }))
    }
}
