//! The repository that a request names, and whether its caller may change what is in it.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_jsonapi::{Record, Resource, Scope, Value};

use super::super::job;
use super::super::package::Packages;
use super::super::push::named;
use crate::gate;
use crate::hooks::Hooks;
use crate::refusal::Outcome;
use crate::work::Work;

/// The repository of a name for somebody who adds to it, made when there is none.
pub(super) async fn to_push(work: &mut Work, engine: &'static str, key: &str) -> Outcome<Record> {
    let repository = named::package(work, engine, key).await?;
    permit(work, &repository, Action::ArtifactCreate).await?;
    Ok(repository)
}

/// The repository of a name for somebody who may do this there, if it is there.
pub(super) async fn known(
    work: &mut Work,
    engine: &'static str,
    key: &str,
    action: Action,
) -> Outcome<Option<Record>> {
    let found = named::find(work, engine, key).await?;
    if let Some(repository) = &found {
        permit(work, repository, action).await?;
    }
    Ok(found)
}

async fn permit(work: &mut Work, repository: &Record, action: Action) -> Outcome<()> {
    let subject = Packages.subject(work, repository).await?;
    gate::authorize(&work.call, action, &subject)?;
    Ok(())
}

/// What belongs to a repository and has a digest.
pub(super) fn holding(repository: &Record, digest: &str) -> Scope {
    Scope::id("package_id", repository.id()).and(Scope::text("digest", digest))
}

/// A new row of a repository: in its environment, whoever adds it.
pub(super) fn row(work: &Work, resource: &'static Resource, repository: &Record) -> Record {
    let id = RecordId::generate(work.now());
    let mut row = Record::new(resource, id, work.account(), repository.environment(), work.now());
    row.set("package_id", Value::Id(repository.id()));
    row
}

/// Has what nobody refers to looked for in the repository, once it has lain there long enough.
pub(super) async fn collect_later(work: &mut Work, repository: &Record) -> Outcome<()> {
    job::collect_content(work, repository).await
}
