//! Which assets the client can pick, and which of them it would pick for a target triple.

use keyway_engine::{Artifact, base_name};

/// Endings of files that stand beside the one that is meant: the client takes the first whose name has its target.
const BESIDE: [&str; 9] =
    [".asc", ".md5", ".minisig", ".sbom.json", ".sha1", ".sha256", ".sha512", ".sha256sum", ".sig"];

/// Whether a file stands beside another one: its checksum or signature.
pub(crate) fn is_beside(artifact: &Artifact) -> bool {
    let name = artifact.filename.to_ascii_lowercase();
    BESIDE.iter().any(|ending| name.ends_with(ending))
}

/// Whether the client takes the name of an asset: it is to be a plain file's name on every system.
pub(crate) fn is_takeable(artifact: &Artifact) -> bool {
    let name = base_name(&artifact.filename);
    !matches!(name, "" | "." | "..") && !name.chars().any(|c| c.is_control() || matches!(c, '\\' | ':'))
}

/// The systems that the client knows in triples.
const SYSTEMS: [&str; 9] =
    ["linux", "darwin", "windows", "freebsd", "netbsd", "openbsd", "android", "ios", "wasm"];

/// Whether the client would pick a file for a target: its name has the triple, or arch and system of it.
pub(crate) fn is_for(artifact: &Artifact, target: &str) -> bool {
    let name = base_name(&artifact.filename);
    let arch = target.split('-').next().filter(|arch| !arch.is_empty());
    let system = SYSTEMS.into_iter().find(|system| target.contains(system));
    let parts = arch.zip(system).is_some_and(|(arch, system)| name.contains(arch) && name.contains(system));
    name.contains(target) || parts
}

#[cfg(test)]
mod tests {
    use keyway_engine::testing::artifact;

    use super::*;

    #[test]
    fn a_target_is_in_the_name_whole_or_in_parts() {
        let linux = "x86_64-unknown-linux-gnu";
        for (name, target, expected) in [
            ("dir/tool-1.0.0-x86_64-unknown-linux-gnu.tar.gz", linux, true),
            ("tool-linux-x86_64.tar.gz", linux, true),
            ("tool-linux-amd64.tar.gz", linux, false),
            ("tool-x86_64-apple-darwin.zip", linux, false),
            ("x86_64-linux/tool.zip", linux, false),
            ("tool-aarch64-darwin", "aarch64-apple-darwin", true),
            ("tool", "", true),
        ] {
            assert_eq!(is_for(&artifact(name, 1), target), expected, "{name}");
        }
    }

    #[test]
    fn checksums_and_names_that_are_no_files_are_told() {
        assert!(is_beside(&artifact("tool.tar.gz.SHA256", 1)));
        assert!(!is_beside(&artifact("tool.tar.gz", 1)));
        for bad in ["C:evil", "a\\b", "a\nb"] {
            assert!(!is_takeable(&artifact(bad, 1)), "{bad}");
        }
        assert!(is_takeable(&artifact("dir/größe 1+1.zip", 1)));
    }
}
