//! The key of a blob: the account it belongs to and the digest of its bytes, never a name from outside.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use keyway_base::AccountId;
use keyway_crypto::digest::Sha256;

/// Names one blob. Its text form, `<account>/<sha-256 in hex>`, is what the database and signed URLs hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BlobKey {
    account: AccountId,
    digest: Sha256,
}

/// A text that is not the key of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of a blob")]
pub struct BlobKeyError;

impl BlobKey {
    /// The key of these bytes in this account.
    pub const fn new(account: AccountId, digest: Sha256) -> Self {
        Self { account, digest }
    }
    /// The account whose blob it is.
    pub const fn account(&self) -> AccountId {
        self.account
    }
    /// The digest of the bytes.
    pub const fn digest(&self) -> Sha256 {
        self.digest
    }
    /// Where the blob lies below the store's root: one directory per account and first digest byte.
    pub(crate) fn path(&self) -> PathBuf {
        let hex = self.digest.hex();
        let fan: String = hex.chars().take(2).collect();
        PathBuf::from(self.account.to_string()).join(fan).join(hex)
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.digest)
    }
}

impl FromStr for BlobKey {
    type Err = BlobKeyError;

    fn from_str(text: &str) -> Result<Self, BlobKeyError> {
        let (account, digest) = text.split_once('/').ok_or(BlobKeyError)?;
        Ok(Self {
            account: account.parse().map_err(|_| BlobKeyError)?,
            digest: digest.parse().map_err(|_| BlobKeyError)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use keyway_crypto::digest::sha256;

    use super::*;

    #[test]
    fn reads_back_and_refuses_everything_else() {
        let account = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let key = BlobKey::new(account, sha256(b"abc"));
        assert_eq!(key.to_string().parse(), Ok(key));
        let hex = sha256(b"abc").hex();
        assert!(key.path().ends_with(format!("ba/{hex}")), "{}", key.path().display());
        for bad in
            ["", "/", &hex, &format!("{account}/"), &format!("../{hex}"), &format!("{account}/../{hex}")]
        {
            assert_eq!(bad.parse::<BlobKey>(), Err(BlobKeyError), "{bad}");
        }
    }
}
