//! API tokens: their text, and the digest that is stored in their place (`licensing.md` §2.1).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::{digest, hmac};
use keyway_base::Secret;

use crate::CryptoError;
use crate::random::random_bytes;

/// What kind of bearer a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TokenKind {
    /// Of an environment.
    Environment,
    /// Of a product.
    Product,
    /// Of a licence.
    Activation,
    /// Of a licence, to be put into an address: it reads releases and does nothing else.
    Download,
    /// Of a user with the role `user`.
    User,
    /// Of an admin.
    Admin,
    /// Of a developer.
    Developer,
    /// Of a sales agent.
    Sales,
    /// Of a support agent.
    Support,
    /// Of a read-only user.
    ReadOnly,
}

/// How the text of every token of this format ends.
const VERSION: &str = "v3";

impl TokenKind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Environment,
        Self::Product,
        Self::Activation,
        Self::Download,
        Self::User,
        Self::Admin,
        Self::Developer,
        Self::Sales,
        Self::Support,
        Self::ReadOnly,
    ];

    /// The `kind` attribute: `product-token`, `activation-token`, ….
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Environment => "environment-token",
            Self::Product => "product-token",
            Self::Activation => "activation-token",
            Self::Download => "download-token",
            Self::User => "user-token",
            Self::Admin => "admin-token",
            Self::Developer => "developer-token",
            Self::Sales => "sales-token",
            Self::Support => "support-token",
            Self::ReadOnly => "read-only-token",
        }
    }

    /// What the token's text starts with, before the dash.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Environment => "env",
            Self::Product => "prod",
            Self::Activation => "activ",
            Self::Download => "dl",
            Self::User => "user",
            Self::Admin => "admin",
            Self::Developer => "dev",
            Self::Sales => "sales",
            Self::Support => "spprt",
            Self::ReadOnly => "read",
        }
    }

    /// The kind that a text has the form of, if it is that of a token at all. Says nothing about whether
    /// such a token exists.
    pub fn of_text(text: &str) -> Option<Self> {
        let (prefix, rest) = text.split_once('-')?;
        let kind = Self::ALL.into_iter().find(|kind| kind.prefix() == prefix)?;
        let digits = rest.strip_suffix(VERSION)?;
        let is_hex = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'));
        (digits.len() == kind.hex_length() && is_hex).then_some(kind)
    }

    /// How many hex digits the token's text has.
    const fn hex_length(self) -> usize {
        if matches!(self, Self::Activation | Self::Download) { 32 } else { 64 }
    }
}

/// Makes a new token: `<prefix>-<hex>v3`, of 256 random bits, or 128 for a licence's.
pub fn generate(kind: TokenKind) -> Secret<String> {
    let digits = hex::encode(random_bytes::<32>());
    let digits = digits.get(..kind.hex_length()).unwrap_or(&digits);
    Secret::new(format!("{}-{digits}{VERSION}", kind.prefix()))
}

/// Makes a new token by which a password can be chosen: 256 random bits as hex.
pub fn password_reset() -> Secret<String> {
    Secret::new(hex::encode(random_bytes::<32>()))
}

/// An account's HMAC secret: 64 random bytes as hex, whose text is the key.
#[derive(Clone)]
pub struct AccountSecret {
    text: Secret<String>,
    key: hmac::Key,
}

impl AccountSecret {
    /// Makes a new secret.
    pub fn generate() -> Self {
        Self::of(hex::encode(random_bytes::<64>()))
    }

    /// Takes a stored secret.
    ///
    /// # Errors
    /// [`CryptoError::AccountSecret`] when it is empty.
    pub fn from_stored(text: String) -> Result<Self, CryptoError> {
        if text.is_empty() { Err(CryptoError::AccountSecret) } else { Ok(Self::of(text)) }
    }

    /// The text to store.
    pub const fn text(&self) -> &Secret<String> {
        &self.text
    }

    fn of(text: String) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes());
        Self { text: Secret::new(text), key }
    }

    /// HMAC-SHA-256 over the parts, one after the other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> CredentialDigest {
        let mut context = hmac::Context::with_key(&self.key);
        parts.iter().for_each(|part| context.update(part));
        CredentialDigest(context.sign().as_ref().try_into().expect("HMAC-SHA-256 gives 32 bytes"))
    }
}

impl fmt::Debug for AccountSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountSecret")
    }
}

/// The keyed digest of a credential: what look-ups and caches use instead of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialDigest([u8; 32]);

