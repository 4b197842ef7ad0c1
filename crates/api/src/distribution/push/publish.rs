//! A file that clients of an ecosystem publish: package, release, artifact, manifests and tags in one transaction.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_blob::BlobKey;
use keyway_crypto::digest::Digests;
use keyway_domain::resources::{Artifact, ArtifactStatus, Manifest, Release, ReleaseStatus};
use keyway_engine::{Existing, Files, Outcome as Told, Publication};
use keyway_jsonapi::{Declared, Input, Record, Scope, Value};
use keyway_versions::EcosystemVersion;
use serde_json::json;

use super::super::artifact::Artifacts;
use super::super::{burial, dialect, release, tags};
use super::named;
use crate::call::Call;
use crate::gate;
use crate::interpreter::{change, make};
use crate::refusal::Outcome;
use crate::work::Work;

/// The bytes of the file, in the blob store.
pub(super) struct Bytes {
    pub(super) key: BlobKey,
    pub(super) size: u64,
    pub(super) digests: Digests,
}

/// What the steps of one push have in common.
struct Pushed<'a> {
    engine: &'static str,
    publication: &'a Publication,
    bytes: &'a Bytes,
}

/// Why there is nothing to do: the name is taken.
type Taken<T> = Result<T, Existing>;

/// Publishes the file.
pub(super) async fn run(
    call: &Arc<Call>,
    engine: &'static str,
    publication: &Publication,
    bytes: &Bytes,
) -> Outcome<Told> {
    let pushed = Pushed { engine, publication, bytes };
    let scheme = dialect::of_engine(call.api.parts().engines, Some(engine)).scheme();
    let version = match keyway_versions::parse(scheme, &publication.version) {
        Ok(version) => version,
        Err(error) => return Ok(Told::Invalid(error.to_string())),
    };
    let mut work = Work::writing(call).await?;
    let package = named::package(&mut work, engine, &publication.package).await?;
    let named = |record: &Record| record.get("key").as_text().unwrap_or_default().to_owned();
    let (package_key, filename) = (named(&package), publication.filename.clone());
    let exists = |by| {
        let (package, version) = (package_key.clone(), publication.version.clone());
        Ok(Told::Exists { package, version, filename: filename.clone(), by })
    };
    let stays = pushed.unmoved(&mut work, &package).await?;
    let release = match pushed.release(&mut work, &package, &version).await? {
        Ok(release) => release,
        Err(by) => return exists(by),
    };
    if let Err(by) = pushed.artifact(&mut work, &release).await? {
        return exists(by);
    }
    for tag in &publication.tags {
        tags::put(&mut work, &package, &release, tag).await?;
    }
    if let Some((tag, release)) = stays {
        tags::put(&mut work, &package, &release, tag).await?;
    }
    let version = release.get("version").as_text().unwrap_or_default().to_owned();
    work.commit().await?;
    Ok(Told::Published { package: package_key, version, filename })
}

