//! Who a package is: its name, publisher, version and arch, as its manifest says and as Windows compares them.

use std::fmt;
use std::str::FromStr;

use keyway_archive::appx::Manifest;
use keyway_versions::semver::Version;
use roxmltree::{Document, ParsingOptions};
use serde::{Deserialize, Serialize};

/// The identity of a package or bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Whether it is a bundle, of packages for several arches.
    pub is_bundle: bool,
    /// `Acme.App`.
    pub name: String,
    /// `CN=Acme`, the subject of the certificate that signs it.
    pub publisher: String,
    /// Four numbers.
    pub version: FourPart,
    /// The arch of a package: `x64`, `x86`, `arm`, `arm64` or `neutral`.
    pub arch: Option<String>,
}

/// A version of four numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FourPart([u16; 4]);

/// What is wrong with a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadIdentity {
    /// It is no XML.
    #[error("it is not XML: {0}")]
    Xml(String),
    /// An attribute is missing.
    #[error("it has no <Identity> with a {0}")]
    Missing(&'static str),
    /// The version is none.
    #[error("its version `{0}` is not four numbers up to 65535")]
    Version(String),
}

impl Identity {
    /// Reads the manifest of a package or bundle.
    ///
    /// # Errors
    /// [`BadIdentity`] says what is wrong with it.
    pub fn read(manifest: &Manifest) -> Result<Self, BadIdentity> {
        let (bytes, is_bundle) = match manifest {
            Manifest::Package(bytes) => (bytes, false),
            Manifest::Bundle(bytes) => (bytes, true),
        };
        let text = text_of(bytes).ok_or_else(|| BadIdentity::Xml("it is not UTF-8 or UTF-16".to_owned()))?;
        let options = ParsingOptions { nodes_limit: 1 << 20, ..ParsingOptions::default() };
        let document = Document::parse_with_options(&text, options);
        let document = document.map_err(|error| BadIdentity::Xml(error.to_string()))?;
        let mut elements = document.root_element().children().filter(|node| node.is_element());
        let identity = elements.find(|node| node.tag_name().name() == "Identity");
        let attribute = |name: &'static str| {
            let value = identity.and_then(|node| node.attribute(name)).filter(|value| !value.is_empty());
            value.ok_or(BadIdentity::Missing(name))
        };
        Ok(Self {
            is_bundle,
            name: attribute("Name")?.to_owned(),
            publisher: attribute("Publisher")?.to_owned(),
            version: attribute("Version")?.parse()?,
            arch: attribute("ProcessorArchitecture").ok().map(str::to_owned).filter(|_| !is_bundle),
        })
    }

    /// What is kept of it beside the package.
    pub fn kept(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and numbers can be written")
    }

    /// What was kept.
    pub fn of(kept: &[u8]) -> Option<Self> {
        serde_json::from_slice(kept).ok()
    }
}

impl FourPart {
    /// Whether it is a version of a release: its first three numbers are those of the release.
    pub fn is_of(self, release: &Version) -> bool {
        let [major, minor, patch, _] = self.0.map(u64::from);
        [major, minor, patch] == [release.major(), release.minor(), release.patch()]
    }
}

impl FromStr for FourPart {
    type Err = BadIdentity;

    fn from_str(text: &str) -> Result<Self, BadIdentity> {
        let bad = || BadIdentity::Version(text.to_owned());
        let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let numbers = text.split('.').map(str::parse).collect::<Result<Vec<u16>, _>>();
        numbers
            .ok()
            .filter(|_| is_plain)
            .and_then(|numbers| numbers.try_into().ok())
            .map(Self)
            .ok_or_else(bad)
    }
}

impl fmt::Display for FourPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, build, revision] = self.0;
        write!(f, "{major}.{minor}.{build}.{revision}")
    }
}

impl TryFrom<String> for FourPart {
    type Error = BadIdentity;

    fn try_from(text: String) -> Result<Self, BadIdentity> {
        text.parse()
    }
}

impl From<FourPart> for String {
    fn from(version: FourPart) -> Self {
        version.to_string()
    }
}

/// UTF-8, with or without its mark, or UTF-16 with one.
fn text_of(bytes: &[u8]) -> Option<String> {
    let utf16 = |rest: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = rest.chunks(2).filter_map(|pair| pair.try_into().ok()).map(read).collect();
        String::from_utf16(&units).ok()
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes.to_vec()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PACKAGE: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <Package xmlns=\"http://schemas.microsoft.com/appx/manifest/foundation/windows10\">\n\
        <Identity Name=\"Acme.App\" Publisher=\"CN=Acme &amp; Sons, C=DE\" Version=\"1.2.3.4\" \
        ProcessorArchitecture=\"x64\"/><Properties/></Package>";

    fn package(text: &str) -> Result<Identity, BadIdentity> {
        Identity::read(&Manifest::Package(text.as_bytes().to_vec()))
    }

    #[test]
    fn an_identity_is_read_in_every_encoding() {
        let expected = Identity {
            is_bundle: false,
            name: "Acme.App".to_owned(),
            publisher: "CN=Acme & Sons, C=DE".to_owned(),
            version: FourPart([1, 2, 3, 4]),
            arch: Some("x64".to_owned()),
        };
        let little = PACKAGE.encode_utf16().flat_map(u16::to_le_bytes);
        for bytes in [
            PACKAGE.as_bytes().to_vec(),
            [b"\xEF\xBB\xBF", PACKAGE.as_bytes()].concat(),
            [0xFF, 0xFE].into_iter().chain(little).collect(),
        ] {
            assert_eq!(Identity::read(&Manifest::Package(bytes)), Ok(expected.clone()));
        }
        let bundle = Identity::read(&Manifest::Bundle(PACKAGE.as_bytes().to_vec())).unwrap();
        assert_eq!((bundle.is_bundle, bundle.arch.as_deref()), (true, None));
        assert_eq!(Identity::of(&expected.kept()), Some(expected));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let with = |from: &str, to: &str| package(&PACKAGE.replace(from, to)).unwrap_err();
        assert_eq!(with("Name=\"Acme.App\"", ""), BadIdentity::Missing("Name"));
        assert_eq!(with("Identity", "Other"), BadIdentity::Missing("Name"));
        for version in ["1.2.3", "1.2.3.4.5", "1.2.3.65536", "1.2.3.+4", "1.2.3.beta"] {
            assert_eq!(with("1.2.3.4", version), BadIdentity::Version(version.to_owned()));
        }
        assert!(matches!(package("<Package>"), Err(BadIdentity::Xml(_))));
        let bomb = "<!DOCTYPE a [<!ENTITY b \"c\">]><Package><Identity Name=\"&b;\"/></Package>";
        assert!(matches!(package(bomb), Err(BadIdentity::Xml(_))));
    }

    #[test]
    fn a_version_is_of_the_release_with_its_first_three_numbers() {
        let release = |text: &str| text.parse::<Version>().unwrap();
        let version = FourPart([1, 2, 3, 9]);
        assert!(version.is_of(&release("1.2.3")) && version.is_of(&release("1.2.3-beta.1")));
        assert!(!version.is_of(&release("1.2.4")) && !version.is_of(&release("2.2.3")));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn versions_read_back(numbers in any::<[u16; 4]>()) {
            prop_assert_eq!(FourPart(numbers).to_string().parse::<FourPart>(), Ok(FourPart(numbers)));
        }

        #[test]
        fn nothing_that_is_sent_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(Identity::read(&Manifest::Package(bytes)).is_err());
        }
    }
}
