//! What uploaded artifacts and their manifests have anyway: bytes, digests, what an engine keeps of them.

use bytes::Bytes;
use keyway_base::RecordId;
use keyway_blob::{BlobError, BlobKey};
use keyway_crypto::digest::{Digests, interpret_checksum, sha256};
use keyway_domain::resources::{Arch, Artifact, ArtifactStatus, Manifest, Package, Platform, Release};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::Inserted;
use serde_json::{Map, Value as Json, json};

use crate::SupportError;
use crate::column::default;
use crate::derive::Derive;
use crate::kept::KeptRecord;
use crate::stand_in::{StandIn, plain_python_file};

impl Derive<'_> {
    /// An uploaded artifact counts as stored: a blob of some bytes stands in for it. A null status is that of
    /// records older than statuses: uploaded.
    pub(crate) async fn artifact(&mut self, record: &mut Record) -> Result<(), SupportError> {
        if self.given.get("status") == Some(&Json::Null) {
            record.set("status", Value::Text(ArtifactStatus::Uploaded.as_str().to_owned()));
        }
        let uploaded = record.get("status").as_text() == Some(ArtifactStatus::Uploaded.as_str());
        if uploaded {
            if record.get("blob_key").is_null() {
                self.blob(record).await;
            }
            digests(record);
            self.python_file(record).await?;
        }
        for (resource, column) in [(Platform::RESOURCE, "platform"), (Arch::RESOURCE, "arch")] {
            if let Some(key) = record.get(column).as_text().map(str::to_owned) {
                self.materialise(record, resource, &key).await?;
            }
        }
        if let Some(key) = record.get("filetype").as_text() {
            self.support.kept().ensure(KeptRecord {
                kind: "filetypes",
                id: RecordId::generate(self.now),
                account: Some(record.account().into()),
                attributes: Map::from_iter([("key".to_owned(), json!(key))]),
            });
        }
        Ok(())
    }

    /// The bytes that stand in for an artifact's: its id. A storage that was told to misbehave has none.
    async fn blob(&mut self, record: &mut Record) {
        let bytes = Bytes::copy_from_slice(record.id().as_bytes());
        let key = BlobKey::of_content(record.account(), sha256(&bytes));
        record.set("blob_key", Value::Text(key.to_string()));
        default(record, "content_length", Value::Int(i64::try_from(bytes.len()).unwrap_or_default()));
        if let Err(error) = self.store(key, bytes).await {
            tracing::warn!(artifact = %record.id(), %error, "no bytes stand in for an artifact");
        }
    }

    async fn store(&mut self, key: BlobKey, bytes: Bytes) -> Result<(), BlobError> {
        let blobs = &self.support.parts().blobs;
        let size = bytes.len() as u64;
        let mut staging = blobs.stage_as(key, size, Some(size)).await?;
        staging.write(bytes).await?;
        blobs.commit(staging.finish().await?).await.map(drop)
    }

    /// What PyPI pages need of an uploaded file: what its `requires_python` says. Other engines read theirs out of
    /// `manifests`.
    async fn python_file(&mut self, artifact: &Record) -> Result<(), SupportError> {
        let Some((release, Some(package))) = self.place(artifact).await? else { return Ok(()) };
        let scope = Scope::id("artifact_id", artifact.id());
        let there = self.write.find(Manifest::RESOURCE, artifact.account(), &scope).await?.is_some();
        if package.get("engine").as_text() != Some("pypi") || there {
            return Ok(());
        }
        let told = ["requires_python", "requiresPython"]
            .iter()
            .find_map(|key| artifact.get("metadata").as_json()?.get(key)?.as_str());
        let stand_in = self.stand_in(artifact, &release, &package).await?;
        let found = match (told, stand_in) {
            (Some(requires), Some(stand_in)) => stand_in.python_file(requires)?,
            _ => plain_python_file(),
        };
        for manifest in found {
            self.keep_manifest(artifact, &manifest.kind, manifest.bytes.to_vec()).await?;
        }
        Ok(())
    }

    /// The release of an artifact, and the package that it is in.
    async fn place(&mut self, artifact: &Record) -> Result<Option<(Record, Option<Record>)>, SupportError> {
        let Some(release) = self.find(artifact, Release::RESOURCE, "release_id").await? else {
            return Ok(None);
        };
        let package = self.find(&release, Package::RESOURCE, "package_id").await?;
        Ok(Some((release, package)))
    }

    /// What stands in for an artifact, for the engine of its package if it has one.
    async fn stand_in(
        &mut self,
        artifact: &Record,
        release: &Record,
        package: &Record,
    ) -> Result<Option<StandIn>, SupportError> {
        let text = |record: &Record, column| record.get(column).as_text().unwrap_or_default().to_owned();
        let Some(engine) = self.support.parts().engines.get(&text(package, "engine")) else {
            return Ok(None);
        };
        Ok(Some(StandIn {
            engine,
            filename: text(artifact, "filename"),
            package_key: text(package, "key"),
            version: text(release, "version"),
            keys: self.account_keys(artifact).await?,
        }))
    }

    async fn keep_manifest(
        &mut self,
        artifact: &Record,
        kind: &str,
        content: Vec<u8>,
    ) -> Result<(), SupportError> {
        let id = RecordId::generate(self.now);
        let mut record =
            Record::new(Manifest::RESOURCE, id, artifact.account(), artifact.environment(), self.now);
        record.set("release_id", artifact.get("release_id").clone());
        record.set("artifact_id", Value::Id(artifact.id()));
        record.set("kind", Value::Text(kind.to_owned()));
        record.set("content", Value::Bytes(content));
        match self.write.insert(&record).await? {
            Inserted::Yes | Inserted::Conflict(_) => Ok(()),
        }
    }

    /// What the package's engine takes from metadata such as this; the record itself is the first of it.
    pub(crate) async fn manifest(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let artifact = self.find(record, Artifact::RESOURCE, "artifact_id").await?;
        let missing = || {
            SupportError::Impossible("artifact_id of manifests names no artifact that is stored".to_owned())
        };
        let artifact = artifact.ok_or_else(missing)?;
        default(record, "release_id", artifact.get("release_id").clone());
        let path = self.text("content_path").unwrap_or("manifest").to_owned();
        default(record, "kind", Value::Text(path));
        let Some((release, Some(package))) = self.place(&artifact).await? else { return Ok(()) };
        let Some(stand_in) = self.stand_in(&artifact, &release, &package).await? else { return Ok(()) };
        let content = record.get("content").as_bytes().unwrap_or_default();
        let found = stand_in.manifests(&String::from_utf8_lossy(content))?;
        let Some(found) = found else { return Ok(()) };
        let mut found = found.into_iter();
        if let Some(first) = found.next() {
            record.set("kind", Value::Text(first.kind));
            record.set("content", Value::Bytes(first.bytes.to_vec()));
        }
        for more in found {
            self.keep_manifest(&artifact, &more.kind, more.bytes.to_vec()).await?;
        }
        Ok(())
    }
}

/// Digests of an uploaded artifact: what its checksum says, and made up beyond that.
fn digests(record: &mut Record) {
    let made_up = Digests::of(record.id().as_bytes());
    let told = record.get("checksum").as_text().and_then(interpret_checksum);
    let told = told.map(|checksum| checksum.bytes).unwrap_or_default();
    for (column, bytes) in [
        ("md5", made_up.md5.as_bytes().as_slice()),
        ("sha1", made_up.sha1.as_bytes()),
        ("sha256", made_up.sha256.as_bytes()),
        ("sha512", made_up.sha512.as_bytes()),
    ] {
        let bytes = if told.len() == bytes.len() { told.as_slice() } else { bytes };
        default(record, column, Value::Bytes(bytes.to_vec()));
    }
}
