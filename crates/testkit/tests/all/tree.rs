//! The tracked tree, as the rules see it.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("the crate sits two levels down")
        .to_owned()
}

/// Every tracked (or about to be tracked) file with its path from the root.
pub(crate) fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git is installed");
    assert!(output.status.success(), "git ls-files failed: {}", String::from_utf8_lossy(&output.stderr));
    let listed = String::from_utf8(output.stdout).expect("paths are UTF-8");
    listed.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect()
}

/// The Rust files under `crates/` with their text, fuzz targets included.
pub(crate) fn rust() -> Vec<(String, String)> {
    let paths = files().into_iter().filter(|path| path.starts_with("crates/") && path.ends_with(".rs"));
    paths.map(|path| (path.clone(), std::fs::read_to_string(root().join(&path)).expect("readable"))).collect()
}

/// A file's text up to its unit tests.
pub(crate) fn before_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().unwrap_or(text)
}
