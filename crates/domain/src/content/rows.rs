//! The rows of a repository's content, whoever brings it: a client that pushes, or an archive.

use std::collections::BTreeSet;

use keyway_base::{AccountId, ContentDigest, EnvironmentId, RecordId, Timestamp};
use keyway_jsonapi::{Declared, Record, Resource, Value};

use crate::resources::{
    ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag, ContentUpload, Package,
};

/// Makes rows of a repository: they are in its environment, whoever adds them.
#[derive(Debug, Clone, Copy)]
pub struct Rows {
    account: AccountId,
    environment: Option<EnvironmentId>,
    package: RecordId,
    now: Timestamp,
}

/// What the row of a manifest says.
#[derive(Debug, Clone, Copy)]
pub struct ManifestRow<'a> {
    /// Its digest.
    pub digest: &'a ContentDigest,
    /// Its media type.
    pub media_type: &'a str,
    /// What it is an artifact of.
    pub artifact_type: Option<&'a str>,
    /// The manifest that it is about.
    pub subject: Option<&'a ContentDigest>,
    /// Its annotations: the text of a JSON object.
    pub annotations: Option<&'a str>,
    /// Its bytes.
    pub content: &'a [u8],
}

impl Rows {
    /// Those of a repository.
    pub fn of(package: &Package, now: Timestamp) -> Self {
        Self { account: package.account_id, environment: package.environment_id, package: package.id, now }
    }

    /// Those of a repository that is at hand as it is stored.
    pub fn of_record(package: &Record, now: Timestamp) -> Self {
        let (account, environment) = (package.account(), package.environment());
        Self { account, environment, package: package.id(), now }
    }

    fn row(&self, resource: &'static Resource) -> Record {
        let id = RecordId::generate(self.now);
        let mut row = Record::new(resource, id, self.account, self.environment, self.now);
        row.set("package_id", Value::Id(self.package));
        row
    }

    /// A blob whose bytes are under this key.
    pub fn blob(&self, digest: &str, size: Option<i64>, key: &str) -> Record {
        let mut row = self.row(ContentBlob::RESOURCE);
        row.set("digest", Value::Text(digest.to_owned()));
        row.set("size", size.map_or(Value::Null, Value::Int));
        row.set("blob_key", Value::Text(key.to_owned()));
        row
    }

    /// A manifest.
    pub fn manifest(&self, new: &ManifestRow<'_>) -> Record {
        let text = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
        let mut row = self.row(ContentManifest::RESOURCE);
        row.set("digest", Value::Text(new.digest.to_string()));
        row.set("media_type", Value::Text(new.media_type.to_owned()));
        row.set("artifact_type", text(new.artifact_type));
        row.set("subject", text(new.subject.map(ToString::to_string).as_deref()));
        row.set("annotations", text(new.annotations));
        row.set("content", Value::Bytes(new.content.to_vec()));
        row
    }

    /// What a manifest refers to: each part once, in order.
    pub fn edges<'a>(
        &self,
        manifest: &ContentDigest,
        parts: impl IntoIterator<Item = &'a ContentDigest>,
    ) -> Vec<Record> {
        let parts: BTreeSet<String> = parts.into_iter().map(ToString::to_string).collect();
        let edge = |child| {
            let mut row = self.row(ContentEdge::RESOURCE);
            row.set("parent", Value::Text(manifest.to_string()));
            row.set("child", Value::Text(child));
            row
        };
        parts.into_iter().map(edge).collect()
    }

    /// A tag as it is from now on: the release's, or without one to move; `before` is its row where it has one.
    pub fn tag(&self, before: Option<&Record>, name: &str, digest: &str, owner: Option<RecordId>) -> Record {
        let mut row = before.cloned().unwrap_or_else(|| self.row(ContentTag::RESOURCE));
        row.set("tag", Value::Text(name.to_owned()));
        row.set("digest", Value::Text(digest.to_owned()));
        row.set("release_id", owner.map_or(Value::Null, Value::Id));
        row
    }

    /// A manifest that an archive brought for a release, with the tags that wait for its publication.
    pub fn root(
        &self,
        release: RecordId,
        archive: RecordId,
        digest: &ContentDigest,
        waiting: &[&str],
    ) -> Record {
        let mut row = self.row(ContentRoot::RESOURCE);
        row.set("release_id", Value::Id(release));
        row.set("artifact_id", Value::Id(archive));
        row.set("digest", Value::Text(digest.to_string()));
        row.set("waiting", Value::Json(waiting.into()));
        row
    }

    /// An upload that somebody of this kind begins; how it stands is for the caller to say.
    pub fn upload(&self, who_type: &str, who: RecordId) -> Record {
        let mut row = self.row(ContentUpload::RESOURCE);
        row.set("who_type", Value::Text(who_type.to_owned()));
        row.set("who_id", Value::Id(who));
        row
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

    #[test]
    fn rows_are_in_the_place_of_their_repository() {
        let mut package = Record::new(
            Package::RESOURCE,
            RecordId::generate(NOW),
            RecordId::generate(NOW).into(),
            Some(RecordId::generate(NOW).into()),
            NOW,
        );
        package.set("engine", Value::Text("oci".to_owned()));
        let rows = Rows::of_record(&package, NOW);
        let (one, two) = (ContentDigest::Sha256([1; 32]), ContentDigest::Sha256([2; 32]));
        let edges = rows.edges(&one, [&two, &one, &two]);
        let children: Vec<_> = edges.iter().map(|edge| edge.get("child").as_text().unwrap()).collect();
        assert_eq!(children, [one.to_string(), two.to_string()]);
        let owner = RecordId::generate(NOW);
        let owned = rows.tag(None, "1.0.0", "first", Some(owner));
        let moved = rows.tag(Some(&owned), "1.0.0", "second", None);
        assert_eq!((moved.id(), moved.get("digest").as_text()), (owned.id(), Some("second")));
        assert_eq!((owned.get("release_id").as_id(), moved.get("release_id").as_id()), (Some(owner), None));
        for row in edges.iter().chain([&owned, &rows.blob("first", Some(1), "key")]) {
            assert_eq!(row.get("package_id").as_id(), Some(package.id()));
            assert_eq!((row.account(), row.environment()), (package.account(), package.environment()));
        }
    }
}
