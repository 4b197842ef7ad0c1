//! Names of packages: `{id}-{version}[-{channel}]-full.nupkg` and `…-delta.nupkg`.

use std::fmt;

/// What a package holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The whole app.
    Full,
    /// What changed since the version before.
    Delta,
}

impl Kind {
    /// A file name's kind, and what stands before it; `None` for files that are no packages of an updater.
    pub(crate) fn split(base_name: &str) -> Option<(&str, Self)> {
        let ending = |ending: &str| {
            let at = base_name.len().checked_sub(ending.len())?;
            base_name.get(at..).filter(|end| end.eq_ignore_ascii_case(ending))?;
            base_name.get(..at).filter(|stem| !stem.is_empty())
        };
        let full = ending("-full.nupkg").map(|stem| (stem, Self::Full));
        full.or_else(|| ending("-delta.nupkg").map(|stem| (stem, Self::Delta)))
    }
}

/// As in a feed of Velopack.
impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "Full",
            Self::Delta => "Delta",
        })
    }
}

/// Whether clients can join a name to an address, put it in a line and use it as a file's, as they do.
pub(crate) fn is_plain(base_name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~');
    !base_name.is_empty() && base_name.chars().all(is_plain)
}

/// A version as Squirrel.Windows can read it: without build metadata, and its label without dots (`1.0.0-beta.2` is
/// `1.0.0-beta2`). Tools that pack for it spell versions so.
pub fn squirrel_spelling(version: &str) -> String {
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    match version.split_once('-') {
        Some((numbers, label)) => format!("{numbers}-{}", label.replace('.', "")),
        None => version.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_full_from_delta() {
        for (name, expected) in [
            ("App-1.0.0-full.nupkg", Some(("App-1.0.0", Kind::Full))),
            ("App-1.0.0-osx-delta.nupkg", Some(("App-1.0.0-osx", Kind::Delta))),
            ("app-1.0.0-FULL.NUPKG", Some(("app-1.0.0", Kind::Full))),
            ("App.1.0.0.nupkg", None),
            ("-full.nupkg", None),
            ("größe", None),
        ] {
            assert_eq!(Kind::split(name), expected, "{name}");
        }
    }

    #[test]
    fn names_that_clients_cannot_join_are_told() {
        for good in ["App-1.0.0+5-full.nupkg", "Grüße_2~1.nupkg"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in
            ["", "a b", "a\"b", "a%20", "a$b", "a`b", "a\nb", "a\0", "a#b", "a?b", "a/b", "a\\b", "a:b"]
        {
            assert!(!is_plain(bad), "{bad}");
        }
    }

    #[test]
    fn squirrel_has_no_dots_in_labels() {
        for (version, spelled) in [
            ("1.2.3", "1.2.3"),
            ("1.2.3-beta.1", "1.2.3-beta1"),
            ("1.2.3-rc.1-x.2+build.5", "1.2.3-rc1-x2"),
            ("1.2.3+5", "1.2.3"),
        ] {
            assert_eq!(squirrel_spelling(version), spelled);
        }
    }
}
