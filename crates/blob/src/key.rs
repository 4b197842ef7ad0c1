//! The key of a blob: the account it belongs to and a name that this crate made, never one from outside.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use keyway_base::{AccountId, BlobName};
use keyway_crypto::digest::Sha256;
use keyway_crypto::random_bytes;

/// Names one blob. Its text form, `<account>/<name in hex>`, is what the database and signed URLs hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey {
    account: AccountId,
    name: BlobName,
}

/// Keys that belong together: those of an upload that grows, and of all that comes of it. What nobody else may
/// have written to gets a key of its own, and a sweep that knows one key leaves the family alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Family(AccountId, [u8; FAMILY]);

/// How many bytes of a random name say whose family it is.
const FAMILY: usize = 8;

/// A text that is not the key of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a blob")]
pub struct BlobKeyError;

impl BlobKey {
    /// The key of a blob of this name.
    pub const fn new(account: AccountId, name: BlobName) -> Self {
        Self { account, name }
    }
    /// The key of bytes whose digest is known, where blobs are kept by content.
    pub const fn of_content(account: AccountId, digest: Sha256) -> Self {
        Self::new(account, BlobName::Digest(*digest.as_bytes()))
    }
    /// A key that nothing has yet.
    pub fn random(account: AccountId) -> Self {
        Self::new(account, BlobName::Random(random_bytes()))
    }
    /// A key that nothing has yet, of the same family.
    pub(crate) fn kin(&self) -> Self {
        let mut name: [u8; 16] = random_bytes();
        if let Some(Family(_, family)) = self.family() {
            name.iter_mut().zip(family).for_each(|(byte, ours)| *byte = ours);
        }
        Self::new(self.account, BlobName::Random(name))
    }
    /// The family; what is named by its content has none.
    pub(crate) fn family(&self) -> Option<Family> {
        match &self.name {
            BlobName::Random(name) => Some(Family(self.account, *name.first_chunk()?)),
            BlobName::Digest(_) => None,
        }
    }
    /// The account whose blob it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }
    /// The name inside the account.
    pub const fn name(&self) -> BlobName {
        self.name
    }
    /// Where the blob lies below the store's root: one directory per account and first byte.
    pub(crate) fn path(&self) -> PathBuf {
        let hex = self.name.to_string();
        let fan: String = hex.chars().take(2).collect();
        PathBuf::from(self.account.to_string()).join(fan).join(hex)
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.name)
    }
}

impl FromStr for BlobKey {
    type Err = BlobKeyError;

    fn from_str(text: &str) -> Result<Self, BlobKeyError> {
        let (account, name) = text.split_once('/').ok_or(BlobKeyError)?;
        Ok(Self {
            account: account.parse().map_err(|_| BlobKeyError)?,
            name: name.parse().map_err(|_| BlobKeyError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use keyway_crypto::digest::sha256;

    use super::*;

    #[test]
    fn kin_are_of_a_family_and_nobody_else_is() {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let key = BlobKey::random(account);
        let kin = key.kin();
        assert_ne!(key, kin);
        assert_eq!(key.family(), kin.family());
        assert_ne!(key.family(), BlobKey::random(account).family());
        let theirs = BlobKey::new("0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap(), key.name());
        assert_ne!(key.family(), theirs.family());
        assert_eq!(BlobKey::of_content(account, sha256(b"abc")).family(), None);
    }

    #[test]
    fn reads_back_and_refuses_everything_else() {
        let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let hex = sha256(b"abc").hex();
        let content = BlobKey::of_content(account, sha256(b"abc"));
        for key in [content, BlobKey::new(account, BlobName::Random([7; 16]))] {
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert_eq!(content.to_string(), format!("{account}/{hex}"));
        assert!(content.path().ends_with(format!("ba/{hex}")), "{}", content.path().display());
        for bad in
            ["", "/", &hex, &format!("{account}/"), &format!("../{hex}"), &format!("{account}/../{hex}")]
        {
            assert_eq!(bad.parse::<BlobKey>(), Err(BlobKeyError), "{bad}");
        }
    }
}
