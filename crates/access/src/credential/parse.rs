//! Reads the `Authorization` header and the query's `token` and `auth`. Pure; knows no record.

use base64::Engine as _;
use http::header::{AUTHORIZATION, HeaderMap};
use keyway_base::Secret;
use percent_encoding::percent_decode_str;

use super::{Credential, CredentialError, CredentialScheme, Presented};
use crate::Surface;

/// What a request presents: the header's credential, else the query's (`token` before `auth`). Blank secrets
/// count as none, and so do unknown schemes. `query` is the raw query string without `?`.
///
/// `Basic` and `License` are read in any case; `Bearer` and `Token` too on engine routes, but exactly
/// capitalised on the JSON:API. A single word without a scheme is a bearer's secret on engine routes.
///
/// # Errors
/// [`CredentialError`] for a header that is not text, for `Basic` that is not base64 of UTF-8, and for more
/// than one `Authorization` header.
pub fn credentials(headers: &HeaderMap, query: &str, surface: Surface) -> Result<Presented, CredentialError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(CredentialError::Several);
    }
    if let Some(value) = first {
        let text = std::str::from_utf8(value.as_bytes()).map_err(|_| CredentialError::Malformed)?;
        if let Some(presented) = from_header(text.trim(), surface)? {
            return Ok(presented);
        }
    }
    Ok(from_query(query))
}

/// The header's credential; `None` when its scheme is none of ours.
fn from_header(text: &str, surface: Surface) -> Result<Option<Presented>, CredentialError> {
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim();
    let named = |name: &str| match surface {
        Surface::Api => scheme == name,
        Surface::Engine => scheme.eq_ignore_ascii_case(name),
    };
    if named("Bearer") {
        return Ok(Some(one(CredentialScheme::Bearer, rest)));
    }
    if named("Token") {
        return Ok(Some(one(CredentialScheme::Token, token_parameter(rest))));
    }
    if scheme.eq_ignore_ascii_case("License") {
        return Ok(Some(one(CredentialScheme::License, rest)));
    }
    if scheme.eq_ignore_ascii_case("Basic") {
        return basic(rest, surface).map(Some);
    }
    // `gem push` sends its key without a scheme.
    let is_bare = surface == Surface::Engine && !text.is_empty() && !text.contains(char::is_whitespace);
    Ok(is_bare.then(|| one(CredentialScheme::Bearer, text)))
}

/// `token="T"` or `token=T`, with other parameters ignored; anything else is the token itself.
fn token_parameter(text: &str) -> &str {
    let parameter = text.split(',').map(str::trim).find_map(|part| part.strip_prefix("token="));
    parameter.map_or(text, |value| value.trim_matches('"'))
}

/// `Basic` in its four readings; the password is everything after the first colon.
fn basic(encoded: &str, surface: Surface) -> Result<Presented, CredentialError> {
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(encoded)
        .or_else(|_| base64::engine::general_purpose::STANDARD_NO_PAD.decode(encoded))
        .map_err(|_| CredentialError::Malformed)?;
    let decoded = String::from_utf8(decoded).map_err(|_| CredentialError::Malformed)?;
    let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
    Ok(user_and_password(user, password, surface))
}

/// A user name and a password, as `Basic` has them.
pub fn user_and_password(user: &str, password: &str, surface: Surface) -> Presented {
    let is_email = user.contains('@') && !user.starts_with('@');
    match (user, password) {
        ("license", _) => one(CredentialScheme::BasicLicense, password),
        ("token", _) => one(CredentialScheme::BasicToken, password),
        (email, _) if is_email && surface == Surface::Api => {
            with_user(CredentialScheme::Password, email, password)
        }
        (user, "") => one(CredentialScheme::BasicUserOnly, user),
        ("", _) if surface == Surface::Api => Presented::Anonymous,
        ("" | "__token__", password) => one(CredentialScheme::BasicToken, password),
        (user, password) => with_user(CredentialScheme::BasicUser, user, password),
    }
}

/// `token` before `auth`; `license:KEY`, `token:T` or a bare token in either.
fn from_query(query: &str) -> Presented {
    let find = |name: &str| {
        let value = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name);
        value.map(|(_, value)| decode(value)).filter(|value| !value.trim().is_empty())
    };
    let Some(value) = find("token").or_else(|| find("auth")) else { return Presented::Anonymous };
    match value.split_once(':') {
        Some(("license", key)) => one(CredentialScheme::QueryLicense, key),
        Some(("token", token)) => one(CredentialScheme::QueryToken, token),
        _ => one(CredentialScheme::QueryToken, &value),
    }
}

/// Form decoding: `+` is a space, `%xx` a byte; bytes that are no UTF-8 become the replacement character, which
/// matches nothing.
fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn one(scheme: CredentialScheme, secret: &str) -> Presented {
    if secret.trim().is_empty() {
        return Presented::Anonymous;
    }
    Presented::One(Credential { scheme, secret: Secret::new(secret.to_owned()), user: None })
}

/// A credential in which the user name counts. An empty password is kept: token generation tells it apart.
fn with_user(scheme: CredentialScheme, user: &str, password: &str) -> Presented {
    Presented::One(Credential {
        scheme,
        secret: Secret::new(password.to_owned()),
        user: Some(Secret::new(user.to_owned())),
    })
}
