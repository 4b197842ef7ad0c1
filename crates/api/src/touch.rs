//! What a changed record makes stale, by the touch table of `domain`.

use keyway_crypto::license_key;
use keyway_domain::resources::{Package, Release};
use keyway_domain::touch::{Mutation, Related, ReleasePlace, belongs_to_a_release, touches};
use keyway_jsonapi::{Declared, Record, Value};

use crate::refusal::Outcome;
use crate::work::Work;

/// Notes what a record that was created, changed or deleted makes stale. A record that belongs to a release
/// must be noted while the release is there.
pub(crate) async fn record(work: &mut Work, before: Option<&Record>, after: Option<&Record>) -> Outcome<()> {
    let mut related = Related::default();
    for record in before.into_iter().chain(after) {
        if record.resource.table == "licenses"
            && let Value::Text(key) = record.get("key")
        {
            related.credentials.push(*license_key::digest(work.call.account.secret(), key).as_bytes());
        }
        if belongs_to_a_release(record.resource)
            && let Some(place) = place(work, record).await?
        {
            related.places.push(place);
        }
    }
    let unchanged = before.zip(after).is_some_and(|(before, after)| before.get("key") == after.get("key"));
    if unchanged {
        related.credentials.clear();
    }
    let slots = touches(Mutation { before, after }, &related);
    work.touch(slots);
    Ok(())
}

/// Where a release, or what hangs on one, belongs.
async fn place(work: &mut Work, record: &Record) -> Outcome<Option<ReleasePlace>> {
    let release = match record.get("release_id").as_id() {
        None => Some(record.clone()),
        Some(id) => work.get(Release::RESOURCE, id).await?,
    };
    let Some(release) = release else { return Ok(None) };
    let Some(product) = release.get("product_id").as_id() else { return Ok(None) };
    let package = match release.get("package_id").as_id() {
        None => None,
        Some(id) => {
            let package = work.get(Package::RESOURCE, id).await?;
            let engine = package.and_then(|package| package.get("engine").as_text().map(str::to_owned));
            Some((id, engine))
        }
    };
    Ok(Some(ReleasePlace { product, package }))
}
