//! What nothing refers to any more in a registry's repository: blobs that no manifest names, what only a deleted
//! release or archive brought, and uploads that lie idle.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use keyway_base::{AccountId, RecordId, Slot, Timestamp};
use keyway_blob::{BlobError, GrowthState};
use keyway_domain::content::{KEPT_UNREFERENCED, Leads};
use keyway_domain::resources::{
    ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag, ContentUpload,
};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Job, Order, Page, Write};

use crate::JobError;
use crate::kind::{self, about, delete_blob, subject};
use crate::runner::{Ended, Parts, end};

/// How many blobs one transaction removes.
const BATCH: u32 = 100;
/// How many digests one statement names; databases bound their parameters.
const DIGESTS: usize = 500;
/// When to look again at an upload that somebody writes to as it ends.
const BUSY: Duration = Duration::from_secs(60);

/// `content.collect`: removes the blobs of a repository that no manifest names and nobody asked for in a day.
///
/// A push that refers to one of them at the same time writes to its row, or finds it missing: the two transactions
/// cannot both succeed.
pub(crate) async fn collect(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let (package, now) = (subject(job)?, parts.clock.wall());
    let theirs = Scope::id("package_id", package);
    let named = Scope::Exists {
        table: ContentEdge::RESOURCE.table,
        local: "digest",
        foreign: "child",
        scope: Box::new(theirs.clone()),
    };
    let loose = theirs.and(named.negate());
    let old = loose.clone().and(Scope::Le("updated_at", Value::Time(now.minus(KEPT_UNREFERENCED))));
    loop {
        let mut write = parts.db.begin().await?;
        let page = Page { limit: Some(BATCH), order: Order::Asc, ..Page::all() };
        let batch = write.list(ContentBlob::RESOURCE, job.account, &old, &page).await?;
        if batch.is_empty() {
            return match write.find(ContentBlob::RESOURCE, job.account, &loose).await? {
                Some(young) => Ok(Ended::Again(again(&young, now))),
                None => end(write, job, Changes::none()).await,
            };
        }
        let mut slots = BTreeSet::new();
        for blob in &batch {
            forget(&mut write, blob, now, &mut slots).await?;
        }
        write.commit(Changes::of(job.account, slots)).await?;
    }
}

/// When a blob that may be part of a push will have been left alone for long enough.
fn again(blob: &Record, now: Timestamp) -> Timestamp {
    blob.get("updated_at").as_time().unwrap_or(now).plus(KEPT_UNREFERENCED)
}

/// Deletes a row, and in time the bytes that it refers to.
async fn forget(
    write: &mut Write,
    record: &Record,
    now: Timestamp,
    slots: &mut BTreeSet<Slot>,
) -> Result<(), JobError> {
    let account = record.account();
    if let Some(key) = record.get("blob_key").as_text() {
        write.enqueue(&delete_blob(account, key, now)).await?;
    }
    slots.extend(touches(Mutation { before: Some(record), after: None }, &Related::default()));
    write.delete(record.resource, account, record.id()).await?;
    Ok(())
}

/// `content.expire`: ends an upload that has not grown for too long.
pub(crate) async fn expire(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let (id, now) = (subject(job)?, parts.clock.wall());
    let found = parts.db.find(ContentUpload::RESOURCE, job.account, &Scope::id("id", id)).await?;
    let Some(record) = found else { return Ok(Ended::Done) };
    let upload: ContentUpload = record.typed()?;
    if now < upload.expires_at {
        return Ok(Ended::Again(upload.expires_at));
    }
    // One that this release of the program cannot read is left to the sweep of the store.
    if let Ok(state) = GrowthState::from_bytes(&upload.state) {
        match parts.blobs.abandon_growth(state).await {
            Err(BlobError::UploadBusy(_)) => return Ok(Ended::Again(now.plus(BUSY))),
            ended => ended?,
        }
    }
    let mut write = parts.db.begin().await?;
    write.delete(ContentUpload::RESOURCE, job.account, id).await?;
    end(write, job, Changes::none()).await
}

/// What brought content: a release, or one of its archives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    /// A release, with all its tags.
    Release(RecordId),
    /// An archive, with the tags of its release that name what it brought.
    Archive(RecordId),
}

/// Removes the tags and roots of an owner that goes, and every manifest that nothing else leads to then.
pub(crate) async fn disown(
    write: &mut Write,
    account: AccountId,
    owner: Owner,
    now: Timestamp,
    slots: &mut BTreeSet<Slot>,
) -> Result<(), JobError> {
    let names = names(write, account, owner).await?;
    let Some(package) = names.first().and_then(|name| name.get("package_id").as_id()) else { return Ok(()) };
    let mut repository = Repository::load(write, account, package).await?;
    let gone: HashSet<RecordId> = names.iter().map(Record::id).collect();
    repository.tags.retain(|tag| !gone.contains(&tag.id()));
    repository.roots.retain(|root| !gone.contains(&root.id()));
    let doomed = repository.only_by(names.iter().map(digest));
    for record in names.iter().chain(repository.of(&doomed)) {
        forget(write, record, now, slots).await?;
    }
    spare(write, account, package, repository.referred_to_by(&doomed), now).await?;
    write.enqueue(&about(kind::COLLECT_CONTENT, account, package, now)).await?;
    Ok(())
}

