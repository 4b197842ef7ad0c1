//! Signatures on responses (`licensing.md` §1.10): always on the JSON:API, on engine routes when asked for.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use http::header::{DATE, HeaderName, HeaderValue};
use http::{Method, Response};
use keyway_base::{AccountId, Timestamp};
use keyway_catalog::AccountFacts;
use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_crypto::digest::sha256;
use keyway_crypto::http_signature::{AcceptSignatureError, SignedParts, parse_accept_signature};
use keyway_jsonapi::ApiError;

use crate::body::Body;
use crate::exchange::Exchange;

/// The header that asks for a signature.
static ACCEPT_SIGNATURE: HeaderName = HeaderName::from_static("keygen-accept-signature");

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
        let Some(value) = exchange.headers().get(&ACCEPT_SIGNATURE) else { return Ok(None) };
        let text = value.to_str().map_err(|_| AcceptSignatureError::Malformed)?;
        parse_accept_signature(text, account).map(|algorithm| Some(Self(algorithm)))
    }

    /// Takes the right to sign this way, before anything is done for the request.
    ///
    /// # Errors
    /// 429 when RSA is asked for too often: one such signature costs as much as many requests.
    pub(crate) fn admit(self, cap: &RsaCap, now: Duration) -> Result<(), ApiError> {
        match self.0 {
            SignatureAlgorithm::Ed25519 | SignatureAlgorithm::EcdsaP256 => Ok(()),
            SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaSha256 if cap.take(now) => Ok(()),
            SignatureAlgorithm::RsaPssSha256 | SignatureAlgorithm::RsaSha256 => {
                Err(ApiError::too_many_requests(1))
            }
        }
    }
}

/// How many RSA signatures this node makes per second (DESIGN §13).
#[derive(Debug)]
pub(crate) struct RsaCap {
    per_second: NonZeroU32,
    second: Mutex<(u64, u32)>,
}

impl RsaCap {
    pub(crate) const fn new(per_second: NonZeroU32) -> Self {
        Self { per_second, second: Mutex::new((0, 0)) }
    }

    /// Counts one more, if the second has room for it.
    fn take(&self, now: Duration) -> bool {
        let mut second = self.second.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if second.0 != now.as_secs() {
            *second = (now.as_secs(), 0);
        }
        let has_room = second.1 < self.per_second.get();
        second.1 += u32::from(has_room);
        has_room
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsa_is_for_few_and_the_rest_for_all() {
        let cap = RsaCap::new(NonZeroU32::new(2).unwrap());
        let at = |seconds: u64, algorithm| Signing(algorithm).admit(&cap, Duration::from_secs(seconds));
        assert!(at(1, SignatureAlgorithm::RsaPssSha256).is_ok());
        assert!(at(1, SignatureAlgorithm::RsaSha256).is_ok());
        let error = at(1, SignatureAlgorithm::RsaSha256).unwrap_err();
        assert_eq!((error.code(), error.retry_after), (Some("TOO_MANY_REQUESTS"), Some(1)));
        assert!(at(1, SignatureAlgorithm::Ed25519).is_ok() && at(1, SignatureAlgorithm::EcdsaP256).is_ok());
        assert!(at(2, SignatureAlgorithm::RsaSha256).is_ok(), "the next second");
    }
}
