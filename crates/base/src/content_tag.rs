//! Tags, which name the manifests of a container registry: their grammar, how versions are written as tags, and the
//! tags that stand in for what is about a manifest.

use crate::ContentDigest;

/// The longest tag, in bytes.
const LONGEST: usize = 128;
/// How many digits of a digest a tag has that stands in for what is about it.
const DIGITS: usize = 64;
/// What follows the digest in the tags of signatures, attestations and bills of materials.
const ENDINGS: [&str; 3] = [".sig", ".att", ".sbom"];

/// Whether a text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub fn is_content_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= LONGEST
        && text.starts_with(is_word)
        && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

/// A version as it is written in a tag: tags have no `+`, so 1.0.0+5 is `1.0.0_5`, as Helm writes it.
pub fn tag_of_version(version: &str) -> String {
    version.replace('+', "_")
}

/// What a tag reads as a version, should it be one: [`tag_of_version`] backwards, without a `v` in front.
pub fn version_in_tag(tag: &str) -> String {
    tag.strip_prefix('v').unwrap_or(tag).replacen('_', "+", 1)
}

/// A tag that is not for people, but tells clients what is about a manifest: `sha256-<hex>` lists its referrers
/// (distribution specification 1.1, "Referrers Tag Schema"; of SHA-512 the first half), and cosign's
/// `sha256-<hex>.sig` is a signature of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AboutTag<'a> {
    stem: &'a str,
    ending: &'a str,
}

impl<'a> AboutTag<'a> {
    /// Reads one; `None` of every other tag.
    pub fn parse(tag: &'a str) -> Option<Self> {
        let (stem, ending) = tag.split_at(tag.find('.').unwrap_or(tag.len()));
        let (algorithm, hex) = stem.split_once('-')?;
        let is_known = matches!(algorithm, "sha256" | "sha512")
            && hex.len() == DIGITS
            && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
            && (ending.is_empty() || ENDINGS.contains(&ending));
        is_known.then_some(Self { stem, ending })
    }

    /// What all tags about one manifest begin with: [`AboutTag::stem_of`] its digest.
    pub fn stem(&self) -> &'a str {
        self.stem
    }

    /// Whether it names a list of referrers.
    pub fn is_list(&self) -> bool {
        self.ending.is_empty()
    }

    /// What the tags about the manifest of a digest begin with.
    pub fn stem_of(digest: &ContentDigest) -> String {
        let mut hex = digest.hex();
        hex.truncate(DIGITS);
        format!("{}-{hex}", digest.algorithm().as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_grammar() {
        for tag in ["latest", "1.0.0", "v1", "_", "A", "a.b-c_d", "list", "uploads", &"a".repeat(128)] {
            assert!(is_content_tag(tag), "{tag}");
        }
        for tag in ["", ".INVALID", "-a", "a/b", "a:b", "a+b", "ä", "a b", "..", &"a".repeat(129)] {
            assert!(!is_content_tag(tag), "{tag}");
        }
    }

    #[test]
    fn versions_go_into_tags_and_back() {
        for version in ["1.0.0", "1.0.0-rc.1", "1.0.0+5"] {
            assert_eq!(version_in_tag(&tag_of_version(version)), version);
        }
        assert_eq!((version_in_tag("v1.2.3"), tag_of_version("1.0.0+5")), ("1.2.3".into(), "1.0.0_5".into()));
    }

    #[test]
    fn tags_about_manifests_are_known() {
        let hex = "0a".repeat(32);
        for (tag, is_list) in [
            (format!("sha256-{hex}"), Some(true)),
            (format!("sha512-{hex}"), Some(true)),
            (format!("sha256-{hex}.sig"), Some(false)),
            (format!("sha256-{hex}.att"), Some(false)),
            (format!("sha512-{hex}.sbom"), Some(false)),
            (format!("sha256-{hex}.foo"), None),
            (format!("sha256-{hex}.sig.sig"), None),
            (format!("sha512-{hex}-more"), None),
            (format!("sha256-{hex}f"), None),
            (format!("sha256-{}", hex.to_uppercase()), None),
            ("sha256-short".to_owned(), None),
            (format!("md5-{hex}"), None),
            ("latest".to_owned(), None),
        ] {
            assert_eq!(AboutTag::parse(&tag).map(|about| about.is_list()), is_list, "{tag}");
        }
    }

    #[test]
    fn a_tag_begins_with_the_digest_it_is_about() {
        for digest in [ContentDigest::Sha256([0xab; 32]), ContentDigest::Sha512([0xab; 64])] {
            let tag = format!("{}.sig", AboutTag::stem_of(&digest));
            assert_eq!(
                AboutTag::parse(&tag).map(|about| about.stem().to_owned()),
                Some(AboutTag::stem_of(&digest))
            );
        }
    }
}
