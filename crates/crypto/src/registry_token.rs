//! Tokens of container registries (`spec/oci.md` §2.1): what a client got for its credential, and sends in its place.
//!
//! A token is self-contained and sealed with the keys of signed URLs. It does not say what its bearer may see: it names
//! the credential that it was given for, and who uses it looks that up again. There is nothing in it by which a client
//! could choose a key or an algorithm.

mod payload;

use keyway_base::{AccountId, EnvironmentId, LicenseId, Secret, Timestamp};

use crate::seal::{seal, unseal};
use crate::signed_url::{GrantError, UrlKeys};
use crate::token::CredentialDigest;

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// To be sent with requests.
    Access,
    /// To be exchanged for tokens that are.
    Refresh,
}

/// The credential that a token stands for, by the digests that credentials are known by. A key or token that is
/// exchanged for another takes what was given for it along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IssuedFor {
    /// None.
    Anonymous,
    /// An API token.
    Token(CredentialDigest),
    /// A licence's key.
    Key(LicenseId, CredentialDigest),
}

/// What may be done in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The repository, without the account's segment.
    pub repository: String,
    /// Read.
    pub pull: bool,
    /// Add.
    pub push: bool,
    /// Take away.
    pub delete: bool,
}

/// A token of a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryToken {
    /// What it is for.
    pub kind: Kind,
    /// The account that it is good in.
    pub account: AccountId,
    /// The environment that it is good in.
    pub environment: Option<EnvironmentId>,
    /// Whose it is.
    pub bearer: IssuedFor,
    /// What it is good for.
    pub grants: Vec<Grant>,
    /// The first moment at which it no longer holds.
    pub expires: Timestamp,
}

impl Kind {
    /// What the text of a token begins with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "kwr_",
            Self::Refresh => "kwf_",
        }
    }
    /// The kind that a text has the beginning of, if it is that of a token at all.
    pub fn of_text(text: &str) -> Option<Self> {
        [Self::Access, Self::Refresh].into_iter().find(|kind| text.starts_with(kind.prefix()))
    }
}

/// Writes a token.
pub fn write(keys: &UrlKeys, token: &RegistryToken) -> Secret<String> {
    Secret::new(seal(keys, token.kind.prefix(), &payload::encode(token)))
}

/// Reads a token of a kind back at the moment `now`. Nothing of it is looked at before its seal.
///
/// # Errors
/// [`GrantError`]: malformed or of another kind, an unknown key, a seal that does not match, expired.
pub fn read(keys: &UrlKeys, kind: Kind, text: &str, now: Timestamp) -> Result<RegistryToken, GrantError> {
    let payload = unseal(keys, kind.prefix(), text)?;
    let token = payload::decode(&payload, kind).ok_or(GrantError::Malformed)?;
    if now >= token.expires { Err(GrantError::Expired) } else { Ok(token) }
}

/// Reads what is under the seal, for the fuzzer, which has none.
#[cfg(fuzzing)]
pub fn read_payload(bytes: &[u8], kind: Kind) -> Option<RegistryToken> {
    payload::decode(bytes, kind)
}

#[cfg(test)]
mod tests;
