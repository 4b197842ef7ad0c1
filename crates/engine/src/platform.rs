//! The names that clients, build tools and vendors have for one platform or arch.

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

    /// Whether a name is one of its own, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.names.iter().any(|known| known.eq_ignore_ascii_case(name))
    }
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
    fn no_name_means_two() {
        for list in [PLATFORMS, ARCHES] {
            let mut names: Vec<_> = list.iter().flat_map(|spelled| spelled.names).collect();
            names.sort_unstable();
            assert!(names.is_sorted_by(|one, next| one < next), "{names:?}");
            assert!(list.iter().all(|spelled| spelled.names.contains(&spelled.key)));
        }
    }
}
