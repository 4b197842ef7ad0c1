//! The names that clients, build tools and vendors have for one platform or arch.

use crate::Artifact;

/// A platform or an arch under all its names.
#[derive(Debug, PartialEq, Eq)]
pub struct Spelled {
    /// The name that we use.
    pub key: &'static str,
    /// Every name, in lower case, ours among them.
    pub names: &'static [&'static str],
}

static PLATFORMS: &[Spelled] = &[
    Spelled { key: "linux", names: &["linux"] },
    Spelled { key: "darwin", names: &["darwin", "macos", "mac", "osx"] },
    Spelled { key: "windows", names: &["windows", "win32", "win"] },
];

static ARCHES: &[Spelled] = &[
    Spelled { key: "x86_64", names: &["x86_64", "x64", "amd64"] },
    Spelled { key: "aarch64", names: &["aarch64", "arm64"] },
    Spelled { key: "i686", names: &["i686", "ia32", "x86", "i386", "386"] },
    Spelled { key: "armv7", names: &["armv7", "armv7l", "arm", "armhf"] },
    Spelled { key: "riscv64", names: &["riscv64", "riscv64gc"] },
    Spelled { key: "universal", names: &["universal"] },
];

impl Spelled {
    /// The platform that a client means, in any case.
    pub fn platform(name: &str) -> Option<&'static Self> {
        named(PLATFORMS, name)
    }

    /// The arch that a client means, in any case.
    pub fn arch(name: &str) -> Option<&'static Self> {
        named(ARCHES, name)
    }

    /// The arch that an artifact is for: what its vendor says, else what its file name says; `None` where neither does.
    pub fn arch_of(artifact: &Artifact) -> Option<&'static Self> {
        match artifact.arch.as_deref() {
            Some(said) => Self::arch(said),
            None => Self::arch_in(&artifact.filename),
        }
    }

    /// The arch that a file name contains as a word: the longest name, since `x86` is in `x86_64`.
    pub fn arch_in(filename: &str) -> Option<&'static Self> {
        let filename = filename.to_ascii_lowercase();
        let held =
            |name: &str| filename.match_indices(name).any(|(at, _)| is_word(&filename, at, name.len()));
        let names = ARCHES.iter().flat_map(|arch| arch.names.iter().map(move |name| (arch, *name)));
        names.filter(|(_, name)| held(name)).max_by_key(|(_, name)| name.len()).map(|(arch, _)| arch)
    }

    /// Whether a name is one of its own, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// Whether no letter or digit stands before or after a part of a text.
fn is_word(text: &str, at: usize, len: usize) -> bool {
    let before = text.get(..at).and_then(|before| before.chars().next_back());
    let after = text.get(at + len..).and_then(|after| after.chars().next());
    !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
}

fn named(list: &'static [Spelled], name: &str) -> Option<&'static Spelled> {
    list.iter().find(|spelled| spelled.is(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_names_of_its_own() {
        for (name, key) in
            [("win32", "windows"), ("Windows", "windows"), ("macOS", "darwin"), ("linux", "linux")]
        {
            assert_eq!(Spelled::platform(name).map(|platform| platform.key), Some(key), "{name}");
        }
        for (name, key) in [("x64", "x86_64"), ("amd64", "x86_64"), ("arm64", "aarch64"), ("ia32", "i686")] {
            assert_eq!(Spelled::arch(name).map(|arch| arch.key), Some(key), "{name}");
        }
        assert_eq!(Spelled::platform("beos"), None);
        assert_eq!(Spelled::arch(""), None);
    }

    #[test]
    fn a_file_name_tells_the_arch_by_a_word() {
        for (name, key) in [
            ("App-1.0.0-x86_64.AppImage", Some("x86_64")),
            ("App-1.0.0-x86.AppImage", Some("i686")),
            ("app_1.0.0_ARM64.dmg", Some("aarch64")),
            ("App-universal.zip", Some("universal")),
            ("armada-1.0.0.zip", None),
            ("größe.zip", None),
        ] {
            assert_eq!(Spelled::arch_in(name).map(|arch| arch.key), key, "{name}");
        }
    }

    #[test]
    fn no_name_means_two() {
        for list in [PLATFORMS, ARCHES] {
            let mut names: Vec<_> = list.iter().flat_map(|spelled| spelled.names).collect();
            names.sort_unstable();
            assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
            assert!(list.iter().all(|spelled| spelled.names.contains(&spelled.key)));
        }
    }
}
