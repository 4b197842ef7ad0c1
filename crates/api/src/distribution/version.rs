//! A release's version in its package: read by the package's rules, unique, never a buried one.

use keyway_domain::release::{VersionRefusal, read_version, set_version};
use keyway_domain::resources::Release;
use keyway_jsonapi::{ApiError, Declared, Failure, Invalid, Record, Scope};
use keyway_versions::Channel;

use super::{burial, dialect};
use crate::refusal::Outcome;
use crate::work::Work;

/// Reads the version that a record has (as sent) by the rules of the package it is to be in, and sets its
/// columns. Gives back what is wrong with it.
///
/// # Errors
/// 400 for a number that is too large, 409 for another spelling of a version that exists.
pub(super) async fn assign(
    work: &mut Work,
    record: &mut Record,
    package: Option<&Record>,
) -> Outcome<Option<Invalid>> {
    let Some(sent) = record.get("version").as_text().map(str::to_owned) else { return Ok(None) };
    let channel = record.get("channel").as_text().and_then(|channel| channel.parse::<Channel>().ok());
    let dialect = dialect::of_package(work.call.api.parts().engines, package);
    let version = match read_version(dialect, &sent, channel.unwrap_or(Channel::Stable)) {
        Ok(version) => version,
        Err(VersionRefusal::Invalid(invalid)) => return Ok(Some(invalid)),
        Err(refusal @ VersionRefusal::TooLarge) => return Err(ApiError::from(refusal).into()),
    };
    set_version(record, &version);
    if let Some(package) = package
        && burial::is_version_buried(work, package, version.key()).await?
    {
        return Ok(Some(taken("version existed before and cannot be used again")));
    }
    match work.find(Release::RESOURCE, &rivals(record, version.key())).await? {
        None => Ok(None),
        // Upstream compares the text as sent, and runs into its unique index with another spelling.
        Some(rival) if package.is_none() && rival.get("version").as_text() != Some(sent.as_str()) => {
            Err(ApiError::taken_meanwhile().into())
        }
        Some(_) => Ok(Some(taken("version already exists"))),
    }
}

fn taken(detail: &str) -> Invalid {
    Invalid::attribute("version", Failure::Kind("TAKEN"), detail)
}

/// Other releases with this version beside the record.
fn rivals(record: &Record, key: &str) -> Scope {
    let package = match record.get("package_id").as_id() {
        Some(package) => Scope::id("package_id", package),
        None => Scope::IsNull("package_id"),
    };
    Scope::Is("product_id", record.get("product_id").clone())
        .and(package)
        .and(Scope::text("version_key", key))
        .and(Scope::id("id", record.id()).negate())
}
