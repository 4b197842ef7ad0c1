//! Until 1.7, what is wrong with a password was not told.

use serde_json::Value;

use super::Route;
use super::documents::each_error;

/// 401s of token generation about e-mail address or password become one.
pub(super) fn credentials(document: &mut Value, route: Route) {
    if !route.creates("/tokens") {
        return;
    }
    each_error(document, |error| {
        let unauthorized = error.get("title").is_some_and(|title| title == "Unauthorized");
        let code = error.get("code").and_then(Value::as_str).unwrap_or_default();
        if unauthorized && (code.starts_with("EMAIL_") || code.starts_with("PASSWORD_")) {
            error.insert("code".to_owned(), "CREDENTIALS_INVALID".into());
            error.insert("detail".to_owned(), "email and password must be valid".into());
        }
    });
}