impl Pushed<'_> {
    /// Where the newest-stable tag is to stay, when this version is published without it.
    async fn unmoved(&self, work: &mut Work, package: &Record) -> Outcome<Option<(&'static str, Record)>> {
        let engine = work.call.api.parts().engines.get(self.engine);
        let Some(tag) = engine.and_then(|engine| engine.descriptor().newest_tag) else { return Ok(None) };
        if self.publication.tags.iter().any(|given| given == tag) {
            return Ok(None);
        }
        Ok(tags::newest(work, package, tag).await?.map(|release| (tag, release)))
    }

    /// The published release of the version, made when there is none.
    async fn release(
        &self,
        work: &mut Work,
        package: &Record,
        version: &EcosystemVersion,
    ) -> Outcome<Taken<Record>> {
        let named = Scope::id("package_id", package.id()).and(Scope::text("version_key", version.key()));
        let scope = gate::visible(&work.call, Release::RESOURCE).and(named);
        let Some(before) = work.find(Release::RESOURCE, &scope).await? else {
            if burial::is_version_buried(work, package, version.key()).await? {
                return Ok(Err(Existing::Gone));
            }
            return self.new_release(work, package, version).await.map(Ok);
        };
        match before.get("status").as_text() {
            Some(status) if status == ReleaseStatus::Published.as_str() => {
                let is_spelled_so = before.get("version").as_text() == Some(version.verbatim());
                let fits = is_spelled_so || self.publication.files != Files::SeveralOfSpelling;
                Ok(if fits { Ok(before) } else { Err(Existing::Other) })
            }
            Some(status) if status == ReleaseStatus::Yanked.as_str() => Ok(Err(Existing::Gone)),
            _ => named::put_out(work, &before).await.map(Ok),
        }
    }

    async fn new_release(
        &self,
        work: &mut Work,
        package: &Record,
        version: &EcosystemVersion,
    ) -> Outcome<Record> {
        let mut more = Vec::new();
        if let Some(description) = &self.publication.description {
            more.push(("description", Value::Text(description.clone())));
        }
        if let Some(notice) = &self.publication.notice {
            more.push(("metadata", Value::Json(json!({ "deprecated": notice }))));
        }
        named::release(work, package, version, ReleaseStatus::Published, more).await
    }

    /// The artifact with its manifests.
    async fn artifact(&self, work: &mut Work, release: &Record) -> Outcome<Taken<()>> {
        let of_release = Scope::id("release_id", release.id());
        let files = work.all(Artifact::RESOURCE, &of_release).await?;
        let filename = self.publication.filename.as_str();
        if let Some(rival) = files.iter().find(|file| self.rivals(work, file)) {
            let same = rival.get("sha256").as_bytes() == Some(self.bytes.digests.sha256.as_bytes());
            return Ok(Err(if same { Existing::Same } else { Existing::Other }));
        }
        if burial::is_file_buried(work, release, filename).await? {
            return Ok(Err(Existing::Gone));
        }
        let awaited = files.into_iter().find(|file| file.get("filename").as_text() == Some(filename));
        let artifact = match awaited {
            Some(before) => self.fill(work, release, before).await?,
            None => make(work, &Artifacts, self.input(release), self.columns()).await?,
        };
        self.keep_manifests(work, &artifact).await?;
        work.log(&artifact, "upload.succeeded").await?;
        Ok(Ok(()))
    }

    /// Whether a file of the release has the place of this one: it has bytes, and the same name, or is the one that
    /// the version has.
    fn rivals(&self, work: &Work, file: &Record) -> bool {
        let status = file.get("status").as_text();
        let waits = [ArtifactStatus::Waiting, ArtifactStatus::Failed].map(ArtifactStatus::as_str);
        if status.is_some_and(|status| waits.contains(&status)) {
            return false;
        }
        let name = file.get("filename").as_text().unwrap_or_default();
        let engine = work.call.api.parts().engines.get(self.engine);
        let endings = engine.map_or(&[][..], |engine| engine.descriptor().ingests);
        let lower = name.to_lowercase();
        let one =
            self.publication.files == Files::One && endings.iter().any(|ending| lower.ends_with(ending));
        one || name == self.publication.filename
    }

    /// An artifact that was announced through the API gets its bytes.
    async fn fill(&self, work: &mut Work, release: &Record, before: Record) -> Outcome<Record> {
        let subject = release::subject(work, release).await?;
        gate::authorize(&work.call, Action::ReleaseUpload, &subject)?;
        let mut after = before.clone();
        for (column, value) in self.columns() {
            after.set(column, value);
        }
        change(work, &before, &mut after).await?;
        work.delete_where(Manifest::RESOURCE, &Scope::id("artifact_id", after.id())).await?;
        Ok(after)
    }

    fn input(&self, release: &Record) -> Input {
        let mut attributes = vec![
            ("filename", Value::Text(self.publication.filename.clone())),
            ("filesize", i64::try_from(self.bytes.size).map_or(Value::Null, Value::Int)),
        ];
        if let Some(filetype) = self.publication.filetype {
            attributes.push(("filetype", Value::Text(filetype.to_owned())));
        }
        if let Some(platform) = &self.publication.platform {
            attributes.push(("platform", Value::Text(platform.clone())));
        }
        let relations = vec![("release", named::one("releases", release.id()))];
        Input { attributes, relations, ..Input::default() }
    }

    fn columns(&self) -> Vec<(&'static str, Value)> {
        let Bytes { key, size, digests } = self.bytes;
        vec![
            ("status", Value::Text(ArtifactStatus::Uploaded.as_str().to_owned())),
            ("failure", Value::Null),
            ("blob_key", Value::Text(key.to_string())),
            ("content_length", i64::try_from(*size).map_or(Value::Null, Value::Int)),
            ("content_type", Value::Text(self.publication.media_type.to_owned())),
            ("md5", Value::Bytes(digests.md5.as_bytes().to_vec())),
            ("sha1", Value::Bytes(digests.sha1.as_bytes().to_vec())),
            ("sha256", Value::Bytes(digests.sha256.as_bytes().to_vec())),
            ("sha512", Value::Bytes(digests.sha512.as_bytes().to_vec())),
        ]
    }

    async fn keep_manifests(&self, work: &mut Work, artifact: &Record) -> Outcome<()> {
        for manifest in &self.publication.manifests {
            let id = RecordId::generate(work.now());
            let mut row =
                Record::new(Manifest::RESOURCE, id, work.account(), artifact.environment(), work.now());
            row.set("release_id", artifact.get("release_id").clone());
            row.set("artifact_id", Value::Id(artifact.id()));
            row.set("kind", Value::Text(manifest.kind.clone()));
            row.set("content", Value::Bytes(manifest.bytes.to_vec()));
            work.insert(&row).await?;
        }
        Ok(())
    }
}
