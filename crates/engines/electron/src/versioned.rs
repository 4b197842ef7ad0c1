//! A vendor's feed with addresses that say of which version they are. Builds whose file names have no version in them
//! are in every release under the same names, and an address beside the feed would lead to the newest one's file.

use keyway_archive::yaml::Node;
use keyway_engine::Reject;

use crate::op::address;
use crate::yaml::quoted;

/// The most text that a feed may become: aliases stand for what they name, each time, and may name what they are in.
const LONGEST: usize = 2 * 1024 * 1024;
/// The most levels of it.
const DEEPEST: usize = 32;

/// Why a feed is refused that becomes more.
fn endless() -> Reject {
    Reject(format!(
        "the feed's aliases stand for more than {LONGEST} bytes or {DEEPEST} levels: write them out"
    ))
}

/// A feed whose files are below the release's version; `None` where each name has the version in it, or an address of
/// its own. Everything else stands in it as the vendor wrote it.
///
/// # Errors
/// Where its aliases stand for too much.
pub(crate) fn versioned(root: Node<'_>, version: &str, names: &[String]) -> Result<Option<String>, Reject> {
    let mut writer = Writer { version, below: address(version), text: String::new() };
    if !names.iter().any(|name| writer.is_bare(name)) {
        return Ok(None);
    }
    for (key, value) in root.pairs().into_iter().flatten() {
        let key = key.text().unwrap_or_default();
        writer.text.push_str(&scalar(key, true));
        writer.text.push_str(": ");
        writer.value(key, value, DEEPEST)?;
        writer.text.push('\n');
    }
    Ok(Some(writer.text))
}

/// What a feed is written into.
struct Writer<'v> {
    version: &'v str,
    below: String,
    text: String,
}

impl Writer<'_> {
    fn is_bare(&self, name: &str) -> bool {
        !name.contains("://") && !name.starts_with('/') && !name.contains(self.version)
    }

    /// A value as YAML on one line. Under `url` and `path` are names of files.
    fn value(&mut self, key: &str, value: Node<'_>, levels: usize) -> Result<(), Reject> {
        let levels = levels.checked_sub(1).filter(|_| self.text.len() <= LONGEST).ok_or_else(endless)?;
        if let Some(items) = value.items() {
            let mut mark = "[";
            for item in items {
                self.text.push_str(mark);
                self.value("", item, levels)?;
                mark = ", ";
            }
            self.text.push_str(if mark == "[" { "[]" } else { "]" });
        } else if let Some(pairs) = value.pairs() {
            let mut mark = "{";
            for (key, value) in pairs {
                let key = key.text().unwrap_or_default();
                self.text.push_str(mark);
                self.text.push_str(&scalar(key, true));
                self.text.push_str(": ");
                self.value(key, value, levels)?;
                mark = ", ";
            }
            self.text.push_str(if mark == "{" { "{}" } else { "}" });
        } else {
            let written = self.scalar(key, value);
            self.text.push_str(&written);
        }
        Ok(())
    }

    fn scalar(&self, key: &str, value: Node<'_>) -> String {
        match value.text() {
            None => "null".to_owned(),
            Some(name) if matches!(key, "url" | "path") && self.is_bare(name) => {
                quoted(&format!("{}/{name}", self.below))
            }
            Some(text) => scalar(text, value.is_plain()),
        }
    }
}

/// A scalar. Numbers and times are such only without quotes; they have no letters that could end one.
fn scalar(text: &str, is_plain: bool) -> String {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'_' | b'-');
    let stays = is_plain
        && text.bytes().all(|byte| is_word(byte) || byte == b':')
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && !text.ends_with(':');
    if stays { text.to_owned() } else { quoted(text) }
}

#[cfg(test)]
mod tests {
    use keyway_archive::yaml::{Yaml, YamlLimits};
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Yaml {
        Yaml::parse(text.as_bytes(), &YamlLimits::default()).unwrap()
    }

