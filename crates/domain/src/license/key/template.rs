//! Templates in the seeds of keys: `{{id}}`, `{{expiry}}` … (`licensing.md` §8.3).

use super::{Facts, shown};

/// A longer text between braces, in bytes, is no name: seeds come from strangers, and are read once.
const NAME: usize = 64;

/// The text with its templates filled in. What is unknown or absent is empty; braces around anything but a word
/// stay as they are.
pub(super) fn filled(text: &str, facts: &Facts) -> String {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        match split_name(after) {
            Some((name, after)) if is_word(name) => {
                filled.push_str(&value(name, facts));
                rest = after;
            }
            _ => {
                // One brace at a time: the second may open a template itself.
                filled.push('{');
                rest = rest.get(before.len() + 1..).unwrap_or_default();
            }
        }
    }
    filled.push_str(rest);
    filled
}

/// What stands before the next closing braces, and after them.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let end = text.bytes().take(NAME).position(|byte| byte == b'}')?;
    let (name, rest) = text.split_at_checked(end)?;
    Some((name, rest.strip_prefix("}}")?))
}

fn is_word(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn value(name: &str, facts: &Facts) -> String {
    let user = facts.user.as_ref();
    match name.trim().to_ascii_lowercase().as_str() {
        "account" => shown(facts.account),
        "product" => shown(facts.product),
        "policy" => shown(facts.policy),
        "user" => user.map(|(id, _)| shown(id)).unwrap_or_default(),
        "email" => user.map(|(_, email)| email.clone()).unwrap_or_default(),
        "created" => shown(facts.created),
        "expiry" => facts.expiry.map(shown).unwrap_or_default(),
        "duration" => facts.duration.map(shown).unwrap_or_default(),
        "id" => shown(facts.license),
        _ => String::new(),
    }
}
