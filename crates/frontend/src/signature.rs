//! Signatures on responses (`licensing.md` §1.10): always on the JSON:API, on engine routes when asked for.

use http::header::{DATE, HeaderName, HeaderValue};
use http::{Method, Response};
use keyway_base::{AccountId, Timestamp};
use keyway_catalog::AccountFacts;
use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_crypto::digest::sha256;
use keyway_crypto::http_signature::{AcceptSignatureError, SignedParts, parse_accept_signature};

use crate::body::Body;
use crate::exchange::Exchange;

/// How a response is to be signed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Signing(SignatureAlgorithm);

impl Signing {
    /// What the request asks for; `None` when it asks for nothing.
    ///
    /// # Errors
    /// [`AcceptSignatureError`] for a header that cannot be honoured.
    pub(crate) fn asked_for(
        exchange: &Exchange,
        account: AccountId,
    ) -> Result<Option<Self>, AcceptSignatureError> {
        let Some(value) = exchange.headers().get("keygen-accept-signature") else { return Ok(None) };
        let text = value.to_str().map_err(|_| AcceptSignatureError::Malformed)?;
        parse_accept_signature(text, account).map(|algorithm| Some(Self(algorithm)))
    }
}

/// Signs a response whose bytes are at hand; streams are left unsigned.
pub(crate) fn sign(
    signing: &Signing,
    exchange: &Exchange,
    account: &AccountFacts,
    now: Timestamp,
    response: &mut Response<Body>,
) {
    let Some(bytes) = response.body().bytes() else { return };
    let is_head = exchange.method() == Method::HEAD;
    let digest = sha256(if is_head { &[] } else { bytes });
    let date = now.http_date();
    let parts = SignedParts {
        method: exchange.method().as_str(),
        target: exchange.target(),
        host: exchange.authority(),
        date: &date,
        body: digest,
    };
    let signature = match parts.sign(&account.keys, account.id, signing.0) {
        Ok(signature) => signature,
        Err(error) => {
            tracing::error!(request = %exchange.id, %error, "a response could not be signed");
            return;
        }
    };
    let digest = digest.header_value();
    for (name, text) in [
        (DATE, &date),
        (HeaderName::from_static("digest"), &digest),
        (HeaderName::from_static("keygen-date"), &date),
        (HeaderName::from_static("keygen-digest"), &digest),
        (HeaderName::from_static("keygen-signature"), &signature),
    ] {
        if let Ok(value) = HeaderValue::from_str(text) {
            response.headers_mut().insert(name, value);
        }
    }
}
