//! A file that is read together with another of its release: a signature, and what was signed.

use keyway_base::{AccountId, ReleaseId};
use keyway_domain::resources::{Artifact, ArtifactStatus, Manifest};
use keyway_engine::AnyEngine;
use keyway_jsonapi::{Declared, Record, Scope};
use keyway_store::Write;

use crate::JobError;

/// The other file of a pair, as far as it has come.
#[derive(Debug, Clone)]
pub(crate) struct Companion {
    release: ReleaseId,
    filename: String,
    /// What was taken from it.
    pub(crate) taken: Vec<keyway_engine::Manifest>,
}

impl Companion {
    /// The file that an artifact is to be read together with; nothing is known of it yet.
    pub(crate) fn of(engine: &dyn AnyEngine, artifact: &Artifact) -> Option<Self> {
        let filename = engine.companion(&artifact.filename)?;
        Some(Self { release: artifact.release_id, filename, taken: Vec::new() })
    }

    /// What was taken from it, in rows.
    pub(crate) fn scope(&self) -> Scope {
        let file = Scope::And(vec![
            Scope::id("release_id", self.release),
            Scope::text("filename", &*self.filename),
            Scope::text("status", ArtifactStatus::Uploaded.as_str()),
        ]);
        Scope::belongs("artifacts", "artifact_id", file)
    }

    /// Remembers what was taken.
    pub(crate) fn with(mut self, rows: &[Record]) -> Result<Self, JobError> {
        self.taken = read(rows)?;
        Ok(self)
    }

    /// Whether it is still as it was when the artifact was read. Two that come at once are concluded one after the
    /// other, so that the second knows.
    pub(crate) async fn is_unchanged(&self, write: &mut Write, account: AccountId) -> Result<bool, JobError> {
        write.lock_release(account, self.release).await?;
        let rows = write.all(Manifest::RESOURCE, account, &self.scope()).await?;
        Ok(read(&rows)? == self.taken)
    }
}

fn read(rows: &[Record]) -> Result<Vec<keyway_engine::Manifest>, JobError> {
    let manifest = |row: &Record| {
        let row: Manifest = row.typed()?;
        Ok(keyway_engine::Manifest { kind: row.kind, bytes: row.content.into() })
    };
    rows.iter().map(manifest).collect()
}
