//! The digest by which content is addressed: `sha256:<hex>` or `sha512:<hex>`, in lower case
//! (OCI image specification, "Digests").

use std::fmt;
use std::str::FromStr;

/// The algorithms that content is addressed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentAlgorithm {
    /// SHA-256, which everybody uses.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The digest of some content.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ContentDigest {
    /// By SHA-256.
    Sha256([u8; 32]),
    /// By SHA-512.
    Sha512([u8; 64]),
}

/// A text that is not a digest, or one by an algorithm that is not known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentDigestError {
    /// The algorithm is neither `sha256` nor `sha512`.
    #[error("the algorithm of a digest is sha256 or sha512")]
    Algorithm,
    /// What follows the algorithm is not the hex of a digest.
    #[error("a digest is its algorithm, a colon and lower-case hex of its whole length")]
    Hex,
}

impl ContentAlgorithm {
    /// The name in front of the colon.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl FromStr for ContentAlgorithm {
    type Err = ContentDigestError;

    fn from_str(text: &str) -> Result<Self, ContentDigestError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(ContentDigestError::Algorithm),
        }
    }
}

impl ContentDigest {
    /// The algorithm.
    pub const fn algorithm(&self) -> ContentAlgorithm {
        match self {
            Self::Sha256(_) => ContentAlgorithm::Sha256,
            Self::Sha512(_) => ContentAlgorithm::Sha512,
        }
    }
    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha256(bytes) => bytes,
            Self::Sha512(bytes) => bytes,
        }
    }
    /// Lower-case hex, without the algorithm.
    pub fn hex(&self) -> String {
        hex::encode(self.as_bytes())
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm().as_str(), self.hex())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContentDigest {
    type Err = ContentDigestError;

    fn from_str(text: &str) -> Result<Self, ContentDigestError> {
        let (algorithm, hex) = text.split_once(':').ok_or(ContentDigestError::Hex)?;
        match algorithm.parse()? {
            ContentAlgorithm::Sha256 => read(hex).map(Self::Sha256),
            ContentAlgorithm::Sha512 => read(hex).map(Self::Sha512),
        }
    }
}

/// Lower-case hex of `N` bytes.
fn read<const N: usize>(text: &str) -> Result<[u8; N], ContentDigestError> {
    let mut bytes = [0; N];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(ContentDigestError::Hex);
    }
    hex::decode_to_slice(text, &mut bytes).map_err(|_| ContentDigestError::Hex)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_read_back() {
        let short = format!("sha256:{}", "0a".repeat(32));
        let long = format!("sha512:{}", "f0".repeat(64));
        for text in [short, long] {
            let digest: ContentDigest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            assert!(text.starts_with(digest.algorithm().as_str()));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let hex = "0a".repeat(32);
        for (text, error) in [
            (String::new(), ContentDigestError::Hex),
            (hex.clone(), ContentDigestError::Hex),
            (format!("md5:{hex}"), ContentDigestError::Algorithm),
            (format!("SHA256:{hex}"), ContentDigestError::Algorithm),
            (format!("sha256:{}", hex.to_uppercase()), ContentDigestError::Hex),
            (format!("sha256:{hex}00"), ContentDigestError::Hex),
            (format!("sha512:{hex}"), ContentDigestError::Hex),
            ("sha256:baddigeststring".to_owned(), ContentDigestError::Hex),
        ] {
            assert_eq!(text.parse::<ContentDigest>(), Err(error), "{text}");
        }
    }
}
