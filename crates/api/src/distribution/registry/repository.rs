//! The repository that a request names, and whether its caller may change what is in it.

use keyway_access::Action;
use keyway_domain::content::Rows;
use keyway_jsonapi::{Record, Scope};

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

/// New rows of a repository.
pub(super) fn rows(work: &Work, repository: &Record) -> Rows {
    Rows::of_record(repository, work.now())
}
