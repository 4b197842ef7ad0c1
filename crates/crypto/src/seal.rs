//! Sealed payloads: `<prefix><key id>.<payload>.<mac>`, payload and MAC as base64url without padding. The prefix is
//! sealed with the rest, so that what was sealed for one purpose is nothing for another.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::signed_url::{GrantError, KeyId, UrlKeys};

/// Seals a payload with the key that signs.
pub(crate) fn seal(keys: &UrlKeys, prefix: &str, payload: &[u8]) -> String {
    let (KeyId(id), key) = &keys.signing;
    let signed = format!("{prefix}{id}.{}", URL_SAFE_NO_PAD.encode(payload));
    let mac = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
}

/// The payload of a text that was sealed with this prefix.
pub(crate) fn unseal(keys: &UrlKeys, prefix: &str, text: &str) -> Result<Vec<u8>, GrantError> {
    let (signed, mac) = text.rsplit_once('.').ok_or(GrantError::Malformed)?;
    let (id, payload) = signed.split_once('.').ok_or(GrantError::Malformed)?;
    let id = id.strip_prefix(prefix).ok_or(GrantError::Malformed)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| GrantError::Malformed)?;
    let key = keys.find(read_key_id(id)?).ok_or(GrantError::UnknownKey)?;
    hmac::verify(key, signed.as_bytes(), &mac).map_err(|_| GrantError::BadSignature)?;
    URL_SAFE_NO_PAD.decode(payload).map_err(|_| GrantError::Malformed)
}

fn read_key_id(text: &str) -> Result<KeyId, GrantError> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).map(KeyId).ok_or(GrantError::Malformed)
}
