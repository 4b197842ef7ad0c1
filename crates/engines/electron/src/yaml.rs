//! A writer of the little YAML that feeds are made of. Scalars are quoted as in JSON, which is YAML too, so that no
//! name or note can be taken for anything but text.

use std::fmt::Write as _;

/// A text as a quoted scalar on one line. What YAML readers refuse or fold even inside quotes is escaped.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                write!(out, "\\u{:04x}", u32::from(letter)).expect("a text takes what is written");
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

/// A mapping in the making.
#[derive(Debug, Default)]
pub(crate) struct Mapping(String);

impl Mapping {
    /// A line `key: "text"`.
    pub(crate) fn text(&mut self, key: &str, value: &str) {
        self.line(key, &quoted(value));
    }
    /// A line `key: "text"`, if there is one.
    pub(crate) fn maybe(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }
    /// A line `key: 1`.
    pub(crate) fn number(&mut self, key: &str, value: u64) {
        self.line(key, &value.to_string());
    }
    /// A line `key: true`, if it is.
    pub(crate) fn flag(&mut self, key: &str, value: bool) {
        if value {
            self.line(key, "true");
        }
    }
    /// A list of mappings.
    pub(crate) fn list(&mut self, key: &str, items: impl Iterator<Item = Self>) {
        self.0.push_str(key);
        self.0.push_str(":\n");
        for item in items {
            for (index, line) in item.0.lines().enumerate() {
                self.0.push_str(if index == 0 { "  - " } else { "    " });
                self.0.push_str(line);
                self.0.push('\n');
            }
        }
    }
    /// A mapping below a key.
    pub(crate) fn mapping(&mut self, key: &str, value: &Self) {
        self.0.push_str(key);
        self.0.push_str(":\n");
        for line in value.0.lines() {
            self.0.push_str("  ");
            self.0.push_str(line);
            self.0.push('\n');
        }
    }
    /// The document.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn line(&mut self, key: &str, value: &str) {
        self.0.push_str(key);
        self.0.push_str(": ");
        self.0.push_str(value);
        self.0.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use keyway_archive::yaml::{Yaml, YamlLimits};
    use proptest::prelude::*;

    use super::*;

    fn read_back(text: &str) -> Option<String> {
        let document = format!("key: {}\n", quoted(text));
        assert_eq!(document.lines().count(), 1, "{document:?}");
        let yaml = Yaml::parse(document.as_bytes(), &YamlLimits::default()).unwrap();
        yaml.root().get("key")?.text().map(str::to_owned)
    }

    #[test]
    fn odd_texts_come_back_as_they_are() {
        for text in [
            "",
            " ",
            "yes",
            "null",
            "~",
            "1.0",
            "- a",
            "a: b",
            "# no",
            "%TAG",
            "&a *b !c",
            "'",
            "\"",
            "\\",
            "`$(x)`",
            "a\nb\r\n\tc",
            "größe 100%",
            "日本語 🚀",
            "\u{0}\u{1b}\u{7f}\u{85}\u{2028}\u{feff}\u{ffff}",
            "{a: [b",
        ] {
            assert_eq!(read_back(text).as_deref(), Some(text), "{text:?}");
        }
    }

    #[test]
    fn mappings_and_lists_are_nested() {
        let file = |url| {
            let mut file = Mapping::default();
            file.text("url", url);
            file.number("size", 7);
            file
        };
        let mut document = Mapping::default();
        document.text("version", "1.0.0");
        document.list("files", ["a", "b"].map(file).into_iter());
        document.mapping("x64", &file("c"));
        document.maybe("none", None);
        document.flag("critical", true);
        document.flag("not", false);
        assert_eq!(
            document.finish(),
            "version: \"1.0.0\"\nfiles:\n  - url: \"a\"\n    size: 7\n  - url: \"b\"\n    size: 7\n\
             x64:\n  url: \"c\"\n  size: 7\ncritical: true\n"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn every_text_survives(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), Some(text));
        }
    }
}