    fn rewritten(text: &str, names: &[&str]) -> Option<String> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        versioned(read(text).root(), "1.1.0+b.2", &names).unwrap()
    }

    #[test]
    fn names_without_a_version_are_put_below_it() {
        let feed = "version: 1.1.0+b.2\nfiles:\n  - url: App Setup.exe\n    sha512: 'aa+/='\n    size: 7\n    \
                    isAdminRightsRequired: true\n  - url: https://cdn.example/App.exe\npath: App Setup.exe\n\
                    releaseDate: '2026-01-01T00:00:00.000Z'\nreleaseNotes: |\n  - one\n  - two: \"x\"\n\
                    packages:\n  x64:\n    path: app-x64.7z\nvendor: {size: '7', none: ~}\n";
        assert_eq!(
            rewritten(feed, &["App Setup.exe", "https://cdn.example/App.exe"]).as_deref(),
            Some(
                "version: 1.1.0+b.2\nfiles: [{url: \"1.1.0+b.2/App Setup.exe\", sha512: \"aa+/=\", size: 7, \
                 isAdminRightsRequired: true}, {url: \"https://cdn.example/App.exe\"}]\n\
                 path: \"1.1.0+b.2/App Setup.exe\"\nreleaseDate: \"2026-01-01T00:00:00.000Z\"\n\
                 releaseNotes: \"- one\\n- two: \\\"x\\\"\\n\"\n\
                 packages: {x64: {path: \"1.1.0+b.2/app-x64.7z\"}}\nvendor: {size: \"7\", none: null}\n"
            )
        );
    }

    #[test]
    fn names_with_the_version_are_left_alone() {
        let feed = "version: 1.1.0+b.2\npath: App-1.1.0+b.2.exe\n";
        assert_eq!(rewritten(feed, &["App-1.1.0+b.2.exe", "https://cdn.example/App.exe"]), None);
    }

    #[test]
    fn aliases_that_never_end_are_refused() {
        let itself = "path: App.exe\nmore: &a [1, *a]\n".to_owned();
        let names = |letter: char| format!("[{}]", vec![format!("*{letter}"); 40].join(", "));
        let bomb = ('b'..='f').fold("path: App.exe\na: &a [x]\n".to_owned(), |text, letter| {
            let before = char::from_u32(u32::from(letter) - 1).unwrap();
            format!("{text}{letter}: &{letter} {}\n", names(before))
        });
        for text in [itself, bomb] {
            let Ok(yaml) = Yaml::parse(text.as_bytes(), &YamlLimits::default()) else { continue };
            assert_eq!(versioned(yaml.root(), "1.0.0", &["App.exe".to_owned()]), Err(endless()), "{text}");
        }
        let twice = "path: &p App.exe\nurl: *p\nempty: [[], {}]\n";
        let expected = "path: \"1.1.0+b.2/App.exe\"\nurl: \"1.1.0+b.2/App.exe\"\nempty: [[], {}]\n";
        assert_eq!(rewritten(twice, &["App.exe"]).as_deref(), Some(expected));
    }

    /// The text of all scalars, and whether they are plain words.
    fn scalars(node: Node<'_>) -> Vec<Option<String>> {
        if let Some(items) = node.items() {
            return items.flat_map(scalars).collect();
        }
        if let Some(pairs) = node.pairs() {
            return pairs.flat_map(|(key, value)| [scalars(key), scalars(value)].concat()).collect();
        }
        vec![node.text().map(str::to_owned)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn all_else_is_read_back_as_it_was(key in "[a-z]{1,8}", text in any::<String>(), plain in "[!-~]{1,12}") {
            let feed = format!("path: App.exe\n{key}: [{{a: {}}}, {plain:?}]\n", quoted(&text));
            prop_assume!(Yaml::parse(feed.as_bytes(), &YamlLimits::default()).is_ok());
            let again = rewritten(&feed, &["App.exe"]).unwrap();
            let expected = scalars(read(&feed.replace("App.exe", "1.1.0+b.2/App.exe")).root());
            prop_assert_eq!(scalars(read(&again).root()), expected, "{}", again);
        }
    }
}
