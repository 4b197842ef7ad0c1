//! Where each setting came from: default, file, environment, flag; the later wins.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Where a setting's value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody said otherwise.
    Default,
    /// The file given by `--config`.
    File(String),
    /// An environment variable.
    Environment(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "file {path}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

/// A setting that exists: its name, what it is for, its default, and whether its value is a secret.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known {
    /// The name in the file (`public_url`); the variable is `KEYWAY_PUBLIC_URL`, the flag `--public-url`.
    pub(crate) name: &'static str,
    /// The default as text; empty for "not set".
    pub(crate) default: &'static str,
    /// One line for `keyway config`.
    pub(crate) about: &'static str,
}

/// What the settings of the installation that is moved begin with: `KEYWAY_FROM_DATABASE`.
const SOURCE: &str = "from_";

/// Every setting as text, with its source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Layers {
    values: BTreeMap<&'static str, (String, Source)>,
}

impl Layers {
    /// Starts from the defaults.
    pub(crate) fn defaults(known: &[Known]) -> Self {
        let values = known.iter().map(|k| (k.name, (k.default.to_owned(), Source::Default))).collect();
        Self { values }
    }

    /// Lays a TOML file over what is there.
    ///
    /// # Errors
    /// A file that cannot be read or parsed, a name that is not a setting, a value of the wrong kind.
    pub(crate) fn file(&mut self, known: &[Known], path: &Path) -> Result<()> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the settings file {shown}"))?;
        let table: toml::Table = text.parse().with_context(|| format!("{shown} is not valid TOML"))?;
        for (name, value) in table {
            let Some(setting) = known.iter().find(|k| k.name == name) else {
                bail!("{shown}: there is no setting '{name}' (see `keyway config` for all of them)");
            };
            let text = match value {
                toml::Value::String(text) => text,
                toml::Value::Integer(number) => number.to_string(),
                toml::Value::Boolean(flag) => flag.to_string(),
                toml::Value::Array(items) => {
                    join(&items).with_context(|| format!("{shown}: setting '{name}'"))?
                }
                _ => bail!(
                    "{shown}: setting '{name}' must be a string, a number, true, false or a list of strings"
                ),
            };
            self.set(setting.name, text, Source::File(shown.clone()));
        }
        Ok(())
    }

    /// Lays the variables that begin with `prefix` over what is there.
    ///
    /// # Errors
    /// A variable of ours that is not a setting, so that a typing mistake does not go unnoticed.
    pub(crate) fn environment(
        &mut self,
        known: &[Known],
        prefix: &str,
        variables: impl Iterator<Item = (String, String)>,
    ) -> Result<()> {
        for (variable, value) in variables {
            let Some(name) = variable.strip_prefix(prefix) else { continue };
            let name = name.to_ascii_lowercase();
            let of_a_source =
                name.strip_prefix(SOURCE).is_some_and(|rest| known.iter().any(|k| k.name == rest));
            if name == "config" || name == "from_config" || of_a_source {
                continue;
            }
            let Some(setting) = known.iter().find(|k| k.name == name) else {
                bail!(
                    "the environment variable {variable} is not a setting (see `keyway config` for all of them)"
                );
            };
            self.set(setting.name, value, Source::Environment(variable));
        }
        Ok(())
    }

    /// Lets variables of other tools stand in for settings that are not set.
    pub(crate) fn stand_ins(
        &mut self,
        names: &[(&str, &'static str)],
        variables: impl Iterator<Item = (String, String)>,
    ) {
        for (variable, value) in variables {
            if let Some((_, setting)) = names.iter().find(|(known, _)| *known == variable)
                && self.get(setting).0.is_empty()
            {
                self.set(setting, value, Source::Environment(variable));
            }
        }
    }

    /// Lays flags over what is there; on the command line their names begin with `prefix`.
    pub(crate) fn flags(&mut self, prefix: &str, flags: &[(&'static str, Option<String>)]) {
        for (name, value) in flags {
            if let Some(value) = value {
                self.set(name, value.clone(), Source::Flag(format!("{prefix}{}", name.replace('_', "-"))));
            }
        }
    }

    fn set(&mut self, name: &'static str, value: String, source: Source) {
        self.values.insert(name, (value, source));
    }

    /// A setting's text and source; unknown names are a defect and read as unset.
    pub(crate) fn get(&self, name: &str) -> (&str, &Source) {
        self.values.get(name).map_or(("", &Source::Default), |(value, source)| (value.trim(), source))
    }
}

fn join(items: &[toml::Value]) -> Result<String> {
    let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
    Ok(texts.context("a list may only hold strings")?.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[Known] = &[
        Known { name: "listen", default: "127.0.0.1:1", about: "" },
        Known { name: "trusted_proxies", default: "", about: "" },
    ];

    #[test]
    fn later_layers_win_and_say_so() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k.toml");
        std::fs::write(&path, "listen = \"127.0.0.1:2\"\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\n")
            .unwrap();
        let mut layers = Layers::defaults(KNOWN);
        assert_eq!(layers.get("listen"), ("127.0.0.1:1", &Source::Default));
        layers.file(KNOWN, &path).unwrap();
        assert_eq!(layers.get("listen").0, "127.0.0.1:2");
        assert_eq!(layers.get("trusted_proxies").0, "10.0.0.0/8,::1");
        let variables = [("KEYWAY_LISTEN".to_owned(), "127.0.0.1:3".to_owned())];
        layers.environment(KNOWN, "KEYWAY_", variables.into_iter()).unwrap();
        assert_eq!(layers.get("listen"), ("127.0.0.1:3", &Source::Environment("KEYWAY_LISTEN".into())));
        let others = [("OTHER".to_owned(), "127.0.0.1:5".to_owned())];
        layers.stand_ins(&[("OTHER", "listen")], others.clone().into_iter());
        assert_eq!(layers.get("listen").0, "127.0.0.1:3", "what is set stays");
        let mut unset = Layers::defaults(&[Known { name: "listen", default: "", about: "" }]);
        unset.stand_ins(&[("OTHER", "listen")], others.into_iter());
        assert_eq!(unset.get("listen").0, "127.0.0.1:5");
        layers.flags("--", &[("listen", Some("127.0.0.1:4".into())), ("trusted_proxies", None)]);
        assert_eq!(layers.get("listen"), ("127.0.0.1:4", &Source::Flag("--listen".into())));
    }

    #[test]
    fn a_wrong_name_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("k.toml");
        std::fs::write(&path, "lisen = \"x\"\n").unwrap();
        let error = Layers::defaults(KNOWN).file(KNOWN, &path).unwrap_err().to_string();
        assert!(error.contains("no setting 'lisen'"), "{error}");
        let variables = [("KEYWAY_LISEN".to_owned(), String::new())];
        let error = Layers::defaults(KNOWN)
            .environment(KNOWN, "KEYWAY_", variables.into_iter())
            .unwrap_err()
            .to_string();
        assert!(error.contains("KEYWAY_LISEN"), "{error}");
    }

    #[test]
    fn the_source_of_a_move_has_variables_of_its_own() {
        let variables = [("KEYWAY_FROM_LISTEN", "127.0.0.1:4"), ("KEYWAY_LISTEN", "127.0.0.1:3")];
        let variables = || variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into_iter();
        for (prefix, expected) in [("KEYWAY_", "127.0.0.1:3"), ("KEYWAY_FROM_", "127.0.0.1:4")] {
            let mut layers = Layers::defaults(KNOWN);
            layers.environment(KNOWN, prefix, variables()).unwrap();
            assert_eq!(layers.get("listen").0, expected, "{prefix}");
        }
        let wrong = [("KEYWAY_FROM_LISEN".to_owned(), String::new())];
        let error = Layers::defaults(KNOWN).environment(KNOWN, "KEYWAY_", wrong.into_iter()).unwrap_err();
        assert!(error.to_string().contains("KEYWAY_FROM_LISEN"), "{error}");
    }
}
