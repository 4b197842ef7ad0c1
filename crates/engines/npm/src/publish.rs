//! `npm publish` and `npm deprecate`: both put a whole document, one with a tarball in it (`npm-pypi.md` §1.9, §3).
//!
//! What is offered later comes from the tarball; the document around it only has to agree.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use keyway_archive::parse_object_strict;
use keyway_engine::{Act, Context, Digests, Edit, Files, Plain, Publication, Sent, SentFile, Upload};
use serde_json::{Map, Value};

use crate::envelope::MAX_DEPTH;
use crate::name::PackageName;
use crate::{ingest, refusal};

/// The longest reason for not using a version.
const MAX_NOTICE: usize = 4096;

/// What a document that is put asks for.
///
/// # Errors
/// The answer to a document or tarball that is not right.
pub(crate) fn act(name: &PackageName, context: &Context<'_>, sent: &mut Sent<'_>) -> Result<Act, Plain> {
    let document = parse_object_strict(&sent.around.document, MAX_DEPTH)
        .map_err(|error| invalid(&format!("the body is not a document to publish: {error}")))?;
    check_name(&document, name)?;
    let attached = document.get("_attachments").and_then(Value::as_object).is_some_and(|all| !all.is_empty());
    match &mut sent.file {
        Some(file) => publish(name, context, &document, file),
        None if attached => Err(invalid("the body has no tarball (.tgz) among its attachments")),
        None => revise(name, &document),
    }
}

/// A document of a package without a tarball: reasons for not using versions.
///
/// # Errors
/// The answer to a document that changes something else.
pub(crate) fn revise(name: &PackageName, document: &Map<String, Value>) -> Result<Act, Plain> {
    let Some(versions) = document.get("versions").and_then(Value::as_object) else {
        let text = "this registry has no owners or stars: who may publish is decided by tokens";
        return Err(refusal::error(StatusCode::FORBIDDEN, "FORBIDDEN", text));
    };
    let mut edits = Vec::new();
    for (version, manifest) in versions {
        let Some(notice) = manifest.get("deprecated") else { continue };
        edits.push(Edit::Notice { version: version.clone(), text: notice_of(notice)? });
    }
    Ok(Act::Change { package: name.as_str().to_owned(), edits })
}

/// The document of `npm unpublish` before it deletes the tarball, and of `npm owner`.
///
/// # Errors
/// As [`revise`].
pub(crate) fn act_on_revision(name: &PackageName, sent: &Sent<'_>) -> Result<Act, Plain> {
    let document = parse_object_strict(&sent.around.document, MAX_DEPTH)
        .map_err(|error| invalid(&format!("the body is not a package document: {error}")))?;
    check_name(&document, name)?;
    match revise(name, &document)? {
        // The deletion that follows says which version goes: what is missing here may be too new to be known.
        Act::Change { package, .. } => Ok(Act::Change { package, edits: Vec::new() }),
        other => Ok(other),
    }
}

/// `deprecated`: a text, or nothing.
fn notice_of(value: &Value) -> Result<Option<String>, Plain> {
    match value {
        Value::Null | Value::Bool(false) => Ok(None),
        Value::Bool(true) => Ok(Some("this version is deprecated".to_owned())),
        Value::String(text) if text.len() > MAX_NOTICE => {
            Err(invalid(&format!("`deprecated` is longer than {MAX_NOTICE} bytes")))
        }
        Value::String(text) => Ok(Some(text.clone()).filter(|text| !text.trim().is_empty())),
        _ => Err(invalid("`deprecated` is not a text")),
    }
}

fn publish(
    name: &PackageName,
    context: &Context<'_>,
    document: &Map<String, Value>,
    file: &mut SentFile<'_>,
) -> Result<Act, Plain> {
    PackageName::for_new_package(name.as_str()).map_err(|error| invalid(&error.0))?;
    let versions = document.get("versions").and_then(Value::as_object);
    let mut versions = versions.into_iter().flatten();
    let (Some((version, manifest)), None) = (versions.next(), versions.next()) else {
        return Err(invalid("the body has not exactly one version to publish"));
    };
    check_manifest(name, version, manifest)?;
    check_integrity(manifest, file.digests)?;
    check_length(document, file.size)?;
    let filename = format!("{}-{version}.tgz", name.basename());
    let mut upload = Upload {
        filename: &filename,
        package_key: name.as_str(),
        version,
        size: file.size,
        digests: file.digests,
        body: &mut *file.body,
        signature: None,
        public_key: None,
        companion: &[],
        signer: context.signer,
    };
    let ingested = ingest::ingest(&mut upload).map_err(|reject| invalid(&reject.0))?;
    Ok(Act::Publish(Box::new(Publication {
        package: name.as_str().to_owned(),
        version: version.clone(),
        filename,
        filetype: Some("tgz"),
        media_type: "application/gzip",
        platform: None,
        description: None,
        notice: manifest.get("deprecated").map(notice_of).transpose()?.flatten(),
        tags: tags(document, version)?,
        files: Files::One,
        manifests: ingested.manifests,
    })))
}

