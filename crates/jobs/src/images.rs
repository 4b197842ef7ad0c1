//! What an archive of images brings to a registry's repository, written down in the transaction that ends its
//! ingest. Everything of it belongs to the release that the archive was uploaded to.

use std::collections::{BTreeSet, HashMap, HashSet};

use keyway_archive::oci::Plan;
use keyway_archive::oci::image_archive::{PlannedBlob, PlannedManifest, Root};
use keyway_base::{AccountId, ContentDigest, RecordId, Slot, Timestamp, is_content_tag, tag_of_version};
use keyway_blob::{BlobError, BlobKey};
use keyway_domain::content::{ManifestRow, Rows};
use keyway_domain::resources::{
    Artifact, ContentBlob, ContentManifest, ContentRoot, ContentTag, Package, Release, ReleaseStatus,
};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Record, Scope, Value, fold_key};
use keyway_store::{Page, Tombstone, Write};
use keyway_versions::of_content_tag;
use serde_json::Value as Json;

use crate::runner::Parts;
use crate::{JobError, kind, place};

/// An archive that was read: what it says, and where its blobs are.
#[derive(Debug)]
pub(crate) struct Brought {
    pub(crate) plan: Plan,
    pub(crate) keys: HashMap<ContentDigest, BlobKey>,
    /// Where the store lacks bytes that the account should have.
    pub(crate) lost: HashSet<BlobKey>,
}

/// Where it goes.
pub(crate) struct Importing<'a> {
    pub(crate) write: &'a mut Write,
    pub(crate) artifact: &'a Artifact,
    pub(crate) now: Timestamp,
    pub(crate) slots: BTreeSet<Slot>,
}

/// A tag and the manifest that it is to name, with the tag's row where there is one.
struct Naming {
    tag: String,
    digest: String,
    row: Option<Record>,
    /// Whether the tag is the release's; all others move.
    is_owned: bool,
}

impl Brought {
    /// What to tell the vendor, as metadata of the artifact.
    pub(crate) fn report(&self, release: &Release, left: &[String]) -> Json {
        let mut report = self.plan.report.clone();
        for tag in left {
            report.warnings.push(format!(
                "the tag {tag} names another image: it moves when the release is published, unless it names that \
                 of a newer release by then"
            ));
        }
        if self.alone().is_some() {
            for name in own_names(release).filter(|name| !is_content_tag(name)) {
                let warning =
                    format!("{name}, as the release is called, cannot be a tag: the image goes without");
                report.warnings.push(warning);
            }
        }
        serde_json::to_value(&report).map_or(Json::Null, folded)
    }

