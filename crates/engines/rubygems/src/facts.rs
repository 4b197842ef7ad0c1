//! What is kept of a gem: its gemspec as Ruby loads it, and what indexes say of it, ready to be copied.

use keyway_engine::{Artifact, Manifest};

use crate::dump;
use crate::gemspec::Gemspec;
use crate::platform::{Platform, RUBY};

/// The manifest kind of a gemspec as the quick index serves it.
const QUICK: &str = "gemspec.rz";
/// The manifest kind of a gem's facts, one a line.
const FACTS: &str = "gem.facts";
/// The manifest kind of a gemspec's YAML. Gems that came in here have none; their facts are kept instead.
const YAML: &str = "gemspec";

/// What indexes say of a gem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The version as the gemspec writes it.
    pub(crate) version: String,
    /// The platform as the gemspec writes it.
    pub(crate) platform: String,
    /// The platform as clients spell it once they have loaded the gemspec.
    pub(crate) loaded: String,
    /// Dependencies in the compact index.
    dependencies: String,
    /// Requirements in the compact index, each with a comma before it.
    requirements: String,
}

/// The manifests of a gem.
pub(crate) fn manifests(spec: &Gemspec) -> Vec<Manifest> {
    let stored = |kind: &str, bytes: Vec<u8>| Manifest { kind: kind.to_owned(), bytes: bytes.into() };
    vec![stored(FACTS, Facts::of(spec).to_lines().into_bytes()), stored(QUICK, dump::gemspec(spec))]
}

/// The gemspec of the quick index.
pub(crate) fn quick(artifact: &Artifact) -> Option<Vec<u8>> {
    match artifact.manifest(QUICK) {
        Some(manifest) => Some(manifest.bytes.to_vec()),
        None => yaml(artifact).map(|spec| dump::gemspec(&spec)),
    }
}

fn yaml(artifact: &Artifact) -> Option<Gemspec> {
    Gemspec::parse(&artifact.manifest(YAML)?.bytes).ok()
}

impl Facts {
    fn of(spec: &Gemspec) -> Self {
        let mut runtime: Vec<_> = spec.dependencies.iter().filter(|of| !of.is_development).collect();
        runtime.sort_by(|left, right| left.name.cmp(&right.name));
        let dependencies: Vec<String> =
            runtime.iter().map(|of| format!("{}:{}", of.name.as_str(), of.requirement.compact())).collect();
        let required = [("ruby", &spec.required_ruby_version), ("rubygems", &spec.required_rubygems_version)];
        let required = required.into_iter().filter(|(_, requirement)| !requirement.is_any());
        let requirements: String =
            required.map(|(of, requirement)| format!(",{of}:{}", requirement.compact())).collect();
        let loaded = match spec.platform.as_str() {
            RUBY => RUBY.to_owned(),
            platform => Platform::parse(platform).to_string(),
        };
        Self {
            version: spec.version.clone(),
            platform: spec.platform.clone(),
            loaded,
            dependencies: dependencies.join(","),
            requirements,
        }
    }

    /// The facts of a gem; `None` for a file that is none.
    pub(crate) fn read(artifact: &Artifact) -> Option<Self> {
        match artifact.manifest(FACTS) {
            Some(manifest) => Self::from_lines(std::str::from_utf8(&manifest.bytes).ok()?),
            None => yaml(artifact).map(|spec| Self::of(&spec)),
        }
    }

    fn to_lines(&self) -> String {
        let Self { version, platform, loaded, dependencies, requirements } = self;
        [version, platform, loaded, dependencies, requirements].map(String::as_str).join("\n")
    }

    fn from_lines(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').map(str::to_owned);
        let mut next = || lines.next();
        Some(Self {
            version: next()?,
            platform: next()?,
            loaded: next()?,
            dependencies: next()?,
            requirements: next()?,
        })
    }

    /// Version and, unless it is `ruby`, platform: what a file name says after the gem's name.
    pub(crate) fn tail(&self) -> String {
        tail(&self.version, &self.platform)
    }

    /// Whether a file name that ends so means this gem.
    pub(crate) fn answers_to(&self, asked: &str) -> bool {
        self.tail() == asked || tail(&self.version, &self.loaded) == asked
    }

    /// The gem's line in its info document.
    pub(crate) fn line(&self, sha256: &str) -> String {
        format!("{} {}|checksum:{sha256}{}\n", self.tail(), self.dependencies, self.requirements)
    }
}

fn tail(version: &str, platform: &str) -> String {
    if platform == RUBY { version.to_owned() } else { format!("{version}-{platform}") }
}
