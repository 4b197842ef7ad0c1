//! Taking files in: a feed has to be of its release, and of files with a block map inside its size is kept.

use keyway_engine::{Ingested, Manifest, Reject, Upload};

use crate::{embedded, uploaded};

/// Ends of names, in lower case, of what is looked into.
pub(crate) const ENDINGS: &[&str] = &[".yml", ".appimage", ".nsis.7z"];

/// Under which the size of the block map inside a file is kept, in digits.
const BLOCK_MAP: &str = "electron.block-map";

/// Reads an uploaded file.
///
/// # Errors
/// [`Reject`]: the feed of a channel that is none, or is of another version than the release.
pub(crate) fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    if upload.filename.to_lowercase().ends_with(".yml") {
        return Ok(Ingested { manifests: uploaded::take_in(upload)? });
    }
    let size = embedded::size(&mut *upload.body, upload.size)?;
    let manifest =
        size.map(|size| Manifest { kind: BLOCK_MAP.to_owned(), bytes: size.to_string().into_bytes().into() });
    Ok(Ingested { manifests: manifest.into_iter().collect() })
}

/// The size of the block map inside a file, if it has one.
pub(crate) fn block_map_size(artifact: &keyway_engine::Artifact) -> Option<u64> {
    let manifest = artifact.manifest(BLOCK_MAP)?;
    std::str::from_utf8(&manifest.bytes).ok()?.parse().ok()
}
