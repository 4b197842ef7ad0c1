//! What a package's key may be (`distribution.md` §5.1).

use keyway_base::RecordId;
use keyway_jsonapi::{Failure, Invalid};

/// Words that paths need for themselves.
const RESERVED: [&str; 2] = ["action", "actions"];

/// The form of a key under which a package is found, and which must be unique per account and engine.
///
/// `normalise` is the rule of the package's ecosystem; packages without an engine keep their key as it is. Its
/// error is the ecosystem's reason for the vendor.
///
/// # Errors
/// The failure at `key`: reserved (`KEY_NOT_ALLOWED`), an id (`KEY_CONFLICT`), or not a name of the ecosystem
/// (`KEY_INVALID`).
pub fn normal_key<F>(key: &str, normalise: Option<F>) -> Result<String, Invalid>
where
    F: FnOnce(&str) -> Result<String, String>,
{
    let fail = |failure, detail: String| Invalid::attribute("key", failure, detail);
    if RESERVED.contains(&key.to_ascii_lowercase().as_str()) {
        return Err(fail(Failure::Inclusion, "is reserved".to_owned()));
    }
    if key.parse::<RecordId>().is_ok() {
        let detail = "must not conflict with another package's identifier (UUID)";
        return Err(fail(Failure::Kind("CONFLICT"), detail.to_owned()));
    }
    if key.chars().any(char::is_control) {
        return Err(fail(Failure::Kind("INVALID"), "must not contain control characters".to_owned()));
    }
    match normalise {
        None => Ok(key.to_owned()),
        Some(normalise) => normalise(key).map_err(|reason| fail(Failure::Kind("INVALID"), reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Normalise = fn(&str) -> Result<String, String>;

    fn lower(key: &str) -> Result<String, String> {
        if key.contains(' ') { Err("must not contain spaces".to_owned()) } else { Ok(key.to_lowercase()) }
    }

    #[test]
    fn keys_take_their_ecosystem_s_form() {
        assert_eq!(normal_key("My_Pkg", None::<Normalise>), Ok("My_Pkg".to_owned()));
        assert_eq!(normal_key("My_Pkg", Some(lower)), Ok("my_pkg".to_owned()));
        assert_eq!(normal_key("acme/widget", Some(lower)), Ok("acme/widget".to_owned()));
    }

    #[test]
    fn reserved_words_ids_and_foreign_names_are_refused() {
        for (key, code) in [
            ("action", "KEY_NOT_ALLOWED"),
            ("actions", "KEY_NOT_ALLOWED"),
            ("Actions", "KEY_NOT_ALLOWED"),
            ("0190163d-8694-739b-aea5-966c26f8ad91", "KEY_CONFLICT"),
            ("0190163D8694739BAEA5966C26F8AD91", "KEY_CONFLICT"),
            ("a b", "KEY_INVALID"),
            ("a\nb", "KEY_INVALID"),
        ] {
            let invalid = normal_key(key, Some(lower)).unwrap_err();
            assert_eq!(invalid.code(), code, "{key}");
            assert_eq!(invalid.pointer(), "/data/attributes/key");
        }
    }
}
