//! What a package's engine means for its key and its versions.

use keyway_domain::release::Dialect;
use keyway_engine::Engines;
use keyway_jsonapi::{Invalid, Record};
use keyway_versions::Scheme;

/// The engines that packages may name (`distribution.md` §5.1). Those that this server does not run yet are
/// stored and served through the API and raw downloads.
const NAMED: [&str; 6] = ["pypi", "tauri", "raw", "rubygems", "npm", "oci"];

/// Whether packages may have this engine.
pub(super) fn is_known(engines: Engines, key: &str) -> bool {
    NAMED.contains(&key) || engines.get(key).is_some()
}

/// The rules for versions in a package, or in none.
pub(super) fn of_package(engines: Engines, package: Option<&Record>) -> Dialect {
    of_engine(engines, package.and_then(|package| package.get("engine").as_text()))
}

/// The rules for versions under an engine, or under none.
pub(super) fn of_engine(engines: Engines, engine: Option<&str>) -> Dialect {
    let Some(key) = engine else { return Dialect::Upstream };
    Dialect::Ecosystem(match engines.get(key) {
        Some(engine) => engine.descriptor().scheme,
        None if key == "rubygems" => Scheme::Gem,
        None => Scheme::Semver,
    })
}

/// The normal form of a package's key under an engine, or under none.
///
/// # Errors
/// What is wrong with the key.
pub(super) fn normal_key(engines: Engines, engine: Option<&str>, key: &str) -> Result<String, Invalid> {
    let engine = engine.and_then(|engine| engines.get(engine));
    let normalise = engine.map(|engine| {
        let normalise = engine.descriptor().normalise;
        move |key: &str| normalise(key).map_err(|error| error.0)
    });
    keyway_domain::package::normal_key(key, normalise)
}

/// A package's key as it is kept and shown: runs of `-`, `_` and `.` in Python's names are one `-`
/// (`distribution.md` §5.1). The case stays, for only the normal form ignores it.
pub(super) fn kept_key(engine: Option<&str>, key: &str) -> String {
    if engine != Some("pypi") {
        return key.to_owned();
    }
    let is_separator = |letter: char| matches!(letter, '-' | '_' | '.');
    let mut kept = String::with_capacity(key.len());
    for letter in key.chars() {
        match is_separator(letter) {
            true if kept.ends_with('-') => {}
            true => kept.push('-'),
            false => kept.push(letter),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::kept_key;

    #[test]
    fn python_keys_keep_their_case_and_one_dash_of_each_run() {
        for (key, kept) in [("Foo._-Bar", "Foo-Bar"), ("a.b_c-d", "a-b-c-d"), ("plain", "plain")] {
            assert_eq!(kept_key(Some("pypi"), key), kept);
            assert_eq!(kept_key(Some("npm"), key), key);
            assert_eq!(kept_key(None, key), key);
        }
    }
}
