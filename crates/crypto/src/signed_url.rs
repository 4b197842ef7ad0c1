//! Signed URLs of the embedded blob store (DESIGN §8): a token that grants one method on one blob until a
//! moment. The token fits a path segment or a query value as it is.

mod payload;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyway_base::{AccountId, ArtifactId, Secret, Timestamp};

/// What may be done with the blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// Read it.
    Get,
    /// Write it.
    Put,
}

/// What a signed URL allows, and to whom it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The one method it is good for.
    pub method: Method,
    /// The account that it was made for.
    pub account: AccountId,
    /// The blob's key in the store.
    pub blob: String,
    /// The artifact that the blob belongs to, if any.
    pub artifact: Option<ArtifactId>,
    /// The number of the part of an upload in parts that the URL is for.
    pub part: Option<u32>,
    /// Who was given the URL, in the front end's notation; resolved again on use.
    pub principal: String,
    /// The most bytes that a `PUT` may carry.
    pub length_cap: Option<u64>,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
    /// The file name for `Content-Disposition`.
    pub filename: Option<String>,
    /// The media type to answer with.
    pub content_type: Option<String>,
}

/// Names one of the rotating keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(pub u32);

/// The keys that URLs are signed with: the one with the highest id signs, all verify.
#[derive(Clone)]
pub struct UrlKeys {
    signing: (KeyId, hmac::Key),
    older: Vec<(KeyId, hmac::Key)>,
}

/// Why a token is not honoured. [`verify`] tells the cases apart for logs and tests; a client should hear no
/// more than "expired" or "not valid".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not the form of a token.
    #[error("the URL's token is malformed")]
    Malformed,
    /// Signed with a key that is not (or no longer) known.
    #[error("the URL was signed with an unknown key")]
    UnknownKey,
    /// The signature does not fit the content.
    #[error("the URL's signature does not match")]
    BadSignature,
    /// It was good once.
    #[error("the URL has expired")]
    Expired,
}

impl std::fmt::Debug for UrlKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UrlKeys({:?})", self.signing.0)
    }
}

impl UrlKeys {
    /// How many bytes a key should have.
    pub const KEY_LENGTH: usize = 32;

    /// Starts with one key.
    pub fn new(id: KeyId, key: &Secret<Vec<u8>>) -> Self {
        Self { signing: (id, hmac_key(key)), older: Vec::new() }
    }

    /// Adds another key, which signs from now on if its id is higher, and replaces one of the same id.
    #[must_use]
    pub fn with(mut self, id: KeyId, key: &Secret<Vec<u8>>) -> Self {
        let added = (id, hmac_key(key));
        self.older.retain(|(older, _)| *older != id);
        if id > self.signing.0 {
            self.older.push(std::mem::replace(&mut self.signing, added));
        } else if id == self.signing.0 {
            self.signing = added;
        } else {
            self.older.push(added);
        }
        self
    }

    /// The key that signs.
    pub const fn signing_id(&self) -> KeyId {
        self.signing.0
    }

    fn find(&self, id: KeyId) -> Option<&hmac::Key> {
        let all = std::iter::once(&self.signing).chain(&self.older);
        all.into_iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

fn hmac_key(key: &Secret<Vec<u8>>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

/// Writes a grant as a token: `<key id>.<payload>.<mac>`, base64url without padding.
pub fn sign(keys: &UrlKeys, grant: &Grant) -> String {
    let (KeyId(id), key) = &keys.signing;
    let signed = format!("{id}.{}", URL_SAFE_NO_PAD.encode(payload::encode(grant)));
    let mac = hmac::sign(key, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.as_ref()))
}

/// Reads a token back at the moment `now`. Nothing of it is looked at before its signature, which is compared
/// in constant time.
///
/// # Errors
/// [`GrantError`]: malformed, an unknown key, a signature that does not match, expired.
pub fn verify(keys: &UrlKeys, token: &str, now: Timestamp) -> Result<Grant, GrantError> {
    let (signed, mac) = token.rsplit_once('.').ok_or(GrantError::Malformed)?;
    let (id, payload) = signed.split_once('.').ok_or(GrantError::Malformed)?;
    let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| GrantError::Malformed)?;
    let key = keys.find(read_key_id(id)?).ok_or(GrantError::UnknownKey)?;
    hmac::verify(key, signed.as_bytes(), &mac).map_err(|_| GrantError::BadSignature)?;
    let payload = URL_SAFE_NO_PAD.decode(payload).map_err(|_| GrantError::Malformed)?;
    let grant = payload::decode(&payload).ok_or(GrantError::Malformed)?;
    if now >= grant.expires { Err(GrantError::Expired) } else { Ok(grant) }
}

fn read_key_id(text: &str) -> Result<KeyId, GrantError> {
    let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| is_number).map(KeyId).ok_or(GrantError::Malformed)
}

#[cfg(test)]
mod tests;
