//! What is kept of a wheel or sdist: its metadata, and what pages say of it, ready to be copied into them.

use keyway_archive::CoreMetadata;
use keyway_crypto::digest::sha256;
use keyway_engine::{Artifact, Manifest};
use serde_json::{Map, Value, json};

use crate::html;

/// The manifest kind of metadata that is served as a sidecar.
pub(crate) const METADATA: &str = "METADATA";
/// The manifest kind of metadata that building the project may change: kept, not served.
const PKG_INFO: &str = "PKG-INFO";
/// The manifest kind of a file's facts as a JSON object.
const FILE: &str = "pypi.file";
/// The manifest kind of the same facts as attributes of an anchor.
const ATTRIBUTES: &str = "pypi.html";

/// Whether a file's metadata may be offered before the file itself (PEP 658).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sidecar {
    /// It is what installing will find.
    Offered,
    /// Building may find other dependencies.
    Withheld,
}

/// The manifests of a file.
pub(crate) fn manifests(document: Vec<u8>, metadata: &CoreMetadata, sidecar: Sidecar) -> Vec<Manifest> {
    let mut facts = Map::new();
    let mut attributes = String::new();
    if let Some(requires) = metadata.requires_python().map(str::trim).filter(|text| !text.is_empty()) {
        facts.insert("requires-python".to_owned(), requires.into());
        attributes.push_str(&format!(" data-requires-python=\"{}\"", html::escape(requires)));
    }
    if sidecar == Sidecar::Offered {
        let digest = sha256(&document).hex();
        attributes.push_str(&format!(
            " data-core-metadata=\"sha256={digest}\" data-dist-info-metadata=\"sha256={digest}\""
        ));
        facts.insert("core-metadata".to_owned(), json!({ "sha256": digest }));
    }
    let kind = match sidecar {
        Sidecar::Offered => METADATA,
        Sidecar::Withheld => PKG_INFO,
    };
    let stored = |kind: &str, bytes: Vec<u8>| Manifest { kind: kind.to_owned(), bytes: bytes.into() };
    vec![
        stored(kind, document),
        stored(FILE, Value::Object(facts).to_string().into_bytes()),
        stored(ATTRIBUTES, attributes.into_bytes()),
    ]
}

/// A file's facts as members of a JSON object, without its braces; `None` for a file that is not offered.
pub(crate) fn members(artifact: &Artifact) -> Option<&[u8]> {
    let object = &artifact.manifest(FILE)?.bytes;
    object.strip_prefix(b"{")?.strip_suffix(b"}")
}

/// A file's facts as attributes, each with a blank before it.
pub(crate) fn attributes(artifact: &Artifact) -> &[u8] {
    artifact.manifest(ATTRIBUTES).map_or(&[], |manifest| &*manifest.bytes)
}
