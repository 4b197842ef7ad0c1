//! Reading an uploaded file: does it keep what was declared, what is it, what does its engine take from it?
//! Blocking, and without any effect but that the blobs in an archive of images go out as they come by.

use std::io::{BufReader, Read, Seek, SeekFrom};

use keyway_archive::oci::{Plan, Sink, image_archive};
use keyway_archive::sniff::{HEAD_LEN, sniff};
use keyway_archive::{ArchiveError, Limits};
use keyway_blob::BlobFile;
use keyway_crypto::digest::{Digests, Hasher, Md5, Sha1, Sha256, Sha512, Verdict, interpret_checksum};
use keyway_domain::resources::{Artifact, Package, Release};
use keyway_engine::{AnyEngine, Manifest, PackageSigner, Upload};

use crate::companion::Companion;

/// What an upload is measured against.
pub(crate) struct Expected {
    pub(crate) artifact: Artifact,
    pub(crate) release: Release,
    pub(crate) package: Option<Package>,
    /// The package's engine, when this server runs it.
    pub(crate) engine: Option<&'static dyn AnyEngine>,
    /// The key that the vendor registered for the engine's signatures.
    pub(crate) public_key: Option<String>,
    /// The file that this one is read together with.
    pub(crate) companion: Option<Companion>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Examined {
    /// Whether an engine read it.
    pub(crate) processed: bool,
    pub(crate) size: u64,
    pub(crate) digests: Digests,
    pub(crate) media_type: &'static str,
    pub(crate) manifests: Vec<Manifest>,
    /// What an archive of images says, where the package is a registry's repository.
    pub(crate) plan: Option<Plan>,
}

/// The result of reading a file: its contents, or why the vendor's upload is refused.
pub(crate) type Finding = Result<Examined, String>;

/// Examines a file that is open at its start.
///
/// # Errors
/// Only when the file cannot be read; what is wrong with its contents is a [`Finding`].
pub(crate) fn examine(
    mut file: BlobFile,
    expected: &Expected,
    signer: &dyn PackageSigner,
    sink: &mut dyn Sink,
) -> std::io::Result<Finding> {
    let artifact = &expected.artifact;
    let size = file.len();
    let digests = match digests_of(artifact) {
        Some(digests) if artifact.content_length == i64::try_from(size).ok() => digests,
        _ => hash(&mut file)?,
    };
    if let Err(reason) = check_declared(artifact, size, &digests) {
        return Ok(Err(reason));
    }
    let media_type = media_type_of(&mut file, &artifact.filename)?;
    let engine = ingesting(expected);
    let processed = engine.is_some();
    let mut plan = None;
    let manifests = match engine {
        None => Vec::new(),
        Some((engine, _)) if engine.descriptor().registry => {
            plan = match image_archive::read(&mut file, sink, &Limits::image()) {
                Ok(plan) => Some(plan),
                Err(ArchiveError::Source(error)) => return Err(error),
                Err(error) => return Ok(Err(error.to_string())),
            };
            Vec::new()
        }
        Some((engine, package)) => {
            let engine_digests = engine_digests(&digests);
            let mut body = BufReader::new(file);
            let mut upload = Upload {
                filename: &artifact.filename,
                package_key: &package.key,
                version: &expected.release.version,
                size,
                digests: &engine_digests,
                body: &mut body,
                signature: artifact.signature.as_deref(),
                public_key: expected.public_key.as_deref(),
                companion: expected.companion.as_ref().map_or(&[], |companion| &companion.taken),
                signer,
            };
            match engine.ingest(&mut upload) {
                Ok(ingested) => ingested.manifests,
                Err(reject) => return Ok(Err(reject.0)),
            }
        }
    };
    Ok(Ok(Examined { processed, size, digests, media_type, manifests, plan }))
}

/// The engine that reads files of this name, with the package; `None` for files that are kept as they are.
fn ingesting(expected: &Expected) -> Option<(&'static dyn AnyEngine, &Package)> {
    let (engine, package) = (expected.engine?, expected.package.as_ref()?);
    engine.descriptor().reads(&expected.artifact.filename).then_some((engine, package))
}

fn check_declared(artifact: &Artifact, size: u64, digests: &Digests) -> Result<(), String> {
    if let Some(declared) = artifact.filesize
        && u64::try_from(declared) != Ok(size)
    {
        return Err(format!("the file has {size} bytes, but its filesize was declared as {declared}"));
    }
    let Some(checksum) = artifact.checksum.as_deref().and_then(interpret_checksum) else { return Ok(()) };
    match digests.matches(&checksum) {
        Verdict::Matches | Verdict::NotComputed => Ok(()),
        Verdict::Differs => Err(format!(
            "the file does not have the {} checksum that was declared for it; its sha256 is {}",
            checksum.algorithm.as_str(),
            digests.sha256
        )),
    }
}

fn media_type_of(file: &mut BlobFile, name: &str) -> std::io::Result<&'static str> {
    let mut head = Vec::with_capacity(HEAD_LEN);
    file.seek(SeekFrom::Start(0))?;
    file.by_ref().take(HEAD_LEN as u64).read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(sniff(&head, name).media_type())
}

/// What was computed while the bytes came in.
fn digests_of(artifact: &Artifact) -> Option<Digests> {
    Some(Digests {
        md5: Md5::new(artifact.md5.as_deref()?.try_into().ok()?),
        sha1: Sha1::new(artifact.sha1.as_deref()?.try_into().ok()?),
        sha256: Sha256::new(artifact.sha256.as_deref()?.try_into().ok()?),
        sha512: Sha512::new(artifact.sha512.as_deref()?.try_into().ok()?),
    })
}

fn hash(file: &mut BlobFile) -> std::io::Result<Digests> {
    let mut hasher = Hasher::new();
    file.seek(SeekFrom::Start(0))?;
    std::io::copy(&mut BufReader::with_capacity(256 * 1024, &mut *file), &mut hasher)?;
    Ok(hasher.finish())
}

fn engine_digests(digests: &Digests) -> keyway_engine::Digests {
    keyway_engine::Digests {
        md5: *digests.md5.as_bytes(),
        sha1: *digests.sha1.as_bytes(),
        sha256: *digests.sha256.as_bytes(),
        sha512: *digests.sha512.as_bytes(),
    }
}
