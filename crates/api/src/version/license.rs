//! Licences: until 1.5 the owner was the user; until 1.1 a validation had a constant, and no overage was valid.

use serde_json::{Map, Value};

use super::Route;
use super::documents::{each, each_error, object, rename, rename_error};

/// The owner is shown as the user.
pub(super) fn owner(document: &mut Value, route: Route) {
    each(document, "licenses", |license| {
        let Some(relations) = object(license, "relationships") else { return };
        rename(relations, "owner", "user");
        let link = relations.get_mut("user").and_then(|user| user.pointer_mut("/links/related"));
        if let Some(Value::String(link)) = link
            && let Some(license) = link.strip_suffix("/owner")
        {
            *link = format!("{license}/user");
        }
    });
    if route.writes("/licenses") {
        let pointer = ("/data/relationships/owner", "/data/relationships/user");
        each_error(document, |error| rename_error(error, pointer, ("OWNER_NOT_FOUND", "USER_NOT_FOUND")));
    }
}

/// The user is taken for the owner.
pub(super) fn accept_user(body: &mut Map<String, Value>, route: Route) {
    if route.writes("/licenses")
        && let Some(relations) = object(body, "data").and_then(|data| object(data, "relationships"))
    {
        rename(relations, "user", "owner");
    }
}

/// A validation's code is its constant, and only what is not over any limit is valid.
pub(super) fn validity(document: &mut Value, route: Route) {
    let validates = route.path.starts_with("/licenses/") && route.path.contains("/actions/validate");
    let Some(meta) = document.get_mut("meta").and_then(Value::as_object_mut).filter(|_| validates) else {
        return;
    };
    let within = meta.get("code").is_some_and(|code| code == "VALID" || code == "EXPIRED");
    if !within && meta.contains_key("valid") {
        meta.insert("valid".to_owned(), false.into());
    }
    rename(meta, "code", "constant");
}
