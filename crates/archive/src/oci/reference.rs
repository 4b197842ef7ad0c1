//! Tags, and the names of images that have one.

/// Whether a text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    match text.as_bytes() {
        [first, rest @ ..] => {
            word(*first)
                && rest.len() < 128
                && rest.iter().all(|byte| word(*byte) || matches!(byte, b'.' | b'-'))
        }
        [] => false,
    }
}

/// The tag of what annotations call an image: a tag alone, or a name with a tag (`registry:5000/acme/app:1.0`), with
/// or without a digest behind it.
pub fn tag_of(name: &str) -> Option<&str> {
    if is_tag(name) {
        return Some(name);
    }
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    let (_, last) = name.rsplit_once('/').unwrap_or(("", name));
    last.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| is_tag(tag))
}

/// Whether a tag is the one under which registries without a list of referrers keep it (distribution specification
/// 1.1, "Referrers Tag Schema"): `sha256-` and hex, of SHA-512 the first half. What cosign adds a suffix to is not.
pub fn is_referrers_tag(tag: &str) -> bool {
    tag.split_once('-').is_some_and(|(algorithm, hex)| {
        matches!(algorithm, "sha256" | "sha512")
            && hex.len() == 64
            && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_found_in_names() {
        let hex = "0a".repeat(32);
        let table = [
            ("1.0.0", Some("1.0.0")),
            ("acme/app:1.0.0", Some("1.0.0")),
            ("localhost:5000/acme/app:v1", Some("v1")),
            ("localhost:5000/acme/app", None),
            ("docker.io/library/app", None),
            ("app:1@sha256:00", Some("1")),
            ("app@sha256:00", None),
            ("acme/app:", None),
            ("acme/app:-1", None),
            ("", None),
            ("a b", None),
            (&format!("a:{hex}"), Some(hex.as_str())),
        ];
        for (name, tag) in table {
            assert_eq!(tag_of(name), tag, "{name}");
        }
        assert!(is_tag(&"x".repeat(128)) && !is_tag(&"x".repeat(129)) && !is_tag(".x"));
    }

    #[test]
    fn only_the_bare_form_is_a_list_of_referrers() {
        let hex = "0a".repeat(32);
        assert!(is_referrers_tag(&format!("sha256-{hex}")) && is_referrers_tag(&format!("sha512-{hex}")));
        for other in
            [format!("sha256-{hex}.sig"), format!("sha256-{}", hex.to_uppercase()), "sha256-0a".to_owned()]
        {
            assert!(!is_referrers_tag(&other), "{other}");
        }
    }
}
