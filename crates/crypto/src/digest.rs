//! Digests of content: all that registries ask for in one pass, and vendors' declared checksums.

mod checksum;
mod resumable;
mod running;

use std::fmt;
use std::io;
use std::str::FromStr;

use aws_lc_rs::digest as provider;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Digest as _;

pub use checksum::{Algorithm, Checksum, Form, Verdict, interpret_checksum};
pub use resumable::{RunningDigest, StateError, content_digest};
pub use running::{RunningMd5, RunningSha256, md5};

/// A text that is not the hex form of a digest of the wanted length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest in hex")]
pub struct DigestError;

macro_rules! digests {
    ($($(#[$doc:meta])* $name:ident: $length:literal),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Wraps the bytes of a digest.
            pub const fn new(bytes: [u8; $length]) -> Self { Self(bytes) }
            /// The bytes of the digest.
            pub const fn as_bytes(&self) -> &[u8; $length] { &self.0 }
            /// Lower-case hex.
            pub fn hex(&self) -> String { self.to_string() }
            /// Standard, padded base64.
            pub fn base64(&self) -> String { STANDARD.encode(self.0) }
            fn from_provider(bytes: &[u8]) -> Self {
                Self(bytes.try_into().expect("an algorithm's output has its own length"))
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * $length];
                hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }
        impl FromStr for $name {
            type Err = DigestError;
            /// Reads hex in any case.
            fn from_str(text: &str) -> Result<Self, DigestError> {
                let mut bytes = [0; $length];
                hex::decode_to_slice(text, &mut bytes).map_err(|_| DigestError)?;
                Ok(Self(bytes))
            }
        }
    )+};
}

digests! {
    /// An MD5 digest: a checksum that old PyPI clients compare, never a proof of anything.
    Md5: 16,
    /// A SHA-1 digest: npm's `shasum`.
    Sha1: 20,
    /// A SHA-256 digest.
    Sha256: 32,
    /// A SHA-512 digest.
    Sha512: 64,
}

impl Sha256 {
    /// The value of a `Digest` header: `sha-256=<base64>` (RFC 3230).
    pub fn header_value(&self) -> String {
        format!("sha-256={}", self.base64())
    }
}

impl Sha512 {
    /// The subresource-integrity form that npm stores: `sha512-<base64>`.
    pub fn integrity(&self) -> String {
        format!("sha512-{}", self.base64())
    }
}

/// The SHA-256 of bytes that are at hand.
pub fn sha256(bytes: &[u8]) -> Sha256 {
    Sha256::from_provider(provider::digest(&provider::SHA256, bytes).as_ref())
}

/// The SHA-512 of bytes that are at hand.
pub fn sha512(bytes: &[u8]) -> Sha512 {
    Sha512::from_provider(provider::digest(&provider::SHA512, bytes).as_ref())
}

/// Every digest of one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digests {
    /// MD5.
    pub md5: Md5,
    /// SHA-1.
    pub sha1: Sha1,
    /// SHA-256.
    pub sha256: Sha256,
    /// SHA-512.
    pub sha512: Sha512,
}

impl Digests {
    /// The digests of bytes that are at hand.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(bytes);
        hasher.finish()
    }

    /// Compares a declared checksum with what was computed.
    pub fn matches(&self, checksum: &Checksum) -> Verdict {
        let computed: &[u8] = match checksum.algorithm {
            Algorithm::Md5 => self.md5.as_bytes(),
            Algorithm::Sha1 => self.sha1.as_bytes(),
            Algorithm::Sha256 => self.sha256.as_bytes(),
            Algorithm::Sha512 => self.sha512.as_bytes(),
            Algorithm::Sha224 | Algorithm::Sha384 => return Verdict::NotComputed,
        };
        if computed == checksum.bytes { Verdict::Matches } else { Verdict::Differs }
    }
}

/// Computes all [`Digests`] in one pass over a content.
#[derive(Clone)]
pub struct Hasher {
    md5: md5::Md5,
    sha1: provider::Context,
    sha256: provider::Context,
    sha512: provider::Context,
}

impl Hasher {
    /// A hasher that has seen nothing.
    pub fn new() -> Self {
        Self {
            md5: md5::Md5::new(),
            sha1: provider::Context::new(&provider::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: provider::Context::new(&provider::SHA256),
            sha512: provider::Context::new(&provider::SHA512),
        }
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sha1.update(bytes);
        self.sha256.update(bytes);
        self.sha512.update(bytes);
    }

    /// The digests of everything seen.
    pub fn finish(self) -> Digests {
        Digests {
            md5: Md5::from_provider(&self.md5.finalize()),
            sha1: Sha1::from_provider(self.sha1.finish().as_ref()),
            sha256: Sha256::from_provider(self.sha256.finish().as_ref()),
            sha512: Sha512::from_provider(self.sha512.finish().as_ref()),
        }
    }
}

impl Default for Hasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 1321 §A.5 and FIPS 180 example values.
    #[test]
    fn known_answers() {
        let abc = Digests::of(b"abc");
        assert_eq!(abc.md5.hex(), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(abc.sha1.hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(abc.sha256.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(
            abc.sha512.hex(),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        );
        let empty = Digests::of(b"");
        assert_eq!(empty.md5.hex(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(empty.sha256.hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    #[test]
    fn prints_the_forms_of_headers_and_lockfiles() {
        assert_eq!(sha256(b"").header_value(), "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(
            Digests::of(b"").sha512.integrity(),
            "sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg=="
        );
    }

    #[test]
    fn hex_reads_back_in_any_case() {
        let digest = sha256(b"abc");
        assert_eq!(digest.hex().to_uppercase().parse(), Ok(digest));
        for bad in ["", "ba78", &format!("{digest}00"), &digest.hex().replace('b', "g")] {
            assert_eq!(bad.parse::<Sha256>(), Err(DigestError), "{bad}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn chunks_do_not_matter(content in prop::collection::vec(any::<u8>(), 0..600), size in 1..200usize) {
            let mut hasher = Hasher::new();
            content.chunks(size).for_each(|chunk| hasher.update(chunk));
            prop_assert_eq!(hasher.finish(), Digests::of(&content));
        }

        #[test]
        fn a_declared_checksum_matches_its_own_content_only(
            content in prop::collection::vec(any::<u8>(), 0..64),
            other in prop::collection::vec(any::<u8>(), 0..64),
        ) {
            prop_assume!(content != other);
            let (ours, theirs) = (Digests::of(&content), Digests::of(&other));
            let declared = [
                ours.md5.hex(), ours.sha1.base64(), ours.sha256.hex().to_uppercase(), ours.sha256.base64(),
                ours.sha512.hex(), ours.sha512.base64(),
            ];
            for text in declared {
                let checksum = interpret_checksum(&text).expect("a digest of ours is a checksum");
                prop_assert_eq!(ours.matches(&checksum), Verdict::Matches);
                prop_assert_eq!(theirs.matches(&checksum), Verdict::Differs);
            }
        }
    }
}
