//! E-mail addresses: trimmed, lower-case, and of a plausible form.

/// The longest address that mail is sent to, in characters.
const LONGEST: usize = 255;

/// The normal form of a text that can be the address of a mail.
pub(crate) fn mailable(text: &str) -> Option<String> {
    let address = normal(text);
    (is_valid(&address) && address.chars().count() <= LONGEST).then_some(address)
}

/// The form in which an address is stored and compared.
pub(crate) fn normal(text: &str) -> String {
    text.trim().to_lowercase()
}

/// Whether a text can be an address: one `@` between a name and a host of letters, digits, `-` and `_`; no blanks, control
/// characters, or what would end a text in JSON, since addresses stand in the claims of signed keys.
pub(crate) fn is_valid(text: &str) -> bool {
    let text = text.trim();
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let is_name =
        |c: char| !c.is_whitespace() && !c.is_control() && !['@', ',', ';', '<', '>', '"', '\\'].contains(&c);
    let is_label =
        |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    !name.is_empty() && name.chars().all(is_name) && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plausible_addresses() {
        for good in ["a@b", "first.last+tag@example.com", " A@B.C "] {
            assert!(is_valid(good), "{good}");
        }
        let injected = r#"x@y","plan":"pro"#;
        for bad in
            ["", "a", "@b", "a@", "a b@c", "a@b@c", "a@.c", "a@b..c", "<a@b>", injected, r"a\@b", "a\"@b"]
        {
            assert!(!is_valid(bad), "{bad}");
        }
        assert_eq!(normal(" Jane@Example.COM\n"), "jane@example.com");
        let long = |letters: usize| format!("{}@b.c", "a".repeat(letters));
        assert_eq!(mailable(&long(251)), Some(long(251)));
        assert_eq!((mailable(&long(252)), mailable("a")), (None, None));
    }
}
