//! A vendor's feed with addresses that say of which version they are. Builds whose file names have no version in them
//! are in every release under the same names, and an address beside the feed would lead to the newest one's file.

use keyway_archive::yaml::Node;

use crate::op::address;
use crate::yaml::quoted;

/// A feed whose files are below the release's version; `None` where each name has the version in it, or an address of
/// its own. Everything else stands in it as the vendor wrote it.
pub(crate) fn versioned(root: Node<'_>, version: &str, names: &[String]) -> Option<String> {
    let is_bare = |name: &str| !name.contains("://") && !name.starts_with('/') && !name.contains(version);
    if !names.iter().any(|name| is_bare(name)) {
        return None;
    }
    let below = address(version);
    let mut text = String::new();
    for (key, value) in root.pairs()? {
        let key = key.text().unwrap_or_default();
        let written = written(key, value, &|name| is_bare(name).then(|| format!("{below}/{name}")));
        text.push_str(&format!("{}: {written}\n", scalar(key, true)));
    }
    Some(text)
}

/// A value as YAML on one line. Under `url` and `path` are names of files.
fn written(key: &str, value: Node<'_>, renamed: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(items) = value.items() {
        let items: Vec<String> = items.map(|item| written("", item, renamed)).collect();
        return format!("[{}]", items.join(", "));
    }
    if let Some(pairs) = value.pairs() {
        let pair = |(key, value): (Node<'_>, Node<'_>)| {
            let key = key.text().unwrap_or_default();
            format!("{}: {}", scalar(key, true), written(key, value, renamed))
        };
        return format!("{{{}}}", pairs.map(pair).collect::<Vec<_>>().join(", "));
    }
    let Some(text) = value.text() else { return "null".to_owned() };
    match renamed(text).filter(|_| matches!(key, "url" | "path")) {
        Some(renamed) => quoted(&renamed),
        None => scalar(text, value.is_plain()),
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
        versioned(read(text).root(), "1.1.0+b.2", &names)
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
