//! Writing XML: whatever a text contains, a parser reads it back.

use std::borrow::Cow;

/// A document being written.
#[derive(Debug)]
pub struct Xml {
    text: String,
}

/// The attributes of an element: names and values.
pub type Attributes<'a> = &'a [(&'a str, &'a str)];

impl Default for Xml {
    fn default() -> Self {
        Self { text: "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned() }
    }
}

impl Xml {
    /// An element without content.
    pub fn empty(&mut self, name: &str, attributes: Attributes<'_>) {
        self.begin(name, attributes);
        self.text.push_str("/>\n");
    }

    /// An element with a text.
    pub fn text(&mut self, name: &str, attributes: Attributes<'_>, text: &str) {
        self.begin(name, attributes);
        self.text.push('>');
        self.text.push_str(&escaped(text, false));
        self.end(name);
    }

    /// An element around others.
    pub fn around(&mut self, name: &str, attributes: Attributes<'_>, content: impl FnOnce(&mut Self)) {
        self.begin(name, attributes);
        self.text.push_str(">\n");
        content(self);
        self.end(name);
    }

    /// The document.
    pub fn finish(self) -> String {
        self.text
    }

    fn begin(&mut self, name: &str, attributes: Attributes<'_>) {
        self.text.push('<');
        self.text.push_str(name);
        for (key, value) in attributes {
            self.text.push(' ');
            self.text.push_str(key);
            self.text.push_str("=\"");
            self.text.push_str(&escaped(value, true));
            self.text.push('"');
        }
    }

    fn end(&mut self, name: &str) {
        self.text.push_str("</");
        self.text.push_str(name);
        self.text.push_str(">\n");
    }
}

/// A text as content, or as the value of an attribute, where parsers would make spaces of line breaks. What no XML
/// document may contain becomes U+FFFD.
fn escaped(text: &str, is_value: bool) -> Cow<'_, str> {
    let is_plain = |c: char| !matches!(c, '&' | '<' | '>' | '"' | '\'' | '\u{FFFE}' | '\u{FFFF}') && c >= ' ';
    if text.chars().all(is_plain) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\r' => out.push_str("&#13;"),
            '\n' if is_value => out.push_str("&#10;"),
            '\t' if is_value => out.push_str("&#9;"),
            '\n' | '\t' => out.push(c),
            c if is_plain(c) => out.push(c),
            _ => out.push('\u{FFFD}'),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn document(value: &str) -> String {
        let mut xml = Xml::default();
        xml.around("a", &[("b", value)], |xml| xml.text("c", &[], value));
        xml.finish()
    }

    #[test]
    fn what_xml_would_read_is_escaped() {
        let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
            <a b=\"&lt;&quot;&#39;&amp;&gt;]]&gt;&#10;&#13;\u{FFFD}\">\n\
            <c>&lt;&quot;&#39;&amp;&gt;]]&gt;\n&#13;\u{FFFD}</c>\n</a>\n";
        assert_eq!(document("<\"'&>]]>\n\r\0"), expected);
        let mut xml = Xml::default();
        xml.empty("x", &[("y", "1"), ("z:w", "ä")]);
        assert!(xml.finish().ends_with("?>\n<x y=\"1\" z:w=\"ä\"/>\n"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn a_parser_reads_every_text_back(text in "(\\PC|[\\x00-\\x1f<>&\"'\\]]){0,40}") {
            let legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
            let expected: String = text.chars().map(|c| if legal(c) { c } else { '\u{FFFD}' }).collect();
            let written = document(&text);
            let parsed = roxmltree::Document::parse(&written).unwrap();
            let root = parsed.root_element();
            prop_assert_eq!(root.attribute("b").unwrap(), &expected);
            let content = root.first_element_child().unwrap().text().unwrap_or_default();
            prop_assert_eq!(content, &expected);
        }
    }
}
