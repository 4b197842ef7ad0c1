//! `package.json`: what has to hold before a version is offered, and the little of it that a packument keeps
//! (`npm-pypi.md` §3, §4).

use keyway_archive::{NpmTarball, parse_object_strict};
use keyway_engine::Reject;
use keyway_versions::{EcosystemVersion, Scheme};
use serde_json::{Map, Value, json};

use crate::commands::bin_map;
use crate::name::PackageName;

/// How deep `package.json` may nest.
const MAX_DEPTH: usize = 32;

/// Maps of names to version ranges that clients resolve.
const DEPENDENCIES: [&str; 5] =
    ["dependencies", "optionalDependencies", "devDependencies", "peerDependencies", "acceptDependencies"];

/// What else clients need to decide whether and how to install; kept as it is.
const INSTALL: [&str; 7] = ["peerDependenciesMeta", "engines", "os", "cpu", "libc", "directories", "funding"];

/// What people want to read; only in the full document.
const ABOUT: [&str; 6] = ["description", "keywords", "license", "homepage", "repository", "bugs"];

/// Scripts that installing runs.
const INSTALL_SCRIPTS: [&str; 3] = ["preinstall", "install", "postinstall"];

/// One version's metadata in both forms, without `dist`.
#[derive(Debug, PartialEq)]
pub(crate) struct Manifest {
    pub(crate) full: Map<String, Value>,
    pub(crate) abbreviated: Map<String, Value>,
}

impl Manifest {
    /// Reads the tarball's `package.json` as the metadata of `name` at `version`.
    pub(crate) fn read(
        tarball: &NpmTarball,
        name: &PackageName,
        version: &EcosystemVersion,
    ) -> Result<Self, Reject> {
        let json = parse_object_strict(&tarball.package_json, MAX_DEPTH)
            .map_err(|error| Reject(format!("package.json: {error}")))?;
        check_identity(&json, name, version)?;
        check_shapes(&json)?;
        let scripts = install_scripts(&json, tarball.has_binding_gyp);

        let mut abbreviated = Map::new();
        abbreviated.insert("name".to_owned(), name.as_str().into());
        abbreviated.insert("version".to_owned(), version.key().into());
        for field in DEPENDENCIES.iter().chain(&INSTALL) {
            copy(&json, &mut abbreviated, field);
        }
        if let Some(bundled) = bundled(&json) {
            abbreviated.insert("bundleDependencies".to_owned(), bundled);
        }
        if let Some(bin) = bin_map(&json, name)? {
            abbreviated.insert("bin".to_owned(), bin.into());
        }
        if tarball.has_shrinkwrap {
            abbreviated.insert("_hasShrinkwrap".to_owned(), true.into());
        }
        if !scripts.is_empty() {
            abbreviated.insert("hasInstallScript".to_owned(), true.into());
        }

        let mut full = abbreviated.clone();
        full.insert("_id".to_owned(), format!("{name}@{}", version.key()).into());
        for field in ABOUT {
            copy(&json, &mut full, field);
        }
        if !scripts.is_empty() {
            full.insert("scripts".to_owned(), scripts.into());
        }
        Ok(Self { full, abbreviated })
    }
}

fn copy(from: &Map<String, Value>, to: &mut Map<String, Value>, field: &str) {
    if let Some(value) = from.get(field).filter(|value| !value.is_null()) {
        to.insert(field.to_owned(), value.clone());
    }
}

/// Clients install what `package.json` says, not what the registry says: both have to say the same.
fn check_identity(
    json: &Map<String, Value>,
    name: &PackageName,
    version: &EcosystemVersion,
) -> Result<(), Reject> {
    let text = |field: &str| {
        json.get(field)
            .and_then(Value::as_str)
            .ok_or_else(|| Reject(format!("package.json has no `{field}`")))
    };
    let found = text("name")?;
    if found != name.as_str() {
        return Err(Reject(format!(
            "package.json names the package `{found}`, but the package's key is `{name}`"
        )));
    }
    let found = text("version")?;
    let parsed = keyway_versions::parse(Scheme::Npm, found)
        .map_err(|error| Reject(format!("package.json has a `version` that npm does not accept: {error}")))?;
    if parsed != *version {
        return Err(Reject(format!(
            "package.json has version `{found}`, but the release's version is `{}`",
            version.verbatim()
        )));
    }
    Ok(())
}

/// Shapes that clients rely on without checking.
fn check_shapes(json: &Map<String, Value>) -> Result<(), Reject> {
    for field in DEPENDENCIES {
        let fits = match json.get(field) {
            None | Some(Value::Null) => true,
            Some(Value::Object(map)) => map.values().all(Value::is_string),
            Some(_) => false,
        };
        if !fits {
            return Err(Reject(format!("package.json: `{field}` is not a map of names to version ranges")));
        }
    }
    for field in ["os", "cpu", "libc"] {
        let fits = match json.get(field) {
            None | Some(Value::Null | Value::String(_)) => true,
            Some(Value::Array(list)) => list.iter().all(Value::is_string),
            Some(_) => false,
        };
        if !fits {
            return Err(Reject(format!("package.json: `{field}` is not a list of texts")));
        }
    }
    for field in ["peerDependenciesMeta", "directories", "scripts"] {
        if !matches!(json.get(field), None | Some(Value::Null | Value::Object(_))) {
            return Err(Reject(format!("package.json: `{field}` is not a map")));
        }
    }
    Ok(())
}

/// Dependencies inside the tarball, under the one name that all clients read.
fn bundled(json: &Map<String, Value>) -> Option<Value> {
    match json.get("bundleDependencies").or_else(|| json.get("bundledDependencies"))? {
        Value::Bool(true) => {
            let names = json.get("dependencies").and_then(Value::as_object)?;
            Some(names.keys().map(String::as_str).collect())
        }
        list @ Value::Array(_) => Some(list.clone()),
        _ => None,
    }
}

/// The scripts that installing runs; npm builds a `binding.gyp` when no script says otherwise.
fn install_scripts(json: &Map<String, Value>, has_binding_gyp: bool) -> Map<String, Value> {
    let scripts = json.get("scripts").and_then(Value::as_object);
    let script = |name: &str| {
        scripts.and_then(|scripts| scripts.get(name)).and_then(Value::as_str).filter(|text| !text.is_empty())
    };
    let mut kept: Map<String, Value> = INSTALL_SCRIPTS
        .iter()
        .filter_map(|name| script(name).map(|text| ((*name).to_owned(), text.into())))
        .collect();
    let builds = has_binding_gyp && json.get("gypfile") != Some(&json!(false));
    if builds && script("install").is_none() && script("preinstall").is_none() {
        kept.insert("install".to_owned(), "node-gyp rebuild".into());
    }
    kept
}
