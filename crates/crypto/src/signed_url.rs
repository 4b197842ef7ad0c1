//! Signed URLs of the embedded blob store (DESIGN §8): a token that grants one method on one blob until a
//! moment. The token fits a path segment or a query value as it is.

mod payload;

use aws_lc_rs::hmac;
use keyway_base::{AccountId, ArtifactId, Secret, Timestamp};

use crate::seal::{seal, unseal};

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
    pub(crate) signing: (KeyId, hmac::Key),
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

    pub(crate) fn find(&self, id: KeyId) -> Option<&hmac::Key> {
        let all = std::iter::once(&self.signing).chain(&self.older);
        all.into_iter().find(|(known, _)| *known == id).map(|(_, key)| key)
    }
}

fn hmac_key(key: &Secret<Vec<u8>>) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, key.expose())
}

/// Writes a grant as a token: `<key id>.<payload>.<mac>`, base64url without padding.
pub fn sign(keys: &UrlKeys, grant: &Grant) -> String {
    seal(keys, "", &payload::encode(grant))
}

/// Reads a token back at the moment `now`. Nothing of it is looked at before its signature, which is compared
/// in constant time.
///
/// # Errors
/// [`GrantError`]: malformed, an unknown key, a signature that does not match, expired.
pub fn verify(keys: &UrlKeys, token: &str, now: Timestamp) -> Result<Grant, GrantError> {
    let grant = payload::decode(&unseal(keys, "", token)?).ok_or(GrantError::Malformed)?;
    if now >= grant.expires { Err(GrantError::Expired) } else { Ok(grant) }
}

#[cfg(test)]
mod tests;
