//! From parser events to nodes.

use saphyr_parser::{Event, Parser, ScalarStyle, Tag};

use super::{Content, Raw, Yaml, YamlLimits};
use crate::ArchiveError;

pub(super) fn document(bytes: &[u8], limits: &YamlLimits) -> Result<Yaml, ArchiveError> {
    if bytes.len() > limits.bytes {
        return Err(refuse(format!("it is longer than {} bytes", limits.bytes)));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not UTF-8".to_owned()))?;
    let mut loader = Loader { limits, nodes: Vec::new(), open: Vec::new(), anchors: Vec::new(), root: None };
    let mut parser = Parser::new_from_str(text);
    let mut seen = 0_usize;
    while let Some(event) = parser.next_event() {
        let (event, _) = event.map_err(|error| refuse(error.to_string()))?;
        seen += 1;
        // Each node has at most two events; a few more open and close the stream.
        if seen > limits.nodes.saturating_mul(2).saturating_add(8) {
            return Err(refuse(format!("it has more than {} nodes", limits.nodes)));
        }
        loader.take(event)?;
    }
    let root = loader.root.ok_or_else(|| refuse("it is empty".to_owned()))?;
    Ok(Yaml { nodes: loader.nodes, root })
}

fn refuse(problem: String) -> ArchiveError {
    ArchiveError::Yaml { problem }
}

struct Loader<'l> {
    limits: &'l YamlLimits,
    nodes: Vec<Raw>,
    /// Sequences and mappings that have not ended, outermost first.
    open: Vec<usize>,
    /// The nodes that aliases may name, by the parser's number.
    anchors: Vec<(usize, usize)>,
    root: Option<usize>,
}

impl Loader<'_> {
    fn take(&mut self, event: Event<'_>) -> Result<(), ArchiveError> {
        match event {
            Event::Alias(anchor) => {
                let at = self.anchors.binary_search_by_key(&anchor, |(anchor, _)| *anchor);
                let named = at.ok().and_then(|at| self.anchors.get(at)).map(|(_, node)| *node);
                let node = named.filter(|node| !self.open.contains(node));
                self.attach(node.ok_or_else(|| refuse("an alias names nothing".to_owned()))?)
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain = style == ScalarStyle::Plain;
                self.add(Content::Scalar { text: text.into_owned(), is_plain }, anchor, tag.as_deref())
                    .map(|_| ())
            }
            Event::SequenceStart(anchor, tag) => {
                self.begin(Content::Sequence(Vec::new()), anchor, tag.as_deref())
            }
            Event::MappingStart(anchor, tag) => {
                self.begin(Content::Mapping(Vec::new()), anchor, tag.as_deref())
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                Ok(())
            }
            Event::DocumentStart(_) if self.root.is_some() => {
                Err(refuse("it has more than one document".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn begin(&mut self, content: Content, anchor: usize, tag: Option<&Tag>) -> Result<(), ArchiveError> {
        if self.open.len() >= self.limits.depth {
            return Err(refuse(format!("it is nested deeper than {} levels", self.limits.depth)));
        }
        let node = self.add(content, anchor, tag)?;
        self.open.push(node);
        Ok(())
    }

    fn add(&mut self, content: Content, anchor: usize, tag: Option<&Tag>) -> Result<usize, ArchiveError> {
        let node = self.nodes.len();
        if node >= self.limits.nodes {
            return Err(refuse(format!("it has more than {} nodes", self.limits.nodes)));
        }
        let tag = tag.filter(|tag| tag.handle == "!").map(|tag| tag.suffix.clone());
        self.nodes.push(Raw { tag, content });
        if anchor > 0 {
            // The parser counts anchors upwards, so the list stays sorted.
            self.anchors.push((anchor, node));
        }
        self.attach(node)?;
        Ok(node)
    }

    /// Puts a node where the next one belongs.
    fn attach(&mut self, node: usize) -> Result<(), ArchiveError> {
        let parent = self.open.last().and_then(|at| self.nodes.get_mut(*at));
        match parent.map(|raw| &mut raw.content) {
            Some(Content::Sequence(children) | Content::Mapping(children)) => children.push(node),
            _ => self.root = Some(node),
        }
        Ok(())
    }
}
