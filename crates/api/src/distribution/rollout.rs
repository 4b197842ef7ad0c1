//! Rollouts of releases (`updaters.md` §5): a resource of our own.

use keyway_access::Action;
use keyway_crypto::random_bytes;
use keyway_domain::resources::{Package, Release, Rollout};
use keyway_domain::rollout::{SEED, failures};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Scope, Value};

use super::artifact::release_of;
use super::{dialect, release};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of rollouts.
pub(crate) struct Rollouts;

impl Hooks for Rollouts {
    fn resource(&self) -> &'static Resource {
        Rollout::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::RolloutList,
            show: Action::RolloutShow,
            create: Action::RolloutCreate,
            update: Action::RolloutUpdate,
            delete: Action::RolloutDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let release = release_of(work, record).await?;
            release::subject(work, &release).await
        })
    }
    /// As if the release itself were changed; where there is none, only the team is told so.
    fn new_subject<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move {
            match draft.related("release") {
                Some(release) => release::subject(work, release).await,
                None => Ok(Subject::Within(draft.record.environment())),
            }
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            draft.default("forced", Value::Bool(false));
            draft.default("critical", Value::Bool(false));
            if draft.before.is_none() {
                draft.record.set("seed", Value::Bytes(random_bytes::<SEED>().to_vec()));
                check_taken(work, draft).await?;
            }
            check(work, draft).await
        })
    }
}

/// A release is rolled out in one way.
async fn check_taken(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(release) = draft.related("release").map(Record::id) else { return Ok(()) };
    if work.any(Rollout::RESOURCE, &Scope::id("release_id", release)).await? {
        let detail = "has a rollout already: change that one";
        draft.fail(Invalid::relation("release", Failure::Kind("TAKEN"), detail));
    }
    Ok(())
}

/// The rules between attributes and the release; a release that there is not was noted already.
async fn check(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(id) = draft.record.get("release_id").as_id() else { return Ok(()) };
    let Some(release) = work.get(Release::RESOURCE, id).await? else { return Ok(()) };
    let package = match release.get("package_id").as_id() {
        Some(id) => work.get(Package::RESOURCE, id).await?,
        None => None,
    };
    let scheme = dialect::of_package(work.call.api.parts().engines, package.as_ref()).scheme();
    let rollout: Rollout = draft.record.typed()?;
    draft.failures.extend(failures(&rollout, &release.typed()?, scheme));
    Ok(())
}
