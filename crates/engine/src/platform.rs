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

    /// Whether an artifact is for an arch that has no name here, and so for none that a client can ask for.
    pub fn is_of_unknown_arch(artifact: &Artifact) -> bool {
        artifact.arch.as_deref().is_some_and(|said| Self::arch(said).is_none())
    }

    /// The platform that a file name contains as a word: the last one, since products have names too.
    pub fn platform_in(filename: &str) -> Option<&'static Self> {
        mentioned(PLATFORMS, filename)
    }

    /// The arch that a file name contains as a word: the last one, and `x86_64` before the `x86` in it.
    pub fn arch_in(filename: &str) -> Option<&'static Self> {
        mentioned(ARCHES, filename)
    }

    /// Whether a name is one of its own, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
}

fn named(list: &'static [Spelled], name: &str) -> Option<&'static Spelled> {
    list.iter().find(|spelled| spelled.is(name))
}

/// What stands last in a text as a word of its own. Numbers are more likely those of a version, and an `arm` may be
/// anybody's.
fn mentioned(list: &'static [Spelled], text: &str) -> Option<&'static Spelled> {
    let text = text.to_ascii_lowercase();
    let is_telling = |name: &str| name != "arm" && !name.bytes().all(|byte| byte.is_ascii_digit());
    let names = list.iter().flat_map(|spelled| spelled.names.iter().map(move |name| (spelled, *name)));
    let ends = names
        .filter(|(_, name)| is_telling(name))
        .filter_map(|(spelled, name)| Some((end_of_word(&text, name)?, spelled)));
    ends.max_by_key(|(end, _)| *end).map(|(_, spelled)| spelled)
}

/// Where a word ends that stands in a text for the last time, with no letter or digit before or after it.
fn end_of_word(text: &str, word: &str) -> Option<usize> {
    let is_apart = |beside: Option<char>| !beside.is_some_and(char::is_alphanumeric);
    let found = text.rmatch_indices(word).map(|(at, _)| (at, at + word.len()));
    { found }
        .find(|(at, end)| {
            is_apart(text.get(..*at).and_then(|before| before.chars().next_back()))
                && is_apart(text.get(*end..).and_then(|after| after.chars().next()))
        })
        .map(|(_, end)| end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_speak_of_platforms_and_arches() {
        for (name, platform, arch) in [
            ("app-1.0.0-arm64-mac.zip", Some("darwin"), Some("aarch64")),
            ("app-1.0.0-win.zip", Some("windows"), None),
            ("Mac Cleaner-1.0.386-win32-x64.exe", Some("windows"), Some("x86_64")),
            ("app_1.0.0_amd64.deb", None, Some("x86_64")),
            ("app-1.0.0.x86_64.rpm", None, Some("x86_64")),
            ("app-1.0.0-x86.exe", None, Some("i686")),
            ("arm studio-1.0.0.appimage", None, None),
            ("app-1.0.0-armv7l.appimage", None, Some("armv7")),
            ("darwinian-winner-x64y.zip", None, None),
            ("größe-ia32.exe", None, Some("i686")),
            ("", None, None),
        ] {
            assert_eq!(Spelled::platform_in(name).map(|found| found.key), platform, "{name}");
            assert_eq!(Spelled::arch_in(name).map(|found| found.key), arch, "{name}");
        }
    }

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
