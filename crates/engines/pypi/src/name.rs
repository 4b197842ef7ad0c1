//! Project names and the names of their files.

use std::fmt;

use keyway_archive::{ArchiveError, SdistName, WheelName, normalize_python_name};
use keyway_engine::KeyError;

/// The longest project name; the ecosystem sets no limit.
const MAX_LENGTH: usize = 255;

/// A project's name in normal form (PEP 503): `acme-widget`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectName(String);

impl ProjectName {
    /// Reads a name in any spelling: `Acme.Widget`, `acme_widget`.
    ///
    /// # Errors
    /// [`KeyError`] when it is not a project name (core metadata specification, "Name").
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let alphanumeric = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let edges = alphanumeric(text.chars().next()) && alphanumeric(text.chars().next_back());
        if !edges || !text.chars().all(allowed) || text.len() > MAX_LENGTH {
            return Err(KeyError(
                "a Python project name consists of letters, digits, `.`, `_` and `-`, and \
                 begins and ends with a letter or digit"
                    .to_owned(),
            ));
        }
        Ok(Self(normalize_python_name(text)))
    }

    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a file that an index offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileName {
    /// `….whl`.
    Wheel(WheelName),
    /// `….tar.gz`.
    Sdist(SdistName),
}

impl FileName {
    /// Takes a file name apart; `None` when it is neither a wheel's nor a source distribution's by its
    /// ending.
    ///
    /// # Errors
    /// [`ArchiveError`] says what is wrong with a name that has one of the two endings.
    pub fn parse(text: &str) -> Option<Result<Self, ArchiveError>> {
        if text.ends_with(".whl") {
            Some(WheelName::parse(text).map(Self::Wheel))
        } else if text.ends_with(".tar.gz") {
            Some(SdistName::parse(text).map(Self::Sdist))
        } else {
            None
        }
    }

    /// The project's name in normal form.
    pub fn project(&self) -> String {
        match self {
            Self::Wheel(name) => name.normalized_name(),
            Self::Sdist(name) => name.normalized_name(),
        }
    }

    /// The version as the name spells it.
    pub fn version(&self) -> &str {
        match self {
            Self::Wheel(name) => name.version(),
            Self::Sdist(name) => name.version(),
        }
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wheel(name) => name.fmt(f),
            Self::Sdist(name) => name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_share_one_normal_form() {
        for text in ["acme-widget", "Acme.Widget", "acme_widget", "ACME--widget", "acme-_.widget"] {
            assert_eq!(ProjectName::parse(text).unwrap().as_str(), "acme-widget", "{text}");
        }
        assert_eq!(ProjectName::parse("a").unwrap().as_str(), "a");
    }

    #[test]
    fn other_texts_are_no_names() {
        for text in
            ["", "-a", "a-", ".a", "a.", "a b", "a/b", "..", "ä", "a\u{0}b", "a%2fb", &"a".repeat(256)]
        {
            assert!(ProjectName::parse(text).is_err(), "{text:?}");
        }
    }
}
