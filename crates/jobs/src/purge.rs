//! Cascades: what belongs to a deleted record goes too, in bounded transactions (`licensing.md` §6, §8, §11;
//! `distribution.md` §7).
//!
//! A record that is deleted here enqueues its own cascade in the same transaction, so that a cascade of any
//! size is a chain of small steps, each of which is done wholly or not at all.

use std::collections::BTreeSet;

use keyway_base::{AccountId, RecordId, Slot, Timestamp};
use keyway_domain::resources::{
    Artifact, ArtifactStatus, Component, Constraint, ContentBlob, ContentEdge, ContentManifest, ContentRoot,
    ContentTag, Entitlement, Group, GroupOwner, License, LicenseEntitlement, LicenseUser, Machine, Manifest,
    Package, PackageTag, Policy, PolicyEntitlement, PoolKey, Process, Product, Release, Rollout,
    SecondFactor, Token, User, WebhookEndpoint, WebhookEvent,
};
use keyway_domain::touch::{Mutation, Related, belongs_to_a_release, touches};
use keyway_jsonapi::{Declared, Record, Resource, Scope};
use keyway_store::{Changes, Job, Page, Write};

use crate::content::Owner;
use crate::kind::{self, about, delete_blob, subject};
use crate::runner::{Ended, Parts, end};
use crate::{JobError, abandoned, content, place};

/// How many records one transaction deletes.
const BATCH: u32 = 100;

/// Records that go with their parent.
struct Child {
    resource: &'static Resource,
    /// The column that refers to the parent.
    column: &'static str,
    /// The cascade of each of them.
    then: Option<&'static str>,
}

const fn child(resource: &'static Resource, column: &'static str) -> Child {
    Child { resource, column, then: None }
}

const fn parent(resource: &'static Resource, column: &'static str, then: &'static str) -> Child {
    Child { resource, column, then: Some(then) }
}

const OF_PRODUCT: &[Child] = &[
    child(Token::RESOURCE, "bearer_id"),
    parent(License::RESOURCE, "product_id", kind::PURGE_LICENSE),
    child(PoolKey::RESOURCE, "product_id"),
    parent(Policy::RESOURCE, "product_id", kind::PURGE_POLICY),
    child(WebhookEndpoint::RESOURCE, "product_id"),
    parent(Package::RESOURCE, "product_id", kind::PURGE_PACKAGE),
    parent(Release::RESOURCE, "product_id", kind::PURGE_RELEASE),
];
const OF_POLICY: &[Child] = &[
    parent(License::RESOURCE, "policy_id", kind::PURGE_LICENSE),
    child(PolicyEntitlement::RESOURCE, "policy_id"),
    child(PoolKey::RESOURCE, "policy_id"),
];
const OF_LICENSE: &[Child] = &[
    child(Token::RESOURCE, "bearer_id"),
    child(LicenseUser::RESOURCE, "license_id"),
    child(LicenseEntitlement::RESOURCE, "license_id"),
    child(Component::RESOURCE, "license_id"),
    child(Process::RESOURCE, "license_id"),
    child(Machine::RESOURCE, "license_id"),
];
const OF_MACHINE: &[Child] =
    &[child(Component::RESOURCE, "machine_id"), child(Process::RESOURCE, "machine_id")];
const OF_USER: &[Child] = &[
    parent(Machine::RESOURCE, "owner_id", kind::PURGE_MACHINE),
    child(Token::RESOURCE, "bearer_id"),
    child(SecondFactor::RESOURCE, "user_id"),
    child(LicenseUser::RESOURCE, "user_id"),
    child(GroupOwner::RESOURCE, "user_id"),
    parent(License::RESOURCE, "owner_id", kind::PURGE_LICENSE),
];
const OF_ENTITLEMENT: &[Child] = &[
    child(PolicyEntitlement::RESOURCE, "entitlement_id"),
    child(LicenseEntitlement::RESOURCE, "entitlement_id"),
    child(Constraint::RESOURCE, "entitlement_id"),
];
/// Uploads are not among them: each has a job that ends it.
const OF_PACKAGE: &[Child] = &[
    child(ContentTag::RESOURCE, "package_id"),
    child(ContentRoot::RESOURCE, "package_id"),
    child(ContentManifest::RESOURCE, "package_id"),
    child(ContentEdge::RESOURCE, "package_id"),
    child(ContentBlob::RESOURCE, "package_id"),
    parent(Release::RESOURCE, "package_id", kind::PURGE_RELEASE),
];
const OF_RELEASE: &[Child] = &[
    child(Artifact::RESOURCE, "release_id"),
    child(Manifest::RESOURCE, "release_id"),
    child(PackageTag::RESOURCE, "release_id"),
    child(Constraint::RESOURCE, "release_id"),
    child(Rollout::RESOURCE, "release_id"),
];
const OF_ENVIRONMENT: &[Child] = &[
    child(Token::RESOURCE, "bearer_id"),
    child(Token::RESOURCE, "environment_id"),
    child(GroupOwner::RESOURCE, "environment_id"),
    child(Group::RESOURCE, "environment_id"),
    child(PoolKey::RESOURCE, "environment_id"),
    child(WebhookEvent::RESOURCE, "environment_id"),
    child(WebhookEndpoint::RESOURCE, "environment_id"),
    child(Process::RESOURCE, "environment_id"),
    parent(User::RESOURCE, "environment_id", kind::PURGE_USER),
    parent(Machine::RESOURCE, "environment_id", kind::PURGE_MACHINE),
    parent(License::RESOURCE, "environment_id", kind::PURGE_LICENSE),
    parent(Policy::RESOURCE, "environment_id", kind::PURGE_POLICY),
    parent(Package::RESOURCE, "environment_id", kind::PURGE_PACKAGE),
    parent(Release::RESOURCE, "environment_id", kind::PURGE_RELEASE),
    parent(Product::RESOURCE, "environment_id", kind::PURGE_PRODUCT),
    parent(Entitlement::RESOURCE, "environment_id", kind::PURGE_ENTITLEMENT),
];

