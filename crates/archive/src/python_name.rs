//! Names of Python projects.

/// A project's name in normal form (PEP 503): lower case, runs of `-`, `_` and `.` become one `-`.
///
/// Does not judge whether `name` is valid.
pub fn normalize_python_name(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    let mut in_run = false;
    for character in name.chars() {
        let separates = matches!(character, '-' | '_' | '.');
        match (separates, in_run) {
            (true, true) => {}
            (true, false) => normal.push('-'),
            (false, _) => normal.push(character.to_ascii_lowercase()),
        }
        in_run = separates;
    }
    normal
}

/// True for `[A-Za-z0-9]` with `.`, `_`, `-` inside (the core metadata specification, "Name").
pub(crate) fn is_project_name(name: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// True where `version` has only the characters a version can have in a file name. Whether it is a version is
/// for whoever orders versions to say.
pub(crate) fn is_version_text(version: &str) -> bool {
    !version.is_empty()
        && version
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'!' | b'+' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised_as_pep_503_says() {
        for name in ["friendly-bard", "Friendly-Bard", "FRIENDLY-BARD", "friendly.bard", "friendly_bard"] {
            assert_eq!(normalize_python_name(name), "friendly-bard");
        }
        for name in ["friendly--bard", "FrIeNdLy-._.-bArD"] {
            assert_eq!(normalize_python_name(name), "friendly-bard");
        }
    }

    #[test]
    fn project_names_start_and_end_with_a_letter_or_digit() {
        assert!(is_project_name("a") && is_project_name("Acme.Widget_2"));
        assert!(!is_project_name("") && !is_project_name("-a") && !is_project_name("a_"));
        assert!(!is_project_name("ä") && !is_project_name("a b"));
    }
}
