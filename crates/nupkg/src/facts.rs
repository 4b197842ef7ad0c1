//! What a package is: read out of it when it is uploaded, else out of its name.

use std::borrow::Cow;

use keyway_archive::nupkg::Nuspec;
use keyway_engine::{Artifact, Manifest, Release, Spelled, View, base_name};
use serde::{Deserialize, Serialize};

use crate::name::{Kind, squirrel_spelling};

/// The manifest's kind.
const FACTS: &str = "nuspec";

/// What a package says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts<'a> {
    /// The app's id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The version as clients will know it once it is installed.
    #[serde(borrow)]
    pub version: Cow<'a, str>,
    /// Velopack's channel that it was packed for; on Windows, `win` need not be said.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Cow<'a, str>>,
    /// The platform, in Velopack's words.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub os: Option<Cow<'a, str>>,
    /// The arch, or a runtime's id that has it as a part.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub arch: Option<Cow<'a, str>>,
}

/// A package of a release.
#[derive(Debug, Clone)]
pub struct Package<'a> {
    /// The file.
    pub artifact: &'a Artifact,
    /// Full or delta.
    pub kind: Kind,
    /// What it is.
    pub facts: Facts<'a>,
}

impl<'a> Facts<'a> {
    pub(crate) fn of_nuspec(spec: Nuspec) -> Self {
        let Nuspec { id, version, channel, os, rid, arch } = spec;
        let own = |text: Option<String>| text.map(Cow::Owned);
        Self {
            id: id.into(),
            version: version.into(),
            channel: own(channel),
            os: own(os),
            arch: own(arch.or(rid)),
        }
    }

    /// Reads a name, whose version is that of its release in either spelling.
    pub(crate) fn of_name(base_name: &'a str, version: &str) -> Option<Self> {
        let (stem, _) = Kind::split(base_name)?;
        let held = |version: &str| {
            let (at, part) = stem.match_indices(version).find(|(at, part)| {
                let before = stem.get(..*at).unwrap_or_default();
                let after = stem.get(at + part.len()..).unwrap_or_default();
                before.len() > 1 && before.ends_with('-') && (after.is_empty() || after.starts_with('-'))
            })?;
            Some((stem.get(..at - 1)?, part, stem.get(at + part.len()..)?.strip_prefix('-')))
        };
        let (id, version, channel) = held(version).or_else(|| held(&squirrel_spelling(version)))?;
        let channel = channel.map(Cow::Borrowed);
        Some(Self { id: id.into(), version: version.into(), channel, os: None, arch: None })
    }

    /// As it is kept beside the artifact.
    pub(crate) fn manifest(&self) -> Manifest {
        let bytes = serde_json::to_vec(self).expect("facts are texts");
        Manifest { kind: FACTS.to_owned(), bytes: bytes.into() }
    }

    /// The part of the channel that names a platform or an arch.
    fn word<T>(text: Option<&str>, read: fn(&str) -> Option<T>) -> Option<T> {
        text?.split('-').find_map(read)
    }
}

impl<'a> Package<'a> {
    /// The uploaded packages of a release.
    pub fn all(release: &'a Release) -> impl Iterator<Item = Self> {
        View::artifacts(release).filter_map(|(_, artifact)| Self::read(release, artifact))
    }

    /// What a file of a release is; `None` for files that are no packages.
    pub fn read(release: &Release, artifact: &'a Artifact) -> Option<Self> {
        let base = base_name(&artifact.filename);
        let (_, kind) = Kind::split(base)?;
        let kept = artifact.manifest(FACTS).and_then(|kept| serde_json::from_slice(&kept.bytes).ok());
        let facts = kept.or_else(|| Facts::of_name(base, release.version.verbatim()))?;
        Some(Self { artifact, kind, facts })
    }

