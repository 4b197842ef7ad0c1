//! Invariants I1 and I2: the layers, on `cargo metadata`.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::tree::root;

/// Each crate of ours and the crates of ours it may depend on (ARCHITECTURE.md, "Crates").
const ALLOWED: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("versions", &["base"]),
    ("crypto", &["base"]),
    ("archive", &["base", "crypto"]),
    ("jsonapi", &["base"]),
    ("domain", &["base", "versions", "jsonapi", "crypto"]),
    ("engine", &["base", "archive", "versions"]),
    ("nupkg", &["engine", "archive", "versions"]),
    ("access", &["domain", "engine", "base", "jsonapi", "versions"]),
    ("engine-electron", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-msix", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-npm", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-oci", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-pypi", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-raw", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-rubygems", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-sparkle", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-selfupdate", &["engine", "versions"]),
    ("engine-squirrel", &["engine", "nupkg", "versions"]),
    ("engine-tauri", &["engine", "versions", "archive", "base", "crypto"]),
    ("engine-velopack", &["engine", "nupkg", "versions"]),
    ("engine-zsync", &["engine", "versions", "archive", "base", "crypto"]),
    ("store", &["base", "jsonapi"]),
    ("blob", &["base", "crypto"]),
    ("catalog", &["access", "store", "engine", "domain", "jsonapi", "crypto", "versions", "base"]),
    ("events", &["domain", "store", "jsonapi", "base"]),
    (
        "api",
        &[
            "jsonapi", "domain", "access", "store", "catalog", "blob", "engine", "events", "crypto",
            "versions", "base",
        ],
    ),
    (
        "jobs",
        &["domain", "events", "store", "blob", "engine", "archive", "crypto", "jsonapi", "versions", "base"],
    ),
    (
        "frontend",
        &["api", "catalog", "access", "engine", "blob", "crypto", "store", "jsonapi", "domain", "base"],
    ),
    ("support", &["access", "domain", "store", "blob", "engine", "crypto", "jsonapi", "versions", "base"]),
    ("testkit", &["base"]),
];

/// The crates of layers 0 to 2, which may not even transitively reach for effects.
const PURE: &[&str] = &[
    "base",
    "versions",
    "crypto",
    "archive",
    "jsonapi",
    "domain",
    "engine",
    "access",
    "engine-electron",
    "engine-msix",
    "engine-npm",
    "engine-oci",
    "engine-pypi",
    "engine-raw",
    "engine-rubygems",
    "engine-sparkle",
    "engine-selfupdate",
    "engine-squirrel",
    "engine-tauri",
    "engine-velopack",
    "nupkg",
    "engine-zsync",
];

/// What counts as an effect.
const EFFECTS: &[&str] =
    &["tokio", "hyper", "hyper-util", "sqlx", "sqlx-core", "rusqlite", "mio", "async-std"];

struct Graph {
    /// Package name to its normal dependencies' names.
    edges: BTreeMap<String, BTreeSet<String>>,
}

fn graph() -> Graph {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON");
    let names: BTreeMap<&str, &str> = metadata["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (package["id"].as_str().expect("id"), package["name"].as_str().expect("name")))
        .collect();
    let mut edges = BTreeMap::new();
    for node in metadata["resolve"]["nodes"].as_array().expect("nodes") {
        let normal = node["deps"].as_array().expect("deps").iter().filter(|dep| {
            dep["dep_kinds"].as_array().expect("kinds").iter().any(|kind| kind["kind"].is_null())
        });
        let targets = normal.map(|dep| names[dep["pkg"].as_str().expect("pkg")].to_owned());
        edges.insert(names[node["id"].as_str().expect("id")].to_owned(), targets.collect());
    }
    Graph { edges }
}

#[test]
fn crates_depend_only_on_what_their_layer_allows() {
    let graph = graph();
    let mut wrong = Vec::new();
    for (name, targets) in &graph.edges {
        let Some(short) = name.strip_prefix("keyway-") else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(known, _)| *known == short) else {
            wrong.push(format!("{name} is not in the table of crates"));
            continue;
        };
        let ours = targets.iter().filter_map(|target| target.strip_prefix("keyway-"));
        wrong.extend(
            ours.filter(|target| !allowed.contains(target)).map(|target| format!("{short} -> {target}")),
        );
    }
    assert!(wrong.is_empty(), "edges that the design does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn pure_crates_reach_no_effect() {
    let graph = graph();
    for name in PURE {
        let mut seen = BTreeSet::new();
        let mut open = vec![format!("keyway-{name}")];
        while let Some(next) = open.pop() {
            assert!(!EFFECTS.contains(&next.as_str()), "{name} reaches {next}");
            if seen.insert(next.clone()) {
                open.extend(graph.edges.get(&next).into_iter().flatten().cloned());
            }
        }
    }
}

#[test]
fn only_the_store_knows_a_database() {
    let graph = graph();
    let knows = |targets: &BTreeSet<String>| targets.contains("sqlx") || targets.contains("rusqlite");
    let users = graph.edges.iter().filter(|(name, targets)| name.starts_with("keyway") && knows(targets));
    let users: Vec<&str> = users.map(|(name, _)| name.as_str()).collect();
    assert_eq!(users, ["keyway-store"]);
}
