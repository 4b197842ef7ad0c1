//! E-mail addresses: trimmed, lower-case, and of a plausible form.

/// The form in which an address is stored and compared.
pub(crate) fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether a text can be an address: one `@` between a name and a host, no blanks or control characters.
pub(crate) fn is_valid(text: &str) -> bool {
    let text = text.trim();
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let clean =
        |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    let labels = || host.split('.').all(|label| !label.is_empty());
    clean(name) && clean(host) && !name.contains(['@', ',', ';', '<', '>']) && labels()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plausible_addresses() {
        for good in ["a@b", "first.last+tag@example.com", " A@B.C "] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.c", "a@b..c", "<a@b>"] {
            assert!(!is_valid(bad), "{bad}");
        }
        assert_eq!(normal(" Jane@Example.COM\n"), "jane@example.com");
    }
}