/// A text that is not a credential digest in hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a credential digest in hex")]
pub struct CredentialDigestError;

impl CredentialDigest {
    /// A digest that was kept.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    /// The bytes of the digest.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Lower-case hex: the form in which it is stored.
    pub fn hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for CredentialDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.hex())
    }
}

impl fmt::Debug for CredentialDigest {
    /// Not the digest itself: logs are no place to correlate credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialDigest")
    }
}

impl FromStr for CredentialDigest {
    type Err = CredentialDigestError;

    fn from_str(text: &str) -> Result<Self, CredentialDigestError> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| CredentialDigestError)?;
        Ok(Self(bytes))
    }
}

/// What caches know a credential by, within one process and one account: SHA-256 of what was presented. Where a
/// user name ends counts. It is not kept anywhere, so it needs no key.
pub fn print(user: Option<&str>, text: &str) -> CredentialDigest {
    let mut context = digest::Context::new(&digest::SHA256);
    if let Some(user) = user {
        context.update(b"pair\0");
        context.update(&user.len().to_be_bytes());
        context.update(user.as_bytes());
    }
    context.update(text.as_bytes());
    CredentialDigest(context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes"))
}

/// The digest of a token: HMAC-SHA-256 of its whole text under the account's secret.
pub fn digest(secret: &AccountSecret, token: &str) -> CredentialDigest {
    secret.mac(&[token.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 §4.3, the case with a key of text.
    #[test]
    fn the_digest_is_hmac_sha_256() {
        let secret = AccountSecret::from_stored("Jefe".to_owned()).unwrap();
        let digest = digest(&secret, "what do ya want for nothing?");
        assert_eq!(digest.hex(), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(digest.hex().parse(), Ok(digest));
        assert_eq!("5bdc".parse::<CredentialDigest>(), Err(CredentialDigestError));
    }

    #[test]
    fn both_parts_of_a_pair_count_and_where_they_part() {
        let pairs = [("ab", "c"), ("a", "bc"), ("", "abc"), ("abc", ""), ("ab", "d")];
        let prints: std::collections::HashSet<_> =
            pairs.iter().map(|(user, text)| print(Some(user), text)).collect();
        assert_eq!(prints.len(), pairs.len());
        assert_eq!(print(Some("ab"), "c"), print(Some("ab"), "c"));
        assert!(!prints.contains(&print(None, "abc")));
    }

    #[test]
    fn tokens_have_the_documented_form() {
        for (kind, prefix, digits) in [
            (TokenKind::Environment, "env-", 64),
            (TokenKind::Product, "prod-", 64),
            (TokenKind::Activation, "activ-", 32),
            (TokenKind::User, "user-", 64),
            (TokenKind::Admin, "admin-", 64),
            (TokenKind::Developer, "dev-", 64),
            (TokenKind::Sales, "sales-", 64),
            (TokenKind::Support, "spprt-", 64),
            (TokenKind::ReadOnly, "read-", 64),
        ] {
            let token = generate(kind).into_inner();
            assert!(token.starts_with(prefix) && token.ends_with("v3"), "{token}");
            assert_eq!(token.len(), prefix.len() + digits + 2, "{token}");
            assert_eq!(TokenKind::of_text(&token), Some(kind), "{token}");
            assert_ne!(generate(kind).expose(), &token);
        }
    }

    #[test]
    fn other_texts_are_no_tokens() {
        let digits = "0".repeat(64);
        for text in [
            "",
            "prod",
            "ABCDEF-ABCDEF-ABCDEF-ABCDEF-ABCDEF-V3",
            &format!("prod-{digits}"),
            &format!("prod-{digits}v2"),
            &format!("prod-0{digits}v3"),
            &format!("activ-{digits}v3"),
            &format!("root-{digits}v3"),
            &format!("prod-{}v3", "G".repeat(64)),
        ] {
            assert_eq!(TokenKind::of_text(text), None, "{text}");
        }
    }

    #[test]
    fn secrets_are_long_distinct_and_unprintable() {
        let secret = AccountSecret::generate();
        assert_eq!(secret.text().expose().len(), 128);
        assert_ne!(secret.text(), AccountSecret::generate().text());
        assert_eq!(format!("{secret:?} {:?}", digest(&secret, "x")), "AccountSecret CredentialDigest");
        assert_eq!(AccountSecret::from_stored(String::new()).err(), Some(CryptoError::AccountSecret));
    }
}