/// Keeps blobs for as long as if a client had asked for them now: a push that is under way may have found them.
async fn spare(
    write: &mut Write,
    account: AccountId,
    package: RecordId,
    digests: Vec<Value>,
    now: Timestamp,
) -> Result<(), JobError> {
    for some in digests.chunks(DIGESTS) {
        let these = Scope::id("package_id", package).and(Scope::In("digest", some.to_vec()));
        for mut blob in write.all(ContentBlob::RESOURCE, account, &these).await? {
            blob.set("updated_at", Value::Time(now));
            write.update(&blob, &["updated_at"]).await?;
        }
    }
    Ok(())
}

/// The tags and roots of an owner.
async fn names(write: &mut Write, account: AccountId, owner: Owner) -> Result<Vec<Record>, JobError> {
    match owner {
        Owner::Release(id) => {
            let theirs = Scope::id("release_id", id);
            let mut names = write.all(ContentRoot::RESOURCE, account, &theirs).await?;
            names.extend(write.all(ContentTag::RESOURCE, account, &theirs).await?);
            Ok(names)
        }
        Owner::Archive(id) => archived(write, account, id).await,
    }
}

/// The roots of an archive, with the tags of its release that name what no other archive of it brought.
async fn archived(write: &mut Write, account: AccountId, archive: RecordId) -> Result<Vec<Record>, JobError> {
    let roots = write.all(ContentRoot::RESOURCE, account, &Scope::id("artifact_id", archive)).await?;
    let Some(release) = roots.first().and_then(|root| root.get("release_id").as_id()) else {
        return Ok(roots);
    };
    let of_release = Scope::id("release_id", release);
    let others = write.all(ContentRoot::RESOURCE, account, &of_release).await?;
    let others = others.iter().filter(|root| root.get("artifact_id").as_id() != Some(archive));
    let others: HashSet<&str> = others.map(digest).collect();
    let tags = write.all(ContentTag::RESOURCE, account, &of_release).await?;
    let mut only: HashSet<&str> = roots.iter().map(digest).collect();
    only.retain(|digest| !others.contains(digest));
    let tags: Vec<Record> = tags.into_iter().filter(|tag| only.contains(digest(tag))).collect();
    Ok(roots.into_iter().chain(tags).collect())
}

fn digest(record: &Record) -> &str {
    record.get("digest").as_text().unwrap_or_default()
}

/// The rows of a repository that lead from one to another.
struct Repository {
    manifests: Vec<Record>,
    edges: Vec<Record>,
    tags: Vec<Record>,
    roots: Vec<Record>,
}

impl Repository {
    async fn load(write: &mut Write, account: AccountId, package: RecordId) -> Result<Self, JobError> {
        let theirs = Scope::id("package_id", package);
        let mut all = async |resource: &'static Resource| write.all(resource, account, &theirs).await;
        Ok(Self {
            manifests: all(ContentManifest::RESOURCE).await?,
            edges: all(ContentEdge::RESOURCE).await?,
            tags: all(ContentTag::RESOURCE).await?,
            roots: all(ContentRoot::RESOURCE).await?,
        })
    }

    /// What these lead to and nothing else does: no tag, no root, and no manifest that they do not lead to. A tag
    /// that says what its manifest is about counts only with that.
    fn only_by<'a>(&'a self, these: impl Iterator<Item = &'a str>) -> HashSet<String> {
        let text = |record: &'a Record, column| record.get(column).as_text().unwrap_or_default();
        let mut leads = Leads::default();
        self.manifests.iter().for_each(|row| leads.manifest(digest(row), row.get("subject").as_text()));
        self.edges.iter().for_each(|row| leads.edge(text(row, "parent"), text(row, "child")));
        let mut anchors: Vec<&str> = self.roots.iter().map(digest).collect();
        for tag in &self.tags {
            if !leads.tag(text(tag, "tag"), digest(tag)) {
                anchors.push(digest(tag));
            }
        }
        let reached = leads.reached(these);
        anchors.extend(self.manifests.iter().map(digest).filter(|digest| !reached.contains(digest)));
        let kept = leads.reached(anchors);
        reached.difference(&kept).map(|digest| (*digest).to_owned()).collect()
    }

    /// What these manifests refer to.
    fn referred_to_by(&self, doomed: &HashSet<String>) -> Vec<Value> {
        let is_theirs =
            |edge: &&Record| edge.get("parent").as_text().is_some_and(|parent| doomed.contains(parent));
        self.edges.iter().filter(is_theirs).map(|edge| edge.get("child").clone()).collect()
    }

    /// Everything of these manifests: they themselves, their references, the tags that name them.
    fn of<'a>(&'a self, doomed: &'a HashSet<String>) -> impl Iterator<Item = &'a Record> {
        let is_of = move |record: &&Record, column| {
            record.get(column).as_text().is_some_and(|digest| doomed.contains(digest))
        };
        let manifests = self.manifests.iter().filter(move |row| is_of(row, "digest"));
        let edges = self.edges.iter().filter(move |row| is_of(row, "parent"));
        manifests.chain(edges).chain(self.tags.iter().filter(move |row| is_of(row, "digest")))
    }
}
