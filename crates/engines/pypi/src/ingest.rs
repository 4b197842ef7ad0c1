//! Taking a wheel or sdist in: file name, metadata and release have to say the same (`npm-pypi.md` §3).

use std::str::FromStr;

use keyway_archive::{CoreMetadata, normalize_python_name, sdist, wheel};
use keyway_engine::{Ingested, Reject, Upload};
use keyway_versions::{EcosystemVersion, Scheme};
use pep440_rs::VersionSpecifiers;

use crate::facts::{Sidecar, manifests};
use crate::name::{FileName, ProjectName};

/// Fields whose change while building would make a sidecar lie about what gets installed.
const RESOLVED: [&str; 3] = ["requires-dist", "requires-python", "provides-extra"];

/// Reads an uploaded file.
///
/// # Errors
/// [`Reject`]: neither wheel nor sdist, unsafe or broken, or at odds with the release it was uploaded to.
pub(crate) fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    let project = ProjectName::parse(upload.package_key)
        .map_err(|error| Reject(format!("the package's key is not a project name: {error}")))?;
    let release = Release { project, version: read_version("the release's version", upload.version)? };
    let name = match FileName::parse(upload.filename) {
        Some(parsed) => parsed.map_err(|error| Reject(error.to_string()))?,
        None => {
            return Err(Reject(format!(
                "`{}` is neither a wheel (.whl) nor a source distribution (.tar.gz)",
                upload.filename
            )));
        }
    };
    release.check("the file name", &name.project(), name.version())?;
    let document = match &name {
        FileName::Wheel(name) => wheel::read(&mut *upload.body, name).map(|wheel| wheel.metadata),
        FileName::Sdist(name) => sdist::read(&mut *upload.body, name).map(|sdist| sdist.pkg_info),
    };
    let document = document.map_err(|error| Reject(error.to_string()))?;
    let metadata = CoreMetadata::parse(&document).map_err(|error| Reject(error.to_string()))?;
    release.check("the metadata", &normalize_python_name(metadata.name()), metadata.version())?;
    check_requires_python(&metadata)?;
    let sidecar = match &name {
        FileName::Wheel(_) => Sidecar::Offered,
        FileName::Sdist(_) => sdist_sidecar(&metadata),
    };
    Ok(Ingested { manifests: manifests(document, &metadata, sidecar) })
}

/// What the vendor said that the file is.
struct Release {
    project: ProjectName,
    version: EcosystemVersion,
}

impl Release {
    /// Compares project and version with what `place` says, as Python compares them.
    fn check(&self, place: &str, project: &str, version: &str) -> Result<(), Reject> {
        if project != self.project.as_str() {
            return Err(Reject(format!(
                "{place} is of the project `{project}`, but the package is `{}`",
                self.project
            )));
        }
        if read_version(&format!("the version of {place}"), version)? != self.version {
            let expected = self.version.verbatim();
            return Err(Reject(format!(
                "{place} has version `{version}`, but the release's version is `{expected}`"
            )));
        }
        Ok(())
    }
}

fn read_version(place: &str, text: &str) -> Result<EcosystemVersion, Reject> {
    keyway_versions::parse(Scheme::Pep440, text)
        .map_err(|error| Reject(format!("{place} is not a Python version: {error}")))
}

/// Installers leave out, or stumble over, files whose Python requirement cannot be read.
fn check_requires_python(metadata: &CoreMetadata) -> Result<(), Reject> {
    match metadata.requires_python().map(VersionSpecifiers::from_str) {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(_)) => {
            Err(Reject("the metadata's Requires-Python is not a version specifier (PEP 440)".to_owned()))
        }
    }
}

/// An sdist's metadata stands for what a build will find only where it says so (PEP 643).
fn sdist_sidecar(metadata: &CoreMetadata) -> Sidecar {
    let changes =
        metadata.dynamic().any(|field| RESOLVED.contains(&field.trim().to_ascii_lowercase().as_str()));
    if metadata.dependencies_are_static() && !changes { Sidecar::Offered } else { Sidecar::Withheld }
}
