//! What a push names: a package and a release, found or made as through the API.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{Package, ReleaseStatus};
use keyway_jsonapi::{Declared, Identifier, Input, Linkage, Record, Scope, Value};
use keyway_versions::EcosystemVersion;

use super::super::package::Packages;
use super::super::release::{self, Releases};
use super::super::{dialect, product, registry, tags};
use crate::gate;
use crate::interpreter::{change, make};
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// The package of an engine that a key means, if the caller may know of it.
pub(in crate::distribution) async fn find(
    work: &mut Work,
    engine: &'static str,
    key: &str,
) -> Outcome<Option<Record>> {
    let normal = dialect::normal_key(work.call.api.parts().engines, Some(engine), key);
    let normal = normal.map_err(|failure| Refusal::invalid([failure]))?;
    let named = Scope::text("engine", engine).and(Scope::text("normalised_key", normal));
    let scope = gate::visible(&work.call, Package::RESOURCE).and(named);
    work.find(Package::RESOURCE, &scope).await
}

/// The package of the name, made when there is none.
pub(in crate::distribution) async fn package(
    work: &mut Work,
    engine: &'static str,
    key: &str,
) -> Outcome<Record> {
    if let Some(package) = find(work, engine, key).await? {
        return Ok(package);
    }
    let product = product::of_new_package(work, key).await?;
    let input = Input {
        attributes: vec![
            ("name", Value::Text(key.to_owned())),
            ("key", Value::Text(key.to_owned())),
            ("engine", Value::Text(engine.to_owned())),
        ],
        relations: vec![("product", one("products", product.id()))],
        ..Input::default()
    };
    make(work, &Packages, input, Vec::new()).await
}

/// A new release of a package, with more attributes than its version.
pub(in crate::distribution) async fn release(
    work: &mut Work,
    package: &Record,
    version: &EcosystemVersion,
    status: ReleaseStatus,
    more: Vec<(&'static str, Value)>,
) -> Outcome<Record> {
    let orphan = || Refusal::Broken("a package without product".to_owned());
    let product = package.get("product_id").as_id().ok_or_else(orphan)?;
    let text = |text: &str| Value::Text(text.to_owned());
    let mut attributes = vec![
        ("version", text(version.verbatim())),
        ("channel", text(version.derived_channel().as_str())),
        ("status", text(status.as_str())),
    ];
    attributes.extend(more);
    let relations = vec![("product", one("products", product)), ("package", one("packages", package.id()))];
    make(work, &Releases, Input { attributes, relations, ..Input::default() }, Vec::new()).await
}

/// Publishes a release that is a draft.
pub(in crate::distribution) async fn put_out(work: &mut Work, draft: &Record) -> Outcome<Record> {
    let subject = release::subject(work, draft).await?;
    gate::authorize(&work.call, Action::ReleasePublish, &subject)?;
    let mut after = draft.clone();
    after.set("status", Value::Text(ReleaseStatus::Published.as_str().to_owned()));
    change(work, draft, &mut after).await?;
    work.log(&after, "published").await?;
    tags::follow(work, &after).await?;
    registry::name_waiting(work, &after).await?;
    Ok(after)
}

/// A relation to one record.
pub(in crate::distribution) fn one(kind: &str, id: RecordId) -> Linkage {
    Linkage::One(Identifier { kind: kind.to_owned(), id })
}
