//! What a repository of a container registry holds, addressed by its content: blobs, manifests, the tags that name
//! manifests, and uploads that grow. Not part of the API. All of it is in the environment of its package.

use keyway_jsonapi::resource;

resource! {
    /// A blob in a repository. Repositories of an account share its bytes.
    ContentBlob (kind: "content-blobs", name: "blob", noun: "blob", table: "content_blobs") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// What its bytes hash to, with the algorithm.
        digest: String,
        /// Its size in bytes.
        size: i64,
        /// Where its bytes are.
        blob_key: String,
    }
    attributes: []
    relations: []
}

resource! {
    /// A manifest or index in a repository, as it came.
    ContentManifest (kind: "content-manifests", name: "manifest", noun: "manifest", table: "content_manifests") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// What its bytes hash to, with the algorithm.
        digest: String,
        /// Its media type, as it was sent.
        media_type: String,
        /// What it is an artifact of.
        artifact_type: Option<String>,
        /// The digest of the manifest that it is about, whether that is here or not.
        subject: Option<String>,
        /// Its annotations: the text of a JSON object.
        annotations: Option<String>,
        /// Its bytes.
        content: Vec<u8>,
    }
    attributes: []
    relations: []
}

resource! {
    /// What a manifest refers to: configuration, layers, the manifests of an index. They may be missing.
    ContentEdge (kind: "content-edges", name: "reference", noun: "reference", table: "content_edges") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// The digest of the manifest.
        parent: String,
        /// The digest that it refers to.
        child: String,
    }
    attributes: []
    relations: []
}

resource! {
    /// A name of a manifest in a repository.
    ContentTag (kind: "content-tags", name: "tag", noun: "tag", table: "content_tags") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// The name.
        tag: String,
        /// The digest of the manifest.
        digest: String,
        /// The release that the tag belongs to; without one it moves.
        release_id: Option<keyway_base::ReleaseId>,
    }
    attributes: []
    relations: []
}

resource! {
    /// A manifest that an uploaded archive brought for a release, whether a tag names it or not.
    ContentRoot (kind: "content-roots", name: "root", noun: "root", table: "content_roots") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// The release.
        release_id: keyway_base::ReleaseId,
        /// The archive.
        artifact_id: Option<keyway_base::ArtifactId>,
        /// The digest of the manifest.
        digest: String,
        /// The tags that are to name it once the release is published: they named something else before. A list.
        waiting: serde_json::Value,
    }
    attributes: []
    relations: []
}

resource! {
    /// An upload of a blob that grows in pieces.
    ContentUpload (kind: "content-uploads", name: "upload", noun: "upload", table: "content_uploads") {
        /// The repository.
        package_id: keyway_base::PackageId,
        /// The kind of who began it: nobody else goes on with it.
        who_type: String,
        /// Who began it.
        who_id: keyway_base::RecordId,
        /// What the blob store needs to go on.
        state: Vec<u8>,
        /// How many bytes are here for good.
        size: i64,
        /// When it ends, unless it grows meanwhile.
        expires_at: keyway_base::Timestamp,
    }
    attributes: []
    relations: []
}
