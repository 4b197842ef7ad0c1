//! Tags and digests: what names a manifest (`spec/oci.md` §1.1), and which tags are versions.

use std::fmt;

use keyway_base::ContentDigest;
use keyway_versions::Scheme;

/// The longest tag, in bytes.
const LONGEST: usize = 128;

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
    Digest,
    /// It is no tag.
    Tag,
}

impl Tag {
    /// Reads a tag.
    pub fn parse(text: &str) -> Option<Self> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_tag = text.len() <= LONGEST
            && text.starts_with(is_word)
            && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'));
        is_tag.then(|| Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The version that the tag is, with all of its three numbers: `1.2.3` and `v1.2.3` are 1.2.3. Tags have no
    /// `+`, so Helm writes `1.0.0_5` for 1.0.0+5. Other tags (`1.2`, `latest`) are names that move.
    pub fn version(&self) -> Option<String> {
        let text = self.0.strip_prefix('v').unwrap_or(&self.0).replacen('_', "+", 1);
        // upstream's dialect fills short forms up, so the strict one is asked first
        keyway_versions::parse(Scheme::Npm, &text).ok()?;
        let version = keyway_versions::parse(Scheme::Semver, &text).ok()?;
        Some(version.verbatim().to_owned())
    }
}

/// Whether a tag is not for people, but tells clients what is about a manifest: `sha256-<hex>` of the
/// distribution specification's fallback, and cosign's `sha256-<hex>.sig`.
pub(crate) fn is_about_a_manifest(tag: &str) -> bool {
    let rest = tag.strip_prefix("sha256-").or_else(|| tag.strip_prefix("sha512-"));
    let Some((hex, after)) = rest.and_then(|rest| rest.split_at_checked(64)) else { return false };
    let is_hex = hex.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
    is_hex && (after.is_empty() || after.starts_with('.') || tag.starts_with("sha512-"))
}

impl Reference {
    pub(crate) fn parse(text: &str) -> Result<Self, BadReference> {
        if text.contains(':') {
            return text.parse().map(Self::Digest).map_err(|_| BadReference::Digest);
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_of_the_grammar() {
        for tag in ["latest", "1.0.0", "v1", "_", "A", "a.b-c_d", "list", "uploads", &"a".repeat(128)] {
            assert!(Tag::parse(tag).is_some(), "{tag}");
        }
        for tag in ["", ".INVALID", "-a", "a/b", "a:b", "a+b", "ä", "a b", "..", &"a".repeat(129)] {
            assert!(Tag::parse(tag).is_none(), "{tag}");
        }
    }

    #[test]
    fn a_version_has_three_numbers() {
        for (tag, version) in [
            ("1.2.3", Some("1.2.3")),
            ("v1.2.3", Some("1.2.3")),
            ("1.0.0-rc.1", Some("1.0.0-rc.1")),
            ("1.0.0_5", Some("1.0.0+5")),
            ("1.0.0-beta.2_build.7", Some("1.0.0-beta.2+build.7")),
            ("1.2", None),
            ("1", None),
            ("v1", None),
            ("vv1.2.3", None),
            ("V1.2.3", None),
            ("latest", None),
            ("stable", None),
            ("1.2.3.4", None),
            ("01.2.3", None),
            ("1.0.0_", None),
            ("1.0.0_5_6", None),
            ("99999999999999999999.0.0", None),
            ("2026-11-22", None),
        ] {
            assert_eq!(Tag::parse(tag).unwrap().version().as_deref(), version, "{tag}");
        }
    }

    #[test]
    fn tags_about_manifests_are_known() {
        let hex = "0a".repeat(32);
        for (tag, is_about) in [
            (format!("sha256-{hex}"), true),
            (format!("sha256-{hex}.sig"), true),
            (format!("sha256-{hex}.att"), true),
            (format!("sha512-{hex}"), true),
            (format!("sha256-{hex}f"), false),
            (format!("sha256-{}", hex.to_uppercase()), false),
            ("sha256-short".to_owned(), false),
            (format!("md5-{hex}"), false),
            ("latest".to_owned(), false),
        ] {
            assert_eq!(is_about_a_manifest(&tag), is_about, "{tag}");
        }
    }

    #[test]
    fn a_colon_makes_a_digest() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(Reference::parse(&digest), Ok(Reference::Digest(digest.parse().unwrap())));
        assert_eq!(Reference::parse("sha256:baddigeststring"), Err(BadReference::Digest));
        assert_eq!(Reference::parse("md5:00"), Err(BadReference::Digest));
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
