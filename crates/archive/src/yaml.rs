//! YAML documents as a bounded graph of nodes: what Ruby's tools write into gems.
//!
//! Aliases become second references to one node, never copies, so a document takes no more memory than its text
//! is long. Whoever walks one follows fixed paths; there are no cycles.

mod load;

use crate::ArchiveError;

/// How much a document may cost whoever reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YamlLimits {
    /// Its text, in bytes.
    pub bytes: usize,
    /// Scalars, sequences, mappings and aliases together.
    pub nodes: usize,
    /// How deep they may be nested.
    pub depth: usize,
}

impl Default for YamlLimits {
    /// 1 MiB, 200,000 nodes, 32 levels.
    fn default() -> Self {
        Self { bytes: 1 << 20, nodes: 200_000, depth: 32 }
    }
}

/// A document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Yaml {
    nodes: Vec<Raw>,
    root: usize,
}

/// A node as it is kept: children by position.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Raw {
    /// A tag of the document's own (`ruby/object:Gem::Version`), without its exclamation mark.
    tag: Option<String>,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Scalar {
        text: String,
        is_plain: bool,
    },
    Sequence(Vec<usize>),
    /// Keys and values by turns.
    Mapping(Vec<usize>),
}

/// A node of a document.
#[derive(Debug, Clone, Copy)]
pub struct Node<'y> {
    document: &'y Yaml,
    at: usize,
}

impl Yaml {
    /// Reads the only document of a text.
    ///
    /// # Errors
    /// [`ArchiveError::Yaml`]: not UTF-8, not YAML, none or several documents, or past a limit.
    pub fn parse(bytes: &[u8], limits: &YamlLimits) -> Result<Self, ArchiveError> {
        load::document(bytes, limits)
    }

    /// The outermost node.
    pub fn root(&self) -> Node<'_> {
        Node { document: self, at: self.root }
    }
}

impl<'y> Node<'y> {
    fn raw(self) -> Option<&'y Raw> {
        self.document.nodes.get(self.at)
    }
    fn content(self) -> Option<&'y Content> {
        self.raw().map(|raw| &raw.content)
    }
    fn of(self, at: usize) -> Self {
        Self { document: self.document, at }
    }

    /// The local tag, without its exclamation mark.
    pub fn tag(self) -> Option<&'y str> {
        self.raw()?.tag.as_deref()
    }
    /// The text of a scalar, whatever it stands for; `None` for a null and for what is no scalar.
    pub fn text(self) -> Option<&'y str> {
        match self.content()? {
            Content::Scalar { text, is_plain } => (!is_plain || !is_null(text)).then_some(text),
            _ => None,
        }
    }
    /// Whether it is a scalar without quotes: a number, a time or `true` is such.
    pub fn is_plain(self) -> bool {
        matches!(self.content(), Some(Content::Scalar { is_plain: true, .. }))
    }
    /// Whether it says nothing: `null`, `~` or no text at all.
    pub fn is_null(self) -> bool {
        matches!(self.content(), Some(Content::Scalar { text, is_plain: true }) if is_null(text))
    }
    /// The items of a sequence; `None` for what is no sequence.
    pub fn items(self) -> Option<impl ExactSizeIterator<Item = Node<'y>>> {
        match self.content()? {
            Content::Sequence(items) => Some(items.iter().map(move |at| self.of(*at))),
            _ => None,
        }
    }
    /// The pairs of a mapping in order; `None` for what is no mapping.
    pub fn pairs(self) -> Option<impl Iterator<Item = (Node<'y>, Node<'y>)>> {
        match self.content()? {
            Content::Mapping(items) => Some(items.chunks_exact(2).filter_map(move |pair| match pair {
                [key, value] => Some((self.of(*key), self.of(*value))),
                _ => None,
            })),
            _ => None,
        }
    }
    /// The last value that a mapping has under a key, as Ruby reads it; `None` for what is no mapping.
    pub fn get(self, key: &str) -> Option<Node<'y>> {
        self.pairs()?.filter(|(name, _)| name.text() == Some(key)).last().map(|(_, value)| value)
    }
}

fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

#[cfg(test)]
mod tests;
