//! Names of gems and of their files.

use keyway_engine::KeyError;

/// The most readings of one file name that are looked up.
const MOST_READINGS: usize = 4;

/// A gem's name: letters of either case are told apart, as RubyGems does.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GemName(String);

impl GemName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that is broken.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let refuse = |rule: &str| Err(KeyError(format!("a gem's name {rule}")));
        if text.is_empty() || text.len() > 128 {
            return refuse("has 1 to 128 characters");
        }
        if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
            return refuse("has nothing but letters, digits, '.', '-' and '_'");
        }
        if text.starts_with(['.', '-', '_']) {
            return refuse("starts with a letter or digit");
        }
        if !text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return refuse("has a letter in it");
        }
        Ok(Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A gem's full name (`widget-1.0.0-java`): name, version and, unless it is `ruby`, platform. Where one part ends
/// and the next begins is not to be told from the text alone.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FullName {
    text: String,
    /// Each reading's name, the longest first.
    names: Vec<String>,
}

impl FullName {
    /// Reads a full name; `None` when no reading has a name and something like a version.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names: Vec<String> = text
            .match_indices('-')
            .filter_map(|(at, _)| text.split_at_checked(at))
            .filter(|(_, rest)| {
                rest.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            })
            .filter_map(|(name, _)| GemName::parse(name).ok())
            .map(|name| name.0)
            .collect();
        let is_plain =
            text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        if names.is_empty() || !is_plain || text.len() > 512 {
            return None;
        }
        names.reverse();
        names.truncate(MOST_READINGS);
        Some(Self { text: text.to_owned(), names })
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }
    /// What the gem's name may be.
    pub fn names(&self) -> &[String] {
        &self.names
    }
    /// Version and platform, if the gem has this name.
    pub fn after(&self, name: &str) -> Option<&str> {
        self.text.strip_prefix(name)?.strip_prefix('-')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_rubygems_rules() {
        for good in ["rake", "acme-widget", "acme.widget", "Acme_Widget", "a", "3d", "a--b", "x.y-1"] {
            assert_eq!(GemName::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", ".x", "-x", "_x", "1", "1.0", "a b", "a/b", "ä", "a\n", "a:b", "a,b"] {
            assert!(GemName::parse(bad).is_err(), "{bad}");
        }
        assert!(GemName::parse(&"a".repeat(129)).is_err());
    }

    #[test]
    fn full_names_are_read_in_every_way_they_can_be() {
        let names = |text| FullName::parse(text).map(|full| full.names);
        assert_eq!(names("widget-1.0.0"), Some(vec!["widget".to_owned()]));
        assert_eq!(names("acme-widget-1.0-x86_64-linux"), Some(vec!["acme-widget".to_owned()]));
        assert_eq!(names("a-1-2"), Some(vec!["a-1".to_owned(), "a".to_owned()]));
        for bad in ["", "widget", "1-1", "-1.0", "wid get-1.0", "a-1/2", "a-v1"] {
            assert_eq!(names(bad), None, "{bad}");
        }
        let many = FullName::parse("a-1-2-3-4-5-6").unwrap();
        assert_eq!(many.names, ["a-1-2-3-4-5", "a-1-2-3-4", "a-1-2-3", "a-1-2"]);
        assert_eq!((many.after("a-1-2"), many.after("a-9")), (Some("3-4-5-6"), None));
    }
}
