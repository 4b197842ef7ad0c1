//! Certificates: what a licence file and a machine file hold (`licensing.md` §13). A payload, encoded or encrypted,
//! signed with one of the account's keys, and wrapped in PEM-like lines.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::account_keys::{AccountKeys, SignatureAlgorithm};
use crate::digest::sha256;
use crate::random::random_bytes;
use crate::{CryptoError, pem};

/// Characters of base64 per line.
const LINE: usize = 60;

/// Whom a certificate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A licence.
    License,
    /// A machine.
    Machine,
}

impl Subject {
    /// What the signed text begins with, so that a certificate of one kind is none of the other.
    const fn prefix(self) -> &'static str {
        match self {
            Self::License => "license",
            Self::Machine => "machine",
        }
    }
    const fn label(self) -> &'static str {
        match self {
            Self::License => "LICENSE FILE",
            Self::Machine => "MACHINE FILE",
        }
    }
}

/// How the payload is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// For everybody to read.
    Base64,
    /// For those who know the secret.
    Aes256Gcm,
}

impl Encoding {
    const ALL: [Self; 2] = [Self::Base64, Self::Aes256Gcm];

    /// `base64` or `aes-256-gcm`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Base64 => "base64",
            Self::Aes256Gcm => "aes-256-gcm",
        }
    }
}

/// An encoding and a signature: `aes-256-gcm+ed25519`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CertificateAlgorithm {
    /// How the payload is written.
    pub encoding: Encoding,
    /// How that is signed.
    pub signature: SignatureAlgorithm,
}

/// Which half of an algorithm's name means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnknownAlgorithm {
    /// What stands before the plus sign.
    #[error("invalid encoding algorithm")]
    Encoding,
    /// What stands behind it.
    #[error("invalid signing algorithm")]
    Signature,
}

impl CertificateAlgorithm {
    /// Reads `<encoding>+<signature>`.
    ///
    /// # Errors
    /// [`UnknownAlgorithm`] names the first half that is unknown or missing.
    pub fn parse(text: &str) -> Result<Self, UnknownAlgorithm> {
        let (encoding, signature) = text.split_once('+').unwrap_or((text, ""));
        let encoding = Encoding::ALL.into_iter().find(|known| known.as_str() == encoding);
        let signature = SignatureAlgorithm::ALL.into_iter().find(|known| known.as_str() == signature);
        Ok(Self {
            encoding: encoding.ok_or(UnknownAlgorithm::Encoding)?,
            signature: signature.ok_or(UnknownAlgorithm::Signature)?,
        })
    }
}

impl fmt::Display for CertificateAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.encoding.as_str(), self.signature)
    }
}

