//! Tags and digests: what names a manifest (`spec/oci.md` §1.1), and which tags are versions.

use std::fmt;

use keyway_base::{ContentDigest, ContentDigestError, is_content_tag};

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// What names a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Reference {
    /// A tag.
    Tag(Tag),
    /// The digest of its bytes.
    Digest(ContentDigest),
}

/// What is wrong with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadReference {
    /// It has a colon, so it is meant as a digest, but is none that is known.
    Digest(ContentDigestError),
    /// It is no tag.
    Tag,
}

impl Tag {
    /// Reads a tag.
    pub fn parse(text: &str) -> Option<Self> {
        is_content_tag(text).then(|| Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version that the tag is, if it is one; other tags (`1.2`, `latest`) are names that move.
    pub fn version(&self) -> Option<String> {
        keyway_versions::of_content_tag(&self.0)
    }
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Result<Self, BadReference> {
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(BadReference::Digest);
        }
        Tag::parse(text).map(Self::Tag).ok_or(BadReference::Tag)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use keyway_versions::Scheme;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_colon_makes_a_digest() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(Reference::parse(&digest), Ok(Reference::Digest(digest.parse().unwrap())));
        assert_eq!(
            Reference::parse("sha256:baddigeststring"),
            Err(BadReference::Digest(ContentDigestError::Hex))
        );
        assert_eq!(Reference::parse("md5:00"), Err(BadReference::Digest(ContentDigestError::Algorithm)));
        assert_eq!(Reference::parse(".INVALID_MANIFEST_NAME"), Err(BadReference::Tag));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn references_read_back(text in "[a-zA-Z0-9._:/-]{0,20}") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert_eq!(reference.to_string(), text);
            }
        }

        #[test]
        fn versions_of_tags_are_versions(text in "v?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}([-_][a-z0-9.]{1,6}){0,2}") {
            let version = Tag::parse(&text).and_then(|tag| tag.version());
            if let Some(version) = version {
                prop_assert!(keyway_versions::parse(Scheme::Semver, &version).is_ok());
                prop_assert_eq!(version.replace('+', "_"), text.trim_start_matches('v'));
            }
        }
    }
}
