//! npm package names, with and without a scope.

use std::fmt;

use keyway_engine::KeyError;

/// The longest name, scope included.
const MAX_LENGTH: usize = 214;

/// Names that npm refuses because folders or browsers claim them.
const RESERVED: [&str; 2] = ["node_modules", "favicon.ico"];

/// A package's name as requests may spell it: `widget` or `@acme/widget`, decoded.
///
/// Upper case is kept, since names older than npm's lower-case rule have it; new packages may not
/// ([`PackageName::for_new_package`]).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageName {
    full: String,
}

impl PackageName {
    /// Reads a decoded name.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(KeyError(format!("an npm package name has 1 to {MAX_LENGTH} characters")));
        }
        match text.strip_prefix('@') {
            Some(scoped) => {
                let (scope, base) = scoped.split_once('/').ok_or_else(|| {
                    KeyError("a scoped npm package name has the form @scope/name".to_owned())
                })?;
                check_part(scope, "~")?;
                check_part(base, "")?;
            }
            None => {
                check_part(text, "")?;
                if text.starts_with(['_', '-']) {
                    return Err(KeyError("an npm package name does not begin with `_` or `-`".to_owned()));
                }
            }
        }
        Ok(Self { full: text.to_owned() })
    }

    /// Reads the name of a package that is to be published: lower case only, and no reserved name.
    ///
    /// # Errors
    /// [`KeyError`] names the rule that the text breaks.
    pub fn for_new_package(text: &str) -> Result<Self, KeyError> {
        let name = Self::parse(text)?;
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(KeyError("an npm package name is written in lower case".to_owned()));
        }
        if RESERVED.contains(&text) {
            return Err(KeyError(format!("`{text}` is a reserved npm package name")));
        }
        Ok(name)
    }

    /// The whole name: `@acme/widget`.
    pub fn as_str(&self) -> &str {
        &self.full
    }

    /// The name without its scope: `widget`.
    pub fn basename(&self) -> &str {
        basename(&self.full)
    }

    /// The scope without `@`, if there is one: `acme`.
    pub fn scope(&self) -> Option<&str> {
        self.full.strip_prefix('@').and_then(|scoped| scoped.split_once('/')).map(|(scope, _)| scope)
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.full)
    }
}

/// A full name without its scope.
pub(crate) fn basename(full: &str) -> &str {
    full.rsplit_once('/').map_or(full, |(_, base)| base)
}

/// Checks a scope or a bare name: URL-safe characters only (and `extra`), nothing that a path would read
/// otherwise.
fn check_part(part: &str, extra: &str) -> Result<(), KeyError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') || extra.contains(c);
    if part.is_empty() || !part.chars().all(allowed) {
        return Err(KeyError(
            "an npm package name consists of letters, digits, `.`, `_` and `-`, with an optional @scope/"
                .to_owned(),
        ));
    }
    if part.starts_with('.') || part == "-" {
        return Err(KeyError(
            "neither part of an npm package name begins with `.` or is a single `-`".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_npm_accepts() {
        let longest = "a".repeat(214);
        for name in [
            "a",
            "widget",
            "lodash.merge",
            "@acme/widget",
            "@a/b",
            "@a.b/c_d",
            "@a_b/c",
            "@a~b/c",
            "@a-b/_c",
            &longest,
        ] {
            let parsed = PackageName::for_new_package(name).unwrap();
            assert_eq!(parsed.as_str(), name);
        }
        let scoped = PackageName::parse("@acme/widget").unwrap();
        assert_eq!((scoped.scope(), scoped.basename()), (Some("acme"), "widget"));
    }

    #[test]
    fn refuses_what_npm_refuses() {
        let long = "a".repeat(215);
        for name in [
            "", "@", "@acme", "@/x", "@acme/", "@a/b/c", "a/b", ".x", "_x", "-x", "@a/.x", "@../x", "@./x",
            "a b", "ä", "a%2fb", "a~b", "@a/b~c", "a\u{0}", "@a/-", "..", &long,
        ] {
            assert!(PackageName::parse(name).is_err(), "{name:?}");
        }
        for name in ["Widget", "@Acme/widget", "node_modules", "favicon.ico"] {
            assert!(PackageName::parse(name).is_ok(), "{name}");
            assert!(PackageName::for_new_package(name).is_err(), "{name}");
        }
    }
}
