//! `Gem::Requirement`: which versions will do.

use keyway_archive::yaml::Node;
use keyway_versions::gem::Version;

/// The most parts that one requirement may have.
const MOST_PARTS: usize = 64;

/// A comparison and what it compares with, such as `~> 1.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `=`, `!=`, `>`, `<`, `>=`, `<=` or `~>`.
    pub operator: &'static str,
    /// The version as written.
    pub version: String,
}

/// Comparisons that all have to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    /// At least one.
    pub parts: Vec<Part>,
}

const OPERATORS: [&str; 7] = ["=", "!=", ">", "<", ">=", "<=", "~>"];

impl Requirement {
    /// Any version: `>= 0`.
    pub fn any() -> Self {
        Self { parts: vec![Part { operator: ">=", version: "0".to_owned() }] }
    }

    /// Whether it is `>= 0` as RubyGems writes it.
    pub fn is_any(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.operator == ">=" && part.version == "0")
    }

    /// Reads one out of a gemspec; `None` for what is none.
    pub(crate) fn read(node: Node<'_>) -> Option<Self> {
        if node.is_null() {
            return Some(Self::any());
        }
        // Gems from before 2008 hold a bare version.
        let list = match node.get("requirements") {
            Some(list) => list,
            None => return Some(Self { parts: vec![Part { operator: ">=", version: version(node)? }] }),
        };
        let items = list.items()?;
        if items.len() > MOST_PARTS {
            return None;
        }
        let parts = items.map(part).collect::<Option<Vec<_>>>()?;
        Some(if parts.is_empty() { Self::any() } else { Self { parts } })
    }

    /// As the compact index writes it: parts sorted and joined with `&`.
    pub fn compact(&self) -> String {
        let mut parts: Vec<String> =
            self.parts.iter().map(|part| format!("{} {}", part.operator, part.version)).collect();
        parts.sort_unstable();
        parts.join("&")
    }
}

fn part(node: Node<'_>) -> Option<Part> {
    let mut pair = node.items()?;
    let (operator, of) = (pair.next()?.text()?, pair.next()?);
    let operator = OPERATORS.into_iter().find(|known| *known == operator)?;
    Some(Part { operator, version: version(of)? })
}

/// The text of a `Gem::Version`, checked.
pub(crate) fn version(node: Node<'_>) -> Option<String> {
    let text = node.get("version").unwrap_or(node).text()?.trim();
    text.parse::<Version>().ok().map(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use keyway_archive::{Yaml, YamlLimits};

    use super::*;

    fn read(text: &str) -> Option<Requirement> {
        let yaml = Yaml::parse(text.as_bytes(), &YamlLimits::default()).unwrap();
        Requirement::read(yaml.root())
    }

    #[test]
    fn parts_are_sorted_as_texts() {
        let requirement = read(
            "!ruby/object:Gem::Requirement\nrequirements:\n- - \"~>\"\n  - !ruby/object:Gem::Version\n    version: '1.0'\n\
             - - \">=\"\n  - !ruby/object:Gem::Version\n    version: 1.0.1\n",
        );
        assert_eq!(requirement.unwrap().compact(), ">= 1.0.1&~> 1.0");
    }

    #[test]
    fn nothing_said_is_any_version() {
        for text in ["~", "requirements: []", "requirements:\n- - '>='\n  - version: '0'"] {
            assert!(read(text).unwrap().is_any(), "{text}");
        }
        assert!(!read("version: '1'").unwrap().is_any());
    }

    #[test]
    fn what_would_break_a_line_is_refused() {
        for text in [
            "requirements:\n- - '=>'\n  - version: '1'",
            "requirements:\n- - '='\n  - version: '1,x'",
            "requirements:\n- - '='\n  - version: \"1\\n2\"",
            "requirements:\n- - '='",
            "requirements: x",
            "[]",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
