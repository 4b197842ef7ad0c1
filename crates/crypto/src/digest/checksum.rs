//! What a vendor's free-text `checksum` means (`distribution.md` §5.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A digest algorithm, told by the length of its output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// 16 bytes.
    Md5,
    /// 20 bytes.
    Sha1,
    /// 28 bytes.
    Sha224,
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl Algorithm {
    /// `md5`, `sha1`, `sha224`, `sha256`, `sha384` or `sha512`, as URL fragments and integrity strings write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    const fn of_length(bytes: usize) -> Option<Self> {
        match bytes {
            16 => Some(Self::Md5),
            20 => Some(Self::Sha1),
            28 => Some(Self::Sha224),
            32 => Some(Self::Sha256),
            48 => Some(Self::Sha384),
            64 => Some(Self::Sha512),
            _ => None,
        }
    }
}

/// How a checksum was written; engines show some forms and leave others out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Hex digits, with or without `0x`.
    Hex,
    /// Standard base64 with padding.
    Base64,
}

/// A checksum that could be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm, by length.
    pub algorithm: Algorithm,
    /// How it was written.
    pub form: Form,
    /// The digest it stands for.
    pub bytes: Vec<u8>,
}

/// Whether a content has a declared checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The content is the declared one.
    Matches,
    /// It is another.
    Differs,
    /// The checksum's algorithm (SHA-224, SHA-384) is not among those we compute.
    NotComputed,
}

/// Reads a declared checksum: hex if it is all hex digits (`0x` may precede them), else standard padded
/// base64; the algorithm by decoded length. `None` for anything else, which is stored but never checked.
pub fn interpret_checksum(text: &str) -> Option<Checksum> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
    let (form, bytes) = match is_hex {
        true => (Form::Hex, hex::decode(digits).ok()?),
        false => (Form::Base64, STANDARD.decode(text).ok()?),
    };
    Some(Checksum { algorithm: Algorithm::of_length(bytes.len())?, form, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_algorithms_by_length_and_form() {
        for (length, algorithm) in [
            (16, Algorithm::Md5),
            (20, Algorithm::Sha1),
            (28, Algorithm::Sha224),
            (32, Algorithm::Sha256),
            (48, Algorithm::Sha384),
            (64, Algorithm::Sha512),
        ] {
            let bytes = vec![0xfb; length];
            for (text, form) in [
                (hex::encode(&bytes), Form::Hex),
                (hex::encode_upper(&bytes), Form::Hex),
                (format!("0x{}", hex::encode(&bytes)), Form::Hex),
                (STANDARD.encode(&bytes), Form::Base64),
            ] {
                let expected = Checksum { algorithm, form, bytes: bytes.clone() };
                assert_eq!(interpret_checksum(&text), Some(expected), "{text}");
            }
        }
    }

    #[test]
    fn what_could_be_both_is_hex() {
        let sha1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert!(STANDARD.decode(sha1).is_ok(), "the trap is real");
        let read = interpret_checksum(sha1).unwrap();
        assert_eq!((read.algorithm, read.form), (Algorithm::Sha1, Form::Hex));
    }

    #[test]
    fn leaves_the_rest_alone() {
        let sha256 = [0xfb; 32];
        let unpadded = STANDARD.encode(sha256).trim_end_matches('=').to_owned();
        let url_safe = STANDARD.encode(sha256).replace('+', "-").replace('/', "_");
        for text in ["", "0x", "abc", "abcd", "sha256:beef", &unpadded, &url_safe, "crc32=00000000"] {
            assert_eq!(interpret_checksum(text), None, "{text}");
        }
    }
}