/// The name is in the path and in the body: both have to say the same, or a token for one package could write
/// another.
fn check_name(document: &Map<String, Value>, name: &PackageName) -> Result<(), Plain> {
    for member in ["name", "_id"] {
        match document.get(member) {
            None => {}
            Some(Value::String(found)) if found == name.as_str() => {}
            Some(found) => {
                return Err(invalid(&format!("the URL names {name}, but `{member}` of the body is {found}")));
            }
        }
    }
    Ok(())
}

fn check_manifest(name: &PackageName, version: &str, manifest: &Value) -> Result<(), Plain> {
    for (member, expected) in [("name", name.as_str()), ("version", version)] {
        let found = manifest.get(member);
        if found.is_some_and(|found| found.as_str() != Some(expected)) {
            return Err(invalid(&format!("`{member}` of the version to publish is not {expected}")));
        }
    }
    Ok(())
}

/// Digests that the client computed must be those of what arrived.
fn check_integrity(manifest: &Value, digests: &Digests) -> Result<(), Plain> {
    let said = |member: &str| manifest.get("dist").and_then(|dist| dist.get(member)).and_then(Value::as_str);
    let sha1 = keyway_crypto::digest::Sha1::new(digests.sha1).hex();
    if let Some(found) = said("shasum").filter(|found| !found.eq_ignore_ascii_case(&sha1)) {
        return Err(invalid(&format!("the tarball has the shasum {sha1}, but the body says {found}")));
    }
    let ours = [
        ("sha512-", STANDARD.encode(digests.sha512)),
        ("sha256-", STANDARD.encode(digests.sha256)),
        ("sha1-", STANDARD.encode(digests.sha1)),
    ];
    for hash in said("integrity").unwrap_or_default().split_ascii_whitespace() {
        let hash = hash.split('?').next().unwrap_or_default();
        let known = ours.iter().find_map(|(kind, digest)| Some((digest, hash.strip_prefix(kind)?)));
        if known.is_some_and(|(digest, said)| digest != said) {
            return Err(invalid(&format!(
                "the tarball does not have the integrity that the body says: {hash}"
            )));
        }
    }
    Ok(())
}

fn check_length(document: &Map<String, Value>, size: u64) -> Result<(), Plain> {
    let attachments = document.get("_attachments").and_then(Value::as_object);
    let tarball = attachments.into_iter().flatten().find(|(name, _)| name.ends_with(".tgz"));
    let length = tarball.and_then(|(_, tarball)| tarball.get("length")).and_then(Value::as_u64);
    match length {
        Some(length) if length != size => {
            Err(invalid(&format!("the tarball has {size} bytes, but the body says {length}")))
        }
        _ => Ok(()),
    }
}

/// The tags that are to mean the version.
fn tags(document: &Map<String, Value>, version: &str) -> Result<Vec<String>, Plain> {
    let tags = document.get("dist-tags").and_then(Value::as_object);
    let tags = tags.into_iter().flatten().filter(|(_, meant)| meant.as_str() == Some(version));
    tags.map(|(tag, _)| check_tag(tag).map(|()| tag.clone())).collect()
}

/// Tags stand beside versions in commands and URLs: they must not be mistaken for one.
pub(crate) fn check_tag(tag: &str) -> Result<(), Plain> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    let number = tag.strip_prefix('v').unwrap_or(tag).starts_with(|c: char| c.is_ascii_digit());
    let good = (1..=128).contains(&tag.len()) && tag.chars().all(plain) && !number && !tag.starts_with('.');
    if good {
        return Ok(());
    }
    let text = "a tag consists of letters, digits, `-`, `_`, `.` and `~`, and does not look like a version";
    Err(invalid(text))
}

fn invalid(message: &str) -> Plain {
    refusal::error(StatusCode::BAD_REQUEST, "BAD_REQUEST", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_not_versions() {
        for good in ["latest", "next", "beta-1", "x", "release_2", "v"] {
            assert!(check_tag(good).is_ok(), "{good}");
        }
        for bad in ["", "1.0.0", "v1", "1", "a b", "a/b", ".x", "^1", "ä", &"x".repeat(129)] {
            assert!(check_tag(bad).is_err(), "{bad}");
        }
    }
}
