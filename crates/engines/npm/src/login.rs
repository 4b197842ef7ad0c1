//! `npm login` with a licence key as the password (`npm-pypi.md` §1.1).

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_base::Secret;
use keyway_engine::{Act, Plain};
use serde::Deserialize;
use serde_json::json;

use crate::refusal;

/// The part of the login body that matters.
#[derive(Deserialize)]
struct Body {
    name: Option<String>,
    password: String,
}

/// Reads a login body.
///
/// # Errors
/// The answer to a body without a password.
pub(crate) fn act(user: &str, body: &[u8]) -> Result<Act, Plain> {
    let parsed: Body = serde_json::from_slice(body).map_err(|_| {
        refusal::error(
            StatusCode::BAD_REQUEST,
            "MALFORMED",
            "a login is a JSON object with name and password",
        )
    })?;
    if parsed.password.trim().is_empty() {
        let text = "log in with any user name and your licence key as the password";
        return Err(refusal::error(StatusCode::BAD_REQUEST, "MALFORMED", text));
    }
    let user = parsed.name.unwrap_or_else(|| user.to_owned());
    Ok(Act::LogIn { user, password: Secret::new(parsed.password) })
}

/// The answer to a login whose credential holds.
pub(crate) fn welcome(user: &str, token: &Secret<String>) -> Plain {
    let body = json!({ "ok": true, "id": format!("org.couchdb.user:{user}"), "token": token.expose() });
    Plain::status(StatusCode::CREATED)
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .body("application/json", body.to_string())
}
