//! API versions (`licensing.md` §1.9): which one a request speaks, and the seam where older ones will be
//! rendered from the current one.

use serde_json::Value;

/// A supported version, by its minor number: 1.0 to 1.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(u8);

impl ApiVersion {
    /// The version whose documents the interpreter makes.
    pub(crate) const CURRENT: Self = Self(8);

    /// Reads `1.8` or `v1.8`; `None` for versions that are not supported.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
        let number = minor.parse().ok().filter(|number| *number <= Self::CURRENT.0)?;
        (minor.len() == 1).then_some(Self(number))
    }
    /// Turns a document of the current version into one of this version. Differences are pure functions on
    /// the wire value, newest first; none is written yet, so every version gets the current document.
    pub(crate) fn render(self, document: Value) -> Value {
        document
    }
    /// What the headers that carry ids are called: until 1.3 they ended in `-Id`.
    pub(crate) const fn id_header_suffix(self) -> &'static str {
        if self.0 <= 3 { "-id" } else { "" }
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_supported_versions_and_no_others() {
        for minor in 0..=8u8 {
            assert_eq!(ApiVersion::parse(&format!("1.{minor}")), Some(ApiVersion(minor)));
            assert_eq!(ApiVersion::parse(&format!("v1.{minor}")), Some(ApiVersion(minor)));
        }
        for bad in ["", "1", "1.9", "2.0", "1.08", "1.-1", "V1.8", "1.8.0", "latest"] {
            assert_eq!(ApiVersion::parse(bad), None, "{bad}");
        }
        assert_eq!(ApiVersion::CURRENT.to_string(), "1.8");
    }
}
