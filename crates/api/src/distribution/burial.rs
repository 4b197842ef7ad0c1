//! Versions and file names of npm and Python packages are never given out twice: what was published once stays
//! buried, so that no lock file ever finds other bytes under a name it knows.

use keyway_domain::resources::{Package, Release};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Tombstone;

use crate::refusal::Outcome;
use crate::work::Work;

/// The engines whose names are not reused.
const LASTING: [&str; 2] = ["npm", "pypi"];

/// A package whose names last, by engine and normalised key.
struct Lasting {
    engine: String,
    package: String,
}

impl Lasting {
    fn of(package: &Record) -> Option<Self> {
        let engine = package.get("engine").as_text().filter(|engine| LASTING.contains(engine))?;
        let key = package.get("normalised_key").as_text()?;
        Some(Self { engine: engine.to_owned(), package: key.to_owned() })
    }
    async fn of_release(work: &mut Work, release: &Record) -> Outcome<Option<Self>> {
        let Some(id) = release.get("package_id").as_id() else { return Ok(None) };
        Ok(work.get(Package::RESOURCE, id).await?.as_ref().and_then(Self::of))
    }
    fn tombstone<'a>(&'a self, work: &Work, version: &'a str, filename: &'a str) -> Tombstone<'a> {
        let account = work.account();
        Tombstone { account, engine: &self.engine, package: &self.package, version, filename }
    }
}

/// Whether a version was published in the package before and deleted.
pub(super) async fn is_version_buried(work: &mut Work, package: &Record, version_key: &str) -> Outcome<bool> {
    let Some(lasting) = Lasting::of(package) else { return Ok(false) };
    let tombstone = lasting.tombstone(work, version_key, "");
    work.is_tombstoned(&tombstone).await
}

/// Whether a file of this name was part of the release before and deleted.
pub(super) async fn is_file_buried(work: &mut Work, release: &Record, filename: &str) -> Outcome<bool> {
    let Some(lasting) = Lasting::of_release(work, release).await? else { return Ok(false) };
    let version = release.get("version_key").as_text().unwrap_or_default();
    let tombstone = lasting.tombstone(work, version, filename);
    work.is_tombstoned(&tombstone).await
}

/// Buries the name of a file that customers could have.
pub(super) async fn bury_artifact(work: &mut Work, release: &Record, artifact: &Record) -> Outcome<()> {
    let published = release.get("status").as_text() != Some("DRAFT");
    if !published || artifact.get("status").as_text() != Some("UPLOADED") {
        return Ok(());
    }
    let Some(lasting) = Lasting::of_release(work, release).await? else { return Ok(()) };
    let version = release.get("version_key").as_text().unwrap_or_default();
    let filename = artifact.get("filename").as_text().unwrap_or_default();
    work.bury(&lasting.tombstone(work, version, filename)).await
}

/// Buries the version of a release that was out. Its files' names go with it: they belong to the version.
pub(super) async fn bury_release(work: &mut Work, release: &Record) -> Outcome<()> {
    let Some(lasting) = Lasting::of_release(work, release).await? else { return Ok(()) };
    bury_version(work, &lasting, release).await
}

async fn bury_version(work: &mut Work, lasting: &Lasting, release: &Record) -> Outcome<()> {
    if release.get("status").as_text() == Some("DRAFT") {
        return Ok(());
    }
    let version = release.get("version_key").as_text().unwrap_or_default();
    work.bury(&lasting.tombstone(work, version, "")).await
}

/// Buries a package that had something out: its name is still not passed through to a public index, and its
/// versions are not reused by another package of the name.
pub(super) async fn bury_package(work: &mut Work, package: &Record) -> Outcome<()> {
    let Some(lasting) = Lasting::of(package) else { return Ok(()) };
    let releases = work.all(Release::RESOURCE, &Scope::id("package_id", package.id())).await?;
    work.bury(&lasting.tombstone(work, "", "")).await?;
    for release in &releases {
        bury_version(work, &lasting, release).await?;
    }
    Ok(())
}

/// Buries the packages of a product.
pub(super) async fn bury_product(work: &mut Work, product: &Record) -> Outcome<()> {
    let packages = work.all(Package::RESOURCE, &Scope::id("product_id", product.id())).await?;
    for package in &packages {
        bury_package(work, package).await?;
    }
    Ok(())
}
