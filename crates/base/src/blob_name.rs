//! The name of a stored blob inside its account: a digest or a random number, never a text from outside.

use std::fmt;
use std::str::FromStr;

/// Names the bytes of one artifact inside an account. Texts are lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlobName {
    /// The SHA-256 of the bytes, where they were known before they were put in place.
    Digest([u8; 32]),
    /// A random number, where the place had to be chosen before the bytes were known.
    Random([u8; 16]),
}

/// A text that is not the name of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of a blob")]
pub struct BlobNameError;

impl fmt::Display for BlobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = match self {
            Self::Digest(bytes) => bytes,
            Self::Random(bytes) => bytes,
        };
        bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for BlobName {
    type Err = BlobNameError;

    fn from_str(text: &str) -> Result<Self, BlobNameError> {
        match text.len() {
            64 => read(text).map(Self::Digest),
            32 => read(text).map(Self::Random),
            _ => Err(BlobNameError),
        }
    }
}

/// Two lower-case hex digits per byte.
fn read<const N: usize>(text: &str) -> Result<[u8; N], BlobNameError> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    let (pairs, _) = text.as_bytes().as_chunks::<2>();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = digit(*high).zip(digit(*low)).ok_or(BlobNameError)?;
        *byte = (high << 4) | low;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_and_nothing_else_is_one() {
        for name in [BlobName::Digest([0xa7; 32]), BlobName::Random([0x0f; 16])] {
            assert_eq!(name.to_string().parse(), Ok(name));
        }
        assert_eq!(BlobName::Random([0x0f; 16]).to_string(), "0f".repeat(16));
        for bad in ["", "0f", &"0F".repeat(16), &"zz".repeat(16), &"0f".repeat(17), &"é".repeat(16)] {
            assert_eq!(bad.parse::<BlobName>(), Err(BlobNameError), "{bad}");
        }
    }
}
