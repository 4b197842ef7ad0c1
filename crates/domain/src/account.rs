//! What names an account: its slug in paths (`licensing.md` §4.1), and a host of its own.

use std::net::IpAddr;

use keyway_base::RecordId;

/// The shortest and the longest that a slug may be.
const SLUG_LENGTH: std::ops::RangeInclusive<usize> = 2..=255;

/// Whether a text can be a slug: `^[a-z0-9][-a-z0-9]+$`, and no UUID.
pub fn is_slug(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    SLUG_LENGTH.contains(&text.len())
        && text.starts_with(plain)
        && text.chars().all(|c| plain(c) || c == '-')
        && text.parse::<RecordId>().is_err()
}

/// A slug made of a name: its ASCII letters and digits, with dashes between; `keyway` when too little is left.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(*SLUG_LENGTH.end());
    let slug = slug.trim_end_matches('-');
    if is_slug(slug) { slug.to_owned() } else { "keyway".to_owned() }
}

/// A DNS name that serves one account alone: two labels or more, in lower case, no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomHost(String);

impl CustomHost {
    /// Reads a host; `None` for what cannot be one. Case and a closing dot do not count.
    pub fn parse(text: &str) -> Option<Self> {
        let host = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
        let last = host.rsplit('.').next().unwrap_or_default();
        let is_numeric = last.bytes().all(|byte| byte.is_ascii_digit());
        let fits = host.len() <= 253 && host.contains('.') && host.split('.').all(is_label);
        (fits && !is_numeric && host.parse::<IpAddr>().is_err() && last != "localhost").then_some(Self(host))
    }
    /// Whether it is a name or below a name, such as the domain that the server itself lives in.
    pub fn is_within(&self, domain: &str) -> bool {
        let rest = self.0.strip_suffix(domain);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The name.
    pub fn into_string(self) -> String {
        self.0
    }
}

fn is_label(label: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        for (text, good) in [
            ("acme", true),
            ("a1-b", true),
            ("42", true),
            ("a-", true),
            ("a", false),
            ("-a", false),
            ("Acme", false),
            ("a_b", false),
            ("a.b", false),
            ("", false),
            ("0190163d-8694-739b-aea5-966c26f8ad91", false),
            (&"a".repeat(256), false),
        ] {
            assert_eq!(is_slug(text), good, "{text}");
        }
    }

    #[test]
    fn slugs_of_names_are_readable() {
        for (name, expected) in [
            ("Acme, Inc.", "acme-inc"),
            ("Keyway", "keyway"),
            ("ß", "keyway"),
            ("-a", "keyway"),
            ("acme.com", "acme-com"),
        ] {
            assert_eq!(slug_of(name), expected);
            assert!(is_slug(expected));
        }
        assert!(is_slug(&slug_of(&"ab ".repeat(200))));
    }

    #[test]
    fn hosts() {
        for (text, expected) in [
            ("get.acme.com", Some("get.acme.com")),
            ("Get.Acme.COM.", Some("get.acme.com")),
            ("acme-1.co", Some("acme-1.co")),
            ("acme", None),
            ("", None),
            (".", None),
            ("a..b", None),
            ("-a.com", None),
            ("a_b.com", None),
            ("a.com:80", None),
            ("https://a.com", None),
            ("127.0.0.1", None),
            ("1.2", None),
            ("::1", None),
            ("app.localhost", None),
        ] {
            assert_eq!(CustomHost::parse(text).map(CustomHost::into_string).as_deref(), expected, "{text}");
        }
        let host = CustomHost::parse("get.acme.com").unwrap();
        assert!(host.is_within("acme.com") && host.is_within("get.acme.com"));
        assert!(!host.is_within("cme.com") && !host.is_within("example.com"));
    }
}