/// Writes a certificate. The secret is what the payload is encrypted with, where it is encrypted. RSA signatures cost
/// half a millisecond or more: call it where blocking is allowed.
///
/// # Errors
/// [`CryptoError::Encrypt`] and [`CryptoError::Sign`] when the provider fails.
pub fn write(
    keys: &AccountKeys,
    subject: Subject,
    algorithm: CertificateAlgorithm,
    secret: &str,
    payload: &[u8],
) -> Result<String, CryptoError> {
    let enc = match algorithm.encoding {
        Encoding::Base64 => STANDARD.encode(payload),
        Encoding::Aes256Gcm => encrypt(secret, payload)?,
    };
    let signed = format!("{}/{enc}", subject.prefix());
    let sig = STANDARD.encode(keys.sign(algorithm.signature, signed.as_bytes())?);
    // Base64, dots and names: nothing that JSON would escape.
    let body = format!(r#"{{"enc":"{enc}","sig":"{sig}","alg":"{algorithm}"}}"#);
    Ok(pem::wrap(subject.label(), body.as_bytes(), LINE))
}

/// `<ciphertext>.<nonce>.<tag>`, each in base64; the key is the SHA-256 of the secret.
fn encrypt(secret: &str, payload: &[u8]) -> Result<String, CryptoError> {
    let failed = |_| CryptoError::Encrypt;
    let key = UnboundKey::new(&AES_256_GCM, sha256(secret.as_bytes()).as_bytes()).map_err(failed)?;
    let nonce = random_bytes::<NONCE_LEN>();
    let mut text = payload.to_vec();
    let tag = LessSafeKey::new(key)
        .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut text)
        .map_err(failed)?;
    let parts = [text.as_slice(), &nonce, tag.as_ref()].map(|part| STANDARD.encode(part));
    Ok(parts.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{keys, verifies};

    const PAYLOAD: &[u8] = "{\"data\":{\"type\":\"licenses\",\"name\":\"Zoë\"}}".as_bytes();

    /// The members of the JSON inside a certificate, after its lines have been checked.
    fn members(certificate: &str, label: &str) -> [String; 3] {
        let mut lines: Vec<&str> = certificate.split('\n').collect();
        assert_eq!(lines.pop(), Some(""), "the last line ends too");
        assert_eq!(lines.first(), Some(&format!("-----BEGIN {label}-----").as_str()));
        assert_eq!(lines.last(), Some(&format!("-----END {label}-----").as_str()));
        let inner = lines.get(1..lines.len() - 1).unwrap();
        let (last, full) = inner.split_last().unwrap();
        assert!(full.iter().all(|line| line.len() == 60) && (1..=60).contains(&last.len()), "{certificate}");
        let json = String::from_utf8(STANDARD.decode(inner.concat()).unwrap()).unwrap();
        let members: Vec<&str> = json.split('"').collect();
        assert_eq!([members[1], members[5], members[9]], ["enc", "sig", "alg"], "{json}");
        [members[3], members[7], members[11]].map(str::to_owned)
    }

    fn decrypt(secret: &str, enc: &str) -> Option<Vec<u8>> {
        let parts: Vec<Vec<u8>> = enc.split('.').map(|part| STANDARD.decode(part).unwrap()).collect();
        let [text, nonce, tag] = parts.try_into().unwrap();
        assert_eq!((nonce.len(), tag.len()), (12, 16));
        let key = UnboundKey::new(&AES_256_GCM, sha256(secret.as_bytes()).as_bytes()).unwrap();
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let mut sealed = [text, tag].concat();
        let opened = LessSafeKey::new(key).open_in_place(nonce, Aad::empty(), &mut sealed);
        opened.ok().map(|text| text.to_vec())
    }

    #[test]
    fn every_pair_of_algorithms_verifies_and_decrypts() {
        for (subject, label, prefix) in
            [(Subject::License, "LICENSE FILE", "license"), (Subject::Machine, "MACHINE FILE", "machine")]
        {
            for (encoding, signature) in
                Encoding::ALL.into_iter().flat_map(|encoding| SignatureAlgorithm::ALL.map(|s| (encoding, s)))
            {
                let algorithm = CertificateAlgorithm { encoding, signature };
                let certificate = write(keys(), subject, algorithm, "the key", PAYLOAD).unwrap();
                let [enc, sig, alg] = members(&certificate, label);
                assert_eq!(alg, format!("{}+{signature}", encoding.as_str()));
                let sig = STANDARD.decode(sig).unwrap();
                let says = |prefix: &str| {
                    verifies(keys().stored(), signature, format!("{prefix}/{enc}").as_bytes(), &sig)
                };
                assert!(says(prefix), "{alg}");
                assert!(!says("other"), "{alg}: the kind is signed with the rest");
                match encoding {
                    Encoding::Base64 => assert_eq!(STANDARD.decode(&enc).unwrap(), PAYLOAD),
                    Encoding::Aes256Gcm => {
                        assert_eq!(decrypt("the key", &enc).as_deref(), Some(PAYLOAD));
                        assert_eq!(decrypt("another key", &enc), None);
                    }
                }
            }
        }
    }

    #[test]
    fn nothing_is_encrypted_the_same_way_twice() {
        let twice = [(); 2].map(|()| encrypt("the key", PAYLOAD).unwrap());
        assert_ne!(twice[0], twice[1]);
    }

    #[test]
    fn algorithms_are_read_and_what_is_wrong_is_named() {
        let read = CertificateAlgorithm::parse("aes-256-gcm+rsa-pss-sha256").unwrap();
        let expected = CertificateAlgorithm {
            encoding: Encoding::Aes256Gcm,
            signature: SignatureAlgorithm::RsaPssSha256,
        };
        assert_eq!((read, read.to_string().as_str()), (expected, "aes-256-gcm+rsa-pss-sha256"));
        for (text, wrong) in [
            ("", UnknownAlgorithm::Encoding),
            ("ed25519", UnknownAlgorithm::Encoding),
            ("aes-128-gcm+ed25519", UnknownAlgorithm::Encoding),
            ("rot13+rot13", UnknownAlgorithm::Encoding),
            ("base64", UnknownAlgorithm::Signature),
            ("base64+", UnknownAlgorithm::Signature),
            ("base64+hs256", UnknownAlgorithm::Signature),
            ("base64+ed25519+ed25519", UnknownAlgorithm::Signature),
        ] {
            assert_eq!(CertificateAlgorithm::parse(text), Err(wrong), "{text}");
        }
    }
}