    /// Its file's name, without folders.
    pub fn name(&self) -> &'a str {
        base_name(&self.artifact.filename)
    }

    /// The platform that it is for. What nothing is said of is for Windows, where Velopack leaves the channel out of
    /// names, and where Squirrel is at home.
    pub fn platform(&self) -> Option<&'static Spelled> {
        if let Some(said) = &self.artifact.platform {
            return Spelled::platform(said);
        }
        let own = Facts::word(self.facts.os.as_deref(), Spelled::platform);
        let own = own.or_else(|| Facts::word(self.facts.channel.as_deref(), Spelled::platform));
        own.or_else(|| Spelled::platform("windows"))
    }

    /// The arch that it is for, where anything says so: the vendor, the package, the folder.
    pub fn arch(&self) -> Option<&'static Spelled> {
        if let Some(said) = &self.artifact.arch {
            return Spelled::arch(said);
        }
        let own = Facts::word(self.facts.arch.as_deref(), Spelled::arch);
        let own = own.or_else(|| Facts::word(self.facts.channel.as_deref(), Spelled::arch));
        own.or_else(|| {
            self.artifact.filename.rsplit_once('/').and_then(|(folder, _)| Spelled::arch_in(folder))
        })
    }

    /// Whether it was packed for the same channel, platform and arch as another one.
    pub(crate) fn is_beside(&self, other: &Package<'_>) -> bool {
        let key = |package: &Package<'_>| (package.platform(), package.arch());
        let channel = |package: &Package<'_>| package.facts.channel.as_deref().map(str::to_lowercase);
        key(self) == key(other) && channel(self) == channel(other)
    }
}

#[cfg(test)]
mod tests {
    use keyway_engine::testing::{artifact, release};
    use keyway_versions::Scheme;

    use super::*;

    fn of_name(name: &str, version: &str) -> Option<(String, String, Option<String>)> {
        let facts = Facts::of_name(name, version)?;
        Some((facts.id.into_owned(), facts.version.into_owned(), facts.channel.map(Cow::into_owned)))
    }

    #[test]
    fn a_name_is_read_by_its_release_s_version() {
        let said = |id: &str, version: &str, channel: Option<&str>| {
            Some((id.to_owned(), version.to_owned(), channel.map(str::to_owned)))
        };
        for (name, version, expected) in [
            ("Acme.App-1.2.0-full.nupkg", "1.2.0", said("Acme.App", "1.2.0", None)),
            ("App-1.2.0-linux-arm64-delta.nupkg", "1.2.0", said("App", "1.2.0", Some("linux-arm64"))),
            (
                "my-app-1.2.0-beta.1-osx-full.nupkg",
                "1.2.0-beta.1",
                said("my-app", "1.2.0-beta.1", Some("osx")),
            ),
            ("app-1.2.0-beta1-full.nupkg", "1.2.0-beta.1", said("app", "1.2.0-beta1", None)),
            ("app-1.2.0-full.nupkg", "1.2.0+7", said("app", "1.2.0", None)),
            ("app-11.2.0-full.nupkg", "1.2.0", None),
            ("app-1.2.0.1-full.nupkg", "1.2.0", None),
            ("1.2.0-full.nupkg", "1.2.0", None),
            ("app-1.2.0.zip", "1.2.0", None),
        ] {
            assert_eq!(of_name(name, version), expected, "{name}");
        }
    }

    /// The platform and arch of a file.
    fn target(
        filename: &str,
        facts: Option<&Facts<'_>>,
        said: [Option<&str>; 2],
    ) -> [Option<&'static str>; 2] {
        let mut release = release(Scheme::Semver, "1.0.0");
        let mut file = artifact(filename, 1);
        file.manifests.extend(facts.map(Facts::manifest));
        [file.platform, file.arch] = said.map(|text| text.map(str::to_owned));
        release.artifacts = vec![file];
        let package = Package::all(&release).next().unwrap();
        [package.platform(), package.arch()].map(|spelled| spelled.map(|spelled| spelled.key))
    }

    #[test]
    fn a_package_s_target_is_what_the_vendor_says_or_the_package_or_its_name() {
        let facts = Facts {
            id: "a".into(),
            version: "1.0.0".into(),
            channel: Some("osx-arm64-beta".into()),
            os: Some("osx".into()),
            arch: Some("osx-x64".into()),
        };
        let none = [None, None];
        assert_eq!(target("a-1.0.0-full.nupkg", None, none), [Some("windows"), None]);
        assert_eq!(target("x64/a-1.0.0-full.nupkg", None, none), [Some("windows"), Some("x86_64")]);
        assert_eq!(target("arm-1.0.0-full.nupkg", None, none), [Some("windows"), None]);
        assert_eq!(target("a-1.0.0-linux-arm64-full.nupkg", None, none), [Some("linux"), Some("aarch64")]);
        assert_eq!(target("a-1.0.0-full.nupkg", Some(&facts), none), [Some("darwin"), Some("x86_64")]);
        let said = [Some("Linux"), Some("ia32")];
        assert_eq!(target("a-1.0.0-full.nupkg", Some(&facts), said), [Some("linux"), Some("i686")]);
        assert_eq!(target("a-1.0.0-full.nupkg", Some(&facts), [Some("beos"), Some("z80")]), none);
    }
}
