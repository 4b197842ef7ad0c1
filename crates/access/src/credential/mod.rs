//! Credentials as requests present them (`distribution.md` §2.1, `licensing.md` §2), and what they may be.

mod parse;
mod session;
#[cfg(test)]
mod tests;

use keyway_base::Secret;

use crate::{AuthFailure, Surface};
pub use parse::{credentials, user_and_password};
pub use session::{Origin, OriginError, session, session_cookie};

/// What a request presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// Nothing, or something blank.
    Anonymous,
    /// One credential.
    One(Credential),
}

/// A credential, not looked up yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where and how it was presented.
    pub scheme: CredentialScheme,
    /// The secret in its first reading.
    pub secret: Secret<String>,
    /// `Basic` with a free user name: the user name, which can be a secret too.
    pub user: Option<Secret<String>>,
}

/// Where and how a credential was presented. Part of the principal cache's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialScheme {
    /// `Authorization: Bearer T`.
    Bearer,
    /// `Authorization: Token T` or `Token token="T"`.
    Token,
    /// `Authorization: License KEY`.
    License,
    /// `Basic license:KEY`.
    BasicLicense,
    /// `Basic token:T`.
    BasicToken,
    /// `Basic user:secret` under any other name. The JSON:API reads the user name as the token.
    BasicUser,
    /// `Basic secret:` with an empty password.
    BasicUserOnly,
    /// `Basic name@example.com:password` on the JSON:API: generates tokens, and nothing else.
    Password,
    /// `?token=` or `?auth=` with a bare value or `token:T`.
    QueryToken,
    /// `?auth=license:KEY`.
    QueryLicense,
    /// The cookie of a portal's session (JSON:API only).
    Session,
}

/// What to look a credential up as.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Candidate<'a> {
    /// An API token.
    Token(&'a str),
    /// A licence's key.
    LicenseKey(&'a str),
}

impl std::fmt::Debug for Candidate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Token(_) => "Token([secret])",
            Self::LicenseKey(_) => "LicenseKey([secret])",
        })
    }
}

/// Why what was presented cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// `Basic` without base64 of UTF-8 text, or a header with bytes that are not text.
    #[error("the Authorization header cannot be read")]
    Malformed,
    /// More than one `Authorization` header.
    #[error("more than one Authorization header")]
    Several,
}

impl CredentialError {
    /// The refusal for it.
    pub const fn failure(self) -> AuthFailure {
        AuthFailure::TOKEN_INVALID
    }
}

impl CredentialScheme {
    /// The scheme to echo in `WWW-Authenticate` (`distribution.md` §2.3).
    pub const fn challenge(self) -> &'static str {
        match self {
            Self::Bearer | Self::QueryToken | Self::QueryLicense | Self::Session => "Bearer",
            Self::Token => "Token",
            Self::License => "License",
            _ => "Basic",
        }
    }
    /// Whether it stands in the query.
    const fn is_of_query(self) -> bool {
        matches!(self, Self::QueryToken | Self::QueryLicense)
    }
    /// Whether the secret can only be a licence's key.
    const fn is_license(self) -> bool {
        matches!(self, Self::License | Self::BasicLicense | Self::QueryLicense)
    }
}

impl Presented {
    /// The credential, if there is one.
    pub const fn credential(&self) -> Option<&Credential> {
        if let Self::One(credential) = self { Some(credential) } else { None }
    }
    /// With the session that a portal's page has: it counts more than the query, and less than the header.
    #[must_use]
    pub fn or_session(self, session: Option<Credential>) -> Self {
        match (self, session) {
            (Self::One(credential), _) if !credential.scheme.is_of_query() => Self::One(credential),
            (_, Some(session)) => Self::One(session),
            (presented, None) => presented,
        }
    }
    /// The scheme to echo in `WWW-Authenticate`: the client's own, else `Bearer`.
    pub fn challenge(&self) -> &'static str {
        self.credential().map_or("Bearer", |credential| credential.scheme.challenge())
    }
}

/// User names that clients send by convention; they are never secrets.
const CONVENTIONAL_USERS: [&str; 3] = ["license", "token", "__token__"];

impl Credential {
    /// What to look it up as, the likeliest first; a session is not looked up, it says whose it is. The JSON:API has one reading; on engine routes a secret in
    /// any position can be a token or a licence's key (DESIGN §3).
    pub fn candidates(&self, surface: Surface) -> Vec<Candidate<'_>> {
        let secret = self.secret.expose().as_str();
        match surface {
            _ if self.scheme == CredentialScheme::Session => Vec::new(),
            Surface::Api if self.scheme.is_license() => vec![Candidate::LicenseKey(secret)],
            Surface::Api => vec![Candidate::Token(self.api_token())],
            Surface::Engine => {
                let mut candidates = both(secret).to_vec();
                let user = self.user.as_ref().map(|user| user.expose().as_str());
                let user = user.filter(|user| !CONVENTIONAL_USERS.contains(user) && !user.contains('@'));
                candidates.extend(user.map(both).into_iter().flatten());
                candidates
            }
        }
    }
    /// The token in the specified reading of `Basic`: the user name, unless it is a convention.
    fn api_token(&self) -> &str {
        self.user.as_ref().unwrap_or(&self.secret).expose()
    }
    /// The e-mail address and password, when that is what was presented (JSON:API only).
    pub fn password(&self) -> Option<(&str, &Secret<String>)> {
        let email = self.user.as_ref().filter(|_| self.scheme == CredentialScheme::Password)?;
        Some((email.expose(), &self.secret))
    }
    /// The refusal when no candidate is known.
    pub fn unknown(&self, surface: Surface) -> AuthFailure {
        match surface {
            _ if self.scheme.is_license() => AuthFailure::LICENSE_INVALID,
            _ if self.scheme == CredentialScheme::Session => AuthFailure::SESSION_INVALID,
            Surface::Api if is_uuid(self.api_token()) => AuthFailure::TOKEN_FORMAT_INVALID,
            Surface::Engine if is_uuid(self.secret.expose()) => AuthFailure::TOKEN_FORMAT_INVALID,
            Surface::Api => AuthFailure::TOKEN_INVALID,
            Surface::Engine if is_token_shaped(self.secret.expose()) => AuthFailure::TOKEN_INVALID,
            Surface::Engine => AuthFailure::LICENSE_INVALID,
        }
    }
}

/// Both readings of a secret, by its shape.
fn both(secret: &str) -> [Candidate<'_>; 2] {
    let (token, key) = (Candidate::Token(secret), Candidate::LicenseKey(secret));
    if is_token_shaped(secret) { [token, key] } else { [key, token] }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.parse::<keyway_base::RecordId>().is_ok()
}

/// `<prefix>-<hex>v3` (`licensing.md` §2.1). A hint for the order of look-ups, never a decision.
fn is_token_shaped(text: &str) -> bool {
    let digits = text.rsplit_once('-').and_then(|(_, rest)| rest.strip_suffix("v3"));
    digits.is_some_and(|digits| digits.len() >= 32 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}