/// What goes with a record whose cascade is of this kind; `None` for kinds that are no cascade.
fn children(kind: &str) -> Option<&'static [Child]> {
    Some(match kind {
        kind::PURGE_PRODUCT => OF_PRODUCT,
        kind::PURGE_POLICY => OF_POLICY,
        kind::PURGE_LICENSE => OF_LICENSE,
        kind::PURGE_MACHINE => OF_MACHINE,
        kind::PURGE_USER => OF_USER,
        kind::PURGE_ENTITLEMENT => OF_ENTITLEMENT,
        kind::PURGE_PACKAGE => OF_PACKAGE,
        kind::PURGE_RELEASE => OF_RELEASE,
        kind::PURGE_ENVIRONMENT => OF_ENVIRONMENT,
        _ => return None,
    })
}

/// What goes with a machine, and the column that refers to it.
pub(crate) fn of_machine() -> impl Iterator<Item = (&'static Resource, &'static str)> {
    OF_MACHINE.iter().map(|child| (child.resource, child.column))
}

/// Runs a cascade to its end.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let Some(children) = children(&job.kind) else {
        return Err(JobError::Payload { kind: job.kind.clone(), missing: "a cascade" });
    };
    let id = subject(job)?;
    if job.kind == kind::PURGE_RELEASE {
        let mut step = Step::begin(parts, job.account).await?;
        step.disown(Owner::Release(id)).await?;
        step.commit().await?;
    }
    loop {
        let mut step = Step::begin(parts, job.account).await?;
        let mut room = BATCH;
        for child in children {
            room -= step.delete(child, id, room).await?;
            if room == 0 {
                break;
            }
        }
        if room > 0 {
            return step.end(job).await;
        }
        step.commit().await?;
    }
}

/// `artifact.purge`: a yanked artifact's row, its manifests and, in time, its bytes.
pub(crate) async fn artifact(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let id = subject(job)?;
    let mut step = Step::begin(parts, job.account).await?;
    let found = step.write.find(Artifact::RESOURCE, job.account, &Scope::id("id", id)).await?;
    if let Some(record) = found {
        if record.typed::<Artifact>()?.status != ArtifactStatus::Yanked {
            return step.end(job).await;
        }
        step.forget(&record).await?;
    }
    step.write.delete_where(Manifest::RESOURCE, job.account, &Scope::id("artifact_id", id)).await?;
    step.disown(Owner::Archive(id)).await?;
    step.end(job).await
}

/// One transaction of a cascade.
struct Step {
    write: Write,
    account: AccountId,
    now: Timestamp,
    slots: BTreeSet<Slot>,
}

impl Step {
    async fn begin(parts: &Parts, account: AccountId) -> Result<Self, JobError> {
        let write = parts.db.begin().await?;
        Ok(Self { write, account, now: parts.clock.wall(), slots: BTreeSet::new() })
    }

    async fn commit(self) -> Result<(), JobError> {
        Ok(self.write.commit(Changes::of(self.account, self.slots)).await?)
    }

    async fn end(self, job: &Job) -> Result<Ended, JobError> {
        end(self.write, job, Changes::of(self.account, self.slots)).await
    }

    /// Removes what only this brought to a registry's repository.
    async fn disown(&mut self, owner: Owner) -> Result<(), JobError> {
        content::disown(&mut self.write, self.account, owner, self.now, &mut self.slots).await
    }

    /// Deletes at most `room` children of a record, and says how many.
    async fn delete(&mut self, child: &Child, of: RecordId, room: u32) -> Result<u32, JobError> {
        let page = Page { limit: Some(room), ..Page::all() };
        let theirs = Scope::id(child.column, of);
        let records = self.write.list(child.resource, self.account, &theirs, &page).await?;
        for record in &records {
            if let Some(then) = child.then {
                self.write.enqueue(&about(then, self.account, record.id(), self.now)).await?;
            }
            self.forget(record).await?;
        }
        Ok(u32::try_from(records.len()).unwrap_or(room))
    }

    /// Deletes a record, notes what that makes stale, and sees to what it leaves behind.
    async fn forget(&mut self, record: &Record) -> Result<(), JobError> {
        let mut related = Related::default();
        if belongs_to_a_release(record.resource) {
            related.places = place::of_record(&mut self.write, self.account, record).await?;
        }
        if record.resource == Artifact::RESOURCE {
            abandoned::forget(&mut self.write, self.account, record.id(), self.now).await?;
        }
        if let Some(blob) = record.get("blob_key").as_text() {
            self.write.enqueue(&delete_blob(self.account, blob, self.now)).await?;
        }
        self.slots.extend(touches(Mutation { before: Some(record), after: None }, &related));
        self.write.delete(record.resource, self.account, record.id()).await?;
        Ok(())
    }
}
