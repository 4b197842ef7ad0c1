//! Where a release belongs, for the touch table.

use keyway_base::{AccountId, RecordId};
use keyway_domain::resources::{Package, Release};
use keyway_domain::touch::ReleasePlace;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Write;

use crate::JobError;

/// The place of a release whose package is at hand.
pub(crate) fn of_release(release: &Release, package: Option<&Package>) -> ReleasePlace {
    let engine = package.and_then(|package| package.engine.clone());
    ReleasePlace {
        product: release.product_id.into(),
        package: release.package_id.map(|id| (id.into(), engine)),
    }
}

/// The places that a record of a release touches; none when its release is gone, since that was touched when it
/// went.
pub(crate) async fn of_record(
    write: &mut Write,
    account: AccountId,
    record: &Record,
) -> Result<Vec<ReleasePlace>, JobError> {
    let release: Option<Release> = if record.resource == Release::RESOURCE {
        Some(record.typed()?)
    } else {
        match record.get("release_id").as_id() {
            Some(id) => find(write, account, id).await?,
            None => None,
        }
    };
    let Some(release) = release else { return Ok(Vec::new()) };
    let package = match release.package_id {
        Some(id) => find(write, account, id.into()).await?,
        None => None,
    };
    Ok(vec![of_release(&release, package.as_ref())])
}

/// The record with an id, typed.
pub(crate) async fn find<T: Declared>(
    write: &mut Write,
    account: AccountId,
    id: RecordId,
) -> Result<Option<T>, JobError> {
    let found = write.find(T::RESOURCE, account, &Scope::id("id", id)).await?;
    Ok(found.map(|record| record.typed()).transpose()?)
}
