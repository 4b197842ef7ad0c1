//! What a gemspec says, out of the YAML of a gem's `metadata.gz`.

use keyway_archive::yaml::Node;
use keyway_archive::{ArchiveError, Yaml, YamlLimits};

use crate::name::GemName;
use crate::platform::RUBY;
use crate::requirement::{Requirement, version};

/// The most dependencies that a gem may have.
const MOST_DEPENDENCIES: usize = 1000;
/// The most entries of the other lists that are kept.
const MOST_ENTRIES: usize = 200;

/// A gemspec, without the lists of its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gemspec {
    /// The gem's name.
    pub name: GemName,
    /// The version as written.
    pub version: String,
    /// The platform as written: `ruby`, `java`, `x86_64-linux`.
    pub platform: String,
    /// The RubyGems that built it.
    pub rubygems_version: String,
    /// The version of the specification's own form.
    pub specification_version: i32,
    /// The day it was built, `2026-01-02`.
    pub date: Option<jiff::civil::Date>,
    /// One line about it.
    pub summary: Option<String>,
    /// More about it.
    pub description: Option<String>,
    /// Its home page.
    pub homepage: Option<String>,
    /// Mail addresses.
    pub email: Vec<String>,
    /// Its authors.
    pub authors: Vec<String>,
    /// Its licences.
    pub licenses: Vec<String>,
    /// Texts by key.
    pub metadata: Vec<(String, String)>,
    /// Which Ruby it needs.
    pub required_ruby_version: Requirement,
    /// Which RubyGems it needs.
    pub required_rubygems_version: Requirement,
    /// What it depends on, for running and for development.
    pub dependencies: Vec<Dependency>,
}

/// A dependency of a gem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// The other gem's name.
    pub name: GemName,
    /// Which versions of it will do.
    pub requirement: Requirement,
    /// Whether only developers of the gem need it.
    pub is_development: bool,
    /// Whether pre-releases will do.
    pub is_prerelease: bool,
}

/// Why a gemspec is refused.
#[derive(Debug, thiserror::Error)]
pub enum GemspecError {
    /// It is not readable YAML.
    #[error(transparent)]
    Yaml(#[from] ArchiveError),
    /// It is YAML, but no gemspec.
    #[error("the gemspec is not a Gem::Specification")]
    NotAGemspec,
    /// A field is absent or makes no sense.
    #[error("the gemspec's {0} is missing or not acceptable")]
    Field(&'static str),
    /// Too much of something.
    #[error("the gemspec has too many {0}")]
    TooMany(&'static str),
}

impl Gemspec {
    /// Reads a gemspec.
    ///
    /// # Errors
    /// [`GemspecError`] names what is wrong.
    pub fn parse(bytes: &[u8]) -> Result<Self, GemspecError> {
        let yaml = Yaml::parse(bytes, &YamlLimits::default())?;
        let spec = yaml.root();
        if spec.tag() != Some("ruby/object:Gem::Specification") {
            return Err(GemspecError::NotAGemspec);
        }
        let field = |key: &'static str| spec.get(key).filter(|node| !node.is_null());
        let text = |key: &'static str| field(key).and_then(Node::text).map(str::to_owned);
        let requirement = |key| match field(key) {
            None => Ok(Requirement::any()),
            Some(node) => Requirement::read(node).ok_or(GemspecError::Field(key)),
        };
        let name = text("name").and_then(|name| GemName::parse(&name).ok());
        Ok(Self {
            name: name.ok_or(GemspecError::Field("name"))?,
            version: field("version").and_then(version).ok_or(GemspecError::Field("version"))?,
            platform: platform(field("platform"))?,
            rubygems_version: text("rubygems_version").unwrap_or_else(|| "0".to_owned()),
            specification_version: text("specification_version").and_then(|n| n.parse().ok()).unwrap_or(4),
            date: text("date").and_then(|date| date.get(..10).and_then(|day| day.parse().ok())),
            summary: text("summary"),
            description: text("description"),
            homepage: text("homepage"),
            email: texts(field("email"), "email addresses")?,
            authors: texts(field("authors"), "authors")?,
            licenses: texts(field("licenses"), "licenses")?,
            metadata: metadata(field("metadata"))?,
            required_ruby_version: requirement("required_ruby_version")?,
            required_rubygems_version: requirement("required_rubygems_version")?,
            dependencies: dependencies(field("dependencies"))?,
        })
    }

    /// `widget-1.0.0`, `widget-1.0.0-java`.
    pub fn full_name(&self) -> String {
        match self.platform.as_str() {
            RUBY => format!("{}-{}", self.name.as_str(), self.version),
            platform => format!("{}-{}-{platform}", self.name.as_str(), self.version),
        }
    }
}

/// A platform as text, or as the object that old versions of RubyGems wrote.
fn platform(node: Option<Node<'_>>) -> Result<String, GemspecError> {
    let Some(node) = node else { return Ok(RUBY.to_owned()) };
    let written = match node.text() {
        Some(text) => text.to_owned(),
        None => {
            let part = |key| node.get(key).and_then(Node::text);
            [part("cpu"), part("os"), part("version")].into_iter().flatten().collect::<Vec<_>>().join("-")
        }
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    match written.as_str() {
        "" => Ok(RUBY.to_owned()),
        text if text.len() <= 128 && text.chars().all(is_plain) => Ok(written),
        _ => Err(GemspecError::Field("platform")),
    }
}

/// One text or a list of them.
fn texts(node: Option<Node<'_>>, what: &'static str) -> Result<Vec<String>, GemspecError> {
    let Some(node) = node else { return Ok(Vec::new()) };
    if let Some(text) = node.text() {
        return Ok(vec![text.to_owned()]);
    }
    let items = node.items().into_iter().flatten();
    let texts: Vec<String> = items.filter_map(Node::text).take(MOST_ENTRIES + 1).map(str::to_owned).collect();
    if texts.len() > MOST_ENTRIES { Err(GemspecError::TooMany(what)) } else { Ok(texts) }
}

fn metadata(node: Option<Node<'_>>) -> Result<Vec<(String, String)>, GemspecError> {
    let pairs = node.and_then(Node::pairs).into_iter().flatten();
    let texts = pairs.filter_map(|(key, value)| Some((key.text()?.to_owned(), value.text()?.to_owned())));
    let texts: Vec<_> = texts.take(MOST_ENTRIES + 1).collect();
    if texts.len() > MOST_ENTRIES { Err(GemspecError::TooMany("metadata")) } else { Ok(texts) }
}

fn dependencies(node: Option<Node<'_>>) -> Result<Vec<Dependency>, GemspecError> {
    let Some(items) = node.and_then(Node::items) else { return Ok(Vec::new()) };
    if items.len() > MOST_DEPENDENCIES {
        return Err(GemspecError::TooMany("dependencies"));
    }
    items.map(|item| dependency(item).ok_or(GemspecError::Field("dependencies"))).collect()
}

fn dependency(node: Node<'_>) -> Option<Dependency> {
    let requirement = node.get("requirement").or_else(|| node.get("version_requirements"));
    let is_true = |key| node.get(key).and_then(Node::text) == Some("true");
    Some(Dependency {
        name: GemName::parse(node.get("name")?.text()?).ok()?,
        requirement: requirement.map_or_else(|| Some(Requirement::any()), Requirement::read)?,
        is_development: node.get("type").and_then(Node::text) == Some(":development"),
        is_prerelease: is_true("prerelease"),
    })
}

#[cfg(test)]
mod tests;
