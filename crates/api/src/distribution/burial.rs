//! Versions and file names of npm packages, Python packages, Ruby gems and container images are never given out
//! twice: what was published once stays buried, so that no lock file ever finds other bytes under a name it knows.

use keyway_domain::resources::{Artifact, ArtifactStatus, ContentTag, Package, Release, ReleaseStatus};
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Tombstone;

use crate::refusal::Outcome;
use crate::work::Work;

/// The engines whose names are not reused.
const LASTING: [&str; 4] = ["npm", "pypi", "rubygems", "oci"];

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
    let tombstone = lasting.tombstone(work, version_key(release), filename);
    work.is_tombstoned(&tombstone).await
}

/// Buries the name of a file that customers could have, and the version with it: another release of that version
/// would have other bytes. The release itself may go on.
pub(super) async fn bury_artifact(work: &mut Work, release: &Record, artifact: &Record) -> Outcome<()> {
    if !is_out(release) || artifact.get("status").as_text() != Some(ArtifactStatus::Uploaded.as_str()) {
        return Ok(());
    }
    let Some(lasting) = Lasting::of_release(work, release).await? else { return Ok(()) };
    let filename = artifact.get("filename").as_text().unwrap_or_default();
    for filename in ["", filename] {
        work.bury(&lasting.tombstone(work, version_key(release), filename)).await?;
    }
    Ok(())
}

/// Buries the version of a release whose files customers could have.
pub(super) async fn bury_release(work: &mut Work, release: &Record) -> Outcome<()> {
    match Lasting::of_release(work, release).await? {
        Some(lasting) => bury_version(work, &lasting, release).await,
        None => Ok(()),
    }
}

async fn bury_version(work: &mut Work, lasting: &Lasting, release: &Record) -> Outcome<()> {
    let uploaded = Scope::text("status", ArtifactStatus::Uploaded.as_str());
    let of_it = Scope::id("release_id", release.id());
    let had_files = is_out(release)
        && (work.any(Artifact::RESOURCE, &of_it.clone().and(uploaded)).await?
            || work.any(ContentTag::RESOURCE, &of_it).await?);
    if !had_files {
        return Ok(());
    }
    work.bury(&lasting.tombstone(work, version_key(release), "")).await
}

/// Whether customers could see the release.
fn is_out(release: &Record) -> bool {
    release.get("status").as_text() != Some(ReleaseStatus::Draft.as_str())
}

fn version_key(release: &Record) -> &str {
    release.get("version_key").as_text().unwrap_or_default()
}

/// Buries the name of a package that takes another one: customers may ask for the old one still, and a public
/// index must not be asked for them.
pub(super) async fn bury_name(work: &mut Work, package: &Record) -> Outcome<()> {
    match Lasting::of(package) {
        Some(lasting) => work.bury(&lasting.tombstone(work, "", "")).await,
        None => Ok(()),
    }
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

/// Buries the names of an environment's packages. Their versions may be used again: what was tried out in an
/// environment was not published elsewhere.
pub(crate) async fn bury_environment(work: &mut Work, environment: &Record) -> Outcome<()> {
    let inside = Scope::id("environment_id", environment.id());
    for package in &work.all(Package::RESOURCE, &inside).await? {
        bury_name(work, package).await?;
    }
    Ok(())
}
