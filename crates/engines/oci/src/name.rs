//! Repository names (`spec/oci.md` §1.1).

use std::fmt;

use keyway_engine::KeyError;

/// What a name is to be.
pub(crate) const RULE: &str = "the name of a repository is lower-case letters and digits, with single '.', '_', '__' or \
    dashes between them, in components separated by single slashes, 255 bytes at most";
/// The longest name, in bytes: clients allow no more for host and name together.
const LONGEST: usize = 255;

/// The name of a repository, such as `app` or `team/app.server`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Repository(String);

impl Repository {
    /// Reads a name. Names have one spelling only: lower case, no empty and no dotted components.
    ///
    /// # Errors
    /// [`KeyError`] with the rule.
    pub fn parse(text: impl AsRef<str> + Into<String>) -> Result<Self, KeyError> {
        let name = text.as_ref();
        let is_name = name.len() <= LONGEST && name.split('/').all(is_component);
        if is_name { Ok(Self(text.into())) } else { Err(KeyError(RULE.to_owned())) }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_separator =
        |between: &str| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|byte| byte == b'-');
    text.starts_with(is_word) && text.ends_with(is_word) && text.split(is_word).all(is_separator)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_grammar() {
        for name in
            ["a", "0", "app", "acme/app", "a.b", "a_b", "a__b", "a-b", "a---b", "a/b/c/d", "tags/list", "v2"]
        {
            assert_eq!(Repository::parse(name).map(|name| name.to_string()), Ok(name.to_owned()));
        }
        assert!(Repository::parse("a".repeat(255)).is_ok());
    }

    #[test]
    fn everything_else_is_refused() {
        for name in [
            "", "/", "a/", "/a", "a//b", "A", "a/B", ".a", "a.", "a..b", "a/../b", "..", "a___b", "a_-b",
            "-a", "a-", "a b", "a%2fb", "a:b", "ä", "_catalog", "a\0",
        ] {
            assert!(Repository::parse(name).is_err(), "{name:?}");
        }
        assert!(Repository::parse("a".repeat(256)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn whatever_is_built_by_the_rule_is_read(
            name in "[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,3}(/[a-z0-9]{1,4}((\\.|_|__|-{1,3})[a-z0-9]{1,3}){0,3}){0,4}"
        ) {
            prop_assert!(Repository::parse(&name).is_ok());
            for longer in [format!("{name}/"), format!("{name}."), format!("/{name}")] {
                prop_assert!(Repository::parse(&longer).is_err());
            }
        }

        #[test]
        fn whatever_is_read_can_stand_in_a_path(name in "[a-zA-Z0-9._/%:-]{0,12}") {
            if Repository::parse(&name).is_ok() {
                prop_assert!(!name.contains("..") && !name.contains("//") && !name.contains(['%', ':']));
                prop_assert_eq!(&name.to_lowercase(), &name);
            }
        }
    }
}