    /// Looks whether the bytes of all its blobs are in the store, before anything waits for that. They may have gone
    /// while the rest of the archive was read; then all of it is read again. Where the account knows places of the
    /// same bytes, they are looked for there too.
    pub(crate) async fn check(&mut self, parts: &Parts, account: AccountId) -> Result<(), JobError> {
        for blob in &self.plan.blobs {
            parts.blobs.head(self.key(&blob.digest)?).await?;
            let same = Scope::text("digest", blob.digest.to_string());
            let known = parts.db.list(ContentBlob::RESOURCE, account, &same, &Page::all()).await?;
            for key in known.iter().filter_map(key_in).collect::<BTreeSet<_>>() {
                match parts.blobs.head(&key).await {
                    Ok(_) => {}
                    Err(BlobError::Absent(_)) => drop(self.lost.insert(key)),
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    fn key(&self, digest: &ContentDigest) -> Result<&BlobKey, JobError> {
        let lost = || JobError::Payload { kind: kind::INGEST.to_owned(), missing: "a blob of the archive" };
        self.keys.get(digest).ok_or_else(lost)
    }

    /// The image, where the archive has but one.
    fn alone(&self) -> Option<&Root> {
        let mut images = self.plan.images();
        images.next().filter(|_| images.next().is_none())
    }

    /// The tags that the images get; or why they cannot be. One alone is the release: it has its version and its
    /// tag. Several keep the names that they have in the archive, as does what is about them; a name that is another
    /// version would be another release.
    fn names(&self, release: &Release) -> Result<Vec<(String, ContentDigest)>, String> {
        let alone = self.alone();
        let mut names = Vec::new();
        if let Some(image) = alone {
            let own = own_names(release).filter(|tag| is_content_tag(tag));
            names.extend(own.map(|tag| (tag, image.digest)));
        }
        let others = self.plan.roots.iter();
        for root in others.filter(|root| alone.is_none_or(|image| image.digest != root.digest)) {
            for tag in &root.tags {
                if let Some(version) = of_content_tag(tag).filter(|version| *version != release.version) {
                    return Err(format!(
                        "the archive has several images, and one is called {tag}: upload it to a release {version}, \
                         or give it a name that is no version"
                    ));
                }
                names.push((tag.clone(), root.digest));
            }
        }
        Ok(names)
    }
}

/// What an image alone is called: as the release's version and tag are.
fn own_names(release: &Release) -> impl Iterator<Item = String> {
    [Some(tag_of_version(&release.version)), release.tag.clone()].into_iter().flatten()
}

fn key_in(blob: &Record) -> Option<BlobKey> {
    blob.get("blob_key").as_text()?.parse().ok()
}

impl Naming {
    /// Whether the tag stays where it is for now: one that moves is not taken from customers for what they cannot have
    /// yet. It waits for the release.
    fn stays(&self, release: &Release) -> bool {
        let is_elsewhere =
            self.row.as_ref().is_some_and(|row| row.get("digest").as_text() != Some(self.digest.as_str()));
        is_elsewhere && !self.is_owned && release.status != ReleaseStatus::Published
    }
}

impl Importing<'_> {
    /// Writes it down, and says which tags were left where they are; or says why the vendor's upload is refused, and
    /// writes nothing.
    pub(crate) async fn take(
        &mut self,
        package: &Package,
        release: &Release,
        brought: &Brought,
    ) -> Result<Result<Vec<String>, String>, JobError> {
        if release.environment_id != package.environment_id {
            return Ok(Err(
                "the release is in another environment than its repository: upload the archive to a \
                           release of the repository's own environment"
                    .to_owned(),
            ));
        }
        if self.is_emptied(package, release).await? {
            let version = &release.version;
            return Ok(Err(format!(
                "the release {version} was published with other images, which were deleted: make another release"
            )));
        }
        let names = match brought.names(release) {
            Ok(names) => names,
            Err(reason) => return Ok(Err(reason)),
        };
        let namings = match self.namings(package, release, names).await? {
            Ok(namings) => namings,
            Err(reason) => return Ok(Err(reason)),
        };
        for blob in &brought.plan.blobs {
            self.blob(package, blob, brought).await?;
        }
        for manifest in &brought.plan.manifests {
            self.manifest(package, manifest).await?;
        }
        let (left, given): (Vec<_>, Vec<_>) = namings.into_iter().partition(|naming| naming.stays(release));
        self.roots(package, &brought.plan.roots, &left).await?;
        for naming in given {
            self.name(package, naming).await?;
        }
        Ok(Ok(left.into_iter().map(|naming| naming.tag).collect()))
    }

    /// Whether customers could have the release with images that it has no more: it never gets others.
    async fn is_emptied(&mut self, package: &Package, release: &Release) -> Result<bool, JobError> {
        let tombstone = Tombstone {
            account: package.account_id,
            engine: package.engine.as_deref().unwrap_or_default(),
            package: &package.normalised_key,
            version: &release.version_key,
            filename: "",
        };
        if !self.write.is_tombstoned(&tombstone).await? {
            return Ok(false);
        }
        let theirs = Scope::id("release_id", release.id);
        for resource in [ContentRoot::RESOURCE, ContentTag::RESOURCE] {
            if self.write.find(resource, package.account_id, &theirs).await?.is_some() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The tags with their rows; or why one of them cannot be given.
    async fn namings(
        &mut self,
        package: &Package,
        release: &Release,
        names: Vec<(String, ContentDigest)>,
    ) -> Result<Result<Vec<Naming>, String>, JobError> {
        let mut namings = Vec::new();
        for (tag, digest) in names {
            let digest = digest.to_string();
            let scope = Scope::id("package_id", package.id).and(Scope::text("tag", tag.as_str()));
            let row = self.write.find(ContentTag::RESOURCE, package.account_id, &scope).await?;
            if let Some(row) = &row
                && let Some(reason) = self.refusal(release, row, &digest).await?
            {
                return Ok(Err(reason));
            }
            let is_free = row.as_ref().is_none_or(|row| row.get("release_id").as_id().is_some());
            let is_owned = is_free && own_names(release).any(|own| own == tag);
            namings.push(Naming { tag, digest, row, is_owned });
        }
        Ok(Ok(namings))
    }

    /// Why a tag that is there cannot come to name this.
    async fn refusal(
        &mut self,
        release: &Release,
        row: &Record,
        digest: &str,
    ) -> Result<Option<String>, JobError> {
        let tag: ContentTag = row.typed()?;
        let Some(owner) = tag.release_id.map(RecordId::from) else { return Ok(None) };
        if owner != release.id {
            let owner: Option<Release> = place::find(self.write, release.account_id, owner).await?;
            return Ok(owner.map(|owner| {
                let (tag, version) = (&tag.tag, &owner.version);
                format!("the tag {tag} belongs to the release {version}: give the image another name")
            }));
        }
        let is_out = release.status != ReleaseStatus::Draft;
        Ok((is_out && tag.digest != digest).then(|| {
            let (tag, version, known) = (&tag.tag, &release.version, &tag.digest);
            format!(
                "the release {version} is out, and its tag {tag} names {known}: make a release for {digest}"
            )
        }))
    }

    async fn blob(
        &mut self,
        package: &Package,
        new: &PlannedBlob,
        brought: &Brought,
    ) -> Result<(), JobError> {
        let (account, digest) = (package.account_id, new.digest.to_string());
        let same = Scope::text("digest", digest.as_str());
        let here = same.clone().and(Scope::id("package_id", package.id));
        if let Some(mut known) = self.write.find(ContentBlob::RESOURCE, account, &here).await? {
            // Not to be collected now that it is wanted.
            known.set("updated_at", Value::Time(self.now));
            self.write.update(&known, &["updated_at"]).await?;
            return Ok(());
        }
        let elsewhere = self.write.all(ContentBlob::RESOURCE, account, &same).await?;
        let key = match elsewhere.iter().filter_map(key_in).find(|key| !brought.lost.contains(key)) {
            Some(known) => known,
            None => *brought.key(&new.digest)?,
        };
        let size = i64::try_from(new.size).ok();
        let row = Rows::of(package, self.now).blob(&digest, size, &key.to_string());
        self.add(std::slice::from_ref(&row)).await
    }

    async fn manifest(&mut self, package: &Package, manifest: &PlannedManifest) -> Result<(), JobError> {
        let digest = manifest.digest.to_string();
        let here = Scope::id("package_id", package.id).and(Scope::text("digest", digest.as_str()));
        if self.write.find(ContentManifest::RESOURCE, package.account_id, &here).await?.is_some() {
            return Ok(());
        }
        let (rows, parsed) = (Rows::of(package, self.now), &manifest.parsed);
        let row = rows.manifest(&ManifestRow {
            digest: &manifest.digest,
            media_type: &parsed.media_type,
            artifact_type: parsed.artifact_type.as_deref(),
            subject: parsed.subject.as_ref().map(|subject| &subject.digest),
            annotations: parsed.annotations.as_deref(),
            content: &manifest.bytes,
        });
        self.add(std::slice::from_ref(&row)).await?;
        let parts = parsed.config.iter().chain(&parsed.layers).chain(&parsed.manifests);
        self.add(&rows.edges(&manifest.digest, parts.map(|part| &part.digest))).await
    }

    /// Its roots, in place of those that an earlier reading found, with the tags that wait for the release.
    async fn roots(&mut self, package: &Package, roots: &[Root], waiting: &[Naming]) -> Result<(), JobError> {
        let theirs = Scope::id("artifact_id", self.artifact.id);
        self.write.delete_where(ContentRoot::RESOURCE, package.account_id, &theirs).await?;
        let (rows, release) = (Rows::of(package, self.now), self.artifact.release_id.into());
        let row = |root: &Root| {
            let digest = root.digest.to_string();
            let theirs = waiting.iter().filter(|naming| naming.digest == digest);
            let theirs: Vec<&str> = theirs.map(|naming| naming.tag.as_str()).collect();
            rows.root(release, self.artifact.id, &root.digest, &theirs)
        };
        let rows: Vec<Record> = roots.iter().map(row).collect();
        self.add(&rows).await
    }

    async fn name(&mut self, package: &Package, naming: Naming) -> Result<(), JobError> {
        let owner = naming.is_owned.then(|| self.artifact.release_id.into());
        let before = naming.row.as_ref();
        let mut row = Rows::of(package, self.now).tag(before, &naming.tag, &naming.digest, owner);
        if before.is_none() {
            return self.add(std::slice::from_ref(&row)).await;
        }
        row.set("updated_at", Value::Time(self.now));
        self.write.update(&row, &["digest", "release_id", "updated_at"]).await?;
        self.touch(&row);
        Ok(())
    }

    async fn add(&mut self, rows: &[Record]) -> Result<(), JobError> {
        self.write.insert_all(rows).await?;
        rows.iter().for_each(|row| self.touch(row));
        Ok(())
    }

    fn touch(&mut self, row: &Record) {
        let added = Mutation { before: None, after: Some(row) };
        self.slots.extend(touches(added, &Related { is_awaited: true, ..Related::default() }));
    }
}

/// With the keys as metadata is stored.
fn folded(value: Json) -> Json {
    match value {
        Json::Object(all) => all.into_iter().map(|(key, value)| (fold_key(&key), folded(value))).collect(),
        Json::Array(all) => all.into_iter().map(folded).collect(),
        other => other,
    }
}
