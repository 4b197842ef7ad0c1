//! What an artifact may be called and what is said about it (`distribution.md` §5.3). File names never reach a
//! path of ours, yet they reach those of customers: what could climb out of a directory is refused.

use keyway_jsonapi::{Failure, Invalid};

/// The longest file name, in characters.
const MAX_FILENAME: usize = 255;

/// Why a file name is refused; `None` for good ones. Length is an attribute's rule, checked elsewhere too.
pub fn filename_failure(filename: &str) -> Option<Invalid> {
    let invalid = |detail| Some(Invalid::attribute("filename", Failure::Kind("INVALID"), detail));
    if filename.chars().count() > MAX_FILENAME {
        let detail = format!("is too long (maximum is {MAX_FILENAME} characters)");
        return Some(Invalid::attribute("filename", Failure::Kind("TOO_LONG"), detail));
    }
    if filename.chars().any(char::is_control) {
        return invalid("must not contain control characters");
    }
    if filename.contains('\\') {
        return invalid("must not contain backslashes");
    }
    if filename.starts_with('/') {
        return invalid("must not start with a slash");
    }
    if filename.split('/').any(str::is_empty) {
        return invalid("must not contain empty path segments");
    }
    if filename.split('/').any(|segment| matches!(segment.trim(), "." | "..")) {
        return invalid("must not contain relative path segments");
    }
    None
}

/// A file type as it is stored: trimmed, without one leading dot, lower-cased; `None` when nothing is left.
pub fn normal_filetype(text: &str) -> Option<String> {
    let text = text.trim();
    let text = text.strip_prefix('.').unwrap_or(text).trim().to_lowercase();
    (!text.is_empty()).then_some(text)
}

/// A platform or arch key as it is stored: trimmed and lower-cased; `None` when nothing is left.
pub fn normal_key(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    (!text.is_empty()).then_some(text)
}

/// Why the extension of a file name contradicts its declared file type (stored form): a name with a dot must
/// end in it. Types of several parts (`tar.gz`) are fine.
pub fn extension_failure(filename: &str, filetype: Option<&str>) -> Option<Invalid> {
    let filetype = filetype?;
    let agrees = !filename.contains('.') || filename.to_lowercase().ends_with(&format!(".{filetype}"));
    let detail = || format!("filename extension does not match filetype (expected {filetype})");
    (!agrees).then(|| Invalid::attribute("filename", Failure::Kind("EXTENSION_INVALID"), detail()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn good_names_pass() {
        for name in [
            "App.exe",
            "dir/App 1.0+build#1.exe",
            "latest-mac.yml",
            "a..b",
            "...",
            "ünïcode.zip",
            "0190163d-8694-739b-aea5-966c26f8ad91",
            "LICENSE",
        ] {
            assert_eq!(filename_failure(name), None, "{name}");
        }
    }

    #[test]
    fn names_that_climb_or_hide_are_refused() {
        for name in [
            "..", "../a", "a/../b", "a/..", ".", "./a", "a/ .. /b", "/a", "//a", "a//b", "a/", "", "a\\b",
            "..\\a", "a\nb", "a\u{7f}", "a\0b", "\u{85}",
        ] {
            let invalid = filename_failure(name).unwrap_or_else(|| panic!("{name:?} passed"));
            assert_eq!(invalid.code(), "FILENAME_INVALID", "{name:?}");
            assert_eq!(invalid.pointer(), "/data/attributes/filename");
        }
        let long = "a".repeat(256);
        assert_eq!(
            filename_failure(&long).map(|i| i.code().into_owned()),
            Some("FILENAME_TOO_LONG".to_owned())
        );
    }

    #[test]
    fn types_and_keys_are_normalised() {
        for (sent, stored) in [
            (".AppImage", Some("appimage")),
            (" tar.gz ", Some("tar.gz")),
            ("EXE", Some("exe")),
            ("..exe", Some(".exe")),
            (".", None),
            ("", None),
            ("  ", None),
        ] {
            assert_eq!(normal_filetype(sent).as_deref(), stored, "{sent:?}");
        }
        assert_eq!(normal_key(" MacOS ").as_deref(), Some("macos"));
        assert_eq!(normal_key(" "), None);
    }

    #[test]
    fn a_name_with_a_dot_ends_in_its_type() {
        for (name, filetype, agrees) in [
            ("App.AppImage", Some("appimage"), true),
            ("a.tar.gz", Some("tar.gz"), true),
            ("a.tar.gz", Some("gz"), true),
            ("a.tar.gz", Some("tar"), false),
            ("a.exe", Some("dmg"), false),
            ("aexe", Some("exe"), true),
            ("LICENSE", Some("txt"), true),
            ("v1.0/LICENSE", Some("txt"), false),
            ("a.exe", None, true),
        ] {
            let failure = extension_failure(name, filetype);
            assert_eq!(failure.is_none(), agrees, "{name} {filetype:?}");
            if let Some(failure) = failure {
                assert_eq!(failure.code(), "FILENAME_EXTENSION_INVALID");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]
        #[test]
        fn what_passes_stays_below_its_directory(name in "[./\\\\a ]{1,12}") {
            if filename_failure(&name).is_none() {
                let mut depth = 0i32;
                for segment in std::path::Path::new(&name).components() {
                    match segment {
                        std::path::Component::Normal(_) => depth += 1,
                        other => prop_assert!(false, "{name:?} has {other:?}"),
                    }
                }
                prop_assert!(depth > 0);
            }
        }
    }
}
