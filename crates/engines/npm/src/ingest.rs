//! Taking a tarball in: it has to be what the release says it is, or the vendor is told why not.

use keyway_archive::npm_tarball;
use keyway_engine::{Ingested, Manifest as Stored, Reject, Upload};
use keyway_versions::Scheme;

use crate::fragment::{self, ABBREVIATED, FULL};
use crate::manifest::Manifest;
use crate::name::PackageName;

/// Reads an uploaded tarball.
///
/// # Errors
/// [`Reject`]: the package's key or the release's version is not one of npm's, the archive is unsafe or
/// broken, or `package.json` says something else than the release.
pub(crate) fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    let name = PackageName::for_new_package(upload.package_key)
        .map_err(|error| Reject(format!("the package's key is not an npm name: {error}")))?;
    let version = keyway_versions::parse(Scheme::Npm, upload.version)
        .map_err(|error| Reject(format!("the release's version is not an npm version: {error}")))?;
    let tarball = npm_tarball::read(&mut *upload.body).map_err(|error| Reject(error.to_string()))?;
    let manifest = Manifest::read(&tarball, &name, &version)?;
    let dist = fragment::dist(&tarball, upload.digests, &name, &version, upload.signer);
    let stored = |kind: &str, metadata| Stored {
        kind: kind.to_owned(),
        bytes: fragment::open(metadata, &dist).into(),
    };
    Ok(Ingested { manifests: vec![stored(FULL, &manifest.full), stored(ABBREVIATED, &manifest.abbreviated)] })
}
