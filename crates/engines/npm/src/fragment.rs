//! Ready pieces of packuments: one version's JSON up to the opening quote of its tarball URL.
//!
//! They are made once, when the tarball is taken in; rendering copies them and writes only what can change
//! later: the base URL and the deprecation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_archive::NpmTarball;
use keyway_engine::{Digests, PackageSigner};
use keyway_versions::EcosystemVersion;
use serde_json::{Map, Value, json};

use crate::keys::key_id;
use crate::name::{PackageName, basename};

/// The manifest kind of the full document's fragment.
pub(crate) const FULL: &str = "npm.full";
/// The manifest kind of the abbreviated document's fragment.
pub(crate) const ABBREVIATED: &str = "npm.abbreviated";

/// `dist` without `tarball`: the digests we computed, what we counted, and our signature (§1.5). A signature
/// that cannot be made is left out; clients ask for one only where the registry publishes keys.
pub(crate) fn dist(
    tarball: &NpmTarball,
    digests: &Digests,
    name: &PackageName,
    version: &EcosystemVersion,
    signer: &dyn PackageSigner,
) -> Map<String, Value> {
    let integrity = format!("sha512-{}", STANDARD.encode(digests.sha512));
    let mut dist = Map::new();
    dist.insert("shasum".to_owned(), keyway_crypto::digest::Sha1::new(digests.sha1).hex().into());
    dist.insert("integrity".to_owned(), integrity.as_str().into());
    dist.insert("fileCount".to_owned(), tarball.files.into());
    dist.insert("unpackedSize".to_owned(), tarball.unpacked_size.into());
    let signed = format!("{name}@{}:{integrity}", version.key());
    if let Ok(signature) = signer.sign(signed.as_bytes()) {
        let signature = json!([{ "keyid": key_id(signer.public_key()), "sig": STANDARD.encode(signature) }]);
        dist.insert("signatures".to_owned(), signature);
    }
    dist
}

/// A version's metadata and `dist` as a fragment: `{…,"dist":{…,"tarball":"`.
pub(crate) fn open(metadata: &Map<String, Value>, dist: &Map<String, Value>) -> Vec<u8> {
    let mut fragment = unclosed(metadata);
    fragment.push_str(",\"dist\":");
    fragment.push_str(&unclosed(dist));
    fragment.push_str(",\"tarball\":\"");
    fragment.into_bytes()
}

/// A non-empty object without its closing brace.
fn unclosed(map: &Map<String, Value>) -> String {
    let mut text = Value::Object(map.clone()).to_string();
    text.pop();
    text
}

/// Writes a fragment's end: the canonical tarball URL (§0.3), then `deprecated` where it applies.
pub(crate) fn close(out: &mut Vec<u8>, base: &str, name: &str, version: &str, deprecated: Option<&str>) {
    for part in [base, "/", name, "/-/", basename(name), "-", version, ".tgz\"}"] {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(text) = deprecated {
        out.extend_from_slice(b",\"deprecated\":");
        out.extend_from_slice(quote(text).as_bytes());
    }
    out.push(b'}');
}

/// A text as a JSON string, with its quotes.
pub(crate) fn quote(text: &str) -> String {
    Value::from(text).to_string()
}

/// A text as the inside of a JSON string.
pub(crate) fn escape(text: &str) -> String {
    let mut quoted = quote(text);
    quoted.pop();
    if !quoted.is_empty() {
        quoted.remove(0);
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_fragment_is_one_json_object() {
        let metadata = json!({ "name": "@acme/widget", "version": "1.0.0" });
        let dist = json!({ "shasum": "aa" });
        let mut text = open(metadata.as_object().unwrap(), dist.as_object().unwrap());
        close(&mut text, &escape("https://npm.example.com/a\"b"), "@acme/widget", "1.0.0", Some("use \"2\""));
        let parsed: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(
            parsed,
            json!({
                "name": "@acme/widget",
                "version": "1.0.0",
                "dist": {
                    "shasum": "aa",
                    "tarball": "https://npm.example.com/a\"b/@acme/widget/-/widget-1.0.0.tgz"
                },
                "deprecated": "use \"2\""
            })
        );
    }
}
